"""Questions about batches, each for a given actor; typed rows for lists and pages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Frequency, Item
from xinqiao.domain.collection import IN_THE_LAKE, UNFINISHED, BatchState, expected_by
from xinqiao.domain.errors import NotFound
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import Actor, SourceActor
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.models import Batch, BatchQuerySet
from xinqiao.hub.apps.collection.receipts import found_of, receipt_of
from xinqiao.hub.apps.identity import selectors as identity

TAKEN = sorted(state.value for state in IN_THE_LAKE)
_TO_CORRECT = (BatchState.PARTLY_ACCEPTED.value, BatchState.RETURNED.value)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch for lists and its page. Counts are None until the file was judged."""

    id: str
    number: str
    source_id: str
    source_name: str
    item: str
    file_name: str
    size: int
    digest: str
    channel: str
    state: BatchState
    version: int
    sent_by_name: str
    received_at: datetime
    finished_at: datetime | None
    data_as_of: date | None
    read: int | None
    accepted: int | None
    duplicate: int | None
    refused: int | None
    superseding: int | None
    code: str
    code_facts: Mapping[str, Json]
    progress: Mapping[str, Json]
    receipt: Mapping[str, Json] | None
    received_leaf: int | None
    finished_leaf: int | None
    withdrawal_reason: str
    corrects_id: str | None
    corrects_number: str
    corrected_by: str

    @property
    def unfinished(self) -> bool:
        """Whether the hub still has something to do with it."""
        return self.state in UNFINISHED

    @property
    def to_correct(self) -> bool:
        """Whether rows came back and nobody has sent them again."""
        return self.state in _TO_CORRECT and not self.corrected_by


def _loaded(rows: QuerySet[Batch]) -> QuerySet[Batch]:
    return rows.select_related("source", "corrects").annotate(
        corrected_by_id=Batch.objects.filter(corrects_id=OuterRef("id")).order_by("-seq").values("id")[:1]
    )


def _row(row: Batch) -> BatchRow:
    return BatchRow(
        id=row.id,
        number=row.number,
        source_id=row.source_id,
        source_name=row.source.short_name,
        item=row.item,
        file_name=row.file_name,
        size=row.size,
        digest=row.digest,
        channel=row.channel,
        state=BatchState(row.state),
        version=row.version,
        sent_by_name=row.sent_by_name,
        received_at=row.received_at,
        finished_at=row.finished_at,
        data_as_of=row.data_as_of,
        read=row.rows_read,
        accepted=row.rows_accepted,
        duplicate=row.rows_duplicate,
        refused=row.rows_refused,
        superseding=row.rows_superseding,
        code=row.code,
        code_facts=row.code_facts,
        progress=row.progress,
        receipt=found_of(row),
        received_leaf=row.received_leaf,
        finished_leaf=row.finished_leaf,
        withdrawal_reason=row.withdrawal_reason,
        corrects_id=row.corrects_id,
        corrects_number=row.corrects.number if row.corrects else "",
        corrected_by=getattr(row, "corrected_by_id", None) or "",
    )


def batch(actor: Actor, batch_id: str) -> BatchRow:
    """One batch. Raises NotFound for an absent or foreign one."""
    found = _loaded(Batch.objects.for_viewer(actor)).filter(id=batch_id).first()
    if found is None:
        raise NotFound
    return _row(found)


def receipt(actor: Actor, batch_id: str) -> dict[str, Json]:
    """The receipt of a batch as data. Raises NotFound for an absent or foreign one, and before there is one."""
    found = Batch.objects.for_viewer(actor).select_related("source").filter(id=batch_id).first()
    if found is None or BatchState(found.state) in UNFINISHED:
        raise NotFound
    return receipt_of(found)


