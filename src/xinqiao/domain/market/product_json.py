"""A version of a product as data: read strictly, written in one way; what it says changed between two versions.

The same JSON is stored, signed by its digest, sent by systems of institutions and built by the form of the portal. Amounts
are text in yuan, rates text of a fraction of one (3.85 % is ``"0.0385"``), days ``YYYY-MM-DD``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.market.conditions import NOTHING_ASKED, Condition, condition_json, parse_condition
from xinqiao.domain.market.product import (
    MOST_LIST,
    MOST_NAME,
    MOST_NOTE,
    SIZES,
    Charge,
    ChargeBasis,
    ChargeKind,
    ProductKind,
    ProductTerms,
    Zone,
    bad,
)
from xinqiao.domain.money import format_fen, parse_amount
from xinqiao.domain.period import parse_date

_REGION = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}", re.ASCII)
_INDUSTRY = re.compile(r"[A-T](?:[0-9]{2,4})?", re.ASCII)
_ITEM = re.compile(r"[a-z][a-z0-9_]{1,63}", re.ASCII)
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?", re.ASCII)
_RATE = re.compile(r"(?:0|1)(?:\.[0-9]{1,6})?", re.ASCII)

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
    kind = _code(data, "kind", ProductKind)
    return ProductTerms(
        name=_text(data["name"], "name", MOST_NAME),
        kind=kind,
        security=_security(data.get("security"), kind),
        amount_fen=_amounts(data),
        months=(_whole(data, "months_min"), _whole(data, "months_max")),
        rate=(_rate(data["rate_min"], "rate_min"), _rate(data["rate_max"], "rate_max")),
        methods=_codes(data, "methods", Method),
        sla_days=_whole(data, "sla_days"),
        day_count=DayCount.MONTHLY if data.get("day_count") is None else _code(data, "day_count", DayCount),
        charges=tuple(_charge(one) for one in _listed(data, "charges")),
        fee_note=_text(data.get("fee_note") or "", "fee_note", MOST_NOTE, least=0),
        regions=_matching(data, "regions", _REGION),
        industries=_matching(data, "industries", _INDUSTRY),
        sizes=_sizes(data),
        subjects=_codes(data, "subjects", SubjectType),
        condition=_condition(data.get("condition")),
        required_items=_matching(data, "required_items", _ITEM),
        materials=tuple(_text(one, "materials", MOST_NAME) for one in _listed(data, "materials")),
        zones=_codes(data, "zones", Zone),
        guarantee_ok=_flag(data, "guarantee_ok"),
        policy_links=_links(data),
        valid_from=_day(data, "valid_from"),
        valid_to=_day(data, "valid_to"),
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
    kind, basis = _one(data["kind"], "charges", ChargeKind), _one(data["basis"], "charges", ChargeBasis)
    if basis is ChargeBasis.ONCE_FEN:
        return Charge(kind, basis, Decimal(parse_amount(data["value"], field="charges")))
    return Charge(kind, basis, _rate(data["value"], "charges"))


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


def _sizes(data: dict[str, Json]) -> tuple[str, ...]:
    found = _listed(data, "sizes")
    if not set(map(str, found)) <= set(SIZES):
        bad("sizes", "CODES")
    return tuple(one for one in SIZES if one in found)


def _condition(data: Json) -> Condition:
    if data is None:
        return NOTHING_ASKED
    try:
        return parse_condition(data)
    except Invalid as refused:
        where = str(refused.facts.get("field", ""))
        field = f"condition.{where}" if where else "condition"
        raise Invalid(refused.code, refused.detail, facts={**refused.facts, "field": field}) from None


def _links(data: dict[str, Json]) -> tuple[str, ...]:
    found = _listed(data, "policy_links")
    if any(not isinstance(one, str) or len(one) > 300 or not _LINK.fullmatch(one) for one in found):
        bad("policy_links", "CODES")
    return tuple(map(str, found))


def _matching(data: dict[str, Json], name: str, form: re.Pattern[str]) -> tuple[str, ...]:
    found = _listed(data, name)
    if any(not isinstance(one, str) or not form.fullmatch(one) for one in found):
        bad(name, "CODES")
    return tuple(sorted(set(map(str, found))))


def _listed(data: dict[str, Json], name: str) -> list[Json]:
    found = data.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        bad(name, "SHAPE")
    if len(found) > MOST_LIST:
        bad(name, "RANGE")
    return found


def _codes[E: StrEnum](data: dict[str, Json], name: str, kind: type[E]) -> tuple[E, ...]:
    found = tuple(_one(one, name, kind) for one in _listed(data, name))
    if len(set(found)) != len(found):
        bad(name, "CODES")
    return found


def _code[E: StrEnum](data: dict[str, Json], name: str, kind: type[E]) -> E:
    return _one(data[name], name, kind)


def _one[E: StrEnum](value: Json, name: str, kind: Callable[[str], E]) -> E:
    try:
        return kind(value if isinstance(value, str) else "")
    except ValueError:
        bad(name, "CODES")


def _text(value: Json, name: str, most: int, *, least: int = 1) -> str:
    if not isinstance(value, str):
        bad(name, "TEXT")
    words = value.strip()
    if not least <= len(words) <= most or any(ord(one) < 32 or ord(one) == 127 for one in words):
        bad(name, "TEXT")
    return words


def _whole(data: dict[str, Json], name: str) -> int:
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int):
        bad(name, "NUMBER")
    return value


def _rate(value: Json, name: str) -> Decimal:
    if not isinstance(value, str) or not _RATE.fullmatch(value):
        bad(name, "NUMBER")
    return Decimal(value)


def _flag(data: dict[str, Json], name: str) -> bool:
    value = data.get(name, False)
    if not isinstance(value, bool):
        bad(name, "SHAPE")
    return value


def _day(data: dict[str, Json], name: str) -> date | None:
    value = data.get(name)
    return None if value in (None, "") else parse_date(value, field=name)
