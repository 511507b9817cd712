"""The verbs of advisers 融资顾问: take, hand over, contact, put a product forward or back, return visits."""

from datetime import datetime

from django.db import IntegrityError, transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.domain.market.advising import STARS, Channel, OverrideKind
from xinqiao.domain.market.case import NeedState
from xinqiao.hub.actors import OperatorActor, OperatorRole, SystemActor
from xinqiao.hub.apps.needs.matching import advisers, assigned
from xinqiao.hub.apps.needs.models import Contact, MatchOverride, MatchRun, Need, ReturnVisit
from xinqiao.hub.apps.needs.rows import Happened, change, locked, require_own_adviser, require_state, tell
from xinqiao.hub.typed import form_key, text_of

_FOLLOWED = (NeedState.ASSIGNED, NeedState.DISPATCHED)


def require_adviser(actor: OperatorActor) -> None:
    """One of the platform's advisers. Raises ROLE_FORBIDDEN."""
    if OperatorRole.ADVISER not in actor.roles:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing", facts={"role": "adviser"})


def take_need(*, actor: OperatorActor, need_id: str, expected_version: int, at: datetime) -> Need:
    """领取: a need that nobody follows, or whose adviser has left. The platform assigns it to whoever asks.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``CONFLICT_STATE``: an adviser follows it, or none may.
    """
    require_adviser(actor)
    with transaction.atomic(durable=True):
        need = locked(actor, need_id, expected_version)
        if need.state == NeedState.MATCHED.value:
            assigned(need, SystemActor(f"taken by {actor.user_id}"[:40]), actor.user_id, at, code="taken")
            return need
        require_state(need, *_FOLLOWED)
        if need.adviser_id in {one.id for one in advisers()}:
            raise Conflict(Code.CONFLICT_STATE, "an adviser follows it", facts={"state": need.state})
        _given_to(need, actor, actor.user_id, Happened("take", at))
    return need


def hand_over(
    *, actor: OperatorActor, need_id: str, to: str, reason: str, expected_version: int, at: datetime
) -> Need:
    """转交: to a colleague, with the reason. What happened so far stays with the need.

    Raises:
        NotFound. Stale. Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``reason``, ``adviser``. Conflict: ``CONFLICT_STATE``.
    """
    require_adviser(actor)
    said = text_of(reason, field="reason")
    with transaction.atomic(durable=True):
        need = locked(actor, need_id, expected_version)
        require_own_adviser(need, actor)
        require_state(need, *_FOLLOWED)
        if to == actor.user_id or to not in {one.id for one in advisers()}:
            raise Invalid(Code.INVALID, "no colleague", facts={"field": "adviser"})
        _given_to(need, actor, to, Happened("hand_over", at, said, facts=(("adviser", to),)))
        ReturnVisit.objects.filter(need=need, done_at=None).update(adviser_id=to)
        tell(need, "enterprise", what="need_assigned", at=at)
    return need


def _given_to(need: Need, actor: OperatorActor, adviser: str, happened: Happened) -> None:
    change(need, actor, happened, adviser_id=adviser, assigned_at=happened.at)


def log_contact(
    *, actor: OperatorActor, need_id: str, channel: str, text: str, key: str, at: datetime
) -> Contact:
    """联系记录: what was said, or that nobody was reached. The same form once more is the same contact.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``channel``, ``text``, ``key``. Conflict: ``CONFLICT_STATE``.
    """
    require_adviser(actor)
    said, key = text_of(text, field="text"), form_key(key)
    if channel not in set(Channel):
        raise Invalid(Code.INVALID, "no such channel", facts={"field": "channel"})
    with transaction.atomic(durable=True):
        need = locked(actor, need_id)
        require_own_adviser(need, actor)
        known = Contact.objects.filter(need=need, key=key).first()
        if known is not None:
            return known
        require_state(need, *_FOLLOWED, NeedState.RETURNED)
        change(need, actor, Happened("contact", at, said, channel))
        return Contact.objects.create(
            need=need, adviser_id=actor.user_id, key=key, channel=channel, text=said, at=at
        )


def override(
    *,
    actor: OperatorActor,
    need_id: str,
    product_id: str,
    kind: str,
    reason: str,
    expected_version: int,
    at: datetime,
) -> MatchOverride:
    """人工复核: put a product of the newest run forward or back, with the reason. The firm sees both, the result stays.

    Raises:
        NotFound: the need, or the product is not in its newest run. Stale. Forbidden: ``ROLE_FORBIDDEN``.
        Invalid: ``kind``, ``reason``. Conflict: ``CONFLICT_STATE``; ``CONFLICT_DUPLICATE``: it was moved already.
    """
    require_adviser(actor)
    said = text_of(reason, field="reason")
    if kind not in set(OverrideKind):
        raise Invalid(Code.INVALID, "no such kind", facts={"field": "kind"})
    with transaction.atomic(durable=True):
        need = locked(actor, need_id, expected_version)
        require_own_adviser(need, actor)
        require_state(need, *_FOLLOWED)
        run = MatchRun.objects.filter(need=need).order_by("-no").first()
        pair = run.pairs.filter(product_version__product_id=product_id).first() if run else None
        if run is None or pair is None:
            raise NotFound
        try:
            with transaction.atomic():
                moved = MatchOverride.objects.create(
                    run=run, product_version_id=pair.product_version_id, kind=kind, reason=said,
                    adviser_id=actor.user_id, at=at,
                )  # fmt: skip
        except IntegrityError:
            raise Conflict(Code.CONFLICT_DUPLICATE, "moved already", facts={"field": "product"}) from None
        facts = (("product", product_id), ("run", run.no))
        change(need, actor, Happened("override", at, said, kind, facts))
    return moved


def visit_done(
    *, actor: OperatorActor, visit_id: int, stars: int | None, text: str, at: datetime
) -> ReturnVisit:
    """回访办结: what the firm said, with one to five stars where it gave some.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``stars``, ``text``. Conflict: ``CONFLICT_STATE``: it was made.
    """
    require_adviser(actor)
    said = text_of(text, field="text")
    if stars is not None and stars not in STARS:
        raise Invalid(Code.INVALID, "one to five", facts={"field": "stars"})
    with transaction.atomic(durable=True):
        need_id = ReturnVisit.objects.filter(id=visit_id).values_list("need_id", flat=True).first()
        if need_id is None:
            raise NotFound
        need = locked(actor, need_id)
        require_own_adviser(need, actor)
        visit = ReturnVisit.objects.get(id=visit_id)
        if visit.done_at is not None:
            raise Conflict(Code.CONFLICT_STATE, "the visit was made", facts={"field": "visit"})
        visit.done_at, visit.stars, visit.text = at, stars, said
        visit.save(update_fields=["done_at", "stars", "text"])
        change(need, actor, Happened("visit", at, said, facts=(("stars", stars),)))
    return visit
