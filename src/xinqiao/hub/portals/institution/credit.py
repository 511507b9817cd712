"""Credit reports and portraits for this institution: the authorisations they stand on, making one, what was made and refused.

The report lives in one response: not in the session, not in a cache, not in a log. PDF and JSON are reports of their own,
with their own numbers and uses. A refusal leads to its record, which holds no content.
"""

from dataclasses import dataclass

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.consent import VisibleState
from xinqiao.domain.items import ItemKind
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.services import refusal
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.apps.reports import selectors as reports
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.portraits_asked import Handed, portrait_for_institution
from xinqiao.hub.apps.reports.protocol import ReportRequest
from xinqiao.hub.apps.reports.selectors import AskedRow
from xinqiao.hub.apps.reports.services import Issued, issue_for_institution
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.credit_files import credit_beside, credit_json, credit_pdf
from xinqiao.hub.portals.institution.cards import code_title
from xinqiao.hub.portals.institution.records import words_of
from xinqiao.hub.portals.institution.shell import desk_page, may_query
from xinqiao.hub.portals.item_names import item_names
from xinqiao.hub.portals.item_words import field_labels, item_name
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.portrait_files import portrait_json, portrait_pdf
from xinqiao.hub.portals.words import purpose_short
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.credit import build_credit_view
from xinqiao.ui.report.portrait import build_portrait_view

LIVE = (VisibleState.ACTIVE, VisibleState.PARTLY)


