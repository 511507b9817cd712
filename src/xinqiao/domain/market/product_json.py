"""A version of a product as data: read strictly, written in one way; what it says changed between two versions.

The same JSON is stored, signed by its digest, sent by systems of institutions and built by the form of the portal. Amounts
are text in yuan, rates text of a fraction of one (3.85 % is ``"0.0385"``), days ``YYYY-MM-DD``.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.market import reading
from xinqiao.domain.market.conditions import condition_json
from xinqiao.domain.market.product import (
    MOST_NAME,
    MOST_NOTE,
    Charge,
    ChargeBasis,
    ChargeKind,
    ProductKind,
    ProductTerms,
    Zone,
    bad,
)
from xinqiao.domain.money import format_fen, parse_amount

_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?", re.ASCII)

_NEEDED = frozenset(
    {"name", "kind", "amount_min", "amount_max", "months_min", "months_max", "rate_min", "rate_max"}
)
_NEEDED |= {"methods", "sla_days"}
_MORE = frozenset(
    {"security", "day_count", "charges", "fee_note", "regions", "industries", "sizes", "subjects"}
)
_MORE |= {
    "condition",
    "required_items",
    "materials",
    "zones",
    "guarantee_ok",
    "policy_links",
    "valid_from",
    "valid_to",
}


def parse_terms(data: Json) -> ProductTerms:
    """Read a version strictly; what is not said has no condition.

    Raises:
        Invalid: ``UNKNOWN_FIELD``; ``INVALID`` with ``facts['field']`` and ``facts['reason']`` one of ``MISSING``, ``SHAPE``,
            ``TEXT``, ``CODES``, ``NUMBER``, ``RANGE``, ``BOUNDS``, ``KIND``, ``FIELD`` and those of a condition, whose
            field is ``condition`` with its place; ``AMOUNT_FORMAT``, ``TIME_FORMAT`` with their fields.
    """
    if not isinstance(data, dict):
        bad("", "SHAPE")
    unknown = sorted(data.keys() - _NEEDED - _MORE)
    if unknown:
        raise Invalid(Code.UNKNOWN_FIELD, "no such field", facts={"field": unknown[0]})
    for name in sorted(_NEEDED):
        if data.get(name) in (None, "", []):
            bad(name, "MISSING")
    kind = reading.code(data, "kind", ProductKind)
    return ProductTerms(
        name=reading.text(data["name"], "name", MOST_NAME),
        kind=kind,
        security=_security(data.get("security"), kind),
        amount_fen=_amounts(data),
        months=(reading.whole(data, "months_min"), reading.whole(data, "months_max")),
        rate=(reading.fraction(data["rate_min"], "rate_min"), reading.fraction(data["rate_max"], "rate_max")),
        methods=reading.codes(data, "methods", Method),
        sla_days=reading.whole(data, "sla_days"),
        day_count=DayCount.MONTHLY
        if data.get("day_count") is None
        else reading.code(data, "day_count", DayCount),
        charges=tuple(_charge(one) for one in reading.listed(data, "charges")),
        fee_note=reading.text(data.get("fee_note") or "", "fee_note", MOST_NOTE, least=0),
        regions=reading.matching(data, "regions", reading.REGION),
        industries=reading.matching(data, "industries", reading.INDUSTRY),
        sizes=reading.sizes(data),
        subjects=reading.codes(data, "subjects", SubjectType),
        condition=reading.condition(data.get("condition")),
        required_items=reading.matching(data, "required_items", reading.ITEM),
        materials=tuple(
            reading.text(one, "materials", MOST_NAME) for one in reading.listed(data, "materials")
        ),
        zones=reading.codes(data, "zones", Zone),
        guarantee_ok=reading.flag(data, "guarantee_ok"),
        policy_links=_links(data),
        valid_from=reading.day(data, "valid_from"),
        valid_to=reading.day(data, "valid_to"),
    )


def terms_json(terms: ProductTerms) -> dict[str, Json]:
    """The one way to write it; :func:`parse_terms` reads it back."""
    return {
        "name": terms.name,
        "kind": terms.kind.value,
        "security": terms.security,
        "amount_min": format_fen(terms.amount_fen[0]),
        "amount_max": format_fen(terms.amount_fen[1]),
        "months_min": terms.months[0],
        "months_max": terms.months[1],
        "rate_min": rate_text(terms.rate[0]),
        "rate_max": rate_text(terms.rate[1]),
        "methods": [one.value for one in terms.methods],
        "day_count": terms.day_count.value,
        "charges": [_charge_json(one) for one in terms.charges],
        "fee_note": terms.fee_note,
        "regions": [*terms.regions],
        "industries": [*terms.industries],
        "sizes": [*terms.sizes],
        "subjects": [one.value for one in terms.subjects],
        "condition": condition_json(terms.condition),
        "required_items": [*terms.required_items],
        "materials": [*terms.materials],
        "sla_days": terms.sla_days,
        "zones": [one.value for one in terms.zones],
        "guarantee_ok": terms.guarantee_ok,
        "policy_links": [*terms.policy_links],
        "valid_from": terms.valid_from.isoformat() if terms.valid_from else None,
        "valid_to": terms.valid_to.isoformat() if terms.valid_to else None,
    }


def terms_digest(terms: ProductTerms) -> str:
    """SHA-256 of the canonical form: what the log says of a version."""
    return sha256(canonical_bytes(terms_json(terms))).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two versions say differently."""

    field: str
    before: Json
    after: Json


def differences(before: ProductTerms, after: ProductTerms) -> list[Difference]:
    """What changed, in the order of the fields."""
    old, new = terms_json(before), terms_json(after)
    return [Difference(name, old[name], new[name]) for name in old if old[name] != new[name]]


def rate_text(rate: Decimal) -> str:
    """A rate without the noughts at its end: ``0.0385``."""
    text = format(rate, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _charge_json(one: Charge) -> Json:
    value = format_fen(int(one.value)) if one.basis is ChargeBasis.ONCE_FEN else rate_text(one.value)
    return {"kind": one.kind.value, "basis": one.basis.value, "value": value}


def _charge(data: Json) -> Charge:
    if not isinstance(data, dict) or data.keys() != {"kind", "basis", "value"}:
        bad("charges", "SHAPE")
    kind, basis = (
        reading.one(data["kind"], "charges", ChargeKind),
        reading.one(data["basis"], "charges", ChargeBasis),
    )
    if basis is ChargeBasis.ONCE_FEN:
        return Charge(kind, basis, Decimal(parse_amount(data["value"], field="charges")))
    return Charge(kind, basis, reading.fraction(data["value"], "charges"))


def _amounts(data: dict[str, Json]) -> tuple[int, int]:
    low, high = (parse_amount(data[name], field=name) for name in ("amount_min", "amount_max"))
    return low, high


def _security(given: Json, kind: ProductKind) -> str:
    if given is None:
        # named after its security, or asking for none
        return (
            kind.value
            if kind.value in {"mortgage", "pledge", "guarantee", "receivable", "ip_pledge"}
            else "credit"
        )
    if not isinstance(given, str):
        bad("security", "CODES")
    return given


def _links(data: dict[str, Json]) -> tuple[str, ...]:
    found = reading.listed(data, "policy_links")
    if any(not isinstance(one, str) or len(one) > 300 or not _LINK.fullmatch(one) for one in found):
        bad("policy_links", "CODES")
    return tuple(map(str, found))
