"""The verbs of the app at one address. Each is written in the module of its subject."""

from xinqiao.hub.apps.redress.clock import tell_late
from xinqiao.hub.apps.redress.decisions import (
    accept_repair,
    extend_repair,
    grant_repair,
    refuse_repair,
    return_repair,
    revoke_repair,
)
from xinqiao.hub.apps.redress.evidence import add_evidence, sweep_evidence
from xinqiao.hub.apps.redress.imports import apply_results, read_results, undo_result
from xinqiao.hub.apps.redress.objections import (
    correct_objection,
    decline_objection,
    forward_objection,
    leave_objection_open,
    state_beside,
    submit_objection,
    unstate,
    uphold_objection,
    withdraw_objection,
)
from xinqiao.hub.apps.redress.repairs import (
    Asked,
    Signed,
    apply_repair,
    prepare_repair,
    resubmit_repair,
    withdraw_repair,
)
from xinqiao.hub.apps.redress.suppression import expire_published, push_to_lake, repair_results

__all__ = [
    "Asked",
    "Signed",
    "accept_repair",
    "add_evidence",
    "apply_repair",
    "apply_results",
    "correct_objection",
    "decline_objection",
    "expire_published",
    "extend_repair",
    "forward_objection",
    "grant_repair",
    "leave_objection_open",
    "prepare_repair",
    "push_to_lake",
    "read_results",
    "refuse_repair",
    "repair_results",
    "resubmit_repair",
    "return_repair",
    "revoke_repair",
    "state_beside",
    "submit_objection",
    "sweep_evidence",
    "tell_late",
    "undo_result",
    "unstate",
    "uphold_objection",
    "withdraw_objection",
    "withdraw_repair",
]
