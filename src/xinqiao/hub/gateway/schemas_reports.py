"""What institutions send and receive about credit reports and portraits (``docs/rules/credit-report.md``, ``portrait.md``)."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from xinqiao.domain.consent import Purpose
from xinqiao.hub.gateway.schemas import Answer, Id, Instant, Operator, Request, UseLeaf
from xinqiao.hub.gateway.schemas_items import Name


class PortraitRequest(Request):
    """Make a portrait under live authorisations of items that let reports be made, all of one firm and for one purpose."""

    authorisations: Annotated[list[Id], Field(min_length=1, max_length=8)]
    purpose: Purpose
    operator: Operator


class CreditReportRequest(PortraitRequest):
    """Make a credit report under live authorisations of items, all of one firm and for one purpose.

    ``calls``: the interface items to call at their sources for it (each counts a use of its own when it is answered);
    null: all that are granted and served.
    """

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


class PortraitMade(Answer):
    """A portrait, once: ``portrait`` is the document as the platform signed it (``xq-portrait+jwt``), kept nowhere.

    The same idempotency key again gets 410; another portrait is another request. ``digest``: SHA-256 of the canonical
    document.
    """

    id: str
    number: str
    version: int
    verify_code: str
    digest: str
    portrait: str
    use_leaf: UseLeaf
    uses_left: int
    generated_at: Instant
    valid_until: Instant


class CreditReportView(Answer):
    """One time a report or a portrait was asked for, with its evidence and without content; ``code`` of a refusal.

    ``coverage``: of a report how many items are in which state, of a portrait how many figures there are and are missing.
    """

    id: str
    kind: Literal["report", "portrait"]
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
