"""Verbs by which a subject gives and takes back: confirm, append, withdraw (fund-flow rules 5).

Each verb is one transaction: who → lock → what the domain says → conditional update → history → leaf → notice. The row
lock is taken before the log head, always; a withdrawal takes the same lock as a release and waits for no node, so
nothing is used after a withdrawal was acknowledged.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import (
    AuthEvent,
    AuthState,
    Reader,
    Scope,
    authorisation_claims,
)
from xinqiao.domain.consent import Authorisation as DomainAuthorisation
from xinqiao.domain.consent import append as domain_append
from xinqiao.domain.consent import confirm as domain_confirm
from xinqiao.domain.consent import grant as domain_grant
from xinqiao.domain.consent.states import AUTHORISATION
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.lifecycles import BindingState
from xinqiao.domain.machine import Role
from xinqiao.domain.period import format_instant
from xinqiao.hub.actors import (
    AgentScope,
    EnterpriseActor,
)
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.consents.models import Authorisation, AuthorisationAccount, Binding
from xinqiao.hub.apps.consents.parts import (
    bound_ids,
    lock_authorisation,
    move,
    record_move,
    sign_withdrawal,
    tell_institution,
    write_leaf,
)
from xinqiao.hub.apps.consents.records import (
    ask_scope,
    authorisation_value,
    next_number,
    store_artefact,
)
from xinqiao.hub.apps.consents.summary import Act, WhatYouSee, match_shown, what_you_see, what_you_withdraw
from xinqiao.hub.apps.identity.services import consume_second_factor, require_capacity
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.leaf import instant_text
from xinqiao.ui.i18n import Language


def confirm_authorisation(
    *,
    actor: EnterpriseActor,
    authorisation_id: str,
    chosen: Scope,
    second_factor_id: str,
    shown_digest: str,
    expected_version: int,
    at: datetime,
) -> Authorisation:
    """授权确认: the subject agrees to the whole of a request or to a part of it.

    ``second_factor_id`` names a factor passed for ``Act.CONFIRM`` on this id over exactly ``shown_digest``.

    Raises:
        NotFound: absent or somebody else's. Stale: changed since it was shown. Forbidden: ``SUBJECT_NOT_AUTHORISED``,
            ``SECOND_FACTOR_REQUIRED``. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE`` when the waiting time is over.
        Invalid: ``WHAT_YOU_SEE``; ``SCOPE_EXCEEDED``; ``CEILING_EXCEEDED``; ``INVALID`` for an account not bound.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_authorisation(actor, authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.CONFIRM, Role.ENTERPRISE)
        _refuse_late(row, at)
        bindings = _chosen_bindings(row, chosen.accounts)
        confirmation = domain_confirm(ask_scope(row, bound_ids(row.enterprise_id)), chosen)
        seen = _seen(row, chosen, bindings, shown_digest, Act.CONFIRM)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.CONFIRM,
            object_id=row.id,
            shown_digest=shown_digest,
            at=at,
        )
        granted = domain_grant(
            id=row.id, subject=row.enterprise.uscc, institution=row.institution_id, scope=chosen, at=at
        )
        digest = _sign(actor, row, granted, at, seen, evidence, seq=1, predecessor="")
        move(
            row,
            AuthState.REQUESTED,
            state=AuthState.CONFIRMED.value,
            authorisation_no=next_number("AU", at),
            decided_at=at,
            **_granted_columns(chosen),
            valid_from=granted.valid_from,
            valid_to=granted.valid_to,
            partly=confirmation.partly,
            artefact_digest=digest,
            seq=1,
        )
        AuthorisationAccount.objects.bulk_create(
            [AuthorisationAccount(authorisation=row, binding=binding, added_seq=1) for binding in bindings]
        )
        leaf = _grant_leaf("GRANT", row, chosen, at, digest)
        record_move(
            actor,
            row,
            "confirm",
            AuthState.REQUESTED,
            AuthState.CONFIRMED,
            at,
            leaf,
            _scope_facts(chosen, row),
        )
        tell_institution(row, "authorisation_confirmed", at, {"partly": confirmation.partly})
    return row


