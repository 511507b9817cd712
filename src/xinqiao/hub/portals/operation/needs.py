"""融资顾问: the queue, one need with everything its adviser does about it, return visits, and the advisers' figures.

Everybody at the platform's desk reads; what an adviser does is asked of the verbs, which ask whose need it is.
"""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Conflict, Invalid, NotFound
from xinqiao.domain.market.advising import STARS, Channel
from xinqiao.domain.market.case import NeedState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.cases.outcomes import history as case_history
from xinqiao.hub.apps.cases.outcomes import outcomes
from xinqiao.hub.apps.needs import advising, matching, recipients, selectors, services
from xinqiao.hub.apps.needs.facts import place_of
from xinqiao.hub.apps.needs.models import Need
from xinqiao.hub.apps.needs.rows import terms_of
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.need_cards import SHOWN, NeedCard, choices, need_facts, pair_cards, said, story
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.posted import seen_version, whole_number
from xinqiao.hub.portals.redress_cards import new_key
from xinqiao.ui import market_words
from xinqiao.ui import need_words as words
from xinqiao.ui.i18n import gettext as _

_FOLLOWED = (NeedState.ASSIGNED, NeedState.DISPATCHED)


def _me(visit: Visit[Staff]) -> str:
    return visit.actor.user_id if has(visit, OperatorRole.ADVISER) else ""


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """The queue: one's own, what nobody follows, or a colleague's; what is due first stands first."""
    me, show = _me(visit), visit.request.GET.get("show", "mine" if _me(visit) else "free")
    people = matching.advisers()
    whose = me if show == "mine" else show if show in {one.id for one in people} else ""
    rows = selectors.queue(visit.actor, whose=whose)
    places = {one.id: place_of(one.enterprise.uscc) for one in rows}
    region, industry = (visit.request.GET.get(name, "")[:2] for name in ("region", "industry"))
    shown = [one for one in rows if region in ("", places[one.id][0]) and industry in ("", places[one.id][1])]
    loads = {one.adviser: one.open for one in matching.loads()}
    chips = [("mine", _("我跟进的"), loads.get(me, 0))] if me else []
    chips += [("free", _("没有人跟进"), len(selectors.queue(visit.actor)))]
    chips += [
        (one.id, one.display_name or one.username, loads.get(one.id, 0)) for one in people if one.id != me
    ]
    context = {
        "cards": [NeedCard.of(one, visit.at) for one in shown], "region": region, "industry": industry,
        "regions": _listed({place for place, _section in places.values()}, market_words.region_word),
        "industries": _listed({section for _place, section in places.values()}, market_words.industry_word), "chips": chips, "show": show if whose or me else "free",
        "visits": selectors.visits(visit.actor, whose=whose) if whose else [], "today": business_day(visit.at),
    }  # fmt: skip
    return staff_page(visit, "operation/needs.html", "needs", context)


def _listed(codes: set[str], word: Callable[[str], str]) -> list[tuple[str, str]]:
    """The codes there are as a choice, everything first."""
    return [("", _("不限")), *((one, word(one)) for one in sorted(codes - {""}))]


@require_GET
@operator_page
def figures(visit: Visit[Staff]) -> HttpResponse:
    """What the advisers' work comes to."""
    context = {"rows": selectors.work(at=visit.at), "compared": selectors.overrides_compared(outcomes())}
    return staff_page(visit, "operation/advisers.html", "needs", context)


@require_GET
@operator_page
def one(visit: Visit[Staff], need_id: str) -> HttpResponse:
    """One need."""
    return _show(visit, selectors.need(visit.actor, need_id))


def _show(visit: Visit[Staff], need: Need, *, error: str = "", status: int = 200) -> HttpResponse:
    run, people = selectors.newest_run(need), matching.advisers()
    state, me = NeedState(need.state), _me(visit)
    mine = bool(me) and need.adviser_id == me
    left = need.adviser_id is not None and need.adviser_id not in {one.id for one in people}
    # whom a need is not assigned to sees everything but how the firm is reached
    facts = need_facts(terms_of(need)) if mine else need_facts(terms_of(need))[:-1]
    listed = selectors.recipients(need)
    context = {
        "need": need, "card": NeedCard.of(need, visit.at), "facts": facts, "at": visit.at, "run": run,
        "pairs": pair_cards(run, selectors.placed(run, limit=SHOWN)) if run else [],
        "listed": [(one, words.recipient_word(one.state)) for one in listed],
        "picked": {one.product_version.product_id for one in listed}, "story": story(need),
        "contacts": [(one, words.channel_word(one.channel)) for one in selectors.contacts(need)],
        "visits": selectors.visits_of(need), "stars": [("", _("没有评")), *((str(n), "★" * n) for n in STARS)],
        "working": mine and state in _FOLLOWED, "mine": mine, "assigned": mine and state is NeedState.ASSIGNED,
        "may_take": bool(me) and (state is NeedState.MATCHED or (left and state in _FOLLOWED)),
        "colleagues": [("", _("请选择"))] + [(one.id, one.display_name) for one in people if one.id != me],
        "channels": [(one.value, words.channel_word(one)) for one in Channel], "key": new_key(),
        "choices": choices(), "end": words.end_word(need.end_code) if need.end_code else "", "error": error,
    }  # fmt: skip
    return staff_page(visit, "operation/need.html", "needs", context, status=status)


@require_POST
@operator_page
def act(visit: Visit[Staff], need_id: str) -> HttpResponse:
    """Everything an adviser does about a need."""
    need, actor = selectors.need(visit.actor, need_id), manager(visit)
    version = seen_version(visit.request, need.version)
    try:
        _do(visit, actor, need, version)
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _show(visit, need, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("operator:need", args=[need.id]))


def _do(visit: Visit[Staff], actor: OperatorActor, need: Need, version: int) -> None:
    post, at = visit.request.POST, visit.at
    text, product = post.get("words", ""), post.get("product", "")
    match post.get("act"):
        case "take":
            advising.take_need(actor=actor, need_id=need.id, expected_version=version, at=at)
        case "hand_over":
            advising.hand_over(
                actor=actor,
                need_id=need.id,
                to=post.get("adviser", ""),
                reason=text,
                expected_version=version,
                at=at,
            )
        case "contact":
            advising.log_contact(
                actor=actor,
                need_id=need.id,
                channel=post.get("channel", ""),
                text=text,
                key=post.get("key", ""),
                at=at,
            )
        case "forward" | "back" as kind:
            advising.override(
                actor=actor, need_id=need.id, product_id=product, kind=kind, reason=text, expected_version=version,
                at=at,
            )  # fmt: skip
        case "propose":
            recipients.propose_recipient(
                actor=actor, need_id=need.id, product_id=product, reason=text, expected_version=version, at=at
            )
        case "again":
            matching.match_again(
                actor=actor, need_id=need.id, expected_version=version, at=at, history=case_history
            )
        case "return":
            services.return_need(actor=actor, need_id=need.id, reason=text, expected_version=version, at=at)
        case "close":
            services.close_need(
                actor=actor,
                need_id=need.id,
                code=post.get("code", ""),
                text=text,
                expected_version=version,
                at=at,
            )
        case "visit":
            advising.visit_done(
                actor=actor, visit_id=whole_number(post.get("visit", ""), 1, 10**12) or 0,
                stars=whole_number(post.get("stars", ""), 1, 5), text=text, at=at,
            )  # fmt: skip
        case _:
            raise NotFound
