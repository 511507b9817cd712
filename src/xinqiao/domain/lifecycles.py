"""All machines: binding, authorisation, query, objection (fund-flow rules 4, 5 and 9); objections against collected
records; repair; batches of collection; tickets of coordination; versions of products.

Every table is here or, where its states belong to a value, re-exported here. The page ``docs/rules/lifecycles.md`` is
generated from :data:`ALL`.
"""

from enum import StrEnum

from xinqiao.domain.collection import BATCH, BatchEvent, BatchState
from xinqiao.domain.consent.records import AuthState
from xinqiao.domain.consent.states import AUTHORISATION, AuthEvent, VisibleState, visible_state
from xinqiao.domain.coordination import TICKET, TicketEvent, TicketState
from xinqiao.domain.disputes import DISPUTE
from xinqiao.domain.guarantees.states import GUARANTEE
from xinqiao.domain.loans.states import LOAN
from xinqiao.domain.loans.warnings import WARNING
from xinqiao.domain.machine import Machine, Role
from xinqiao.domain.market.case import CASE, NEED
from xinqiao.domain.market.case_work import COMPLAINT
from xinqiao.domain.market.product import PRODUCT, VersionEvent, VersionState
from xinqiao.domain.objection import RECORD_OBJECTION, RecordObjectionEvent, RecordObjectionState
from xinqiao.domain.policies.claim import POLICY_CLAIM
from xinqiao.domain.policies.policy import POLICY
from xinqiao.domain.repair import REPAIR, RepairEvent, RepairState

__all__ = [
    "ALL",
    "AUTHORISATION",
    "BATCH",
    "BINDING",
    "CASE",
    "COMPLAINT",
    "FINANCING",
    "GUARANTEE",
    "LOAN",
    "NEED",
    "OBJECTION",
    "POLICY",
    "POLICY_CLAIM",
    "PRODUCT",
    "QUERY",
    "RECORD_OBJECTION",
    "REPAIR",
    "TICKET",
    "WARNING",
    "AuthEvent",
    "AuthState",
    "BatchEvent",
    "BatchState",
    "BindingEvent",
    "BindingState",
    "ObjectionEvent",
    "ObjectionState",
    "QueryEvent",
    "QueryState",
    "RecordObjectionEvent",
    "RecordObjectionState",
    "RepairEvent",
    "RepairState",
    "TicketEvent",
    "TicketState",
    "VersionEvent",
    "VersionState",
    "VisibleState",
    "visible_state",
]

_ENTERPRISE = frozenset({Role.ENTERPRISE})
_HUB = frozenset({Role.HUB})
_OPERATOR = frozenset({Role.OPERATOR})
_PROVIDER = frozenset({Role.PROVIDER})


class BindingState(StrEnum):
    """资金账号绑定."""

    SELECTED = "selected"
    OWNERSHIP_CHECK = "ownership_check"
    REJECTED = "rejected"
    AGREEMENT_PRESENTED = "agreement_presented"
    AGREEMENT_SIGNED = "agreement_signed"
    BOUND = "bound"
    UNBOUND = "unbound"
    CLOSED = "closed"


class BindingEvent(StrEnum):
    """What can happen to a binding."""

    CHECK = "check"
    PASS = "pass"  # noqa: S105 - an event, not a secret
    REJECT = "reject"
    SIGN = "sign"
    ACTIVATE = "activate"
    UNBIND = "unbind"
    CLOSE = "close"


#: A signed agreement is bound once the provider has taken its copy: a node serves nothing it holds no entrustment for.
#: Unbinding works from the moment of signing, and after closure it ends the supply of the account's history.
BINDING: Machine[BindingState, BindingEvent] = Machine(
    name="binding",
    start=BindingState.SELECTED,
    moves={
        (BindingState.SELECTED, BindingEvent.CHECK): BindingState.OWNERSHIP_CHECK,
        (BindingState.OWNERSHIP_CHECK, BindingEvent.PASS): BindingState.AGREEMENT_PRESENTED,
        (BindingState.OWNERSHIP_CHECK, BindingEvent.REJECT): BindingState.REJECTED,
        (BindingState.AGREEMENT_PRESENTED, BindingEvent.SIGN): BindingState.AGREEMENT_SIGNED,
        (BindingState.AGREEMENT_SIGNED, BindingEvent.ACTIVATE): BindingState.BOUND,
        (BindingState.AGREEMENT_SIGNED, BindingEvent.UNBIND): BindingState.UNBOUND,
        (BindingState.BOUND, BindingEvent.UNBIND): BindingState.UNBOUND,
        (BindingState.BOUND, BindingEvent.CLOSE): BindingState.CLOSED,
        (BindingState.CLOSED, BindingEvent.UNBIND): BindingState.UNBOUND,
    },
    may_fire={
        BindingEvent.CHECK: _ENTERPRISE,
        BindingEvent.PASS: _PROVIDER,
        BindingEvent.REJECT: _PROVIDER,
        BindingEvent.SIGN: _ENTERPRISE,
        BindingEvent.ACTIVATE: _HUB,
        BindingEvent.UNBIND: _ENTERPRISE,
        BindingEvent.CLOSE: _PROVIDER,
    },
)


