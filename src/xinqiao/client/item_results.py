"""What the platform answers about items, typed and frozen; as :mod:`.results`. Shapes: ``/openapi.json``."""

from typing import Literal

from pydantic import AwareDatetime, Field

from xinqiao.client.results import Artefact, QueryState, Result, UseLeaf
from xinqiao.domain.consent import Purpose, VisibleState
from xinqiao.domain.items import ItemKind


class GrantedItem(Result):
    """An interface item and the fields of it."""

    item: str
    fields: list[str]


class GrantedClaim(Result):
    """A claim by its digest."""

    item: str
    fields: list[str]
    digest: str


class ItemAuthorisationSummary(Result):
    """One authorisation of items in a list; ``items``: what is granted, or asked until there is an answer.

    ``report``: credit reports may be made of it.
    """

    id: str
    request_no: str
    authorisation_no: str | None
    subject_uscc: str
    subject_name: str
    purpose: Purpose
    business_ref: str
    state: VisibleState
    items: list[str]
    report: bool = False
    requested_at: AwareDatetime
    request_expires_at: AwareDatetime
    max_queries: int
    uses: int


class ItemAuthorisation(ItemAuthorisationSummary):
    """One authorisation of items: asked, granted, evidence, uses, and what may be done now."""

    asked_items: list[GrantedItem]
    asked_claims: list[GrantedClaim]
    asked_valid_days: int
    asked_max_queries: int
    granted_items: list[GrantedItem] | None
    granted_claims: list[GrantedClaim] | None
    partly: bool
    valid_from: AwareDatetime | None
    valid_to: AwareDatetime | None
    decided_at: AwareDatetime | None
    refusal_reason: str | None
    withdrawn_at: AwareDatetime | None
    artefacts: list[Artefact]
    allowed_actions: list[str]

    def fields_of(self, item: str) -> list[str]:
        """Granted fields of an interface item; empty when it may not be called."""
        return next((one.fields for one in self.granted_items or [] if one.item == item), [])


class ItemAuthorisationPage(Result):
    """A page of authorisations of items, newest first."""

    items: list[ItemAuthorisationSummary]
    next_cursor: str | None


class ItemReleased(Result):
    """A released answer before it is opened and checked."""

    id: str
    state: Literal["released"]
    answer: str = Field(repr=False)
    receipt: str = Field(repr=False)
    permit: str = Field(repr=False)
    use_leaf: UseLeaf
    uses_left: int
    answer_no: str
    released_at: AwareDatetime


class ItemQuerySummary(Result):
    """One call or verification in the institution's records; ``result`` of a verification: yes or not, for two years."""

    id: str
    kind: ItemKind
    state: QueryState
    code: str | None
    reason: str | None
    authorisation_id: str | None
    item: str
    fields: list[str]
    claim: str | None
    purpose: Purpose
    operator: str
    department: str
    answer_no: str | None
    result: Literal["yes", "not"] | None
    uses_left: int | None
    leaf_index: int | None
    asked_at: AwareDatetime
    answered_at: AwareDatetime | None


class ItemQueryRecord(ItemQuerySummary):
    """One of them with its evidence."""

    answer_digest: str | None
    receipt: str | None = Field(repr=False)
    permit: str | None = Field(repr=False)
    leaf_hash: str | None


class ItemQueryPage(Result):
    """A page of calls and verifications, newest first."""

    items: list[ItemQuerySummary]
    next_cursor: str | None
