"""What institutions send and receive about credit reports (``docs/rules/credit-report.md``)."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from xinqiao.domain.consent import Purpose
from xinqiao.hub.gateway.schemas import Answer, Id, Instant, Operator, Request, UseLeaf
from xinqiao.hub.gateway.schemas_items import Name


class CreditReportRequest(Request):
    """Make a credit report under live authorisations of items, all of one firm and for one purpose.

    ``calls``: the interface items to call at their sources for it (each counts a use of its own when it is answered);
    null: all that are granted and served.
    """

    authorisations: Annotated[list[Id], Field(min_length=1, max_length=8)]
    purpose: Purpose
    operator: Operator
    calls: Annotated[list[Name], Field(max_length=50)] | None = None


class CreditReportMade(Answer):
    """A report, once: ``report`` is the document as the platform signed it (``xq-credit-report+jwt``), kept nowhere.

    The same idempotency key again gets 410; another report is another request. ``digest``: SHA-256 of the canonical
    document.
    """

    id: str
    number: str
    version: int
    verify_code: str
    digest: str
    report: str
    use_leaf: UseLeaf
    uses_left: int
    generated_at: Instant
    valid_until: Instant


class CreditReportView(Answer):
    """One time a report was asked for, with its evidence and without content; ``code`` of a refusal."""

    id: str
    state: Literal["released", "denied"]
    code: str | None
    reason: str | None
    authorisation_id: str | None
    subject_uscc: str | None
    purpose: Purpose
    operator: str
    department: str
    calls: list[str]
    number: str | None
    version: int | None
    verify_code: str | None
    digest: str | None
    coverage: dict[str, StrictInt] | None
    generated_at: Instant | None
    valid_until: Instant | None
    uses_left: int | None
    leaf_index: int
    leaf_hash: str
    asked_at: Instant


class CreditReportParams(Request):
    """Filters of the list; anything else is refused."""

    authorisation_id: Id | None = None
    state: Literal["released", "denied"] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class CreditReportList(Answer):
    """The newest first, as many as were asked for."""

    items: list[CreditReportView]
