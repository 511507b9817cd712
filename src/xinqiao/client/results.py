"""What the platform answers, typed and frozen. Members that are not named here are ignored, so answers may grow.

Shapes: docs/protocol/exchange.md and ``/openapi.json``. Instants are aware UTC datetimes.
"""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from xinqiao.domain.consent import AuthState, Product, Purpose, QueryKind, Reader, VisibleState

type QueryState = Literal["permitted", "released", "denied", "failed"]


class Result(BaseModel):
    """Base of every result."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Operator(Result):
    """The person on whose behalf the institution asks; recorded, and shown to the enterprise."""

    name: str
    department: str


class AuthorisationRequested(Result):
    """The enterprise was asked."""

    id: str
    request_no: str
    state: AuthState
    request_expires_at: AwareDatetime


class AskedScope(Result):
    """What was asked for. ``accounts`` ``None``: the enterprise chooses."""

    datatypes: list[Product]
    accounts: list[str] | None
    months: int
    valid_days: int
    max_queries: int
    include_balance: bool


class GrantedAccount(Result):
    """An account of the grant: its link (used in queries), the masked number, and whether it is still bound."""

    link: str
    masked: str
    bank_name: str
    node: str
    live: bool


class GrantedScope(Result):
    """What the enterprise agreed to. ``partly``: less than was asked."""

    datatypes: list[Product]
    accounts: list[GrantedAccount]
    months: int
    max_queries: int
    include_balance: bool
    valid_from: AwareDatetime
    valid_to: AwareDatetime
    partly: bool


class Artefact(Result):
    """One signed artefact, verified by the client before it is handed out."""

    seq: int
    type: str
    jws: str = Field(repr=False)
    digest: str
    signed_at: AwareDatetime


class AuthorisationSummary(Result):
    """One authorisation in a list."""

    id: str
    request_no: str
    authorisation_no: str | None
    subject_uscc: str
    subject_name: str
    purpose: Purpose
    business_ref: str
    state: VisibleState
    requested_at: AwareDatetime
    request_expires_at: AwareDatetime
    uses: int
    reader: Reader


class Authorisation(AuthorisationSummary):
    """One authorisation: asked, granted, evidence, uses, and what may be done now."""

    requested: AskedScope
    granted: GrantedScope | None
    decided_at: AwareDatetime | None
    refusal_reason: str | None
    withdrawn_at: AwareDatetime | None
    artefacts: list[Artefact]
    allowed_actions: list[str]


class AuthorisationPage(Result):
    """A page of authorisations, newest first; ``next_cursor`` leads to the next."""

    items: list[AuthorisationSummary]
    next_cursor: str | None


class UseLeaf(Result):
    """Where the use stands in the platform's audit log."""

    index: int
    hash: str
    log: str


class QueryAnswer(Result):
    """A released product before it is opened and checked."""

    id: str
    state: Literal["released"]
    product: str = Field(repr=False)
    receipt: str = Field(repr=False)
    permit: str = Field(repr=False)
    use_leaf: UseLeaf
    uses_left: int
    report_no: str
    verify_code: str
    released_at: AwareDatetime


class QuerySummary(Result):
    """One query in the institution's records: a use, a refusal or a failure."""

    id: str
    kind: QueryKind
    state: QueryState
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
    asked_at: AwareDatetime
    answered_at: AwareDatetime | None
    report_no: str | None
    uses_left: int | None
    leaf_index: int | None


class QueryRecord(QuerySummary):
    """One query with its evidence; ``sealed`` (cipher text) only while it may be fetched again."""

    nearest: dict[str, str | int | None] | None
    permit: str | None = Field(repr=False)
    receipt: str | None = Field(repr=False)
    product_digest: str | None
    verify_code: str | None
    leaf_hash: str | None
    sealed: str | None = Field(repr=False)


class QueryPage(Result):
    """A page of queries, newest first."""

    items: list[QuerySummary]
    next_cursor: str | None


class RecordChange(Result):
    """A record the institution received was corrected, repaired or restored since: read the item anew."""

    id: str
    kind: Literal["corrected", "repaired", "restored"]
    at: AwareDatetime
    enterprise_name: str
    uscc: str | None
    item: str
    number: str


class RecordChanges(Result):
    """A page, oldest first; go on after ``next``."""

    items: list[RecordChange]
    next: str | None


class Verification(Result):
    """Whether a report was released by this platform. ``digest_matches`` is ``None`` when no digest was given."""

    authentic: bool
    report_no: str | None
    product: Product | None
    released_at: AwareDatetime | None
    leaf_index: int | None
    digest_matches: bool | None


class Invitation(Result):
    """An open invitation."""

    id: str
    uscc: str
    state: str
    created_at: AwareDatetime


class Enterprise(Result):
    """Whether a code has a data account, and then its public name."""

    uscc: str
    has_data_account: bool
    name: str | None


class Checkpoint(Result):
    """The newest signed head of the audit log; ``note`` is worth keeping (``xinqiao verify --checkpoint``)."""

    size: int
    root: str
    note: str
    at: AwareDatetime


class TokenAnswer(Result):
    """A short-lived access token."""

    access_token: str = Field(repr=False)
    token_type: str
    expires_in: int
    cnf: dict[str, str]


class SessionAnswer(Result):
    """A session that was opened; its secret is inside ``sealed``."""

    id: str
    sealed: str = Field(repr=False)
    expires_in: int


class DirectoryAnswer(Result):
    """The signed directory as it travels."""

    directory: str = Field(repr=False)
