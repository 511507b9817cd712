"""The monthly report of sharing quality: made for a month that is over, numbered, frozen with its digest.

A correction is the next version; a month in which nothing changed since its last version is not published again.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.collection import BatchState
from xinqiao.domain.coordination import TicketEvent
from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound
from xinqiao.domain.period import format_instant
from xinqiao.domain.quality import Tally, Told
from xinqiao.hub.actors import Actor, OperatorActor, OperatorRole, SourceActor, SystemActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.collection.catalogue import item_name
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.apps.quality import selectors
from xinqiao.hub.apps.quality.measuring import measure_agreement, month_bounds, recompute
from xinqiao.hub.apps.quality.models import Figure, QualityReport, Ticket, TicketStep, Total
from xinqiao.hub.apps.quality.selectors import Slice, Supplied
from xinqiao.hub.apps.quality.usage import ItemUse, count_dossiers, serving_nodes, use_of_node, use_of_source
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime

VERSION = 1
_EVERYTHING = SystemActor("quality")
_TO_JUDGE = (BatchState.RECEIVED, BatchState.CHECKING)


def publish_report(*, actor: OperatorActor | SystemActor, month: str, at: datetime) -> QualityReport:
    """Freeze the report of a month; the one that is there when it would say the same.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: ``TIME_FORMAT``, or ``INVALID`` for a month that is not over.
    """
    if isinstance(actor, OperatorActor) and not actor.roles & {OperatorRole.ADMIN, OperatorRole.SERVICE}:
        raise Forbidden(Code.ROLE_FORBIDDEN, "the platform role is missing")
    if at < month_bounds(month)[1]:
        raise Invalid(Code.INVALID, "the month is not over", facts={"field": "month"})
    recompute(month)
    measure_agreement(month)
    count_dossiers(month)
    try:
        with transaction.atomic():
            return _publish(actor, month, at)
    except IntegrityError:  # another worker was faster
        return QualityReport.objects.filter(month=month).order_by("-version")[0]


def _publish(actor: OperatorActor | SystemActor, month: str, at: datetime) -> QualityReport:
    content = compose(month)
    said = hashlib.sha256(canonical_bytes(content)).hexdigest()
    last = QualityReport.objects.filter(month=month).order_by("-version").first()
    if last is not None and last.content_digest == said:
        return last
    version = last.version + 1 if last else 1
    number = f"QR-{month.replace('-', '')}-{version}"
    document: dict[str, Json] = {
        "artefact": "quality_report", "v": VERSION, "number": number, "version": version,
        "iss": settings.XINQIAO_HUB_ID, "made_at": format_instant(at), **content,
    }  # fmt: skip
    digest = hashlib.sha256(canonical_bytes(document)).hexdigest()
    report_id, by = new_id(Prefix.QUALITY_REPORT), _by(actor)
    leaf = append_leaf(
        type="STATEMENT",
        at=at,
        facts={
            "act": "quality_report_published",
            "number": number,
            "month": month,
            "digest": digest,
            "by": by,
        },
        refs=Refs(object=report_id),
    )
    row = QualityReport.objects.create(
        id=report_id, number=number, month=month, version=version, made_at=at, made_by=by, document=document,
        digest=digest, content_digest=said, leaf_index=leaf.index, leaf_hash=leaf.hash,
    )  # fmt: skip
    for source_id in Source.objects.filter(status="active").values_list("id", flat=True):
        notify(
            audience=("source", source_id), kind="quality_report_published", at=at, link=f"/source/quality?month={month}",
            facts={"number": number, "month": month},
        )  # fmt: skip
    return row


def _by(actor: OperatorActor | SystemActor) -> str:
    return actor.user_id if isinstance(actor, OperatorActor) else f"system:{actor.process}"


def publish_due(*, at: datetime) -> QualityReport | None:
    """The worker's chore: from the first day of a month on, the report of the month before, once."""
    month = selectors.month_before(at)
    if QualityReport.objects.filter(month=month).exists() or not _anything(month) or _unjudged(month, at):
        return None
    return publish_report(actor=SystemActor("quality"), month=month, at=at)


