"""The standing of a firm's records at an instant: what no answer carries, what is disputed, what the firm says to it.

Every reader of collected records asks here, between the lake and the page: the lake follows at its own pace, a report
does not wait for it. ``standing_version`` tells a cache when to ask again; a release asks it under its lock (``rows``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import F

from xinqiao.domain.adverse import goes_out, record_ref
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.objection import MARKED
from xinqiao.domain.period import business_day
from xinqiao.domain.report import Record, RecordStatus, Remark
from xinqiao.domain.report.sight import Value
from xinqiao.hub.apps.collection.held import values_of
from xinqiao.hub.apps.redress.models import Objection, Standing, Suppression
from xinqiao.hub.runtime import runtime

_MARKED = sorted(state.value for state in MARKED)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of one firm's records, by what each is known by."""

    gone: Mapping[str, RecordStatus]
    disputed: Mapping[str, frozenset[str]]
    remarks: Mapping[str, tuple[Remark, ...]]


def marks_of(uscc: str) -> Marks:
    """The marks of a firm's records, read now: one indexed question for most firms, three where there ever was a mark."""
    if not standing_version(uscc):  # every mark raises it
        return Marks({}, {}, {})
    gone = {
        ref: RecordStatus(reason)
        for ref, reason in Suppression.objects.filter(uscc=uscc, ended_at=None).values_list(
            "record_ref", "reason"
        )
    }
    disputed: dict[str, frozenset[str]] = {}
    remarks: dict[str, tuple[Remark, ...]] = {}
    rows = Objection.objects.filter(enterprise__uscc=uscc).order_by("submitted_at")
    for ref, state, field, statement, stated_at in rows.values_list(
        "record_ref", "state", "field", "statement", "stated_at"
    ):
        if state in _MARKED:
            # an objection against the whole record is wider than any against a field of it
            known = disputed.get(ref)
            whole = not field or known == frozenset()
            disputed[ref] = frozenset() if whole else (known or frozenset()) | {field}
        if statement and stated_at is not None:
            remarks[ref] = (*remarks.get(ref, ()), Remark(statement, stated_at))
    return Marks(gone, disputed, remarks)


@dataclass(frozen=True, slots=True)
class Mark:
    """The standing of one record that goes out."""

    status: RecordStatus
    disputed: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Says the standing of single records of a firm on a day."""

    marks: Marks
    day: date

    @classmethod
    def of(cls, uscc: str, *, at: datetime) -> "Judge":
        """With the marks as they are now."""
        return cls(marks_of(uscc), business_day(at))

    def passes(self, item: Item) -> bool:
        """Whether nothing can be said about any record of an item, so that none needs to be told from the others."""
        return item.adverse is None and not (self.marks.gone or self.marks.disputed or self.marks.remarks)

    def mark(self, item: Item, ref: str, values: Mapping[str, Value], status: RecordStatus) -> Mark:
        """The standing of one record; its status says whether it goes out."""
        marks = self.marks
        if ref in marks.gone:
            return Mark(marks.gone[ref])
        if not goes_out(item, values, self.day, runtime.redress_rules.terms):
            return Mark(RecordStatus.EXPIRED)
        disputed = marks.disputed.get(ref)
        if disputed is None or not status.goes_out:
            return Mark(status, remarks=marks.remarks.get(ref, ()))
        return Mark(RecordStatus.OBJECTED, disputed, marks.remarks.get(ref, ()))


def standing(uscc: str, records: Mapping[str, Sequence[Record]], *, at: datetime) -> dict[str, list[Record]]:
    """The same records with the standing each has at an instant; ``compose`` leaves out what does not go out."""
    judge, items = Judge.of(uscc, at=at), runtime.catalogue.items

    def one(item_id: str, record: Record) -> Record:
        mark = judge.mark(items[item_id], record.ref, record.values, record.status)
        return replace(record, status=mark.status, disputed=mark.disputed, remarks=mark.remarks)

    return {
        item_id: [*rows] if judge.passes(items[item_id]) else [one(item_id, record) for record in rows]
        for item_id, rows in records.items()
    }


def standing_rows[R: Mapping[str, object]](
    uscc: str, rows: Mapping[str, Sequence[R]], *, at: datetime
) -> dict[str, list[tuple[R, Mark]]]:
    """The rows of the lake that go out, each with its standing; for readers that take rows as they are stored."""
    judge, items = Judge.of(uscc, at=at), runtime.catalogue.items
    found: dict[str, list[tuple[R, Mark]]] = {}
    for name in rows.keys() & items.keys():
        item, passes = items[name], judge.passes(items[name])
        for row in rows[name]:
            mark = Mark(RecordStatus(str(row["_status"])))
            if not passes:
                values = values_of(item, row)
                mark = judge.mark(item, record_ref(item, uscc, values), values, mark.status)
            if mark.status.goes_out:
                found.setdefault(name, []).append((row, mark))
    return found


def standing_version(uscc: str) -> int:
    """Rises with every change of what is marked, hidden or said about a firm's records; 0 while there was none.

    What follows from the day alone (a term that ends) does not raise it: ask on every day anew for items with terms.
    """
    return Standing.objects.filter(uscc=uscc).values_list("version", flat=True).first() or 0


def touch_standing(uscc: str, *, at: datetime) -> None:
    """Raise it, inside the transaction of the change and before its leaf is written: the log's head is locked last."""
    rows = Standing.objects.filter(uscc=uscc)
    if not rows.update(version=F("version") + 1, changed_at=at):
        # two firsts at once: the second waits for the first one's commit, and then counts on
        Standing.objects.bulk_create([Standing(uscc=uscc, version=0, changed_at=at)], ignore_conflicts=True)
        rows.update(version=F("version") + 1, changed_at=at)
