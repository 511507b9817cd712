"""The verbs of applications: the firm's, the department's, the clock's. Portal and worker call these and nothing else.

Every one holds the application's row first; money moves through ``fund`` in the same transaction. Two people: who reviewed
neither confirms nor pays.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.conditions import Tri
from xinqiao.domain.market.product import bad
from xinqiao.domain.period import business_day
from xinqiao.domain.policies.claim import (
    LIVE,
    SUPPLEMENT_DAYS,
    ClaimEvent,
    ClaimState,
    Reason,
    Said,
    benefit,
    check_said,
    parse_said,
    said_json,
)
from xinqiao.domain.policies.policy import LOAN_KINDS, ApplyMode, PolicyTerms
from xinqiao.domain.policies.policy_json import parse_policy
from xinqiao.hub.actors import AgentScope, EnterpriseActor, InstitutionActor, SystemActor
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.apps.policies.claim_rows import (
    alter,
    locked_claim,
    move,
    read_reason,
    tell_department,
    tell_firm,
    write_down,
)
from xinqiao.hub.apps.policies.facts import firm_facts
from xinqiao.hub.apps.policies.files import attach_files
from xinqiao.hub.apps.policies.fund import firm_left, fund_of, hold, let_go, pay_out, take_back
from xinqiao.hub.apps.policies.judged import Judged, judged
from xinqiao.hub.apps.policies.models import Claim, Policy
from xinqiao.hub.apps.policies.rows import PAYS, WRITES, require_role
from xinqiao.hub.apps.policies.selectors import open_version
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import form_key, text_of

_LIVE = sorted(state.value for state in LIVE)
_MOST_VOUCHER = 40


# the firm's


def apply(
    *,
    actor: EnterpriseActor,
    policy_id: str,
    said: Json,
    evidence: Sequence[str] = (),
    key: str,
    at: datetime,
) -> Claim:
    """Apply under the version in force. The same form once more is the same application.

    Raises:
        NotFound: no such policy takes applications today. Forbidden: ``SUBJECT_NOT_AUTHORISED``.
        Invalid: naming the field; ``materials`` when a full application comes without a file.
        Conflict: ``CONFLICT_STATE`` reason ``NOT_ELIGIBLE``: a condition is not met; ``CONFLICT_DUPLICATE``: these days of
            this loan, or this firm, were asked for already.
    """
    day = business_day(at)
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        firm = Enterprise.objects.get(id=actor.enterprise_id)
        known = Claim.objects.for_viewer(actor).filter(key=form_key(key)).first()
        if known is not None:
            return known
        version = open_version(policy_id, day)
        # the policy's row is what two applications for one loan wait at
        policy = Policy.objects.select_for_update().get(id=policy_id)
        terms, told = parse_policy(version.terms), parse_said(said)
        check_said(terms, told)
        if terms.mode is ApplyMode.FULL and not evidence:
            bad("materials", "MISSING")
        found = _eligible(terms, firm, at)
        span = _span(told)
        contract = f"{told.lender}|{told.contract}" if terms.kind in LOAN_KINDS else ""
        _no_double(policy, contract, span, actor.enterprise_id)
        row = Claim.objects.create(
            id=new_id(Prefix.POLICY_CLAIM), number=next_number("ZS", at), policy=policy, version=version, enterprise=firm,
            key=key, said=said_json(told), contract=contract, first_day=span[0], last_day=span[1], findings=found.reasons,
            amount_fen=benefit(terms, told).fen, applied_at=at,
        )  # fmt: skip
        attach_files(row, evidence, actor)
        write_down(row, actor, Happened("apply", at))
        tell_department(row, "policy_applied", at)
    return row


def _eligible(terms: PolicyTerms, firm: Enterprise, at: datetime) -> Judged:
    found = judged(terms.admission(), firm_facts(firm, at=at))
    if found.verdict is Tri.NO:
        raise Conflict(Code.CONFLICT_STATE, "a condition is not met", facts={"reason": "NOT_ELIGIBLE"})
    return found


def _span(told: Said) -> tuple[date | None, date | None]:
    """First and last day that are asked for."""
    if not told.stretches:
        return None, None
    return min(one.start for one in told.stretches), max(one.end for one in told.stretches) - timedelta(
        days=1
    )


def _no_double(
    policy: Policy, contract: str, span: tuple[date | None, date | None], firm_id: str, but: str = ""
) -> None:
    """No day of a loan is asked for twice, by whichever firm; what has no loan, once by each firm. The policy is held."""
    rows = Claim.objects.filter(policy=policy, state__in=_LIVE, contract=contract).exclude(id=but)
    if contract:
        found = rows.filter(Q(first_day__lte=span[1]) & Q(last_day__gte=span[0])).exists()
    else:
        found = rows.filter(enterprise_id=firm_id).exists()
    if found:
        raise Conflict(
            Code.CONFLICT_DUPLICATE,
            "asked for already",
            facts={"field": "balances" if contract else "policy"},
        )


def supply(
    *,
    actor: EnterpriseActor,
    claim_id: str,
    said: Json,
    evidence: Sequence[str] = (),
    expected_revision: int,
    at: datetime,
) -> Claim:
    """补正: say it anew, with more files. Raises: NotFound, Forbidden, Stale, Invalid, Conflict as :func:`apply`, ``ILLEGAL_MOVE``."""
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        require_capacity(actor, AgentScope.AUTHORISE, at)
        policy = Policy.objects.select_for_update().get(id=row.policy_id)
        terms, told = parse_policy(row.version.terms), parse_said(said)
        check_said(terms, told)
        span = _span(told)
        contract = f"{told.lender}|{told.contract}" if terms.kind in LOAN_KINDS else ""
        _no_double(policy, contract, span, row.enterprise_id, row.id)
        move(
            row, actor, ClaimEvent.SUPPLY, Happened("supply", at), role=Role.ENTERPRISE, said=said_json(told), contract=contract,
            first_day=span[0], last_day=span[1], amount_fen=benefit(terms, told).fen, due_on=None,
        )  # fmt: skip
        attach_files(row, evidence, actor)
        tell_department(row, "policy_supplied", at)
    return row


def withdraw(*, actor: EnterpriseActor, claim_id: str, expected_revision: int, at: datetime) -> Claim:
    """Take an application back before it is paid; what was set aside is free again. Raises: NotFound, Forbidden, Stale, ``ILLEGAL_MOVE``."""
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        require_capacity(actor, AgentScope.AUTHORISE, at)
        happened = Happened("withdraw", at)
        move(row, actor, ClaimEvent.WITHDRAW, happened, role=Role.ENTERPRISE, due_on=None, closed_at=at)
        let_go(row, actor=actor, at=at)
        tell_department(row, "policy_claim_withdrawn", at)
    return row


def give_feedback(
    *, actor: EnterpriseActor, claim_id: str, stars: int, words: str, expected_revision: int, at: datetime
) -> Claim:
    """反馈: how it went, once, after the end. Raises: NotFound, Forbidden, Stale, Invalid, ``CONFLICT_STATE``."""
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        require_capacity(actor, AgentScope.AUTHORISE, at)
        if row.closed_at is None or row.stars is not None:
            raise Conflict(Code.CONFLICT_STATE, "not ended, or said already", facts={"state": row.state})
        if not 1 <= stars <= 5:
            bad("stars", "RANGE")
        said = text_of(words, field="reason") if words.strip() else ""
        alter(row, actor, Happened("feedback", at, said), stars=stars, feedback=said)
    return row


# the department's


def accept(*, actor: InstitutionActor, claim_id: str, expected_revision: int, at: datetime) -> Claim:
    """受理. Raises: NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Conflict: ``ILLEGAL_MOVE``."""
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        require_role(actor, WRITES)
        move(row, actor, ClaimEvent.ACCEPT, Happened("accept", at))
        tell_firm(row, "policy_accepted", at)
    return row


def ask(*, actor: InstitutionActor, claim_id: str, words: str, expected_revision: int, at: datetime) -> Claim:
    """要求补正, with what is lacking and five working days. Raises: as :func:`accept`. Invalid: no words."""
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        require_role(actor, WRITES)
        said = text_of(words, field="reason")
        due = runtime.redress_rules.calendar.add(business_day(at), SUPPLEMENT_DAYS)
        move(row, actor, ClaimEvent.ASK, Happened("ask", at, said), words=said, due_on=due)
        tell_firm(row, "policy_asked", at)
    return row


def turn_down(
    *, actor: InstitutionActor, claim_id: str, reason: str, words: str, expected_revision: int, at: datetime
) -> Claim:
    """不予受理, 审核不通过 or 公示异议成立, whichever the state allows; a reason is named, and money set aside is free again.

    Raises: as :func:`accept`. Invalid: no such reason, or "other" without words.
    """
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        require_role(actor, WRITES)
        code, said = read_reason(reason, words)
        event = {
            ClaimState.APPLIED: ClaimEvent.DECLINE, ClaimState.IN_NOTICE: ClaimEvent.OBJECT
        }.get(ClaimState(row.state), ClaimEvent.REFUSE)  # fmt: skip
        move(
            row,
            actor,
            event,
            Happened(event.value, at, said),
            reason=code,
            words=said,
            due_on=None,
            closed_at=at,
        )
        let_go(row, actor=actor, at=at)
        tell_firm(row, "policy_refused", at)
    return row


def review(*, actor: InstitutionActor, claim_id: str, expected_revision: int, at: datetime) -> Claim:
    """审核通过: the amount by the formula, under what is left for the firm, is set aside. It waits for a second person.

    Raises: as :func:`accept`. Conflict: ``FUND_EXCEEDED``: the fund or the places do not suffice; nothing is left for the firm.
    """
    with transaction.atomic(durable=True):
        row = locked_claim(actor, claim_id, expected_revision)
        by = require_role(actor, WRITES)
        line = fund_of(row)
        terms = parse_policy(row.version.terms)
        paid = benefit(terms, parse_said(row.said), firm_left_fen=firm_left(line, row.enterprise_id))
        if paid.fen <= 0:
            raise Conflict(Code.FUND_EXCEEDED, "nothing is left for the firm", facts={"reason": "FIRM"})
        move(
            row,
            actor,
            ClaimEvent.REVIEW,
            Happened("review", at),
            amount_fen=paid.fen,
            reviewed_by=by,
            words="",
        )
        hold(row, paid.fen, actor=actor, at=at)
        tell_department(row, "policy_reviewed", at)
    return row


def confirm(*, actor: InstitutionActor, claim_id: str, expected_revision: int, at: datetime) -> Claim:
    """资金确认 by a second person: to the public notice, or straight to the payment where the policy has none.

    Raises: as :func:`accept`; ``ROLE_FORBIDDEN`` with the reason ``FOUR_EYES`` to who reviewed.
    """
    with transaction.atomic(durable=True):
        row, by = _fund_step(actor, claim_id, expected_revision)
        days = parse_policy(row.version.terms).notice_days
        event = ClaimEvent.PUBLISH_NOTICE if days else ClaimEvent.CONFIRM
        due = runtime.redress_rules.calendar.add(business_day(at), days) if days else None
        move(row, actor, event, Happened(event.value, at), confirmed_by=by, due_on=due)
        tell_firm(row, "policy_confirmed", at)
    return row


def send_back(
    *, actor: InstitutionActor, claim_id: str, words: str, expected_revision: int, at: datetime
) -> Claim:
    """退回审核 with a reason; what was set aside is free again. Raises: as :func:`confirm`."""
    with transaction.atomic(durable=True):
        row, _by = _fund_step(actor, claim_id, expected_revision)
        said = text_of(words, field="reason")
        move(row, actor, ClaimEvent.SEND_BACK, Happened("send_back", at, said), reviewed_by="", words=said)
        let_go(row, actor=actor, at=at)
    return row


def pay(
    *, actor: InstitutionActor, claim_id: str, voucher: str, expected_revision: int, at: datetime
) -> Claim:
    """拨付, once, with the number of the treasury's paper. Raises: as :func:`confirm`. Invalid: no voucher; a used one is a duplicate."""
    with transaction.atomic(durable=True):
        row, by = _fund_step(actor, claim_id, expected_revision)
        number = voucher.strip()
        if not 1 <= len(number) <= _MOST_VOUCHER or not number.isprintable():
            bad("voucher", "TEXT")
        move(row, actor, ClaimEvent.PAY, Happened("pay", at, number), closed_at=at)
        pay_out(row, number, actor=actor, by=by, at=at)
        tell_firm(row, "policy_paid", at)
    return row


