"""总对总: the guarantor proposes an agreement, the bank agrees, and from then on the bank's decision guarantees at once."""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound, Stale
from xinqiao.domain.guarantees.states import GuaranteeEvent
from xinqiao.domain.guarantees.terms import Agreement, Flow, Terms, outside, ratios_json
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CaseState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.guarantees.models import BatchAgreement, Guarantee
from xinqiao.hub.apps.guarantees.rows import (
    LENDERS,
    OFFICERS,
    check_limits,
    fire,
    held_guarantor,
    tell,
)
from xinqiao.hub.apps.guarantees.services import LIMITS, insert, open_case, promised
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.identity.rights import require_institution_role
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key


def propose(
    *, actor: InstitutionActor, institution_id: str, agreement: Agreement, key: str, at: datetime
) -> BatchAgreement:
    """Offer a bank an agreement. The same form once more is the same agreement.

    Raises: NotFound: the actor is no guarantor, or no such bank in service. Forbidden: ``ROLE_FORBIDDEN``. Invalid.
    """
    require_institution_role(actor, OFFICERS)
    with transaction.atomic(durable=True):
        guarantor = held_guarantor(actor.institution_id)
        known = BatchAgreement.objects.filter(guarantor=guarantor, key=form_key(key)).first()
        if known is not None:
            return known
        bank = Institution.objects.filter(id=institution_id, status="active", is_user=True)
        if institution_id == actor.institution_id or not bank.exists():
            raise NotFound
        row = BatchAgreement.objects.create(
            id=new_id(Prefix.GUARANTEE_AGREEMENT), number=next_number("ZD", at), guarantor=guarantor,
            institution_id=institution_id, key=key, valid_from=agreement.valid[0], valid_to=agreement.valid[1],
            amount_most_fen=agreement.amount_most_fen, months_most=agreement.months_most, quota_fen=agreement.quota_fen,
            cap_bp=int(agreement.cap * 10_000), fee_rate=agreement.fee_rate, ratios=ratios_json(agreement.ratios),
            proposed_at=at, proposed_by=actor.user_id or "",
        )  # fmt: skip
        _note(row, "propose", actor, at)
    return row


def answer(
    *, actor: InstitutionActor, agreement_id: str, agrees: bool, expected_revision: int, at: datetime
) -> BatchAgreement:
    """The bank agrees or does not. Raises: NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Conflict: ``CONFLICT_STATE``."""
    with transaction.atomic(durable=True):
        row = _locked(actor, agreement_id, expected_revision)
        require_institution_role(actor, LENDERS)
        if row.institution_id != actor.institution_id:
            raise Forbidden(Code.ROLE_FORBIDDEN, "the bank answers")
        _move(row, ("proposed",), "active" if agrees else "declined")
        if agrees:
            row.agreed_at, row.agreed_by = at, actor.user_id or ""
        row.save()
        _note(row, "agree" if agrees else "decline", actor, at)
    return row


def end(
    *, actor: InstitutionActor, agreement_id: str, expected_revision: int, at: datetime
) -> BatchAgreement:
    """Either side ends it for loans to come; what is guaranteed stays so. Raises as :func:`answer`."""
    with transaction.atomic(durable=True):
        row = _locked(actor, agreement_id, expected_revision)
        require_institution_role(actor, OFFICERS | LENDERS)
        _move(row, ("proposed", "active"), "ended")
        row.ended_at = at
        row.save()
        _note(row, "end", actor, at)
    return row


def _locked(actor: InstitutionActor, agreement_id: str, expected_revision: int) -> BatchAgreement:
    seen = BatchAgreement.objects.for_viewer(actor).filter(id=agreement_id)
    if not seen.exists():
        raise NotFound
    row = BatchAgreement.objects.select_for_update().get(id=agreement_id)
    if row.revision != expected_revision:
        raise Stale("changed since it was shown")
    return row


def _move(row: BatchAgreement, allowed: tuple[str, ...], state: str) -> None:
    if row.state not in allowed:
        raise Conflict(Code.CONFLICT_STATE, "not possible now", facts={"state": row.state})
    row.state, row.revision = state, row.revision + 1


