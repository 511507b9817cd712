"""Verbs around a request: an institution asks, the subject refuses, time lapses it (fund-flow rules 5)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from xinqiao.domain.consent import (
    DEFAULT_CEILINGS,
    AuthEvent,
    AuthState,
    Product,
    Purpose,
    Reader,
    Scope,
    answer_by,
    check_within_ceiling,
)
from xinqiao.domain.consent.states import AUTHORISATION
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import (
    AgentScope,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    SystemActor,
)
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.consents.parts import (
    bound_ids,
    lock_authorisation,
    move,
    record_move,
    tell_enterprise,
    tell_institution,
    write_leaf,
)
from xinqiao.hub.apps.consents.records import (
    next_number,
)
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.trust.leaf import instant_text


def request_authorisation(
    *,
    actor: InstitutionActor,
    subject_uscc: str,
    purpose: Purpose,
    business_ref: str,
    products: frozenset[Product],
    months: int,
    valid_days: int,
    max_queries: int,
    include_balance: bool,
    accounts: frozenset[str] | None = None,
    reader: Reader | None = None,
    message: str = "",
    business_note: str = "",
    at: datetime,
) -> Authorisation:
    """An institution asks a subject, naming the business it handles for it.

    ``accounts`` are account links it was given before, or ``None`` for the subject's choice. ``reader`` follows from
    how it asks unless said otherwise: its system holds a key, the portal lets the hub display.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``: no query operator, or no user institution.
        Invalid: ``USCC_*``, ``CEILING_EXCEEDED``, ``INVALID`` naming the field.
        Conflict: ``CONFLICT_STATE`` with ``reason`` ``NO_DATA_ACCOUNT``; ``CONFLICT_DUPLICATE``: the same business
            has an open request already.
    """
    uscc = validate_uscc(subject_uscc, field="subject_uscc")
    wanted = Scope(
        accounts=accounts or frozenset(),
        products=products,
        months_back=months,
        valid_days=valid_days,
        max_queries=max_queries,
        include_balance=include_balance,
        purpose=purpose,
    )
    ceiling = DEFAULT_CEILINGS[purpose]
    check_within_ceiling(wanted, ceiling)
    _check_request(business_ref, wanted, accounts, actor, message)
    with transaction.atomic(durable=True):
        institution = Institution.objects.filter(
            id=actor.institution_id, status="active", is_user=True
        ).first()
        if InstitutionRole.QUERY_OPERATOR not in actor.roles or institution is None:
            raise Forbidden(Code.ROLE_FORBIDDEN, "a query operator of a user institution asks")
        enterprise = Enterprise.objects.filter(uscc=uscc).first()
        if enterprise is None:
            raise Conflict(
                Code.CONFLICT_STATE, "the subject has no data account", facts={"reason": "NO_DATA_ACCOUNT"}
            )
        if accounts is not None and not accounts <= bound_ids(enterprise.id):
            # Absent, foreign and unbound accounts read the same.
            raise Invalid(Code.INVALID, "not an account of this subject", facts={"field": "accounts"})
        row = Authorisation(
            id=new_id(Prefix.AUTHORISATION),
            request_no=next_number("AR", at),
            institution=institution,
            enterprise=enterprise,
            purpose=purpose.value,
            business_ref=business_ref.strip(),
            business_note=business_note.strip()[:200],
            operator_name=actor.operator_name,
            operator_department=actor.department,
            message=message.strip(),
            req_products=sorted(product.value for product in products),
            req_months=months,
            req_valid_days=valid_days,
            req_max_queries=max_queries,
            req_include_balance=include_balance,
            req_accounts=None if accounts is None else sorted(accounts),
            requested_at=at,
            request_expires_at=answer_by(at, ceiling),
            state=AuthState.REQUESTED.value,
            reader=(reader or _usual_reader(actor)).value,
        )
        _insert(row)
        leaf = write_leaf(
            "REQUEST",
            row,
            at,
            {
                "purpose": row.purpose,
                "products": [*row.req_products],
                "months": months,
                "valid_days": valid_days,
                "max_queries": max_queries,
                "include_balance": include_balance,
                "reader": row.reader,
                "answer_by": instant_text(row.request_expires_at),
            },
            personal={"business_ref": row.business_ref, "operator": actor.operator_name},
        )
        record_move(actor, row, "request", "", AuthState.REQUESTED, at, leaf)
        tell_enterprise(row, "authorisation_requested", at)
    return row


def _check_request(
    business_ref: str,
    wanted: Scope,
    accounts: frozenset[str] | None,
    actor: InstitutionActor,
    message: str,
) -> None:
    problems = {
        "business_ref": not 1 <= len(business_ref.strip()) <= 80,
        "products": not wanted.products,
        "accounts": accounts is not None and not accounts,
        "operator": not 1 <= len(actor.operator_name.strip()) <= 80 or len(actor.department) > 80,
        "message": len(message.strip()) > 300,
    }
    for field, wrong in problems.items():
        if wrong:
            raise Invalid(Code.INVALID, f"{field} is missing or too long", facts={"field": field})


def _usual_reader(actor: InstitutionActor) -> Reader:
    return Reader.INSTITUTION_KEY if actor.via == "api" else Reader.HUB_DISPLAY


def _insert(row: Authorisation) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(
            Code.CONFLICT_DUPLICATE, "this business has an open request", facts={"field": "business_ref"}
        ) from None


def refuse_authorisation(
    *, actor: EnterpriseActor, authorisation_id: str, expected_version: int, reason: str = "", at: datetime
) -> Authorisation:
    """拒绝: the subject says no. No second factor: saying no gives nothing away.

    Raises:
        NotFound, Stale, Forbidden, Conflict: as :func:`confirm_authorisation`.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_authorisation(actor, authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.REFUSE, Role.ENTERPRISE)
        move(
            row,
            AuthState.REQUESTED,
            state=AuthState.REFUSED.value,
            decided_at=at,
            refusal_reason=reason.strip()[:200],
        )
        leaf = write_leaf("REFUSE", row, at, {"how": "refused"})
        record_move(actor, row, "refuse", AuthState.REQUESTED, AuthState.REFUSED, at, leaf)
        tell_institution(row, "authorisation_refused", at)
    return row


def lapse_requests(*, actor: SystemActor, at: datetime, limit: int = 100) -> int:
    """Record requests whose waiting time is over; returns how many. Safe to run twice at once.

    Confirming a late request is refused by the clock whether or not this ran.
    """
    due = Authorisation.objects.filter(state=AuthState.REQUESTED.value, request_expires_at__lte=at)
    count = 0
    for authorisation_id in list(due.order_by("request_expires_at").values_list("id", flat=True)[:limit]):
        with transaction.atomic(durable=True):
            row = Authorisation.objects.select_for_update(of=("self",)).get(id=authorisation_id)
            if row.state != AuthState.REQUESTED:
                continue
            AUTHORISATION.fire(AuthState.REQUESTED, AuthEvent.LAPSE, Role.CLOCK)
            move(row, AuthState.REQUESTED, state=AuthState.LAPSED.value, decided_at=at)
            leaf = write_leaf("REFUSE", row, at, {"how": "lapsed"})
            record_move(actor, row, "lapse", AuthState.REQUESTED, AuthState.LAPSED, at, leaf)
            tell_institution(row, "authorisation_lapsed", at)
            count += 1
    return count
