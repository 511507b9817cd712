"""Feedback to suppliers: how often their items were used, by how many institutions, and what that led to.

Counts are told by item and kind, and only when they are none or not small: a source that knows whom it reported must not
learn who was asked about. For the same reason nothing is added up over items. What loans came of it is not collected yet.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Sum

from xinqiao.domain.quality import Told
from xinqiao.hub.apps.identity.models import Node, Source
from xinqiao.hub.apps.items.models import ItemQuery, ItemSource
from xinqiao.hub.apps.quality.measuring import month_bounds
from xinqiao.hub.apps.quality.models import USE_KINDS, UseCount
from xinqiao.hub.runtime import runtime

DOSSIER = "dossier"
#: Of the records of queries: collected items in one dossier, whose fields are ``item.field``.
_COLLECTED = "collected"
QUERY_KINDS = ("interface", "verification")
KINDS = (*USE_KINDS, *QUERY_KINDS)


@dataclass(frozen=True, slots=True)
class ItemUse:
    """One item in one month: uses by kind, institutions that used it. Kinds an item cannot have are absent."""

    item: str
    uses: Mapping[str, Told]
    institutions: Told


def use_of_source(source_id: str, items: Sequence[str], month: str) -> list[ItemUse]:
    """Uses of what a source sends in: reports and dossiers."""
    small = runtime.quality_rules.small
    rows = UseCount.objects.filter(source_id=source_id, month=month)
    counts = {
        (row["item"], row["kind"]): int(row["all"])
        for row in rows.values("item", "kind").annotate(all=Sum("count")).order_by()
    }
    readers: dict[str, set[str]] = {}
    for item, institution in rows.exclude(institution="").values_list("item", "institution"):
        readers.setdefault(item, set()).add(institution)
    every = sorted({*items, *(item for item, _kind in counts)})
    return [
        ItemUse(
            item,
            {kind: Told.of(counts.get((item, kind), 0), small) for kind in USE_KINDS},
            _institutions(
                len(readers.get(item, ())), sum(counts.get((item, kind), 0) for kind in USE_KINDS[1:]), small
            ),
        )
        for item in every
    ]


def count_dossiers(month: str) -> int:
    """Write how often each item was in a dossier that was released in a month, for every source that supplies it.

    The records of dossiers are counted as they stand: done again, it is the same. Returns how many rows there are.
    """
    since, until = month_bounds(month)
    rows = ItemQuery.objects.filter(
        kind=_COLLECTED, state="released", asked_at__gte=since, asked_at__lt=until
    ).values("fields", "institution_id")
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows.annotate(all=Count("id")).order_by():
        for item in {str(name).partition(".")[0] for name in row["fields"]}:
            counts[item, row["institution_id"]] += row["all"]
    suppliers = list(Source.objects.values_list("id", "items"))
    written = 0
    with transaction.atomic():
        for (item, institution), number in sorted(counts.items()):
            for source_id, items in suppliers:
                if item in items:
                    UseCount.objects.update_or_create(
                        month=month, item=item, source_id=source_id, kind=DOSSIER, institution=institution,
                        defaults={"count": number},
                    )  # fmt: skip
                    written += 1
    return written


def use_of_node(node: Node, month: str) -> list[ItemUse]:
    """Uses of what a department's node serves: answers and verifications that were released."""
    small, (since, until) = runtime.quality_rules.small, month_bounds(month)
    rows = ItemQuery.objects.filter(node=node, state="released", asked_at__gte=since, asked_at__lt=until)
    grouped = rows.values("item", "kind").annotate(
        all=Count("id"), who=Count("institution_id", distinct=True)
    )
    found = {(row["item"], row["kind"]): (row["all"], row["who"]) for row in grouped.order_by()}
    served = ItemSource.objects.filter(node=node).values_list("item", flat=True)
    uses = []
    for item in sorted({*served, *(item for item, _kind in found)}):
        counts = {kind: found.get((item, kind), (0, 0)) for kind in QUERY_KINDS}
        mode = runtime.catalogue.items[item].mode if item in runtime.catalogue.items else None
        kinds = [kind for kind in QUERY_KINDS if counts[kind][0] or mode is None or kind in mode.value]
        who = max((counts[kind][1] for kind in QUERY_KINDS), default=0)
        told = _institutions(who, sum(number for number, _who in counts.values()), small)
        uses.append(ItemUse(item, {kind: Told.of(counts[kind][0], small) for kind in kinds}, told))
    return uses


def _institutions(number: int, uses: int, small: int) -> Told:
    """How many institutions: said where how often they used it may be said."""
    return Told(None if 0 < uses < small else number, small)


def serving_nodes() -> list[Node]:
    """Nodes that serve items, by name."""
    ids = ItemSource.objects.values_list("node_id", flat=True)
    return list(Node.objects.filter(id__in=list(ids)).select_related("institution").order_by("id"))
