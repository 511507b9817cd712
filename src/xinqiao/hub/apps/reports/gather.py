"""What stands in a report beside the records, out of the platform's own books; each reader gets what is his to see.

The record of queries: the firm sees who asked about it, all of it. No rule lets one lender see another's questions, so an
institution sees its own; an operator whose province decides otherwise sets ``XINQIAO_REPORT_INQUIRIES``.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from xinqiao.domain.report import Answered, Beside, Call, Declared, Held, Inquiries, Inquiry, OwnProduct
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.declarations import part_of_report
from xinqiao.hub.apps.reports.jobs import product_of

#: The record of queries reaches back so far, and shows so many lines.
REACH = timedelta(days=730)
LINES = 200


def beside_own(actor: EnterpriseActor, *, at: datetime, product: OwnProduct | None = None) -> Beside:
    """For the firm itself: every answer, every fund-flow authorisation, everybody who asked; ``product`` of a self query."""
    return Beside(
        answers=_answers(actor, actor.enterprise_id, None),
        holdings=_holdings(actor, at=at),
        declared=_declared(actor.enterprise_id),
        inquiries=_inquiries(actor, actor.enterprise_id, "all", at),
        said=part_of_report(actor.enterprise_id, own=True, at=at)[0],
        own_product=product,
    )


def beside_for(
    actor: InstitutionActor,
    *,
    enterprise_id: str,
    subject_uscc: str,
    authorisation_ids: Sequence[str],
    calls: Sequence[Call],
    at: datetime,
) -> tuple[Beside, int]:
    """For an institution: its own answers under these authorisations, its own products, and its own queries.

    With it the version of what the firm declared: a report is not handed out when there is a newer one.
    """
    said, version = part_of_report(enterprise_id, own=False, at=at)
    beside = Beside(
        answers=_answers(actor, enterprise_id, authorisation_ids),
        calls=tuple(calls),
        holdings=_holdings(actor, at=at, subject_uscc=subject_uscc),
        declared=_declared(enterprise_id),
        inquiries=_inquiries(actor, enterprise_id, settings.REPORT_INQUIRIES, at),
        said=said,
    )
    return beside, version


def _answers(
    actor: Actor, enterprise_id: str, authorisation_ids: Sequence[str] | None
) -> tuple[Answered, ...]:
    rows = items.queries(
        actor,
        enterprise_id=enterprise_id,
        authorisation_ids=authorisation_ids,
        answered=True,
        limit=LINES,
    )
    return tuple(
        Answered(
            item=row.item,
            fields=tuple(row.fields),
            yes=row.result == "yes",
            number=row.answer_no,
            source=row.node.name if row.node else "",
            at=row.answered_at,
        )
        for row in rows
        if row.answered_at is not None
    )


def _holdings(actor: Actor, *, at: datetime, subject_uscc: str = "") -> tuple[Held, ...]:
    institution = actor.institution_id if isinstance(actor, InstitutionActor) else ""
    rows = consents.authorisations(
        actor, at=at, subject_uscc=subject_uscc, institution_id=institution, limit=LINES
    )
    found = []
    for row in rows:
        if not row.live:
            continue
        last = next(
            iter(fundflow.records(actor, state="released", authorisation_id=row.id, limit=1)),
            None,
        )
        scope = row.granted or row.asked
        found.append(
            Held(
                authorisation_no=row.authorisation_no or row.request_no,
                authorisation_id=row.id,
                accounts=tuple(account.masked for account in row.accounts),
                products=tuple(sorted(product.value for product in scope.products)),
                valid_to=row.valid_to,
                number=last.report_no if last else "",
                digest=last.product_digest if last else "",
                verify_code=last.verify_code if last else "",
                released_at=last.answered_at if last else None,
            )
        )
    return tuple(found)


def _declared(enterprise_id: str) -> tuple[Declared, ...]:
    rows = fundflow.live_statements(enterprise_id=enterprise_id)
    return tuple(Declared(row.text, row.created_at, row.account_masked) for row in rows)


def _inquiries(actor: Actor, enterprise_id: str, scope: str, at: datetime) -> Inquiries:
    if scope == "none":
        return Inquiries("none")
    since = at - REACH
    lines = _lines(actor, enterprise_id, since)
    others, institutions = None, None
    if scope == "count" and isinstance(actor, InstitutionActor):
        askers: Counter[str] = Counter()
        for count in (fundflow.askers, items.askers, reports.askers):
            askers += count(enterprise_id=enterprise_id, since=since)
        del askers[actor.institution_id]
        others, institutions = askers.total(), len(askers)
    shown = tuple(lines[:LINES])
    return Inquiries(scope, since, shown, len(lines) - len(shown), others, institutions)


def _lines(actor: Actor, enterprise_id: str, since: datetime) -> list[Inquiry]:
    """Newest first. A provider's administrator sees elsewhere what its node served; here only what it asked itself."""
    institution_id = actor.institution_id if isinstance(actor, InstitutionActor) else None
    most = LINES + 1
    lines = [
        Inquiry(row.institution_name, "fundflow", row.product.value, row.purpose, row.asked_at, row.state, row.code)
        for row in fundflow.records(
            actor, institution_id=institution_id, enterprise_id=enterprise_id, since=since, limit=most
        )
    ]  # fmt: skip
    lines += [
        _item_line(row) for row in items.queries(actor, enterprise_id=enterprise_id, since=since, limit=most)
    ]
    lines += [
        Inquiry(row.institution_name, product_of(row.kind), product_of(row.kind), row.purpose, row.asked_at, row.state, row.code)
        for row in reports.asked(actor, enterprise_id=enterprise_id, since=since, limit=most)
    ]  # fmt: skip
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _item_line(row: ItemQuery) -> Inquiry:
    kind = "verification" if row.kind == "verification" else "item"
    return Inquiry(row.institution.name, kind, row.item, row.purpose, row.asked_at, row.state, row.code)
