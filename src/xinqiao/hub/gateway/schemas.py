"""What institutions send and receive. Unknown members are refused; texts are bounded; amounts and instants are text.

The shapes are the contract of ``docs/protocol/exchange.md`` and appear as such in ``/openapi.json``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from xinqiao.domain.consent import MAX_MONTHS, AuthState, Product, Purpose, QueryKind, Reader, VisibleState
from xinqiao.domain.errors import Code

type Text = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=False, min_length=1, max_length=200)
]
type Short = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=80)]
type Id = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{3}-[0-9a-f]{32}$")]
type Uscc = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=32)]
type Token = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=16_384)]
type Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
type Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Request(BaseModel):
    """A body or a set of parameters: nothing may be in it that is not named here."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, frozen=True)


class Answer(BaseModel):
    """Part of an answer. Readers ignore members they do not know, so answers may grow."""

    model_config = ConfigDict(frozen=True)


# ------------------------------------------------------------------------------------------------------------ token


class TokenRequest(Request):
    """RFC 7523: a client proves who it is by a signed assertion, never by a shared secret."""

    grant_type: Literal["client_credentials"]
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    client_assertion: Token
    client_id: Id | None = None
    scope: Annotated[str, StringConstraints(max_length=200)] | None = None


class Confirmation(Answer):
    """RFC 7800: the key the token is bound to."""

    jkt: str


class TokenAnswer(Answer):
    """A short-lived token that works only with signatures of the key ``cnf.jkt``."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    cnf: Confirmation


class PublicJwk(Request):
    """A public one-time key (X25519, or SM2 for sealing). Private members are unknown members."""

    kty: Literal["OKP", "EC"]
    crv: Literal["X25519", "SM2"]
    x: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{43}$")]
    y: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{43}$")] | None = None
    kid: Short | None = None
    use: Literal["enc"] | None = None
    alg: Short | None = None


class SessionRequest(Request):
    """Open a session: its secret is sealed to ``one_time_key``."""

    one_time_key: PublicJwk


class SessionOpened(Answer):
    """A session: ``sealed`` (JWE, ``xq-session``, fact ``session``) holds the 32 bytes of its secret.

    ``operations`` may be asked with a tag of its key instead of token and signature, for ``expires_in`` seconds.
    """

    id: str
    sealed: str
    alg: str
    expires_in: int
    operations: list[str]


# --------------------------------------------------------------------------------------------------- authorisations


class Operator(Request):
    """The person of the institution on whose behalf its system asks; recorded and shown to the subject."""

    name: Short
    department: Short


class DataRange(Request):
    """Full months of history, 1 to 36."""

    months: Annotated[StrictInt, Field(ge=1, le=MAX_MONTHS)]


class Valid(Request):
    """Length of validity in days, counted from the subject's confirmation."""

    days: Annotated[StrictInt, Field(ge=1, le=3650)]


class Frequency(Request):
    """How often the institution may ask in all."""

    max: Annotated[StrictInt, Field(ge=1, le=10_000)]


class AuthorizationDetail(Request):
    """RFC 9396 ``authorization_details`` of type ``fundflow_query_v1``."""

    type: Literal["fundflow_query_v1"]
    actions: Annotated[list[Literal["query"]], Field(min_length=1, max_length=1)] = ["query"]
    datatypes: Annotated[
        list[Annotated[str, StringConstraints(strict=True, pattern=r"^FLOW_(REPORT|SUMMARY)(:1)?$")]],
        Field(min_length=1, max_length=2),
    ]
    accounts: Literal["subject_choice"] | Annotated[list[Id], Field(min_length=1, max_length=100)] = (
        "subject_choice"
    )
    data_range: DataRange
    valid: Valid
    frequency: Frequency
    include_balance: StrictBool


class AuthorisationRequest(Request):
    """Ask a subject for an authorisation, for one business the institution handles."""

    subject_uscc: Uscc
    purpose: Purpose
    business_ref: Short
    operator: Operator
    authorization_details: Annotated[list[AuthorizationDetail], Field(min_length=1, max_length=1)]
    reader: Reader | None = None
    message: Annotated[str, StringConstraints(strict=True, max_length=300)] = ""


class Links(Answer):
    """Where to follow it."""

    self: str


class AuthorisationRequested(Answer):
    """The subject was asked."""

    id: str
    request_no: str
    state: AuthState
    request_expires_at: Instant
    links: Links


class AskedScope(Answer):
    """What was asked for. ``accounts`` null: the subject chooses."""

    datatypes: list[Product]
    accounts: list[str] | None
    months: int
    valid_days: int
    max_queries: int
    include_balance: bool


class GrantedAccount(Answer):
    """An account of the grant: its link (used in queries), the masked number and where it is."""

    link: str
    masked: str
    bank_name: str
    node: str
    live: bool


class GrantedScope(Answer):
    """What the subject agreed to. ``partly``: less than was asked."""

    datatypes: list[Product]
    accounts: list[GrantedAccount]
    months: int
    max_queries: int
    include_balance: bool
    valid_from: Instant
    valid_to: Instant
    partly: bool


class ArtefactView(Answer):
    """One signed artefact (JWS) with its place in the chain."""

    seq: int
    type: str
    jws: str
    digest: str
    signed_at: Instant


class AuthorisationSummary(Answer):
    """One authorisation in a list."""

    id: str
    request_no: str
    authorisation_no: str | None
    subject_uscc: str
    subject_name: str
    purpose: Purpose
    business_ref: str
    state: VisibleState
    requested_at: Instant
    request_expires_at: Instant
    uses: int
    reader: Reader


