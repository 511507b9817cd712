"""Records into chapters. Every section says its source, its day and its mode, and why it is empty when it is.

"Not collected", "no record" and "not authorised" are three different facts: the platform does not gather the item; it
does, and has nothing about this firm; or it may not say. The third never depends on whether there is a record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from xinqiao.domain.catalogue.model import Catalogue, Field, Item, SharingMode
from xinqiao.domain.report.sight import Cell, Sight, Value, cell_of


class RecordStatus(StrEnum):
    """A record's standing (record envelope of the list)."""

    VALID = "valid"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    REPAIRED = "repaired"
    EXPIRED = "expired"

    @property
    def goes_out(self) -> bool:
        """Whether any outgoing answer may carry it: repaired, withdrawn and expired ones are in none."""
        return self not in (RecordStatus.WITHDRAWN, RecordStatus.REPAIRED, RecordStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Remark:
    """What the firm says beside a record; nobody has verified it."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """One record with where it came from.

    Attributes:
        values: canonical values by field name.
        source: name of the source unit.
        batch: number of the batch that brought it, or of the call that fetched it.
        as_of: the day the facts are true for.
        received_at: when the platform got it.
        version: 1 rising; a correction is a new version.
        ref: what the record is known by across versions; empty where nobody asked.
        source_code: the source unit's code.
        disputed: fields an open objection names; empty when it is against the whole record.
        remarks: the firm's statements beside it.
    """

    values: Mapping[str, Value]
    source: str
    batch: str
    as_of: date | None
    received_at: datetime
    version: int = 1
    status: RecordStatus = RecordStatus.VALID
    ref: str = ""
    source_code: str = ""
    disputed: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Supply:
    """That the platform gathers an item, from whom, and how fresh the newest delivery is."""

    sources: tuple[str, ...]
    newest_as_of: date | None


class Availability(StrEnum):
    """Why a section looks as it does."""

    SHOWN = "shown"
    #: gathered, and nothing about this firm
    NO_RECORD = "no_record"
    #: not gathered by this platform (yet)
    NOT_COLLECTED = "not_collected"
    #: the firm has not authorised this reader; says nothing about whether there is a record
    NOT_AUTHORISED = "not_authorised"
    #: the source answers yes or no to a claim and shows nothing; answers stand in the record of verifications
    ON_CLAIM = "on_claim"
    #: called at the source at reading time, and the source did not answer
    SOURCE_SILENT = "source_silent"
    #: can be called at the source, and was not for this report
    NOT_CALLED = "not_called"


@dataclass(frozen=True, slots=True)
class Line:
    """A record as a row of its section; cells in the order of the section's fields."""

    cells: tuple[Cell, ...]
    source: str
    batch: str
    as_of: date | None
    received_at: datetime
    version: int
    objected: bool
    ref: str = ""
    disputed: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One item in a report. ``more``: lines beyond those shown."""

    item: Item
    availability: Availability
    fields: tuple[Field, ...] = ()
    lines: tuple[Line, ...] = ()
    more: int = 0
    sources: tuple[str, ...] = ()
    as_of: date | None = None

    @property
    def objected(self) -> bool:
        """Whether any line carries an objection mark."""
        return any(line.objected for line in self.lines)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading of the report and the categories of the list that stand under it."""

    id: str
    title: str
    title_en: str
    categories: tuple[int, ...]


#: The order of a credit report (credit products of the platform), by categories of the 2024 list.
CHAPTERS: tuple[Chapter, ...] = (
    Chapter("identity", "主体身份", "Identity", (1,)),
    Chapter("holders", "股东与关键人员", "Shareholders and key people", (2, 17)),
    Chapter("tax", "纳税与财务", "Tax and finance", (3, 5)),
    Chapter("insurance", "社会保险", "Social insurance", (7, 15)),
    Chapter("utilities", "水电气费", "Utilities", (16,)),
    Chapter("qualifications", "资质许可", "Licences and qualifications", (14,)),
    Chapter("innovation", "知识产权与创新", "Intellectual property and innovation", (8, 10)),
    Chapter("environment", "生态环境", "Environment", (6,)),
    Chapter("assets", "不动产", "Real estate", (9,)),
    Chapter("agriculture", "涉农信息", "Agriculture", (11, 12)),
    Chapter("dealings", "公共资源交易", "Public resource transactions", (13,)),
    Chapter("judicial", "司法信息", "Judicial information", (4,)),
    Chapter("local", "地方扩展信息", "Local extension items", ()),
)
#: Lines of one item that a report shows; the newest.
LINES = 100


@dataclass(frozen=True, slots=True)
class CreditReport:
    """Chapters with their sections, and the coverage: how many items are in which state."""

    chapters: tuple[tuple[Chapter, tuple[Section, ...]], ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order."""
        return tuple(section for _, sections in self.chapters for section in sections)

    @property
    def shown_sources(self) -> Mapping[str, tuple[str, ...]]:
        """Items of which something is shown, with the names of the sources of those lines."""
        return {
            section.item.id: tuple(sorted({line.source for line in section.lines}))
            for section in self.sections
            if section.lines
        }

    def only(self, wanted: Callable[[Section], bool]) -> "CreditReport":
        """The sections that are wanted; chapters without any are left out."""
        kept = [
            (chapter, tuple(section for section in sections if wanted(section)))
            for chapter, sections in self.chapters
        ]
        return CreditReport(tuple((chapter, sections) for chapter, sections in kept if sections))

    @property
    def coverage(self) -> Mapping[Availability, int]:
        """Items per state."""
        return {
            state: sum(section.availability is state for section in self.sections) for state in Availability
        }


def compose(
    catalogue: Catalogue,
    *,
    sight: Sight,
    records: Mapping[str, Sequence[Record]],
    supplies: Mapping[str, Supply],
    called: Mapping[str, Availability] | None = None,
    lines: int = LINES,
) -> CreditReport:
    """Put together what one reader may see.

    Args:
        catalogue: the list in force; every item of it has its section.
        sight: the reader.
        records: what there is about the firm, by item; items without any may be absent.
        supplies: the items that are gathered or can be called; an item without an entry is not collected.
        called: of the items called at the source for this report, those that gave no records, and why. An item that
            can be called and is neither here nor has records was not called.
        lines: how many lines a section shows.
    """
    silent = called or {}
    placed: dict[int, Chapter] = {no: chapter for chapter in CHAPTERS for no in chapter.categories}
    local = CHAPTERS[-1]
    grouped: dict[str, list[Section]] = {chapter.id: [] for chapter in CHAPTERS}
    for item in catalogue.items.values():
        chapter = placed.get(item.category_no, local) if item.origin == "national" else local
        grouped[chapter.id].append(
            _section(catalogue, item, sight, records.get(item.id, ()), supplies.get(item.id), silent.get(item.id), lines)
        )  # fmt: skip
    return CreditReport(
        tuple((chapter, tuple(grouped[chapter.id])) for chapter in CHAPTERS if grouped[chapter.id])
    )


def _section(
    catalogue: Catalogue,
    item: Item,
    sight: Sight,
    records: Sequence[Record],
    supply: Supply | None,
    silent: Availability | None,
    lines: int,
) -> Section:
    # Asked first: what is not authorised must look the same with and without records.
    if not sight.may_read(item):
        return Section(item, Availability.NOT_AUTHORISED if supply else Availability.NOT_COLLECTED)
    if supply is None:
        return Section(item, Availability.NOT_COLLECTED)
    if item.mode is SharingMode.VERIFICATION:
        return Section(item, Availability.ON_CLAIM, sources=supply.sources)
    outgoing = [record for record in records if record.status.goes_out]
    if not outgoing:
        called = item.mode is SharingMode.NATIONAL_INTERFACE
        usual = Availability.NOT_CALLED if called else Availability.NO_RECORD
        return Section(item, silent or usual, sources=supply.sources, as_of=supply.newest_as_of)
    outgoing.sort(key=lambda record: (record.as_of or date.min, record.received_at), reverse=True)
    fields = tuple(
        field for field in item.fields if field.name not in item.subject and sight.lists(item, field)
    )
    return Section(
        item,
        Availability.SHOWN,
        fields,
        tuple(_line(catalogue, item, fields, record, sight) for record in outgoing[:lines]),
        more=max(len(outgoing) - lines, 0),
        sources=tuple(dict.fromkeys(record.source for record in outgoing)),
        as_of=max((record.as_of for record in outgoing if record.as_of is not None), default=None),
    )


def _line(catalogue: Catalogue, item: Item, fields: Sequence[Field], record: Record, sight: Sight) -> Line:
    cells = tuple(
        cell_of(
            item,
            field,
            record.values.get(field.name),
            sight,
            catalogue.code_lists.get(field.code_list) if field.code_list else None,
        )
        for field in fields
    )
    return Line(
        cells,
        record.source,
        record.batch,
        record.as_of,
        record.received_at,
        record.version,
        objected=record.status is RecordStatus.OBJECTED,
        ref=record.ref,
        disputed=record.disputed,
        remarks=record.remarks,
    )
