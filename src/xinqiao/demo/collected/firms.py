"""The invented firms of a generated province: names, codes, sizes; a whole list at once.

Nobody is named by accident. Every name carries 演示 and an invented place. Codes lie in division 99, which GB/T 2260 does
not have; their third to sixth digit are shaped like a province's (city and county), and both check characters are right.
Where a field asks for a division that exists, the firm's city and county are shown in province 14.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xinqiao.demo.collected.tables import Places
from xinqiao.domain.identifiers.orgcode import org_code_check
from xinqiao.domain.identifiers.uscc import CHARSET, WEIGHTS

#: Records per firm: log-normal, median 39, mean 92, 99 % under 820.
SPREAD = 1.31
_LARGEST = 205.0  # times the median, so that nobody has more than some 8,000

CITIES = ("澄州", "岚州", "云陵", "松溪", "砚山", "远浦", "青屿", "禾川", "南塘", "北麓", "石梁")
COUNTIES = 9
_FIRST = "禾青远澄砚松岚朗知云北南石白沐拾九长和望晴嘉瑞恒泽宁安泰信达明旭昌盛荣华景宏启新"
_SECOND = "木屿舟川田溪庭衡行汀麓塘桥榆野光江亭畅舒禾源丰润林海峰城宇辰远途通顺康乐欣悦仁德"
_THIRD = ("", *"隆兴达昌盛升晟凯杰鑫宝来和益茂裕庆延帆航腾翔捷联创优品美佳")
#: Name of the trade, industry division, what licences it holds.
TRADES: tuple[tuple[str, str, str], ...] = (
    ("家具", "21", ""), ("五金制品", "33", ""), ("食品", "14", ""), ("百货", "52", ""), ("餐饮管理", "62", ""),
    ("机电设备", "34", ""), ("纺织", "17", ""), ("商贸", "51", ""), ("包装材料", "22", ""), ("物流", "54", ""),
    ("科技", "65", ""), ("化工", "26", ""), ("装饰工程", "50", "construction"), ("建筑工程", "47", "construction"),
    ("门诊部", "84", "medical"), ("大药房", "52", "pharmacy"), ("培训学校", "83", "education"),
    ("种植", "01", "agriculture"), ("养殖", "03", "agriculture"), ("文化传媒", "86", ""),
)  # fmt: skip
#: Kind of code, its share in percent, the endings of its names.
_KINDS = (
    ("91", 62, ("（演示）有限公司", "（演示）有限责任公司", "（演示）股份有限公司")),
    ("92", 33, ("（演示）经营部", "（演示）商行", "（演示）店")),
    ("93", 5, ("（演示）专业合作社", "（演示）农民专业合作社", "（演示）合作社")),
)
COOPERATIVE = 2
_SLICE = 1 << 17  # codes made at once: bounds the matrices of their characters
STATUSES = ("存续", "歇业", "注销", "吊销未注销")


@dataclass(frozen=True, slots=True)
class Firms:
    """Firms as columns, one place each."""

    names: pa.StringArray
    usccs: pa.StringArray
    weight: NDArray[np.float64]
    kind: Places
    trade: Places
    city: Places
    county: Places
    founded: Places  # days before the as-of day
    chance: NDArray[np.float64]  # even in 0 … 1: who holds what is decided by it

    def __len__(self) -> int:
        return len(self.weight)

    def licensed(self, licence: str) -> NDArray[np.bool_]:
        """Who is of a trade that holds such licences; farms are also the cooperatives."""
        trades = np.array([needs == licence for _, _, needs in TRADES])
        held: NDArray[np.bool_] = trades[self.trade]
        return held | (self.kind == COOPERATIVE) if licence == "agriculture" else held


def invent_firms(*, seed: int, count: int) -> Firms:
    """``count`` firms; the first ones of a longer list are not those of a shorter one."""
    rng = np.random.Generator(np.random.SFC64([seed, 20, count]))
    numbers = np.arange(count, dtype=np.int64)
    weight = np.minimum(np.exp(rng.standard_normal(count) * SPREAD), _LARGEST)
    kind = np.searchsorted(np.cumsum([share for _, share, _ in _KINDS]), rng.integers(0, 100, count), "right")
    city = rng.integers(0, len(CITIES), count)
    county = rng.integers(0, COUNTIES, count)
    # Names are counted through, so that they differ: the multiplier spreads neighbours over words and trades.
    mixed = numbers * 48_271 % _name_count()
    trade, mixed = mixed % len(TRADES), mixed // len(TRADES)
    names = _names(mixed, trade, kind, city, numbers // _name_count())
    return Firms(
        names=names,
        usccs=pa.concat_arrays(
            [
                _usccs(*(column[start : start + _SLICE] for column in (numbers, kind, city, county)))
                for start in range(0, count, _SLICE)
            ]
        ),
        weight=weight,
        kind=kind.astype(np.int32),
        trade=trade.astype(np.int32),
        city=city.astype(np.int32),
        county=county.astype(np.int32),
        founded=rng.integers(400, 9_000, count).astype(np.int32),
        chance=rng.random(count),
    )


def _name_count() -> int:
    return len(TRADES) * len(_FIRST) * len(_SECOND) * len(_THIRD) * 3


def _names(
    mixed: NDArray[np.int64],
    trade: NDArray[np.int64],
    kind: NDArray[np.int64],
    city: NDArray[np.int64],
    again: NDArray[np.int64],
) -> pa.StringArray:
    """Place, word, trade, ending; a number where the words have run out (then it is 第二, 第三 … of its name)."""
    second, mixed = mixed % len(_SECOND), mixed // len(_SECOND)
    first, mixed = mixed % len(_FIRST), mixed // len(_FIRST)
    third, ending = mixed % len(_THIRD), mixed // len(_THIRD)
    endings = [text for _, _, texts in _KINDS for text in texts]
    numbered = pa.array(["", *(f"第{n}" for n in range(2, int(again.max(initial=0)) + 2))])
    parts = [
        pa.array(CITIES).take(pa.array(city)),
        pa.array(list(_FIRST)).take(pa.array(first)),
        pa.array(list(_SECOND)).take(pa.array(second)),
        pa.array(_THIRD).take(pa.array(third)),
        numbered.take(pa.array(again)),
        pa.array([name for name, _, _ in TRADES]).take(pa.array(trade)),
        pa.array(endings).take(pa.array(kind * 3 + ending)),
    ]
    return pc.binary_join_element_wise(*parts, "")


def _usccs(
    numbers: NDArray[np.int64], kind: NDArray[np.int64], city: NDArray[np.int64], county: NDArray[np.int64]
) -> pa.StringArray:
    """``9x`` + ``99`` + city + county + an organisation code ``DEM…`` + both check characters (GB 32100, GB 11714)."""
    value = np.zeros((len(numbers), 18), np.int64)
    value[:, 0], value[:, 1] = 9, kind + 1
    value[:, 2:4] = 9
    value[:, 4], value[:, 5] = (city + 1) // 10, (city + 1) % 10
    value[:, 7] = county + 1
    value[:, 8:11] = [CHARSET.index(char) for char in "DEM"]
    for place in range(5):
        value[:, 15 - place] = numbers // 31**place % 31
    letters = np.frombuffer(CHARSET.encode(), np.uint8)
    out = letters[value]
    out[:, 16] = _org_checks(out[:, 8:16])
    value[:, 16] = np.searchsorted(letters, out[:, 16])
    out[:, 17] = letters[(31 - value[:, :17] @ np.array(WEIGHTS) % 31) % 31]
    return _fixed(out)


def _org_checks(block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The check characters of organisation codes; sums of the characters' parts, learnt from the scalar rule's table."""
    weights = np.array([3, 7, 9, 10, 5, 8, 4, 2])
    codes = block.astype(np.int64)
    plain = np.where(codes <= ord("9"), codes - ord("0"), codes - ord("A") + 10)
    total = 11 - (plain @ weights) % 11
    checks: NDArray[np.uint8] = np.frombuffer(b"0123456789X0", np.uint8)[total]
    if len(block):  # the two must never part
        assert org_code_check(bytes(block[-1]).decode()) == chr(checks[-1])
    return checks


