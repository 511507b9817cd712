"""Guarantees as bank and guarantor see them: the list, one guarantee with what may be done, agreements, the book."""

import secrets
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Conflict, Invalid, NotFound, XinqiaoError
from xinqiao.domain.guarantees.states import GUARANTEE, GuaranteeState
from xinqiao.domain.guarantees.terms import Agreement, Party, parse_ratios
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day, parse_date
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.guarantees import batch, claims, register, selectors, services
from xinqiao.hub.apps.guarantees.models import Guarantee
from xinqiao.hub.apps.guarantees.rows import LENDERS, OFFICERS
from xinqiao.hub.portals import guarantee_words as words
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.posted import number_field, seen_version, whole_number

HERE = "guarantees"


def _new_key() -> str:
    return f"form-{secrets.token_hex(12)}"


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Every guarantee of this institution, as bank or as guarantor."""
    query = visit.request.GET
    page = whole_number(query.get("page", ""), 1, 100_000) or 1
    state = query.get("state", "")
    state = state if state in {one.value for one in GuaranteeState} else ""
    rows, count = selectors.guarantees(visit.actor, state=state, page=page)
    own = selectors.own_guarantor(visit.actor)
    day = business_day(visit.at)
    context = {
        "rows": rows, "count": count, "state": state, "page": page, "size": selectors.PAGE,
        "states": [one.value for one in GuaranteeState], "own": own,
        "position": selectors.position(own, begin=day.replace(month=1, day=1), end=date.max) if own else None,
        "officer": bool(visit.actor.roles & OFFICERS),
    }  # fmt: skip
    return desk_page(visit, "institution/guarantees.html", HERE, context)


@require_POST
@institution_page
def assets(visit: Visit[InstitutionActor]) -> HttpResponse:
    """The guarantor states its net assets."""
    post = visit.request.POST
    try:
        register.state_assets(
            actor=visit.actor, net_assets_fen=words.typed_fen(post.get("net_assets", ""), "net_assets"),
            as_of=parse_date(post.get("as_of", ""), field="as_of"), mainly_small=post.get("mainly_small") == "on", at=visit.at,
        )  # fmt: skip
    except Invalid as refused:
        record_refusal(visit.request, refused)
        return desk_page(
            visit, "institution/guarantee_wrong.html", HERE, {"errors": [words.problem(refused)]}, status=422
        )
    return HttpResponseRedirect(reverse("institution:guarantees"))


@require_GET
@institution_page
def guarantee(visit: Visit[InstitutionActor], guarantee_id: str) -> HttpResponse:
    """One guarantee."""
    return _page(visit, selectors.guarantee(visit.actor, guarantee_id))


def _page(
    visit: Visit[InstitutionActor], row: Guarantee, *, refused: XinqiaoError | None = None, status: int = 200
) -> HttpResponse:
    role = Role.GUARANTOR if row.guarantor_id == visit.actor.institution_id else Role.INSTITUTION
    may = visit.actor.roles & (OFFICERS if role is Role.GUARANTOR else LENDERS)
    events = [one.value for one in GUARANTEE.allowed(GuaranteeState(row.state), role)] if may else []
    found = selectors.claims(row)
    context = {
        "row": row, "events": events, "key": _new_key(), "story": words.story(selectors.steps(row)),
        "shares": words.shares_of(row.ratios), "flow": words.flow_word(row.flow), "parties": _parties(row),
        "claims": [(one, words.shared(one.shares)) for one in found],
        "open": next((one for one in found if one.state == "open"), None),
        "recoveries": [(one, words.shared(one.shares)) for one in selectors.recoveries(row)],
        "left_fen": row.compensated_fen - row.recovered_fen, "today": business_day(visit.at),
        "errors": [words.problem(refused)] if refused else [], "post": visit.request.POST, "wan": words.wan,
    }  # fmt: skip
    return desk_page(visit, "institution/guarantee.html", HERE, context, status=status)


def _parties(row: Guarantee) -> list[tuple[str, str, str]]:
    """Each party with its word and its part in per cent as a form shows it."""
    parts = {party: f"{Decimal(part) * 100:.2f}" for party, part in row.ratios.items()}
    return [(party.value, words.party_word(party), parts.get(party.value, "")) for party in Party]


def _promise(visit: Visit[InstitutionActor]) -> services.Promise:
    post = visit.request.POST
    typed = {name: str(post[name]) for name in post}
    return services.Promise(
        amount_fen=words.typed_fen(post.get("amount", ""), "amount"),
        fee_rate=words.typed_rate(post.get("fee_rate", ""), "fee_rate"),
        ratios=parse_ratios(words.typed_ratios(typed)),
        group=post.get("group", ""),
    )


def _claimed(visit: Visit[InstitutionActor]) -> dict[str, object]:
    post = visit.request.POST
    return {
        "amount_fen": words.typed_fen(post.get("amount", ""), "amount"), "words": post.get("words", ""),
        "overdue_since": parse_date(post.get("overdue_since", ""), field="overdue_since"), "key": post.get("key", ""),
    }  # fmt: skip


def _amount(visit: Visit[InstitutionActor]) -> dict[str, object]:
    return {"amount_fen": words.typed_fen(visit.request.POST.get("amount", ""), "amount")}


def _recovered(visit: Visit[InstitutionActor]) -> dict[str, object]:
    post = visit.request.POST
    return {**_amount(visit), "words": post.get("words", ""), "key": post.get("key", "")}


def _reason(visit: Visit[InstitutionActor]) -> dict[str, object]:
    return {"reason": visit.request.POST.get("words", "")}


type Said = Callable[[Visit[InstitutionActor]], dict[str, object]]
#: Each button: the verb, and what the form says with it.
_VERBS: dict[str, tuple[Callable[..., object], Said]] = {
    "review": (services.review, lambda visit: {}),
    "approve": (services.approve, lambda visit: {"promise": _promise(visit)}),
    "decline": (services.decline, _reason),
    "lapse": (services.take_back, _reason),
    "claim": (claims.claim, _claimed),
    "return": (claims.send_back, _reason),
    "compensate": (claims.compensate, _amount),
    "recover": (claims.recover, _recovered),
    "close": (claims.close, _reason),
}


@require_POST
@institution_page
def act(visit: Visit[InstitutionActor], guarantee_id: str) -> HttpResponse:
    """Review, promise, refuse, claim, compensate, recover."""
    row = selectors.guarantee(visit.actor, guarantee_id)
    found = _VERBS.get(visit.request.POST.get("act", ""))
    if found is None:
        raise NotFound
    verb, said = found
    try:
        verb(
            actor=visit.actor, guarantee_id=row.id, at=visit.at,
            expected_revision=seen_version(visit.request, row.revision), **said(visit),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _page(
            visit, selectors.guarantee(visit.actor, guarantee_id), refused=refused, status=refused.status
        )
    return HttpResponseRedirect(reverse("institution:guarantee", args=[row.id]))


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor], case_id: str) -> HttpResponse:
    """The bank asks a guarantor for a case of its own, or guarantees it by an agreement."""
    case = services.open_case(visit.actor, case_id)
    if visit.request.method == "GET":
        return _ask_page(visit, case)
    post = visit.request.POST
    try:
        if post.get("agreement"):
            row = batch.guarantee_case(
                actor=visit.actor, agreement_id=post["agreement"], case_id=case.id, key=post.get("key", ""), at=visit.at
            )  # fmt: skip
        else:
            asked = services.Asked(
                words.typed_fen(post.get("amount", ""), "amount"), number_field(visit.request, "months", 1, 600),
                post.get("words", ""),
            )  # fmt: skip
            row = services.apply_for_case(
                actor=visit.actor, case_id=case.id, guarantor_id=post.get("guarantor", ""), asked=asked,
                key=post.get("key", ""), at=visit.at,
            )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        return _ask_page(visit, case, refused=refused)
    return HttpResponseRedirect(reverse("institution:guarantee", args=[row.id]))


def _ask_page(
    visit: Visit[InstitutionActor], case: Case, *, refused: XinqiaoError | None = None
) -> HttpResponse:
    agreements = [one for one in selectors.agreements(visit.actor) if one.state == "active"]
    context = {
        "case": case, "guarantors": [(one.institution_id, one.institution.name) for one in selectors.guarantors()], "agreements": agreements,
        "known": selectors.of_case(visit.actor, case.id), "post": visit.request.POST,
        "key": visit.request.POST.get("key") or _new_key(), "errors": [words.problem(refused)] if refused else [],
    }  # fmt: skip
    status = refused.status if refused else 200
    return desk_page(visit, "institution/guarantee_new.html", HERE, context, status=status)


@require_http_methods(["GET", "POST"])
@institution_page
def agreements(visit: Visit[InstitutionActor]) -> HttpResponse:
    """总对总: the agreements of this institution; a guarantor proposes another."""
    if visit.request.method == "GET":
        return _agreements_page(visit)
    post = visit.request.POST
    try:
        batch.propose(
            actor=visit.actor, institution_id=post.get("institution", ""), agreement=_agreement(visit),
            key=post.get("key", ""), at=visit.at,
        )  # fmt: skip
    except Invalid as refused:
        record_refusal(visit.request, refused)
        return _agreements_page(visit, refused=refused)
    return HttpResponseRedirect(reverse("institution:guarantee_agreements"))


def _agreement(visit: Visit[InstitutionActor]) -> Agreement:
    post = visit.request.POST
    typed = {name: str(post[name]) for name in post}
    return Agreement(
        valid=(parse_date(post.get("valid_from", ""), field="valid_from"), parse_date(post.get("valid_to", ""), field="valid_to")),
        amount_most_fen=words.typed_fen(post.get("amount_most", ""), "amount"),
        months_most=number_field(visit.request, "months", 1, 600),
        quota_fen=words.typed_fen(post.get("quota", ""), "quota"),
        cap=words.typed_rate(post.get("cap", ""), "cap"),
        fee_rate=words.typed_rate(post.get("fee_rate", ""), "fee_rate"),
        ratios=parse_ratios(words.typed_ratios(typed)),
    )  # fmt: skip


def _agreements_page(visit: Visit[InstitutionActor], *, refused: XinqiaoError | None = None) -> HttpResponse:
    own = selectors.own_guarantor(visit.actor)
    banks = selectors.possible_banks(visit.actor)
    post = visit.request.POST
    typed = {party: str(post.get(f"ratio-{party}", "")) for party in Party}
    context = {
        "rows": [(one, words.shares_of(one.ratios)) for one in selectors.agreements(visit.actor)],
        "may_propose": own is not None and bool(visit.actor.roles & OFFICERS),
        "lender": bool(visit.actor.roles & LENDERS), "institution_id": visit.actor.institution_id, "banks": [(one.id, one.name) for one in banks],
        "parties": [(party.value, words.party_word(party), typed[party]) for party in Party], "post": post,
        "key": post.get("key") or _new_key(), "errors": [words.problem(refused)] if refused else [],
    }  # fmt: skip
    status = refused.status if refused else 200
    return desk_page(visit, "institution/guarantee_agreements.html", HERE, context, status=status)


@require_POST
@institution_page
def agreement_act(visit: Visit[InstitutionActor], agreement_id: str) -> HttpResponse:
    """Agree, decline, end."""
    version = whole_number(visit.request.POST.get("version", ""), 0, 10**8)
    said = visit.request.POST.get("act", "")
    if said not in {"agree", "decline", "end"}:
        raise NotFound
    asked = {
        "actor": visit.actor, "agreement_id": agreement_id, "expected_revision": -1 if version is None else version,
        "at": visit.at,
    }  # fmt: skip
    if said == "end":
        batch.end(**asked)  # type: ignore[arg-type]  # a dict of the same names
    else:
        batch.answer(agrees=said == "agree", **asked)  # type: ignore[arg-type]
    return HttpResponseRedirect(reverse("institution:guarantee_agreements"))
