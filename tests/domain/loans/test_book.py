"""What a contract stands at on a day, what changes of a plan leave of it, and what a report may say."""

import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from xinqiao.domain.errors import Conflict, Forbidden, Invalid
from xinqiao.domain.loans.book import (
    Fees,
    History,
    Made,
    Reported,
    Tranche,
    annual_cost_of,
    drawn_of,
    position,
)
from xinqiao.domain.loans.change import Change, changed_plan, changed_terms
from xinqiao.domain.loans.cost import all_in_rate
from xinqiao.domain.loans.ledger import Payment
from xinqiao.domain.loans.plan import Method, Terms, repayment_plan
from xinqiao.domain.loans.said import MAY, NEEDS, read_contract, read_draw, read_event
from xinqiao.domain.loans.states import ENDED, LIVE, LOAN, FiveClass, LoanEvent, LoanState
from xinqiao.domain.machine import Role

D = Decimal
TERMS = Terms(120_000_000, D("0.0385"), date(2026, 1, 31), 12, Method.INTEREST_FIRST)
NORMAL = FiveClass.NORMAL


def tranche(*payments: Payment, terms: Terms = TERMS) -> Tranche:
    return Tranche(terms, (Made(terms.drawn_on, repayment_plan(terms)),), payments)


def test_the_figures_of_the_acceptance_scenario() -> None:
    fees = Fees(D("0.005"))
    assert all_in_rate([drawn_of(TERMS, fees, 120_000_000)]) == D("0.0435").quantize(D("1e-10"))
    cost = annual_cost_of([tranche()], fees, 120_000_000)
    plain = annual_cost_of([tranche()], Fees(), 120_000_000)
    assert cost is not None
    assert plain is not None
    assert D("0.044") < cost < D("0.046")
    assert D("0.039") < plain < D("0.0395")
    assert annual_cost_of([], fees, 1) is None


def test_a_loan_that_is_paid_as_planned_is_never_overdue_and_owes_nothing_at_the_end() -> None:
    plan = repayment_plan(TERMS)
    history = History((tranche(*(Payment(due.due_on, due.total_fen) for due in plan)),))
    for day in range(400):
        now = position(history, TERMS.drawn_on + timedelta(day))
        assert not now.overdue_fen
        assert not now.overdue_days
        assert now.balance_fen == (0 if now.day >= TERMS.due_on else 120_000_000)
    assert position(history, TERMS.drawn_on - timedelta(1)).drawn_fen == 0
    first = position(history, TERMS.drawn_on)
    assert (first.next_due, first.next_fen) == (plan[0].due_on, plan[0].total_fen)


def test_the_newer_of_payment_and_reported_position_speaks() -> None:
    told = Reported(date(2026, 3, 31), 120_000_000, 38_500, 31, FiveClass.SPECIAL_MENTION)
    history = History((tranche(Payment(date(2026, 2, 28), 385_000)),), (told,))
    before, then = position(history, date(2026, 3, 30)), position(history, date(2026, 4, 10))
    assert (before.reported_on, before.five_class, before.overdue_days) == (None, NORMAL, 0)
    assert (then.reported_on, then.overdue_days, then.overdue_fen) == (told.day, 41, 38_500)
    assert then.five_class is FiveClass.SPECIAL_MENTION
    paid = History(
        (tranche(Payment(date(2026, 2, 28), 385_000), Payment(date(2026, 4, 2), 385_000)),), (told,)
    )
    after = position(paid, date(2026, 4, 10))
    assert (after.reported_on, after.overdue_days) == (None, 0)
    # of two words about one day the later one counts, whichever way they came
    better = Reported(told.day, 120_000_000, 0, 0, NORMAL)
    assert position(History(history.tranches, (told, better)), told.day).overdue_days == 0
    assert position(History(history.tranches, (better, told)), told.day).overdue_days == 31
    classed = History(history.tranches, (told,), ((date(2026, 4, 5), FiveClass.DOUBTFUL),), date(2026, 5, 1))
    assert [position(classed, date(2026, 4, day)).five_class for day in (4, 5)] == [
        FiveClass.SPECIAL_MENTION, FiveClass.DOUBTFUL,
    ]  # fmt: skip
    assert position(classed, date(2026, 5, 1)).balance_fen == 0