def _fund_step(actor: InstitutionActor, claim_id: str, expected_revision: int) -> tuple[Claim, str]:
    row = locked_claim(actor, claim_id, expected_revision)
    by = require_role(actor, PAYS)
    if by == row.reviewed_by:
        raise Forbidden(
            Code.ROLE_FORBIDDEN, "who reviewed does not decide about money", facts={"reason": "FOUR_EYES"}
        )
    return row, by


def book_return(
    *, actor: InstitutionActor, claim_id: str, amount_fen: int, key: str, expected_revision: int, at: datetime
) -> Claim:
    """退回入账: money came back, in parts or whole; the same form once more books nothing.

    Raises: as :func:`confirm`. Invalid: no amount. Conflict: ``FUND_EXCEEDED`` reason ``RETURN``: more than was paid.
    """
    with transaction.atomic(durable=True):
        known = Claim.objects.for_viewer(actor).filter(id=claim_id, entries__key=form_key(key)).first()
        if known is not None:
            return known
        row, _by = _fund_step(actor, claim_id, expected_revision)
        if amount_fen <= 0:
            bad("amount", "RANGE")
        if row.state != ClaimState.PAID.value:
            raise Conflict(Code.CONFLICT_STATE, "nothing was paid", facts={"state": row.state})
        payment = take_back(row, amount_fen, key, actor=actor, at=at)
        if payment is not None and payment.returned_fen == payment.amount_fen:
            move(row, actor, ClaimEvent.GIVE_BACK, Happened("give_back", at))
        else:
            alter(row, actor, Happened("part_back", at))
    return row


# the clock's


def end_terms(*, at: datetime) -> int:
    """Public notices that ended are ready to be paid, supplements that did not come lapse; how many moved. Run by the worker."""
    clock, day, moved = SystemActor("worker"), business_day(at), 0
    due = Claim.objects.filter(state__in=["in_notice", "supplement"], due_on__lt=day).order_by("due_on", "id")
    for claim_id, revision in list(due.values_list("id", "revision")[:500]):
        with transaction.atomic(durable=True):
            try:
                row = locked_claim(clock, claim_id, revision)
            except (NotFound, Stale):
                continue
            if row.state == ClaimState.IN_NOTICE.value:
                move(row, clock, ClaimEvent.CLEAR, Happened("clear", at), role=Role.CLOCK, due_on=None)
                tell_department(row, "policy_payable", at)
            else:
                columns = {"due_on": None, "closed_at": at, "reason": Reason.MATERIAL.value}
                move(row, clock, ClaimEvent.LAPSE, Happened("lapse", at), role=Role.CLOCK, **columns)
                tell_firm(row, "policy_lapsed", at)
            moved += 1
    return moved
