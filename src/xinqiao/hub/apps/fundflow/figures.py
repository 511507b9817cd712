"""Counts over the records of queries, for a given actor: chips of a list, the desk's figures, refusals by cause.

Beside ``selectors``, which gives the records themselves. Counts are of records, so content is nowhere near.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from xinqiao.clock import SHANGHAI
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.fundflow.models import Query

STATES = ("released", "denied", "failed", "permitted")
_MEDIAN_OF = 1_000


def _rows(
    actor: Actor,
    since: datetime | None,
    until: datetime | None,
    *,
    kind: str | None = None,
    operator: str | None = None,
    institution_id: str | None = None,
) -> QuerySet[Query]:
    wanted = {
        "asked_at__gte": since,
        "asked_at__lt": until,
        "kind": kind,
        "institution_id": institution_id,
    }
    rows = Query.objects.for_viewer(actor).asked_by(actor, operator)
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def record_counts(
    actor: Actor,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
    operator: str | None = None,
    institution_id: str | None = None,
) -> dict[str, int]:
    """How many queries ended in each state; every state is present. ``[since, until)`` is half-open."""
    rows = _rows(actor, since, until, kind=kind, operator=operator, institution_id=institution_id)
    found = dict(rows.values_list("state").annotate(n=Count("id")))
    return {state: found.get(state, 0) for state in STATES}


def record_operators(actor: Actor) -> list[str]:
    """Names of the people who queried, for a filter; of other institutions a provider learns none."""
    names = Query.objects.for_viewer(actor).named_to(actor).exclude(operator_name="")
    return sorted(set(names.values_list("operator_name", flat=True).distinct()))


def median_answer(actor: Actor, *, since: datetime, until: datetime) -> timedelta | None:
    """The median time from asking to release in ``[since, until)``; ``None`` when nothing was released."""
    rows = _rows(actor, since, until).filter(state="released", answered_at__isnull=False)
    times = rows.order_by("-asked_at").values_list("asked_at", "answered_at")[:_MEDIAN_OF]
    took = [(end - start).total_seconds() for start, end in times if end is not None]
    return timedelta(seconds=median(took)) if took else None


@dataclass(frozen=True, slots=True)
class LastQuery:
    """How the latest query under an authorisation ended."""

    id: str
    state: str
    code: str
    asked_at: datetime


def last_queries(actor: Actor, authorisation_ids: Iterable[str]) -> dict[str, LastQuery]:
    """The latest query of each of these authorisations, in one question; those without one are absent."""
    rows = Query.objects.for_viewer(actor).filter(authorisation_id__in=set(authorisation_ids))
    found: dict[str, LastQuery] = {}
    fields = ("authorisation_id", "id", "state", "code", "asked_at")
    for authorisation_id, query_id, state, code, asked_at in rows.order_by("asked_at", "id").values_list(
        *fields
    ):
        if authorisation_id is not None:
            found[authorisation_id] = LastQuery(query_id, state, code, asked_at)
    return found


@dataclass(frozen=True, slots=True)
class Cause:
    """A code of refusal or failure and how often it was given."""

    code: str
    state: str
    number: int


@dataclass(frozen=True, slots=True)
class DeniedBy:
    """An institution and how often it was refused, of how many queries."""

    institution_id: str
    name: str
    denied: int
    asked: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was not released in a period."""

    causes: tuple[Cause, ...]
    institutions: tuple[DeniedBy, ...]
    days: tuple[
        tuple[str, int, int], ...
    ]  # ISO day in Shanghai, denied, failed; only days on which something was

    @property
    def denied(self) -> int:
        """Refusals in all."""
        return sum(cause.number for cause in self.causes if cause.state == "denied")

    @property
    def failed(self) -> int:
        """Faults of sources in all."""
        return sum(cause.number for cause in self.causes if cause.state == "failed")


def refusals(actor: Actor, *, since: datetime, until: datetime) -> Refusals:
    """Count refusals and faults of ``[since, until)`` by code, by institution and by day."""
    rows = _rows(actor, since, until)
    bad = rows.filter(state__in=["denied", "failed"])
    causes = bad.values_list("code", "state").annotate(n=Count("id")).order_by("-n", "code")
    asked = dict(rows.exclude(institution_id=None).values_list("institution_id").annotate(n=Count("id")))
    whose = bad.exclude(institution_id=None).values_list("institution_id", "institution__name")
    days: dict[str, list[int]] = {}
    by_day = bad.annotate(day=TruncDate("asked_at", tzinfo=SHANGHAI)).values_list("day", "state")
    for day, state, number in by_day.annotate(n=Count("id")).order_by("day"):
        if day is not None:
            days.setdefault(day.isoformat(), [0, 0])[0 if state == "denied" else 1] += number
    return Refusals(
        tuple(Cause(code, state, n) for code, state, n in causes),
        tuple(
            DeniedBy(str(id_), str(name), n, asked.get(id_, 0))
            for id_, name, n in whose.annotate(n=Count("id")).order_by("-n")
        ),
        tuple((day, numbers[0], numbers[1]) for day, numbers in days.items()),
    )
