"""准入条件: conditions as data, judged in three values.

What is not known is neither yes nor no (Kleene's logic): a firm that has not authorised its fund flow has not failed a
condition on it. A condition is a tree of ``all``, ``any`` and ``not`` over comparisons of one field each; as JSON::

    {"all": [{"field": "firm.region", "under": ["14"]},
             {"field": "firm.age_months", "from": "24"},
             {"field": "records.dishonest_debtor", "to": "0"},
             {"any": [{"field": "firm.tax_grade", "one_of": ["A", "B"]}, {"field": "fundflow.F01", "from": "100000"}]}]}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.market.fields import Field, Kind, field_of

#: Bounds of one condition: more can neither be read by a person nor explained to one.
MOST_DEPTH, MOST_LEAVES, MOST_CODES = 4, 64, 400

type Value = Decimal | str | frozenset[str]


class Tri(IntEnum):
    """No, not known, yes: ``min`` is "and", ``max`` is "or"."""

    NO = 0
    UNKNOWN = 1
    YES = 2

    def __invert__(self) -> "Tri":
        return Tri(2 - self)


class Missing(StrEnum):
    """Why a value is not known, which is also what would make it known."""

    NOT_AUTHORISED = "not_authorised"
    NOT_COLLECTED = "not_collected"
    NOT_TOLD = "not_told"
    NO_FIGURE = "no_figure"


type Facts = Mapping[str, Value | Missing]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field's code is one of ``codes``; of several codes at least one is."""

    field: Field
    codes: frozenset[str]

    def holds(self, value: Value) -> bool:
        """Whether a known value satisfies it."""
        return bool(value & self.codes) if isinstance(value, frozenset) else value in self.codes


@dataclass(frozen=True, slots=True)
class Under:
    """The field's code begins with one of ``branches``: 14 is Shanxi, C a manufacturer."""

    field: Field
    branches: tuple[str, ...]

    def holds(self, value: Value) -> bool:
        """Whether a known value satisfies it."""
        return str(value).startswith(self.branches)


@dataclass(frozen=True, slots=True)
class Between:
    """The number is at least ``low`` and at most ``high``; a bound that is ``None`` does not bind."""

    field: Field
    low: Decimal | None
    high: Decimal | None

    def __post_init__(self) -> None:
        # columns hold figures in whole steps, so that every engine agrees on every bound
        for bound in (self.low, self.high):
            if bound is not None and bound % self.field.step:
                raise _bad(self.field.name, "NUMBER")

    def holds(self, value: Value) -> bool:
        """Whether a known value satisfies it."""
        assert isinstance(value, Decimal)
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


type Leaf = OneOf | Under | Between


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; nothing asked is satisfied."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    """The part does not hold."""

    part: "Condition"


type Condition = Leaf | AllOf | AnyOf | NotOf
#: What everybody satisfies.
NOTHING_ASKED = AllOf(())


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The comparisons in the order in which they were written."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case NotOf(part):
            yield from leaves(part)
        case _:
            yield condition


def judge_leaf(leaf: Leaf, facts: Facts) -> Tri:
    """One comparison. A field that the facts do not have is not known."""
    value = facts.get(leaf.field.name, Missing.NOT_TOLD)
    if isinstance(value, Missing):
        return Tri.UNKNOWN
    return Tri.YES if leaf.holds(value) else Tri.NO


def judge(condition: Condition, facts: Facts) -> Tri:
    """The whole condition. The order of parts never matters."""
    match condition:
        case AllOf(parts):
            return min((judge(part, facts) for part in parts), default=Tri.YES)
        case AnyOf(parts):
            return max(judge(part, facts) for part in parts)
        case NotOf(part):
            return ~judge(part, facts)
        case _:
            return judge_leaf(condition, facts)


@dataclass(frozen=True, slots=True)
class Reason:
    """What one comparison found: ``outcome`` as it counts for the whole, so that under a "not" it is turned."""

    leaf: Leaf
    outcome: Tri
    missing: Missing | None
    turned: bool


def reasons(condition: Condition, facts: Facts, *, turned: bool = False) -> list[Reason]:
    """All of them, also those that did not decide: satisfied, failed and not known (with what would make it known)."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return [one for part in parts for one in reasons(part, facts, turned=turned)]
        case NotOf(part):
            return reasons(part, facts, turned=not turned)
        case _:
            found = judge_leaf(condition, facts)
            value = facts.get(condition.field.name, Missing.NOT_TOLD)
            missing = value if isinstance(value, Missing) else None
            return [Reason(condition, ~found if turned else found, missing, turned)]


