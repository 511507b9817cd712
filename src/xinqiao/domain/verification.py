"""数据核验: a stated tuple against a department's records, answered yes or no; and what guessing costs.

The claim is compared whole: it is consistent when one record has the stated value in every stated field, in the normal
forms of the catalogue. "No record" is the same answer as "another value", one shape and one size, sent at the next
tick of a fixed grid (abuse case E1), so the answer says nothing about whether a person is known. The catalogue's richer
response (``no_record``, results per field) is not given outward for that reason.

A budget bounds guessing (E2): the history is handed in, nothing is remembered here.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.catalogue.keys import canonical_text
from xinqiao.domain.catalogue.model import Catalogue, FieldType, Item, RowRule
from xinqiao.domain.catalogue.values import read_value, trim
from xinqiao.domain.consent.decision import ALLOWED, Decision, refuse
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import name_key

#: Hex digits of a claim's salt: 32 bytes, so that a number of a person cannot be found from its digest by trying.
SALT_HEX = 64
#: What is compared when a department has no candidate: the same work, and never equal to a claim.
_NOBODY: Mapping[str, str] = {}


class Answer(StrEnum):
    """The outward answer; the two words are equally long on purpose."""

    YES = "yes"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Claim:
    """A stated tuple in normal form. Out of ``repr``: it may be about a person."""

    item: str
    values: Mapping[str, str]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that are stated."""
        return frozenset(self.values)

    def __repr__(self) -> str:
        return f"Claim({self.item}, {sorted(self.values)})"


def read_claim(catalogue: Catalogue, item: Item, stated: Mapping[str, str], *, on: date) -> Claim:
    """Bring a stated tuple into its normal form.

    Args:
        catalogue: whose code lists hold.
        item: what the claim is about.
        stated: field name → text. Every required field must be stated; the others are compared when they are.
        on: the day in Shanghai; nobody is born later.

    Raises:
        Invalid: ``UNKNOWN_FIELD``; ``INVALID`` naming the field and the rule it breaks, never its value.
    """
    unknown = sorted(set(stated) - {field.name for field in item.fields})
    if unknown:
        raise Invalid(
            Code.UNKNOWN_FIELD, "no such field", facts={"field": unknown[0], "items": list(unknown)}
        )
    values, broken = _normal(catalogue, item, stated, on)
    if broken:
        name, rule = next(iter(broken.items()))
        raise Invalid(Code.INVALID, f"{name}: {rule}", facts={"field": name, "reason": str(rule)})
    return Claim(item.id, values)


def normal_record(catalogue: Catalogue, item: Item, cells: Mapping[str, str], *, on: date) -> dict[str, str]:
    """The good values of a department's record in normal form; a value that breaks a rule equals no claim."""
    return _normal(catalogue, item, cells, on)[0]


def _normal(
    catalogue: Catalogue, item: Item, cells: Mapping[str, str], on: date
) -> tuple[dict[str, str], dict[str, RowRule]]:
    values: dict[str, str] = {}
    broken: dict[str, RowRule] = {}
    # Kinds of certificates come before the numbers that are judged by them.
    for field in sorted(item.fields, key=lambda field: field.type is FieldType.ID_NUMBER):
        text = trim(cells.get(field.name, ""))
        if not text:
            if field.required:
                broken[field.name] = RowRule.REQUIRED
            continue
        id_type = values.get(field.id_type_field or "")
        found = read_value(field, text, catalogue.code_lists, id_type=id_type, on=on)
        if isinstance(found, RowRule):
            broken[field.name] = found
        elif field.type in (FieldType.STRING, FieldType.TEXT):
            # two writings of one name are one name: widths, brackets, spaces, case
            values[field.name] = name_key(canonical_text(found))
        else:
            values[field.name] = canonical_text(found)
    return values, broken


def claim_digest(claim: Claim, salt: str) -> str:
    """The digest that is authorised: over the item, the exact normal tuple and the salt.

    Raises:
        Invalid: the salt is not 64 lower-case hex digits.
    """
    if len(salt) != SALT_HEX or set(salt) - set("0123456789abcdef"):
        raise Invalid(Code.INVALID, "a salt is 64 hex digits", facts={"field": "salt"})
    body: Json = {"v": "xq-claim-1", "item": claim.item, "values": {**claim.values}, "salt": salt}
    return sha256(canonical_bytes(body)).hexdigest()


