"""Questions about the log, for a given actor."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Forbidden
from xinqiao.hub.actors import Actor, AuditorActor, EnterpriseActor, InstitutionActor, SourceActor
from xinqiao.hub.apps.audit.evidence import export_log, export_party
from xinqiao.hub.apps.audit.models import Checkpoint, Leaf
from xinqiao.trust.leaf import parse_leaf


@dataclass(frozen=True, slots=True)
class LeafRow:
    """One leaf for a page."""

    index: int
    type: str
    at: datetime
    hash: str
    ids: dict[str, str]
    facts: dict[str, Json]


def leaves(actor: Actor, *, object_id: str = "", before: int | None = None, limit: int = 50) -> list[LeafRow]:
    """Leaves that concern the actor (all of them for operator and auditor), newest first."""
    rows = Leaf.objects.for_viewer(actor)
    if object_id:
        rows = rows.filter(object_id=object_id)
    if before is not None:
        rows = rows.filter(index__lt=before)
    return [_row(leaf) for leaf in rows.order_by("-index")[:limit]]


def acts(
    actor: Actor, *, types: Collection[str], named: Collection[str], since: datetime | None, limit: int
) -> list[LeafRow]:
    """Leaves of these types that concern the actor and name one of these acts, newest first; of the newest ``limit``."""
    rows = Leaf.objects.for_viewer(actor).filter(type__in=types)
    if since is not None:
        rows = rows.filter(at__gte=since)
    found = map(_row, rows.order_by("-index")[:limit])
    return [row for row in found if row.facts.get("act") in named]


def _row(leaf: Leaf) -> LeafRow:
    parsed = parse_leaf(bytes(leaf.body))
    return LeafRow(
        leaf.index, leaf.type, parsed.at, bytes(leaf.hash).hex(), dict(parsed.ids), dict(parsed.facts)
    )


def checkpoints(*, limit: int = 20) -> list[Checkpoint]:
    """The newest signed heads; they are public."""
    return list(Checkpoint.objects.order_by("-size")[:limit])


def write_ledger(actor: Actor, out: IO[bytes], *, at: datetime) -> int:
    """Write the file that proves offline what concerns the actor: its own ledger, or the whole log for the auditor."""
    match actor:
        case (
            EnterpriseActor(enterprise_id=party)
            | InstitutionActor(institution_id=party)
            | SourceActor(source_id=party)
        ):
            return export_party(out, party=party, at=at)
        case AuditorActor():
            return export_log(out, at=at)
        case _:
            raise Forbidden(Code.ROLE_FORBIDDEN, "the auditor exports the log")
