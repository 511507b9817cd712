"""Collecting one file into the lake: whole or not at all, exact again after a crash, nothing repaired silently.

``collect`` is the one verb behind the command line, the portal, the watched folder and the API.
"""

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import Catalogue, FieldType, Item
from xinqiao.domain.catalogue.receipt import (
    BatchStatus,
    ColumnFigures,
    Receipt,
    SheetRows,
    Threshold,
    rule_counts,
)
from xinqiao.domain.errors import Code, Conflict, Fact, Invalid, NotFound, Unavailable
from xinqiao.domain.quality import Tally
from xinqiao.lake.collecting.figures import AcceptedRows, Figures, rollup_cells
from xinqiao.lake.collecting.pieces import PIECE_BYTES, pieces
from xinqiao.lake.collecting.quality import refused_tallies, region_tallies
from xinqiao.lake.collecting.quarantine import (
    NOTHING,
    OUR_COLUMNS,
    Refused,
    look_at,
    write_corrections,
    write_quarantine,
)
from xinqiao.lake.collecting.work import DOUBTFUL, REFUSED, WAITING, Progress, Table, Work
from xinqiao.lake.collecting.writing import Lineage
from xinqiao.lake.files import READER_SETTINGS, Sheet, Staged
from xinqiao.lake.rules_sql import WAN_YUAN, compile_item, register, without_payload
from xinqiao.lake.store import Draft, Lake
from xinqiao.lake.store.disk import sync_folder
from xinqiao.lake.store.phases import mark

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_FOLDER = "quarantine"
_LEAST_PIECE = 4 << 20
#: What a crash may have left is older than this when it is removed (invariant I9).
_ORPHAN_AGE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Means:
    """What a collection may use. ``memory``: of the engine; the pieces in memory come on top, two at a time.

    ``secret``: key of the hashes that stand for persons' numbers; the same for a platform for ever.
    """

    threads: int = 2
    memory: str = "1200MB"
    piece_bytes: int = PIECE_BYTES
    secret: bytes = b""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a source. ``units``: amounts it sends in 万元 (field → ``wan_yuan``).

    ``threshold``: when a whole batch goes back. ``withdrawal``: the rows withdraw the records they name.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    threshold: Threshold = field(default_factory=Threshold)
    withdrawal: bool = False


def _silent(phase: str, done: int, total: int) -> None:
    """No progress."""


def collect(
    lake: Lake,
    staged: Staged,
    item: Item,
    catalogue: Catalogue,
    *,
    source: str,
    batch_no: str,
    received_at: datetime,
    seq: int | None = None,
    data_as_of: date | None = None,
    terms: Terms = Terms(),
    means: Means = Means(),
    progress: Progress = _silent,
) -> Receipt:
    """Collect a staged file.

    The same file for the same item again is a no-op and gives the receipt of then, whatever its batch number now. A
    call after a crash does the work anew and comes to the same receipt.

    Args:
        lake: where to.
        staged: the file; its tables must stay where they are during the call.
        item: what its rows are of: a collected item.
        catalogue: whose code lists hold.
        source: the registered data source.
        batch_no: unique within the item.
        received_at: when it came, an aware instant.
        seq: later batches win over earlier ones; by default one more than the lake has.
        data_as_of: for items that have no day of their own.
        terms: what was agreed with the source.
        means: limits of this machine.
        progress: told of each finished piece.

    Raises:
        Invalid: ``HEADER_MISMATCH`` with ``missing`` and ``repeated``; ``INVALID`` for units that do not suit.
        Conflict: ``CONFLICT_DUPLICATE``: the batch number stands for another file. ``LAKE_BUSY``.
        Unavailable: ``LAKE_FULL``; nothing is changed.
    """
    done = lake.batch_of_digest(item.id, staged.digest)
    if done is not None:
        return _receipt_of(done.facts)
    if lake.batch(item.id, batch_no) is not None:
        raise Conflict(
            Code.CONFLICT_DUPLICATE, "this batch number has another content", facts={"field": "batch_no"}
        )
    _tidy(lake, item, received_at)
    on = received_at.astimezone(_SHANGHAI).date()
    checked = without_payload(item) if terms.withdrawal else item
    tables = [_table(sheet, checked, catalogue, on, terms) for sheet in staged.sheets]
    lineage = Lineage(
        batch=batch_no,
        source=source,
        received=received_at.astimezone(UTC).replace(tzinfo=None),
        status="withdrawn" if terms.withdrawal else "valid",
        seq=lake.next_seq(item.id) if seq is None else seq,
        as_of="CAST(NULL AS DATE)" if data_as_of is None else f"DATE '{data_as_of}'",
    )
    key = checked.natural_key if tables[0].compiled.keyed else ()
    draft = lake.begin(item.id, batch_no, lineage.seq, key=key)
    try:
        with _connected(draft, means) as connection:
            register(connection, catalogue, checked, on=on, key=means.secret)
            batch = _Batch(
                lake, staged, catalogue, item, tables, lineage, received_at, on, data_as_of, terms, means
            )
            return batch.run(connection, draft, progress)
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise Unavailable(Code.LAKE_FULL, "the disk is full; nothing was changed") from error
        raise
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise Unavailable(Code.LAKE_FULL, "the disk is full; nothing was changed") from error
        raise
    finally:
        lake.discard(draft)