def guarantee_case(
    *, actor: InstitutionActor, agreement_id: str, case_id: str, key: str, at: datetime
) -> Guarantee:
    """见贷即保: the bank approved a case; within the agreement that is the guarantee.

    Raises:
        NotFound: agreement or case absent or foreign. Forbidden: ``ROLE_FORBIDDEN``.
        Conflict: ``CONFLICT_STATE``: the agreement is not in force, the case not approved, or with
            ``facts['outside']`` the loan is not within it; ``CONFLICT_DUPLICATE``.
    """
    with transaction.atomic(durable=True):
        seen = BatchAgreement.objects.for_viewer(actor).filter(id=agreement_id).first()
        if seen is None:
            raise NotFound
        require_institution_role(actor, LENDERS)
        if seen.institution_id != actor.institution_id:
            raise Forbidden(Code.ROLE_FORBIDDEN, "the bank lends")
        known = Guarantee.objects.filter(applied_by=actor.institution_id, key=form_key(key)).first()
        if known is not None:
            return known
        # the guarantor's row before the agreement's, as everywhere
        guarantor = held_guarantor(seen.guarantor_id)
        agreement = BatchAgreement.objects.select_for_update().get(id=agreement_id)
        case = open_case(actor, case_id)
        if (
            CaseState(case.state) not in {CaseState.APPROVED, CaseState.CONTRACTED}
            or case.approved_fen is None
        ):
            raise Conflict(Code.CONFLICT_STATE, "not approved", facts={"state": case.state})
        amount, months = case.approved_fen, case.approved_months or 0
        _within(agreement, amount, months, at)
        row = Guarantee(
            id=new_id(Prefix.GUARANTEE), number=next_number("DB", at), flow=Flow.BATCH.value, guarantor=guarantor,
            institution_id=actor.institution_id, case=case, enterprise=case.enterprise, agreement=agreement,
            applied_by=actor.institution_id, key=key, applied_at=at, group=case.enterprise.uscc, amount_fen=amount,
            months=months, fee_rate=agreement.fee_rate, ratios=agreement.ratios,
            liability_fen=Terms(amount, months, agreement.fee_rate, agreement.value.ratios).liability_fen,
        )  # fmt: skip
        check_limits(row, LIMITS)
        agreement.guaranteed_fen += amount
        agreement.save(update_fields=["guaranteed_fen"])
        insert(row, actor, Happened("apply", at))
        columns = promised(row.terms, at)
        fire(row, actor, GuaranteeEvent.APPROVE, Role.HUB, Happened("approve", at), **columns)
        tell(row, "guarantee_batch", at, but=actor)
    return row


def _within(row: BatchAgreement, amount_fen: int, months: int, at: datetime) -> None:
    if row.state != "active":
        raise Conflict(Code.CONFLICT_STATE, "not in force", facts={"state": row.state})
    broken = outside(row.value, amount_fen, months, day=business_day(at), guaranteed_fen=row.guaranteed_fen)
    if broken:
        raise Conflict(
            Code.CONFLICT_STATE, "not within the agreement",
            facts={"field": "case", "reason": "OUTSIDE", "outside": [one.value for one in broken]},
        )  # fmt: skip


def _note(row: BatchAgreement, act: str, actor: InstitutionActor, at: datetime) -> None:
    append_leaf(
        type="STATEMENT",
        at=at,
        facts={
            "act": f"batch_agreement_{act}", "number": row.number, "state": row.state, "guarantor": row.guarantor_id,
            "quota_fen": row.quota_fen, "cap_bp": row.cap_bp, "by": actor.user_id,
        },
        refs=Refs(institution=row.institution_id, object=row.id),
    )  # fmt: skip
    other = row.institution_id if actor.institution_id == row.guarantor_id else row.guarantor_id
    notify(
        audience=("institution", other), kind=f"batch_agreement_{act}", at=at, facts={"number": row.number},
        link="/i/guarantees/agreements",
    )  # fmt: skip
