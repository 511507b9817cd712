"""信用修复: how long dishonest information is published, when repair may be applied for, and what an application goes through.

The three classes and their terms are those of 国办发〔2025〕22号, restated by the 信用修复管理办法 (in force 2026-04-01). Repair is
one act: publication ends, sharing and use stop. The days allowed for the decisions are not verified in the source and
are therefore parameters. Terms count from the date of the determining document, by calendar months.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.period import add_months


class Gravity(StrEnum):
    """失信信息分类."""

    MINOR = "minor"
    GENERAL = "general"
    SERIOUS = "serious"


@dataclass(frozen=True, slots=True)
class Terms:
    """Months from the determining document: before ``least`` no repair, after ``most`` no publication.

    ``published``: whether the class is published at all unless somebody decided that it must be.
    """

    least: int
    most: int
    published: bool = True


DEFAULT_TERMS: Mapping[Gravity, Terms] = MappingProxyType(
    {
        Gravity.MINOR: Terms(least=0, most=3, published=False),
        Gravity.GENERAL: Terms(least=3, most=12),
        Gravity.SERIOUS: Terms(least=12, most=36),
    }
)


@dataclass(frozen=True, slots=True)
class Dishonesty:
    """A record that can be repaired.

    Attributes:
        gravity: its class.
        determined_on: the date of the determining document.
        must_publish: a minor one that its department decided to publish after all.
        repaired_on: the day its repair was decided; from that day it is in no answer.
        by_sector: rules of its sector say when it ends, and not the longest term of its class.
        ends_on: the day publication ends by what the record itself says; ``None`` under ``by_sector``: no fixed end.
        least_months: another shortest term than that of its class.
    """

    gravity: Gravity
    determined_on: date
    must_publish: bool = False
    repaired_on: date | None = None
    by_sector: bool = False
    ends_on: date | None = None
    least_months: int | None = None

    def first_repair_day(self, terms: Mapping[Gravity, Terms] = DEFAULT_TERMS) -> date:
        """The first day on which repair may be applied for, the duty being performed."""
        least = terms[self.gravity].least if self.least_months is None else self.least_months
        return add_months(self.determined_on, least)

    def publication_end(self, terms: Mapping[Gravity, Terms] = DEFAULT_TERMS) -> date:
        """The first day it is not published any more, repaired or not; ``date.max`` where nothing fixes one."""
        term = date.max if self.by_sector else add_months(self.determined_on, terms[self.gravity].most)
        return min(term, self.repaired_on or date.max, self.ends_on or date.max)

    def is_published(self, day: date, terms: Mapping[Gravity, Terms] = DEFAULT_TERMS) -> bool:
        """Whether outgoing answers carry it on ``day``: reports, interfaces, features and dashboards by subject alike."""
        wanted = terms[self.gravity].published or self.must_publish
        return wanted and self.determined_on <= day < self.publication_end(terms)


class Missing(StrEnum):
    """What an application still lacks."""

    TERM = "minimum_term"
    DUTY = "duty_performed"
    COMMITMENT = "credit_commitment"


def lacking(
    record: Dishonesty,
    *,
    day: date,
    duty_performed: bool,
    commitment_signed: bool,
    terms: Mapping[Gravity, Terms] = DEFAULT_TERMS,
) -> list[Missing]:
    """What is missing for an acceptable application on ``day``; empty when nothing is."""
    found = []
    if day < record.first_repair_day(terms):
        found.append(Missing.TERM)
    if not duty_performed:
        found.append(Missing.DUTY)
    if not commitment_signed:
        found.append(Missing.COMMITMENT)
    return found


class RepairState(StrEnum):
    """States of an application for repair."""

    APPLIED = "applied"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    REPAIRED = "repaired"
    NOT_REPAIRED = "not_repaired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class RepairEvent(StrEnum):
    """What can happen to an application."""

    RETURN = "return"
    RESUBMIT = "resubmit"
    ACCEPT = "accept"
    EXTEND = "extend"
    REPAIR = "repair"
    TURN_DOWN = "turn_down"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


#: 谁认定、谁修复: the unit that determined decides; the platform's desk may take in and send back on its behalf.
_DESK = frozenset({Role.OPERATOR, Role.SOURCE})
_SOURCE = frozenset({Role.SOURCE})
_ENTERPRISE = frozenset({Role.ENTERPRISE})

REPAIR = Machine[RepairState, RepairEvent](
    name="repair",
    start=RepairState.APPLIED,
    moves={
        (RepairState.APPLIED, RepairEvent.RETURN): RepairState.RETURNED,
        (RepairState.APPLIED, RepairEvent.ACCEPT): RepairState.ACCEPTED,
        (RepairState.APPLIED, RepairEvent.WITHDRAW): RepairState.WITHDRAWN,
        (RepairState.RETURNED, RepairEvent.RESUBMIT): RepairState.APPLIED,
        (RepairState.RETURNED, RepairEvent.WITHDRAW): RepairState.WITHDRAWN,
        (RepairState.ACCEPTED, RepairEvent.EXTEND): RepairState.ACCEPTED,
        (RepairState.ACCEPTED, RepairEvent.REPAIR): RepairState.REPAIRED,
        (RepairState.ACCEPTED, RepairEvent.TURN_DOWN): RepairState.NOT_REPAIRED,
        (RepairState.ACCEPTED, RepairEvent.WITHDRAW): RepairState.WITHDRAWN,
        # granted on a false promise, or one that was broken
        (RepairState.REPAIRED, RepairEvent.REVOKE): RepairState.REVOKED,
    },
    may_fire={
        RepairEvent.RETURN: _DESK,
        RepairEvent.ACCEPT: _DESK,
        RepairEvent.EXTEND: _SOURCE,
        RepairEvent.REPAIR: _SOURCE,
        RepairEvent.TURN_DOWN: _SOURCE,
        RepairEvent.REVOKE: _SOURCE,
        RepairEvent.RESUBMIT: _ENTERPRISE,
        RepairEvent.WITHDRAW: _ENTERPRISE,
    },
)

#: It still waits for somebody; one record has at most one application in these.
PENDING = frozenset({RepairState.APPLIED, RepairState.RETURNED, RepairState.ACCEPTED})
