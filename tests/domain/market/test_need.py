"""What a need's form may say."""

from datetime import date
from decimal import Decimal

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.need import NeedTerms, check_end, need_digest, need_json, parse_need

TODAY = date(2026, 11, 21)
FULL = {
    "amount": "1500000.00", "least": "800000.00", "months": 12, "least_months": 6, "purpose": "equipment",
    "security": ["pledge", "credit"], "rate": "0.0435", "wanted_by": "2026-12-31", "zones": ["green"], "note": "扩产",
    "contact": "甲一",
}  # fmt: skip


def test_what_is_written_is_read_back() -> None:
    terms = parse_need(FULL, today=TODAY)  # type: ignore[arg-type]
    assert (terms.amount_fen, terms.rate, terms.security) == (
        150_000_000,
        Decimal("0.0435"),
        ("credit", "pledge"),
    )
    assert parse_need(need_json(terms), today=TODAY) == terms
    assert parse_need({}, today=TODAY) == NeedTerms()


def test_the_contact_is_not_in_the_digest() -> None:
    terms = parse_need(FULL, today=TODAY)  # type: ignore[arg-type]
    other = parse_need({**FULL, "contact": "乙二"}, today=TODAY)  # type: ignore[arg-type]
    assert need_digest(terms) == need_digest(other)
    assert need_digest(terms) != need_digest(parse_need({**FULL, "months": 13}, today=TODAY))  # type: ignore[arg-type]


def test_a_need_for_matching_always_offers_its_name() -> None:
    need = parse_need({**FULL, "security": ["pledge"]}, today=TODAY).asked()  # type: ignore[arg-type]
    assert need.security == {"pledge", "credit"}
    assert (need.least_fen, need.least_months) == (80_000_000, 6)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": 15.0}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"least": "1500000.01"}, "least"),
        ({"months": 0}, "months"),
        ({"months": True}, "months"),
        ({"least_months": 13}, "least_months"),
        ({"purpose": "gambling"}, "purpose"),
        ({"security": ["gold"]}, "security"),
        ({"rate": "0.00000001"}, "rate"),
        ({"rate": "1e-2"}, "rate"),
        ({"rate": "99"}, "rate"),
        ({"wanted_by": "2026-11-20"}, "wanted_by"),
        ({"zones": "green"}, "zones"),
        ({"note": "a\nb"}, "note"),
        ({"contact": "x" * 61}, "contact"),
        ({"other": 1}, "other"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field(changed: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_need({**FULL, **changed}, today=TODAY)  # type: ignore[arg-type]
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize("missing", ["amount", "months", "purpose", "security", "contact"])
def test_what_a_need_has_to_say(missing: str) -> None:
    gap = {**FULL, missing: None, "least": None, "least_months": None}
    with pytest.raises(Invalid) as refused:
        parse_need(gap, today=TODAY).require_complete()  # type: ignore[arg-type]
    assert refused.value.facts == {"field": missing, "reason": "MISSING"}


def test_an_end_has_a_code_and_other_has_words() -> None:
    check_end("financed", "")
    check_end("other", "不再需要")
    for code, text in (("other", " "), ("splendid", "")):
        with pytest.raises(Invalid):
            check_end(code, text)
