"""线上公证、仲裁、金融互联网法庭: how far a referral of a case has come (platform flows 8). The platform judges nothing."""

from enum import StrEnum

from xinqiao.domain.machine import Machine, Role


class DisputeKind(StrEnum):
    """To whom a case is referred."""

    NOTARISATION = "notarisation"
    ARBITRATION = "arbitration"
    COURT = "court"


class DisputeState(StrEnum):
    """States of a referral; the last two are what also happens."""

    PREPARED = "prepared"
    FILED = "filed"
    ACCEPTED = "accepted"
    IN_HEARING = "in_hearing"
    DECIDED = "decided"
    ENFORCED = "enforced"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class DisputeEvent(StrEnum):
    """What the side that refers it records."""

    FILE = "file"
    ACCEPT = "accept"
    REFUSE = "refuse"
    HEAR = "hear"
    DECIDE = "decide"
    ENFORCE = "enforce"
    WITHDRAW = "withdraw"


_SIDES = frozenset({Role.ENTERPRISE, Role.INSTITUTION})

DISPUTE: Machine[DisputeState, DisputeEvent] = Machine(
    name="dispute",
    start=DisputeState.PREPARED,
    moves={
        (DisputeState.PREPARED, DisputeEvent.FILE): DisputeState.FILED,
        (DisputeState.PREPARED, DisputeEvent.WITHDRAW): DisputeState.WITHDRAWN,
        (DisputeState.FILED, DisputeEvent.ACCEPT): DisputeState.ACCEPTED,
        (DisputeState.FILED, DisputeEvent.REFUSE): DisputeState.REFUSED,
        (DisputeState.FILED, DisputeEvent.WITHDRAW): DisputeState.WITHDRAWN,
        (DisputeState.ACCEPTED, DisputeEvent.HEAR): DisputeState.IN_HEARING,
        # a notary hears nobody
        (DisputeState.ACCEPTED, DisputeEvent.DECIDE): DisputeState.DECIDED,
        (DisputeState.ACCEPTED, DisputeEvent.WITHDRAW): DisputeState.WITHDRAWN,
        (DisputeState.IN_HEARING, DisputeEvent.DECIDE): DisputeState.DECIDED,
        (DisputeState.IN_HEARING, DisputeEvent.WITHDRAW): DisputeState.WITHDRAWN,
        (DisputeState.DECIDED, DisputeEvent.ENFORCE): DisputeState.ENFORCED,
    },
    may_fire=dict.fromkeys(DisputeEvent, _SIDES),
)

#: States in which a referral is under way.
OPEN = DISPUTE.states - DISPUTE.final - {DisputeState.DECIDED}
