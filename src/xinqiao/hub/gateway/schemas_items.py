"""What institutions send and receive about items (``docs/rules/items.md``)."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from xinqiao.domain.consent import Purpose, VisibleState
from xinqiao.domain.items import ItemKind
from xinqiao.hub.gateway.schemas import (
    Answer,
    ArtefactView,
    Digest,
    Frequency,
    Id,
    Instant,
    Operator,
    PublicJwk,
    Request,
    Short,
    Token,
    Uscc,
    UseLeaf,
    Valid,
)

type Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,59}$")]
type Fields = Annotated[list[Name], Field(min_length=1, max_length=100)]
type Value = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=500)]


class AskedItem(Request):
    """One item, called at its source or collected by the platform, and the fields wanted."""

    item: Name
    fields: Fields


class StatedValues(Request):
    """A claim: the values stated, and the salt its digest is made with (kept by the institution)."""

    item: Name
    values: Annotated[dict[Name, Value], Field(min_length=1, max_length=100)]
    salt: Digest


class ItemsRequest(Request):
    """Ask a subject for items and for the verification of claims, for one business the institution handles.

    ``report``: also for credit reports, which the platform puts together in memory of what is granted; what they call
    at the sources the platform opens for that.
    """

    subject_uscc: Uscc
    purpose: Purpose
    business_ref: Short
    operator: Operator
    items: list[AskedItem] = Field(default_factory=list, max_length=50)
    claims: list[StatedValues] = Field(default_factory=list, max_length=20)
    valid: Valid
    frequency: Frequency
    report: StrictBool = False
    message: Annotated[str, StringConstraints(strict=True, max_length=300)] = ""


class GrantedItem(Answer):
    """An item, called or collected, and its fields."""

    item: str
    fields: list[str]


class GrantedClaim(Answer):
    """A claim by its digest."""

    item: str
    fields: list[str]
    digest: str


class ItemAuthorisationSummary(Answer):
    """One authorisation of items in a list; ``max_queries`` is what was asked until the subject has answered.

    ``report``: credit reports may be made of it (asked for, until the subject has answered).
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
    report: bool
    requested_at: Instant
    request_expires_at: Instant
    max_queries: int
    uses: int


class ItemAuthorisationView(ItemAuthorisationSummary):
    """One authorisation of items; ``granted_*`` are null and ``artefacts`` empty until the subject has answered."""

    asked_items: list[GrantedItem]
    asked_claims: list[GrantedClaim]
    asked_valid_days: int
    asked_max_queries: int
    granted_items: list[GrantedItem] | None
    granted_claims: list[GrantedClaim] | None
    partly: bool
    valid_from: Instant | None
    valid_to: Instant | None
    decided_at: Instant | None
    refusal_reason: str | None
    withdrawn_at: Instant | None
    artefacts: list[ArtefactView]
    allowed_actions: list[Literal["query"]]


class ItemAuthorisationList(Answer):
    """A page of authorisations of items, newest first."""

    items: list[ItemAuthorisationSummary]
    next_cursor: str | None


class ItemQueryRequest(Request):
    """Call one interface item.

    ``statement`` is a JWS of type ``xq-item-query+jwt`` by the institution's key over {iss, jti, authorisation_id, item,
    fields (sorted), claim: null, purpose, jkt (thumbprint of ``one_time_key``), iat}.
    """

    authorisation_id: Id
    item: Name
    fields: Fields
    purpose: Purpose
    operator: Operator
    one_time_key: PublicJwk
    statement: Token


class VerificationRequest(Request):
    """Verify one consented tuple.

    ``statement`` as of :class:`ItemQueryRequest`, with ``claim`` the digest of the tuple and ``jkt`` null.
    """

    authorisation_id: Id
    claim: StatedValues
    purpose: Purpose
    operator: Operator
    statement: Token


class ItemReleasedAnswer(Answer):
    """A released answer: the sealed records (JWE), or the department's signed yes or no (``xq-verification+jwt``)."""

    id: str
    state: Literal["released"]
    answer: str
    receipt: str
    permit: str
    use_leaf: UseLeaf
    uses_left: int
    answer_no: str
    released_at: Instant


class ItemQuerySummary(Answer):
    """One query or verification in the records. ``result`` of a verification: yes or not, for two years."""

    id: str
    kind: ItemKind
    state: Literal["permitted", "released", "denied", "failed"]
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
    uses_left: StrictInt | None
    leaf_index: int | None
    asked_at: Instant
    answered_at: Instant | None


class ItemQueryView(ItemQuerySummary):
    """One query or verification with its evidence, without content."""

    answer_digest: str | None
    receipt: str | None
    permit: str | None
    leaf_hash: str | None


class ItemQueryList(Answer):
    """A page of item queries and verifications, newest first."""

    items: list[ItemQuerySummary]
    next_cursor: str | None


class ItemQueryParams(Request):
    """Filters of the records of items."""

    state: Literal["permitted", "released", "denied", "failed"] | None = None
    authorisation_id: Id | None = None
    cursor: Id | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class DossierQuery(Request):
    """Ask for what was collected under an authorisation of items; ``items``: some of those granted, all when empty."""

    authorisation_id: Id
    items: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    purpose: Purpose
    operator: Operator


type Collected = str | int | bool | list[str] | None


class RecordStatement(Answer):
    """What the firm says beside a record; nobody has verified it."""

    text: str
    at: Instant
    verified: Literal[False]


class CollectedRecord(Answer):
    """One record: the granted fields in canonical form (days, amounts and numbers beyond 2^53-1 as text), its lineage.

    ``objected``: the firm disputes it, ``disputed`` which of the granted fields (none: the record, or fields not granted).
    """

    values: dict[str, Collected]
    source: str
    batch: str
    as_of: str | None
    received_at: Instant
    version: int
    objected: bool
    disputed: list[str]
    statements: list[RecordStatement]


class CollectedItem(Answer):
    """One item: its records in force, or why there are none."""

    item: str
    item_version: int
    availability: Literal["present", "no_record", "not_collected"]
    fields: list[str]
    records: list[CollectedRecord]


class DossierProduct(Answer):
    """The dossier. Its canonical bytes have the digest that ``statement`` and the leaf name."""

    artefact: Literal["dossier"]
    v: Literal[1]
    iss: str
    sub: Uscc
    catalogue: str
    items: list[CollectedItem]


class DossierAnswer(Answer):
    """A released dossier. ``statement`` is the platform's (``xq-dossier+jwt``) over subject, items, fields and digest."""

    id: str
    state: Literal["released"]
    statement: str
    digest: Digest
    made_at: Instant
    use_leaf: UseLeaf
    uses_left: int
    released_at: Instant
    product: DossierProduct
