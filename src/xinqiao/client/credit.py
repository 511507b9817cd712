"""Credit reports and portraits: results, and the operations written once as steps.

A report is the platform's signed document. It is believed when the platform signed it, when its digest is the one in the
log, and when it names this institution; what stands in it is nobody's but the reader's, so ``repr`` shows none of it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from xinqiao.client.operations import Operations, segment
from xinqiao.client.results import Operator, Result, UseLeaf
from xinqiao.client.steps import Steps
from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Invalid, ProviderFault, Unauthenticated
from xinqiao.domain.portrait.reading import portrait_of_document
from xinqiao.domain.portrait.whole import Portrait
from xinqiao.domain.report import Beside, CreditReport, beside_of, report_of
from xinqiao.trust.jws import ArtefactType, verify_jws

#: No report is longer; a few hundred lines of each of the items are some hundred kilobytes.
MAX_REPORT = 16 * 1024 * 1024


class Answer(Result):
    """What comes with a report and a portrait alike, before it is checked."""

    id: str
    number: str
    version: int
    verify_code: str
    digest: str
    use_leaf: UseLeaf
    uses_left: int
    generated_at: AwareDatetime
    valid_until: AwareDatetime


class CreditAnswer(Answer):
    """A report as it came."""

    report: str = Field(repr=False)


class PortraitAnswer(Answer):
    """A portrait as it came."""

    portrait: str = Field(repr=False)


class CreditRecord(Result):
    """One time a report or a portrait (``kind``) was asked for, without content; ``code`` of a refusal."""

    id: str
    kind: Literal["report", "portrait"] = "report"
    state: Literal["released", "denied"]
    code: str | None
    authorisation_id: str | None
    subject_uscc: str | None
    purpose: Purpose
    operator: str
    department: str
    calls: list[str]
    number: str | None
    verify_code: str | None
    digest: str | None
    generated_at: AwareDatetime | None
    valid_until: AwareDatetime | None
    leaf_index: int
    leaf_hash: str
    asked_at: AwareDatetime


class CreditRecordPage(Result):
    """The newest first."""

    items: list[CreditRecord]


@dataclass(frozen=True, slots=True)
class Opened:
    """A document about a firm, checked. It is handed out once; whoever needs it later keeps ``signed``.

    ``document``: what the platform signed; ``subject_name`` and ``subject_uscc`` whom it is about.
    """

    id: str
    number: str
    version: int
    verify_code: str
    digest: str
    document: dict[str, Json] = field(repr=False)
    signed: str = field(repr=False)
    use_leaf: UseLeaf
    uses_left: int
    generated_at: datetime
    valid_until: datetime
    subject_name: str
    subject_uscc: str


class OpenedReport(Opened):
    """A credit report, checked."""

    __slots__ = ()

    def chapters(self, catalogue: Catalogue) -> CreditReport:
        """Chapters with their sections, as values. Raises Invalid for a document of a later form."""
        return report_of(self.document, catalogue)

    def beside(self) -> Beside:
        """Answers, calls, fund-flow products, the firm's words, the record of queries. Raises Invalid."""
        return beside_of(self.document)


class OpenedPortrait(Opened):
    """A portrait, checked."""

    __slots__ = ()

    def portrait(self) -> Portrait:
        """Its figures, as values. Raises Invalid for a document of a later form."""
        return portrait_of_document(self.document)


class CreditOperations:
    """The operations about credit reports of one institution, over the exchange of ``hub``."""

    def __init__(self, hub: Operations) -> None:
        self._hub = hub

    def report(
        self,
        authorisations: Collection[str],
        purpose: Purpose,
        operator: Operator,
        *,
        calls: Collection[str] | None,
        idempotency_key: str | None,
    ) -> Steps[OpenedReport]:
        """See :meth:`.sync_credit.Credit.report`."""
        yield from self._hub.directory()
        body: dict[str, Json] = {
            "authorisations": [*authorisations],
            "purpose": str(purpose),
            "operator": {"name": operator.name, "department": operator.department},
            "calls": None if calls is None else [*sorted(calls)],
        }
        answer = yield from self._hub.write(CreditAnswer, "/api/v1/credit-reports", body, idempotency_key)
        return self._checked(OpenedReport, answer, answer.report, ArtefactType.CREDIT_REPORT, purpose)

    def portrait(
        self,
        authorisations: Collection[str],
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None,
    ) -> Steps[OpenedPortrait]:
        """See :meth:`.sync_credit.Credit.portrait`."""
        yield from self._hub.directory()
        body: dict[str, Json] = {
            "authorisations": [*authorisations],
            "purpose": str(purpose),
            "operator": {"name": operator.name, "department": operator.department},
        }
        answer = yield from self._hub.write(PortraitAnswer, "/api/v1/portraits", body, idempotency_key)
        return self._checked(OpenedPortrait, answer, answer.portrait, ArtefactType.PORTRAIT, purpose)

    def _checked[O: Opened](
        self, kind: type[O], answer: Answer, signed: str, typ: ArtefactType, purpose: Purpose
    ) -> O:
        try:
            claims = verify_jws(
                signed,
                self._hub.believed.hub_keys,
                typ=typ,
                at=answer.generated_at,
                max_bytes=MAX_REPORT,
            )
        except (Unauthenticated, Invalid) as error:
            raise ProviderFault(Code.HUB_INVALID, "the document is not the platform's") from error
        reader, subject = claims.get("institution"), claims.get("subject")
        mine = isinstance(reader, dict) and reader.get("id") == self._hub.institution_id
        same = (claims.get("number"), claims.get("verify_code"), claims.get("purpose")) == (
            answer.number, answer.verify_code, str(purpose),
        )  # fmt: skip
        if not mine or not same or digest_hex(claims) != answer.digest or not isinstance(subject, dict):
            raise ProviderFault(Code.HUB_INVALID, "the document speaks of something else")
        return kind(
            id=answer.id,
            number=answer.number,
            version=answer.version,
            verify_code=answer.verify_code,
            digest=answer.digest,
            document=claims,
            signed=signed,
            use_leaf=answer.use_leaf,
            uses_left=answer.uses_left,
            generated_at=answer.generated_at,
            valid_until=answer.valid_until,
            subject_name=str(subject.get("name", "")),
            subject_uscc=str(subject.get("uscc", "")),
        )

    def record(self, query_id: str) -> Steps[CreditRecord]:
        """One time a report or a portrait was asked for."""
        return (yield from self._hub.fetch(CreditRecord, f"/api/v1/credit-reports/{segment(query_id)}"))

    def records(
        self, *, authorisation_id: str | None, state: str | None, limit: int
    ) -> Steps[list[CreditRecord]]:
        """The newest reports and portraits made and refused."""
        page = yield from self._hub.fetch(
            CreditRecordPage,
            "/api/v1/credit-reports",
            authorisation_id=authorisation_id,
            state=state,
            limit=limit,
        )
        return page.items
