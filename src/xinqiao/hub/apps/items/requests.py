"""Verbs around a request for items: an institution asks, the subject refuses, time lapses it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from xinqiao.clock import SHANGHAI
from xinqiao.domain.consent import DEFAULT_CEILINGS, AuthEvent, AuthState, Purpose, answer_by
from xinqiao.domain.consent.states import AUTHORISATION
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.items import ClaimGrant, ItemGrant, ItemKind, ItemScope, check_scope
from xinqiao.domain.machine import Role
from xinqiao.domain.verification import claim_digest, read_claim
from xinqiao.hub.actors import (
    AgentScope,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    SystemActor,
)
from xinqiao.hub.apps.consents.parts import lock_row, move, tell_enterprise, tell_institution
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.items.parts import record_move, write_leaf
from xinqiao.hub.apps.items.scopes import (
    StatedClaim,
    all_terms,
    catalogue,
    hide_claims,
    products_of,
    scope_json,
)
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.trust.leaf import instant_text

#: More claims than this in one request are no business of one loan (no batches, reliability 5.7).
MOST_CLAIMS = 20


def stated_claim(item: str, values: dict[str, str], salt: str, *, at: datetime) -> StatedClaim:
    """A claim as an institution states it, in normal form.

    Raises:
        Invalid: no such verification item; a value out of form; a salt that is not 64 hex digits.
    """
    found = catalogue().items.get(item)
    if found is None or all_terms()[item].kind is not ItemKind.VERIFICATION:
        raise Invalid(Code.INVALID, "no such item", facts={"field": "item"})
    claim = read_claim(catalogue(), found, values, on=at.astimezone(SHANGHAI).date())
    return StatedClaim(claim, claim_digest(claim, salt), values)


def request_items(
    *,
    actor: InstitutionActor,
    subject_uscc: str,
    purpose: Purpose,
    business_ref: str,
    grants: frozenset[ItemGrant],
    claims: Sequence[StatedClaim],
    valid_days: int,
    max_queries: int,
    report: bool = False,
    message: str = "",
    at: datetime,
) -> ItemAuthorisation:
    """An institution asks a subject for items and for the verification of claims it states.

    Args:
        report: also for credit reports that the platform puts together of it, opening in memory what it calls.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``USCC_*``, ``CEILING_EXCEEDED``, ``INVALID`` naming the field (a claim
            about another enterprise's code among them). Conflict: ``CONFLICT_STATE`` with ``NO_DATA_ACCOUNT``;
            ``CONFLICT_DUPLICATE``: the same business has an open request already.
    """
    uscc = validate_uscc(subject_uscc, field="subject_uscc")
    scope = ItemScope(
        grants=grants,
        claims=frozenset(ClaimGrant(one.claim.item, one.claim.fields, one.digest) for one in claims),
        purpose=purpose,
        valid_days=valid_days,
        max_queries=max_queries,
        report=report,
    )
    check_scope(scope, all_terms())
    _check_form(actor, business_ref, message, claims, uscc)
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
        row_id = new_id(Prefix.ITEM_AUTHORISATION)
        row = ItemAuthorisation(
            id=row_id,
            request_no=next_number("IR", at),
            institution=institution,
            enterprise=enterprise,
            purpose=purpose.value,
            business_ref=business_ref.strip(),
            operator_name=actor.operator_name,
            operator_department=actor.department,
            message=message.strip(),
            asked=scope_json(scope),
            claims_enc=hide_claims(row_id, list(claims)),
            requested_at=at,
            request_expires_at=answer_by(at, DEFAULT_CEILINGS[purpose]),
            state=AuthState.REQUESTED.value,
        )
        _insert(row)
        leaf = write_leaf(
            "REQUEST",
            row,
            at,
            {
                "purpose": row.purpose,
                "products": products_of(scope),
                "valid_days": valid_days,
                "max_queries": max_queries,
                "answer_by": instant_text(row.request_expires_at),
            },
            personal={"business_ref": row.business_ref, "operator": actor.operator_name},
        )
        record_move(actor, row, "request", "", at, leaf, {"max_queries": max_queries})
        tell_enterprise(row, "items_requested", at)
    return row


def _check_form(
    actor: InstitutionActor, business_ref: str, message: str, claims: Sequence[StatedClaim], uscc: str
) -> None:
    problems = {
        "business_ref": not 1 <= len(business_ref.strip()) <= 80,
        "operator": not 1 <= len(actor.operator_name.strip()) <= 80 or len(actor.department) > 80,
        "message": len(message.strip()) > 300,
        "claims": len(claims) > MOST_CLAIMS or len({one.digest for one in claims}) != len(claims),
        # an enterprise cannot agree to the verification of another's facts
        "uscc": any(one.claim.values.get("uscc", uscc) != uscc for one in claims),
    }
    for field, wrong in problems.items():
        if wrong:
            raise Invalid(
                Code.INVALID, f"{field} is missing, too long or not allowed", facts={"field": field}
            )


def _insert(row: ItemAuthorisation) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(
            Code.CONFLICT_DUPLICATE, "this business has an open request", facts={"field": "business_ref"}
        ) from None


def refuse_items(
    *, actor: EnterpriseActor, authorisation_id: str, expected_version: int, reason: str = "", at: datetime
) -> ItemAuthorisation:
    """拒绝: the subject says no. No second factor: saying no gives nothing away.

    Raises:
        NotFound, Stale, Forbidden, Conflict ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_row(ItemAuthorisation.objects.for_viewer(actor), authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.REFUSE, Role.ENTERPRISE)
        move(
            row,
            AuthState.REQUESTED,
            state=AuthState.REFUSED.value,
            decided_at=at,
            refusal_reason=reason.strip()[:200],
            claims_enc="",
        )
        leaf = write_leaf("REFUSE", row, at, {"how": "refused"})
        record_move(actor, row, "refuse", AuthState.REQUESTED, at, leaf)
        tell_institution(row, "items_refused", at)
    return row


def lapse_items(*, actor: SystemActor, at: datetime, limit: int = 100) -> int:
    """Record requests whose waiting time is over, and forget their claims; returns how many. Safe to run twice at once."""
    due = ItemAuthorisation.objects.filter(state=AuthState.REQUESTED.value, request_expires_at__lte=at)
    count = 0
    for row_id in list(due.order_by("request_expires_at").values_list("id", flat=True)[:limit]):
        with transaction.atomic(durable=True):
            rows = ItemAuthorisation.objects.select_related("institution", "enterprise")
            row = rows.select_for_update(of=("self",)).get(id=row_id)
            if row.state != AuthState.REQUESTED:
                continue
            AUTHORISATION.fire(AuthState.REQUESTED, AuthEvent.LAPSE, Role.CLOCK)
            move(row, AuthState.REQUESTED, state=AuthState.LAPSED.value, decided_at=at, claims_enc="")
            leaf = write_leaf("REFUSE", row, at, {"how": "lapsed", "by": actor.process})
            record_move(actor, row, "lapse", AuthState.REQUESTED, at, leaf)
            tell_institution(row, "items_lapsed", at)
            count += 1
    return count
