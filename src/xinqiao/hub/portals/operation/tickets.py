"""Coordination tickets for the platform's people: the list, one with its story, asking a source, ending one."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from xinqiao.domain.coordination import TicketKind
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.quality import ticket_selectors as tickets
from xinqiao.hub.apps.quality.services import close_ticket, open_ticket
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.hub.portals.ticket_words import STEP_ICONS, TicketCard, kind_choices, show_words, step_sentence
from xinqiao.ui.i18n import gettext as _


def _may(visit: Visit[Staff]) -> bool:
    return has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE)


@require_GET
@operator_page
def listing(visit: Visit[Staff]) -> HttpResponse:
    """Tickets: live, escalated, ended."""
    get = visit.request.GET
    show = get.get("show", "") if get.get("show", "") in show_words() else ""
    source = get.get("source", "")
    today = business_day(visit.at)
    counts = tickets.ticket_counts(visit.actor, source_id=source)
    context = {
        "cards": [
            TicketCard.of(row, today=today) for row in tickets.tickets(visit.actor, show=show, source_id=source)
        ],
        "chips": [(key, word, counts[key]) for key, word in show_words().items()],
        "show": show,
        "source": source,
        "sources": [("", _("全部数源")), *((row.id, row.short_name) for row in identity.sources(visit.actor))],
        "may": _may(visit),
    }  # fmt: skip
    return staff_page(visit, "operation/tickets.html", "tickets", context)


def story(visit: Visit[Staff], ticket_id: str) -> list[dict[str, object]]:
    """What happened to a ticket, for the time line."""
    row = tickets.ticket(visit.actor, ticket_id)
    return [
        {"step": step, "icon": STEP_ICONS[step.event], "sentence": step_sentence(step, {"batch": row.batch_number})}
        for step in tickets.steps(visit.actor, ticket_id)
    ]  # fmt: skip


@require_http_methods(["GET", "POST"])
@operator_page
def detail(visit: Visit[Staff], ticket_id: str) -> HttpResponse:
    """One ticket; POST ends it with a reason."""
    row = tickets.ticket(visit.actor, ticket_id)
    error, reason = "", visit.request.POST.get("reason", "").strip()
    if visit.request.method == "POST":
        try:
            close_ticket(
                actor=manager(visit), ticket_id=ticket_id, reason=reason,
                expected_version=seen_version(visit.request, row.version), at=visit.at,
            )  # fmt: skip
        except Invalid as refused:
            record_refusal(visit.request, refused)
            error = _("写明原因，最多 500 个字。")
        else:
            return HttpResponseRedirect(reverse("operator:ticket", args=[ticket_id]))
    card = TicketCard.of(row, today=business_day(visit.at))
    context = {
        "row": row, "card": card, "story": story(visit, ticket_id), "reason": reason, "error": error,
        "may_close": card.may_close and _may(visit),
    }  # fmt: skip
    return staff_page(visit, "operation/ticket.html", "tickets", context, status=422 if error else 200)


def _asking(visit: Visit[Staff]) -> OperatorActor:
    if not _may(visit):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
    return manager(visit)


@require_http_methods(["GET", "POST"])
@operator_page
def new(visit: Visit[Staff]) -> HttpResponse:
    """Ask a source to put something right."""
    actor = _asking(visit)
    post, get = visit.request.POST, visit.request.GET
    form = {
        name: (post.get(name) or get.get(name) or "").strip() for name in ("source", "item", "kind", "text")
    }
    errors: dict[str, str] = {}
    if visit.request.method == "POST":
        try:
            kind = _kind(form["kind"])
            row = open_ticket(
                actor=actor,
                source_id=form["source"],
                item=form["item"],
                kind=kind,
                text=form["text"],
                at=visit.at,
            )
        except Invalid as refused:
            record_refusal(visit.request, refused)
            errors = _blamed(refused)
        except Conflict as refused:
            record_refusal(visit.request, refused)
            errors = {"kind": _("这个数源的这一项已有一张同类的工单没有办结。")}
        else:
            return HttpResponseRedirect(reverse("operator:ticket", args=[row.id]))
    sources = identity.sources(visit.actor)
    chosen = next((row for row in sources if row.id == form["source"]), None)
    context = {
        "form": form,
        "errors": errors,
        "sources": [("", _("选一个数源单位")), *((row.id, row.short_name) for row in sources)],
        "items": [(item, item_word(item)) for item in chosen.items] if chosen else [],
        "kinds": kind_choices(),
    }
    return staff_page(visit, "operation/ticket_new.html", "tickets", context, status=422 if errors else 200)


def _kind(text: str) -> TicketKind:
    try:
        return TicketKind(text)
    except ValueError:
        raise Invalid(Code.INVALID, "no such kind", facts={"field": "kind"}) from None


def _blamed(refused: Invalid) -> dict[str, str]:
    name = str(refused.facts.get("field", "text"))
    said = {
        "item": _("选这个数源报送的一项。"),
        "kind": _("选一类。"),
        "text": _("写明要办什么，最多 500 个字。"),
    }
    return {name: said.get(name, _("请填写。"))}
