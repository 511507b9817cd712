"""融资需求 of the firm: publish one in a minute, see which products fit and why not, choose to whom it goes, take it back."""

from contextlib import suppress

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.domain.market.advising import MOST_RECIPIENTS
from xinqiao.domain.market.case import NEED, NeedEvent, NeedState
from xinqiao.domain.market.need import NeedTerms
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import AgentScope, EnterpriseActor, SystemActor
from xinqiao.hub.apps.cases.outcomes import history as case_history
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.market import selectors as market
from xinqiao.hub.apps.needs import matching, recipients, selectors, services
from xinqiao.hub.apps.needs.facts import firm_facts
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.apps.needs.rows import terms_of
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.shell import firm_page
from xinqiao.hub.portals.need_cards import (
    SHOWN,
    NeedCard,
    choices,
    need_facts,
    pair_cards,
    posted_terms,
    profile_facts,
    said,
    story,
    typed_again,
    typed_of,
)
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.product_cards import ProductCard
from xinqiao.hub.portals.redress_cards import messages, new_key
from xinqiao.ui import need_words as words

_WRITABLE = (NeedState.DRAFT, NeedState.RETURNED)
_CHOOSING = (NeedState.MATCHED, NeedState.ASSIGNED, NeedState.DISPATCHED)


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The firm's needs."""
    cards = [NeedCard.of(one, visit.at) for one in selectors.needs(visit.actor)]
    context = {"cards": cards, "may": visit.actor.may(AgentScope.AUTHORISE)}
    return firm_page(visit, "enterprise/needs.html", "home", context)


