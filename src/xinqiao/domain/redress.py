"""The figures of objections and repair that a platform may set, with where each comes from; read from one TOML file.

What the law fixes may be set all the same, because it changes; what is only proposed by the field's documents, or not
verified there, is marked so and is for the platform to decide.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.repair import DEFAULT_TERMS, Gravity, Terms
from xinqiao.domain.workdays import WorkCalendar


@dataclass(frozen=True, slots=True)
class Rules:
    """Days are calendar days unless a name says ``workdays``.

    Attributes:
        answer_days: written answer to an objection, from its receipt (Regulation on the Credit Reporting Industry, 25).
        objection_workdays: the platform passes an objection on or declines it (proposed).
        accept_workdays: an application for repair is accepted or sent back (not verified).
        decide_workdays: it is decided, from its acceptance (not verified).
        extend_workdays: once, for complicated ones (not verified).
        notify_days: who received a record in so many days before its repair or correction is told (platform rules).
        open_per_firm: objections of one firm that may be open at once (proposed; against floods of them).
        terms: months of publication by class (国办发〔2025〕22号).
        calendar: which days are worked.
    """

    answer_days: int = 20
    objection_workdays: int = 2
    accept_workdays: int = 3
    decide_workdays: int = 10
    extend_workdays: int = 10
    notify_days: int = 90
    open_per_firm: int = 20
    terms: Mapping[Gravity, Terms] = field(default_factory=lambda: DEFAULT_TERMS)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)


_DAYS = (
    "answer_days", "objection_workdays", "accept_workdays", "decide_workdays", "extend_workdays", "notify_days",
    "open_per_firm",
)  # fmt: skip
_MOST = 3650


def parse_rules(text: str) -> Rules:
    """The rules a platform wrote down; what it leaves out stays as it is here.

    ::

        answer_days = 20
        holidays = [2026-10-01, 2026-10-02]
        worked = [2026-10-10]
        [terms.general]
        least = 3
        most = 12

    Raises:
        Invalid: ``INVALID`` naming the first key that is unknown or out of range, or that it is no TOML.
    """
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(Code.INVALID, f"not TOML: {error}", facts={"field": "toml"}) from error
    holidays, worked = _days(table.pop("holidays", []), "holidays"), _days(table.pop("worked", []), "worked")
    terms = _terms(table.pop("terms", {}))
    numbers: dict[str, int] = {}
    for name, value in table.items():
        if name not in _DAYS or type(value) is not int or not 1 <= value <= _MOST:
            raise _wrong(name)
        numbers[name] = value
    return Rules(**numbers, terms=terms, calendar=WorkCalendar(holidays, worked))


def _wrong(name: str) -> Invalid:
    return Invalid(Code.INVALID, f"{name}: unknown, or out of range", facts={"field": name})


def _days(value: object, name: str) -> frozenset[date]:
    # an instant is a date to Python; in this file it is a mistake
    if not isinstance(value, list) or any(type(one) is not date for one in value):
        raise _wrong(name)
    return frozenset(value)


def _terms(value: object) -> Mapping[Gravity, Terms]:
    if not isinstance(value, dict):
        raise _wrong("terms")
    found = dict(DEFAULT_TERMS)
    for name, told in value.items():
        if (
            name not in set(Gravity)
            or not isinstance(told, dict)
            or told.keys() - {"least", "most", "published"}
        ):
            raise _wrong(f"terms.{name}")
        base = found[Gravity(name)]
        least, most = told.get("least", base.least), told.get("most", base.most)
        published = told.get("published", base.published)
        if type(least) is not int or type(most) is not int or type(published) is not bool:
            raise _wrong(f"terms.{name}")
        if not 0 <= least <= most <= 1200 or most < 1:
            raise _wrong(f"terms.{name}")
        found[Gravity(name)] = Terms(least, most, published)
    return MappingProxyType(found)
