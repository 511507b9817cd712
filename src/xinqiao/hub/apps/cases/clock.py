"""What time does to cases, on working days: a reminder before the last one, one word to who is late, an unanswered hand-over
that lapses, and the cases of a need that is over.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet

from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import NEED, CaseEvent, CaseState, Refusal
from xinqiao.domain.market.case_work import CLOCKED
from xinqiao.domain.period import business_day, start_of_day
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.cases.handling import TAKEN_BACK, end, take_back
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.cases.rows import Happened, locked, tell
from xinqiao.hub.runtime import runtime

_CLOCK = SystemActor("clock")
_CLOCKED = [state.value for state in CLOCKED]
_AT_ONCE = 500
#: The words of a case that nobody took up; stored, because they are the reason as it was.
UNANSWERED = "机构未在期限内受理"
_OVER = sorted(state.value for state in NEED.final)


def late(rows: QuerySet[Case], day: date) -> QuerySet[Case]:
    """Cases whose state should have been left before ``day``."""
    return rows.filter(state__in=_CLOCKED, due_on__lt=day)


def work_clock(*, at: datetime) -> int:
    """Do what the time asks for; how much it was. Safe to run twice at once and after any pause."""
    day = business_day(at)
    done = _each(late(Case.objects.filter(state=CaseState.DISPATCHED.value), day), _time_out, at)
    done += _each(late(Case.objects.filter(late_told_at=None), day), _tell_late, at)
    soon = runtime.redress_rules.calendar.add(day, runtime.case_rules.remind_workdays)
    near = Case.objects.filter(
        state__in=_CLOCKED, due_on__gte=day, due_on__lte=soon, reminded_at=None, since__lt=start_of_day(day)
    )
    done += _each(near, _remind, at)
    over = Case.objects.filter(state__in=[state.value for state in TAKEN_BACK], need__state__in=_OVER)
    return done + _each(over, _follow_need, at)


def _each(rows: QuerySet[Case], act: Callable[[Case, datetime], bool], at: datetime) -> int:
    done = 0
    for case_id in list(rows.order_by("due_on", "id").values_list("id", flat=True)[:_AT_ONCE]):
        with transaction.atomic(durable=True):
            # Held, and then looked at once more: somebody may have been faster.
            row = locked(_CLOCK, case_id, None)
            if rows.filter(id=case_id).exists():
                done += act(row, at)
    return done


def _time_out(row: Case, at: datetime) -> bool:
    end(row, _CLOCK, Role.CLOCK, CaseEvent.TIME_OUT, Happened(at, Refusal.OTHER.value, UNANSWERED))
    tell(row, "enterprise", "institution", "operator", what="case_time_out", at=at)
    return True


def _tell_late(row: Case, at: datetime) -> bool:
    if Case.objects.filter(id=row.id, late_told_at=None).update(late_told_at=at) != 1:
        return False
    tell(row, waits_for(row), "operator", what="case_late", at=at)
    return True


def _remind(row: Case, at: datetime) -> bool:
    if Case.objects.filter(id=row.id, reminded_at=None).update(reminded_at=at) != 1:
        return False
    tell(row, waits_for(row), what="case_reminder", at=at)
    return True


def _follow_need(row: Case, at: datetime) -> bool:
    take_back(row, _CLOCK, at)
    return True


def waits_for(row: Case) -> Literal["enterprise", "institution"]:
    """Whose turn it is."""
    return "enterprise" if row.state == CaseState.SUPPLEMENT.value else "institution"