@require_http_methods(["GET", "POST"])
@enterprise_page
def new(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """A form with what the platform knows already; ``product`` names what it starts from. POST leads to the need."""
    request = visit.request
    if request.method == "GET":
        product = request.GET.get("product", "")
        typed = _first(visit, product) | {"key": new_key()}
        return _form(visit, None, typed, product)
    post = request.POST
    try:
        need = services.draft_need(
            actor=visit.actor, terms=posted_terms(request), key=post.get("key", ""),
            product_id=post.get("product", ""), at=visit.at,
        )  # fmt: skip
        return _saved(visit, need)
    except (Forbidden, NotFound):
        raise
    except XinqiaoError as refused:
        return _again(visit, None, refused, post.get("product", ""))


@require_http_methods(["GET", "POST"])
@enterprise_page
def edit(visit: Visit[EnterpriseActor], need_id: str) -> HttpResponse:
    """A draft, or what was sent back, written anew."""
    need = selectors.need(visit.actor, need_id)
    if NeedState(need.state) not in _WRITABLE:
        return HttpResponseRedirect(reverse("enterprise:need", args=[need.id]))
    product = need.product_version.product_id if need.product_version else ""
    if visit.request.method == "GET":
        return _form(visit, need, typed_of(terms_of(need)), product)
    try:
        need = services.save_need(
            actor=visit.actor, need_id=need.id, terms=posted_terms(visit.request),
            expected_version=seen_version(visit.request, need.version), at=visit.at,
        )  # fmt: skip
        return _saved(visit, need)
    except (Forbidden, NotFound):
        raise
    except XinqiaoError as refused:
        return _again(visit, need, refused, product)


def _first(visit: Visit[EnterpriseActor], product_id: str) -> dict[str, object]:
    """What a new form says before anybody typed: nothing, or what the product it starts from asks for."""
    empty = typed_of(NeedTerms())
    if not product_id:
        return empty | {"security": ["credit"]}
    terms = market.terms_of(market.offered(product_id, business_day(visit.at)))
    security = ["credit"] if terms.security == "credit" else ["credit", terms.security]
    return empty | {"security": security, "months": min(terms.months[1], max(terms.months[0], 12))}


def _saved(visit: Visit[EnterpriseActor], need: Need) -> HttpResponse:
    """Saved; and handed in where that was the button. Saved it stays, whatever the handing in says."""
    post = visit.request.POST
    if post.get("act") == "submit":
        try:
            need = services.submit_need(
                actor=visit.actor, need_id=need.id, agreed=post.get("agreed") == "on", expected_version=need.version,
                at=visit.at,
            )  # fmt: skip
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            return _again(visit, selectors.need(visit.actor, need.id), refused, "")
        # looked for at once, so that the firm reads its answer; where the worker was faster or the lake is away, it does it
        with suppress(XinqiaoError):
            matching.match_need(
                actor=SystemActor("portal"), need_id=need.id, at=visit.at, history=case_history
            )
    return HttpResponseRedirect(reverse("enterprise:need", args=[need.id]))


def _again(
    visit: Visit[EnterpriseActor], need: Need | None, refused: XinqiaoError, product: str
) -> HttpResponse:
    record_refusal(visit.request, refused)
    typed = typed_again(visit.request) | {"key": visit.request.POST.get("key", "")}
    return _form(visit, need, typed, product, [said(refused)], refused.status)


def _form(
    visit: Visit[EnterpriseActor], need: Need | None, typed: dict[str, object], product_id: str,
    errors: list[tuple[str, str]] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    uscc = identity.uscc_of(visit.actor.enterprise_id)
    product = None
    if need is not None and need.product_version is not None:
        product = ProductCard.of(need.product_version)
    elif product_id:
        product = ProductCard.of(market.offered(product_id, business_day(visit.at)))
    context = {
        "need": need, "typed": typed, "product": product, "choices": choices(), "errors": messages(errors or []),
        "wrong": {name: text for text, name in errors or [] if name},
        "profile": profile_facts(firm_facts(uscc, holdings_of(uscc), visit.at)),
        "to": reverse("enterprise:need_edit", args=[need.id]) if need else reverse("enterprise:need_new"),
    }  # fmt: skip
    return firm_page(visit, "enterprise/need_form.html", "home", context, status=status)


@require_GET
@enterprise_page
def one(visit: Visit[EnterpriseActor], need_id: str) -> HttpResponse:
    """One need: where it is, what fits, to whom it goes, what happened."""
    return _show(visit, selectors.need(visit.actor, need_id))


def _show(visit: Visit[EnterpriseActor], need: Need, *, error: str = "", status: int = 200) -> HttpResponse:
    state, may = NeedState(need.state), visit.actor.may(AgentScope.AUTHORISE)
    run = selectors.newest_run(need)
    listed = [
        (one, words.recipient_word(one.state), selectors.grants(visit.actor, one, at=visit.at))
        for one in selectors.recipients(need)
    ]
    taken = {one.institution_id for one, _word, _grants in listed if one.state != "proposed"}
    context = {
        "need": need, "card": NeedCard.of(need, visit.at), "facts": need_facts(terms_of(need)), "at": visit.at,
        "run": run, "pairs": pair_cards(run, selectors.placed(run, limit=SHOWN)) if run else [],
        "listed": listed, "taken": taken, "full": len(taken) >= MOST_RECIPIENTS, "most": MOST_RECIPIENTS,
        "story": story(need), "writable": may and state in _WRITABLE, "choosing": may and state in _CHOOSING,
        "may_cancel": may and NeedEvent.CANCEL in NEED.allowed(state, Role.ENTERPRISE),
        "end": words.end_word(need.end_code) if need.end_code else "", "error": error,
        "picked": {one.product_version.product_id for one, _word, _grants in listed if one.state != "proposed"},
    }  # fmt: skip
    return firm_page(visit, "enterprise/need.html", "home", context, status=status)


@require_POST
@enterprise_page
def act(visit: Visit[EnterpriseActor], need_id: str) -> HttpResponse:
    """Choose an institution, take one off, bind an authorisation, look again, take the need back."""
    need = selectors.need(visit.actor, need_id)
    version = seen_version(visit.request, need.version)
    try:
        _do(visit, need, version)
    except (Invalid, Conflict, TooMany) as refused:
        record_refusal(visit.request, refused)
        return _show(visit, need, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("enterprise:need", args=[need.id]))


def _do(visit: Visit[EnterpriseActor], need: Need, version: int) -> None:
    post, actor, at = visit.request.POST, visit.actor, visit.at
    institution = post.get("institution", "")
    match post.get("act"):
        case "list":
            recipients.list_recipient(
                actor=actor,
                need_id=need.id,
                product_id=post.get("product", ""),
                expected_version=version,
                at=at,
            )
        case "unlist":
            recipients.unlist_recipient(
                actor=actor, need_id=need.id, institution_id=institution, expected_version=version, at=at
            )
        case "bind":
            recipients.bind_grant(
                actor=actor, need_id=need.id, institution_id=institution, kind=post.get("kind", ""),
                authorisation_id=post.get("authorisation", ""), expected_version=version, at=at,
            )  # fmt: skip
        case "again":
            matching.match_again(
                actor=actor, need_id=need.id, expected_version=version, at=at, history=case_history
            )
        case "cancel":
            services.cancel_need(
                actor=actor, need_id=need.id, expected_version=version, reason=post.get("words", ""), at=at
            )
        case _:
            raise NotFound
