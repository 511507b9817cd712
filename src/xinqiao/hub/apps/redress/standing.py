"""The standing of a firm's records at an instant: what no answer carries, what is disputed, what the firm says to it.

Every reader of collected records asks here, between the lake and the page: the lake follows at its own pace, a report
does not wait for it. ``standing_version`` tells a cache when to ask again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from xinqiao.domain.adverse import goes_out
from xinqiao.domain.objection import MARKED
from xinqiao.domain.period import business_day
from xinqiao.domain.report import Record, RecordStatus, Remark
from xinqiao.hub.apps.redress.models import Objection, Suppression
from xinqiao.hub.runtime import runtime

_MARKED = sorted(state.value for state in MARKED)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of one firm's records, by what each is known by."""

    gone: Mapping[str, RecordStatus]
    disputed: Mapping[str, frozenset[str]]
    remarks: Mapping[str, tuple[Remark, ...]]


def marks_of(uscc: str) -> Marks:
    """The marks of a firm's records, read now: two indexed questions."""
    gone = {
        ref: RecordStatus(reason)
        for ref, reason in Suppression.objects.filter(uscc=uscc).values_list("record_ref", "reason")
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


def standing(uscc: str, records: Mapping[str, Sequence[Record]], *, at: datetime) -> dict[str, list[Record]]:
    """The same records with the standing each has at an instant; ``compose`` leaves out what does not go out."""
    marks, day, terms = marks_of(uscc), business_day(at), runtime.redress_rules.terms
    items = runtime.catalogue.items

    def one(item_id: str, record: Record) -> Record:
        if record.ref in marks.gone:
            return replace(record, status=marks.gone[record.ref])
        if not goes_out(items[item_id], record.values, day, terms):
            return replace(record, status=RecordStatus.EXPIRED)
        disputed = marks.disputed.get(record.ref)
        if disputed is not None and record.status.goes_out:
            record = replace(record, status=RecordStatus.OBJECTED, disputed=disputed)
        return replace(record, remarks=marks.remarks.get(record.ref, ()))

    return {item_id: [one(item_id, record) for record in rows] for item_id, rows in records.items()}


def standing_version(uscc: str, *, at: datetime) -> str:
    """Differs whenever the standing of a firm's records may differ: after every mark, and from day to day."""
    marks = marks_of(uscc)
    said = (
        business_day(at).isoformat(),
        sorted(marks.gone.items()),
        sorted((ref, sorted(fields)) for ref, fields in marks.disputed.items()),
        sorted((ref, [(one.text, one.at) for one in found]) for ref, found in marks.remarks.items()),
    )
    return sha256(repr(said).encode()).hexdigest()[:32]
