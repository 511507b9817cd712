"""Verbs by which a subject gives items and takes them back: confirm in part or whole, append, withdraw.

Each is one transaction: who → lock → what the domain says → conditional update → leaf. A person's consent is given by
the legal representative in person, on the same card and with the same second factor, and only for claims that state
his own identity number: nobody consents for somebody else.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import AuthEvent, AuthState
from xinqiao.domain.consent.states import AUTHORISATION
from xinqiao.domain.errors import Code, Conflict
from xinqiao.domain.items import ItemAuthorisation as DomainAuthorisation
from xinqiao.domain.items import (
    ItemScope,
    PersonConsent,
    append,
    authorisation_claims,
    confirm,
    grant,
    needed_consents,
)
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import AgentScope, EnterpriseActor, PersonRole
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.consents.parts import lock_row, move, sign_withdrawal, tell_institution
from xinqiao.hub.apps.consents.records import next_number, store_artefact
from xinqiao.hub.apps.consents.summary import Act, WhatYouSee, match_shown
from xinqiao.hub.apps.identity.models import EnterprisePerson
from xinqiao.hub.apps.identity.people import person_index
from xinqiao.hub.apps.identity.services import consume_second_factor, require_capacity
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.items.parts import KIND, record_move, write_leaf
from xinqiao.hub.apps.items.scopes import (
    ABOUT_LEGAL_REP,
    all_terms,
    asked_scope,
    granted_value,
    numbers_of_subjects,
    products_of,
    stated_values,
)
from xinqiao.hub.apps.items.summary import what_you_authorise, what_you_end
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.leaf import instant_text
from xinqiao.ui.i18n import Language


def confirm_items(
    *,
    actor: EnterpriseActor,
    authorisation_id: str,
    chosen: ItemScope,
    own_consent: bool,
    written_consent: bool,
    second_factor_id: str,
    shown_digest: str,
    expected_version: int,
    at: datetime,
) -> ItemAuthorisation:
    """授权确认: the subject agrees to the whole of a request or to a part of it.

    Args:
        own_consent: the separate consent to the personal items, ticked by itself.
        written_consent: the written form for real estate, ticked under its warning; it includes the separate consent.

    Raises:
        NotFound: absent or somebody else's. Stale: changed since it was shown. Forbidden: ``SUBJECT_NOT_AUTHORISED``,
            ``SECOND_FACTOR_REQUIRED``. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_STATE`` when the waiting time is over.
        Invalid: ``WHAT_YOU_SEE``; ``SCOPE_EXCEEDED``; ``CEILING_EXCEEDED``; ``PERSON_CONSENT_MISSING``,
            ``WRITTEN_CONSENT_MISSING`` naming the items.
    """
    with transaction.atomic(durable=True):
        person = require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_row(ItemAuthorisation.objects.for_viewer(actor), authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.CONFIRM, Role.ENTERPRISE)
        if at >= row.request_expires_at:
            raise Conflict(Code.CONFLICT_STATE, "the request has lapsed", facts={"reason": "LAPSED"})
        persons = _consents(
            row, chosen, person, own=own_consent, written=written_consent, text_digest=shown_digest
        )
        confirmation = confirm(asked_scope(row), chosen, persons, all_terms())
        shown = [what_you_authorise(row, chosen, language=one) for one in Language]
        seen = match_shown(shown, shown_digest)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.CONFIRM,
            object_id=row.id,
            shown_digest=shown_digest,
            at=at,
        )
        _grant(actor, row, chosen, persons, seen, evidence, partly=confirmation.partly, at=at)
    return row


def _consents(
    row: ItemAuthorisation,
    chosen: ItemScope,
    person: EnterprisePerson,
    *,
    own: bool,
    written: bool,
    text_digest: str,
) -> frozenset[PersonConsent]:
    """The consents this person can give: in person, about himself or the enterprise he represents."""
    terms, values = all_terms(), stated_values(row)
    needed = {item for item in needed_consents(chosen, terms) if item in terms}
    if not (own or written) or person.role != PersonRole.LEGAL_REP or not needed:
        return frozenset()
    mine = {one.item for one in chosen.grants} & ABOUT_LEGAL_REP
    about: dict[str, bool] = {}
    for claim in chosen.claims:
        numbers = numbers_of_subjects(claim.item, values.get(claim.digest, {}))
        own_facts = bool(numbers) and all(
            person_index(number) == person.id_no_index or number.upper() == row.enterprise.uscc
            for number in numbers
        )
        about[claim.item] = about.get(claim.item, True) and own_facts
    mine |= {item for item, own_facts in about.items() if own_facts}
    items = needed & mine
    if not items:
        return frozenset()
    return frozenset({PersonConsent(person.id, frozenset(items), written=written, text_digest=text_digest)})


def _grant(
    actor: EnterpriseActor,
    row: ItemAuthorisation,
    chosen: ItemScope,
    persons: frozenset[PersonConsent],
    seen: WhatYouSee,
    evidence: dict[str, Json],
    *,
    partly: bool,
    at: datetime,
) -> None:
    granted = grant(
        id=row.id,
        subject=row.enterprise.uscc,
        institution=row.institution_id,
        scope=chosen,
        persons=persons,
        at=at,
    )
    columns = _sign(actor, row, granted, seen, evidence, at)
    move(
        row,
        AuthState.REQUESTED,
        state=AuthState.CONFIRMED.value,
        authorisation_no=next_number("IU", at),
        decided_at=at,
        valid_from=granted.valid_from,
        partly=partly,
        claims_enc="",
        **columns,
    )
    leaf = _grant_leaf("GRANT", row, granted, at)
    record_move(actor, row, "confirm", AuthState.REQUESTED, at, leaf, {"max_queries": chosen.max_queries})
    tell_institution(row, "items_confirmed", at, {"partly": partly})


def append_items(
    *,
    actor: EnterpriseActor,
    authorisation_id: str,
    more: ItemScope,
    own_consent: bool,
    second_factor_id: str,
    shown_digest: str,
    expected_version: int,
    at: datetime,
) -> ItemAuthorisation:
    """授权追加: a new artefact that adds asked interface items, queries or time, and never narrows.

    Raises:
        NotFound, Stale, Forbidden, Invalid: as :func:`confirm_items`. Conflict: ``ILLEGAL_MOVE`` or
            ``CONFLICT_STATE`` when it is no longer live.
    """
    with transaction.atomic(durable=True):
        person = require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_row(ItemAuthorisation.objects.for_viewer(actor), authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.APPEND, Role.ENTERPRISE)
        before = granted_value(row)
        assert before is not None
        persons = _consents(row, more, person, own=own_consent, written=False, text_digest=shown_digest)
        after = append(before, more, request=asked_scope(row), persons=persons, terms=all_terms(), at=at)
        shown = [what_you_authorise(row, more, language=one, act=Act.APPEND) for one in Language]
        seen = match_shown(shown, shown_digest)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.APPEND,
            object_id=row.id,
            shown_digest=shown_digest,
            at=at,
        )
        move(row, AuthState.CONFIRMED, **_sign(actor, row, after, seen, evidence, at))
        leaf = _grant_leaf("APPEND", row, after, at)
        facts: dict[str, Json] = {"max_queries": after.max_queries}
        record_move(actor, row, "append", AuthState.CONFIRMED, at, leaf, facts)
        tell_institution(row, "items_appended", at)
    return row


def _sign(
    actor: EnterpriseActor,
    row: ItemAuthorisation,
    granted: DomainAuthorisation,
    seen: WhatYouSee,
    evidence: dict[str, Json],
    at: datetime,
) -> dict[str, object]:
    """Sign and keep the artefact of a grant or an append; returns the columns that repeat it."""
    claims = authorisation_claims(
        granted,
        issuer=settings.XINQIAO_HUB_ID,
        signatory=actor.person_id,
        signed_at=at,
        shown_digest=seen.digest,
        business_ref=row.business_ref,
    )
    jws, digest, seq = (
        sign_jws(claims, runtime.hub_key, ArtefactType.ITEM_AUTHORISATION),
        digest_hex(claims),
        row.seq + 1,
    )
    store_artefact(
        owner_kind=KIND,
        owner_id=row.id,
        seq=seq,
        type_="item_authorisation",
        jws=jws,
        digest=digest,
        predecessor=granted.predecessor or "",
        at=at,
        shown_text=seen.text,
        evidence=evidence,
    )
    return {
        "valid_to": granted.valid_to,
        "max_queries": granted.max_queries,
        "artefact": jws,
        "artefact_digest": digest,
        "seq": seq,
    }


def _grant_leaf(type_: str, row: ItemAuthorisation, granted: DomainAuthorisation, at: datetime) -> LeafRef:
    return write_leaf(
        type_,
        row,
        at,
        {
            "artefact": row.artefact_digest,
            "seq": row.seq,
            "products": products_of(granted.scope),
            "max_uses": granted.max_queries,
            "purpose": row.purpose,
            "persons": len(granted.persons),
            "written": any(one.written for one in granted.persons),
            "partly": row.partly,
            "valid_from": instant_text(granted.valid_from),
            "valid_to": instant_text(granted.valid_to),
        },
    )


def withdraw_items(
    *,
    actor: EnterpriseActor,
    authorisation_id: str,
    second_factor_id: str,
    shown_digest: str,
    at: datetime,
    expected_version: int | None = None,
) -> ItemAuthorisation:
    """撤回: effective at once and for good; as many steps as granting, and it waits for nothing.

    Raises:
        NotFound, Stale, Forbidden, Invalid ``WHAT_YOU_SEE``: as :func:`confirm_items`.
        Conflict: ``ILLEGAL_MOVE`` when it was never confirmed or is withdrawn already.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.AUTHORISE, at)
        row = lock_row(ItemAuthorisation.objects.for_viewer(actor), authorisation_id, expected_version)
        AUTHORISATION.fire(AuthState(row.state), AuthEvent.WITHDRAW, Role.ENTERPRISE)
        seen = match_shown([what_you_end(row, language=one) for one in Language], shown_digest)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.WITHDRAW,
            object_id=row.id,
            shown_digest=shown_digest,
            at=at,
        )
        digest = sign_withdrawal(
            actor, row, kind=KIND, artefact_kind="item_authorisation", seen=seen, evidence=evidence, at=at
        )
        move(row, AuthState.CONFIRMED, state=AuthState.WITHDRAWN.value, withdrawn_at=at)
        leaf = write_leaf("REVOKE", row, at, {"artefact": digest, "uses": row.uses})
        record_move(actor, row, "withdraw", AuthState.CONFIRMED, at, leaf)
        tell_institution(row, "items_withdrawn", at)
    return row
