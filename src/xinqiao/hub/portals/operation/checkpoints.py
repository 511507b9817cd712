"""The log: its signed heads, the export for the auditor, proofs that one head continues another."""

import json

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.domain.errors import NotFound, Unauthenticated
from xinqiao.hub.actors import AuditorActor
from xinqiao.hub.apps.audit import evidence
from xinqiao.hub.apps.audit.models import Checkpoint
from xinqiao.hub.apps.audit.selectors import checkpoints, leaves
from xinqiao.hub.apps.audit.services import audit_health
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.files import attachment, ledger_file
from xinqiao.hub.portals.operation.shell import Staff, staff_page
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.runtime import runtime
from xinqiao.trust.checkpoint import verify_note
from xinqiao.ui.i18n import gettext as _

SHOWN = 20


def _row(checkpoint: Checkpoint) -> dict[str, object]:
    """A head, and whether its signature is good by the keys the directory names. Checked each time it is shown."""
    try:
        verified = verify_note(checkpoint.note, runtime.hub_verify_keys())
        good = verified.checkpoint.size == checkpoint.size and verified.checkpoint.root == bytes(
            checkpoint.root
        )
        signed_by = sorted({*verified.signed_by, *verified.witnessed})
    except Unauthenticated:
        good, signed_by = False, []
    return {
        "size": checkpoint.size,
        "root": bytes(checkpoint.root).hex(),
        "at": checkpoint.at,
        "good": good,
        "signed_by": _("、").join(signed_by),
        "note": checkpoint.note,
    }


def _size(text: str) -> int | None:
    return whole_number(text, 0, 10**15)


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """The newest heads, how far the log is ahead, and a proof on demand."""
    get, rows = visit.request.GET, [_row(one) for one in checkpoints(limit=SHOWN)]
    old, new = _size(get.get("old", "")), _size(get.get("new", ""))
    proof, error = None, ""
    if old is not None and new is not None:
        try:
            proof = evidence.consistency(old, new)
        except NotFound:
            error = _("日志里没有这样的两个检查点：要从 1 到现在的大小，前一个不大于后一个。")
    elif get.get("old") or get.get("new"):
        error = _("请填两个整数。")
    health = audit_health(visit.at)
    context = {
        "rows": rows,
        "health": health,
        "ahead": health.size - health.checkpoint_size,
        "leaves": leaves(visit.actor, limit=SHOWN),
        "old": get.get("old", ""),
        "new": get.get("new", ""),
        "proof": [node.hex() for node in proof.proof] if proof else None,
        "proved": proof,
        "error": error,
        "auditor": isinstance(visit.actor, AuditorActor),
    }
    status = 422 if error else 200
    return staff_page(visit, "operation/checkpoints.html", "checkpoints", context, status=status)


@require_GET
@operator_page
def proof(visit: Visit[Staff]) -> HttpResponse:
    """A consistency proof as a file for witnesses, with both heads."""
    old, new = _size(visit.request.GET.get("old", "")), _size(visit.request.GET.get("new", ""))
    if old is None or new is None:
        raise NotFound
    found = evidence.consistency(old, new)
    return attachment(
        json.dumps(found.to_json(), indent=1), "application/json", f"xinqiao-consistency-{old}-{new}.json"
    )


@require_GET
@operator_page
def log(visit: Visit[Staff]) -> HttpResponse:
    """The whole log for the auditor; an operator is refused by the selector."""
    return ledger_file(visit, "log")
