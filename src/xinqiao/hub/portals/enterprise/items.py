"""Items called, verified or collected: the list with its records, the card, confirm, refuse, withdraw."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.consent import DEFAULT_CEILINGS, VisibleState
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.items import ClaimGrant, ItemGrant, ItemKind, ItemScope, needed_consents
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents.rows import APPENDABLE, LIVE
from xinqiao.hub.apps.consents.summary import Act, purpose_words
from xinqiao.hub.apps.items import authorisations, requests, selectors
from xinqiao.hub.apps.items.scopes import all_terms, catalogue
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.apps.items.summary import what_you_authorise, what_you_end
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.enterprise.signing import SignPage, carry_out, sign_page, withdraw_page
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.item_words import item_name, kind_words, outcome_words
from xinqiao.hub.portals.posted import number_field, seen_version
from xinqiao.hub.portals.words import purpose_short
from xinqiao.ui import i18n
from xinqiao.ui.i18n import Language
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import code_words

PLACE = "enterprise:item"


@dataclass(frozen=True, slots=True)
class Part:
    """An item or a claim as the card shows it: label and, of a claim that waits, the value stated for each field."""

    key: str
    name: str
    fields: tuple[tuple[str, str], ...]
    needs_person: bool
    needs_writing: bool


def state_words(state: VisibleState) -> str:
    """Where an authorisation stands, in a few words."""
    return {
        VisibleState.REQUESTED: _("等您决定"),
        VisibleState.ACTIVE: _("生效中"),
        VisibleState.PARTLY: _("生效中，同意了一部分"),
        VisibleState.REFUSED: _("您没有同意"),
        VisibleState.LAPSED: _("过了时间，没有答复"),
        VisibleState.WITHDRAWN: _("您已撤回"),
        VisibleState.EXPIRED: _("已到期"),
        VisibleState.USED_UP: _("次数用完"),
    }[state]


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Authorisations of items, and every query made or tried about this enterprise."""
    rows = selectors.authorisations(visit.actor, at=visit.at)
    context = {
        "rows": [(row, state_words(row.visible), purpose_short(row.purpose)) for row in rows],
        "records": [
            (row, item_name(row.item), kind_words(row.kind), outcome_words(row))
            for row in selectors.queries(visit.actor)
        ],
    }
    return page(visit.request, "enterprise/items.html", enterprise_frame(visit, "consents"), context)


