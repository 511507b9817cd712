"""What the start pages ask about authorisations: counts, the work queue, what lives, what is over, known firms.

Beside ``selectors``, which answers about single objects and plain lists. Nothing is written here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from statistics import median

from django.db.models import Count, Max, Q

from xinqiao.domain.consent import AuthState, VisibleState
from xinqiao.hub.actors import Actor, InstitutionActor
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.consents.rows import LIVE, AuthorisationRow
from xinqiao.hub.apps.consents.selectors import page_of, shown_as, visible_history

#: A request is about to lapse when less than this is left of its waiting time.
SOON = timedelta(days=3)
#: How long a declined or withdrawn authorisation stays in the queue as news.
NEWS = timedelta(days=14)
_MEDIAN_OF = 1_000


def state_counts(actor: Actor, *, at: datetime) -> dict[VisibleState, int]:
    """How many authorisations are shown in each state at ``at``; every state is present."""
    wanted = {state.value: Count("id", filter=shown_as(state, at)) for state in VisibleState}
    found = Authorisation.objects.for_viewer(actor).aggregate(**wanted)
    return {state: found[state.value] for state in VisibleState}


def _live(at: datetime) -> Q:
    return _any_of(LIVE, at)


def _any_of(states: Iterable[VisibleState], at: datetime) -> Q:
    return reduce(or_, (shown_as(state, at) for state in states))


def _due(at: datetime) -> Q:
    fresh = _live(at) & Q(uses=0)
    lapsing = shown_as(VisibleState.REQUESTED, at) & Q(request_expires_at__lte=at + SOON)
    return fresh | lapsing


def _news(at: datetime) -> Q:
    declined = Q(state=AuthState.REFUSED.value, decided_at__gt=at - NEWS)
    return declined | Q(state=AuthState.WITHDRAWN.value, withdrawn_at__gt=at - NEWS)


def work(actor: InstitutionActor, *, at: datetime, limit: int = 50) -> list[AuthorisationRow]:
    """What can be finished or should be known now, in this order: live and not yet queried, requests about to lapse,
    then declined and withdrawn ones of the last days; inside each the latest first."""
    rows = Authorisation.objects.for_viewer(actor).filter(_due(at) | _news(at))
    order = {VisibleState.ACTIVE: 0, VisibleState.PARTLY: 0, VisibleState.REQUESTED: 1}
    return sorted(page_of(actor, rows, at=at, limit=limit), key=lambda row: order.get(row.visible, 2))


def to_do_count(actor: InstitutionActor, *, at: datetime) -> int:
    """How many of them somebody has to do something about (news is not a task)."""
    return Authorisation.objects.for_viewer(actor).filter(_due(at)).count()


def live(actor: Actor, *, at: datetime, limit: int | None = None) -> list[AuthorisationRow]:
    """Authorisations that can be queried at ``at``, wholly or in part agreed, newest first.

    Without a limit for an enterprise: what it cannot see it cannot withdraw.
    """
    return page_of(actor, Authorisation.objects.for_viewer(actor).filter(_live(at)), at=at, limit=limit)


def over(actor: Actor, *, at: datetime, limit: int = 50) -> list[AuthorisationRow]:
    """Authorisations and requests that ended in whichever way, newest first."""
    ended = _any_of((one for one in VisibleState if one not in (VisibleState.REQUESTED, *LIVE)), at)
    rows = Authorisation.objects.for_viewer(actor).filter(ended)
    return page_of(actor, rows, at=at, limit=limit)


@dataclass(frozen=True, slots=True)
class FirmRow:
    """A firm an institution has asked before."""

    uscc: str
    name: str
    requests: int
    live: int
    waiting: int
    last_at: datetime


def known_firms(actor: InstitutionActor, *, at: datetime, text: str = "", limit: int = 100) -> list[FirmRow]:
    """Firms of the actor's own requests, the latest asked first; ``text`` is part of the name or code.

    Only these: an institution does not browse data accounts.
    """
    rows = Authorisation.objects.for_viewer(actor)
    if text:
        rows = rows.filter(Q(enterprise__name__contains=text) | Q(enterprise__uscc__contains=text.upper()))
    found = rows.values("enterprise__uscc", "enterprise__name").annotate(
        requests=Count("id"),
        live=Count("id", filter=_live(at)),
        waiting=Count("id", filter=shown_as(VisibleState.REQUESTED, at)),
        last_at=Max("requested_at"),
    )
    return [
        FirmRow(
            uscc=row["enterprise__uscc"],
            name=row["enterprise__name"],
            requests=row["requests"],
            live=row["live"],
            waiting=row["waiting"],
            last_at=row["last_at"],
        )
        for row in found.order_by("-last_at")[:limit]
    ]


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """How firms answered an institution's requests of a period; ``None`` where nothing was answered."""

    answered: int
    agreed: int
    partly: int
    median_wait: timedelta | None


def answer_figures(actor: Actor, *, since: datetime, until: datetime) -> AnswerFigures:
    """Requests made in ``[since, until)`` that were confirmed, refused or lapsed; lapsed ones count as answered."""
    rows = Authorisation.objects.for_viewer(actor).filter(
        requested_at__gte=since, requested_at__lt=until, decided_at__isnull=False
    )
    agreed = Q(valid_from__isnull=False)
    found = rows.aggregate(
        answered=Count("id"),
        agreed=Count("id", filter=agreed),
        partly=Count("id", filter=agreed & Q(partly=True)),
    )
    times = (
        rows.filter(agreed).order_by("-requested_at").values_list("requested_at", "valid_from")[:_MEDIAN_OF]
    )
    waits = [(start - asked).total_seconds() for asked, start in times if start is not None]
    wait = timedelta(seconds=median(waits)) if waits else None
    return AnswerFigures(found["answered"], found["agreed"], found["partly"], wait)


def events(actor: Actor, *, since: datetime, until: datetime) -> dict[str, int]:
    """How often each event of bindings and authorisations happened in ``[since, until)``: ``authorisation.confirm`` …"""
    rows = visible_history(actor).filter(at__gte=since, at__lt=until)
    pairs = rows.values_list("object_kind", "event").annotate(n=Count("id"))
    return {f"{kind}.{event}": n for kind, event, n in pairs}
