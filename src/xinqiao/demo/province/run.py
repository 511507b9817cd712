"""The run: piece after piece is made, collected and let go; items are compacted; everything is measured and compared.

Whoever kills it may start it again with the same words: finished pieces are not made again, and a piece that was in the
lake already when the run died is found there by its digest.
"""

import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xinqiao.catalogue import load
from xinqiao.demo.collected.firms import firms_csv
from xinqiao.demo.province import firm_list, reader
from xinqiao.demo.province.folding import Folding
from xinqiao.demo.province.gauge import Gauge, bytes_of
from xinqiao.demo.province.journal import Journal
from xinqiao.demo.province.pieces import AS_OF, Factory, Piece, Planted
from xinqiao.demo.province.size import Size
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.lake.background import step_back
from xinqiao.lake.collect import Means, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.store import Lake
from xinqiao.lake.store.manifest import BASE, HISTORY

#: The key of persons' hashes. Nobody in this data is a person.
_SECRET = b"province"
_SOURCE = "演示省数据归集"


@dataclass(frozen=True, slots=True)
class How:
    """What the run may use of the machine.

    ``piece_bytes``: of a file, judged at once by one thread; a batch leaves a file of each such piece in every bucket.
    ``fold_every``: batches of an item that may wait for their compaction: until then each is one more file to look for
    a firm in, and every compaction writes all of the item's rows anew. ``reads``: dossiers a second beside it, 0 for none.
    ``behind``: give way to whoever reads, as the worker of a platform does.
    """

    threads: int = 2
    memory: str = "1500MB"
    piece_bytes: int = 512 << 20
    fold_every: int = 8
    reads: float = 10.0
    index: bool = True
    behind: bool = False


