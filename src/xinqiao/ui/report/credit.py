"""A credit report as values for the page and the PDF, in the language of the reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.catalogue.model import FieldType, SharingMode
from xinqiao.domain.report import Availability, CreditReport, Line, Section
from xinqiao.ui import i18n
from xinqiao.ui.i18n import gettext as _

#: From so many lines on, what all of them say is said once.
_MANY = 3
_FIGURES = frozenset({FieldType.DECIMAL, FieldType.INTEGER})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a section's table; ``num``: figures, to the right."""

    label: str
    num: bool
    place: int


@dataclass(frozen=True, slots=True)
class Empty:
    """Items without lines, together where the same is to be said: which, the kind of nothing, and its sentence."""

    names: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with lines. One line is shown as facts, several as a table of the columns that anybody filled.

    ``common``: what many lines say alike is said once, above the table of ``columns``, which are what differs.
    """

    name: str
    mode: str
    sources: str
    as_of: str
    common: tuple[Column, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    more: int
    objected: bool

    def label(self, line: Line) -> str:
        """What a row is called beside what the firm says to it: its first filled cell."""
        return next((line.cells[one.place].text for one in self.columns if line.cells[one.place].text), "")

    @property
    def heads(self) -> list[dict[str, object]]:
        """The columns as the table component takes them."""
        return [{"label": column.label, "num": column.num} for column in self.columns]


@dataclass(frozen=True, slots=True)
class ChapterView:
    """A heading with what is there and what is not."""

    id: str
    title: str
    shown: tuple[Shown, ...]
    empty: tuple[Empty, ...]


@dataclass(frozen=True, slots=True)
class CreditView:
    """The whole report: chapters with something in them, and the rest as one list of (chapter, what is not there)."""

    lead: str
    chapters: tuple[ChapterView, ...]
    rest: tuple[tuple[str, Empty], ...]


def _words(zh: str, en: str) -> str:
    """Titles of the list are data and carry both languages."""
    return en if en and i18n.language() is i18n.Language.EN else zh


def mode_word(mode: SharingMode) -> str:
    """A sharing mode in a word."""
    match mode:
        case SharingMode.NATIONAL_INTERFACE:
            return _("国家接口调用")
        case SharingMode.NATIONAL_COLLECTED:
            return _("国家归集")
        case SharingMode.LOCAL_COLLECTED:
            return _("地方归集")
        case SharingMode.VERIFICATION:
            return _("数据核验")


def _nothing(section: Section) -> tuple[str, str]:
    """The kind of nothing (as the component names them) and its sentence."""
    match section.availability:
        case Availability.NO_RECORD:
            sentence = _("{sources} 报来的数据里没有这家企业。").format(sources="、".join(section.sources))
            return "no_record", sentence
        case Availability.NOT_AUTHORISED:
            return "not_authorised", _("企业没有授权看这一项；有没有记录，这里不说。")
        case Availability.ON_CLAIM:
            return "on_claim", _("这一项只作核验：说出内容，数源答一致或不一致，不给出内容。")
        case Availability.SOURCE_SILENT:
            return "source_silent", _("这次向数源调用没有得到答复，不代表没有。")
        case Availability.NOT_CALLED:
            return "not_called", _("可以向数源调用，这份报告没有调用，不代表没有。")
        case _:
            return "not_collected", _("平台还没有归集这一项，不代表没有。")


def _is_common(lines: Sequence[Line], column: Column) -> bool:
    """Whether all of at least :data:`_MANY` lines say the same in a column. Two lines are compared at a glance."""
    return len(lines) >= _MANY and len({line.cells[column.place].text for line in lines}) == 1


def _shown(section: Section) -> Shown:
    columns = tuple(
        Column(_words(field.label, field.label_en), field.type in _FIGURES, place)
        for place, field in enumerate(section.fields)
        if any(line.cells[place].text for line in section.lines)
    )
    common = tuple(column for column in columns if _is_common(section.lines, column))
    if len(common) == len(columns):  # lines that differ only in what is masked stay lines
        common = ()
    return Shown(
        name=_words(section.item.name, section.item.name_en),
        mode=mode_word(section.item.mode),
        sources="、".join(section.sources),
        as_of=section.as_of.isoformat() if section.as_of else "",
        common=common,
        columns=tuple(column for column in columns if column not in common),
        lines=section.lines,
        more=section.more,
        objected=section.objected,
    )


def _empty(sections: Sequence[Section]) -> tuple[Empty, ...]:
    together: dict[tuple[str, str], list[str]] = {}
    for section in sections:
        together.setdefault(_nothing(section), []).append(_words(section.item.name, section.item.name_en))
    return tuple(Empty("、".join(names), kind, sentence) for (kind, sentence), names in together.items())


def _lead(report: CreditReport) -> str:
    """How many items are in which state; of states that no item is in, nothing is said."""
    words = {
        Availability.SHOWN: _("{n} 项有记录"),
        Availability.NO_RECORD: _("{n} 项没有记录"),
        Availability.NOT_COLLECTED: _("{n} 项还没有归集"),
        Availability.ON_CLAIM: _("{n} 项只作核验"),
        Availability.NOT_AUTHORISED: _("{n} 项没有授权"),
        Availability.SOURCE_SILENT: _("{n} 项数源未答"),
        Availability.NOT_CALLED: _("{n} 项没有调用"),
    }
    covered = report.coverage
    parts = [word.format(n=covered[state]) for state, word in words.items() if covered[state]]
    return _("清单 {all} 项：{parts}。").format(all=len(report.sections), parts=_("，").join(parts))


def beside_records(view: CreditView) -> list[tuple[str, datetime]]:
    """What the firm says to single records, each with the record it is said to."""
    return [
        (f"{shown.name} · {shown.label(line)}{_('：')}{one.text}", one.at)
        for chapter in view.chapters
        for shown in chapter.shown
        for line in shown.lines
        for one in line.remarks
    ]


def build_credit_view(report: CreditReport) -> CreditView:
    """The report for people. Sections keep their order; within a chapter, what is there comes first."""

    def parted(sections: Sequence[Section]) -> tuple[tuple[Shown, ...], tuple[Empty, ...]]:
        there = [section for section in sections if section.availability is Availability.SHOWN]
        rest = [section for section in sections if section.availability is not Availability.SHOWN]
        return tuple(map(_shown, there)), _empty(rest)

    chapters = [
        ChapterView(chapter.id, _words(chapter.title, chapter.title_en), *parted(sections))
        for chapter, sections in report.chapters
    ]
    return CreditView(
        _lead(report),
        tuple(chapter for chapter in chapters if chapter.shown),
        tuple((chapter.title, empty) for chapter in chapters if not chapter.shown for empty in chapter.empty),
    )
