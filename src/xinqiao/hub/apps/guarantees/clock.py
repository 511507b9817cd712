"""What the loan and the time do to guarantees: in force when the case is drawn, released when it is settled, lapsed when late."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from xinqiao.domain.errors import Stale
from xinqiao.domain.guarantees.states import GuaranteeEvent, GuaranteeState
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CASE, CaseState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.guarantees.models import Guarantee
from xinqiao.hub.apps.guarantees.rows import fire, locked, tell
from xinqiao.hub.apps.market.rows import Happened

#: The money is out.
_LENT = sorted(
    state.value
    for state in (CaseState.DRAWN, CaseState.REPAYING, CaseState.EXTENDED, CaseState.OVERDUE, CaseState.SETTLED)
)  # fmt: skip
_DEAD = sorted(state.value for state in CASE.final - {CaseState.SETTLED, CaseState.WRITTEN_OFF})


def keep_up(*, at: datetime, actor: SystemActor | None = None) -> int:
    """Move every guarantee that its case or the calendar moved; how many. Safe to run twice at once."""
    who, day = actor or SystemActor("guarantees"), business_day(at)
    approved = Guarantee.objects.filter(state=GuaranteeState.APPROVED.value)
    in_force = Guarantee.objects.filter(state=GuaranteeState.IN_FORCE.value)
    too_late = Q(valid_to__lte=day) & (Q(case=None) | ~Q(case__state__in=_LENT))
    due = [
        *((row, GuaranteeEvent.START) for row in approved.filter(case__state__in=_LENT)),
        *((row, GuaranteeEvent.LAPSE) for row in approved.filter(Q(case__state__in=_DEAD) | too_late)),
        *((row, GuaranteeEvent.RELEASE) for row in in_force.filter(case__state=CaseState.SETTLED.value)),
    ]
    return sum(_move(row, event, who, at) for row, event in due)


_ROLES = {GuaranteeEvent.START: Role.HUB, GuaranteeEvent.LAPSE: Role.CLOCK, GuaranteeEvent.RELEASE: Role.HUB}


def _move(seen: Guarantee, event: GuaranteeEvent, actor: SystemActor, at: datetime) -> bool:
    day = business_day(at)
    dates: dict[str, object] = {"started_on": day} if event is GuaranteeEvent.START else {"over_on": day}
    with transaction.atomic(durable=True):
        try:
            row = locked(actor, seen.id, seen.revision)
        except Stale:
            return False  # somebody moved it meanwhile; the next round looks again
        fire(row, actor, event, _ROLES[event], Happened(event.value, at), **dates)
        tell(row, f"guarantee_{event.value}", at, but=actor)
    return True