def _unjudged(month: str, at: datetime) -> bool:
    """Whether batches of the month are still being judged; waited for until the second day."""
    since, until = month_bounds(month)
    waiting = Batch.objects.filter(
        received_at__gte=since, received_at__lt=until, state__in=[state.value for state in _TO_JUDGE]
    )
    return at < until + timedelta(days=1) and waiting.exists()


def _anything(month: str) -> bool:
    """Whether there was a source at all: an empty platform publishes nothing."""
    return Source.objects.filter(created_at__lt=month_bounds(month)[1]).exists()


# what it says


def compose(month: str) -> dict[str, Json]:
    """The content of the report of a month, as it is known now."""
    rules = runtime.quality_rules
    since, until = month_bounds(month)
    whole = Slice(months=(month,))
    before = Slice(months=selectors.months_until(month, 2)[:1])
    table = selectors.league_table([month])
    supplied = selectors.supplied(_EVERYTHING, [month])
    figures = selectors.total(_EVERYTHING, whole)
    return {
        "month": month,
        "catalogue": runtime.catalogue.id,
        "rules": {
            "weights": {str(name): weight for name, weight in rules.weights.items()},
            "threshold": str(rules.threshold),
            "small": rules.small,
        },
        "overview": {
            **figures_json(figures),
            **_supplied(_together(supplied.values())),
            "sources": len(table.places),
            "score_before": _text(selectors.scored(selectors.total(_EVERYTHING, before)).value),
        },
        "league": [
            {
                "place": place.place,
                **_named(table.sources[place.who]),
                **figures_json(place.tally),
                **_supplied(supplied.get(place.who, Supplied())),
            }
            for place in table.places
        ],
        "unranked": [_named(source) for source in table.unranked if source.created_at < until],
        "items": _by_dimension(whole, "item", _item),
        "missing_items": _missing(month),
        "regions": _by_dimension(whole, "region", lambda region: {"region": region}),
        "agreement": _agreement(month),
        "late": _late(until),
        "tickets": _tickets(since, until),
        "use": _use(month),
        "effect": {"state": "not_collected", "loans": None},
    }  # fmt: skip


def _together(all_of: Iterable[Supplied]) -> Supplied:
    every = list(all_of)
    return Supplied(
        sum(one.batches for one in every),
        sum(one.returned for one in every),
        sum(one.withdrawn for one in every),
    )


def figures_json(tally: Tally) -> dict[str, Json]:
    """Counts, rates and the score as a document says them: decimals as text, what was not measured as null."""
    found = selectors.scored(tally)
    rates: dict[str, Json] = {str(name): _text(rate) for name, rate in found.rates.items()}
    return {
        "rows": tally.rows,
        "accepted": tally.accepted,
        "score": _text(found.value),
        "weight_measured": _text(found.weight_measured),
        "rates": rates,
        "mean_lag_days": _text(tally.mean_lag_days),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _supplied(one: Supplied) -> dict[str, Json]:
    return {"batches": one.batches, "returned": one.returned, "withdrawn": one.withdrawn}


def _named(source: Source) -> dict[str, Json]:
    return {"source": source.code, "name": source.name}


def _item(item_id: str) -> dict[str, Json]:
    return {"item": item_id, "name": item_name(item_id)}


def _by_dimension(part: Slice, by: str, named: Callable[[str], dict[str, Json]]) -> list[Json]:
    found = selectors.tallies(_EVERYTHING, part, by)
    return [{**named(key), **figures_json(tally)} for (key,), tally in sorted(found.items())]


def _missing(month: str) -> list[Json]:
    had = set(Figure.objects.filter(month=month, accepted__gt=0).values_list("item", flat=True))
    return [_item(item.id) for item in runtime.catalogue.collected() if item.id not in had]


def _agreement(month: str) -> list[Json]:
    found: dict[tuple[str, str], list[int]] = {}
    for row in Figure.objects.filter(month=month, batch__isnull=True).select_related("source"):
        counts = found.setdefault((row.item, row.source.code), [0, 0])
        counts[0] += row.compared_rows
        counts[1] += row.consistent_rows
    return [
        {**_item(item), "source": source, "compared": compared, "agreed": agreed}
        for (item, source), (compared, agreed) in sorted(found.items())
    ]


def _late(until: datetime) -> list[Json]:
    sources = Source.objects.filter(status="active", created_at__lt=until).order_by("name")
    return [
        {
            **_named(one.source),
            "item": one.item,
            "item_name": item_name(one.item),
            "due_on": one.due_on.isoformat(),
            "days": one.days,
            "never": one.never,
        }
        for one in selectors.overdue(sources, until=until)
    ]


def _tickets(since: datetime, until: datetime) -> dict[str, Json]:
    steps = TicketStep.objects.filter(at__gte=since, at__lt=until)
    live = Ticket.objects.filter(opened_at__lt=until).filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=until)
    )
    counts: dict[str, Json] = {
        event.value: steps.filter(event=event.value).values("ticket_id").distinct().count() for event in TicketEvent
    }  # fmt: skip
    return {"opened": steps.filter(event="").count(), **counts, "live": live.count()}


