"""The verbs of a need: write, hand in, take back, send back; and what the handling of cases calls in its own transaction.

Everything of a need happens under the lock of its row. The verb that opens an institution's case lives above, in the app of
cases: it holds the need by ``rows.locked`` and calls :func:`dispatched`, and :func:`closed` at the end.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound, TooMany
from xinqiao.domain.market.advising import visit_due
from xinqiao.domain.market.case import NEED, NeedEvent, NeedState, Refusal
from xinqiao.domain.market.need import check_end, need_digest, parse_need
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, EnterpriseActor, OperatorActor
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.market import selectors as market
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.needs.models import Need, NeedRecipient, RecipientState, ReturnVisit
from xinqiao.hub.apps.needs.rows import (
    Happened,
    change,
    columns_of,
    fire,
    locked,
    note,
    require_firm,
    require_own_adviser,
    require_state,
    role_of,
    tell,
    terms_of,
)
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of

#: Needs of one firm that are not at their end (this platform's bound).
MOST_OPEN = 5
_FINAL = sorted(state.value for state in NEED.final)


def draft_need(
    *, actor: EnterpriseActor, terms: Mapping[str, Json], key: str, at: datetime, product_id: str = ""
) -> Need:
    """Begin a need as a draft that may still leave out everything. The same form once more is the same need.

    ``product_id``: the product it starts from, in the version that is on offer today.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. Invalid: naming the field. NotFound: the product is not on offer.
        TooMany: ``TOO_MANY_OPEN``.
    """
    key = form_key(key)
    said = parse_need(terms, today=business_day(at))
    product = market.offered(product_id, business_day(at)) if product_id else None
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        # the firm's row is what two forms of one key wait at, and under it needs are counted
        firm = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        known = Need.objects.for_viewer(actor).filter(key=key).first()
        if known is not None:
            return known
        if Need.objects.filter(enterprise=firm).exclude(state__in=_FINAL).count() >= MOST_OPEN:
            facts = {"max": MOST_OPEN, "retry_after": 86400}
            raise TooMany(Code.TOO_MANY_OPEN, "too many are open", facts=facts)
        need_id = new_id(Prefix.NEED)
        need = Need(
            id=need_id, number=next_number("FN", at), enterprise=firm, key=key, product_version=product,
            digest=need_digest(said), created_at=at, state_since=at, **columns_of(said, need_id),
        )  # fmt: skip
        need.save(force_insert=True)
        note(need, actor, Happened("write", at), "", {})
    return need


def save_need(
    *, actor: EnterpriseActor, need_id: str, terms: Mapping[str, Json], expected_version: int, at: datetime
) -> Need:
    """Write a draft, or what was sent back, anew.

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Invalid: naming the field. Conflict: ``CONFLICT_STATE``.
    """
    said = parse_need(terms, today=business_day(at))
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        require_state(need, NeedState.DRAFT, NeedState.RETURNED)
        if need.state == NeedState.RETURNED.value:
            said.require_complete()
        change(need, actor, Happened("write", at), digest=need_digest(said), **columns_of(said, need.id))
    return need


def submit_need(
    *, actor: EnterpriseActor, need_id: str, agreed: bool, expected_version: int, at: datetime
) -> Need:
    """一键发布: hand the need in. The firm agrees that the platform looks for products by what it holds about the firm.

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Invalid: ``agreed``, or the first thing that is missing.
        Conflict: ``ILLEGAL_MOVE``.
    """
    if not agreed:
        raise Invalid(Code.INVALID, "the firm has to agree", facts={"field": "agreed", "reason": "MISSING"})
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        terms_of(need).require_complete()
        happened = Happened("submit", at, facts=(("agreed", True),))
        fire(need, actor, NeedEvent.SUBMIT, happened, submitted_at=need.submitted_at or at)
    return need


def cancel_need(
    *, actor: EnterpriseActor, need_id: str, expected_version: int, at: datetime, reason: str = ""
) -> Need:
    """取消: the firm takes the need back, at any time before its end. What it authorised for it is not withdrawn by this:

    a withdrawal is signed for itself, by its own verb, and the page offers it for each (``selectors.grants``).

    Raises:
        NotFound. Stale. Forbidden: ``SUBJECT_NOT_AUTHORISED``. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        require_firm(actor, at)
        need = locked(actor, need_id, expected_version)
        cancelled(need, actor=actor, text=reason.strip()[:500], at=at)
    return need


