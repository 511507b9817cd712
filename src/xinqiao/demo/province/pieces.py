"""The files of a province: one item after another, the largest first, each in pieces that can be made alone.

A piece is a run of the item's blocks, so its bytes depend on the size and its place only. Records of one key that lie in
two pieces are no mistake of either: the later one replaces the earlier in the lake.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from xinqiao.demo.collected.blocks import Source
from xinqiao.demo.collected.faults import Truth
from xinqiao.demo.collected.firms import Firms, invent_firms
from xinqiao.demo.collected.plan import BLOCK, number_records, spread_records
from xinqiao.demo.collected.writing import CsvSheet
from xinqiao.demo.province.size import Size
from xinqiao.domain.catalogue.model import Catalogue, Item, RowRule

#: The day all of it is received on; what a row says is earlier.
AS_OF = date(2026, 6, 30)
_SAME_KEY = ("", str(RowRule.DUPLICATE_KEY))


@dataclass(frozen=True, slots=True)
class Piece:
    """Blocks ``first`` to ``end`` (exclusive) of an item; ``number`` counts its pieces from 1."""

    item: Item
    number: int
    first: int
    end: int

    @property
    def batch_no(self) -> str:
        """The number of its batch, unique within the item."""
        return f"P{self.number:05d}"


@dataclass(frozen=True, slots=True)
class Planted:
    """What the receipt of a piece must say. ``alone``: accepted rows whose twin by key lies in another piece."""

    rows: int
    accepted: int
    refused: int
    repeated: int
    alone: int
    by_field: dict[tuple[str, str], int] = field(compare=False)


class Factory:
    """Makes pieces. It remembers the numbering of the item it made last."""

    def __init__(self, size: Size, catalogue: Catalogue) -> None:
        self.size = size
        self.catalogue = catalogue
        self.firms: Firms = invent_firms(seed=size.seed, count=size.firms)
        known = [one.id for one in catalogue.collected()]
        if unknown := sorted(set(size.items) - set(known)):
            raise ValueError(f"不是归集事项 not a collected item: {', '.join(unknown)}")
        self._counts = spread_records(size.records, [*(size.items or known)], self.firms)
        self._source: Source | None = None

    def items(self) -> list[Item]:
        """The items, those with most records first: what is not compacted yet is then least when the disk is fullest."""
        order = sorted(self._counts, key=lambda name: (-self._counts[name], name))
        return [self.catalogue.items[name] for name in order]

    def pieces(self, item: Item) -> Iterator[Piece]:
        """The pieces of an item, all of nearly the same size."""
        blocks = -(-self._counts[item.id] // BLOCK)
        count = max(1, round(self._counts[item.id] / self.size.piece_rows))
        edges = [blocks * number // count for number in range(count + 1)]
        for number, (first, end) in enumerate(pairwise(edges), start=1):
            if end > first:
                yield Piece(item, number, first, end)

    def write(self, piece: Piece, path: Path) -> Planted:
        """Write a piece as the supplier's CSV file and say what was planted in it."""
        source = self._of(piece.item)
        sheet = CsvSheet(path, piece.item)
        truth = Truth()
        pairs = [np.zeros(0, np.int64)]
        try:
            for number in range(piece.first, piece.end):
                block = source.block(number)
                sheet.write(block)
                source.count(truth, block)
                pairs.append(source.pairs(block))
        finally:
            sheet.close()
        return _planted(truth, np.concatenate(pairs), piece.item)

    def _of(self, item: Item) -> Source:
        if self._source is None or self._source.item.id != item.id:
            self._source = None  # one numbering at a time: the largest takes hundreds of megabytes
            salt = self.size.seed * 1000 + item.no * 10
            numbering = number_records(item.id, self._counts[item.id], self.firms, salt=salt)
            self._source = Source(
                self.catalogue, item, self.firms, numbering, seed=self.size.seed, as_of=AS_OF, errors=self.size.errors
            )  # fmt: skip
        return self._source

    def registered(self) -> list[str]:
        """The codes of the firms that are registered users: chosen evenly, the same ones every time."""
        rng = np.random.Generator(np.random.SFC64([self.size.seed, 217]))
        chosen = rng.permutation(len(self.firms))[: self.size.registered]
        codes: list[str] = self.firms.usccs.take(np.sort(chosen)).to_pylist()
        return codes


def _planted(truth: Truth, pairs: np.ndarray[tuple[int], np.dtype[np.int64]], item: Item) -> Planted:
    """Two rows of one key in one file are both refused; one of them alone is a record like any other."""
    _, rows = np.unique(pairs, return_counts=True)
    alone = int((rows == 1).sum())
    found = dict(truth.by_field)
    both = found.pop(_SAME_KEY, 0) - alone
    if both:
        found[item.natural_key[0], _SAME_KEY[1]] = both
    return Planted(
        rows=truth.rows,
        accepted=truth.accepted + alone,
        refused=truth.refused - alone,
        repeated=truth.repeated,
        alone=alone,
        by_field=found,
    )
