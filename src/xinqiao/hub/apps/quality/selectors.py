"""Questions about quality, each for a given actor: sums of counts, the league table, batches behind a figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from xinqiao.domain.collection import IN_THE_LAKE, BatchState, expected_by
from xinqiao.domain.errors import NotFound
from xinqiao.domain.period import add_months, business_day, month_start
from xinqiao.domain.quality import Place, Score, Tally, league, score
from xinqiao.hub.actors import Actor, SourceActor, SystemActor
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.selectors import TAKEN
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.apps.quality.measuring import month_bounds
from xinqiao.hub.apps.quality.models import COUNTS, Figure, Total
from xinqiao.hub.runtime import runtime

DIMENSIONS = ("source", "item", "region", "month")
_EVERYTHING = SystemActor("quality")


@dataclass(frozen=True, slots=True)
class Slice:
    """What a figure is about; an empty part is everything. ``region``: ``-`` for where it is not known."""

    source_id: str = ""
    item: str = ""
    region: str = ""
    months: tuple[str, ...] = ()


def months_until(last: str, count: int) -> tuple[str, ...]:
    """So many months up to and with ``last``, in their order."""
    first = date(int(last[:4]), int(last[5:7]), 1)
    return tuple(f"{add_months(first, -back):%Y-%m}" for back in range(count - 1, -1, -1))


def month_before(at: datetime) -> str:
    """The last whole month before an instant."""
    return f"{add_months(month_start(business_day(at)), -1):%Y-%m}"


def _figures(actor: Actor, part: Slice) -> QuerySet[Figure]:
    rows = _narrowed(Figure.objects.for_viewer(actor), part)
    return rows.filter(region="" if part.region == "-" else part.region) if part.region else rows


def _narrowed[Q: QuerySet[Any]](rows: Q, part: Slice) -> Q:
    if part.source_id:
        rows = rows.filter(source_id=part.source_id)
    if part.item:
        rows = rows.filter(item=part.item)
    return rows.filter(month__in=part.months) if part.months else rows


def _rows(actor: Actor, part: Slice, *, regions: bool = False) -> QuerySet[Any]:
    """Totals where regions do not matter: they are far fewer."""
    if part.region or regions:
        return _figures(actor, part)
    return _narrowed(Total.objects.for_viewer(actor), part)


def tallies(actor: Actor, part: Slice, *by: str) -> dict[tuple[str, ...], Tally]:
    """Counts of a part of everything, added up by some of :data:`DIMENSIONS`."""
    names = ["source_id" if name == "source" else name for name in by]
    rows = _rows(actor, part, regions="region" in by)
    grouped = rows.values(*names).annotate(**{f"sum_{name}": Sum(name) for name in COUNTS})
    return {
        tuple(str(row[name]) for name in names): Tally(**{name: row[f"sum_{name}"] for name in COUNTS})
        for row in grouped.order_by(*names)
    }


def values_of(actor: Actor, part: Slice, by: str) -> list[str]:
    """The values one of :data:`DIMENSIONS` has in a part of everything, in their order."""
    name = "source_id" if by == "source" else by
    return sorted(
        set(_rows(actor, part, regions=by == "region").values_list(name, flat=True).distinct().order_by())
    )


def total(actor: Actor, part: Slice) -> Tally:
    """The counts of a part of everything."""
    summed = _rows(actor, part).aggregate(**{name: Sum(name) for name in COUNTS})
    return Tally(**{name: summed[name] or 0 for name in COUNTS})


def scored(tally: Tally) -> Score:
    """The score by the weights of this platform."""
    return score(tally, runtime.quality_rules.weights)


@dataclass(frozen=True, slots=True)
class Supplied:
    """How many batches of a source came in some months, and what became of them."""

    batches: int = 0
    returned: int = 0
    withdrawn: int = 0


def supplied(actor: Actor, months: Sequence[str], *, source_id: str = "") -> dict[str, Supplied]:
    """Judged batches by source."""
    since, until = month_bounds(months[0])[0], month_bounds(months[-1])[1]
    rows = Batch.objects.for_viewer(actor).filter(received_at__gte=since, received_at__lt=until)
    if source_id:
        rows = rows.filter(source_id=source_id)
    rows = rows.filter(
        state__in=[state.value for state in (*IN_THE_LAKE, BatchState.RETURNED, BatchState.WITHDRAWN)]
    )
    counted = rows.values("source_id").annotate(
        all=Count("id"),
        back=Count("id", filter=Q(state=BatchState.RETURNED.value)),
        away=Count("id", filter=Q(state=BatchState.WITHDRAWN.value)),
    )
    return {row["source_id"]: Supplied(row["all"], row["back"], row["away"]) for row in counted.order_by()}


@dataclass(frozen=True, slots=True)
class League:
    """The league table of some months: places, names by source id, and the sources without any figure."""

    places: Sequence[Place[str]]
    sources: Mapping[str, Source]
    unranked: Sequence[Source] = field(default_factory=tuple)


def league_table(months: Sequence[str], *, item: str = "") -> League:
    """Every source, best first. What of it somebody may see is the caller's question."""
    found = tallies(_EVERYTHING, Slice(item=item, months=tuple(months)), "source")
    sources = {row.id: row for row in Source.objects.order_by("name")}
    places = league({key: tally for (key,), tally in found.items()}, runtime.quality_rules.weights)
    ranked = {place.who for place in places}
    unranked = [row for row in sources.values() if row.id not in ranked and row.status == "active"]
    return League(places, sources, tuple(unranked))


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """Where a source stands: its place among how many, ``None`` without a figure; how many share it."""

    place: int | None
    of: int
    shared: int