class AuthorisationView(AuthorisationSummary):
    """One authorisation: what was asked, what was granted, how often it was used, and what may be done now."""

    requested: AskedScope
    granted: GrantedScope | None
    decided_at: Instant | None
    refusal_reason: str | None
    withdrawn_at: Instant | None
    artefacts: list[ArtefactView]
    allowed_actions: list[Literal["query"]]


class AuthorisationList(Answer):
    """A page of authorisations, newest first."""

    items: list[AuthorisationSummary]
    next_cursor: str | None


class AuthorisationParams(Request):
    """Filters of the list; anything else is refused (abuse case B2)."""

    state: VisibleState | None = None
    subject_uscc: Uscc | None = None
    cursor: Id | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


# ---------------------------------------------------------------------------------------------------------- queries


class FundFlowQuery(Request):
    """One query for one product of one account.

    ``statement`` is a JWS of type ``xq-query+jwt`` by the institution's key over {iss, jti, authorisation_id, account,
    product, months, purpose, jkt (thumbprint of ``one_time_key``), iat}. ``fields`` exists so that asking for more than a
    product is refused by name instead of ignored.
    """

    authorisation_id: Id
    account: Id
    product: Product
    months: Annotated[StrictInt, Field(ge=1, le=1_200)]
    purpose: Purpose
    operator: Operator
    one_time_key: PublicJwk
    statement: Token
    fields: Annotated[list[Short], Field(max_length=20)] = []


class UseLeaf(Answer):
    """Where the use stands in the audit log."""

    index: int
    hash: str
    log: str


class FundFlowAnswer(Answer):
    """A released product. Only the holder of the one-time key can open ``product`` (JWE)."""

    id: str
    state: Literal["released"]
    product: str
    receipt: str
    permit: str
    use_leaf: UseLeaf
    uses_left: int
    report_no: str
    verify_code: str
    released_at: Instant


class QuerySummary(Answer):
    """One query in the records: a use, a refusal or a failure."""

    id: str
    kind: QueryKind
    state: Literal["permitted", "released", "denied", "failed"]
    code: str | None
    reason: str | None
    authorisation_id: str | None
    account: str | None
    product: Product
    months: int
    purpose: Purpose | None
    reader: Reader
    operator: str
    department: str
    asked_at: Instant
    answered_at: Instant | None
    report_no: str | None
    uses_left: int | None
    leaf_index: int | None


class QueryView(QuerySummary):
    """One query with its evidence; ``sealed`` is the product, null once it is no longer kept."""

    nearest: dict[str, str | int | None] | None
    permit: str | None
    receipt: str | None
    product_digest: str | None
    verify_code: str | None
    leaf_hash: str | None
    sealed: str | None


class QueryList(Answer):
    """A page of queries, newest first."""

    items: list[QuerySummary]
    next_cursor: str | None


class QueryParams(Request):
    """Filters of the records."""

    state: Literal["permitted", "released", "denied", "failed"] | None = None
    authorisation_id: Id | None = None
    cursor: Id | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class VerifyRequest(Request):
    """Check a report by its code or receipt; ``digest`` is compared when given."""

    verify_code: Annotated[str, StringConstraints(strict=True, min_length=8, max_length=32)] | None = None
    receipt: Token | None = None
    digest: Digest | None = None


class VerifyAnswer(Answer):
    """Whether it was released here. No content, no names. ``product`` is null for a credit report or a portrait."""

    authentic: bool
    report_no: str | None
    product: Product | None
    released_at: Instant | None
    leaf_index: int | None
    digest_matches: bool | None


# ----------------------------------------------------------------------------------------------------------- others


class InvitationRequest(Request):
    """Ask an enterprise without a data account to log in."""

    uscc: Uscc
    message: Annotated[str, StringConstraints(strict=True, max_length=200)] = ""
    operator: Operator


class InvitationAnswer(Answer):
    """The open invitation."""

    id: str
    uscc: str
    state: str
    created_at: Instant


class EnterpriseAnswer(Answer):
    """Whether a code has a data account, and then its public name."""

    uscc: str
    has_data_account: bool
    name: str | None


class DirectoryAnswer(Answer):
    """The signed directory (JWS of type ``xq-directory+jwt``)."""

    directory: str


class CheckpointAnswer(Answer):
    """The newest signed tree head, as a C2SP note."""

    size: int
    root: str
    note: str
    at: Instant


class HealthAnswer(Answer):
    """Whether the platform releases at present."""

    status: Literal["ok", "failing"]
    version: str
    log_size: int
    checkpoint_size: int


class Nearest(Answer):
    """The request closest to the refused one that would be allowed now."""

    account: str
    product: Product
    months: int
    purpose: Purpose | None


class NearestItem(Answer):
    """The same for an item; ``claim`` is the digest of the one claim it is about."""

    item: str
    fields: list[str]
    claim: str | None
    purpose: Purpose


class Problem(Answer):
    """RFC 9457. ``code`` is stable; ``title`` and ``step`` are words for people; ``facts`` may be shown.

    A refused query also has ``reason``, ``nearest``, ``denial_leaf`` and ``refusal``, the hub's signed statement of the no
    (JWS of type ``xq-refusal+jwt``).
    """

    type: str
    title: str
    status: int
    code: Code
    detail: str
    step: str
    trace_id: str
    instance: str | None = None
    facts: dict[str, str | int | bool | list[str] | None] | None = None
    error: str | None = None
    reason: str | None = None
    nearest: Nearest | NearestItem | None = None
    denial_leaf: UseLeaf | None = None
    refusal: str | None = None
