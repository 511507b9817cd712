"""The typed rows that the selectors of this app give to pages, the interface and exports."""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.consent import (
    AuthEvent,
    AuthState,
    Purpose,
    Reader,
    Scope,
    VisibleState,
)
from xinqiao.domain.lifecycles import BindingEvent, BindingState

#: States of a binding in which its bank may still give out statistics: a closed account supplies the history up to its
#: closure (fund-flow rules 4.7) until the enterprise unbinds it. What is shown and what is released both read this.
SUPPLYING = frozenset({BindingState.BOUND, BindingState.CLOSED})


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account that an authorisation covers; ``live`` while its bank may supply, read at the time of the question."""

    id: str
    masked: str
    bank_name: str
    kind: str
    node_id: str
    node_name: str
    state: BindingState
    added_seq: int

    @property
    def live(self) -> bool:
        """Whether it can be queried at present, as far as the binding goes."""
        return self.state in SUPPLYING


#: An authorisation that is shown as one of these can be queried.
LIVE = (VisibleState.ACTIVE, VisibleState.PARTLY)
#: To these the subject may add: also queries to one whose queries are used up.
APPENDABLE = (*LIVE, VisibleState.USED_UP)


@dataclass(frozen=True, slots=True)
class AuthorisationRow:
    """One authorisation for a list or a page: what was asked, what was granted, where it stands now."""

    id: str
    request_no: str
    authorisation_no: str | None
    institution_id: str
    institution_name: str
    enterprise_id: str
    enterprise_name: str
    enterprise_uscc: str
    state: AuthState
    visible: VisibleState
    purpose: Purpose
    business_ref: str
    business_note: str
    operator_name: str
    operator_department: str
    message: str
    reader: Reader
    asked: Scope
    asked_all_accounts: bool
    requested_at: datetime
    request_expires_at: datetime
    decided_at: datetime | None
    refusal_reason: str
    granted: Scope | None
    valid_from: datetime | None
    valid_to: datetime | None
    uses: int
    withdrawn_at: datetime | None
    partly: bool
    artefact_digest: str
    seq: int
    version: int
    accounts: tuple[AccountRow, ...]
    allowed: tuple[AuthEvent, ...]

    @property
    def live(self) -> bool:
        """Whether it can be queried at the time of the question."""
        return self.visible in LIVE

    @property
    def appendable(self) -> bool:
        """Whether the subject may add to it at the time of the question."""
        return self.granted is not None and self.visible in APPENDABLE

    @property
    def uses_left(self) -> int:
        """Queries left of those granted."""
        return (self.granted.max_queries - self.uses) if self.granted else 0


@dataclass(frozen=True, slots=True)
class BindingRow:
    """One account of the enterprise's list."""

    id: str
    masked: str
    kind: str
    state: BindingState
    reason: str
    bank_name: str
    cnaps: str
    opened_on: str
    currency: str
    node_id: str
    node_name: str
    institution_name: str
    created_at: datetime
    bound_at: datetime | None
    ended_at: datetime | None
    version: int
    live_authorisations: int
    allowed: tuple[BindingEvent, ...]


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One signed entrustment agreement."""

    id: str
    binding_id: str
    masked: str
    bank_name: str
    institution_name: str
    version: str
    digest: str
    signed_at: datetime
    ended_at: datetime | None
    delivered_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the timeline of bindings and authorisations."""

    at: datetime
    kind: str  # "binding" | "authorisation"
    event: str
    object_id: str
    from_state: str
    to_state: str
    actor_kind: str
    actor_label: str
    institution_id: str | None
    institution_name: str
    facts: dict[str, object]
    leaf_index: int | None