@pytest.mark.parametrize("seed", range(60))
def test_changes_keep_the_principal_and_what_was_due(seed: int) -> None:
    chance = random.Random(seed)
    terms = Terms(
        chance.randrange(1_000_000, 10**9), D(chance.randrange(0, 2_400)).scaleb(-4),
        date(2026, 1, 31) + timedelta(chance.randrange(40)), chance.randrange(2, 37), chance.choice(list(Method)),
    )  # fmt: skip
    plan = repayment_plan(terms)
    for _ in range(3):
        day = terms.drawn_on + timedelta(chance.randrange((terms.due_on - terms.drawn_on).days))
        left = terms.principal_fen - sum(due.principal_fen for due in plan if due.due_on <= day)
        early = chance.random() < 0.6
        change = Change(
            day, chance.randrange(1, left) if early else 0, 0, 0 if early else chance.randrange(1, 7)
        )
        after = changed_plan(terms, plan, change)
        assert sum(due.principal_fen for due in after) == terms.principal_fen
        assert all(due.principal_fen >= 0 and due.interest_fen >= 0 for due in after)
        assert [due for due in plan if due.due_on <= day] == [due for due in after if due.due_on <= day][
            : len(after) if not early else -1
        ]
        assert [due.number for due in after] == list(range(1, len(after) + 1))
        assert after[-1].balance_fen == 0
        terms = changed_terms(terms, change)
        assert after[-1].due_on == terms.due_on
        plan = after


def test_paying_half_early_halves_the_interest_of_what_is_left() -> None:
    plan = changed_plan(TERMS, repayment_plan(TERMS), Change(date(2026, 5, 10), 60_000_000, 10_000))
    rest = [due for due in plan if due.due_on > date(2026, 5, 10)]
    assert {due.interest_fen for due in rest} == {192_500}
    assert (rest[-1].principal_fen, rest[-1].due_on) == (60_000_000, TERMS.due_on)
    history = History(
        (Tranche(TERMS, (Made(TERMS.drawn_on, repayment_plan(TERMS)), Made(date(2026, 5, 10), plan)),
                 (*(Payment(due.due_on, due.total_fen) for due in plan[:4]),)),)
    )  # fmt: skip
    assert position(history, date(2026, 5, 9)).balance_fen == 120_000_000
    assert position(history, date(2026, 5, 10)).balance_fen == 60_000_000


WRONG_CHANGES: list[tuple[dict[str, Any], str, str]] = [
    ({"day": date(2026, 1, 30), "months": 1}, "on", "BEFORE"),
    ({"day": date(2027, 1, 31), "months": 1}, "on", "LATE"),
    ({"day": date(2026, 5, 1)}, "amount", "RANGE"),
    ({"day": date(2026, 5, 1), "principal_fen": 120_000_000}, "amount", "RANGE"),
    ({"day": date(2026, 5, 1), "principal_fen": 1, "interest_fen": -1}, "amount", "RANGE"),
    ({"day": date(2026, 5, 1), "months": 600}, "months", "RANGE"),
]