def guess_key(claim: Claim, key: bytes) -> str:
    """By which a party recognises the same guess again, whatever its salt: keyed, so it can be stored."""
    body: Json = {"item": claim.item, "values": {**claim.values}}
    return hmac.new(key, canonical_bytes(body), sha256).hexdigest()


def compare(claim: Claim, records: Iterable[Mapping[str, str]]) -> Answer:
    """Whether one record has the stated value in every stated field.

    Args:
        claim: in normal form.
        records: candidates in normal form (:func:`normal_record`); none at all gives the answer of a mismatch.

    Every candidate is compared to its end, and one that nobody is, so that an unknown person costs the same work.
    """
    wanted = _tuple_digest(claim.item, claim.values)
    equal = False
    for record in (*records, _NOBODY):
        stated = {name: record.get(name, "") for name in claim.values}
        equal |= hmac.compare_digest(_tuple_digest(claim.item, stated), wanted)
    return Answer.YES if equal else Answer.NOT


def _tuple_digest(item: str, values: Mapping[str, str]) -> bytes:
    return sha256(canonical_bytes({"item": item, "values": {**values}})).digest()


def next_slot(arrived: float, ready: float, grid: float) -> float:
    """The tick at which an answer goes out: the first multiple of ``grid`` after arrival that is not before ``ready``.

    All in seconds of one monotonic clock. At least one whole slot passes, so a fast answer shows nothing either.

    Raises:
        ValueError: the grid is not positive.
    """
    if grid <= 0:
        raise ValueError("a grid is positive")
    slots = max(1, -int(-(ready - arrived) // grid))
    return arrived + slots * grid


# ------------------------------------------------------------------------------------------------------- budgets


@dataclass(frozen=True, slots=True)
class BudgetRules:
    """How much may be verified in a window. Three guesses are the field's; the other figures are proposals."""

    window: timedelta = timedelta(hours=24)
    distinct_guesses: int = 3
    per_pair: int = 20
    per_institution: int = 5_000


@dataclass(frozen=True, slots=True)
class Verified:
    """One verification of the past that went to a source; ``guess`` as :func:`guess_key` gave it."""

    at: datetime
    institution: str
    subject: str
    item: str
    guess: str


def check_budget(ask: Verified, history: Sequence[Verified], *, rules: BudgetRules | None = None) -> Decision:
    """Whether one more verification is within the budgets at ``ask.at``.

    The guesses are counted per subject and item, by whomever they were made. The field sets of one item all hold its
    required fields, so leaving an optional one out buys no new guesses; the same guess again is not a new one.

    Codes: ``VERIFICATION_BUDGET`` with reason ``distinct_guesses``, ``per_pair`` or ``per_institution`` and
    ``retry_after`` in whole seconds.
    """
    rules = rules or BudgetRules()
    since = ask.at - rules.window
    past = [one for one in history if one.at > since]
    last_seen: dict[str, datetime] = {}
    for one in past:
        if (one.subject, one.item) == (ask.subject, ask.item):
            # the newest sight of a guess is what leaves the window last
            last_seen[one.guess] = max(one.at, last_seen.get(one.guess, one.at))
    if ask.guess not in last_seen and len(last_seen) >= rules.distinct_guesses:
        return _spent("distinct_guesses", sorted(last_seen.values()), rules.distinct_guesses, ask, rules)
    mine = sorted(one.at for one in past if one.institution == ask.institution)
    pair = sorted(one.at for one in past if (one.institution, one.subject) == (ask.institution, ask.subject))
    if len(pair) >= rules.per_pair:
        return _spent("per_pair", pair, rules.per_pair, ask, rules)
    if len(mine) >= rules.per_institution:
        return _spent("per_institution", mine, rules.per_institution, ask, rules)
    return ALLOWED


def _spent(reason: str, times: list[datetime], limit: int, ask: Verified, rules: BudgetRules) -> Decision:
    """Refused until so many have left the window that one place is free."""
    free_at = times[len(times) - limit] + rules.window
    wait = max(timedelta(seconds=1), free_at - ask.at)
    seconds = wait.days * 86_400 + wait.seconds + (1 if wait.microseconds else 0)
    return refuse(Code.VERIFICATION_BUDGET, reason, {"retry_after": seconds})
