"""Items called, verified or collected: the list with its records, the card, confirm, refuse, withdraw."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.consent import VisibleState
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.domain.items import ClaimGrant, ItemGrant, ItemKind, ItemScope, needed_consents
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents.summary import purpose_words
from xinqiao.hub.apps.items import authorisations, requests, selectors
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.items.scopes import all_terms, catalogue
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.apps.items.summary import what_you_authorise, what_you_end
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.enterprise.signing import SignPage, passed_factor, sign_page
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.posted import number_field, seen_version
from xinqiao.hub.portals.words import purpose_short
from xinqiao.ui import i18n
from xinqiao.ui.i18n import Language
from xinqiao.ui.i18n import gettext as _

LIVE = (VisibleState.ACTIVE, VisibleState.PARTLY)


def item_name(item: str) -> str:
    """An item's name in the language in force; its id when the catalogue has it no more."""
    found = catalogue().items.get(item)
    if found is None:
        return item
    return (found.name_en or found.name) if i18n.language() is Language.EN else found.name


@dataclass(frozen=True, slots=True)
class Part:
    """An item or a claim as the card shows it: label and, of a claim that waits, the value stated for each field."""

    key: str
    name: str
    fields: tuple[tuple[str, str], ...]
    needs_person: bool
    needs_writing: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the records: who asked for what, when, and what became of it."""

    at: object
    institution: str
    name: str
    verified: bool
    outcome: str
    leaf: int | None


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


def record_of(row: ItemQuery) -> Record:
    """A stored query as a line. The result of a verification is told to the firm it is about."""
    match row.state:
        case "released" if row.result:
            outcome = _("答复：是") if row.result == "yes" else _("答复：否")
        case "released":
            outcome = _("已提供")
        case "denied":
            outcome = _("没有放行：{code}").format(code=row.code)
        case "failed":
            outcome = _("来源没有答复")
        case _:
            outcome = _("进行中")
    verified = row.kind == "verification"
    return Record(row.asked_at, row.institution.name, item_name(row.item), verified, outcome, row.end_leaf)


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Authorisations of items, and every query made or tried about this enterprise."""
    rows = selectors.authorisations(visit.actor, at=visit.at)
    context = {
        "rows": [(row, state_words(row.visible), purpose_short(row.purpose)) for row in rows],
        "records": [record_of(row) for row in selectors.queries(visit.actor)],
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
        "state": state_words(row.visible),
        "purpose_words": purpose_words(row.purpose),
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
            codes = lists[field.code_list].entries if field.code_list else {}
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
    version = seen_version(visit.request, row.version)
    factor = passed_factor(visit)
    authorisations.confirm_items(
        actor=visit.actor,
        authorisation_id=row.id,
        chosen=_chosen(visit.request, row.asked),
        own_consent=visit.request.POST.get("own") == "on",
        written_consent=visit.request.POST.get("written") == "on",
        second_factor_id=factor,
        shown_digest=visit.request.POST.get("shown_digest", ""),
        expected_version=version,
        at=visit.at,
    )
    return HttpResponseRedirect(reverse("enterprise:item", args=[row.id]))


@require_http_methods(["GET", "POST"])
@enterprise_page
def withdraw(visit: Visit[EnterpriseActor], authorisation_id: str) -> HttpResponse:
    """Withdraw: the text, the factor, done. As many steps as agreeing, effective at once."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    if visit.request.method == "POST":
        version = seen_version(visit.request, row.version)
        factor = passed_factor(visit)
        authorisations.withdraw_items(
            actor=visit.actor,
            authorisation_id=row.id,
            second_factor_id=factor,
            shown_digest=visit.request.POST.get("shown_digest", ""),
            expected_version=version,
            at=visit.at,
        )
        return HttpResponseRedirect(reverse("enterprise:item", args=[row.id]))
    if row.visible not in LIVE:
        return HttpResponseRedirect(reverse("enterprise:item", args=[row.id]))
    say = SignPage(
        title=_("撤回授权"),
        button=_("确认撤回"),
        target=reverse("enterprise:item_withdraw", args=[row.id]),
        back=reverse("enterprise:item", args=[row.id]),
        fields={"version": str(row.version)},
    )
    seen = what_you_end(selectors.record(visit.actor, row.id), language=i18n.language())
    return sign_page(visit, seen=seen, object_id=row.id, say=say)
