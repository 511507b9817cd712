"""Cases of the institution: the queue, one case with what may be done, what was asked and said."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, Stale, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import CASE, CaseState
from xinqiao.domain.money import parse_amount
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.cases import selectors, services
from xinqiao.hub.apps.guarantees import selectors as guarantees
from xinqiao.hub.apps.guarantees.services import ASKABLE
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.case_cards import CaseCard, chips, common, file_response, new_key, said
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.posted import seen_version, whole_number
from xinqiao.hub.runtime import runtime
from xinqiao.ui import case_words as words
from xinqiao.ui.item_words import item_name

#: Things one form can ask for.
ASKED_AT_ONCE = 3
_PAGE = 50


def may_handle(actor: InstitutionActor) -> bool:
    """Whether buttons of handling are shown; the services decide."""
    return InstitutionRole.CUSTOMER_MANAGER in actor.roles


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """What is to do, what is due first standing first; other lists newest first."""
    show, text = visit.request.GET.get("show", ""), visit.request.GET.get("q", "").strip()[:80]
    after = visit.request.GET.get("after", "")
    if show not in selectors.SHOWS:
        show = ""
    rows = selectors.cases(visit.actor, show=show, text=text, after=after, limit=_PAGE + 1, at=visit.at)
    context = {
        "due": [] if show or text or after else [CaseCard.of(row) for row in selectors.queue(visit.actor, limit=10, at=visit.at)],
        "cards": [CaseCard.of(row) for row in rows[:_PAGE]],
        "more": rows[_PAGE - 1].id if len(rows) > _PAGE else "",
        "chips": chips(selectors.counts(visit.actor, at=visit.at)),
        "show": show,
        "text": text,
    }  # fmt: skip
    return desk_page(visit, "institution/cases.html", "cases", context)


@require_GET
@institution_page
def one(visit: Visit[InstitutionActor], case_id: str) -> HttpResponse:
    """One case."""
    return _show(visit, case_id)


def _show(
    visit: Visit[InstitutionActor], case_id: str, *, error: str = "", typed: QueryDict | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    actor = visit.actor
    context = common(actor, case_id, viewer="bank", at=visit.at)
    row = selectors.case(actor, case_id, at=visit.at)
    state, may = CaseState(row.state), may_handle(actor)
    if may:
        services.read_messages(actor=actor, case_id=case_id, at=visit.at)
    items = [(item, item_name(runtime.catalogue, item)) for item in runtime.catalogue.items]
    context |= {
        "actions": [(words.action_word(one.kind), one) for one in selectors.actions(actor, case_id)],
        "messages": selectors.messages(actor, case_id),
        "contact": selectors.contact(actor, case_id),
        "may": may,
        "events": [event.value for event in CASE.allowed(state, Role.INSTITUTION)] if may else [],
        "guarantees": guarantees.of_case(actor, case_id),
        "may_guarantee": may and state in ASKABLE,
        "may_write": may and state not in CASE.final,
        "refusals": words.refusal_choices(),
        "kinds": words.action_choices(),
        "items": [("", ""), *items],
        "asked": range(1, ASKED_AT_ONCE + 1),
        "typed": typed or {},
        "key": new_key(),
        "error": error,
    }
    return desk_page(visit, "institution/case.html", "cases", context, status=status)


@require_POST
@institution_page
def act(visit: Visit[InstitutionActor], case_id: str) -> HttpResponse:
    """Take up, refuse, investigate, ask, grant, sign, write."""
    post = visit.request.POST
    row = selectors.case(visit.actor, case_id, at=visit.at)
    try:
        if post.get("act") == "say":
            services.send_message(
                actor=visit.actor, case_id=case_id, text=post.get("text", ""), key=post.get("key", ""), at=visit.at
            )  # fmt: skip
        else:
            verb = _verb(post)
            version = seen_version(visit.request, row.version)
            verb(actor=visit.actor, case_id=case_id, expected_version=version, at=visit.at)
    except (Forbidden, NotFound, Stale):
        raise
    except XinqiaoError as refused:
        record_refusal(visit.request, refused)
        return _show(visit, case_id, error=said(refused), typed=post, status=refused.status)
    return HttpResponseRedirect(reverse("institution:case", args=[case_id]))


def _verb(post: QueryDict) -> Callable[..., object]:
    """What a form asks for. Raises NotFound for nothing known, Invalid naming a field."""
    act, reason, said_words = post.get("act", ""), post.get("reason", ""), post.get("words", "")
    verbs: Mapping[str, Callable[[], Callable[..., object]]] = {
        "accept": lambda: services.accept_case,
        "investigate": lambda: services.investigate_case,
        "contract": lambda: services.contract_case,
        "decline": lambda: partial(services.decline_case, reason=reason, words=said_words),
        "reject": lambda: partial(services.reject_case, reason=reason, words=said_words),
        "lapse": lambda: partial(services.lapse_case, reason=reason, words=said_words),
        "ask": lambda: partial(services.ask_firm, asks=_asks(post)),
        "approve": lambda: _approve(post, said_words),
    }
    if act not in verbs:
        raise NotFound
    return verbs[act]()


def _asks(post: QueryDict) -> list[services.Ask]:
    """The lines of the form that say something."""
    found = []
    for place in range(1, ASKED_AT_ONCE + 1):
        text, item = post.get(f"words-{place}", "").strip(), post.get(f"item-{place}", "")
        if text or item:
            found.append(services.Ask(post.get(f"kind-{place}", ""), text, item))
    return found


def _approve(post: QueryDict, words_: str) -> Callable[..., object]:
    months = whole_number(post.get("months", ""), 1, 600)
    if months is None:
        raise Invalid(Code.INVALID, "no months", facts={"field": "months"})
    try:
        rate = Decimal(post.get("rate", "").strip()) / 100
    except InvalidOperation:
        raise Invalid(Code.INVALID, "no rate", facts={"field": "rate"}) from None
    amount = parse_amount(post.get("amount", ""), field="amount")
    return partial(services.approve_case, amount_fen=amount, rate=rate, months=months, words=words_)


@require_GET
@institution_page
def file(visit: Visit[InstitutionActor], file_id: str) -> HttpResponse:
    """A file the firm answered with."""
    return file_response(visit.actor, file_id)
