"""The receipt of a batch: what came, what was taken, what was put aside and why. Given to the supplier, kept for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Field, Item, RowRule, Sensitivity
from xinqiao.domain.quality import Tally

FORMAT = 1


class BatchStatus(StrEnum):
    """What became of a batch."""

    #: every row is in the lake, or was there already in the same file
    ACCEPTED = "accepted"
    #: some rows were put aside
    PARTLY = "partly"
    #: so much was wrong that no row was taken: the whole file goes back to its source
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a batch goes back as a whole (catalogue rules, section 3): the share of good rows it must reach, percent.

    The field's documents say that there is such a threshold, not how high it lies: it is a setting of the operator.
    """

    percent: Decimal = Decimal(50)

    def status(self, rows: int, good: int) -> BatchStatus:
        """``rows``: read. ``good``: taken, and those that are there twice."""
        if rows and (not good or good * 100 < self.percent * rows):
            return BatchStatus.REJECTED
        return BatchStatus.ACCEPTED if good == rows else BatchStatus.PARTLY


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A table of the file. ``first_row``: number of its first data row as the sender's program shows it.

    ``before``: rows of the tables before it, so that a row of the batch is ``before + row`` of this one.
    ``ignored``: columns that are no field.
    """

    name: str
    header: tuple[str, ...]
    rows: int
    before: int
    first_row: int
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A finding to look at first. ``value`` is masked by the sensitivity of its field."""

    row: int
    field: str
    rule: str
    value: str


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """A field over all rows read: ``present`` cells that are not blank, ``valid`` of those without a finding."""

    field: str
    present: int
    valid: int


@dataclass(frozen=True, slots=True)
class RegionTally:
    """What the quality figures count of one region of a batch; ``region`` is a prefecture, empty where not known."""

    region: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt. Equal for two runs over one file; ``milliseconds`` do not count.

    ``rows`` = ``accepted`` + ``refused`` + ``duplicates``, always. ``by_rule`` and ``by_field`` count findings: a row
    may have several. ``duplicates``: rows whose key and content another row of the batch has, kept once.
    ``superseding``: accepted rows that replaced an earlier value: an earlier batch brought the record, it was in force,
    and content or source differ (``lake.superseding``); None as long as nobody has counted them.
    A ``rejected`` batch has the counts as if it had been taken, and nothing of it is in the lake. ``quality``: the same
    batch as the quality figures count it (docs/rules/quality.md), by region; none in receipts from before there were.
    """

    batch_no: str
    item: str
    item_version: int
    source: str
    digest: str
    size: int
    received_at: datetime
    status: BatchStatus
    sheets: tuple[SheetRows, ...]
    rows: int
    accepted: int
    refused: int
    duplicates: int
    superseding: int | None
    by_rule: Mapping[str, int]
    by_field: Mapping[str, Mapping[str, int]]
    examples: tuple[Example, ...]
    columns: tuple[ColumnFigures, ...]
    data_as_of: date | None = None
    latest_as_of: date | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    quality: tuple[RegionTally, ...] = ()
    milliseconds: Mapping[str, int] = field(default_factory=dict, compare=False)

    def to_json(self) -> dict[str, Json]:
        """JSON values only; the keys are part of the contract (docs/how-to/collect-a-file.md)."""
        told: dict[str, Json] = {"format": FORMAT, **asdict(self)}
        told["received_at"] = self.received_at.isoformat().replace("+00:00", "Z")
        for name in ("data_as_of", "latest_as_of"):
            day = getattr(self, name)
            told[name] = day.isoformat() if day else None
        told["status"] = self.status.value
        told["by_rule"] = dict(self.by_rule)
        told["by_field"] = {name: dict(counts) for name, counts in self.by_field.items()}
        told["sheets"] = [
            {**asdict(sheet), "header": list(sheet.header), "ignored": list(sheet.ignored)}
            for sheet in self.sheets
        ]
        told["examples"] = [asdict(one) for one in self.examples]
        told["columns"] = [asdict(one) for one in self.columns]
        told["quality"] = [asdict(one) for one in self.quality]
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Json]) -> Self:
        """What :meth:`to_json` made.

        Raises:
            ValueError: of another format, or no receipt.
        """
        try:
            return cls._from(dict(told))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("no receipt") from error

    @classmethod
    def _from(cls, told: dict[str, object]) -> Self:
        if told.pop("format") != FORMAT:
            raise ValueError("a receipt of another format")
        told["received_at"] = datetime.fromisoformat(str(told["received_at"]))
        for name in ("data_as_of", "latest_as_of"):
            told[name] = date.fromisoformat(str(told[name])) if told[name] else None
        told["status"] = BatchStatus(str(told["status"]))
        told["sheets"] = tuple(
            SheetRows(**{**one, "header": tuple(one["header"]), "ignored": tuple(one["ignored"])})
            for one in _objects(told["sheets"])
        )
        told["examples"] = tuple(Example(**one) for one in _objects(told["examples"]))
        told["columns"] = tuple(ColumnFigures(**one) for one in _objects(told["columns"]))
        told["quality"] = tuple(
            RegionTally(one["region"], Tally(**one["tally"])) for one in _objects(told.get("quality", []))
        )
        return cls(**told)  # type: ignore[arg-type]  # checked by what reads it: a receipt is ours

    def place(self, row: int) -> tuple[SheetRows, int]:
        """The table of a row of the batch and the number the sender's program shows for it."""
        for sheet in reversed(self.sheets):
            if row > sheet.before:
                return sheet, row - sheet.before + sheet.first_row - 1
        raise ValueError(f"no row {row}")


def _objects(told: object) -> Sequence[dict[str, Any]]:
    assert isinstance(told, list)
    return told


#: Characters of a masked value that stay at each end, by the sensitivity of its field.
_SHOWN = {Sensitivity.PUBLIC: None, Sensitivity.COMMERCIAL_SECRET: 2, Sensitivity.PERSONAL: 1}
_LONGEST = 60


def masked(item: Item, name: str, value: str) -> str:
    """A value as a receipt shows it: cut, and masked unless its field is public. A name that is no field hides all."""
    fields = {one.name: one for one in item.fields}
    found: Field | None = fields.get(name)
    shown = _SHOWN[found.sensitivity] if found else 0
    if shown is None:
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    if len(value) <= 2 * shown + 1:
        return "*" * len(value[:_LONGEST])
    return value[:shown] + "*" * min(len(value) - 2 * shown, 8) + value[len(value) - shown :]


def rule_counts(found: Mapping[tuple[str, RowRule], int]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Counts of findings by rule, and by field and rule, in a stable order."""
    by_rule: dict[str, int] = {}
    by_field: dict[str, dict[str, int]] = {}
    for (name, rule), count in sorted(
        found.items(), key=lambda one: (one[0][0], list(RowRule).index(one[0][1]))
    ):
        by_rule[rule.value] = by_rule.get(rule.value, 0) + count
        by_field.setdefault(name, {})[rule.value] = count
    return {rule.value: by_rule[rule.value] for rule in RowRule if rule.value in by_rule}, by_field