def _connected(draft: Draft, means: Means) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": str(means.threads),
        "memory_limit": means.memory,
        "temp_directory": str(draft.folder / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
    }
    connection = duckdb.connect(":memory:", config=config)
    for statement in READER_SETTINGS:
        connection.execute(statement).fetchall()
    return connection


def _table(sheet: Sheet, item: Item, catalogue: Catalogue, on: date, terms: Terms) -> Table:
    columns = match_headers(item, sheet.header)
    if columns.missing or columns.repeated:
        facts: dict[str, Fact] = {
            "item": item.id,
            "missing": list(columns.missing),
            "repeated": list(columns.repeated),
        }
        told = f"missing: {', '.join(columns.missing)}; repeated: {', '.join(columns.repeated)}"
        raise Invalid(Code.HEADER_MISMATCH, told, facts=facts)
    for name, unit in terms.units.items():
        fields = {one.name: one for one in item.fields}
        if unit != WAN_YUAN or name not in fields or fields[name].type is not FieldType.DECIMAL:
            raise Invalid(Code.INVALID, "wan_yuan, for an amount", facts={"field": f"units.{name}"})
    compiled = compile_item(catalogue, item, columns.fields, received_on=on, units=terms.units)
    return Table(sheet, columns, compiled, marked=set(OUR_COLUMNS) <= set(sheet.header))


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is known of a batch before its rows are."""

    lake: Lake
    staged: Staged
    catalogue: Catalogue
    item: Item
    tables: list[Table]
    lineage: Lineage
    received_at: datetime
    on: date
    data_as_of: date | None
    terms: Terms
    means: Means

    def run(self, connection: duckdb.DuckDBPyConnection, draft: Draft, progress: Progress) -> Receipt:
        """Judge, write, put aside, publish."""
        started = time.monotonic()
        # as many pieces as keep all threads at work to the end; a file that fits one piece is cut all the same
        threads = self.means.threads
        pieces_each = -(-self.staged.size // (threads * self.means.piece_bytes)) or 1
        even = -(-self.staged.size // (threads * pieces_each))
        piece_bytes = min(self.means.piece_bytes, max(even, _LEAST_PIECE))
        parts = [
            piece
            for place, table in enumerate(self.tables)
            for piece in pieces(place, table.sheet, piece_bytes=piece_bytes)
        ]
        figures = Figures(self.tables[0].compiled, self.on)
        work = Work(
            connection, self.tables, parts, draft.folder, self.lineage, figures,
            buckets=self.lake.buckets, threads=self.means.threads, progress=progress,
        )  # fmt: skip
        duplicates = work.judge()
        sheets = self._sheets(work)
        aside = draft.folder / "refused.parquet"
        refused, tallies = work.write(lambda cursor: self._put_aside(cursor, work, aside, sheets))
        mark("pipe:written")
        for which in (REFUSED, DOUBTFUL, WAITING):
            shutil.rmtree(draft.folder / which, ignore_errors=True)
        shutil.rmtree(draft.folder / "spill", ignore_errors=True)
        accepted = figures.found()
        kept = aside if refused.rows else None
        receipt = self._receipt(sheets, accepted, refused, duplicates)
        if not self.terms.withdrawal:
            receipt = replace(receipt, quality=region_tallies(self.item, accepted, tallies, duplicates))
        judged = time.monotonic()
        self._finish(draft, receipt, accepted, kept)
        spent = {"judge": int((judged - started) * 1000), "publish": int((time.monotonic() - judged) * 1000)}
        return replace(receipt, milliseconds=spent)

    def _sheets(self, work: Work) -> tuple[SheetRows, ...]:
        found: list[SheetRows] = []
        before = 0
        for place, table in enumerate(self.tables):
            rows = sum(count for piece, count in work.rows.items() if piece.sheet == place)
            sheet = table.sheet
            ignored = tuple(name for name in table.columns.unknown)
            found.append(SheetRows(sheet.name, sheet.header, rows, before, sheet.first_row, ignored))
            before += sum(span for piece, span in work.spans.items() if piece.sheet == place)
        return tuple(found)

    def _put_aside(
        self, connection: duckdb.DuckDBPyConnection, work: Work, path: Path, sheets: tuple[SheetRows, ...]
    ) -> tuple[Refused, Mapping[str, Tally]]:
        """The refused rows of a batch, and their counts by region, for which a withdrawal has no use."""
        refused_sql = work.refused_sql()
        if not refused_sql:
            return NOTHING, {}
        write_quarantine(connection, self.item, refused_sql, path)
        refused = look_at(connection, self.item, path, sheets)
        uncounted = self.terms.withdrawal
        return refused, {} if uncounted else refused_tallies(connection, self.item, path, sheets)

    def _receipt(
        self, sheets: tuple[SheetRows, ...], taken: Sequence[AcceptedRows], refused: Refused, duplicates: int
    ) -> Receipt:
        rows, accepted = sum(sheet.rows for sheet in sheets), sum(one.rows for one in taken)
        if rows != accepted + refused.rows + duplicates:
            raise AssertionError(
                f"{rows} rows read, {accepted} + {refused.rows} + {duplicates} accounted for"
            )
        by_rule, by_field = rule_counts(refused.found)
        columns = []
        for one in self.item.fields:
            there = sum(rows.present[one.name] for rows in taken) + refused.present.get(one.name, 0)
            columns.append(ColumnFigures(one.name, there, there - refused.invalid.get(one.name, 0)))
        return Receipt(
            batch_no=self.lineage.batch, item=self.item.id, item_version=self.item.version,
            source=self.lineage.source, digest=self.staged.digest, size=self.staged.size,
            received_at=self.received_at.astimezone(UTC),
            status=self.terms.threshold.status(rows, accepted + duplicates),
            sheets=sheets, rows=rows, accepted=accepted, refused=refused.rows, duplicates=duplicates,
            superseding=None, by_rule=by_rule, by_field=by_field, examples=refused.examples,
            columns=tuple(columns), data_as_of=self.data_as_of,
            latest_as_of=max((one.latest for one in taken if one.latest), default=None),
            units=dict(self.terms.units),
        )  # fmt: skip

    def _finish(
        self, draft: Draft, receipt: Receipt, taken: Sequence[AcceptedRows], aside: Path | None
    ) -> None:
        """Durable, then visible: first what was put aside, then the batch itself."""
        rejected = receipt.status is BatchStatus.REJECTED
        folder = self.lake.folder / _FOLDER / self.item.id
        folder.mkdir(parents=True, exist_ok=True)
        if rejected:
            _durable(
                draft.folder / "receipt.json", json.dumps(receipt.to_json(), ensure_ascii=False).encode()
            )
            (draft.folder / "receipt.json").replace(folder / f"{receipt.batch_no}.json")
        if aside is not None:
            _durable(aside)
            mark("pipe:aside")
            aside.replace(folder / f"{receipt.batch_no}.parquet")
        sync_folder(folder)
        mark("pipe:quarantined")
        if rejected:
            return
        facts: dict[str, Json] = {
            "digest": receipt.digest,
            "receipt": receipt.to_json(),
            "rollup": rollup_cells(taken, receipt),
        }
        self.lake.publish(draft, facts=facts)


def _durable(path: Path, content: bytes | None = None) -> None:
    with path.open("rb+" if content is None else "wb") as file:
        if content is not None:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


# afterwards


def _receipt_of(facts: Mapping[str, Json]) -> Receipt:
    told = facts.get("receipt")
    if not isinstance(told, dict):
        raise Invalid(Code.LAKE_INVALID, "a batch without a receipt")
    return Receipt.from_json(told)


def receipt_of(lake: Lake, item_id: str, batch_no: str) -> Receipt:
    """The receipt of a batch, a rejected one too.

    Raises:
        NotFound: there is no such batch.
    """
    done = lake.batch(item_id, batch_no)
    if done is not None:
        return _receipt_of(done.facts)
    path = lake.folder / _FOLDER / item_id / f"{batch_no}.json"
    try:
        return Receipt.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise NotFound("no such batch") from error


def quarantine_path(lake: Lake, receipt: Receipt) -> Path | None:
    """Where the refused rows of a batch lie; None when there are none."""
    return lake.folder / _FOLDER / receipt.item / f"{receipt.batch_no}.parquet" if receipt.refused else None


def quarantine_file(
    lake: Lake, receipt: Receipt, catalogue: Catalogue, into: Path, *, file_format: str = "xlsx"
) -> Path:
    """Write the refused rows of a batch for correction: as they were sent, with 错误说明 错误字段 错误规则 原行号 beside.

    The file can be corrected in place and collected as it is: our columns are left out on the way in, and a corrected
    row has the key it had.

    Raises:
        NotFound: nothing was refused. Invalid: another format. TooLarge: more rows than a workbook's sheet holds.
    """
    path = quarantine_path(lake, receipt)
    if path is None or not path.is_file():
        raise NotFound("no refused rows")
    return write_corrections(
        catalogue, catalogue.items[receipt.item], receipt, path, into, file_format=file_format
    )


def _tidy(lake: Lake, item: Item, now: datetime) -> None:
    """Remove refused rows of batches that never came to be."""
    folder = lake.folder / _FOLDER / item.id
    if not folder.is_dir():
        return
    for path in folder.glob("*.parquet"):
        if path.with_suffix(".json").exists() or lake.batch(item.id, path.stem) is not None:
            continue
        with suppress(FileNotFoundError):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - _ORPHAN_AGE:
                path.unlink()