def batches_numbered(actor: Actor, numbers: Iterable[str]) -> dict[str, str]:
    """Number → id of the batches the actor may look at."""
    return dict(
        Batch.objects.for_viewer(actor).filter(number__in=sorted(numbers)).values_list("number", "id")
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which batches a list shows."""

    show: str = ""
    text: str = ""
    item: str = ""
    source_id: str = ""


def _wanted(actor: Actor, wanted: Wanted) -> BatchQuerySet:
    rows = Batch.objects.for_viewer(actor)
    if wanted.item:
        rows = rows.filter(item=wanted.item)
    if wanted.source_id:
        rows = rows.filter(source_id=wanted.source_id)
    if wanted.text:
        rows = rows.filter(Q(number__icontains=wanted.text) | Q(file_name__icontains=wanted.text))
    match wanted.show:
        case "correct":
            return rows.filter(_to_correct())
        case "waiting":
            return rows.waiting()
        case "failed":
            return rows.filter(state=BatchState.FAILED.value)
        case _:
            return rows


def _to_correct() -> Q:
    """Rows came back and nobody has sent them again."""
    return Q(state__in=_TO_CORRECT) & ~Q(Exists(Batch.objects.filter(corrects_id=OuterRef("id"))))


def batches(
    actor: Actor, wanted: Wanted, *, before: int | None = None, limit: int = 30
) -> list[tuple[int, BatchRow]]:
    """Batches, newest first, each with the number after which the next page begins."""
    rows = _wanted(actor, wanted)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    return [(row.seq, _row(row)) for row in _loaded(rows).order_by("-seq")[:limit]]


def counts(actor: Actor, wanted: Wanted) -> dict[str, int]:
    """How many there are of each list."""
    rows = _wanted(actor, Wanted(text=wanted.text, item=wanted.item, source_id=wanted.source_id))
    return {
        "": rows.count(),
        "correct": rows.filter(_to_correct()).count(),
        "waiting": rows.waiting().count(),
        "failed": rows.filter(state=BatchState.FAILED.value).count(),
    }


def to_do_count(actor: Actor) -> int:
    """How many batches wait for the source's people: to be corrected, or failed."""
    return Batch.objects.for_viewer(actor).filter(_to_correct() | Q(state=BatchState.FAILED.value)).count()


@dataclass(frozen=True, slots=True)
class Supply:
    """One item that a source supplies: when it came last, by when it is expected, what was in it."""

    item: Item
    last: BatchRow | None
    taken_at: datetime | None
    data_as_of: date | None
    expected: date | None
    late_days: int
    batches: int
    rows: int


def supplies(actor: SourceActor, *, at: datetime) -> list[Supply]:
    """What the actor's source supplies, what is late first."""
    source = identity.source(actor, actor.source_id)
    found = [
        _supply(actor, item, since=source.created_at, at=at)
        for item in map(collected_item, source.items)
        if item is not None
    ]
    return sorted(found, key=lambda one: (-one.late_days, one.item.no, one.item.id))


def supply(actor: SourceActor, item_id: str, *, at: datetime) -> Supply:
    """One of :func:`supplies`. Raises NotFound for any other item."""
    found = next((one for one in supplies(actor, at=at) if one.item.id == item_id), None)
    if found is None:
        raise NotFound
    return found


def _supply(actor: SourceActor, item: Item, *, since: datetime, at: datetime) -> Supply:
    rows = Batch.objects.for_viewer(actor).filter(item=item.id)
    last = _loaded(rows).order_by("-seq").first()
    taken = rows.filter(state__in=TAKEN).order_by("-seq").first()
    expected = expected_by(Frequency(item.frequency), business_day(taken.received_at if taken else since))
    today = business_day(at)
    total = rows.filter(state__in=TAKEN).aggregate(rows=Sum("rows_accepted"))["rows"]
    return Supply(
        item=item,
        last=_row(last) if last else None,
        taken_at=taken.received_at if taken else None,
        data_as_of=taken.data_as_of if taken else None,
        expected=expected,
        late_days=max(0, (today - expected).days) if expected else 0,
        batches=rows.count(),
        rows=total or 0,
    )


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with counts, for the operator's list."""

    id: str
    code: str
    name: str
    kind: str
    active: bool
    is_demo: bool
    items: int
    batches: int
    to_correct: int
    last_at: datetime | None


def source_rows(actor: Actor, *, text: str = "") -> list[SourceRow]:
    """Every source the actor may look at."""
    grouped = Batch.objects.for_viewer(actor).values("source_id")
    counts_of = grouped.annotate(
        all=Count("id"), open=Count("id", filter=_to_correct()), last=Max("received_at")
    )
    counted: dict[str, dict[str, Any]] = {str(row["source_id"]): dict(row) for row in counts_of}
    return [
        SourceRow(
            id=row.id,
            code=row.code,
            name=row.name,
            kind=row.kind,
            active=row.status == "active",
            is_demo=row.is_demo,
            items=len(row.items),
            batches=counted.get(row.id, {}).get("all", 0),
            to_correct=counted.get(row.id, {}).get("open", 0),
            last_at=counted.get(row.id, {}).get("last"),
        )
        for row in identity.sources(actor)
        if text in row.name or text in row.code
    ]
