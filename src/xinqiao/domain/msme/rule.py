"""The rule as values: 16 groups of industries, for each one or two indicators with the lower bounds of three classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class SizeClass(StrEnum):
    """The classes, and the two answers that are none."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    MICRO = "micro"
    #: the rule does not cover this industry
    UNCLASSIFIED = "unclassified"
    #: not enough is known
    UNKNOWN = "unknown"


#: The four classes from the smallest up; the place is the rank.
CLASSES = (SizeClass.MICRO, SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE)


class Indicator(StrEnum):
    """What is measured."""

    #: persons employed at the end of the period; without that figure the annual average
    EMPLOYEES = "employees"
    #: annual operating revenue
    REVENUE = "revenue"
    #: total assets
    TOTAL_ASSETS = "total_assets"

    @property
    def is_money(self) -> bool:
        """Whether the bounds are in 万元 (10,000 yuan); else in persons."""
        return self is not Indicator.EMPLOYEES


@dataclass(frozen=True, slots=True)
class Threshold:
    """Lower bounds of one indicator, in persons or 万元; equal is reached."""

    indicator: Indicator
    large: Decimal
    medium: Decimal
    small: Decimal

    def rank(self, value: Decimal) -> SizeClass:
        """The class this indicator alone gives. ``value`` in the unit of the bounds."""
        if value >= self.large:
            return SizeClass.LARGE
        if value >= self.medium:
            return SizeClass.MEDIUM
        return SizeClass.SMALL if value >= self.small else SizeClass.MICRO

    def bound(self, size: SizeClass) -> Decimal:
        """The lower bound of a class; nought for the smallest."""
        bounds = {SizeClass.LARGE: self.large, SizeClass.MEDIUM: self.medium, SizeClass.SMALL: self.small}
        return bounds.get(size, Decimal(0))


@dataclass(frozen=True, slots=True)
class Group:
    """A row of the table: sections, divisions and groups of GB/T 4754-2017 under the same bounds."""

    no: int
    key: str
    label: str
    label_en: str
    scope: tuple[str, ...]
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True)
class SizeRule:
    """The whole rule."""

    title: str
    document_no: str
    version: str
    groups: tuple[Group, ...]
    out_of_scope: frozenset[str]

    def scopes(self) -> Mapping[str, Group | None]:
        """Every code the rule names: its group, or ``None`` where the rule says it is not covered."""
        named: dict[str, Group | None] = dict.fromkeys(self.out_of_scope)
        named.update((code, group) for group in self.groups for code in group.scope)
        return named


class BadRule(ValueError):
    """The data are no rule: a fault of whoever changed the file."""


def parse_rule(data: Mapping[str, object]) -> SizeRule:
    """Read the rule from what a TOML file says.

    Raises:
        BadRule: a bound that is not above the next one, a code named twice, a group without a bound.
    """
    groups = data.get("group")
    if not isinstance(groups, list) or not groups:
        raise BadRule("no groups")
    rule = SizeRule(
        str(data["title"]),
        str(data["document_no"]),
        str(data["version"]),
        tuple(_group(one) for one in groups),
        frozenset(_texts(data["out_of_scope"])),
    )
    codes = [code for group in rule.groups for code in group.scope] + list(rule.out_of_scope)
    if len(codes) != len(set(codes)):
        raise BadRule("a code is named twice")
    return rule


def _group(data: Mapping[str, object]) -> Group:
    thresholds = tuple(_threshold(one, data[one.value]) for one in Indicator if one.value in data)
    if not thresholds:
        raise BadRule(f"group {data.get('key')} has no bound")
    number = data["no"]
    if not isinstance(number, int):
        raise BadRule("a group has a number")
    return Group(
        number,
        str(data["key"]),
        str(data["label"]),
        str(data["label_en"]),
        tuple(_texts(data["scope"])),
        thresholds,
    )


def _threshold(indicator: Indicator, bounds: object) -> Threshold:
    if not isinstance(bounds, Sequence) or len(bounds) != 3 or not all(type(one) is int for one in bounds):
        raise BadRule(f"{indicator} has three whole numbers")
    large, medium, small = map(Decimal, bounds)
    if not large > medium > small > 0:
        raise BadRule(f"{indicator}: bounds go down")
    return Threshold(indicator, large, medium, small)


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRule("a list of codes is needed")
    return value
