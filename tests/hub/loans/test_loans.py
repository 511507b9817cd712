"""The verbs of loans, each: works, wrong role, another institution, wrong state, stale, repeated key."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.hub.loans.desk import Lenders

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, XinqiaoError
from xinqiao.domain.loans.said import EventSaid, read_draw, read_event
from xinqiao.domain.loans.states import LOAN, LoanEvent, LoanState
from xinqiao.domain.machine import Role
from xinqiao.domain.period import add_months
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.loans import selectors, services
from xinqiao.hub.apps.loans.models import Drawdown, LoanContract, LoanStep, PlanRow
from xinqiao.hub.apps.loans.selectors import Wanted
from xinqiao.hub.apps.notices.models import Notice

pytestmark = pytest.mark.django_db
D = Decimal


def refusal(kind: type[XinqiaoError], work: Callable[[], object]) -> tuple[object, object]:
    with pytest.raises(kind) as refused:
        work()
    return refused.value.facts.get("field"), refused.value.facts.get("reason")


def test_the_loan_of_the_acceptance_scenario(lenders: Lenders) -> None:
    before = Leaf.objects.count()
    row = lenders.contract()
    draw = lenders.draw(row)
    seen = selectors.whole(selectors.contract(lenders.manager, row.id), lenders.today)
    assert (seen.row.number[:3], seen.row.state, seen.row.drawn_fen) == ("LC-", "outstanding", 120_000_000)
    assert seen.all_in == D("0.0435").quantize(D("1e-10"))
    assert seen.annual_cost is not None
    assert D("0.044") < seen.annual_cost < D("0.046")
    assert (seen.position.balance_fen, seen.draws[0].plan[-1].due_on) == (
        120_000_000,
        add_months(draw.drawn_on, 12),
    )
    assert sum(one.principal_fen for one in PlanRow.objects.all()) == 120_000_000
    assert [one.event for one in seen.steps] == ["sign", "draw"]
    assert [one.leaf_index for one in seen.steps] == [before, before + 1]
    assert Leaf.objects.count() == before + 2
    # a hundred days without a payment: three instalments are overdue, and it is the ledger that says so
    assert seen.position.overdue_days == (lenders.today - add_months(row.signed_on, 1)).days
    assert seen.position.overdue_fen == 3 * 385_000
    for month in (1, 2, 3):
        lenders.event(
            row, "repay", key=f"R-{month}", amount="3850.00", on=add_months(row.signed_on, month).isoformat()
        )
    now = selectors.whole(selectors.contract(lenders.manager, row.id), lenders.today).position
    assert (now.overdue_fen, now.next_due, now.next_fen) == (0, add_months(row.signed_on, 4), 385_000)
    then = selectors.whole(row, add_months(row.signed_on, 2)).position
    assert (then.balance_fen, then.next_due) == (120_000_000, add_months(row.signed_on, 3))
    assert Notice.objects.filter(kind="loan_drawn", audience_id=row.enterprise_id).count() == 1


def test_a_settled_loan_owes_nothing_and_the_firm_hears_of_it(lenders: Lenders) -> None:
    row = lenders.in_state("outstanding")
    said = partial(lenders.event, row, "settle")
    assert refusal(Conflict, said) == (None, "OWED")
    lenders.event(row, "settle", amount="1200000.00", key="S-2")
    row.refresh_from_db()
    assert (row.state, row.balance_fen, row.ended_on) == ("settled", 0, lenders.today)
    assert selectors.totals(lenders.manager, lenders.today).balance_fen == 0
    assert selectors.totals(lenders.manager, lenders.today - timedelta(1)).balance_fen == 120_000_000
    assert Notice.objects.filter(kind="loan_settled", audience_id=row.enterprise_id).count() == 1


def test_no_more_goes_out_than_was_signed_for(lenders: Lenders) -> None:
    row = lenders.contract()
    lenders.draw(row, amount="700000.00")
    assert refusal(Invalid, lambda: lenders.draw(row, "D-2", amount="500000.01")) == ("amount", "OVER")
    lenders.draw(row, "D-2", amount="500000.00", months="6")
    row.refresh_from_db()
    assert (row.drawn_fen, row.balance_fen) == (120_000_000, 120_000_000)
    with pytest.raises(IntegrityError), transaction.atomic():
        LoanContract.objects.filter(id=row.id).update(drawn_fen=120_000_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        LoanContract.objects.filter(id=row.id).update(balance_fen=120_000_001)
    # of two drawdowns a payment says which one it is for
    pay = partial(lenders.event, row, "repay", amount="100.00")
    assert refusal(Invalid, pay) == ("draw", "WHICH")
    assert refusal(Invalid, partial(pay, draw="D-9")) == ("draw", "NONE")
    assert pay(draw="D-2").drawdown == Drawdown.objects.get(key="D-2")


def test_an_early_payment_makes_a_new_plan_and_keeps_the_old(lenders: Lenders) -> None:
    row = lenders.in_state("outstanding")
    for month in (1, 2, 3):
        lenders.event(
            row, "repay", key=f"R-{month}", amount="3850.00", on=add_months(row.signed_on, month).isoformat()
        )
    day = lenders.today
    lenders.event(row, "prepay", amount="600000.00", interest="100.00")
    row.refresh_from_db()
    assert row.balance_fen == 60_000_000
    draw = Drawdown.objects.get(contract=row)
    assert set(draw.plan_rows.values_list("version", flat=True)) == {1, 2}
    assert selectors.whole(row, day - timedelta(1)).position.balance_fen == 120_000_000
    coming = [due for due in selectors.whole(row, day).draws[0].plan if due.due_on > day]
    assert {due.interest_fen for due in coming} == {192_500}
    # what was changed by a later report is not changed under it, and nothing is while something is overdue
    earlier = (day - timedelta(1)).isoformat()
    early = partial(lenders.event, row, "prepay", key="P-2", amount="1.00", on=earlier)
    assert refusal(Invalid, early) == ("on", "ORDER")
    other = lenders.in_state("outstanding", "借字2026-002号")
    assert refusal(Conflict, lambda: lenders.event(other, "extend", months="3")) == (None, "ARREARS")
    on = other.signed_on.isoformat()
    lenders.event(other, "extend", months="3", rate="0.05", on=on, key="E-2")
    other.refresh_from_db()
    assert (other.state, other.due_on) == ("extended", add_months(other.signed_on, 15))
    plan = selectors.whole(other, lenders.today).draws[0].plan
    assert (len(plan), plan[0].interest_fen) == (15, 500_000)


def test_renewal_without_principal_needs_the_contract_that_follows(lenders: Lenders) -> None:
    row = lenders.in_state("overdue")
    renew = partial(lenders.event, row, "renew", renewed_by="借字2026-009号")
    with pytest.raises(Conflict):  # not while it is overdue: the table says so
        renew()
    lenders.event(row, "cure")
    assert refusal(Invalid, renew) == ("renewed_by", "NONE")
    following = lenders.contract(contract_no="借字2026-009号", renews=row.contract_no)
    assert refusal(Invalid, renew) == ("renewed_by", "NONE")
    lenders.draw(following)
    renew()
    row.refresh_from_db()
    assert (row.state, row.balance_fen, following.renews) == ("renewed", 0, row)
    third = partial(lenders.contract, contract_no="借字2026-010号", renews=row.contract_no)
    assert refusal(Invalid, third) == ("renews", "NONE")
    assert refusal(Invalid, partial(lenders.contract, contract_no="N", renews="N")) == ("renews", "NONE")


def test_written_off_is_not_forgiven(lenders: Lenders) -> None:
    row = lenders.in_state("overdue")
    assert refusal(Invalid, lambda: lenders.event(row, "write_off", amount="1200000.01")) == (
        "amount",
        "OVER",
    )
    row = lenders.in_state("written_off", "借字2026-003号")
    lenders.event(row, "recover", amount="500000.00")
    over = partial(lenders.event, row, "recover", key="again", amount="300000.01")
    assert refusal(Invalid, over) == ("amount", "OVER")
    assert selectors.whole(row, lenders.today).position.balance_fen == 0


def test_classes_count_from_their_day(lenders: Lenders) -> None:
    row = lenders.in_state("outstanding")
    lenders.event(row, "classify", five_class="doubtful", on=(lenders.today - timedelta(5)).isoformat())
    row.refresh_from_db()
    assert row.five_class == "doubtful"
    days = (6, 5)
    seen = [selectors.whole(row, lenders.today - timedelta(n)).position.five_class.value for n in days]
    assert seen == ["normal", "doubtful"]
    assert selectors.totals(lenders.manager, lenders.today).bad_rate == 1


WORDS: dict[str, dict[str, str]] = {
    "repay": {"amount": "3850.00"},
    "prepay": {"amount": "1000.00"},
    "extend": {"months": "3"},
    "classify": {"five_class": "loss"},
    "renew": {"renewed_by": "X"},
    "settle": {"amount": "1200000.00"},
    "write_off": {"amount": "1.00"},
    "recover": {"amount": "1.00"},
}
EVENTS = sorted(set(LoanEvent) - {LoanEvent.DRAW})
#: A state each works from; a prepayment and an extension need a loan without arrears, so they are of its first day.
FROM = {"cure": "overdue", "write_off": "overdue", "recover": "written_off"}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event(event: str, lenders: Lenders) -> None:
    row = lenders.in_state(FROM.get(event, "outstanding"))
    words = dict(WORDS.get(event, {}))
    if event in {"prepay", "extend"}:
        words["on"] = row.signed_on.isoformat()
    if event == "renew":
        lenders.draw(lenders.contract(contract_no="X", renews=row.contract_no))
    act = partial(lenders.event, row, event, key="one", **words)
    leaves = Leaf.objects.count()
    for outsider in (lenders.foreign, lenders.cast.outsider):
        with pytest.raises(NotFound):
            act(who=outsider)
    for without in (lenders.clerk, lenders.admin):
        with pytest.raises(Forbidden) as refused:
            act(who=without)
        assert refused.value.code is Code.ROLE_FORBIDDEN
    with pytest.raises(Stale):
        act(revision=row.revision + 1)
    future = {**words, "on": (lenders.today + timedelta(1)).isoformat()}
    assert refusal(Invalid, partial(lenders.event, row, event, **future)) == ("on", "FUTURE")
    assert Leaf.objects.count() == leaves
    step = act(revision=row.revision)
    assert step.state == LOAN.fire(LoanState(row.state), LoanEvent(event), Role.INSTITUTION)
    assert Leaf.objects.count() == leaves + 1
    # the same once more, by whichever of the bank's people and with the revision that was shown then
    assert act(revision=row.revision, who=lenders.second).id == step.id
    assert Leaf.objects.count() == leaves + 1
    other = {**words, "note": "别的"}
    assert refusal(Conflict, partial(lenders.event, row, event, key="one", **other)) == ("key", None)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", ["signed", "outstanding", "extended", "overdue", "settled", "written_off"])
def test_no_event_where_the_table_has_none(state: str, event: str, lenders: Lenders) -> None:
    if (LoanState(state), LoanEvent(event)) in LOAN.moves:
        return
    row = lenders.in_state(state)
    leaves = Leaf.objects.count()
    with pytest.raises(Conflict) as refused:
        lenders.event(row, event, key="one", **WORDS.get(event, {}))
    assert refused.value.code is Code.ILLEGAL_MOVE
    assert Leaf.objects.count() == leaves


def test_a_contract_is_reported_once(lenders: Lenders) -> None:
    row = lenders.contract()
    leaves = Leaf.objects.count()
    again = services.report_contract(actor=lenders.second, said=lenders.said(), at=lenders.now)
    assert (again.id, Leaf.objects.count()) == (row.id, leaves)
    assert refusal(Conflict, lambda: lenders.contract(amount="1.00")) == ("contract_no", None)
    # another institution's number is its own affair
    other = services.report_contract(actor=lenders.foreign, said=lenders.said(), at=lenders.now)
    assert other.id != row.id
    assert [one.contract.id for one in selectors.book(lenders.foreign, Wanted(), lenders.today)[0]] == [
        other.id
    ]
    with pytest.raises(NotFound):
        selectors.contract(lenders.foreign, row.id)
    with pytest.raises(NotFound):
        selectors.contract(lenders.cast.stranger, row.id)
    assert selectors.contract(lenders.cast.owner, row.id) == row
    for without in (lenders.clerk, lenders.admin):
        with pytest.raises(Forbidden):
            services.report_contract(actor=without, said=lenders.said(), at=lenders.now)
    tomorrow = (lenders.today + timedelta(1)).isoformat()
    assert refusal(Invalid, lambda: lenders.contract(contract_no="F", signed_on=tomorrow)) == (
        "signed_on",
        "FUTURE",
    )
    from tests.hub.cast import uscc

    nobody = uscc("91330300MA2XQC009")
    assert refusal(Invalid, lambda: lenders.contract(contract_no="F", uscc=nobody)) == ("uscc", "NO_ACCOUNT")
    Institution.objects.filter(id=lenders.manager.institution_id).update(status="suspended")
    with pytest.raises(Forbidden):
        lenders.contract(contract_no="F")


def test_a_drawdown_is_reported_once(lenders: Lenders) -> None:
    row = lenders.contract()
    said = read_draw(
        {"key": "D-1", "amount": "1200000.00", "drawn_on": row.signed_on.isoformat(), "months": "12"}
    )
    ask: dict[str, Any] = {"contract_id": row.id, "said": said, "at": lenders.now}
    with pytest.raises(NotFound):
        services.report_drawdown(actor=lenders.foreign, **ask)
    with pytest.raises(Forbidden):
        services.report_drawdown(actor=lenders.clerk, **ask)
    with pytest.raises(Stale):
        services.report_drawdown(actor=lenders.manager, **ask, expected_revision=row.revision + 1)
    draw = services.report_drawdown(actor=lenders.manager, **ask, expected_revision=row.revision)
    leaves = Leaf.objects.count()
    again = services.report_drawdown(actor=lenders.manager, **ask, expected_revision=row.revision)
    assert (again.id, Leaf.objects.count()) == (draw.id, leaves)
    assert refusal(Conflict, lambda: lenders.draw(row, amount="1.00")) == ("key", None)
    before = (row.signed_on - timedelta(1)).isoformat()
    assert refusal(Invalid, lambda: lenders.draw(row, "D-2", drawn_on=before)) == ("drawn_on", "BEFORE")
    after = (lenders.today + timedelta(1)).isoformat()
    assert refusal(Invalid, lambda: lenders.draw(row, "D-2", drawn_on=after)) == ("drawn_on", "FUTURE")
    settled = lenders.in_state("settled", "借字2026-005号")
    with pytest.raises(Invalid):  # all of it was drawn
        lenders.draw(settled, "D-2")


def test_the_book_is_read_in_pages_and_found_by_words(lenders: Lenders) -> None:
    rows = [lenders.contract(contract_no=f"C-{number}") for number in range(5)]
    lenders.draw(rows[2])
    first, more = selectors.book(lenders.manager, Wanted(page=2), lenders.today)
    assert more
    seen = [one.contract.contract_no for one in first]
    while more:
        part, more = selectors.book(
            lenders.manager, Wanted(page=2, before=first[-1].contract.id), lenders.today
        )
        seen += [one.contract.contract_no for one in part]
        first = part
    assert sorted(seen) == [f"C-{number}" for number in range(5)]
    found = selectors.book(lenders.manager, Wanted(state="outstanding"), lenders.today)[0]
    assert [one.contract.id for one in found] == [rows[2].id]
    assert len(selectors.book(lenders.manager, Wanted(text="C-1"), lenders.today)[0]) == 1
    assert len(selectors.book(lenders.manager, Wanted(text="远山"), lenders.today)[0]) == 5
    assert selectors.totals(lenders.manager, lenders.today).loans == 1
    span = (lenders.now - timedelta(1), lenders.now + timedelta(1))
    assert len(selectors.outcomes(*span)) == 5
    assert LoanStep.objects.count() == 6


def test_what_is_said_is_kept_as_it_was_said(lenders: Lenders) -> None:
    row = lenders.in_state("outstanding")
    step = lenders.event(row, "repay", amount="3850.00", note="企业网银还款")
    assert step.said == {"amount_fen": 385_000, "note": "企业网银还款"}
    assert isinstance(read_event({"key": "k", "event": "cure", "on": "2026-01-01"}), EventSaid)
    assert isinstance(step.on, date)
