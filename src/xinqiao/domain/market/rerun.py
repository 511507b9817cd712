"""A run of the matcher as data: what it was given and what it found, so that the same can be found again from it.

The result is a function of the stored inputs: the need and the facts as they were said, the versions of products by their
digests, the weights and the day. No payment is among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.market.conditions import (
    Facts,
    Missing,
    Reason,
    Value,
    condition_json,
    leaves,
    parse_condition,
)
from xinqiao.domain.market.matching import Match, Need, Offer, Weights, match, ranked
from xinqiao.domain.market.product_json import rate_text

type Stored = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Given:
    """Everything a run is given. ``digests``: of each offer's version, by product; ``facts`` only those that are asked of."""

    need: Need
    facts: Facts
    offers: tuple[Offer, ...]
    digests: Mapping[str, str]
    weights: Weights
    day: date

    def json(self) -> Stored:
        """As data; products in the order of their numbers, however they came."""
        return {
            "need": need_of(self.need),
            "facts": facts_json(self.facts),
            "offers": [
                {
                    "product": one.product_id, "digest": self.digests[one.product_id], "approved": one.approved,
                    "decided": one.decided,
                }
                for one in sorted(self.offers, key=lambda one: one.product_id)
            ],
            "weights": weights_json(self.weights),
            "day": self.day.isoformat(),
        }  # fmt: skip

    def digest(self) -> str:
        """SHA-256 of the inputs."""
        return sha256(canonical_bytes(self.json())).hexdigest()


def found(given: Given) -> list[Match]:
    """The result: every pair with all its reasons, in its order."""
    pairs = [match(given.need, offer, given.facts, given.weights) for offer in given.offers]
    return ranked(pairs, {offer.product_id: offer for offer in given.offers})


def result_digest(pairs: Sequence[Match]) -> str:
    """SHA-256 of a whole result with its order."""
    return sha256(canonical_bytes([pair_json(one) for one in pairs])).hexdigest()


def asked_of(facts: Facts, offers: Sequence[Offer]) -> dict[str, Value | Missing]:
    """The facts that some offer's conditions speak of: nothing else about a firm is kept with a run."""
    names = {leaf.field.name for offer in offers for leaf in leaves(offer.condition)}
    return {name: facts.get(name, Missing.NOT_TOLD) for name in sorted(names) if not name.startswith("need.")}


# -- as data -----------------------------------------------------------------------------------------------------------


def facts_json(facts: Facts) -> Stored:
    """Values by their kind, so that they are read back as they were."""
    return {name: _value_json(value) for name, value in sorted(facts.items())}


def parse_facts(data: Mapping[str, Json]) -> dict[str, Value | Missing]:
    """Read :func:`facts_json` back. Raises ValueError for what it never wrote."""
    return {name: _value(value) for name, value in data.items()}


def _value_json(value: Value | Missing) -> Json:
    match value:
        case Missing():
            return {"missing": value.value}
        case Decimal():
            return {"number": format(value, "f")}
        case frozenset():
            return {"codes": [*sorted(value)]}
        case _:
            return {"code": value}


def _value(data: Json) -> Value | Missing:
    match data:
        case {"missing": str(reason)}:
            return Missing(reason)
        case {"number": str(number)}:
            return Decimal(number)
        case {"codes": list(codes)}:
            return frozenset(str(code) for code in codes)
        case {"code": str(code)}:
            return code
        case _:
            raise ValueError("no fact")


def need_of(need: Need) -> Stored:
    """The need as matching reads it."""
    return {
        "amount_fen": str(need.amount_fen), "months": need.months, "purpose": need.purpose,
        "security": [*sorted(need.security)], "rate": None if need.rate is None else rate_text(need.rate),
        "least_fen": None if need.least_fen is None else str(need.least_fen), "least_months": need.least_months,
    }  # fmt: skip


def parse_need_of(data: Mapping[str, Json]) -> Need:
    """Read :func:`need_of` back. Raises ValueError for what it never wrote."""
    match data:
        case {
            "amount_fen": str(amount), "months": int(months), "purpose": str(purpose), "security": list(security),
            "rate": rate, "least_fen": least, "least_months": shortest,
        }:  # fmt: skip
            return Need(
                int(amount), months, purpose, frozenset(str(one) for one in security),
                rate=None if rate is None else Decimal(str(rate)),
                least_fen=None if least is None else int(str(least)),
                least_months=shortest if isinstance(shortest, int) else None,
            )  # fmt: skip
        case _:
            raise ValueError("no need")


def weights_json(weights: Weights) -> Stored:
    """The seven weights and the scales."""
    return {
        "amount": weights.amount, "rate": weights.rate, "term": weights.term, "security": weights.security,
        "history": weights.history, "pace": weights.pace, "policy": weights.policy,
        "best_rate": rate_text(weights.best_rate), "worst_rate": rate_text(weights.worst_rate),
        "worst_days": weights.worst_days,
    }  # fmt: skip


def parse_weights(data: Mapping[str, Json]) -> Weights:
    """Read :func:`weights_json` back. Raises ``INVALID`` for weights that are none."""
    whole = {name: value for name, value in data.items() if isinstance(value, int)}
    scales = {name: Decimal(str(data[name])) for name in ("best_rate", "worst_rate")}
    return Weights(**whole, **scales)  # type: ignore[arg-type]


def pair_json(one: Match) -> Stored:
    """One pair with all its reasons and the smallest change."""
    fit = one.fit
    return {
        "product": one.product_id,
        "verdict": int(one.verdict),
        "score": one.score,
        "fit": {
            "amount": fit.amount, "rate": fit.rate, "term": fit.term, "security": fit.security,
            "history": fit.history, "pace": fit.pace, "policy": fit.policy,
        },
        "reasons": [_reason_json(reason) for reason in one.reasons],
        "change": None
        if one.change is None
        else [
            {
                "field": step.field.name, "was": None if step.was is None else _value_json(step.was),
                "target": _value_json(step.target), "effort": int(step.effort),
            }
            for step in one.change.steps
        ],
    }  # fmt: skip


def _reason_json(reason: Reason) -> Json:
    return {
        "leaf": condition_json(reason.leaf),
        "outcome": int(reason.outcome),
        "missing": reason.missing.value if reason.missing else None,
        "turned": reason.turned,
    }


def parse_leaf(data: Json) -> object:
    """The comparison of a stored reason. Raises as ``parse_condition``."""
    return parse_condition(data)
