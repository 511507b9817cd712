"""Provider nodes: whether they answer, suspending and connecting again, a check now; adding and revoking their keys."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.identity import oversight
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import Node, NodeKey
from xinqiao.hub.apps.identity.services import (
    add_node_key,
    record_node_health,
    revoke_node_key,
    set_node_status,
)
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.key_pages import algorithm, key_state
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.operation.shell import Staff, has, manager, needs, staff_page
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.ui import format as fmt

#: The worker asks every thirty seconds; an answer older than this says nothing about now.
STALE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class NodeCard:
    """One node as the pages show it. ``told`` is what its health address said, untrusted text."""

    id: str
    name: str
    institution_id: str
    institution: str
    base_url: str
    state_key: str
    suspended: bool
    checked_at: datetime | None
    created_at: datetime
    version: str
    rules: str
    data_as_of: str
    served: str

    @classmethod
    def of(cls, node: Node, at: datetime) -> "NodeCard":
        """The card of a node at ``at``."""
        told = node.last_health if isinstance(node.last_health, dict) else {}
        return cls(
            id=node.id,
            name=node.name,
            institution_id=node.institution_id,
            institution=node.institution.short_name,
            base_url=node.base_url,
            state_key=node_state(node, at),
            suspended=node.status == "suspended",
            checked_at=node.last_health_at,
            created_at=node.created_at,
            version=_told(told, "version"),
            rules=_told(told, "rules_version"),
            data_as_of=_instant(_told(told, "data_as_of")),
            served=_told(told, "permits_served_today"),
        )


def _told(health: dict[str, object], name: str) -> str:
    value = health.get(name)
    return str(value)[:40] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _instant(text: str) -> str:
    """A time a node told, in Shanghai to the minute; anything else is as if it had said nothing."""
    try:
        return fmt.moment(text) if text else ""
    except ValueError:
        return ""


def node_state(node: Node, at: datetime) -> str:
    """The state word's key: suspended by us, not checked lately, answered, or silent."""
    if node.status == "suspended":
        return "node.paused"
    if node.last_health_at is None or at - node.last_health_at > STALE:
        return "node.unchecked"
    return "node.online" if node.last_health is not None else "node.offline"


def node_cards(nodes: list[Node], at: datetime) -> list[NodeCard]:
    """A card for each of the nodes, those that need a person first."""
    order = {"node.offline": 0, "node.unchecked": 1, "node.paused": 2, "node.online": 3}
    return sorted((NodeCard.of(node, at) for node in nodes), key=lambda card: order[card.state_key])


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Every node and whether it answers."""
    cards = node_cards(identity.nodes(), visit.at)
    context = {
        "cards": cards,
        "online": sum(card.state_key == "node.online" for card in cards),
        "admin": has(visit, OperatorRole.ADMIN),
        "may_check": may_check(visit),
    }
    return staff_page(visit, "operation/nodes.html", "nodes", context)


def key_row(key: NodeKey, at: datetime) -> dict[str, object]:
    """A node's key for a table."""
    return {
        "kid": key.kid,
        "state_key": key_state(key, at),
        "kind": algorithm(key.jwk),
        "not_before": key.not_before,
        "not_after": key.not_after,
        "left": fmt.days_left(key.not_after, now=at) if key.status == "active" else "",
    }


@require_GET
@operator_page
def detail(visit: Visit[Staff], node_id: str) -> HttpResponse:
    """One node."""
    return _page(visit, node_id, KeyForm.fresh(visit.at))


def _page(visit: Visit[Staff], node_id: str, form: KeyForm) -> HttpResponse:
    node = oversight.node(node_id)
    context = {
        "card": NodeCard.of(node, visit.at),
        "keys": [key_row(key, visit.at) for key in oversight.node_keys(node_id)],
        "admin": has(visit, OperatorRole.ADMIN),
        "security": has(visit, OperatorRole.SECURITY),
        "may_check": may_check(visit),
        "form": form,
    }
    return staff_page(visit, "operation/node.html", "nodes", context, status=422 if form.errors else 200)


def may_check(visit: Visit[Staff]) -> bool:
    """Who may let the hub call a node now."""
    return has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE)


def _back(node_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("operator:node", args=[node_id]))


@require_POST
@operator_page
def set_status(visit: Visit[Staff], node_id: str) -> HttpResponse:
    """Suspend a node, or connect it again."""
    active = visit.request.POST.get("active") == "1"
    set_node_status(actor=manager(visit), node_id=node_id, active=active, at=visit.at)
    return _back(node_id)


@require_POST
@operator_page
def check(visit: Visit[Staff], node_id: str) -> HttpResponse:
    """Ask the node's health address now. What it says is shown, never believed."""
    manager(visit)
    if not may_check(visit):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
    node = oversight.node(node_id)
    health = node_client().health(node.base_url)
    record_node_health(node_id=node.id, health=health, at=visit.at)
    return _back(node_id)


@require_POST
@operator_page
def add_key(visit: Visit[Staff], node_id: str) -> HttpResponse:
    """Paste the node's next public key; it counts at once, beside the ones it has."""
    actor = needs(visit, OperatorRole.SECURITY)
    form = KeyForm.read(visit.request)
    if form.errors:
        return _page(visit, node_id, form)
    try:
        add_node_key(actor=actor, node_id=node_id, jwk=form.jwk, at=visit.at, **form.days)
    except Conflict as refused:
        record_refusal(visit.request, refused)
        form.known()
        return _page(visit, node_id, form)
    return _back(node_id)


@require_POST
@operator_page
def revoke_key(visit: Visit[Staff], node_id: str, kid: str) -> HttpResponse:
    """Stop believing one of the node's keys, at once and for good."""
    actor = needs(visit, OperatorRole.SECURITY)
    if kid not in {key.kid for key in oversight.node_keys(node_id)}:
        raise NotFound
    revoke_node_key(actor=actor, kid=kid, at=visit.at)
    return _back(node_id)
