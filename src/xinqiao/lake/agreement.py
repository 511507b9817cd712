"""Agreement between sources: the same natural key from two of them, with the same content or not.

Of every source the last it said of a record counts, the replaced versions included. Runs over all files of an item, so
it is asked once a month and for items that have two sources, never for a page.
"""

# ruff: noqa: S608 - names come from the catalogue, values are quoted texts

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xinqiao.domain.catalogue.model import Item
from xinqiao.lake.collecting.figures import region_of, region_sql
from xinqiao.lake.store import Lake
from xinqiao.lake.store.measure import WITHDRAWN, connect, name, scan, text

MEMORY = "1GB"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Records of one source in one region that others have too, and of how many all say the same."""

    source: str
    region: str
    compared: int
    agreed: int


def agreement(
    lake: Lake, item: Item, *, since: datetime, until: datetime, spill: Path | None = None
) -> list[Agreement]:
    """What each source said last, before ``until``, beside what the others said; records it said since ``since``.

    Args:
        lake: the records.
        item: a collected item.
        since, until: aware instants, the second excluded.
        spill: a folder for what does not fit the memory.
    """
    with lake.reading() as manifest:
        files = [*lake.files(item.id), *lake.files(item.id, history=True)]
        state = manifest.state(item.id)
        if not files:
            return []
        said = [field.name for field in item.fields if field.name in state.columns]
        own = ["_subject", *(state.key or ("_key",))]
        with connect(memory=MEMORY, temporary=spill) as connection:
            rows = connection.execute(_sql(files, own, said, since, until)).fetchall()
    found: dict[tuple[str, str], list[int]] = {}
    for source, four, compared, agreed in rows:
        counts = found.setdefault((source, region_of(four)), [0, 0])
        counts[0] += int(compared)
        counts[1] += int(agreed)
    return [Agreement(source, region, *counts) for (source, region), counts in sorted(found.items())]


def _sql(
    files: Iterable[Path], own: Iterable[str], said: Iterable[str], since: datetime, until: datetime
) -> str:
    record = ", ".join(map(name, own))
    content = ", ".join(map(name, said))
    return (
        f"WITH last AS (SELECT {record}, _source, _status, _received, hash({content}) AS _said"
        f" FROM {scan(list(files))} WHERE _received < {_instant(until)}"
        f" QUALIFY row_number() OVER (PARTITION BY {record}, _source ORDER BY _seq DESC, _row DESC) = 1),"
        f" several AS (SELECT *, count(*) OVER one AS _sources, min(_said) OVER one = max(_said) OVER one AS _same"
        f" FROM last WHERE _status <> {text(WITHDRAWN)} WINDOW one AS (PARTITION BY {record}))"
        f" SELECT _source, {region_sql('_subject')}, count(*), count(*) FILTER (WHERE _same)"
        f" FROM several WHERE _sources > 1 AND _received >= {_instant(since)} GROUP BY 1, 2"
    )


def _instant(at: datetime) -> str:
    return f"TIMESTAMP {text(f'{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}')}"