# -- as data -----------------------------------------------------------------------------------------------------------


def parse_condition(data: Json) -> Condition:
    """Read a condition strictly: an unknown word, field, code or bound is refused with its place.

    Raises:
        Invalid: ``INVALID`` with ``facts['field']`` the path (``all.0.any.1``) and ``facts['reason']`` one of ``SHAPE``,
            ``FIELD``, ``KIND``, ``CODES``, ``NUMBER``, ``BOUNDS``, ``DEPTH``, ``LEAVES``.
    """
    found = _read(data, "", 0)
    if sum(1 for _ in leaves(found)) > MOST_LEAVES:
        raise _bad("", "LEAVES")
    return found


def condition_json(condition: Condition) -> Json:
    """The same as data; :func:`parse_condition` reads it back."""
    match condition:
        case AllOf(parts):
            return {"all": [condition_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [condition_json(part) for part in parts]}
        case NotOf(part):
            return {"not": condition_json(part)}
        case OneOf(field, codes):
            return {"field": field.name, "one_of": [*sorted(codes)]}
        case Under(field, branches):
            return {"field": field.name, "under": [*branches]}
        case Between(field, low, high):
            bounds: dict[str, Json] = {"field": field.name}
            if low is not None:
                bounds["from"] = format(low, "f")
            if high is not None:
                bounds["to"] = format(high, "f")
            return bounds


def _read(data: Json, path: str, depth: int) -> Condition:
    if not isinstance(data, dict):
        raise _bad(path, "SHAPE")
    match data:
        case {"all": list(parts), **rest} if not rest:
            return AllOf(_parts(parts, f"{path}all.", depth))
        case {"any": list(parts), **rest} if not rest and parts:
            return AnyOf(_parts(parts, f"{path}any.", depth))
        case {"not": part, **rest} if not rest:
            if depth >= MOST_DEPTH:
                raise _bad(path, "DEPTH")
            return NotOf(_read(part, f"{path}not.", depth + 1))
        case {"field": str(name), **rest}:
            field = field_of(name)
            if field is None:
                raise _bad(path, "FIELD")
            return _leaf(field, rest, path)
        case _:
            raise _bad(path, "SHAPE")


def _parts(parts: list[Json], path: str, depth: int) -> tuple[Condition, ...]:
    if depth >= MOST_DEPTH:
        raise _bad(path, "DEPTH")
    return tuple(_read(part, f"{path}{place}.", depth + 1) for place, part in enumerate(parts))


def _leaf(field: Field, rest: dict[str, Json], path: str) -> Leaf:
    match rest:
        case {"one_of": list(codes), **more} if not more:
            if field.kind not in {Kind.CODE, Kind.CODES}:
                raise _bad(path, "KIND")
            found = frozenset(_codes(codes, path))
            if field.codes and not found <= set(field.codes):
                raise _bad(path, "CODES")
            return OneOf(field, found)
        case {"under": list(branches), **more} if not more:
            if field.kind is not Kind.TREE:
                raise _bad(path, "KIND")
            return Under(field, tuple(sorted(set(_codes(branches, path)))))
        case _ if rest and rest.keys() <= {"from", "to"}:
            if field.kind is not Kind.NUMBER:
                raise _bad(path, "KIND")
            low, high = _number(rest.get("from"), field, path), _number(rest.get("to"), field, path)
            if low is not None and high is not None and low > high:
                raise _bad(path, "BOUNDS")
            return Between(field, low, high)
        case _:
            raise _bad(path, "SHAPE")


def _codes(codes: list[Json], path: str) -> list[str]:
    texts = [code for code in codes if isinstance(code, str) and code.isascii() and 0 < len(code) <= 40]
    if not codes or len(texts) != len(codes) or len(codes) > MOST_CODES:
        raise _bad(path, "CODES")
    return texts


def _number(text: Json, field: Field, path: str) -> Decimal | None:
    if text is None:
        return None
    if (
        not isinstance(text, str)
        or len(text) > 24
        or not text.removeprefix("-").replace(".", "", 1).isdecimal()
    ):
        raise _bad(path, "NUMBER")
    number = Decimal(text)
    if not text.isascii() or number % field.step:
        raise _bad(path, "NUMBER")
    return number


def _bad(path: str, reason: str) -> Invalid:
    where = path.rstrip(".")
    return Invalid(Code.INVALID, f"condition {where}: {reason}", facts={"field": where, "reason": reason})