class QueryState(StrEnum):
    """One query, from the permit to its end."""

    PERMITTED = "permitted"
    RELEASED = "released"
    DENIED = "denied"
    FAILED = "failed"


class QueryEvent(StrEnum):
    """How a permitted query ends."""

    RELEASE = "release"
    DENY = "deny"
    FAIL = "fail"


#: A query that is refused before a permit never enters this table; it is a denial in the log and nothing else.
QUERY: Machine[QueryState, QueryEvent] = Machine(
    name="query",
    start=QueryState.PERMITTED,
    moves={
        (QueryState.PERMITTED, QueryEvent.RELEASE): QueryState.RELEASED,
        (QueryState.PERMITTED, QueryEvent.DENY): QueryState.DENIED,
        (QueryState.PERMITTED, QueryEvent.FAIL): QueryState.FAILED,
    },
    may_fire={QueryEvent.RELEASE: _HUB, QueryEvent.DENY: _HUB, QueryEvent.FAIL: _HUB},
)


class ObjectionState(StrEnum):
    """异议. The three last ones are how it was closed."""

    SUBMITTED = "submitted"
    NOT_ACCEPTED = "not_accepted"
    ACCEPTED = "accepted"
    AT_PROVIDER = "at_provider"
    REPLIED = "replied"
    CORRECTED = "corrected"
    UPHELD = "upheld"
    UNRESOLVED = "unresolved"


class ObjectionEvent(StrEnum):
    """What can happen to an objection."""

    ACCEPT = "accept"
    DECLINE = "decline"
    FORWARD = "forward"
    REPLY = "reply"
    CORRECT = "correct"
    UPHOLD = "uphold"
    LEAVE_OPEN = "leave_open"


#: The mark is set on acceptance and taken off by the closing events, except that an unresolved objection stays on
#: record beside the data (fund-flow rules 9, after the Regulation on the Credit Reporting Industry).
OBJECTION: Machine[ObjectionState, ObjectionEvent] = Machine(
    name="objection",
    start=ObjectionState.SUBMITTED,
    moves={
        (ObjectionState.SUBMITTED, ObjectionEvent.ACCEPT): ObjectionState.ACCEPTED,
        (ObjectionState.SUBMITTED, ObjectionEvent.DECLINE): ObjectionState.NOT_ACCEPTED,
        (ObjectionState.ACCEPTED, ObjectionEvent.FORWARD): ObjectionState.AT_PROVIDER,
        (ObjectionState.AT_PROVIDER, ObjectionEvent.REPLY): ObjectionState.REPLIED,
        (ObjectionState.REPLIED, ObjectionEvent.CORRECT): ObjectionState.CORRECTED,
        (ObjectionState.REPLIED, ObjectionEvent.UPHOLD): ObjectionState.UPHELD,
        (ObjectionState.REPLIED, ObjectionEvent.LEAVE_OPEN): ObjectionState.UNRESOLVED,
    },
    may_fire={
        ObjectionEvent.ACCEPT: _OPERATOR,
        ObjectionEvent.DECLINE: _OPERATOR,
        ObjectionEvent.FORWARD: _OPERATOR,
        ObjectionEvent.REPLY: _PROVIDER,
        ObjectionEvent.CORRECT: _OPERATOR,
        ObjectionEvent.UPHOLD: _OPERATOR,
        ObjectionEvent.LEAVE_OPEN: _OPERATOR,
    },
)

ALL = (BINDING, AUTHORISATION, QUERY, OBJECTION, RECORD_OBJECTION, REPAIR, BATCH, TICKET, PRODUCT)
#: From a need to the money and what follows; ``docs/rules/financing.md`` is generated from these.
FINANCING = (NEED, CASE, COMPLAINT, LOAN, GUARANTEE, WARNING, POLICY, POLICY_CLAIM, DISPUTE)
