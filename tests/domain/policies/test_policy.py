"""Versions of policies and what applications say: strict reading, formulas by kind, limits with their field."""

from datetime import date
from decimal import Decimal

import pytest

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.lifecycles import POLICY, POLICY_CLAIM, PRODUCT
from xinqiao.domain.machine import Role
from xinqiao.domain.policies.claim import (
    HELD,
    LIVE,
    ClaimEvent,
    ClaimState,
    Said,
    benefit,
    check_said,
    parse_said,
    said_json,
)
from xinqiao.domain.policies.example import worked
from xinqiao.domain.policies.policy import PARAMETERS, PolicyKind
from xinqiao.domain.policies.policy_json import parse_policy, policy_digest, policy_json

SUBSIDY: dict[str, Json] = {
    "title": "小微企业贷款贴息", "kind": "interest_subsidy", "summary": "给小微企业的贷款贴息。", "document_no": "云财金〔2026〕1号",
    "rate": "0.01", "most_days": 360, "budget": "1000000.00", "firm_cap": "100000.00", "claim_cap": "20000.00",
    "loan_most": "5000000.00", "loan_rate": "0.05", "covers_from": "2026-01-01", "covers_to": "2026-12-31",
    "regions": ["33"], "sizes": ["micro", "small"], "materials": ["贷款合同"],
    "condition": {"all": [{"field": "records.dishonest_judgment_debtor", "to": "0"}]},
}  # fmt: skip
SAID: dict[str, Json] = {
    "lender": "岚江农商银行", "contract_no": "LJ-2026-001", "principal": "1200000.00", "annual_rate": "0.0385",
    "balances": [{"from": "2026-03-01", "to": "2026-08-28", "balance": "1200000.00"}],
}  # fmt: skip
DAY = date(2026, 11, 21)


def test_a_version_is_read_as_it_was_written() -> None:
    terms = parse_policy(SUBSIDY)
    assert parse_policy(policy_json(terms)) == terms
    assert policy_digest(terms) != policy_digest(parse_policy({**SUBSIDY, "rate": "0.011"}))
    assert (terms.notice_days, terms.formula.days_in_year, terms.mode.value) == (5, 360, "simple")


#: What is changed, the field that is named, the reason.
WRONG: list[tuple[dict[str, Json], str, str]] = [
    ({"title": ""}, "title", "MISSING"),
    ({"kind": "lottery"}, "kind", "CODES"),
    ({"rate": None}, "rate", "MISSING"),
    ({"share": "0.5"}, "share", "KIND"),
    ({"rate": "0"}, "rate", "RANGE"),
    ({"rate": "1.5"}, "rate", "RANGE"),
    ({"most_days": 0}, "most_days", "RANGE"),
    ({"days_in_year": 364}, "days_in_year", "CODES"),
    ({"budget": "0.00"}, "budget", "RANGE"),
    ({"quota": 0}, "quota", "RANGE"),
    ({"quota": True}, "quota", "NUMBER"),
    ({"firm_cap": "0.00"}, "firm_cap", "RANGE"),
    ({"covers_to": "2025-12-31"}, "covers_to", "BOUNDS"),
    ({"open_from": "2026-02-01", "open_to": "2026-01-01"}, "open_to", "BOUNDS"),
    ({"notice_days": 61}, "notice_days", "RANGE"),
    ({"condition": {"field": "need.months", "from": "3"}}, "condition", "FIELD"),
    ({"mode": "never"}, "mode", "CODES"),
]