@dataclass(slots=True)
class Province:
    """A run in a folder."""

    folder: Path
    size: Size
    how: How
    tell: Callable[[str], None]
    journal: Journal = field(init=False)
    lake: Lake = field(init=False)
    factory: Factory = field(init=False)
    folding: Folding = field(init=False)

    def run(self) -> dict[str, object]:
        """Do what is left to do; what it came to.

        Raises:
            ValueError: another size was begun in the folder. XinqiaoError: ``LAKE_FULL`` and what collecting refuses.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal.begin(self.folder, self.size)
        self.journal.runs += 1
        self.journal.save()
        began = time.monotonic()
        with ExitStack() as stack:
            gauge = stack.enter_context(Gauge(self.folder))
            with self._timed("firms"):
                self.factory = Factory(self.size, load())
                self._write_firms()
            stack.enter_context(self._indexing())
            self.lake = Lake.open(self.folder / "lake", create=True, buckets=self.size.buckets)
            stack.enter_context(self._reading())
            if self.how.behind:
                step_back()
            self.folding = Folding(self.lake.folder, self.how.memory)
            stack.callback(self.folding.end)
            for item in self.factory.items():
                self._item(item, gauge)
            self._folded()
        return self._figures(time.monotonic() - began)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began, cpu = time.monotonic(), _processor()
        yield
        journal = self.journal
        for spent, more in ((journal.spent, time.monotonic() - began), (journal.cpu, _processor() - cpu)):
            setattr(spent, phase, getattr(spent, phase) + more)

    # beside the collecting

    def _write_firms(self) -> None:
        listed, registered = self.folder / "firms.csv", self.folder / "registered.txt"
        if not listed.exists():
            part = listed.with_suffix(".part")
            with part.open("w", encoding="utf-8", newline="") as out:
                out.writelines(firms_csv(self.factory.firms, as_of=AS_OF))
            part.replace(listed)
        registered.write_text("\n".join(self.factory.registered()), encoding="ascii")

    @contextmanager
    def _indexing(self) -> Iterator[None]:
        """The firm index is made by a process that takes what time is left, and is waited for in the end."""
        if not self.how.index or self.journal.indexed:
            yield
            return
        child = firm_list.start(self.folder / "firms.csv", self.folder)
        try:
            yield
            with self._timed("index"):
                code = child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        if code:
            raise RuntimeError(f"the firm index ended with {code}")
        self.journal.indexed = True
        self.journal.save()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if not self.how.reads:
            yield
            return
        readings = reader.start(
            self.lake.folder, self.folder / "registered.txt", self.folder,
            per_second=self.how.reads, seed=self.journal.runs,
        )  # fmt: skip
        try:
            yield
        finally:
            readings.stop()

    # an item

    def _item(self, item: Item, gauge: Gauge) -> None:
        if item.id in self.journal.folded:
            return
        pieces = list(self.factory.pieces(item))
        for piece in pieces:
            if f"{item.id}/{piece.number}" in self.journal.done:
                continue
            self._piece(piece, gauge)
            if piece.number % self.how.fold_every == 0 and piece is not pieces[-1]:
                self._fold(item, full=False)
        self._fold(item, full=True)

    def _fold(self, item: Item, *, full: bool) -> None:
        """Begin to compact an item, when the one before is done."""
        self._folded()
        self.folding.start(item.id, full=full)

    def _folded(self) -> None:
        """The clock of compaction is what is waited for it; its processor time is all it took."""
        began = time.monotonic()
        done = self.folding.wait()
        if done is None:
            return
        journal = self.journal
        journal.spent.compact += time.monotonic() - began
        journal.cpu.compact += done.cpu
        journal.peak_fold_mb = max(journal.peak_fold_mb, done.peak_mb)
        if done.full:
            journal.folded.append(done.item)
        journal.save()

    @contextmanager
    def _off_the_clock(self) -> Iterator[None]:
        """Nothing of what is measured goes on."""
        pause = self.folder / reader.PAUSE
        pause.touch()
        self.folding.stand()
        try:
            yield
        finally:
            pause.unlink()
            self.folding.go_on()

    def _piece(self, piece: Piece, gauge: Gauge) -> None:
        work = self.folder / "piece"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        path = work / f"{piece.item.id}.csv"
        began = time.monotonic()
        with self._off_the_clock(), self._timed("generate"):
            planted = self.factory.write(piece, path)
        made = time.monotonic()
        size = path.stat().st_size
        receipt = self._collect(piece, path, work)
        gauge.look()
        shutil.rmtree(work)
        self._note(piece, planted, receipt, size)
        self._remember(gauge)
        took = time.monotonic() - made
        self.tell(
            f"{piece.item.id} {piece.number}  {planted.rows:,} 行 rows  生成 made {made - began:.1f} s"
            f"  归集 collected {took:.1f} s, {planted.rows / took / 1e6:.2f} M/s"
        )

    def _remember(self, gauge: Gauge) -> None:
        """The most of disk and memory over all runs, and what is done, on the disk."""
        journal = self.journal
        journal.peak_bytes = max(journal.peak_bytes, gauge.peak)
        used = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        own, child = (resource.getrusage(who).ru_maxrss >> 10 for who in used)
        journal.peak_mb = max(journal.peak_mb, own)
        journal.peak_child_mb = max(journal.peak_child_mb, child)
        journal.save()

    def _collect(self, piece: Piece, path: Path, work: Path) -> Receipt:
        with self._timed("stage"):
            staged = stage(path, work, expected=expected_names(piece.item))
        noon = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 4, tzinfo=UTC)
        with self._timed("collect"):
            return collect(
                self.lake, staged, piece.item, self.factory.catalogue, source=_SOURCE, batch_no=piece.batch_no,
                received_at=noon + timedelta(seconds=piece.number), seq=piece.number,
                means=Means(
                    threads=self.how.threads, memory=self.how.memory, piece_bytes=self.how.piece_bytes, secret=_SECRET
                ),
            )  # fmt: skip

    def _note(self, piece: Piece, planted: Planted, receipt: Receipt, size: int) -> None:
        journal, counts = self.journal, self.journal.counts
        key = f"{piece.item.id}/{piece.number}"
        journal.done.append(key)
        if not agrees(planted, receipt):
            journal.wrong.append(key)
        counts.pieces += 1
        counts.input_bytes += size
        counts.rows += receipt.rows
        counts.accepted += receipt.accepted
        counts.refused += receipt.refused
        counts.repeated += receipt.duplicates
        counts.alone += planted.alone

    # what it came to

    def _figures(self, seconds: float) -> dict[str, object]:
        journal, counts, spent = self.journal, self.journal.counts, self.journal.spent
        kinds = {BASE: 0, HISTORY: 0}
        for state in self.lake.manifest().states.values():
            for segment in state.segments:
                kinds[segment.kind] += segment.rows
        # of two rows with one key that came in two pieces the later one holds, the earlier one is history
        exact = (
            not journal.wrong
            and counts.rows == self.size.records
            and kinds[BASE] == counts.accepted - counts.alone // 2
            and kinds[BASE] + kinds[HISTORY] == counts.accepted
        )
        collecting = spent.stage + spent.collect
        return {
            "exact": exact,
            "size": {**self.size.to_json(), "buckets": self.size.buckets},
            "runs": journal.runs,
            "pieces": counts.pieces,
            "rows": {
                "read": counts.rows, "accepted": counts.accepted, "refused": counts.refused,
                "repeated": counts.repeated, "in_force": kinds[BASE], "superseded": kinds[HISTORY],
            },
            "minutes": {
                **{one.name: round(getattr(spent, one.name) / 60, 2) for one in fields(spent)},
                "collected_and_compacted": round((collecting + spent.compact) / 60, 2),
                "this_run": round(seconds / 60, 2),
            },
            "cpu_seconds_per_million": self._cpu(),
            "rows_per_second": {
                "generate": _rate(counts.rows, spent.generate),
                "collect": _rate(counts.rows, collecting),
                "collect_and_compact": _rate(counts.rows, collecting + spent.compact),
            },
            "memory_mb": self._memory(),
            "disk_gb": {
                "input": _gb(counts.input_bytes),
                "lake": _gb(bytes_of(self.folder / "lake")),
                "firm_index": _gb(_size(self.folder / firm_list.INDEX)),
                "most_at_once": _gb(journal.peak_bytes),
            },
            "dossier": {"per_second": self.how.reads, **reader.measured(self.folder)},
            "panel": self._panel(),
            "machine": {"cores": os.cpu_count()},
            "wrong": [*journal.wrong[:20]],
        }  # fmt: skip

    def _memory(self) -> dict[str, object]:
        path = self.folder / reader.PEAK
        return {
            "collector": self.journal.peak_mb,
            "largest_child": self.journal.peak_child_mb,
            "compaction": self.journal.peak_fold_mb,
            "reader": int(path.read_text(encoding="ascii")) if path.exists() else None,
        }

    def _cpu(self) -> dict[str, float]:
        """Of the processor, of all cores together: what a busy machine does not change as it does the minutes."""
        cpu, millions = self.journal.cpu, self.journal.counts.rows / 1e6
        each = {one.name: round(getattr(cpu, one.name) / millions, 2) for one in fields(cpu)}
        collecting = cpu.stage + cpu.collect + cpu.compact
        return {**each, "collected_and_compacted": round(collecting / millions, 2)}

    def _panel(self) -> dict[str, object]:
        """A dashboard's panel over everything, first time in a process."""
        lake = Lake.open(self.lake.folder)
        began = time.perf_counter()
        cells = lake.rollups(by=("item", "month", "rule"))
        return {"cells": len(cells), "ms": round((time.perf_counter() - began) * 1000, 1)}


def agrees(planted: Planted, receipt: Receipt) -> bool:
    """Whether a receipt says exactly what was planted, rule by rule."""
    told = Planted(
        receipt.rows, receipt.accepted, receipt.refused, receipt.duplicates, planted.alone,
        {(name, rule): count for name, rules in receipt.by_field.items() for rule, count in rules.items()},
    )  # fmt: skip
    return asdict(told) == asdict(planted)


def _processor() -> float:
    """Seconds of the processor so far: of this process, and of its children that were waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _rate(rows: int, seconds: float) -> int:
    return round(rows / seconds) if seconds else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _gb(count: int) -> float:
    return round(count / 1e9, 3)
