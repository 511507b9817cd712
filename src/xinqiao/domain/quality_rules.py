"""The figures of quality and coordination that a platform may set; read from one TOML file. All defaults are proposed."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.quality import DEFAULT_THRESHOLD, DEFAULT_WEIGHTS, Dimension
from xinqiao.domain.workdays import WorkCalendar


@dataclass(frozen=True, slots=True)
class QualityRules:
    """What a platform may set.

    Attributes:
        weights: of the five dimensions.
        threshold: a score below it is shown as poor.
        small: a count of uses below it, other than none, is not told: nobody shall learn who was asked about.
        reply_workdays: working days until a ticket without an answer is escalated.
        promise_days: how far ahead a source may promise.
        calendar: which days are worked.
    """

    weights: Mapping[Dimension, int] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    threshold: Decimal = DEFAULT_THRESHOLD
    small: int = 5
    reply_workdays: int = 3
    promise_days: int = 90
    calendar: WorkCalendar = field(default_factory=WorkCalendar)


_RANGES = {"threshold": (0, 100), "small": (1, 1000), "reply_workdays": (1, 60), "promise_days": (1, 366)}


def parse_quality_rules(text: str) -> QualityRules:
    """The rules a platform wrote down; what it leaves out stays as it is here.

    ::

        threshold = 70
        small = 10
        reply_workdays = 5
        holidays = [2026-10-01]
        worked = [2026-10-10]
        [weights]
        timeliness = 30

    Raises:
        Invalid: ``INVALID`` naming the first key that is unknown or out of range, or that it is no TOML.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(Code.INVALID, f"not TOML: {error}", facts={"field": "toml"}) from error
    calendar = WorkCalendar(
        _days(table.pop("holidays", []), "holidays"), _days(table.pop("worked", []), "worked")
    )
    weights = _weights(table.pop("weights", {}))
    numbers: dict[str, int] = {}
    for name, value in table.items():
        low, high = _RANGES.get(name, (1, 0))
        if type(value) is not int or not low <= value <= high:
            raise _wrong(name)
        numbers[name] = value
    threshold = Decimal(numbers.pop("threshold", int(DEFAULT_THRESHOLD)))
    return QualityRules(weights=weights, threshold=threshold, calendar=calendar, **numbers)


def _wrong(name: str) -> Invalid:
    return Invalid(Code.INVALID, f"{name}: unknown or out of range", facts={"field": name})


def _days(value: object, name: str) -> frozenset[date]:
    if not isinstance(value, list) or not all(type(day) is date for day in value):
        raise _wrong(name)
    return frozenset(value)


def _weights(value: object) -> Mapping[Dimension, int]:
    if not isinstance(value, dict):
        raise _wrong("weights")
    found = dict(DEFAULT_WEIGHTS)
    for name, weight in value.items():
        if name not in set(Dimension) or type(weight) is not int or not 0 <= weight <= 100:
            raise _wrong(f"weights.{name}")
        found[Dimension(name)] = weight
    if not sum(found.values()):
        raise _wrong("weights")
    return found