@dataclass(frozen=True, slots=True)
class Granted:
    """An item of an authorisation as the page lists it; ``callable``: it can be called at its source now."""

    id: str
    name: str
    fields: str
    kind: ItemKind
    callable: bool


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Authorisations of items, those a report can be made under first, and the reports made and refused."""
    rows = items.authorisations(visit.actor, at=visit.at)
    rows.sort(key=lambda row: not usable(row))
    context: dict[str, object] = {
        "rows": [(row, purpose_short(row.purpose), usable(row)) for row in rows],
        "asked": [(one, outcome(one)) for one in reports.asked(visit.actor)],
        "may_query": may_query(visit.actor),
    }
    return desk_page(visit, "institution/credit.html", "reports", context)


def usable(row: ItemAuthorisationRow) -> bool:
    """Whether a report can be made under an authorisation now."""
    return row.visible in LIVE and row.granted is not None and row.granted.report


def outcome(one: AskedRow) -> str:
    """What became of a report that was asked for: its number, or why not."""
    return one.issued.number if one.issued else code_title(one.code)


@require_GET
@institution_page
def detail(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """One authorisation of items: what it grants, and the form that makes a report."""
    row = items.authorisation(visit.actor, authorisation_id, at=visit.at)
    scope, served = row.granted or row.asked, items.served()
    parts = [
        Granted(
            part.item,
            item_name(part.item),
            _("、").join(field_labels(part.item, part.fields)),
            all_terms()[part.item].kind,
            part.item in served and all_terms()[part.item].kind is ItemKind.INTERFACE,
        )
        for part in sorted(scope.parts, key=lambda part: part.item)
        if part.item in all_terms()
    ]
    calls = [part for part in parts if part.callable]
    context: dict[str, object] = {
        "row": row,
        "scope": scope,
        "purpose": purpose_short(row.purpose),
        "usable": usable(row),
        "parts": parts,
        "calls": calls,
        "left": max(row.max_queries - row.uses, 0),
        "asked": [
            (one, outcome(one)) for one in reports.asked(visit.actor, authorisation_id=authorisation_id)
        ],
        "may_query": may_query(visit.actor),
    }
    return desk_page(visit, "institution/credit_one.html", "reports", context)


@require_GET
@institution_page
def record(visit: Visit[InstitutionActor], query_id: str) -> HttpResponse:
    """One time a report was asked for. Of a report that was made the content is not here: it was shown once."""
    row = reports.one_asked(visit.actor, query_id)
    title, step = words_of(row.code)
    context: dict[str, object] = {
        "row": row,
        "title": title,
        "step": step,
        "purpose": purpose_short(row.purpose),
        "calls": [item_name(item) for item in row.calls],
    }
    return desk_page(visit, "institution/credit_record.html", "reports", context)


def _ask(visit: Visit[InstitutionActor], row: ItemAuthorisationRow) -> ReportRequest:
    return ReportRequest(
        query_id=new_id(Prefix.REPORT_QUERY),
        institution_id=visit.actor.institution_id,
        authorisations=(row.id,),
        purpose=row.purpose,
        operator_name=visit.actor.operator_name,
        department=visit.actor.department,
        via="portal",
        calls=frozenset(visit.request.POST.getlist("call")),
    )


def _refused(visit: Visit[InstitutionActor], made: Refused | Repeated) -> HttpResponse:
    """The way to the record of a refusal."""
    assert isinstance(made, Refused)  # a page has no idempotency key
    if made.query_id is None:
        raise refusal(made)
    target = reverse("institution:credit_record", args=[made.query_id])
    if visit.request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def _issue(visit: Visit[InstitutionActor], authorisation_id: str) -> Issued | HttpResponse:
    """A report of this moment, or the way to the record of its refusal. Raises NotFound for a foreign authorisation."""
    row = items.authorisation(visit.actor, authorisation_id, at=visit.at)
    ask = _ask(visit, row)
    made = issue_for_institution(actor=visit.actor, ask=ask, holdings_of=holdings_of, client=node_client())
    return made if isinstance(made, Issued) else _refused(visit, made)


def _portrait(visit: Visit[InstitutionActor], authorisation_id: str) -> Handed | HttpResponse:
    """A portrait of this moment, or the way to the record of its refusal. Raises NotFound as for a report."""
    row = items.authorisation(visit.actor, authorisation_id, at=visit.at)
    made = portrait_for_institution(actor=visit.actor, ask=_ask(visit, row), holdings_of=holdings_of)
    return made if isinstance(made, Handed) else _refused(visit, made)


@require_http_methods(["GET", "POST"])
@institution_page
def show(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """POST: make and show. GET leads to the form: an address never holds a report."""
    if visit.request.method == "GET":
        return HttpResponseRedirect(reverse("institution:credit_one", args=[authorisation_id]))
    issued = _issue(visit, authorisation_id)
    if not isinstance(issued, Issued):
        return issued
    context: dict[str, object] = {
        "row": items.authorisation(visit.actor, authorisation_id, at=visit.at),
        "issued": issued,
        "head": issued.head,
        "view": build_credit_view(issued.report),
        "beside": credit_beside(issued),
        "purpose": purpose_short(issued.head.purpose),
        "calls": visit.request.POST.getlist("call"),
    }
    return desk_page(visit, "institution/credit_report.html", "reports", context)


@require_POST
@institution_page
def pdf(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """Make a report and send it as a signed PDF; a report of its own."""
    issued = _issue(visit, authorisation_id)
    return credit_pdf(issued) if isinstance(issued, Issued) else issued


@require_POST
@institution_page
def as_json(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """Make a report and send it as a signed document; a report of its own."""
    issued = _issue(visit, authorisation_id)
    return credit_json(issued) if isinstance(issued, Issued) else issued


@require_http_methods(["GET", "POST"])
@institution_page
def portrait(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """POST: make a portrait and show it. GET leads to the form."""
    if visit.request.method == "GET":
        return HttpResponseRedirect(reverse("institution:credit_one", args=[authorisation_id]))
    made = _portrait(visit, authorisation_id)
    if not isinstance(made, Handed):
        return made
    context: dict[str, object] = {
        "row": items.authorisation(visit.actor, authorisation_id, at=visit.at),
        "made": made,
        "view": build_portrait_view(made.looked.portrait, item_names()),
        "purpose": purpose_short(made.asker.purpose),
    }
    return desk_page(visit, "institution/portrait.html", "reports", context)


@require_POST
@institution_page
def portrait_as_pdf(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """Make a portrait and send it as a signed PDF; a portrait of its own."""
    made = _portrait(visit, authorisation_id)
    if not isinstance(made, Handed):
        return made
    return portrait_pdf(made.looked, made.given, made.valid_until, made.asker)


@require_POST
@institution_page
def portrait_as_json(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """Make a portrait and send it as a signed document; a portrait of its own."""
    made = _portrait(visit, authorisation_id)
    return portrait_json(made.looked, made.given) if isinstance(made, Handed) else made
