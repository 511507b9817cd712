"""Versions of a product: the table of their states, what a version may say, and what it costs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product as pairs
from typing import Any

import pytest

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid
from xinqiao.domain.loans.plan import DayCount, Method, Terms
from xinqiao.domain.machine import Role
from xinqiao.domain.market.conditions import Tri, judge
from xinqiao.domain.market.matching import Need, Weights, match
from xinqiao.domain.market.product import (
    PENDING,
    PRODUCT,
    STANDING,
    Charge,
    ChargeBasis,
    ChargeKind,
    ProductKind,
    VersionEvent,
    VersionState,
    check_reviewer,
)
from xinqiao.domain.market.product_json import differences, parse_terms, terms_digest, terms_json
from xinqiao.domain.market.quote import Wish, cost_range, fees_of, fits, price, quote

FOLLOWS = {
    "draft": {"in_review", "dropped"},
    "in_review": {"published", "draft", "dropped"},
    "published": {"suspended", "superseded", "withdrawn"},
    "suspended": {"published", "superseded", "withdrawn"},
}
TODAY = date(2026, 11, 21)


def said(**changed: Json) -> dict[str, Json]:
    """A credit product as its institution would send it."""
    return {
        "name": "云税贷", "kind": "credit", "amount_min": "10000.00", "amount_max": "2000000.00", "months_min": 3,
        "months_max": 24, "rate_min": "0.0385", "rate_max": "0.052", "methods": ["interest_first", "equal_instalments"],
        "sla_days": 3, "regions": ["14"], "industries": ["C", "F51"], "sizes": ["small", "micro"],
        "condition": {"all": [{"field": "firm.age_months", "from": "24"}]},
        **changed,
    }  # fmt: skip


def test_the_table_cell_by_cell() -> None:
    for state in VersionState:
        assert {str(PRODUCT.next(state, e)) for e in PRODUCT.allowed(state)} == FOLLOWS.get(state, set())
    for state, event, role in pairs(VersionState, VersionEvent, Role):
        if role not in PRODUCT.may_fire[event]:
            with pytest.raises(Forbidden):
                PRODUCT.fire(state, event, role)
        elif (state, event) not in PRODUCT.moves:
            with pytest.raises(Conflict) as refused:
                PRODUCT.fire(state, event, role)
            assert refused.value.code is Code.ILLEGAL_MOVE
        else:
            assert PRODUCT.fire(state, event, role) is PRODUCT.moves[state, event]
    assert not PENDING & STANDING
    assert PRODUCT.final == set(VersionState) - PENDING - STANDING


@pytest.mark.parametrize("reviewer", ["", "usr-a", "usr-b"])
def test_who_wrote_and_who_is_nobody_do_not_review(reviewer: str) -> None:
    with pytest.raises(Forbidden) as refused:
        check_reviewer(["usr-a", "usr-b"], reviewer)
    assert refused.value.facts["reason"] == "FOUR_EYES"
    check_reviewer(["usr-a", "usr-b"], "usr-c")


def test_a_version_reads_back_what_it_wrote() -> None:
    everything = said(
        charges=[{"kind": "guarantee", "basis": "yearly_rate", "value": "0.005"}, {"kind": "assessment", "basis": "once_fen", "value": "800.00"}],
        fee_note="评估费由借款人承担", subjects=["enterprise"], required_items=["tax_payment"], materials=["营业执照"],
        zones=["first_loan", "agri"], guarantee_ok=True, policy_links=["https://policy.example/a?b=1"],
        valid_from="2026-01-01", valid_to="2026-12-31", day_count="act_360", security="credit",
    )  # fmt: skip
    for data in (said(), everything):
        terms = parse_terms(data)
        assert parse_terms(terms_json(terms)) == terms
        written = terms_json(terms)
        assert {name: written[name] for name in data.keys() - {"sizes"}} == {
            name: data[name] for name in data.keys() - {"sizes"}
        }
    assert parse_terms(everything).sizes == ("micro", "small")


REFUSED: list[tuple[dict[str, Json], str, str]] = [
    ({"name": " "}, "name", "TEXT"),
    ({"name": None}, "name", "MISSING"),
    ({"name": "云\n税"}, "name", "TEXT"),
    ({"kind": "gold"}, "kind", "CODES"),
    ({"security": "mortgage", "kind": "pledge"}, "security", "KIND"),
    ({"security": "gold"}, "security", "CODES"),
    ({"amount_min": "3000000.00"}, "amount", "BOUNDS"),
    ({"amount_min": "0.00"}, "amount", "BOUNDS"),
    ({"months_min": 36}, "months", "BOUNDS"),
    ({"months_min": "3"}, "months_min", "NUMBER"),
    ({"months_max": True}, "months_max", "NUMBER"),
    ({"rate_min": "0.06"}, "rate", "BOUNDS"),
    ({"rate_max": "5.2"}, "rate_max", "NUMBER"),
    ({"rate_max": "1.2"}, "rate", "BOUNDS"),
    ({"rate_min": "3.85%"}, "rate_min", "NUMBER"),
    ({"methods": []}, "methods", "MISSING"),
    ({"methods": ["bullet", "bullet"]}, "methods", "CODES"),
    ({"methods": "bullet"}, "methods", "SHAPE"),
    ({"sla_days": 61}, "sla_days", "RANGE"),
    ({"regions": ["14x"]}, "regions", "CODES"),
    ({"regions": [f"{n:06}" for n in range(100000, 100041)]}, "regions", "RANGE"),
    ({"industries": ["Z"]}, "industries", "CODES"),
    ({"sizes": ["tiny"]}, "sizes", "CODES"),
    ({"charges": [{"kind": "other", "basis": "once_rate", "value": "0.21"}]}, "charges", "RANGE"),
    ({"charges": [{"kind": "other", "basis": "once_fen", "value": "5000.00"}]}, "charges", "RANGE"),
    ({"charges": [{"kind": "other", "basis": "once_rate", "value": "0.00"}]}, "charges", "RANGE"),
    ({"charges": [{"kind": "other"}]}, "charges", "SHAPE"),
    ({"condition": {"field": "firm.nothing", "to": "1"}}, "condition", "FIELD"),
    ({"condition": {"all": [{"field": "firm.age_months", "from": "1.5"}]}}, "condition.all.0", "NUMBER"),
    ({"condition": {"field": "need.amount_fen", "to": "1"}}, "condition", "FIELD"),
    ({"policy_links": ["http://policy.example"]}, "policy_links", "CODES"),
    ({"policy_links": ["https://policy.example/\" onclick"]}, "policy_links", "CODES"),
    ({"materials": ["x" * 41]}, "materials", "TEXT"),
    ({"valid_from": "2026-05-02", "valid_to": "2026-05-01"}, "valid_to", "BOUNDS"),
    ({"guarantee_ok": "yes"}, "guarantee_ok", "SHAPE"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "reason"), REFUSED)
def test_what_a_version_may_not_say(changed: dict[str, Json], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_terms(said(**changed))
    assert (refused.value.code, refused.value.facts["field"], refused.value.facts["reason"]) == (
        Code.INVALID, field, reason,
    )  # fmt: skip


def test_other_stable_codes() -> None:
    for changed, code, field in (
        ({"colour": "red"}, Code.UNKNOWN_FIELD, "colour"),
        ({"amount_max": "2e6"}, Code.AMOUNT_FORMAT, "amount_max"),
        ({"valid_to": "2026-02-30"}, Code.TIME_FORMAT, "valid_to"),
    ):
        with pytest.raises(Invalid) as refused:
            parse_terms(said(**changed))
        assert (refused.value.code, refused.value.facts["field"]) == (code, field)
    with pytest.raises(Invalid):
        parse_terms([])


def test_differences_name_the_fields_and_the_digest_moves_with_them() -> None:
    before, after = parse_terms(said()), parse_terms(said(rate_max="0.05", sla_days=2))
    assert [one.field for one in differences(before, after)] == ["rate_max", "sla_days"]
    assert differences(before, before) == []
    assert terms_digest(before) != terms_digest(after)
    assert terms_digest(before) == terms_digest(parse_terms(said()))


def facts(**changed: Any) -> dict[str, Any]:
    """A firm that the product is meant for."""
    return {
        "firm.region": "140105", "firm.industry": "C2631", "firm.size": "small", "firm.age_months": Decimal(30),
        **{f"firm.{name}": value for name, value in changed.items()},
    }  # fmt: skip


def test_admission_joins_the_fields_with_the_further_conditions() -> None:
    admission = parse_terms(said()).admission()
    assert judge(admission, facts()) is Tri.YES
    for changed in (
        {"region": "330100"},
        {"industry": "F52"},
        {"size": "large"},
        {"age_months": Decimal(23)},
    ):
        assert judge(admission, facts(**changed)) is Tri.NO
    del (known := facts())["firm.size"]
    assert judge(admission, known) is Tri.UNKNOWN
    assert (
        judge(parse_terms(said(regions=[], industries=[], sizes=[], condition=None)).admission(), {})
        is Tri.YES
    )


def test_the_offer_is_what_matching_reads() -> None:
    offer = parse_terms(said()).offer("prd-1", approved=3, decided=12)
    need = Need(150_000_000, 12, "working_capital", frozenset({"credit"}))
    assert match(need, offer, facts(), Weights()).verdict is Tri.YES
    assert match(replace(need, months=36), offer, facts(), Weights()).verdict is Tri.NO
    assert (offer.product_id, offer.handling_days, offer.approved, offer.decided) == ("prd-1", 3, 3, 12)
    assert parse_terms(said(kind="mortgage")).offer("prd-2").security == "mortgage"
    assert parse_terms(said(kind="agri")).kind is ProductKind.AGRI
    assert parse_terms(said(kind="agri")).security == "credit"


def test_days_on_which_it_is_offered_include_both_ends() -> None:
    terms = parse_terms(said(valid_from="2026-01-01", valid_to="2026-12-31"))
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [terms.is_offered(day) for day in days] == [False, True, True, False]
    assert parse_terms(said()).is_offered(date.max)


def test_charges_fall_on_their_days_and_a_part_of_a_year_counts_by_its_months() -> None:
    charges = (
        Charge(ChargeKind.GUARANTEE, ChargeBasis.YEARLY_RATE, Decimal("0.005")),
        Charge(ChargeKind.ASSESSMENT, ChargeBasis.ONCE_FEN, Decimal(80_000)),
        Charge(ChargeKind.OTHER, ChargeBasis.ONCE_RATE, Decimal("0.000001")),
    )
    found = fees_of(charges, Wish(120_000_000, 18, TODAY))
    assert [(one.day.isoformat(), one.fen) for one in found] == [
        ("2026-11-21", 600_000), ("2027-11-21", 300_000), ("2026-11-21", 80_000), ("2026-11-21", 120),
    ]  # fmt: skip


def test_the_acceptance_loan_costs_more_than_its_two_rates_added() -> None:
    """1.2 million at 3.85 % with a guarantee fee of 0.5 % paid ahead: 4.35 % added up, more as a yearly return."""
    terms = Terms(120_000_000, Decimal("0.0385"), TODAY, 12, Method.INTEREST_FIRST)
    found = price(terms, (Charge(ChargeKind.GUARANTEE, ChargeBasis.YEARLY_RATE, Decimal("0.005")),))
    assert (found.interest_fen, found.fees_fen, found.total_fen) == (4_620_000, 600_000, 125_220_000)
    # an independent sum: what is paid, discounted at the cost, is worth what was received
    flows = [(0, 120_000_000 - 600_000), *(((one.due_on - TODAY).days, -one.total_fen) for one in found.plan)]
    worth = sum(fen / (1 + float(found.annual_cost)) ** (days / 365) for days, fen in flows)
    assert abs(worth) < 1
    assert Decimal("0.0435") < found.annual_cost < Decimal("0.046")


def test_a_quote_keeps_to_what_is_offered() -> None:
    terms, wish = parse_terms(said()), Wish(100_000_000, 12, TODAY)
    made = quote(terms, wish, rate=Decimal("0.04"), method=Method.EQUAL_INSTALMENTS)
    assert sum(due.principal_fen for due in made.plan) == wish.amount_fen
    assert fits(terms, wish)
    cases: list[tuple[Wish, str, Method, str]] = [
        (replace(wish, amount_fen=200_000_001), "0.04", Method.INTEREST_FIRST, "amount"),
        (replace(wish, months=25), "0.04", Method.INTEREST_FIRST, "months"),
        (wish, "0.06", Method.INTEREST_FIRST, "rate"),
        (wish, "0.04", Method.BULLET, "method"),
    ]
    for asked, rate, method, field in cases:
        with pytest.raises(Invalid) as refused:
            quote(terms, asked, rate=Decimal(rate), method=method)
        assert refused.value.facts == {"field": field, "reason": "NOT_OFFERED"}
        assert fits(terms, asked) == (field in {"rate", "method"})


def test_a_low_rate_with_a_high_charge_does_not_look_cheap() -> None:
    wish = Wish(50_000_000, 12, TODAY)
    plain = parse_terms(said(rate_min="0.045", rate_max="0.05"))
    dressed = parse_terms(
        said(
            rate_min="0.03",
            rate_max="0.035",
            charges=[{"kind": "other", "basis": "once_rate", "value": "0.02"}],
        )
    )
    cheap, dear = cost_range(plain, wish)
    assert cheap.annual_cost < dear.annual_cost < cost_range(dressed, wish)[0].annual_cost
    assert parse_terms(said(day_count="act_360")).day_count is DayCount.ACT_360
