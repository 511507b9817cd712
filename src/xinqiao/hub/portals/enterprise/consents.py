"""Authorisations of an enterprise: the list, the consent card, confirm, refuse, append, withdraw."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.consent import DEFAULT_CEILINGS, Product, Scope, VisibleState
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import desk, selectors, services
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.consents.summary import Act, purpose_words, what_you_see, what_you_withdraw
from xinqiao.hub.apps.fundflow.services import self_query
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.cards import (
    AccountCard,
    AuthCard,
    live_cards,
    product_short,
    purpose_short,
    waiting_cards,
)
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.enterprise.signing import SignPage, carry_out, sign_page, withdraw_page
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.nodes import node_client
from xinqiao.hub.portals.posted import number_field, seen_version
from xinqiao.ui import i18n
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report_view import build_view

MONTH_CHOICES = (6, 12, 24, 36)
DAY_CHOICES = (7, 15, 30, 90, 180, 365)
QUERY_CHOICES = (1, 3, 5, 10, 30)
PLACE = "enterprise:consent"


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """What waits, what lives, what is over."""
    actor, at = visit.actor, visit.at
    context = {
        "waiting": waiting_cards(actor, at),
        "live": live_cards(actor, at),
        "over": [AuthCard.of(row, at) for row in desk.over(actor, at=at)],
    }
    return page(visit.request, "enterprise/consents.html", enterprise_frame(visit, "consents"), context)


@dataclass(frozen=True, slots=True)
class Choice:
    """One segment of a choice: the value, whether more than asked (disabled), whether it is what was asked."""

    value: int
    disabled: bool
    asked: bool


def choices(steps: tuple[int, ...], asked: int) -> list[Choice]:
    """The steps up to what was asked for, the asked value itself, and one step beyond it, disabled."""
    values = sorted({*(s for s in steps if s <= asked), asked, *[s for s in steps if s > asked][:1]})
    return [Choice(v, v > asked, v == asked) for v in values]


@require_http_methods(["GET", "POST"])
@enterprise_page
def card(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The consent card of a request, or the state of an authorisation. POST: refuse, or go on to confirm."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    open_ = row.visible is VisibleState.REQUESTED
    if visit.request.method == "POST" and not open_:
        raise Conflict(Code.CONFLICT_STATE, "the request has been answered or has lapsed")
    if visit.request.method == "POST" and visit.request.POST.get("decision") == "refuse":
        services.refuse_authorisation(
            actor=visit.actor,
            authorisation_id=row.id,
            expected_version=seen_version(visit.request, row.version),
            at=visit.at,
        )
        return HttpResponseRedirect(reverse("enterprise:consent", args=[row.id]))
    if visit.request.method == "POST":
        return _sign_confirmation(visit, row)
    bindings = selectors.bindings(visit.actor, at=visit.at)
    context = {
        "now": visit.at,
        "row": row,
        "card": AuthCard.of(row, visit.at),
        "products": [(p.value, product_short(p)) for p in sorted(row.asked.products)],
        "purpose": purpose_short(row.asked.purpose),
        "purpose_words": purpose_words(row.asked.purpose),
        "accounts": [
            (AccountCard.of(b), row.asked_all_accounts or b.id in row.asked.accounts)
            for b in bindings
            if b.state == "bound"
        ],
        "months": choices(MONTH_CHOICES, row.asked.months_back),
        "days": choices(DAY_CHOICES, row.asked.valid_days),
        "queries": choices(QUERY_CHOICES, row.asked.max_queries),
        "until": visit.at + timedelta(days=row.asked.valid_days),
        "granted_accounts": [
            AccountCard.of(b) for b in bindings if row.granted and b.id in row.granted.accounts
        ],
        "history": selectors.history(visit.actor, row.id),
    }
    template = "enterprise/consent.html" if open_ else "enterprise/authorisation.html"
    return page(visit.request, template, enterprise_frame(visit, "consents"), context)


def _chosen(request: HttpRequest, asked: Scope) -> Scope:
    """What was ticked. Whether it is within the request is the service's question, not the form's."""
    products = {p.value: p for p in Product}
    names = request.POST.getlist("product")
    if not set(names) <= set(products):
        raise Invalid(Code.INVALID, "no such product", facts={"field": "product"})
    return Scope(
        accounts=frozenset(request.POST.getlist("account")),
        products=frozenset(products[n] for n in names) or asked.products,
        months_back=number_field(request, "months", 1, 36),
        valid_days=number_field(request, "days", 1, 365),
        max_queries=number_field(request, "queries", 1, 1000),
        include_balance=request.POST.get("balance") == "on",
        purpose=asked.purpose,
    )


def _fields(scope: Scope, version: int) -> dict[str, str | list[str]]:
    return {
        "account": sorted(scope.accounts),
        "product": sorted(p.value for p in scope.products),
        "months": str(scope.months_back),
        "days": str(scope.valid_days),
        "queries": str(scope.max_queries),
        "balance": "on" if scope.include_balance else "off",
        "version": str(version),
    }


def _bindings(visit: Visit[EnterpriseActor], scope: Scope) -> list[Binding]:
    return selectors.bindings_for(visit.actor, scope.accounts)


def _record(visit: Visit[EnterpriseActor], row: selectors.AuthorisationRow) -> Authorisation:
    return selectors.authorisation_row(visit.actor, row.id)


def _sign_confirmation(visit: Visit[EnterpriseActor], row: selectors.AuthorisationRow) -> HttpResponse:
    chosen = _chosen(visit.request, row.asked)
    if not chosen.accounts:
        raise Invalid(Code.INVALID, "no account was chosen", facts={"field": "account"})
    seen = what_you_see(_record(visit, row), chosen, _bindings(visit, chosen), language=i18n.language())
    say = SignPage(
        title=_("确认授权"),
        button=_("确认并同意"),
        target=reverse("enterprise:consent_confirm", args=[row.id]),
        back=reverse("enterprise:consent", args=[row.id]),
        fields=_fields(chosen, seen_version(visit.request, row.version)),
    )
    return sign_page(visit, seen=seen, object_id=row.id, say=say)


@require_POST
@enterprise_page
def confirm(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The second step: the factor is finished, the verb writes."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    chosen = _chosen(visit.request, row.asked)
    return carry_out(visit, row, services.confirm_authorisation, PLACE, chosen=chosen)


@require_POST
@enterprise_page
def preview(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The real values for the present ticks, computed by the bank now and recorded as a self query."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    chosen = _chosen(visit.request, row.asked)
    account = min(chosen.accounts, default="")
    if not account:
        raise Invalid(Code.INVALID, "no account was chosen", facts={"field": "account"})
    opened = self_query(
        actor=visit.actor,
        binding_id=account,
        product=Product.REPORT,
        months=chosen.months_back,
        client=node_client(),
    )
    context = {
        "view": build_view(opened.product),
        "more": len(chosen.accounts) - 1,
        "balance": chosen.include_balance,
    }
    return page(
        visit.request, "enterprise/consent_preview.html", enterprise_frame(visit, "consents"), context
    )


@require_http_methods(["GET", "POST"])
@enterprise_page
def append(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """授权追加: add accounts, products, months, days or queries to an authorisation in force; nothing can be narrowed."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    granted = row.granted
    if granted is None or not row.appendable:
        return HttpResponseRedirect(reverse("enterprise:consent", args=[row.id]))
    if visit.request.method == "POST":
        more = _chosen(visit.request, granted)
        seen = what_you_see(
            _record(visit, row), more, _bindings(visit, more), language=i18n.language(), act=Act.APPEND
        )
        say = SignPage(
            title=_("确认追加"),
            button=_("确认追加"),
            target=reverse("enterprise:consent_append_confirm", args=[row.id]),
            back=reverse("enterprise:consent_append", args=[row.id]),
            fields=_fields(more, seen_version(visit.request, row.version)),
        )
        return sign_page(visit, seen=seen, object_id=row.id, say=say)
    context = {
        "row": row,
        "card": AuthCard.of(row, visit.at),
        "accounts": [
            (AccountCard.of(b), b.id in granted.accounts)
            for b in selectors.bindings(visit.actor, at=visit.at)
            if b.state == "bound"
        ],
        "products": [(p.value, product_short(p), p in granted.products) for p in Product],
        "months": [m for m in sorted({*MONTH_CHOICES, granted.months_back}) if m >= granted.months_back],
        "queries": [q for q in sorted({*QUERY_CHOICES, granted.max_queries}) if q >= granted.max_queries],
        "days": [
            d
            for d in sorted({*DAY_CHOICES, granted.valid_days})
            if d <= DEFAULT_CEILINGS[granted.purpose].valid_days
        ],
        "granted": granted,
    }
    return page(visit.request, "enterprise/append.html", enterprise_frame(visit, "consents"), context)


@require_POST
@enterprise_page
def append_confirm(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The second step of an append."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    more = _chosen(visit.request, row.granted or row.asked)
    return carry_out(visit, row, services.append_authorisation, PLACE, more=more)


@require_http_methods(["GET", "POST"])
@enterprise_page
def withdraw(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """Withdraw: the text, the factor, done. As many steps as agreeing, effective at once."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    if visit.request.method == "POST":
        return carry_out(visit, row, services.withdraw_authorisation, PLACE)
    if not row.live:
        return HttpResponseRedirect(reverse(PLACE, args=[row.id]))
    seen = what_you_withdraw(_record(visit, row), language=i18n.language())
    return withdraw_page(visit, row, seen, PLACE)