@pytest.mark.parametrize(("change", "field", "reason"), WRONG_CHANGES)
def test_what_cannot_be_agreed(change: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        changed_plan(TERMS, repayment_plan(TERMS), Change(**change))
    assert (refused.value.facts["field"], refused.value.facts["reason"]) == (field, reason)


CONTRACT = {
    "contract_no": "借字2026-001号", "uscc": "91330100MA2XQA0013", "amount": "1200000.00", "signed_on": "2026-01-30",
    "annual_rate": "0.0385", "method": "interest_first", "guarantee_fee_rate": "0.005", "credit_loan": "yes",
}  # fmt: skip


def code() -> str:
    from xinqiao.domain.identifiers import uscc_check

    return "91330100MA2XQA001" + uscc_check("91330100MA2XQA001")


def test_a_report_is_read_to_the_fen() -> None:
    said = read_contract({**CONTRACT, "uscc": code()})
    assert (said.amount_fen, said.annual_rate, said.guarantee_fee_rate) == (
        120_000_000,
        D("0.0385"),
        D("0.005"),
    )
    assert (said.credit_loan, said.first_loan, said.fees_fen) == (True, False, 0)
    draw = {"key": "1", "amount": "1200000.00", "drawn_on": "2026-01-31"}
    assert read_draw({**draw, "months": "12"}).due_on == date(2027, 1, 31)
    assert read_draw({**draw, "due_on": "2027-01-30"}).months == 12
    for days, fits in ((-5, True), (-6, False), (5, True), (6, False)):
        wish = {**draw, "due_on": (date(2027, 1, 31) + timedelta(days)).isoformat()}
        if fits:
            assert read_draw(wish).months == 12
        else:
            with pytest.raises(Invalid):
                read_draw(wish)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("contract_no", ""), ("contract_no", " x"), ("contract_no", "x" * 65), ("contract_no", "=1+1"), ("uscc", "1"),
        ("amount", "0"), ("amount", "1e5"), ("amount", "-1"), ("signed_on", "2026-2-1"), ("annual_rate", "3.85"),
        ("annual_rate", ""), ("annual_rate", "0.0000001"), ("method", "weekly"), ("day_count", "act_400"),
        ("guarantee_fee_rate", "0.3"), ("fees", "x"), ("credit_loan", "1"), ("guarantor", "x" * 81), ("renews", "?"),
    ],
)  # fmt: skip
def test_every_field_that_is_wrong_is_named(field: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_contract({**CONTRACT, "uscc": code(), field: text})
    assert refused.value.facts["field"] == field


SAYS = {
    "amount": "100.00", "months": "3", "rate": "0.04", "five_class": "loss", "draw": "1", "renewed_by": "C2",
    "interest": "1.00",
}  # fmt: skip


@pytest.mark.parametrize(("event", "name"), list(product(sorted(NEEDS), sorted(SAYS))))
def test_an_event_says_what_it_needs_and_nothing_else(event: LoanEvent, name: str) -> None:
    needs, may = NEEDS[event], MAY.get(event, frozenset())
    whole = {"key": "k-1", "event": event.value, "on": "2026-05-01", **{one: SAYS[one] for one in needs}}
    read_event(whole)
    given = {**whole, name: SAYS[name]} if name not in needs else {**whole, name: ""}
    if name in may:
        read_event(given)
        return
    with pytest.raises(Invalid) as refused:
        read_event(given)
    assert refused.value.facts["field"] == name


def test_a_drawdown_is_no_event_of_this_kind() -> None:
    with pytest.raises(Invalid):
        read_event({"key": "k-1", "event": "draw", "on": "2026-05-01"})
    assert set(NEEDS) == set(LoanEvent) - {LoanEvent.DRAW}


@pytest.mark.parametrize(("state", "event", "role"), list(product(LoanState, LoanEvent, Role)))
def test_the_whole_table(state: LoanState, event: LoanEvent, role: Role) -> None:
    if role is not Role.INSTITUTION:
        with pytest.raises(Forbidden):
            LOAN.fire(state, event, role)
    elif (state, event) in LOAN.moves:
        assert LOAN.fire(state, event, role) is LOAN.moves[state, event]
    else:
        with pytest.raises(Conflict):
            LOAN.fire(state, event, role)


def test_every_state_is_signed_live_or_ended() -> None:
    assert LIVE | ENDED | {LoanState.SIGNED} == set(LoanState)
    assert not LIVE & ENDED
    assert all(LOAN.moves[pair] in ENDED for pair in LOAN.moves if pair[0] in ENDED)
