"""Who has how many records of what, and in which order they arrive.

Records of one item are counted through firm by firm: number ``p`` is the ``k``-th record of firm ``f``. A file holds
them in blocks; a block takes one number out of every stretch of as many as there are blocks, which one depends on the
seed. So a firm's records lie scattered over the whole file, every block can be made by itself, in any order, and the
bytes of a block depend on nothing but the seed and its place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xinqiao.demo.collected.firms import Firms
from xinqiao.demo.collected.tables import Places

#: Rows of a block, the unit that is made at once.
BLOCK = 16_384

type Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Share:
    """How much of everything an item is.

    ``part``: of all records. ``most``: records one firm can have, ``None`` when there is no end (a chain of shops has
    many meters). ``holders``: who has any: a licence of :data:`firms.TRADES`, or a fraction of all firms.
    """

    part: float
    most: int | None = None
    holders: str | float = 1.0


#: Shares of the items in a province's records: invented, but utilities and contributions come every month, and
#: licences rarely change.
SHARES: dict[str, Share] = {
    "dishonest_judgment_debtor": Share(0.010, 60, 0.06),
    "medical_insurance_basic": Share(0.200, 119, 0.8),
    "medical_insurance_arrears": Share(0.020, 60, 0.15),
    "medical_insurance_change": Share(0.100, None, 0.8),
    "ip_pledge": Share(0.005, 60, 0.05),
    "agri_insurance": Share(0.015, 400, "agriculture"),
    "agri_subsidy": Share(0.010, 200, "agriculture"),
    "large_grower_list": Share(0.005, 15, "agriculture"),
    "public_resource_transaction": Share(0.020, None, 0.2),
    "construction_qualification": Share(0.004, 30, "construction"),
    "medical_qualification": Share(0.003, 4, "medical"),
    "education_qualification": Share(0.003, 4, "education"),
    "designated_private_medical_institution": Share(0.002, 4, "medical"),
    "designated_retail_pharmacy": Share(0.002, 4, "pharmacy"),
    "water_fee": Share(0.200, None, 0.7),
    "electricity_fee": Share(0.300, None, 1.0),
    "gas_fee": Share(0.101, None, 0.4),
}  # fmt: skip


def mix(values: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Even chance out of a number: the finaliser of SplitMix64 over the number and a salt."""
    x = values + np.uint64((salt * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return out


def spread_records(records: int, items: list[str], firms: Firms) -> dict[str, int]:
    """How many records each item gets; together just ``records``, and at least one each.

    Raises ValueError when the firms cannot hold so many of these items, or there are fewer records than items.
    """
    room = {}
    for item in items:
        most = SHARES[item].most
        room[item] = None if most is None else int(len(_holders(item, firms)) * most * 0.6) or 1
    if records < len(items):
        raise ValueError(f"至少每个事项一条 at least one record per item: {len(items)}")
    whole = sum(SHARES[item].part for item in items)
    out = {item: max(1, int(records * SHARES[item].part / whole)) for item in items}
    for item, limit in room.items():
        out[item] = out[item] if limit is None else min(out[item], limit)
    largest = max((i for i in items if room[i] is None), key=lambda i: SHARES[i].part, default=None)
    if largest is None:
        largest = max(items, key=lambda i: (room[i] or 0) - out[i])
    out[largest] += records - sum(out.values())
    limit = room[largest]
    if out[largest] < 1 or (limit is not None and out[largest] > limit):
        raise ValueError("企业太少，放不下这么多条 too many records of these items for so few enterprises")
    return out


def _holders(item: str, firms: Firms) -> NDArray[np.int64]:
    """Firms that have records of an item; the first one where the list has none of the trade."""
    share = SHARES[item]
    if isinstance(share.holders, str):
        found = np.flatnonzero(firms.licensed(share.holders))
    else:
        # Every item looks at its own piece of the firm's chance.
        own = firms.chance * (1 + sorted(SHARES).index(item) * 7) % 1.0
        found = np.flatnonzero(own < share.holders)
    return found if len(found) else np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True)
class Numbering:
    """The records of one item, counted through.

    Attributes:
        count: of records.
        firms: the firms that have any, in order.
        starts: number of the first record of each of them, and ``count`` at the end.
        salt: what the order of arrival depends on.
    """

    count: int
    firms: Places
    starts: Numbers
    coarse: Places
    salt: int

    @property
    def blocks(self) -> int:
        """Blocks the file has."""
        return -(-self.count // BLOCK)

    def numbers(self, block: int) -> Numbers:
        """The record numbers of a block, ascending."""
        blocks, whole = self.blocks, self.count // self.blocks
        stretch = np.arange(whole + 1, dtype=np.int64)
        turn = (mix(stretch.view(np.uint64), self.salt) % np.uint64(blocks)).astype(np.int64)
        found: Numbers = stretch * blocks + (block + turn) % blocks
        return found if found[-1] < self.count else found[:-1]

    def owners(self, numbers: Numbers) -> tuple[Places, Places]:
        """Firm and count within the firm of each record; ``numbers`` ascending or not."""
        at = self.coarse[numbers >> _COARSE]
        while len(late := np.flatnonzero(self.starts[at + 1] <= numbers)):
            at[late] += 1
        return self.firms[at], (numbers - self.starts[at]).astype(np.int32)

    def is_followed(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Whether the next record belongs to the same firm."""
        following = np.minimum(numbers + 1, self.count - 1)
        same: NDArray[np.bool_] = self.owners(following)[1] > 0
        return same & (numbers + 1 < self.count)


_COARSE = 3  # eight records share a place to start looking


def number_records(item: str, records: int, firms: Firms, *, salt: int) -> Numbering:
    """Give ``records`` of an item to its firms, in proportion to their sizes and up to what one firm can have."""
    holders = _holders(item, firms)
    weight, most = firms.weight[holders], SHARES[item].most
    if most is not None:
        weight = _capped(weight, most, records)
    ends = np.floor(np.cumsum(weight) * (records / weight.sum()) + 0.5).astype(np.int64)
    ends[-1] = records
    counts = np.diff(ends, prepend=0)
    kept = counts > 0
    starts = np.concatenate([[0], ends[kept]])
    coarse = np.searchsorted(starts, np.arange(0, records, 1 << _COARSE), "right") - 1
    return Numbering(records, holders[kept].astype(np.int32), starts, coarse.astype(np.int32), salt)


def _capped(weight: NDArray[np.float64], most: int, records: int) -> NDArray[np.float64]:
    """Weights times a factor, cut at ``most``, that add up to ``records`` as nearly as 60 halvings come."""
    low, high = 0.0, most / float(weight.min())
    for _ in range(60):
        factor = (low + high) / 2
        if np.minimum(weight * factor, most).sum() < records:
            low = factor
        else:
            high = factor
    return np.minimum(weight * high, most)
