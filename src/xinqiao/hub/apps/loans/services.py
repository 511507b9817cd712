"""The verbs of loans: an institution reports a contract, a drawdown and what happens since. Page, interface and monthly file
call the same ones.

Every report carries the institution's own number or key, so that the same report once more is the same row; another report
under that key is refused. All of a contract happens under the lock of its row.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from django.db import transaction
from django.db.models import Sum

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound
from xinqiao.domain.loans.book import position
from xinqiao.domain.loans.change import changed_plan, changed_terms
from xinqiao.domain.loans.plan import repayment_plan
from xinqiao.domain.loans.said import ContractSaid, DrawSaid, EventSaid
from xinqiao.domain.loans.states import LOAN, LoanEvent, LoanState
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.loans.models import Drawdown, LoanContract, LoanOfCase, LoanStep
from xinqiao.hub.apps.loans.of_case import signed_case, tell_case
from xinqiao.hub.apps.loans.rows import (
    Happened,
    digest_of,
    fire,
    history,
    last_day,
    locked,
    not_before_now,
    note,
    plans_of,
    repeated,
    require_reporter,
    tell_firm,
    terms_now,
    write_plan,
)
from xinqiao.hub.ids import Prefix, new_id

#: What the last payment may leave of each drawdown, because the institution rounds its interest in its own way (proposed).
ROUNDING_FEN = 100
_TOLD = {
    LoanEvent.FALL_OVERDUE: "loan_overdue",
    LoanEvent.EXTEND: "loan_extended",
    LoanEvent.RENEW: "loan_renewed",
    LoanEvent.SETTLE: "loan_settled",
}

type Effect = Callable[[LoanContract, Drawdown | None, EventSaid], dict[str, object]]


def report_contract(*, actor: InstitutionActor, said: ContractSaid, at: datetime) -> LoanContract:
    """签约: report a contract. The same contract once more is the same row.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``uscc`` with the reason ``NO_ACCOUNT``: the firm has no data account here;
            ``signed_on`` in the future; ``renews``: no contract of this institution with this firm, or one that was taken
            the place of. Conflict: ``CONFLICT_DUPLICATE``: the number was reported with other terms.
    """
    require_reporter(actor)
    not_before_now(said.signed_on, at, "signed_on")
    told = _contract_json(said)
    digest = digest_of("sign", said.signed_on, told)
    with transaction.atomic():
        known = LoanContract.objects.for_viewer(actor).filter(contract_no=said.contract_no).first()
        case = signed_case(actor, said, at) if known is None else None
        # the institution's row is what two reports of one number wait at
        institution = Institution.objects.select_for_update().get(id=actor.institution_id)
        known = LoanContract.objects.for_viewer(actor).filter(contract_no=said.contract_no).first()
        if known is not None:
            if known.digest != digest:
                raise Conflict(
                    Code.CONFLICT_DUPLICATE, "reported with other terms", facts={"field": "contract_no"}
                )
            return known
        firm = Enterprise.objects.filter(uscc=said.uscc).first()
        if firm is None:
            raise Invalid(Code.INVALID, "no data account", facts={"field": "uscc", "reason": "NO_ACCOUNT"})
        row = LoanContract(
            id=new_id(Prefix.LOAN), number=next_number("LC", at), institution=institution, enterprise=firm,
            contract_no=said.contract_no, digest=digest, amount_fen=said.amount_fen, signed_on=said.signed_on,
            annual_rate=said.annual_rate, method=said.method.value, day_count=said.day_count.value,
            guarantee_fee_rate=said.guarantee_fee_rate, fees_fen=said.fees_fen, credit_loan=said.credit_loan,
            first_loan=said.first_loan, guarantor=said.guarantor, renews=_renewed(actor, said, firm), reported_at=at,
        )  # fmt: skip
        row.save(force_insert=True)
        if case is not None:
            LoanOfCase.objects.create(contract=row, case=case)
        note(row, actor, Happened("sign", "sign", said.signed_on, at, told, amount_fen=said.amount_fen))
    return row


def _contract_json(said: ContractSaid) -> dict[str, Json]:
    return {
        "contract_no": said.contract_no, "uscc": said.uscc, "amount_fen": said.amount_fen,
        "annual_rate": str(said.annual_rate.normalize()), "method": said.method.value,
        "day_count": said.day_count.value, "guarantee_fee_rate": str(said.guarantee_fee_rate.normalize()),
        "fees_fen": said.fees_fen, "credit_loan": said.credit_loan, "first_loan": said.first_loan,
        "guarantor": said.guarantor, "renews": said.renews, "case_no": said.case_no,
    }  # fmt: skip


def _renewed(actor: InstitutionActor, said: ContractSaid, firm: Enterprise) -> LoanContract | None:
    if not said.renews:
        return None
    rows = LoanContract.objects.for_viewer(actor).filter(contract_no=said.renews, enterprise=firm)
    found = rows.exclude(contract_no=said.contract_no).filter(renewed_by=None).first()
    if found is None:
        raise Invalid(Code.INVALID, "no such contract", facts={"field": "renews", "reason": "NONE"})
    return found


def report_drawdown(
    *,
    actor: InstitutionActor,
    contract_id: str,
    said: DrawSaid,
    at: datetime,
    expected_revision: int | None = None,
) -> Drawdown:
    """放款: report money that went out; its repayment plan is made here. The same key once more is the same drawdown.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale: when a revision is given. Invalid: ``drawn_on`` in the future or
            before the contract was signed; ``amount`` with the reason ``OVER``: more than was signed for.
        Conflict: ``CONFLICT_DUPLICATE``: the key was used for another report; ``ILLEGAL_MOVE``: the contract is over.
    """
    told: dict[str, Json] = {
        "amount_fen": said.amount_fen, "months": said.months, "due_on": said.due_on.isoformat(),
    }  # fmt: skip
    with transaction.atomic():
        row = _held(actor, contract_id, said.key, LoanEvent.DRAW, expected_revision, at)
        require_reporter(actor)
        known = repeated(row, said.key, digest_of("draw", said.drawn_on, told))
        if known is not None:
            return Drawdown.objects.get(contract=row, key=said.key)
        not_before_now(said.drawn_on, at, "drawn_on")
        if said.drawn_on < row.signed_on:
            _bad("drawn_on", "BEFORE")
        if row.drawn_fen + said.amount_fen > row.amount_fen:
            _bad("amount", "OVER")
        draw = Drawdown.objects.create(
            contract=row, key=said.key, amount_fen=said.amount_fen, drawn_on=said.drawn_on, first_months=said.months,
            months=said.months, annual_rate=row.annual_rate, due_on=said.due_on,
        )  # fmt: skip
        write_plan(draw, repayment_plan(terms_now(row, draw)), since=said.drawn_on, version=1)
        happened = Happened(said.key, "draw", said.drawn_on, at, told, draw, said.amount_fen)
        fire(
            row, actor, LoanEvent.DRAW, happened, drawn_fen=row.drawn_fen + said.amount_fen,
            balance_fen=row.balance_fen + said.amount_fen, due_on=max(row.due_on or said.due_on, said.due_on),
        )  # fmt: skip
        tell_firm(row, "loan_drawn", at)
    return draw


def _held(
    actor: InstitutionActor, contract_id: str, key: str, event: LoanEvent, revision: int | None, at: datetime
) -> LoanContract:
    """The contract, held after its case. A form that is sent twice finds its report, not that the contract changed by it."""
    if LoanStep.objects.filter(contract_id=contract_id, key=key).exists():
        return locked(actor, contract_id, None)
    tell_case(actor, contract_id, event, at)
    return locked(actor, contract_id, revision)


def report_event(
    *,
    actor: InstitutionActor,
    contract_id: str,
    said: EventSaid,
    at: datetime,
    expected_revision: int | None = None,
) -> LoanStep:
    """还款、提前还款、展期、逾期、恢复正常、五级分类、续贷、结清、核销、收回: report what happened. A key counts once.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale: when a revision is given. Conflict: ``ILLEGAL_MOVE``;
            ``CONFLICT_DUPLICATE``: the key was used for another report; ``CONFLICT_STATE`` with the reason ``OWED``: more is
            owed than a settlement may leave, or ``ARREARS``: a plan is not changed while something is overdue.
        Invalid: ``on`` (``FUTURE``, ``BEFORE`` the drawdown, ``ORDER``: the plan was changed or paid by later reports, ``LATE``),
            ``draw`` (``NONE``, ``WHICH`` of several), ``amount`` (``OVER``: more than is owed), ``renewed_by`` (``NONE``).
    """
    with transaction.atomic():
        row = _held(actor, contract_id, said.key, said.event, expected_revision, at)
        require_reporter(actor)
        told = _event_json(said)
        known = repeated(row, said.key, digest_of(said.event, said.on, told))
        if known is not None:
            return known
        not_before_now(said.on, at, "on")
        LOAN.fire(
            LoanState(row.state), said.event, Role.INSTITUTION
        )  # what cannot happen needs no other reason
        draw = _drawdown(row, said)
        columns = _EFFECTS[said.event](row, draw, said)
        happened = Happened(
            said.key, said.event, said.on, at, told, draw, said.amount_fen, said.five_class, said.note
        )
        step = fire(row, actor, said.event, happened, **columns)
        row.balance_fen = _refresh(row)
        if said.event in _TOLD:
            tell_firm(row, _TOLD[said.event], at)
    return step


def _event_json(said: EventSaid) -> dict[str, Json]:
    found: dict[str, Json] = {
        "amount_fen": said.amount_fen, "interest_fen": said.interest_fen, "months": said.months,
        "rate": str(said.rate.normalize()) if said.rate is not None else "",
        "five_class": said.five_class.value if said.five_class else "", "draw": said.draw,
        "renewed_by": said.renewed_by, "note": said.note,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _drawdown(row: LoanContract, said: EventSaid) -> Drawdown | None:
    """The drawdown an event is about, which must have gone out by its day."""
    draws = list(Drawdown.objects.filter(contract=row).order_by("drawn_on", "id"))
    if said.on < draws[0].drawn_on:
        _bad("on", "BEFORE")
    if said.event not in {LoanEvent.REPAY, LoanEvent.PREPAY, LoanEvent.EXTEND, LoanEvent.SETTLE}:
        return None
    meant = [one for one in draws if not said.draw or one.key == said.draw]
    if len(meant) > 1 and said.event is LoanEvent.SETTLE:
        return None
    if len(meant) != 1:
        _bad("draw", "WHICH" if meant else "NONE")
    if said.on < meant[0].drawn_on:
        _bad("on", "BEFORE")
    return meant[0]


# what each event does beside moving the contract


def _nothing(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    return {}


def _repay(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    if draw is not None:
        plan = plans_of(list(draw.plan_rows.all()))[-1].plan
        # penalty interest is the contract's affair; more than twice what is planned in all is a typing error
        if _came_in(row, drawdown=draw) + said.amount_fen > 2 * sum(due.total_fen for due in plan):
            _bad("amount", "OVER")
    return {}


def _came_in(row: LoanContract, **which: object) -> int:
    rows = LoanStep.objects.filter(contract=row).exclude(event__in=["sign", "draw", "write_off"])
    found = rows.filter(**which)
    return found.aggregate(sum=Sum("amount_fen"))["sum"] or 0


def _replan(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    if draw is None:
        return {}
    later = LoanStep.objects.filter(contract=row, drawdown=draw, on__gt=said.on)
    if later.exists():
        _bad("on", "ORDER")
    if position(history(row), said.on).overdue_fen:
        raise Conflict(Code.CONFLICT_STATE, "something is overdue", facts={"reason": "ARREARS"})
    plans = plans_of(list(draw.plan_rows.all()))
    terms, change = terms_now(row, draw), said.change
    plan = changed_plan(terms, plans[-1].plan, change)
    after = changed_terms(terms, change)
    write_plan(draw, plan, since=said.on, version=len(plans) + 1)
    due_on = after.due_on if said.months else draw.due_on
    Drawdown.objects.filter(id=draw.id).update(
        months=after.months, annual_rate=after.annual_rate, due_on=due_on
    )
    return {"due_on": max(row.due_on or due_on, due_on)}


def _classify(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    return {"five_class": said.five_class.value} if said.five_class else {}


def _settle(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    draws = Drawdown.objects.filter(contract=row).count()
    owed = position(history(row), said.on).balance_fen
    if owed > said.amount_fen + ROUNDING_FEN * draws:
        raise Conflict(Code.CONFLICT_STATE, "more is owed", facts={"reason": "OWED"})
    return {"ended_on": said.on, "balance_fen": 0}


def _renew(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    following = LoanContract.objects.filter(renews=row, contract_no=said.renewed_by).first()
    if following is None or not following.drawn_fen:
        _bad("renewed_by", "NONE")
    return {"ended_on": said.on, "balance_fen": 0}


def _write_off(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    if said.amount_fen > position(history(row), said.on).balance_fen:
        _bad("amount", "OVER")
    return {"ended_on": said.on, "balance_fen": 0}


def _recover(row: LoanContract, draw: Drawdown | None, said: EventSaid) -> dict[str, object]:
    lost = LoanStep.objects.get(contract=row, event=LoanEvent.WRITE_OFF.value).amount_fen
    if _came_in(row, event=LoanEvent.RECOVER.value) + said.amount_fen > lost:
        _bad("amount", "OVER")
    return {}


_EFFECTS: dict[LoanEvent, Effect] = {
    LoanEvent.REPAY: _repay,
    LoanEvent.PREPAY: _replan,
    LoanEvent.EXTEND: _replan,
    LoanEvent.FALL_OVERDUE: _nothing,
    LoanEvent.CURE: _nothing,
    LoanEvent.CLASSIFY: _classify,
    LoanEvent.RENEW: _renew,
    LoanEvent.SETTLE: _settle,
    LoanEvent.WRITE_OFF: _write_off,
    LoanEvent.RECOVER: _recover,
}


def _refresh(row: LoanContract) -> int:
    """The balance by all that is known now, for lists and sums."""
    balance = position(history(row), last_day(row)).balance_fen
    LoanContract.objects.filter(id=row.id).update(balance_fen=balance)
    return balance


def contract_by_no(actor: InstitutionActor, contract_no: str) -> LoanContract:
    """A contract by the institution's own number. Raises NotFound."""
    found = LoanContract.objects.for_viewer(actor).filter(contract_no=contract_no).first()
    if found is None:
        raise NotFound
    return found


def _bad(field: str, reason: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})
