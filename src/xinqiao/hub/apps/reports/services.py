"""Verbs of credit reports. The firm sees its own first; what institutions may see follows from authorisations of items."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.report import CreditReport as Composed
from xinqiao.domain.report import Sight, compose
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.collection.usage import announce_use
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.fundflow.protocol import new_verify_code
from xinqiao.hub.apps.fundflow.selectors import statements
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.reports.documents import Head, document
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport
from xinqiao.hub.apps.reports.portraits import marks_of
from xinqiao.hub.ids import Prefix, new_id

#: Platform rules, credit products: a report is good for 30 days.
VALID = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Issued:
    """A report just made: kept in memory for this one answer."""

    head: Head
    report: Composed
    document: dict[str, Json]
    digest: str
    leaf_index: int
    leaf_hash: str


def issue_own(*, actor: EnterpriseActor, holdings: Holdings, at: datetime) -> Issued:
    """Make the firm's own credit report and record that it was read.

    What was read from the lake is given: it may have taken a moment, and no lock is held meanwhile.

    Raises:
        Forbidden: the agent may not query for the firm.
    """
    report = compose(
        holdings.catalogue, sight=Sight(is_subject=True), records=holdings.records, supplies=holdings.supplies
    )
    marks = marks_of(holdings.records)
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.QUERY, at)
        # The lock under which versions are counted.
        firm = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        version = CreditReport.objects.filter(enterprise=firm).count() + 1
        head = Head(
            number=next_number("CR", at),
            version=version,
            verify_code=new_verify_code(),
            issuer=settings.XINQIAO_HUB_ID,
            catalogue=holdings.catalogue.id,
            subject_name=firm.name,
            uscc=firm.uscc,
            reader="subject",
            generated_at=at,
            valid_until=at + VALID,
            statements=tuple((row.text, row.created_at) for row in statements(actor, live_only=True)),
        )
        made = document(head, report)
        digest = hashlib.sha256(canonical_bytes(made)).hexdigest()
        coverage: dict[str, Json] = {str(state): count for state, count in report.coverage.items()}
        report_id = new_id(Prefix.CREDIT_REPORT)
        leaf = append_leaf(
            type="SELF_USE",
            at=at,
            facts={"act": "credit_report", "number": head.number, "digest": digest, "coverage": coverage},
            refs=Refs(subject=firm.id, object=report_id),
        )
        CreditReport.objects.create(
            id=report_id,
            number=head.number,
            enterprise=firm,
            version=version,
            catalogue=head.catalogue,
            generated_at=at,
            valid_until=head.valid_until,
            digest=digest,
            verify_code=head.verify_code,
            coverage=coverage,
            marks={item: [mark.rows, mark.digest] for item, mark in marks.items()},
            leaf_index=leaf.index,
            leaf_hash=leaf.hash,
        )
        announce_use(kind="own_report", shown=report.shown_sources, at=at)
    return Issued(head, report, made, digest, leaf.index, leaf.hash)
