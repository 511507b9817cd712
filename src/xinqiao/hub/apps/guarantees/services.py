"""The verbs of guarantees up to the loan: apply, review, promise, take to a bank. What time and the loan do is in ``clock``.

All of a guarantor's limits are reckoned under the lock of its row, so that two promises never share the same room.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound
from xinqiao.domain.guarantees.limits import Limits
from xinqiao.domain.guarantees.states import GuaranteeEvent, GuaranteeState
from xinqiao.domain.guarantees.terms import NATIONAL, Flow, Ratios, Terms, ratios_json
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CaseState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import AgentScope, EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.guarantees.models import Guarantee
from xinqiao.hub.apps.guarantees.rows import (
    LENDERS,
    OFFICERS,
    change,
    check_limits,
    fire,
    held_guarantor,
    locked,
    note,
    tell,
)
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.rights import require_institution_role
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of

#: States of a case in which its bank may still ask for a guarantee.
ASKABLE = frozenset(
    {CaseState.ACCEPTED, CaseState.DUE_DILIGENCE, CaseState.SUPPLEMENT, CaseState.APPROVED, CaseState.CONTRACTED}
)  # fmt: skip
LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the loan, and when parties are related the code they are counted under."""

    amount_fen: int
    months: int
    words: str = ""
    group: str = ""


def open_case(actor: InstitutionActor | EnterpriseActor, case_id: str) -> Case:
    """A case of the actor's that may still be guaranteed. Raises NotFound, CONFLICT_STATE."""
    case = Case.objects.for_viewer(actor).select_related("enterprise").filter(id=case_id).first()
    if case is None:
        raise NotFound
    if CaseState(case.state) not in ASKABLE:
        raise Conflict(Code.CONFLICT_STATE, "the case asks for no guarantee", facts={"state": case.state})
    return case


def apply_for_case(
    *, actor: InstitutionActor, case_id: str, guarantor_id: str, asked: Asked, key: str, at: datetime
) -> Guarantee:
    """先贷后保的申请: a bank sends a case of its own to a guarantor. The same form once more is the same application.

    Raises:
        NotFound: case or guarantor absent or foreign. Forbidden: ``ROLE_FORBIDDEN``. Invalid: naming the field.
        Conflict: ``CONFLICT_STATE`` of the case; ``CONFLICT_DUPLICATE``: the guarantor was asked already.
    """
    with transaction.atomic(durable=True):
        case = open_case(actor, case_id)
        require_institution_role(actor, LENDERS)
        guarantor = held_guarantor(guarantor_id)
        row = Guarantee(
            flow=Flow.BANK_FIRST.value, guarantor=guarantor, institution_id=actor.institution_id, case=case,
            enterprise=case.enterprise, applied_by=actor.institution_id,
        )  # fmt: skip
        return _apply(row, actor, asked, key, at)


def apply_as_firm(
    *, actor: EnterpriseActor, guarantor_id: str, asked: Asked, key: str, at: datetime
) -> Guarantee:
    """先保后贷的申请: a firm asks a guarantor before it has a bank.

    Raises: as :func:`apply_for_case`; Forbidden ``SCOPE_FORBIDDEN`` to an agent who may not authorise.
    """
    _require_firm(actor)
    with transaction.atomic(durable=True):
        guarantor = held_guarantor(guarantor_id)
        enterprise = Enterprise.objects.get(id=actor.enterprise_id)
        row = Guarantee(
            flow=Flow.GUARANTOR_FIRST.value,
            guarantor=guarantor,
            enterprise=enterprise,
            applied_by=enterprise.id,
        )
        return _apply(row, actor, asked, key, at)


def _require_firm(actor: EnterpriseActor) -> None:
    if not actor.may(AgentScope.AUTHORISE):
        raise Forbidden(Code.ROLE_FORBIDDEN, "this agent may not apply")


def _apply(
    row: Guarantee, actor: InstitutionActor | EnterpriseActor, asked: Asked, key: str, at: datetime
) -> Guarantee:
    known = Guarantee.objects.for_viewer(actor).filter(applied_by=row.applied_by, key=form_key(key)).first()
    if known is not None:
        return known
    # what each side bears and what it costs is the guarantor's answer; until then it is the whole, free of charge
    terms = Terms(asked.amount_fen, asked.months, Decimal(0), NATIONAL)
    row.words = text_of(asked.words, field="words", least=0)
    row.key, row.group = key, _group(asked.group, row.enterprise)
    _write(row, terms, at)
    insert(row, actor, Happened("apply", at, row.words))
    tell(row, "guarantee_applied", at, but=actor)
    return row


def _group(text: str, enterprise: Enterprise) -> str:
    code = text.strip().upper()
    return code if len(code) == 18 and code.isascii() and code.isalnum() else enterprise.uscc


def _write(row: Guarantee, terms: Terms, at: datetime) -> None:
    row.id, row.number = new_id(Prefix.GUARANTEE), next_number("DB", at)
    row.amount_fen, row.months, row.fee_rate = terms.amount_fen, terms.months, terms.fee_rate
    row.ratios, row.liability_fen, row.applied_at = ratios_json(terms.ratios), terms.liability_fen, at


