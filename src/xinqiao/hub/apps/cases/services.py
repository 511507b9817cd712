"""The verbs of the app at one address. Each is written in the module of its subject."""

from xinqiao.hub.apps.cases.clock import work_clock
from xinqiao.hub.apps.cases.dispatching import dispatch_case
from xinqiao.hub.apps.cases.files import add_case_file, sweep_case_files
from xinqiao.hub.apps.cases.handling import (
    LOAN_EVENTS,
    accept_case,
    approve_case,
    contract_case,
    decline_case,
    investigate_case,
    lapse_case,
    moved_by_loan,
    reject_case,
    withdraw_case,
)
from xinqiao.hub.apps.cases.supplements import Ask, answer_action, ask_firm, supply_case
from xinqiao.hub.apps.cases.talk import (
    answer_complaint,
    lodge_complaint,
    rate_case,
    read_messages,
    send_message,
    take_up_complaint,
    withdraw_complaint,
)

__all__ = [
    "LOAN_EVENTS",
    "Ask",
    "accept_case",
    "add_case_file",
    "answer_action",
    "answer_complaint",
    "approve_case",
    "ask_firm",
    "contract_case",
    "decline_case",
    "dispatch_case",
    "investigate_case",
    "lapse_case",
    "lodge_complaint",
    "moved_by_loan",
    "rate_case",
    "read_messages",
    "reject_case",
    "send_message",
    "supply_case",
    "sweep_case_files",
    "take_up_complaint",
    "withdraw_case",
    "withdraw_complaint",
    "work_clock",
]
