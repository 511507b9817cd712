"""Which department node serves which item: saying so, and what operators ask about it. No names of firms anywhere here."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.items import ItemKind
from xinqiao.domain.verification import BudgetRules
from xinqiao.hub.actors import Actor, OperatorActor, OperatorRole, SystemActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Institution, Node
from xinqiao.hub.apps.items.models import ItemQuery, ItemSource
from xinqiao.hub.apps.items.scopes import all_terms, catalogue


def register_source(
    *,
    actor: OperatorActor | SystemActor,
    item: str,
    node_id: str,
    at: datetime,
    seen_node_id: str | None = None,
) -> ItemSource:
    """Say which department node serves an item, or move it to another. Saying the same again changes nothing.

    Args:
        seen_node_id: the node that was shown to the person, empty for none; ``None`` when nothing was shown.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: no item that is called or verified. NotFound: no active node.
        Stale: it is served by another node than was shown.
    """
    if isinstance(actor, OperatorActor) and OperatorRole.ADMIN not in actor.roles:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
    terms = all_terms().get(item)
    if terms is None or not terms.kind.at_source:
        raise Invalid(Code.INVALID, "no item that is called or verified", facts={"field": "item"})
    with transaction.atomic(durable=True):
        node = Node.objects.filter(id=node_id, status="active").first()
        if node is None:
            raise NotFound
        source = ItemSource.objects.select_for_update().filter(item=item).first()
        known = source.node_id if source else ""
        if seen_node_id is not None and seen_node_id != known:
            raise Stale("the item is served by another node by now")
        if source is None:
            source = _first(item, node, at)
        elif known == node_id:
            return source
        else:
            source.node, source.registered_at = node, at
            source.save(update_fields=["node", "registered_at"])
        by = actor.user_id if isinstance(actor, OperatorActor) else actor.process
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "item_source", "item": item, "from": known or None, "by": by},
            refs=Refs(node=node_id),
        )
    return source


def _first(item: str, node: Node, at: datetime) -> ItemSource:
    try:
        with transaction.atomic():
            return ItemSource.objects.create(item=item, node=node, registered_at=at)
    except IntegrityError:
        raise Stale("somebody registered the item meanwhile") from None


@dataclass(frozen=True, slots=True)
class Served:
    """One item that is called or verified, its node (``None``: nobody serves it), and its queries of a period."""

    item: str
    kind: ItemKind
    node: Node | None
    registered_at: datetime | None
    released: int
    denied: int
    failed: int


def served(actor: Actor, *, since: datetime) -> list[Served]:
    """Every item in the order of the catalogue."""
    sources = {one.item: one for one in ItemSource.objects.select_related("node__institution")}
    wanted = {state: Count("id", filter=Q(state=state)) for state in ("released", "denied", "failed")}
    rows = ItemQuery.objects.for_viewer(actor).filter(asked_at__gte=since)
    counts: dict[str, tuple[int, int, int]] = {
        item: (released, denied, failed)
        for item, released, denied, failed in rows.values_list("item").annotate(**wanted)
    }
    terms, found = all_terms(), []
    for item in catalogue().items:
        kind = terms[item].kind
        if not kind.at_source:
            continue
        source = sources.get(item)
        found.append(
            Served(
                item,
                kind,
                source.node if source else None,
                source.registered_at if source else None,
                *counts.get(item, (0, 0, 0)),
            )
        )
    return found


def causes(actor: Actor, *, since: datetime) -> list[tuple[str, str, int]]:
    """Refusals and faults since an instant: code, state, how often; the most frequent first."""
    rows = ItemQuery.objects.for_viewer(actor).filter(asked_at__gte=since, state__in=["denied", "failed"])
    found = rows.values_list("code", "state").annotate(n=Count("id")).order_by("-n", "code")
    return [(code, state, n) for code, state, n in found]


@dataclass(frozen=True, slots=True)
class Budgets:
    """How far the budgets of the last window are used."""

    institutions: tuple[tuple[str, str, int], ...]
    refused: int
    spent: int


def budgets(actor: Actor, *, at: datetime, rules: BudgetRules, limit: int = 20) -> Budgets:
    """Verifications of the window: by institution (id, name, number), how many were refused for a budget, and for how
    many pairs of enterprise and item every guess is spent.
    """
    rows = ItemQuery.objects.for_viewer(actor).filter(kind="verification", asked_at__gt=at - rules.window)
    done = rows.exclude(permit_jti=None)
    numbers = list(
        done.values_list("institution_id").annotate(n=Count("id")).order_by("-n", "institution_id")[:limit]
    )
    names = dict(
        Institution.objects.filter(id__in=[one for one, _n in numbers]).values_list("id", "short_name")
    )
    guessed = done.exclude(guess="").values("enterprise_id", "item").annotate(n=Count("guess", distinct=True))
    return Budgets(
        tuple((one, names[one], n) for one, n in numbers),
        rows.filter(code=Code.VERIFICATION_BUDGET.value).count(),
        guessed.filter(n__gte=rules.distinct_guesses).count(),
    )
