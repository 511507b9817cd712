"""Coordination tickets of a source: the list, one with its story, the answer."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from xinqiao.domain.errors import Invalid
from xinqiao.domain.period import business_day, parse_date
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.quality import ticket_selectors as tickets
from xinqiao.hub.apps.quality.services import promise_ticket
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.source.shell import is_steward, source_page_of
from xinqiao.hub.portals.ticket_words import STEP_ICONS, TicketCard, show_words, step_sentence
from xinqiao.hub.runtime import runtime
from xinqiao.ui.i18n import gettext as _


@require_GET
@source_page
def listing(visit: Visit[SourceActor]) -> HttpResponse:
    """What the source was asked."""
    show = visit.request.GET.get("show", "")
    show = show if show in show_words() else ""
    today = business_day(visit.at)
    counts = tickets.ticket_counts(visit.actor)
    context = {
        "cards": [TicketCard.of(row, today=today) for row in tickets.tickets(visit.actor, show=show)],
        "chips": [(key, word, counts[key]) for key, word in show_words().items()],
        "show": show,
    }
    return source_page_of(visit, "source/tickets.html", "tickets", context)


@require_http_methods(["GET", "POST"])
@source_page
def detail(visit: Visit[SourceActor], ticket_id: str) -> HttpResponse:
    """One ticket; POST answers it with the day by which it will be right."""
    row = tickets.ticket(visit.actor, ticket_id)
    post = visit.request.POST
    form = {"promised_on": post.get("promised_on", "").strip(), "text": post.get("text", "").strip()}
    errors: dict[str, str] = {}
    if visit.request.method == "POST":
        try:
            promise_ticket(
                actor=visit.actor, ticket_id=ticket_id,
                promised_on=parse_date(form["promised_on"], field="promised_on"), text=form["text"],
                expected_version=seen_version(visit.request, row.version), at=visit.at,
            )  # fmt: skip
        except Invalid as refused:
            record_refusal(visit.request, refused)
            errors = _blamed(refused)
        else:
            return HttpResponseRedirect(reverse("source:ticket", args=[ticket_id]))
    card = TicketCard.of(row, today=business_day(visit.at))
    context = {
        "row": row,
        "card": card,
        "story": [
            {"step": step, "icon": STEP_ICONS[step.event], "sentence": step_sentence(step, {"batch": row.batch_number})}
            for step in tickets.steps(visit.actor, ticket_id)
        ],
        "form": form,
        "errors": errors,
        "may_answer": card.may_promise and is_steward(visit.actor),
        "longest": runtime.quality_rules.promise_days,
    }  # fmt: skip
    return source_page_of(visit, "source/ticket.html", "tickets", context, status=422 if errors else 200)


def _blamed(refused: Invalid) -> dict[str, str]:
    if refused.facts.get("field") == "text":
        return {"text": _("最多 500 个字。")}
    longest = runtime.quality_rules.promise_days
    return {"promised_on": _("写成 2026-10-31，从今天起 {n} 天以内。").format(n=longest)}