def insert(row: Guarantee, actor: InstitutionActor | EnterpriseActor, happened: Happened) -> None:
    """Store a guarantee with its first step. Raises ``CONFLICT_DUPLICATE`` when the guarantor was asked for it already."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(Code.CONFLICT_DUPLICATE, "asked already", facts={"field": "guarantor"}) from None
    note(row, actor, happened)


def review(*, actor: InstitutionActor, guarantee_id: str, expected_revision: int, at: datetime) -> Guarantee:
    """The guarantor takes an application up.

    Raises: NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = _own(actor, guarantee_id, expected_revision)
        fire(row, actor, GuaranteeEvent.REVIEW, Role.GUARANTOR, Happened("review", at))
    return row


@dataclass(frozen=True, slots=True)
class Promise:
    """What the guarantor promises: the amount, its yearly fee, who bears what."""

    amount_fen: int
    fee_rate: Decimal
    ratios: Ratios
    group: str = ""


def approve(
    *, actor: InstitutionActor, guarantee_id: str, promise: Promise, expected_revision: int, at: datetime
) -> Guarantee:
    """保函: the promise, within the guarantor's limits, valid for so many days until the loan is drawn.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: naming the field, no more than asked.
        Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE`` with ``facts['limits']``.
    """
    with transaction.atomic(durable=True):
        row = _own(actor, guarantee_id, expected_revision)
        terms = Terms(min(promise.amount_fen, row.amount_fen), row.months, promise.fee_rate, promise.ratios)
        row.liability_fen, row.group = terms.liability_fen, _group(promise.group or row.group, row.enterprise)
        check_limits(row, LIMITS)
        fire(
            row, actor, GuaranteeEvent.APPROVE, Role.GUARANTOR, Happened("approve", at), **promised(terms, at),
            group=row.group,
        )  # fmt: skip
        tell(row, "guarantee_approved", at, but=actor)
    return row


def promised(terms: Terms, at: datetime) -> dict[str, object]:
    """The columns of a promise."""
    return {
        "amount_fen": terms.amount_fen, "fee_rate": terms.fee_rate, "ratios": ratios_json(terms.ratios),
        "liability_fen": terms.liability_fen, "approved_at": at,
        "valid_to": business_day(at) + timedelta(days=settings.GUARANTEE_PROMISE_DAYS),
    }  # fmt: skip


def decline(
    *, actor: InstitutionActor, guarantee_id: str, reason: str, expected_revision: int, at: datetime
) -> Guarantee:
    """The guarantor refuses, and says why. Raises as :func:`review`; Invalid: no reason."""
    with transaction.atomic(durable=True):
        row = _own(actor, guarantee_id, expected_revision)
        said = text_of(reason, field="words")
        fire(
            row, actor, GuaranteeEvent.DECLINE, Role.GUARANTOR, Happened("decline", at, said), words=said,
            over_on=business_day(at),
        )  # fmt: skip
        tell(row, "guarantee_declined", at, but=actor)
    return row


def take_back(
    *, actor: InstitutionActor, guarantee_id: str, reason: str, expected_revision: int, at: datetime
) -> Guarantee:
    """The guarantor takes back a promise on which nothing was lent. Raises as :func:`decline`."""
    with transaction.atomic(durable=True):
        row = _own(actor, guarantee_id, expected_revision)
        said = text_of(reason, field="words")
        fire(
            row, actor, GuaranteeEvent.LAPSE, Role.GUARANTOR, Happened("lapse", at, said), words=said,
            over_on=business_day(at),
        )  # fmt: skip
        tell(row, "guarantee_lapse", at, but=actor)
    return row


def present(
    *, actor: EnterpriseActor, guarantee_id: str, case_id: str, expected_revision: int, at: datetime
) -> Guarantee:
    """The firm takes a guarantor's promise to a bank that handles a case of its own.

    Raises:
        NotFound: absent or foreign. Forbidden. Stale. Conflict: ``CONFLICT_STATE``: no promise, one that has a bank
            already, or a case that asks for none; ``CONFLICT_DUPLICATE``: this guarantor stands for the case already.
    """
    _require_firm(actor)
    with transaction.atomic(durable=True):
        row = locked(actor, guarantee_id, expected_revision)
        case = open_case(actor, case_id)
        if row.state != GuaranteeState.APPROVED.value or row.case_id is not None:
            raise Conflict(Code.CONFLICT_STATE, "nothing to present", facts={"state": row.state})
        try:
            with transaction.atomic():
                change(row, actor, Happened("present", at), case=case, institution_id=case.institution_id)
        except IntegrityError:
            raise Conflict(Code.CONFLICT_DUPLICATE, "guaranteed already", facts={"field": "case"}) from None
        tell(row, "guarantee_presented", at, but=actor)
    return row


def _own(actor: InstitutionActor, guarantee_id: str, expected_revision: int) -> Guarantee:
    """A guarantee that the actor's institution gives. To its bank it is known, and not the bank's to decide about."""
    row = locked(actor, guarantee_id, expected_revision)
    require_institution_role(actor, OFFICERS)
    if row.guarantor_id != actor.institution_id:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the guarantor decides")
    return row