@require_http_methods(["GET", "POST"])
@enterprise_page
def card(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The card of a request, or the state of an authorisation. POST: refuse, or go on to confirm."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    open_ = row.visible is VisibleState.REQUESTED
    if visit.request.method == "POST" and not open_:
        raise Conflict(Code.CONFLICT_STATE, "the request has been answered or has lapsed")
    if visit.request.method == "POST" and visit.request.POST.get("decision") == "refuse":
        requests.refuse_items(
            actor=visit.actor,
            authorisation_id=row.id,
            expected_version=seen_version(visit.request, row.version),
            at=visit.at,
        )
        return HttpResponseRedirect(reverse("enterprise:item", args=[row.id]))
    if visit.request.method == "POST":
        return _sign_confirmation(visit, row)
    stated = selectors.stated(visit.actor, row.id) if open_ else {}
    scope = row.granted or row.asked
    needed = needed_consents(scope, all_terms())
    context = {
        "row": row,
        "open": open_,
        "live": row.visible in LIVE,
        "appendable": row.granted is not None and row.visible in APPENDABLE,
        "state": state_words(row.visible),
        "purpose_words": purpose_words(row.purpose),
        "report": scope.report,
        "called": _grants(scope, needed, ItemKind.INTERFACE),
        "collected": _grants(scope, needed, ItemKind.COLLECTED),
        "claims": [
            _part(one.digest, one.item, one.fields, stated.get(one.digest, {}), needed)
            for one in sorted(scope.claims, key=lambda one: (one.item, one.digest))
        ],
        "any_person": bool(needed),
        "any_writing": any(needed.values()),
    }
    return page(visit.request, "enterprise/item.html", enterprise_frame(visit, "consents"), context)


def _grants(scope: ItemScope, needed: dict[str, bool], kind: ItemKind) -> list[Part]:
    grants = sorted(scope.grants, key=lambda one: one.item)
    return [
        _part(one.item, one.item, one.fields, {}, needed)
        for one in grants
        if all_terms()[one.item].kind is kind
    ]


def _part(
    key: str, item: str, names: frozenset[str], stated: dict[str, str], needed: dict[str, bool]
) -> Part:
    english = i18n.language() is Language.EN
    lists = catalogue().code_lists
    shown = []
    for field in catalogue().items[item].fields:
        if field.name in names:
            label = (field.label_en or field.label) if english else field.label
            value = stated.get(field.name, "")
            codes = code_words(lists[field.code_list]) if field.code_list else {}
            shown.append((label, codes.get(value, value)))
    return Part(key, item_name(item), tuple(shown), item in needed, needed.get(item, False))


def _chosen(request: HttpRequest, asked: ItemScope) -> ItemScope:
    """What was ticked. Whether it is within the request is the verb's question, not the form's."""
    grants = {one.item: one for one in asked.grants}
    claims = {one.digest: one for one in asked.claims}
    items, digests = request.POST.getlist("item"), request.POST.getlist("claim")
    if not set(items) <= set(grants) or not set(digests) <= set(claims):
        raise Invalid(Code.INVALID, "not in the request", facts={"field": "item"})
    wanted: frozenset[ItemGrant] = frozenset(grants[one] for one in items)
    verified: frozenset[ClaimGrant] = frozenset(claims[one] for one in digests)
    if not wanted and not verified:
        raise Invalid(Code.INVALID, "nothing was chosen", facts={"field": "item"})
    return ItemScope(
        grants=wanted,
        claims=verified,
        purpose=asked.purpose,
        valid_days=number_field(request, "days", 1, 365),
        max_queries=number_field(request, "queries", 1, 1000),
        report=request.POST.get("report") == "on",
    )


def _sign_confirmation(visit: Visit[EnterpriseActor], row: ItemAuthorisationRow) -> HttpResponse:
    post = visit.request.POST
    chosen = _chosen(visit.request, row.asked)
    seen = what_you_authorise(selectors.record(visit.actor, row.id), chosen, language=i18n.language())
    say = SignPage(
        title=_("确认授权"),
        button=_("确认并同意"),
        target=reverse("enterprise:item_confirm", args=[row.id]),
        back=reverse("enterprise:item", args=[row.id]),
        fields={
            "item": sorted(one.item for one in chosen.grants),
            "claim": sorted(one.digest for one in chosen.claims),
            "days": str(chosen.valid_days),
            "queries": str(chosen.max_queries),
            "report": "on" if chosen.report else "off",
            "own": "on" if post.get("own") == "on" else "off",
            "written": "on" if post.get("written") == "on" else "off",
            "version": str(seen_version(visit.request, row.version)),
        },
    )
    return sign_page(visit, seen=seen, object_id=row.id, say=say)


@require_POST
@enterprise_page
def confirm(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The second step: the factor is finished, the verb writes."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    return carry_out(
        visit,
        row,
        authorisations.confirm_items,
        PLACE,
        chosen=_chosen(visit.request, row.asked),
        own_consent=visit.request.POST.get("own") == "on",
        written_consent=visit.request.POST.get("written") == "on",
    )


@require_http_methods(["GET", "POST"])
@enterprise_page
def append(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """授权追加: interface items that were asked for, days or queries; nothing can be narrowed, no claim can be added."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    granted = row.granted
    if granted is None or row.visible not in APPENDABLE:
        return HttpResponseRedirect(reverse(PLACE, args=[row.id]))
    if visit.request.method == "POST":
        return _sign_append(visit, row)
    ceiling = DEFAULT_CEILINGS[granted.purpose]
    needed = needed_consents(row.asked, all_terms())
    context = {
        "row": row,
        "grants": [
            (_part(one.item, one.item, one.fields, {}, needed), one.fields <= granted.fields_of(one.item))
            for one in sorted(row.asked.grants, key=lambda one: one.item)
        ],
        "any_person": any(one.item in needed for one in row.asked.grants),
        "granted": granted,
        "most_days": ceiling.valid_days,
        "most_queries": ceiling.max_queries,
    }
    return page(visit.request, "enterprise/item_append.html", enterprise_frame(visit, "consents"), context)


def _more(request: HttpRequest, row: ItemAuthorisationRow) -> ItemScope:
    """What is to be added: asked items whole, credit reports, a new number of days from now, a new number in all.

    Credit reports that nobody asked for are refused by the verb, as an item is.
    """
    asked = {one.item: one for one in row.asked.grants}
    items = request.POST.getlist("item")
    if not set(items) <= set(asked):
        raise Invalid(Code.INVALID, "not in the request", facts={"field": "item"})
    return ItemScope(
        grants=frozenset(asked[one] for one in items),
        claims=frozenset(),
        purpose=row.asked.purpose,
        valid_days=number_field(request, "days", 1, 365),
        max_queries=number_field(request, "queries", 1, 1000),
        report=request.POST.get("report") == "on",
    )


def _sign_append(visit: Visit[EnterpriseActor], row: ItemAuthorisationRow) -> HttpResponse:
    more = _more(visit.request, row)
    record = selectors.record(visit.actor, row.id)
    seen = what_you_authorise(record, more, language=i18n.language(), act=Act.APPEND)
    say = SignPage(
        title=_("确认追加"),
        button=_("确认追加"),
        target=reverse("enterprise:item_append_confirm", args=[row.id]),
        back=reverse("enterprise:item_append", args=[row.id]),
        fields={
            "item": sorted(one.item for one in more.grants),
            "days": str(more.valid_days),
            "queries": str(more.max_queries),
            "own": "on" if visit.request.POST.get("own") == "on" else "off",
            "report": "on" if more.report else "off",
            "version": str(seen_version(visit.request, row.version)),
        },
    )
    return sign_page(visit, seen=seen, object_id=row.id, say=say)


@require_POST
@enterprise_page
def append_confirm(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """The second step of an append."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    own = visit.request.POST.get("own") == "on"
    more = _more(visit.request, row)
    return carry_out(visit, row, authorisations.append_items, PLACE, more=more, own_consent=own)


@require_http_methods(["GET", "POST"])
@enterprise_page
def withdraw(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """Withdraw: the text, the factor, done. As many steps as agreeing, effective at once."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    if visit.request.method == "POST":
        return carry_out(visit, row, authorisations.withdraw_items, PLACE)
    if row.visible not in LIVE:
        return HttpResponseRedirect(reverse(PLACE, args=[row.id]))
    seen = what_you_end(selectors.record(visit.actor, row.id), language=i18n.language())
    return withdraw_page(visit, row, seen, PLACE)