@pytest.mark.parametrize(("changed", "field", "reason"), WRONG, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_named(changed: dict[str, Json], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_policy({**SUBSIDY, **changed})
    assert (refused.value.facts["field"], refused.value.facts["reason"]) == (field, reason)


def test_no_field_is_overlooked() -> None:
    with pytest.raises(Invalid) as refused:
        parse_policy({**SUBSIDY, "bugdet": "1.00"})
    assert refused.value.code is Code.UNKNOWN_FIELD
    with pytest.raises(Invalid):
        parse_said({**SAID, "contract": "x"})
    with pytest.raises(Invalid):
        parse_policy([])


def test_the_subsidy_of_the_scenario_is_six_thousand_yuan() -> None:
    terms, said = parse_policy(SUBSIDY), parse_said(SAID)
    check_said(terms, said)
    assert said.days == 180
    assert benefit(terms, said).fen == 600_000
    assert parse_said(said_json(said)) == said


def test_caps_bind_and_are_named() -> None:
    terms, said = parse_policy({**SUBSIDY, "claim_cap": "5000.00"}), parse_said(SAID)
    assert (benefit(terms, said).fen, benefit(terms, said).bound_by) == (500_000, "claim")
    left = benefit(terms, said, firm_left_fen=400_000, fund_left_fen=300_000)
    assert (left.fen, left.full_fen, left.bound_by) == (300_000, 600_000, "fund")
    assert benefit(terms, said, firm_left_fen=-1).fen == 0


#: What an application changes, the field that is named, the reason.
OUTSIDE: list[tuple[dict[str, Json], str, str]] = [
    ({"lender": ""}, "lender", "MISSING"),
    ({"contract_no": " "}, "contract_no", "MISSING"),
    ({"principal": None}, "principal", "MISSING"),
    ({"principal": "5000000.01"}, "principal", "LOAN_TOO_LARGE"),
    ({"annual_rate": "0.0501"}, "annual_rate", "LOAN_TOO_DEAR"),
    ({"balances": []}, "balances", "MISSING"),
    ({"balances": [{"from": "2026-03-01", "to": "2026-03-01", "balance": "1.00"}]}, "balances", "BOUNDS"),
    ({"balances": [{"from": "2026-03-01", "to": "2026-04-01", "balance": "1200000.01"}]}, "balances", "BOUNDS"),
    ({"balances": [{"from": "2025-12-31", "to": "2026-04-01", "balance": "1.00"}]}, "balances", "OUTSIDE_PERIOD"),
    ({"balances": [{"from": "2026-03-01", "to": "2027-01-02", "balance": "1.00"}]}, "balances", "OUTSIDE_PERIOD"),
    (
        {"balances": [{"from": "2026-03-01", "to": "2026-05-01", "balance": "1.00"}, {"from": "2026-04-30", "to": "2026-06-01", "balance": "1.00"}]},
        "balances", "OVERLAP",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "reason"), OUTSIDE, ids=lambda one: str(one)[:40])
def test_what_lies_outside_is_named(changed: dict[str, Json], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_said(parse_policy(SUBSIDY), parse_said({**SAID, **changed}))
    assert (refused.value.facts["field"], refused.value.facts["reason"]) == (field, reason)


def test_the_last_day_covered_counts_and_no_more_days_than_the_policy_says() -> None:
    said = {**SAID, "balances": [{"from": "2026-01-01", "to": "2027-01-01", "balance": "1.00"}]}
    check_said(parse_policy({**SUBSIDY, "most_days": 365}), parse_said(said))
    with pytest.raises(Invalid) as refused:
        check_said(parse_policy({**SUBSIDY, "most_days": 364}), parse_said(said))
    assert refused.value.facts["reason"] == "TOO_MANY_DAYS"


def _of(kind: PolicyKind) -> dict[str, Json]:
    values: dict[str, Json] = {"rate": "0.0002", "share": "0.5", "each_fen": "3000.00", "most_days": 15}
    needed = {("each" if name == "each_fen" else name): values[name] for name in PARAMETERS[kind]}
    base = {name: value for name, value in SUBSIDY.items() if name not in ("rate", "most_days", "claim_cap")}
    return {**base, "kind": kind.value, **needed}


#: 100 万 × 0.5 % × 15 / 360 × 50 % = 104.17; 8,000 × 50 %; 100 万 lent; 3,000 a firm.
EXPECTED = {PolicyKind.GUARANTEE_FEE: 10_417, PolicyKind.PREMIUM: 400_000, PolicyKind.TURNOVER: 10_000_000, PolicyKind.GRANT: 300_000}  # fmt: skip


@pytest.mark.parametrize("kind", list(PolicyKind))
def test_each_kind_by_its_formula(kind: PolicyKind) -> None:
    terms = parse_policy(_of(kind) if kind is not PolicyKind.INTEREST_SUBSIDY else SUBSIDY)
    example = worked(terms, DAY)
    if not terms.pays_firms:
        assert example is None
        for act in (check_said, benefit):
            with pytest.raises(Invalid):
                act(terms, Said())
    else:
        assert example is not None
        assert example.paid.fen == EXPECTED.get(kind, 500_000)
        # 10 万 (the ceiling of a firm) × 0.02 % × 15 days
        assert example.fee_fen == (30_000 if kind is PolicyKind.TURNOVER else 0)


def test_a_fee_or_a_premium_must_be_said() -> None:
    for kind, field in ((PolicyKind.GUARANTEE_FEE, "fee_rate"), (PolicyKind.PREMIUM, "fee")):
        said = {**SAID, "balances": [{"from": "2026-03-01", "to": "2026-03-11", "balance": "1.00"}]}
        with pytest.raises(Invalid) as refused:
            check_said(parse_policy(_of(kind)), parse_said(said))
        assert refused.value.facts["field"] == field


def test_the_same_contract_however_it_is_typed() -> None:
    assert Said(contract_no=" lj 2026\u30001 ").contract == Said(contract_no="LJ20261").contract
    assert Said().annual_rate == Decimal(0)


def test_the_tables() -> None:
    assert POLICY.moves == PRODUCT.moves
    assert not any(Role.INSTITUTION in roles for roles in POLICY.may_fire.values())
    ends = {"declined", "refused", "withdrawn", "lapsed", "returned"}
    assert {state.value for state in POLICY_CLAIM.final} == ends
    # no way to the money but over two persons' decisions
    to_paid = [state for (state, event), to in POLICY_CLAIM.moves.items() if to is ClaimState.PAID]
    assert to_paid == [ClaimState.PAYABLE]
    to_payable = {state for (state, _), to in POLICY_CLAIM.moves.items() if to is ClaimState.PAYABLE}
    assert to_payable == {ClaimState.REVIEWED, ClaimState.IN_NOTICE}
    assert HELD < LIVE
    assert POLICY_CLAIM.may_fire[ClaimEvent.CLEAR] == {Role.CLOCK}
