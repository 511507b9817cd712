"""Asking a firm for the items of a credit report: which, for what, how long, how often."""

from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from xinqiao.domain.catalogue.model import Sensitivity
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Conflict, Invalid
from xinqiao.domain.items import ItemGrant, ItemKind
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.items import requests
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.scopes import all_terms, catalogue
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.asking import AskingForm
from xinqiao.hub.portals.institution.firms import as_code
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.item_words import item_name
from xinqiao.hub.portals.words import purpose_short
from xinqiao.ui.i18n import gettext as _


@dataclass(slots=True)
class ReportForm(AskingForm):
    """What was typed, kept when something was wrong; ``errors`` by field."""

    uscc: str = ""
    purpose: str = Purpose.LOAN_APPLICATION.value
    business_ref: str = ""
    items: list[str] = field(default_factory=list)
    days: str = "30"
    queries: str = "10"
    message: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: HttpRequest) -> "ReportForm":
        """The posted values, and what cannot be read at all; what is allowed is the verb's to say."""
        post = request.POST
        form = cls(
            uscc=post.get("uscc", "").strip(),
            purpose=post.get("purpose", ""),
            business_ref=post.get("business_ref", "").strip(),
            items=post.getlist("item"),
            days=post.get("days", ""),
            queries=post.get("queries", ""),
            message=post.get("message", "").strip(),
        )
        if form.purpose not in Purpose:
            form.errors["purpose"] = _("请选一个用途。")
        if not form.items or not set(form.items) <= {one for one, _word in _offered()}:
            form.errors["item"] = _("至少选一项。")
        form.check_numbers(("days", form.days, 3650), ("queries", form.queries, 1_000))
        return form


def _offered() -> list[tuple[str, str]]:
    """What can be asked for here: what is called and served now, and what is collected and not public anyway."""
    served, found = items.served(), []
    for item in catalogue().items.values():
        kind = all_terms()[item.id].kind
        called = kind is ItemKind.INTERFACE and item.id in served
        collected = kind is ItemKind.COLLECTED and item.max_sensitivity is not Sensitivity.PUBLIC
        if called or collected:
            found.append((item.id, _("接口调用") if called else _("已归集")))
    return found


def _grants(form: ReportForm) -> frozenset[ItemGrant]:
    """Every field of the chosen items but those about persons, whose own consent cannot be asked for here."""
    terms = all_terms()
    grants = (ItemGrant(item, terms[item].fields - terms[item].personal) for item in form.items)
    return frozenset(one for one in grants if one.fields)


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Ask a firm. POST leads to the authorisation's own page."""
    if visit.request.method == "GET":
        return _page(
            visit, ReportForm(as_code(visit.request.GET.get("uscc", "")), items=[one for one, _word in _offered()])
        )  # fmt: skip
    form = ReportForm.read(visit.request)
    if not form.errors:
        try:
            row = requests.request_items(
                actor=visit.actor,
                subject_uscc=as_code(form.uscc),
                purpose=Purpose(form.purpose),
                business_ref=form.business_ref,
                grants=_grants(form),
                claims=(),
                valid_days=int(form.days),
                max_queries=int(form.queries),
                report=True,
                message=form.message,
                at=visit.at,
            )
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            form.blame(refused)
        else:
            return HttpResponseRedirect(reverse("institution:credit_one", args=[row.id]))
    return _page(visit, form)


def _page(visit: Visit[InstitutionActor], form: ReportForm) -> HttpResponse:
    context: dict[str, object] = {
        "form": form,
        "purposes": [(purpose.value, purpose_short(purpose)) for purpose in Purpose],
        "offered": [(item, item_name(item), word) for item, word in _offered()],
    }
    status = 422 if form.errors else 200
    return desk_page(visit, "institution/credit_new.html", "reports", context, status=status)
