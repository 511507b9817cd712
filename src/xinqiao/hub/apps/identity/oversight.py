"""What the platform's own people look at: nodes with their keys, institutions with their people, keys that wait.

Beside ``selectors``. Every function says in its name that it is for the operator's pages; portals of other audiences
do not call them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from xinqiao.domain.errors import NotFound
from xinqiao.hub.apps.identity.models import (
    DeskKey,
    Institution,
    InstitutionKey,
    Member,
    Node,
    NodeKey,
    SourceKey,
    User,
)


@dataclass(frozen=True, slots=True)
class InstitutionRow:
    """One institution with counts for a list."""

    id: str
    uscc: str
    name: str
    short_name: str
    is_user: bool
    is_provider: bool
    active: bool
    created_at: datetime
    people: int
    keys: int
    keys_proposed: int
    nodes: int


def institution_rows(*, text: str = "") -> list[InstitutionRow]:
    """Every institution with the number of its people, keys and nodes."""
    rows = Institution.objects.annotate(
        people=Count("members", filter=Q(members__ended_at__isnull=True), distinct=True),
        usable=Count("keys", filter=Q(keys__status="active"), distinct=True),
        proposed=Count("keys", filter=Q(keys__status="proposed"), distinct=True),
        connected=Count("nodes", distinct=True),
    )
    if text:
        rows = rows.filter(
            Q(name__contains=text) | Q(short_name__contains=text) | Q(uscc__contains=text.upper())
        )
    return [
        InstitutionRow(
            id=row.id,
            uscc=row.uscc,
            name=row.name,
            short_name=row.short_name,
            is_user=row.is_user,
            is_provider=row.is_provider,
            active=row.status == "active",
            created_at=row.created_at,
            people=row.people,
            keys=row.usable,
            keys_proposed=row.proposed,
            nodes=row.connected,
        )
        for row in rows.order_by("name")
    ]


def institution_members(institution_id: str) -> list[Member]:
    """The people of one institution, present ones first."""
    rows = Member.objects.filter(institution_id=institution_id).select_related("user", "proposed_by")
    return sorted(rows.order_by("user__username"), key=lambda member: member.ended_at is not None)


def proposed_keys() -> list[InstitutionKey]:
    """Keys that wait for the security officer, the oldest first."""
    rows = InstitutionKey.objects.filter(status="proposed").select_related("institution")
    return list(rows.order_by("id"))


def proposed_source_keys() -> list[SourceKey]:
    """Keys of sources that wait for the security officer, the oldest first."""
    return list(SourceKey.objects.filter(status="proposed").select_related("source").order_by("id"))


def proposed_desk_systems() -> list[DeskKey]:
    """Systems of the desk that wait for the security officer, the oldest first."""
    return list(DeskKey.objects.filter(status="proposed").order_by("added_at", "id"))


def node(node_id: str) -> Node:
    """One node with its institution. Raises NotFound."""
    found = Node.objects.select_related("institution").filter(id=node_id).first()
    if found is None:
        raise NotFound
    return found


def node_keys(node_id: str) -> list[NodeKey]:
    """The keys of a node, newest first."""
    return list(NodeKey.objects.filter(node_id=node_id).order_by("-not_before"))


def institution_nodes(institution_id: str) -> list[Node]:
    """The nodes of an institution."""
    return list(Node.objects.filter(institution_id=institution_id).order_by("name"))


def operators() -> list[User]:
    """The platform's own people, those who still are first."""
    return list(User.objects.filter(kind__in=["operator", "auditor"]).order_by("-is_active", "username"))


def desk_systems() -> list[DeskKey]:
    """The platform's own systems at the interface, those that still are first."""
    return list(DeskKey.objects.order_by("status", "name", "id"))