def _use(month: str) -> list[Json]:
    until = month_bounds(month)[1]
    told: list[Json] = [
        {"kind": "source", **_named(source), "items": _uses(use_of_source(source.id, source.items, month))}
        for source in Source.objects.filter(created_at__lt=until).order_by("name")
    ]
    told += [
        {"kind": "node", "source": node.id, "name": node.institution.name, "items": _uses(use_of_node(node, month))}
        for node in serving_nodes()
    ]  # fmt: skip
    return told


def _uses(uses: list[ItemUse]) -> list[Json]:
    return [
        {
            **_item(one.item),
            "uses": {kind: told_json(count) for kind, count in one.uses.items()},
            "institutions": told_json(one.institutions),
        }
        for one in uses
    ]


def told_json(count: Told) -> Json:
    """A number, or below which number it lies."""
    return {"below": count.below} if count.number is None else count.number


# reading


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A published report for lists."""

    id: str
    number: str
    month: str
    version: int
    made_at: datetime
    digest: str
    leaf_index: int
    score: str | None
    newest: bool


def reports(actor: Actor, *, limit: int = 60) -> list[ReportRow]:
    """Published reports, newest first; none for who may not read them."""
    rows = list(QualityReport.objects.for_viewer(actor).order_by("-month", "-version")[:limit])
    seen: set[str] = set()
    found = []
    for row in rows:
        score = row.document["overview"]["score"]
        found.append(
            ReportRow(
                row.id, row.number, row.month, row.version, row.made_at, row.digest, row.leaf_index, score,
                row.month not in seen,
            )
        )  # fmt: skip
        seen.add(row.month)
    return found


def report(actor: Actor, report_id: str) -> QualityReport:
    """One of them. Raises NotFound for an absent one, and for who may not read it."""
    row = QualityReport.objects.for_viewer(actor).filter(id=report_id).first()
    if row is None:
        raise NotFound
    return row


def own_part(actor: SourceActor, month: str) -> Mapping[str, Any] | None:
    """What the newest report of a month says about the actor's source, and nothing else of it; None without a report."""
    row = QualityReport.objects.filter(month=month).order_by("-version").first()
    if row is None:
        return None
    code = Source.objects.values_list("code", flat=True).get(id=actor.source_id)
    document: dict[str, Any] = row.document

    def own(part: str) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = document[part]
        return [one for one in lines if one["source"] == code and one.get("kind", "source") == "source"]

    line, use = own("league"), own("use")
    return {
        "number": row.number,
        "made_at": document["made_at"],
        "digest": row.digest,
        "place": line[0]["place"] if line else None,
        "of": len(document["league"]),
        "score": line[0]["score"] if line else None,
        "late": own("late"),
        "use": use[0]["items"] if use else [],
        "effect": document["effect"],
    }


def months_with_figures(actor: Actor) -> list[str]:
    """Months of which there are counts, newest first."""
    rows = Total.objects.for_viewer(actor).order_by("-month").values_list("month", flat=True)
    return list(rows.distinct()[:36])
