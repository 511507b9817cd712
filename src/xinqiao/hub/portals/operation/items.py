"""Items called or verified at the source: which node serves which, its health, counts and refusals, budgets; moving one."""

from datetime import timedelta

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.items import sources
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.institution.cards import code_title
from xinqiao.hub.portals.item_words import item_name, kind_words
from xinqiao.hub.portals.operation.nodes import node_state
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.runtime import runtime

SPANS = {"7": 7, "30": 30, "90": 90}


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Every item that is called or verified. Names of firms are not shown."""
    span = visit.request.GET.get("span", "30")
    span = span if span in SPANS else "30"
    since = visit.at - timedelta(days=SPANS[span])
    rows = sources.served(visit.actor, since=since)
    rules = runtime.item_budgets
    found = sources.causes(visit.actor, since=since)
    context = {
        "rows": [
            (
                row,
                item_name(row.item),
                kind_words(row.kind),
                node_state(row.node, visit.at) if row.node else "",
            )
            for row in rows
        ],
        "unserved": sum(row.node is None for row in rows),
        "span": span,
        "causes": [(code, state, number, code_title(code)) for code, state, number in found],
        "most": max((number for _code, _state, number in found), default=1),
        "rules": rules,
        "budgets": sources.budgets(visit.actor, at=visit.at, rules=rules),
        "nodes": [("", "–"), *((node.id, node.name) for node in identity.nodes() if node.status == "active")],
        "admin": has(visit, OperatorRole.ADMIN),
    }
    return staff_page(visit, "operation/items.html", "items", context)


@require_POST
@operator_page
def set_source(visit: Visit[Staff], item: str) -> HttpResponse:
    """Let a node serve an item, or move the item to it."""
    post = visit.request.POST
    sources.register_source(
        actor=manager(visit),
        item=item,
        node_id=post.get("node", ""),
        seen_node_id=post.get("seen", ""),
        at=visit.at,
    )
    return HttpResponseRedirect(reverse("operator:items"))