def own_place(actor: SourceActor, months: Sequence[str]) -> OwnPlace:
    """The actor's place in the league table, and nobody else's."""
    table = league_table(months)
    mine = next((one.place for one in table.places if one.who == actor.source_id), None)
    return OwnPlace(mine, len(table.places), sum(one.place == mine for one in table.places))


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """One batch behind a figure."""

    id: str
    number: str
    source_name: str
    item: str
    state: BatchState
    received_at: datetime
    tally: Tally


def batches_behind(actor: Actor, part: Slice, *, limit: int = 50) -> list[BatchFigures]:
    """The batches of a part, newest first, each with its counts there."""
    grouped = _figures(actor, part).filter(batch__isnull=False).values("batch_id")
    found = grouped.annotate(**{f"sum_{name}": Sum(name) for name in COUNTS}).order_by("-batch__seq")[:limit]
    counts = {
        str(row["batch_id"]): Tally(**{name: row[f"sum_{name}"] for name in COUNTS})
        for row in map(_plain, found)
    }
    rows = Batch.objects.for_viewer(actor).filter(id__in=list(counts)).select_related("source")
    return [
        BatchFigures(
            row.id, row.number, row.source.short_name, row.item, BatchState(row.state), row.received_at, counts[row.id]
        )
        for row in rows.order_by("-seq")
    ]  # fmt: skip


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A batch that was expected and had not come by the end of a day; ``never``: none ever had."""

    source: Source
    item: str
    due_on: date
    days: int
    never: bool


def overdue(sources: Iterable[Source], *, until: datetime) -> list[Overdue]:
    """What had not come before an instant, by the frequencies of the catalogue; the latest first."""
    today = business_day(until)
    found = []
    last = {
        (row["source_id"], row["item"]): row["last"]
        for row in Batch.objects.filter(state__in=TAKEN, received_at__lt=until)
        .values("source_id", "item")
        .annotate(last=Max("received_at"))
        .order_by()
    }
    for source in sources:
        for item_id in source.items:
            item = collected_item(item_id)
            came = last.get((source.id, item_id))
            since = came or source.created_at
            due = expected_by(item.frequency, business_day(since)) if item and since < until else None
            if due is not None and due < today:
                found.append(Overdue(source, item_id, due, (today - due).days, came is None))
    return sorted(found, key=lambda one: (-one.days, one.source.name, one.item))


def source_of(actor: Actor, source_id: str) -> Source:
    """A source by its id. Raises NotFound for an absent or foreign one."""
    row = Source.objects.for_viewer(actor).filter(id=source_id).first()
    if row is None:
        raise NotFound
    return row