def _fixed(block: NDArray[np.uint8]) -> pa.StringArray:
    """A matrix of characters, one text a row."""
    rows, width = block.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(block.tobytes()))


# --------------------------------------------------------------------------------------------- the list, written out


FIRM_COLUMNS = ("uscc", "name", "old_names", "division", "industry", "established_on", "status")


def firms_csv(firms: Firms, *, as_of: date, rows: int = 1 << 18) -> Iterator[str]:
    """The list of firms as CSV, in pieces. Old names, where there are several, are separated by ``；``."""
    yield ",".join(FIRM_COLUMNS) + "\n"
    for start in range(0, len(firms), rows):
        lines = pc.binary_join_element_wise(*_firm_columns(firms, slice(start, start + rows), as_of), ",")
        yield "\n".join(lines.to_pylist()) + "\n"


def _firm_columns(firms: Firms, part: slice, as_of: date) -> list[pa.StringArray]:
    chance, city, names = firms.chance[part], firms.city[part], firms.names[part.start : part.stop]
    moved = pc.binary_join_element_wise(
        pa.array(CITIES).take(pa.array((city - 1) % len(CITIES))), pc.utf8_slice_codeunits(names, 2), ""
    )
    founding = pc.replace_substring(names, "（演示）", "（演示筹）")
    both = pc.binary_join_element_wise(moved, founding, "；")
    old = pc.if_else(pa.array(chance < 0.003), both, pc.if_else(pa.array(chance < 0.03), moved, ""))
    divisions = pa.array([f"14{c + 1:02d}{d + 1:02d}" for c in range(len(CITIES)) for d in range(COUNTIES)])
    founded = np.datetime64(as_of) - firms.founded[part].astype("timedelta64[D]")
    status = np.searchsorted([0.93, 0.96, 0.99], chance, "right")
    return [
        firms.usccs[part.start : part.stop], names, old,
        divisions.take(pa.array(city * COUNTIES + firms.county[part])),
        pa.array([industry for _, industry, _ in TRADES]).take(pa.array(firms.trade[part])),
        pa.array(founded).cast(pa.string()), pa.array(STATUSES).take(pa.array(status)),
    ]  # fmt: skip
