"""What the pages show, read from the ledger: counts, hours, times, entrustments. Opaque ids and masked numbers only."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from xinqiao.clock import SHANGHAI
from xinqiao.domain.consent import Product
from xinqiao.domain.identifiers import mask_account
from xinqiao.provider.config import StoreKind
from xinqiao.provider.records import Entry, Event, instant, micros
from xinqiao.provider.service import NodeService
from xinqiao.provider.stores.base import StoreError
from xinqiao.trust.encoding import strict_object, unb64

HOURS = 24
PAGE = 50
SHOWN = (Event.SERVED, Event.REFUSED, Event.FAILED)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the chart; times in milliseconds, None where nothing was served."""

    label: str
    served: int
    refused: int
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The last 24 hours."""

    served: int
    refused: int
    by_code: tuple[tuple[str, int], ...]
    p50: float | None
    p99: float | None
    hours: tuple[Hour, ...]
    entrusted: int
    entrusted_today: int
    ended_today: int


@dataclass(frozen=True, slots=True)
class EntrustmentLine:
    """One agreement: no name, no whole account number."""

    id: str
    masked: str
    products: tuple[str, ...]
    version: str
    signed_at: datetime
    ended_at: datetime | None
    seq: int


@dataclass(frozen=True, slots=True)
class Health:
    """What a person on duty looks at first."""

    status: str
    data_as_of: datetime | None
    directory_version: int | None
    directory_until: datetime | None
    disk_used: float


def quantile(sorted_values: list[int], share: float) -> float | None:
    """Milliseconds at ``share`` of microsecond values (nearest rank); None when there are none."""
    if not sorted_values:
        return None
    return sorted_values[max(0, ceil(share * len(sorted_values)) - 1)] / 1000


def _number(value: object) -> int:
    return int(str(value))


def overview(service: NodeService) -> Overview:
    """Count the last 24 hours, hour by hour (whole hours of Shanghai; the running one is the last)."""
    now = service.clock.now().astimezone(SHANGHAI)
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    start = micros(first)
    rows = service.state.read(
        "SELECT at, event, code, micros FROM ledger WHERE at >= ? AND event IN ('served','refused','failed')", (start,)
    )  # fmt: skip
    took: list[list[int]] = [[] for _ in range(HOURS)]
    refused = [0] * HOURS
    codes: dict[str, int] = {}
    for at, event, code, micros_ in rows:
        hour = min(HOURS - 1, (_number(at) - start) // 3_600_000_000)
        if event == Event.SERVED:
            took[hour].append(_number(micros_))
        else:
            refused[hour] += 1
            codes[str(code)] = codes.get(str(code), 0) + 1
    everything = sorted(value for hour in took for value in hour)
    hours = []
    for index, values in enumerate(took):
        values.sort()
        label = f"{first + timedelta(hours=index):%H:00}"
        hours.append(Hour(label, len(values), refused[index], quantile(values, 0.5), quantile(values, 0.99)))
    midnight = micros(now.replace(hour=0, minute=0, second=0, microsecond=0))
    return Overview(
        served=len(everything),
        refused=sum(refused),
        by_code=tuple(sorted(codes.items(), key=lambda item: (-item[1], item[0]))),
        p50=quantile(everything, 0.5),
        p99=quantile(everything, 0.99),
        hours=tuple(hours),
        entrusted=_count(service, f"SELECT count(*) FROM entrustment e WHERE {_LIVE}"),  # noqa: S608 - fixed texts
        entrusted_today=_count(service, "SELECT count(*) FROM entrustment WHERE stored_at >= ?", midnight),
        ended_today=_count(service, "SELECT count(*) FROM termination WHERE stored_at >= ?", midnight),
    )


_LIVE = "NOT EXISTS (SELECT 1 FROM termination t WHERE t.entrustment = e.id)"


def _count(service: NodeService, sql: str, *values: int | str) -> int:
    return _number(service.state.read(sql, values)[0][0])


def health(service: NodeService) -> Health:
    """State of store, directory and disk."""
    now, directory = service.clock.now(), service.trust.directory
    live = directory is not None and now < directory.expires_at
    try:
        as_of = service.store.data_as_of()
        empty = as_of is None and service.config.store.kind is not StoreKind.NONE
        status = ("no_data" if empty else "ok") if live else "no_directory"
    except StoreError:
        as_of, status = None, "store_unavailable"
    disk = shutil.disk_usage(service.config.home)
    return Health(
        status=status,
        data_as_of=as_of,
        directory_version=directory.version if directory else None,
        directory_until=directory.expires_at if directory else None,
        disk_used=disk.used / disk.total,  # house: allow float - a share of a disk, not money
    )


def counts_by_event(service: NodeService) -> dict[str, int]:
    """All ledger lines about permits by kind."""
    rows = service.state.read("SELECT event, count(*) FROM ledger GROUP BY event")
    return {str(event): _number(number) for event, number in rows}


def permits(
    service: NodeService, *, event: str, product: str, text: str, before: int | None
) -> tuple[list[Entry], int]:
    """A page of ledger lines, newest first, and how many there are in all."""
    where, values = _where(event, product, text)
    total = _count(service, f"SELECT count(*) FROM ledger WHERE {where}", *values)  # noqa: S608 - fixed texts
    if before is not None:
        where, values = f"{where} AND seq < ?", (*values, before)
    rows = service.state.read(
        "SELECT at,event,code,jti,link,institution,product,months,report_no,bytes,micros,seq FROM ledger"  # noqa: S608
        f" WHERE {where} ORDER BY seq DESC LIMIT ?",
        (*values, PAGE),
    )
    return [_entry(row) for row in rows], total


def _where(event: str, product: str, text: str) -> tuple[str, tuple[str | int, ...]]:
    kinds = tuple(str(e) for e in SHOWN if event in ("", str(e)))
    where, values = f"event IN ({','.join('?' * len(kinds))})", list[str | int](kinds)
    if product in {str(p) for p in Product}:
        where += " AND product = ?"
        values.append(product)
    if text:
        # the beginning of an id is what people copy from a shortened one
        where += " AND (substr(jti, 1, ?) = ? OR report_no = ? OR link = ?)"
        values += [len(text), text, text.upper(), text]
    return where, tuple(values)


def _entry(row: tuple[object, ...]) -> Entry:
    at, event, code, jti, link, institution, product, months, report_no, size, took, seq = row
    texts = [None if value is None else str(value) for value in (jti, link, institution, product, report_no)]
    return Entry(
        at=instant(_number(at)), event=Event(str(event)), code=str(code), jti=texts[0], link=texts[1],
        institution=texts[2], product=texts[3], months=None if months is None else _number(months),
        report_no=texts[4], bytes=_number(size), micros=_number(took), seq=_number(seq),
    )  # fmt: skip


def entrustments(
    service: NodeService, *, live: bool | None, before: int | None
) -> tuple[list[EntrustmentLine], int]:
    """A page of agreements, newest first, and how many there are in all."""
    where = {None: "1", True: _LIVE, False: f"NOT ({_LIVE})"}[live]
    total = _count(service, f"SELECT count(*) FROM entrustment e WHERE {where}")  # noqa: S608 - fixed texts
    rows = service.state.read(
        "SELECT e.id, e.artefact, e.stored_at, o.account_no,"  # noqa: S608
        " (SELECT min(effective_at) FROM termination t WHERE t.entrustment = e.id)"
        f" FROM entrustment e JOIN ownership o ON o.link = e.link WHERE {where} AND e.stored_at < ?"
        " ORDER BY e.stored_at DESC LIMIT ?",
        (before if before is not None else 1 << 62, PAGE),
    )
    return [_entrustment(row) for row in rows], total


def _entrustment(row: tuple[object, ...]) -> EntrustmentLine:
    identity, artefact, stored_at, account_no, ended = row
    claims = strict_object(unb64(str(artefact).split(".")[1]))
    agreement, products = claims.get("agreement"), claims.get("datatypes")
    return EntrustmentLine(
        id=str(identity),
        masked=mask_account(str(account_no)),
        products=tuple(str(p) for p in products) if isinstance(products, list) else (),
        version=str(agreement.get("version", "")) if isinstance(agreement, dict) else "",
        signed_at=datetime.fromisoformat(str(claims["signed_at"])),
        ended_at=None if ended is None else instant(_number(ended)),
        seq=_number(stored_at),
    )
