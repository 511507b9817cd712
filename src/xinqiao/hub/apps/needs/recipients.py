"""To whom a need may go: the firm lists, its adviser proposes; and what the firm authorised each of them to see for it.

An authorisation is asked, given and withdrawn by its own verbs; here it is only bound to the need, so that everybody sees
which ones belong together.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound, TooMany
from xinqiao.domain.market.advising import MOST_RECIPIENTS
from xinqiao.domain.market.case import NeedState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, EnterpriseActor, OperatorActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.market import selectors as market
from xinqiao.hub.apps.needs.models import Need, NeedGrant, NeedRecipient, RecipientState
from xinqiao.hub.apps.needs.rows import (
    Happened,
    change,
    locked,
    require_firm,
    require_own_adviser,
    require_state,
    tell,
)
from xinqiao.hub.apps.needs.services import listed
from xinqiao.hub.typed import text_of

#: While the firm waits and while it may still ask another institution.
_CHOOSING = (NeedState.MATCHED, NeedState.ASSIGNED, NeedState.DISPATCHED)
_TAKEN = [RecipientState.LISTED.value, RecipientState.SENT.value]


def list_recipient(
    *, actor: EnterpriseActor, need_id: str, product_id: str, expected_version: int, at: datetime
) -> Need:
    """The firm picks a product on offer, and with it the institution the need may be sent to.

    Raises:
        NotFound: the need, or the product is not on offer. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``.
        Conflict: ``CONFLICT_STATE``; ``CONFLICT_DUPLICATE``: sent already. TooMany: ``TOO_MANY_OPEN``: three are picked.
    """
    version = market.offered(product_id, business_day(at))
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        require_state(need, *_CHOOSING)
        others = NeedRecipient.objects.filter(need=need, state__in=_TAKEN).exclude(
            institution_id=version.product.institution_id
        )
        if others.count() >= MOST_RECIPIENTS:
            raise TooMany(
                Code.TOO_MANY_OPEN, "picked enough", facts={"max": MOST_RECIPIENTS, "retry_after": 86400}
            )
        listed(need, version, at)
        change(need, actor, _happened("list", version.product.institution_id, version.digest, at))
    return need


def unlist_recipient(
    *, actor: EnterpriseActor, need_id: str, institution_id: str, expected_version: int, at: datetime
) -> Need:
    """The firm takes an institution off its list again, also one that was only proposed. What was sent stays sent.

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Conflict: ``CONFLICT_STATE``.
    """
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        found = recipient(need, institution_id)
        if found.state == RecipientState.SENT:
            raise Conflict(Code.CONFLICT_STATE, "sent already", facts={"state": found.state})
        found.state, found.since = RecipientState.REMOVED, at
        found.save(update_fields=["state", "since"])
        change(need, actor, _happened("unlist", institution_id, found.product_version.digest, at))
    return need


def propose_recipient(
    *, actor: OperatorActor, need_id: str, product_id: str, reason: str, expected_version: int, at: datetime
) -> Need:
    """Its adviser proposes a product, with the reason; the firm alone lists it.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``reason``. Conflict: ``CONFLICT_STATE``;
        ``CONFLICT_DUPLICATE``: listed or sent already.
    """
    said, version = text_of(reason, field="reason"), market.offered(product_id, business_day(at))
    with transaction.atomic(durable=True):
        need = locked(actor, need_id, expected_version)
        require_own_adviser(need, actor)
        require_state(need, *_CHOOSING)
        rows = NeedRecipient.objects.filter(need=need, institution_id=version.product.institution_id)
        if rows.filter(state__in=_TAKEN).exists():
            raise Conflict(Code.CONFLICT_DUPLICATE, "picked already", facts={"field": "institution"})
        listed(need, version, at, state=RecipientState.PROPOSED)
        rows.update(reason=said)
        change(need, actor, _happened("propose", version.product.institution_id, version.digest, at, said))
        tell(need, "enterprise", what="need_proposed", at=at, institution=version.product.institution.name)
    return need


def bind_grant(
    *, actor: EnterpriseActor, need_id: str, institution_id: str, kind: str, authorisation_id: str, expected_version: int,
    at: datetime,
) -> Need:  # fmt: skip
    """The firm says that an authorisation it gave a listed institution belongs to this need. Twice is once.

    Raises:
        NotFound: the need, the institution on its list, or the authorisation of this institution. Stale.
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. Invalid: ``kind``. Conflict: ``CONFLICT_STATE``: it is not in force;
        ``CONFLICT_DUPLICATE``: it belongs to another need.
    """
    if kind not in {"items", "fundflow"}:
        raise Invalid(Code.INVALID, "no such kind", facts={"field": "kind"})
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        found = recipient(need, institution_id)
        given = _given(actor, kind, authorisation_id, at)
        if given.institution_id != institution_id:
            raise NotFound
        if not given.live:
            raise Conflict(Code.CONFLICT_STATE, "not in force", facts={"state": given.visible.value})
        known = NeedGrant.objects.filter(kind=kind, authorisation_id=authorisation_id).first()
        if known is not None and known.recipient_id != found.id:
            raise Conflict(Code.CONFLICT_DUPLICATE, "bound already", facts={"field": "authorisation"})
        if known is None:
            NeedGrant.objects.create(
                recipient=found, kind=kind, authorisation_id=authorisation_id, bound_at=at
            )
            change(need, actor, _happened("bind", institution_id, given.artefact_digest, at))
    return need


def _given(
    actor: Actor, kind: str, authorisation_id: str, at: datetime
) -> items.ItemAuthorisationRow | consents.AuthorisationRow:
    if kind == "items":
        return items.authorisation(actor, authorisation_id, at=at)
    return consents.authorisation(actor, authorisation_id, at=at)


def recipient(need: Need, institution_id: str) -> NeedRecipient:
    """An institution on a need's list. Raises NotFound for every other."""
    rows = NeedRecipient.objects.select_related("institution", "product_version")
    found = (
        rows.filter(need=need, institution_id=institution_id).exclude(state=RecipientState.REMOVED).first()
    )
    if found is None:
        raise NotFound
    return found


def _happened(event: str, institution_id: str, digest: str, at: datetime, text: str = "") -> Happened:
    return Happened(event, at, text, facts=(("institution", institution_id), ("what", digest)))
