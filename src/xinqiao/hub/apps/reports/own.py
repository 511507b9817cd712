"""What a firm is handed about itself, report or portrait: counted under its lock, numbered, with a code to check it by."""

from datetime import datetime, timedelta

from django.db.models import Max

from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.fundflow.protocol import new_verify_code
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.reports.models import CreditReport, ReportKind
from xinqiao.hub.apps.reports.protocol import Numbered

#: Platform rules, credit products: a report is good for 30 days.
VALID = timedelta(days=30)
#: What their numbers begin with.
LETTERS = {ReportKind.REPORT: "CR", ReportKind.PORTRAIT: "EP"}


def number_own(*, actor: EnterpriseActor, kind: ReportKind, at: datetime) -> tuple[Enterprise, Numbered]:
    """The firm, locked, and the next number of what it is handed. Call inside the transaction that keeps it.

    Raises:
        Forbidden: the agent may not query for the firm.
    """
    require_capacity(actor, AgentScope.QUERY, at)
    # The lock under which versions are counted.
    firm = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
    ours = CreditReport.objects.filter(enterprise=firm, reader="subject", kind=kind)
    version = (ours.aggregate(newest=Max("version"))["newest"] or 0) + 1
    return firm, Numbered(next_number(LETTERS[kind], at), version, new_verify_code(), at)


def keep_own(
    *,
    report_id: str,
    firm: Enterprise,
    given: Numbered,
    kind: ReportKind,
    catalogue: str,
    digest: str,
    leaf: LeafRef,
    coverage: dict[str, Json],
    marks: dict[str, Json] | None = None,
) -> None:
    """Keep that it was handed out: number, code, digest and leaf, nothing of what it says."""
    CreditReport.objects.create(
        id=report_id,
        number=given.number,
        kind=kind,
        enterprise=firm,
        version=given.version,
        catalogue=catalogue,
        generated_at=given.at,
        valid_until=given.at + VALID,
        digest=digest,
        verify_code=given.verify_code,
        coverage=coverage,
        marks=marks,
        leaf_index=leaf.index,
        leaf_hash=leaf.hash,
    )
