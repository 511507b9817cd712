"""What runs on the executors: cells in, one line of counts a row out, by the literal rules of the domain.

No rule is told here a second time: ``check_row`` is the definition that the lake's own SQL is held equal to.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from xinqiao.domain.catalogue.keys import as_of, natural_key, payload, subject
from xinqiao.domain.catalogue.model import Catalogue, FieldType, Item
from xinqiao.domain.catalogue.rows import Verdict, check_row
from xinqiao.domain.catalogue.values import ORGANISATION, trim
from xinqiao.domain.quality import CROSS_RULES, IN_TIME_DAYS, VALUE_RULES, lag_days

#: Columns that are sums in the end, as the refused and the accepted rows have them.
COUNTED = ("filled", "needed", "wrong", "broken", "keyed", "timed", "timely", "lag")
SHAPE = "good boolean, key string, content string, region string, refused_region string, " + ", ".join(
    f"{name} bigint" for name in COUNTED
)
_SCHEMA = pa.schema(
    [
        ("good", pa.bool_()),
        *((name, pa.string()) for name in ("key", "content", "region", "refused_region")),
        *((name, pa.int64()) for name in COUNTED),
    ]
)
_SEPARATOR = "\x1f"
_CODE_LENGTH = 18


@dataclass(frozen=True, slots=True)
class Order:
    """What a file is: sent to every executor.

    ``columns``: the field of each column, ``None`` for one that is no field. ``as_of``: of the batch, for items that
    have no day of their own.
    """

    catalogue: Catalogue
    item: Item
    columns: tuple[str | None, ...]
    received_on: date
    as_of: date | None = None


def count_rows(batches: Iterable[pa.RecordBatch], order: Order) -> Iterator[pa.RecordBatch]:
    """For ``mapInArrow``: columns ``x0 …`` of text and ``torn``, a text where a row has another width than the header."""
    counter = RowCounter(order)
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns[: len(order.columns)]]
        torn = batch.column(batch.schema.names.index("torn")).to_pylist()
        lines = [counter.line(cells, bad is not None) for *cells, bad in zip(*columns, torn, strict=True)]
        yield pa.RecordBatch.from_pylist(lines, schema=_SCHEMA)


class RowCounter:
    """Judges rows of one item."""

    def __init__(self, order: Order) -> None:
        item = self._item = order.item
        self._order = order
        self._required = {field.name for field in item.fields if field.required}
        there = {name for name in order.columns if name is not None}
        self._key = [name for name in item.natural_key if name in self._required and name in there]
        last = item.field(item.subject[-1])
        self._coded = last.name if last.type is FieldType.USCC else None
        #: the lake keeps a hash of it, which is always there
        self._personal = last.name if last.type is FieldType.ID_NUMBER else None

    def line(self, cells: Sequence[str | None], torn: bool) -> dict[str, object]:
        """The counts of a row."""
        named = {
            name: trim(cell or "")
            for name, cell in zip(self._order.columns, cells, strict=True)
            if name is not None
        }
        if torn:
            return self._refused(named, None)
        order = self._order
        verdict = check_row(order.catalogue, order.item, named, received_on=order.received_on)
        return self._good(named, verdict) if verdict.ok else self._refused(named, verdict)

    def _refused(self, named: Mapping[str, str], verdict: Verdict | None) -> dict[str, object]:
        """``verdict`` is ``None`` for a torn row: none of its cells is known to be right."""
        filled = sum(1 for text in named.values() if text)
        rules = [one.rule for one in verdict.findings] if verdict else []
        keyed = verdict is not None and all(named[name] for name in self._key)
        return {
            **dict.fromkeys(_SCHEMA.names, 0),
            "good": False,
            "key": None,
            "content": None,
            "region": "",
            "refused_region": self._said(named),
            "filled": filled,
            "needed": sum(1 for name, text in named.items() if text and name in self._required),
            "wrong": sum(rule in VALUE_RULES for rule in rules) if verdict else filled,
            "broken": int(any(rule in CROSS_RULES for rule in rules)),
            "keyed": int(keyed),
        }

    def _good(self, named: Mapping[str, str], verdict: Verdict) -> dict[str, object]:
        item, values = self._item, verdict.values
        day = as_of(item, values, received_on=self._order.received_on) or self._order.as_of
        limit = IN_TIME_DAYS.get(item.frequency)
        timed = limit is not None and day is not None
        lag = lag_days(day, self._order.received_on) if timed and day is not None else 0
        about = subject(item, values)
        code = about[1] if about is not None and about[0] == ORGANISATION else ""
        return {
            "good": True,
            "key": _SEPARATOR.join(natural_key(item, values)),
            "content": hashlib.sha256(payload(values)).hexdigest(),
            "region": _region(code),
            "refused_region": self._said(named),
            "filled": len(values.keys() | ({self._personal} if self._personal else set())),
            "needed": len(self._required),
            "wrong": 0,
            "broken": 0,
            "keyed": 1,
            "timed": int(timed),
            "timely": int(timed and limit is not None and lag <= limit),
            "lag": lag,
        }

    def _said(self, named: Mapping[str, str]) -> str:
        """The region a row says itself, when it is refused."""
        return _region(named.get(self._coded, "").upper()) if self._coded else ""


def _region(code: str) -> str:
    four = code[2:6]
    return f"{four}00" if len(code) == _CODE_LENGTH and four.isascii() and four.isdigit() else ""
