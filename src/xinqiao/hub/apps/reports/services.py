"""Verbs of credit reports: the firm reads its own first; an institution what the firm authorised it for.

A report is put together in memory for one answer. What is kept is its number, its digest, who asked, and a leaf.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.items import ItemAuthorisation
from xinqiao.domain.report import CreditReport as Composed
from xinqiao.domain.report import OwnProduct, Sight, compose
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.collection.usage import announce_use
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.transaction import run_now
from xinqiao.hub.apps.identity.models import Enterprise, Institution
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.apps.reports.asking import again_when_stale, asked
from xinqiao.hub.apps.reports.calls import CalledItems, call_items
from xinqiao.hub.apps.reports.documents import Head, document
from xinqiao.hub.apps.reports.gather import beside_for, beside_own
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.jobs import Sealed, SealReport
from xinqiao.hub.apps.reports.models import ReportKind
from xinqiao.hub.apps.reports.own import VALID, keep_own, number_own
from xinqiao.hub.apps.reports.portraits import marks_of
from xinqiao.hub.apps.reports.protocol import Numbered, Opened, ReportRequest
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeClient
from xinqiao.hub.runtime import runtime


@dataclass(frozen=True, slots=True)
class Issued:
    """A report just made: kept in memory for this one answer. ``query_id``, ``uses_left``: of an institution's."""

    head: Head
    report: Composed
    document: dict[str, Json]
    digest: str
    leaf_index: int
    leaf_hash: str
    query_id: str = ""
    uses_left: int | None = None


def issue_own(
    *, actor: EnterpriseActor, holdings: Holdings, at: datetime, product: OwnProduct | None = None
) -> Issued:
    """Make the firm's own credit report and record that it was read.

    What was read from the lake is given, and so is the ``product`` of a self query where the firm wants one inside: both
    may have taken a moment, and no lock is held meanwhile.

    Raises:
        Forbidden: the agent may not query for the firm.
    """
    report = compose(
        holdings.catalogue, sight=Sight(is_subject=True), records=holdings.records, supplies=holdings.supplies
    )
    marks = marks_of(holdings.records)
    with transaction.atomic(durable=True):
        firm, given = number_own(actor=actor, kind=ReportKind.REPORT, at=at)
        head = Head(
            number=given.number,
            version=given.version,
            verify_code=given.verify_code,
            issuer=settings.XINQIAO_HUB_ID,
            catalogue=holdings.catalogue.id,
            subject_name=firm.name,
            uscc=firm.uscc,
            reader="subject",
            generated_at=at,
            valid_until=at + VALID,
            beside=beside_own(actor, at=at, product=product),
        )
        made = document(head, report)
        digest = _digest(made)
        coverage = _coverage(report)
        report_id = new_id(Prefix.CREDIT_REPORT)
        leaf = append_leaf(
            type="SELF_USE",
            at=at,
            facts={"act": "credit_report", "number": head.number, "digest": digest, "coverage": coverage},
            refs=Refs(subject=firm.id, object=report_id),
        )
        keep_own(
            report_id=report_id, firm=firm, given=given, kind=ReportKind.REPORT, catalogue=head.catalogue, digest=digest,
            leaf=leaf, coverage=coverage, marks={item: [mark.rows, mark.digest] for item, mark in marks.items()},
        )  # fmt: skip
        announce_use(kind="own_report", shown=report.shown_sources, at=at)
    return Issued(head, report, made, digest, leaf.index, leaf.hash)


def issue_for_institution(
    *,
    actor: InstitutionActor,
    ask: ReportRequest,
    holdings_of: Callable[[str], Holdings],
    client: NodeClient,
    clock: Clock | None = None,
) -> Issued | Refused | Repeated:
    """Make a credit report for an institution under live authorisations of one firm for one purpose.

    Permission → the first decision → sources are called and the lake is read, with no lock → the last decision, number,
    leaf and count together. A refusal, at either end, is recorded with its code and handed back; so is the answer of an
    idempotency key that was refused before.

    Args:
        ask: who wants it, under which authorisations, for what.
        holdings_of: what is collected about a firm, by its code.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: no authorisation named, too many, or one twice.
    """
    clock = clock or runtime.clock

    def make(opened: Opened) -> Issued | Refused:
        called = call_items(opened, client=client, clock=clock)
        firm = Enterprise.objects.get(id=opened.enterprise_id)
        # a record was repaired or disputed while the report was put together: put it together again
        return again_when_stale(lambda: _sealed(actor, opened, firm, holdings_of(firm.uscc), called, clock))

    return asked(actor=actor, ask=ask, clock=clock, make=make)


def _sealed(
    actor: InstitutionActor,
    opened: Opened,
    firm: Enterprise,
    holdings: Holdings,
    called: CalledItems,
    clock: Clock,
) -> Issued | Refused:
    report, catalogue = _composed(opened.grants, holdings, called)
    blank, declared = _head(actor, opened, firm, catalogue.id, called, at=clock.now())
    heads: list[Head] = []

    def write(given: Numbered) -> tuple[dict[str, Json], str, datetime]:
        until = min(given.at + VALID, *(grant.valid_to for grant in opened.grants))
        head = replace(
            blank, number=given.number, version=given.version, verify_code=given.verify_code, generated_at=given.at,
            valid_until=until,
        )  # fmt: skip
        heads.append(head)
        made = document(head, report)
        return made, _digest(made), until

    sealed = run_now(
        SealReport(
            opened,
            write,
            _coverage(report),
            catalogue.id,
            report.shown_sources,
            firm.uscc,
            holdings.standing,
            declared,
        ),
        clock=clock,
    )
    if not isinstance(sealed, Sealed):
        return sealed
    return Issued(
        heads[-1], report, sealed.document, sealed.digest, sealed.leaf.index, sealed.leaf.hash, opened.ask.query_id,
        sealed.uses_left,
    )  # fmt: skip


def _composed(
    grants: Sequence[ItemAuthorisation], holdings: Holdings, called: CalledItems
) -> tuple[Composed, Catalogue]:
    sight = Sight.of(grants, all_terms())
    records = {**holdings.records, **called.records}
    report = compose(
        holdings.catalogue, sight=sight, records=records, supplies=holdings.supplies, called=called.nothing
    )
    return report, holdings.catalogue


def _head(
    actor: InstitutionActor,
    opened: Opened,
    firm: Enterprise,
    catalogue_id: str,
    called: CalledItems,
    *,
    at: datetime,
) -> tuple[Head, int]:
    """Everything of the head but what is given under the lock, and the version of what the firm declared in it."""
    ask = opened.ask
    beside, declared = beside_for(
        actor,
        enterprise_id=firm.id,
        subject_uscc=firm.uscc,
        authorisation_ids=ask.authorisations,
        calls=called.calls,
        at=at,
    )
    head = Head(
        number="",
        version=0,
        verify_code="",
        issuer=settings.XINQIAO_HUB_ID,
        catalogue=catalogue_id,
        subject_name=firm.name,
        uscc=firm.uscc,
        reader="institution",
        generated_at=at,
        valid_until=at,
        institution_id=ask.institution_id,
        institution_name=Institution.objects.get(id=ask.institution_id).name,
        purpose=ask.purpose.value,
        operator=" ".join(part for part in (ask.department, ask.operator_name) if part),
        authorisations=tuple(grant.id for grant in opened.grants),
        beside=beside,
    )
    return head, declared


def _coverage(report: Composed) -> dict[str, Json]:
    return {str(state): count for state, count in report.coverage.items()}


def _digest(made: dict[str, Json]) -> str:
    return hashlib.sha256(canonical_bytes(made)).hexdigest()
