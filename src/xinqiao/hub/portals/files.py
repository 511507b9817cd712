"""Files to take away: sent once with a name, kept by no cache. Not here: the report itself (``report_files``)."""

from io import BytesIO

from django.http import HttpResponse

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.audit.selectors import write_ledger
from xinqiao.hub.portals.access import Visit


def attachment(content: bytes | str, content_type: str, name: str) -> HttpResponse:
    """The response that carries a file. ``name`` is made of our own characters only."""
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def ledger_file[A: Actor](visit: Visit[A], what: str) -> HttpResponse:
    """The leaves that concern the visitor with their proofs, for ``xinqiao verify`` on any computer."""
    out = BytesIO()
    write_ledger(visit.actor, out, at=visit.at)
    name = f"xinqiao-{what}-{visit.at:%Y%m%d-%H%M%S}.jsonl"
    return attachment(out.getvalue(), "application/jsonl", name)