def append_authorisation(
    *,
    actor: EnterpriseActor,
    authorisation_id: str,
    more: Scope,
    second_factor_id: str,
    shown_digest: str,
    expected_version: int,
    at: datetime,
) -> Authorisation:
    """授权追加: a new artefact that adds accounts, products, months, queries or time, and never narrows.

    Raises:
        NotFound, Stale, Forbidden, Invalid: as :func:`confirm_authorisation`. Conflict: ``ILLEGAL_MOVE`` or
            ``CONFLICT_STATE`` when it is no longer live.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_authorisation(actor, authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.APPEND, Role.ENTERPRISE)
        known = frozenset(row.accounts.values_list("binding_id", flat=True))
        bindings = _chosen_bindings(row, more.accounts)
        before = authorisation_value(row, known)
        after = domain_append(before, more, at)
        seen = _seen(row, more, bindings, shown_digest, Act.APPEND)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.APPEND,
            object_id=row.id,
            shown_digest=shown_digest,
            at=at,
        )
        seq = row.seq + 1
        digest = _sign(actor, row, after, at, seen, evidence, seq=seq, predecessor=before.artefact_digest)
        move(
            row,
            AuthState.CONFIRMED,
            **_granted_columns(after.scope),
            valid_to=after.valid_to,
            artefact_digest=digest,
            seq=seq,
        )
        AuthorisationAccount.objects.bulk_create(
            [
                AuthorisationAccount(authorisation=row, binding=binding, added_seq=seq)
                for binding in bindings
                if binding.id not in known
            ]
        )
        leaf = _grant_leaf("APPEND", row, after.scope, at, digest)
        record_move(
            actor,
            row,
            "append",
            AuthState.CONFIRMED,
            AuthState.CONFIRMED,
            at,
            leaf,
            _scope_facts(after.scope, row),
        )
        tell_institution(row, "authorisation_appended", at)
    return row


def withdraw_authorisation(
    *,
    actor: EnterpriseActor,
    authorisation_id: str,
    second_factor_id: str,
    shown_digest: str,
    at: datetime,
    expected_version: int | None = None,
) -> Authorisation:
    """撤回: effective at once and for good. As many steps as granting (PIPL article 15), and it waits for nothing.

    ``expected_version`` is optional: a withdrawal is meant whatever else changed meanwhile, so an append that came
    between never makes it fail.

    Raises:
        NotFound, Stale, Forbidden, Invalid ``WHAT_YOU_SEE``: as :func:`confirm_authorisation`.
        Conflict: ``ILLEGAL_MOVE`` when it was never confirmed or is withdrawn already.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_authorisation(actor, authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.WITHDRAW, Role.ENTERPRISE)
        seen = match_shown([what_you_withdraw(row, language=one) for one in Language], shown_digest)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.WITHDRAW,
            object_id=row.id,
            shown_digest=shown_digest,
            at=at,
        )
        digest = sign_withdrawal(
            actor,
            row,
            kind="authorisation",
            artefact_kind="authorisation",
            seen=seen,
            evidence=evidence,
            at=at,
        )
        move(row, AuthState.CONFIRMED, state=AuthState.WITHDRAWN.value, withdrawn_at=at)
        leaf = write_leaf("REVOKE", row, at, {"artefact": digest, "uses": row.uses})
        record_move(actor, row, "withdraw", AuthState.CONFIRMED, AuthState.WITHDRAWN, at, leaf)
        tell_institution(row, "authorisation_withdrawn", at)
    return row


def _refuse_late(row: Authorisation, at: datetime) -> None:
    if at >= row.request_expires_at:
        raise Conflict(Code.CONFLICT_STATE, "the request has lapsed", facts={"reason": "LAPSED"})


def _chosen_bindings(row: Authorisation, accounts: frozenset[str]) -> list[Binding]:
    """The bound accounts the subject chose, locked: none may be unbound between this reading and the commit.

    Raises INVALID for one that is not its own bound account.
    """
    rows = Binding.objects.filter(
        id__in=accounts, enterprise_id=row.enterprise_id, state=BindingState.BOUND.value
    ).select_related("node")
    found = list(rows.select_for_update(of=("self",), no_key=True).order_by("id"))
    if len(found) != len(accounts):
        raise Invalid(Code.INVALID, "not a bound account of this enterprise", facts={"field": "accounts"})
    return found


def _seen(
    row: Authorisation, scope: Scope, bindings: list[Binding], shown_digest: str, act: Act
) -> WhatYouSee:
    candidates = [what_you_see(row, scope, bindings, language=one, act=act) for one in Language]
    return match_shown(candidates, shown_digest)


def _sign(
    actor: EnterpriseActor,
    row: Authorisation,
    granted: DomainAuthorisation,
    at: datetime,
    seen: WhatYouSee,
    evidence: dict[str, Json],
    *,
    seq: int,
    predecessor: str,
) -> str:
    """Sign and keep the artefact of a grant or an append; returns the digest of its claims."""
    claims = authorisation_claims(
        granted,
        issuer=settings.XINQIAO_HUB_ID,
        signatory=actor.person_id,
        signed_at=at,
        shown_digest=seen.digest,
        reader=Reader(row.reader),
        business_ref=row.business_ref,
    )
    digest = digest_hex(claims)
    store_artefact(
        owner_kind="authorisation",
        owner_id=row.id,
        seq=seq,
        type_="authorisation",
        jws=sign_jws(claims, runtime.hub_key, ArtefactType.AUTHORISATION),
        digest=digest,
        predecessor=predecessor,
        at=at,
        shown_text=seen.text,
        evidence=evidence,
    )
    return digest


def _granted_columns(scope: Scope) -> dict[str, object]:
    return {
        "products": sorted(product.value for product in scope.products),
        "months": scope.months_back,
        "valid_days": scope.valid_days,
        "max_queries": scope.max_queries,
        "include_balance": scope.include_balance,
    }


def _grant_leaf(type_: str, row: Authorisation, scope: Scope, at: datetime, digest: str) -> LeafRef:
    assert row.valid_from is not None
    assert row.valid_to is not None
    return write_leaf(
        type_,
        row,
        at,
        {
            "artefact": digest,
            "seq": row.seq,
            "accounts": [*sorted(scope.accounts)],
            "products": [str(product) for product in sorted(scope.products)],
            "months": scope.months_back,
            "max_uses": scope.max_queries,
            "include_balance": scope.include_balance,
            "purpose": row.purpose,
            "reader": row.reader,
            "partly": row.partly,
            "valid_from": instant_text(row.valid_from),
            "valid_to": instant_text(row.valid_to),
        },
    )


def _scope_facts(scope: Scope, row: Authorisation) -> dict[str, Json]:
    return {
        "accounts": [*sorted(scope.accounts)],
        "products": [str(product) for product in sorted(scope.products)],
        "months": scope.months_back,
        "max_queries": scope.max_queries,
        "valid_to": format_instant(row.valid_to) if row.valid_to else None,
    }
