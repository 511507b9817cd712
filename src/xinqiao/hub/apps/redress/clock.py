"""What time does to objections and applications: nothing but a word to who is late, once for each deadline."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from xinqiao.domain.objection import OPEN, RecordObjectionState
from xinqiao.domain.period import business_day
from xinqiao.domain.repair import RepairState
from xinqiao.hub.apps.redress.matters import tell
from xinqiao.hub.apps.redress.models import Objection, Repair

_OPEN = sorted(state.value for state in OPEN)


def late_objections(rows: QuerySet[Objection], day: date) -> QuerySet[Objection]:
    """Those not passed on in time, and those not answered in time."""
    unsent = Q(state=RecordObjectionState.SUBMITTED.value, forward_by__lt=day)
    return rows.filter(unsent | Q(state__in=_OPEN, due_on__lt=day))


def late_repairs(rows: QuerySet[Repair], day: date) -> QuerySet[Repair]:
    """Those not accepted in time, and those not decided in time; what was sent back waits for the firm."""
    unread = Q(state=RepairState.APPLIED.value, accept_by__lt=day)
    return rows.filter(unread | Q(state=RepairState.ACCEPTED.value, decide_by__lt=day))


def tell_late(*, at: datetime) -> int:
    """Tell desk and source what is overdue; how many there were. Safe to run twice at once."""
    day, count = business_day(at), 0
    for objection in late_objections(Objection.objects.filter(late_told_at=None), day):
        source = ("source",) if objection.forwarded_at else ()
        count += _tell(objection, source, "objection_late", at)
    for repair in late_repairs(Repair.objects.filter(late_told_at=None), day):
        count += _tell(repair, ("source",), "repair_late", at)
    return count


def _tell(row: Objection | Repair, more: tuple[str, ...], what: str, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        if type(row).objects.filter(id=row.id, late_told_at=None).update(late_told_at=at) != 1:
            return False
        tell(row, "operator", *more, what=what, at=at)
    return True
