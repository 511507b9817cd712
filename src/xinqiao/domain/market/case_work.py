"""What a case is worked with: figures a platform may set, typed actions, stars, and complaints.

Every figure here is proposed by the field's documents and not law; a platform sets its own in one TOML file.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.market.case import CASE_WORKDAYS, CaseState

#: States in which the clock of the field's documents runs towards the next one; later dates are the loan's.
CLOCKED = (CaseState.DISPATCHED, CaseState.ACCEPTED, CaseState.DUE_DILIGENCE, CaseState.SUPPLEMENT)
_DEFAULT_DAYS = MappingProxyType({state: CASE_WORKDAYS[state] for state in CLOCKED})
_MOST = 365


@dataclass(frozen=True, slots=True)
class CaseRules:
    """Figures of handling.

    Attributes:
        live_per_need: institutions that may work on one need at once (proposed: 3).
        workdays: working days in which a state should be left (proposed).
        remind_workdays: a reminder goes out when no more than so many working days are left (this platform's choice).
    """

    live_per_need: int = 3
    workdays: Mapping[CaseState, int] = field(default_factory=lambda: _DEFAULT_DAYS)
    remind_workdays: int = 1


def parse_case_rules(text: str) -> CaseRules:
    """The figures a platform wrote down; what it leaves out stays as it is here.

    ::

        live_per_need = 3
        remind_workdays = 1
        [workdays]
        dispatched = 3

    Raises:
        Invalid: ``INVALID`` naming the first key that is unknown or out of range, or that it is no TOML.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(Code.INVALID, f"not TOML: {error}", facts={"field": "toml"}) from error
    told = table.pop("workdays", {})
    if not isinstance(told, dict):
        raise _wrong("workdays")
    days = dict(_DEFAULT_DAYS)
    for name, value in told.items():
        if name not in {state.value for state in CLOCKED}:
            raise _wrong(f"workdays.{name}")
        days[CaseState(name)] = _whole(value, f"workdays.{name}", _MOST)
    numbers: dict[str, int] = {}
    for name, value in table.items():
        if name not in {"live_per_need", "remind_workdays"}:
            raise _wrong(name)
        numbers[name] = _whole(value, name, 20)
    return CaseRules(**numbers, workdays=MappingProxyType(days))


def _whole(value: object, name: str, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise _wrong(name)
    return value


def _wrong(name: str) -> Invalid:
    return Invalid(Code.INVALID, f"{name}: unknown, or out of range", facts={"field": name})


class ActionKind(StrEnum):
    """What an institution may ask the firm to do before it goes on."""

    UPLOAD = "upload"
    CONFIRM = "confirm"
    AUTHORISE = "authorise"


class ActionState(StrEnum):
    """Where a thing asked for stands; ``cannot`` is the firm's own answer that it has no such thing."""

    OPEN = "open"
    DONE = "done"
    CANNOT = "cannot"


class ComplaintState(StrEnum):
    """States of a complaint about the handling of a case."""

    LODGED = "lodged"
    HANDLING = "handling"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class ComplaintEvent(StrEnum):
    """What can happen to a complaint."""

    TAKE_UP = "take_up"
    ANSWER = "answer"
    WITHDRAW = "withdraw"


COMPLAINT: Machine[ComplaintState, ComplaintEvent] = Machine(
    name="complaint",
    start=ComplaintState.LODGED,
    moves={
        (ComplaintState.LODGED, ComplaintEvent.TAKE_UP): ComplaintState.HANDLING,
        (ComplaintState.LODGED, ComplaintEvent.WITHDRAW): ComplaintState.WITHDRAWN,
        (ComplaintState.HANDLING, ComplaintEvent.ANSWER): ComplaintState.ANSWERED,
        (ComplaintState.HANDLING, ComplaintEvent.WITHDRAW): ComplaintState.WITHDRAWN,
    },
    may_fire={
        ComplaintEvent.TAKE_UP: frozenset({Role.OPERATOR}),
        ComplaintEvent.ANSWER: frozenset({Role.OPERATOR}),
        ComplaintEvent.WITHDRAW: frozenset({Role.ENTERPRISE}),
    },
)