def cancelled(need: Need, *, actor: EnterpriseActor, at: datetime, text: str = "") -> None:
    """The end of a held need by its firm, in the caller's transaction. Raises ILLEGAL_MOVE."""
    code = Refusal.ENTERPRISE_WITHDREW.value
    fire(need, actor, NeedEvent.CANCEL, Happened("cancel", at, text, code), ended_at=at, end_code=code)
    if need.submitted_at is not None:
        tell(need, "adviser", what="need_cancelled", at=at)


def return_need(
    *, actor: OperatorActor, need_id: str, reason: str, expected_version: int, at: datetime
) -> Need:
    """退回补充: its adviser, with what is missing in words. The firm writes it anew and hands it in again.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``reason``. Conflict: ``ILLEGAL_MOVE``.
    """
    said = text_of(reason, field="reason")
    role_of(actor)
    with transaction.atomic(durable=True):
        need = locked(actor, need_id, expected_version)
        fire(need, actor, NeedEvent.RETURN, Happened("return", at, said))
        tell(need, "enterprise", what="need_returned", at=at)
    return need


def dispatched(
    need: Need,
    *,
    actor: Actor,
    institution_id: str,
    at: datetime,
    product_version: ProductVersion | None = None,
) -> NeedRecipient:
    """The need goes to an institution: the caller holds it and opens the case in the same transaction.

    Only an institution that the firm has listed is sent to; the firm's own act lists it with ``product_version``.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. NotFound: not listed. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_DUPLICATE``: sent already.
    """
    require_own_adviser(need, actor)
    rows = NeedRecipient.objects.select_related("institution", "product_version")
    found = rows.filter(need=need, institution_id=institution_id).first()
    if found is not None and found.state == RecipientState.SENT:
        raise Conflict(Code.CONFLICT_DUPLICATE, "sent already", facts={"field": "institution"})
    if isinstance(actor, EnterpriseActor) and product_version is not None:
        found = listed(need, product_version, at)
    if found is None or found.state != RecipientState.LISTED:
        raise NotFound
    found.state, found.since, found.sent_at = RecipientState.SENT, at, at
    found.save(update_fields=["state", "since", "sent_at"])
    facts = (("institution", institution_id), ("product", found.product_version.digest))
    fire(need, actor, NeedEvent.DISPATCH, Happened("dispatch", at, found.institution.name, facts=facts))
    tell(need, "enterprise", what="need_dispatched", at=at, institution=found.institution.name)
    return found


def listed(
    need: Need, version: ProductVersion, at: datetime, *, state: str = RecipientState.LISTED
) -> NeedRecipient:
    """The row of an institution on a held need's list, made or moved. What was sent stays. Raises CONFLICT_DUPLICATE."""
    institution_id = version.product.institution_id
    found = NeedRecipient.objects.filter(need=need, institution_id=institution_id).first()
    if found is None:
        found = NeedRecipient(need=need, institution_id=institution_id)
    elif found.state == RecipientState.SENT:
        raise Conflict(Code.CONFLICT_DUPLICATE, "sent already", facts={"field": "institution"})
    found.product_version, found.state, found.since = version, state, at
    found.save()
    return found


def closed(need: Need, *, actor: Actor, code: str, at: datetime, text: str = "") -> None:
    """办结: the end of a held need, in the caller's transaction: by its adviser, or by the platform after its last case.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: the code, or no words for "other". Conflict: ``ILLEGAL_MOVE``.
    """
    check_end(code, text)
    fire(need, actor, NeedEvent.CLOSE, Happened("close", at, text.strip(), code), ended_at=at, end_code=code)
    due_visit(need, "closed", at)
    tell(need, "enterprise", what="need_closed", at=at)


def due_visit(need: Need, cause: str, at: datetime) -> None:
    """回访: a week from now its adviser asks how it went; once for each cause. The handling of cases says ``drawn:NUMBER``."""
    if need.adviser_id is not None:
        due = visit_due(business_day(at))
        ReturnVisit.objects.get_or_create(
            need=need, cause=cause, defaults={"adviser_id": need.adviser_id, "due_on": due}
        )


def close_need(
    *, actor: OperatorActor, need_id: str, code: str, text: str, expected_version: int, at: datetime
) -> Need:
    """The same as a verb of its adviser's. Raises as :func:`closed`; NotFound, Stale."""
    role_of(actor)
    with transaction.atomic(durable=True):
        need = locked(actor, need_id, expected_version)
        closed(need, actor=actor, code=code, text=text_of(text, field="text") if text.strip() else "", at=at)
    return need
