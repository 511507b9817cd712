"""贷后预警: signals of a firm that an institution may want to know of, by its own thresholds.

The list of signals is the field's; which level each has is proposed and set by each institution. A warning needs a live
authorisation for monitoring, which is looked at where it is sent; here is only what the figures say, with the evidence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.machine import Machine, Role


class Level(IntEnum):
    """How urgent: 蓝、黄、橙、红."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4


class Signal(StrEnum):
    """What happened."""

    DISHONESTY = "dishonesty"
    TAX_ARREARS = "tax_arrears"
    SOCIAL_INSURANCE_FALL = "social_insurance_fall"
    POWER_FALL = "power_fall"
    LICENCE_EXPIRING = "licence_expiring"
    REGISTRATION_CHANGE = "registration_change"
    ENVIRONMENTAL_PENALTY = "environmental_penalty"
    NEW_SECURITY = "new_security"


#: Signals that are a record that appeared.
RECORDS = frozenset(
    {
        Signal.DISHONESTY,
        Signal.TAX_ARREARS,
        Signal.REGISTRATION_CHANGE,
        Signal.ENVIRONMENTAL_PENALTY,
        Signal.NEW_SECURITY,
    }
)
#: Signals that are a figure that fell, as a share of what it was.
FALLS = frozenset({Signal.SOCIAL_INSURANCE_FALL, Signal.POWER_FALL})

_LEVELS: Mapping[Signal, Level] = {
    Signal.DISHONESTY: Level.RED,
    Signal.TAX_ARREARS: Level.ORANGE,
    Signal.SOCIAL_INSURANCE_FALL: Level.YELLOW,
    Signal.POWER_FALL: Level.YELLOW,
    Signal.LICENCE_EXPIRING: Level.BLUE,
    Signal.REGISTRATION_CHANGE: Level.BLUE,
    Signal.ENVIRONMENTAL_PENALTY: Level.ORANGE,
    Signal.NEW_SECURITY: Level.YELLOW,
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What one institution wants to hear of.

    Attributes:
        levels: of each signal; a signal without a level is not told.
        falls: the share that a figure must have fallen by, more than which is told.
        licence_days: a licence that ends within so many days is told.
    """

    levels: Mapping[Signal, Level] = field(default_factory=lambda: _LEVELS)
    falls: Mapping[Signal, Decimal] = field(
        default_factory=lambda: {
            Signal.SOCIAL_INSURANCE_FALL: Decimal("0.30"),
            Signal.POWER_FALL: Decimal("0.50"),
        }
    )
    licence_days: int = 60

    def __post_init__(self) -> None:
        if any(not 0 < share < 1 for share in self.falls.values()) or not set(self.falls) <= FALLS:
            raise Invalid(
                Code.INVALID, "a share between 0 and 1", facts={"field": "falls", "reason": "RANGE"}
            )
        if not 1 <= self.licence_days <= 3650:
            raise Invalid(Code.INVALID, "days", facts={"field": "licence_days", "reason": "RANGE"})


@dataclass(frozen=True, slots=True)
class Appeared:
    """A record that was not there before; ``ref`` leads to it."""

    signal: Signal
    ref: str
    on: date


@dataclass(frozen=True, slots=True)
class Moved:
    """A figure of a time and of the time it is compared with."""

    signal: Signal
    before: Decimal
    now: Decimal
    ref: str


@dataclass(frozen=True, slots=True)
class Expiring:
    """A licence and its last day."""

    ref: str
    ends_on: date


@dataclass(frozen=True, slots=True)
class Told:
    """One warning; ``evidence`` is what it rests on, so that it can be recounted. The same evidence warns once."""

    signal: Signal
    level: Level
    evidence: str


def warnings_of(
    appeared: Iterable[Appeared],
    moved: Iterable[Moved],
    expiring: Iterable[Expiring],
    thresholds: Thresholds,
    day: date,
) -> list[Told]:
    """What is told on a day: the most urgent first, then by signal and evidence."""
    found: dict[tuple[Signal, str], Told] = {}

    def tell(signal: Signal, evidence: str) -> None:
        level = thresholds.levels.get(signal)
        if level is not None:
            found[signal, evidence] = Told(signal, level, evidence)

    for record in appeared:
        if record.signal in RECORDS:
            tell(record.signal, record.ref)
    for figure in moved:
        least = thresholds.falls.get(figure.signal)
        if least is not None and figure.before > 0 and (figure.before - figure.now) / figure.before > least:
            tell(figure.signal, figure.ref)
    for licence in expiring:
        if day <= licence.ends_on <= day + timedelta(days=thresholds.licence_days):
            tell(Signal.LICENCE_EXPIRING, licence.ref)
    return sorted(found.values(), key=lambda one: (-one.level, one.signal, one.evidence))


class WarningState(StrEnum):
    """States of a warning at an institution."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    HANDLED = "handled"
    CLOSED_TRUE = "closed_true"
    CLOSED_FALSE = "closed_false"


class WarningEvent(StrEnum):
    """What can happen to it; how it is closed tunes the thresholds."""

    ACKNOWLEDGE = "acknowledge"
    HANDLE = "handle"
    CONFIRM = "confirm"
    DISMISS = "dismiss"


_INSTITUTION = frozenset({Role.INSTITUTION})

WARNING: Machine[WarningState, WarningEvent] = Machine(
    name="warning",
    start=WarningState.RAISED,
    moves={
        (WarningState.RAISED, WarningEvent.ACKNOWLEDGE): WarningState.ACKNOWLEDGED,
        (WarningState.ACKNOWLEDGED, WarningEvent.HANDLE): WarningState.HANDLED,
        (WarningState.ACKNOWLEDGED, WarningEvent.CONFIRM): WarningState.CLOSED_TRUE,
        (WarningState.ACKNOWLEDGED, WarningEvent.DISMISS): WarningState.CLOSED_FALSE,
        (WarningState.HANDLED, WarningEvent.CONFIRM): WarningState.CLOSED_TRUE,
        (WarningState.HANDLED, WarningEvent.DISMISS): WarningState.CLOSED_FALSE,
    },
    may_fire={
        WarningEvent.ACKNOWLEDGE: _INSTITUTION,
        WarningEvent.HANDLE: _INSTITUTION,
        WarningEvent.CONFIRM: _INSTITUTION,
        WarningEvent.DISMISS: _INSTITUTION,
    },
)
