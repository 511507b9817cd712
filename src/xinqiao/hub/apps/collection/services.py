"""The verbs of the collection app at one address: receiving is in ``intake`` and ``uploads``, the worker's part in
``processing``; here is what people do with a batch that is there.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.collection import BATCH, BatchEvent, BatchState
from xinqiao.domain.errors import Code, Forbidden, Invalid
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import OperatorActor, OperatorRole, SourceActor, SourceRole
from xinqiao.hub.apps.collection.intake import Submitted, require_item, submit_batch
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.processing import claim_batch, process_next
from xinqiao.hub.apps.collection.rights import batch_leaf, locked_batch, move, require_source
from xinqiao.hub.apps.collection.uploads import (
    begin_upload,
    continue_upload,
    finish_upload,
    submit_whole,
    sweep_files,
)

__all__ = [
    "Submitted",
    "begin_upload",
    "claim_batch",
    "continue_upload",
    "finish_upload",
    "process_next",
    "require_item",
    "retry_batch",
    "submit_batch",
    "submit_whole",
    "sweep_files",
    "withdraw_batch",
]

_REASON_LENGTH = 200


def withdraw_batch(
    *, actor: SourceActor, batch_id: str, reason: str, expected_version: int, at: datetime
) -> Batch:
    """撤回: the source's steward takes a batch back. The hub then takes its rows out of the lake.

    Raises:
        NotFound: absent or foreign. Forbidden: ``ROLE_FORBIDDEN``: no steward. Stale: it changed since it was shown.
        Conflict: ``ILLEGAL_MOVE``: being checked, returned, failed or withdrawn. Invalid: no reason, or a long one.
    """
    why = reason.strip()
    with transaction.atomic(durable=True):
        row = locked_batch(actor, batch_id, expected_version)
        require_source(actor, SourceRole.STEWARD)
        if not 1 <= len(why) <= _REASON_LENGTH:
            raise Invalid(Code.INVALID, "a reason is needed", facts={"field": "reason"})
        before = BatchState(row.state)
        state = BATCH.fire(before, BatchEvent.REQUEST_WITHDRAWAL, Role.SOURCE)
        move(row, before, state=state.value, withdrawal_reason=why, lease_until=None, attempts=0)
        batch_leaf("batch_withdrawal_requested", row, at, {"by": actor.user_id, "from": before.value})
    return row


def retry_batch(
    *, actor: SourceActor | OperatorActor, batch_id: str, expected_version: int, at: datetime
) -> Batch:
    """Let the hub try a failed batch again, from the first attempt.

    Raises:
        NotFound: absent or foreign. Forbidden: ``ROLE_FORBIDDEN``. Stale. Conflict: ``ILLEGAL_MOVE``: it did not fail.
    """
    with transaction.atomic(durable=True):
        row = locked_batch(actor, batch_id, expected_version)
        if isinstance(actor, SourceActor):
            require_source(actor, SourceRole.SUPPLIER)
            role = Role.SOURCE
        else:
            if not actor.roles & {OperatorRole.ADMIN, OperatorRole.SERVICE}:
                raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
            role = Role.OPERATOR
        state = BATCH.fire(BatchState(row.state), BatchEvent.RETRY, role)
        move(
            row, BatchState.FAILED, state=state.value, attempts=0, lease_until=None, code="", code_facts={},
            finished_at=None,
        )  # fmt: skip
        batch_leaf("batch_retried", row, at, {"by": actor.user_id})
    return row
