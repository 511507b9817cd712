"""Objections of the firm: what is collected about it, what is wrong with it, what became of it, a statement beside it."""

from datetime import date

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, XinqiaoError
from xinqiao.domain.machine import Role
from xinqiao.domain.objection import MAY_STATE, RECORD_OBJECTION, RecordObjectionEvent, RecordObjectionState
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.redress import selectors, services
from xinqiao.hub.apps.redress.lookups import Found, one_of
from xinqiao.hub.apps.redress.models import Objection
from xinqiao.hub.apps.redress.selectors import OwnRecord
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.redress_cards import (
    ACCEPT,
    MatterCard,
    evidence_response,
    gravity_word,
    kind_choices,
    matter_context,
    messages,
    new_key,
    record_facts,
    said,
)
from xinqiao.hub.portals.source.cards import item_word, labelled
from xinqiao.hub.runtime import runtime

#: Records of one item that the list shows, and that its own page does.
FIRST, MOST = 6, 1000


@require_GET
@enterprise_page
def listing(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """What is in hand, and every record about the firm with what can be done about it."""
    rows = selectors.matters(visit.actor, at=visit.at)
    own = selectors.own_records(visit.actor, at=visit.at)
    item = visit.request.GET.get("item", "")
    if item:
        own = [one for one in own if one.found.item.id == item]
        if not own:
            raise NotFound
    context = {
        "item": item_word(item) if item else "",
        "cards": [MatterCard.of(row) for row in rows],
        "adverse": [_card(one) for one in own if one.adverse is not None],
        "groups": _groups([one for one in own if one.adverse is None], MOST if item else FIRST),
        "may": visit.actor.may(AgentScope.OBJECT),
        "rules": runtime.redress_rules,
    }
    return page(visit.request, "enterprise/redress.html", enterprise_frame(visit, "report"), context)


def _card(one: OwnRecord) -> tuple[OwnRecord, str, str]:
    assert one.adverse is not None
    return one, item_word(one.found.item.id), gravity_word(one.adverse.gravity)


def _groups(own: list[OwnRecord], most: int) -> list[tuple[str, str, list[OwnRecord], int]]:
    """By item: its id and word, the newest records, how many there are where not all are shown."""
    found: dict[str, list[OwnRecord]] = {}
    for one in sorted(own, key=lambda one: one.found.record.as_of or date.min, reverse=True):
        found.setdefault(one.found.item.id, []).append(one)
    order = sorted(found, key=lambda item: found[item][0].found.item.no)
    return [
        (item, item_word(item), found[item][:most], len(found[item]) if len(found[item]) > most else 0)
        for item in order
    ]


def wanted(visit: Visit[EnterpriseActor]) -> Found:
    """The record the address or the form names. Raises NotFound for any other than the firm's own."""
    given = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    uscc = identity.uscc_of(visit.actor.enterprise_id)
    return one_of(uscc, given.get("item", ""), given.get("record", ""))


def files_of(
    request: HttpRequest, visit: Visit[EnterpriseActor], scope: AgentScope = AgentScope.OBJECT
) -> list[str]:
    """Ids of the files a form brings, which are kept from now on, and of those it brought before."""
    kept = [one for one in request.POST.getlist("kept") if one]
    return kept + [
        services.add_evidence(
            actor=visit.actor,
            file_name=file.name or "",
            chunks=file.chunks(1 << 16),
            at=visit.at,
            scope=scope,
        ).id
        for file in request.FILES.getlist("evidence")
    ]


@require_http_methods(["GET", "POST"])
@enterprise_page
def objection_new(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Say what is wrong with a record. POST leads to the objection."""
    request = visit.request
    if request.method == "GET":
        found = wanted(visit)
        return _form(
            visit, found, {"key": new_key(), "field": request.GET.get("field", ""), "kind": "wrong_value"}
        )
    post, errors = request.POST, []
    try:
        row = services.submit_objection(
            actor=visit.actor, item=post.get("item", ""), record_ref=post.get("record", ""),
            field=post.get("field", ""), kind=post.get("kind", ""), reason=post.get("reason", ""),
            evidence=files_of(request, visit), key=post.get("key", ""), at=visit.at,
        )  # fmt: skip
    except (Forbidden, NotFound):
        raise
    except XinqiaoError as refused:
        record_refusal(request, refused)
        errors.append(said(refused))
        typed = {name: post.get(name, "") for name in ("key", "field", "kind", "reason")}
        return _form(visit, wanted(visit), typed, errors, refused.status)
    return HttpResponseRedirect(reverse("enterprise:objection", args=[row.id]))


def _form(
    visit: Visit[EnterpriseActor],
    found: Found,
    typed: dict[str, str],
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    fields = [
        (one.name, labelled(found.item, one.name))
        for one in found.item.fields
        if one.name not in found.item.subject
    ]
    context = {
        "found": found,
        "item": item_word(found.item.id),
        "record_rows": record_facts(found),
        "fields": fields,
        "kinds": kind_choices(),
        "typed": typed,
        "errors": messages(errors or []),
        "wrong": {name: text for text, name in errors or []},
        "accept": ACCEPT,
        "rules": runtime.redress_rules,
    }
    return page(
        visit.request,
        "enterprise/objection_new.html",
        enterprise_frame(visit, "report"),
        context,
        status=status,
    )


@require_GET
@enterprise_page
def objection(visit: Visit[EnterpriseActor], objection_id: str) -> HttpResponse:
    """One objection: where it is, by when it is answered, what was said."""
    return _show(visit, selectors.objection(visit.actor, objection_id))


def _show(
    visit: Visit[EnterpriseActor], row: Objection, *, error: str = "", status: int = 200
) -> HttpResponse:
    state = RecordObjectionState(row.state)
    may = visit.actor.may(AgentScope.OBJECT)
    events = RECORD_OBJECTION.allowed(state, Role.ENTERPRISE)
    context = {
        **matter_context(row, at=visit.at),
        "may_withdraw": may and RecordObjectionEvent.WITHDRAW in events,
        "may_state": may and state in MAY_STATE,
        "error": error,
    }
    return page(
        visit.request, "enterprise/objection.html", enterprise_frame(visit, "report"), context, status=status
    )


@require_POST
@enterprise_page
def objection_act(visit: Visit[EnterpriseActor], objection_id: str) -> HttpResponse:
    """Take the objection back, or add, replace or take back the statement beside the record."""
    post = visit.request.POST
    row = selectors.objection(visit.actor, objection_id)
    version = seen_version(visit.request, row.version)
    try:
        match post.get("act"):
            case "withdraw":
                services.withdraw_objection(
                    actor=visit.actor, objection_id=row.id, expected_version=version, at=visit.at
                )
            case "state":
                services.state_beside(
                    actor=visit.actor, objection_id=row.id, text=post.get("text", ""), expected_version=version,
                    at=visit.at,
                )  # fmt: skip
            case "unstate":
                services.unstate(
                    actor=visit.actor, objection_id=row.id, expected_version=version, at=visit.at
                )
            case _:
                raise NotFound
    except (Invalid, Conflict, TooMany) as refused:
        record_refusal(visit.request, refused)
        return _show(visit, row, error=said(refused)[0], status=refused.status)
    return HttpResponseRedirect(reverse("enterprise:objection", args=[row.id]))


@require_GET
@enterprise_page
def evidence(visit: Visit[EnterpriseActor], evidence_id: str) -> HttpResponse:
    """One's own file."""
    return evidence_response(visit.actor, evidence_id)
