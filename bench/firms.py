"""Search of the firm index: p99 over N made firms (``XINQIAO_BENCH_FIRMS``, default 300,000), all kinds of queries.

The peer is a scan of the same names with ``LIKE`` in the same file. The names are made of parts that real names are made
of, with the skew of real ones: few places and trades have most firms.
"""

import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench._table import BenchRow, verdict
from xinqiao.domain.identifiers import org_code_check, uscc_check
from xinqiao.domain.names import INDUSTRY_WORDS
from xinqiao.lake.firms import Firm, FirmIndex
from xinqiao.lake.firms.pinyin import readings

FIRMS = int(os.environ.get("XINQIAO_BENCH_FIRMS", "300000"))
QUERIES = int(os.environ.get("XINQIAO_BENCH_QUERIES", "200"))
SEED = 20261121
MUST_MS, MOONSHOT_MS = 50.0, 20.0

_PLACES = [
    "山西",
    "山西省",
    "太原",
    "太原市",
    "大同市",
    "晋中市",
    "北京",
    "北京市",
    "上海",
    "上海市",
    "天津",
    "重庆",
    "重庆市",
    "深圳市",
    "广州",
    "广州市",
    "杭州",
    "杭州市",
    "宁波市",
    "南京",
    "南京市",
    "苏州",
    "无锡市",
    "成都",
    "成都市",
    "武汉",
    "武汉市",
    "西安",
    "西安市",
    "郑州",
    "郑州市",
    "济南",
    "青岛",
    "长沙市",
    "合肥",
    "福州",
    "厦门",
    "厦门市",
    "昆明",
    "贵阳",
    "南宁",
    "海口",
    "沈阳",
    "大连",
    "长春",
    "哈尔滨",
    "石家庄市",
    "呼和浩特市",
    "兰州",
    "银川",
    "西宁",
    "乌鲁木齐",
    "拉萨",
]
_TRADE = (
    "远山明华兴达盛泰和源丰瑞祥顺通利安康宏鑫金银海天东方新中大成信诚德福隆昌旺佳美嘉恒润博创智慧联合众邦国民生富强永久长春江河湖星光辉耀阳月云龙凤"
    "凯飞腾翔鹏程锦绣百万千亿正元亨贞吉庆乐善仁义礼和平友谊青松柏竹梅兰菊荷桂枫林森木火土水石玉珠宝晶莹清泉溪谷峰岭岩川原野田园牧农桑麦禾谷"
    "尚品优雅奇妙伟业建基立志远景宜居上善若水同心力行思源本初一二三四五六七八九十"
)
_FORMS = ("有限公司",) * 14 + ("有限责任公司", "股份有限公司", "经营部", "商行", "厂", "农民专业合作社")
_BODY = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def made(count: int, seed: int = SEED) -> Iterator[Firm]:
    """Firms with valid codes of their own; a fifth has ended, one in twenty had another name."""
    rng = random.Random(seed)
    places = [1 / (n + 2) for n in range(len(_PLACES))]
    trades = [1 / (n + 4) for n in range(len(INDUSTRY_WORDS))]
    for number in range(count):
        division = f"{rng.choice((11, 14, 31, 33, 37, 44, 51))}0{rng.randint(1, 9)}{rng.randint(1, 30):02d}"
        body = "".join(_BODY[number // 31**k % 31] for k in (5, 4, 3, 2, 1, 0))
        code = f"91{division}MA{body}"
        code += org_code_check(code[8:])
        place, trade = rng.choices(_PLACES, places)[0], rng.choices(INDUSTRY_WORDS, trades)[0]
        name = (
            place + "".join(rng.choices(_TRADE, k=rng.choice((2, 2, 2, 3, 4)))) + trade + rng.choice(_FORMS)
        )
        industry = f"{rng.randint(1, 90):02d}"
        status = "注销" if rng.random() < 0.2 else "存续"
        yield Firm(code + uscc_check(code), name, division=division, industry=industry, status=status)


def queries(firms: list[Firm], rng: random.Random) -> Iterator[tuple[str, str]]:
    """What people type for firms that exist: kind and text."""
    for firm in firms:
        name = firm.name
        at = rng.randrange(len(name) - 5)
        heard = [(readings(char) or (char,))[0] for char in name]
        yield "exact", name
        yield "two characters", name[at : at + 2]
        yield "fragment", name[at : at + rng.randint(3, 6)]
        yield "two fragments", f"{name[:2]} {name[4:6]}"
        yield "full pinyin", "".join(heard[at : at + rng.randint(2, 4)])
        yield "initials", "".join(one[0] for one in heard[at : at + rng.randint(3, 6)])
        yield "two initials", "".join(one[0] for one in heard[at : at + 2])
        yield "mixture", name[at : at + 2] + "".join(one[0] for one in heard[at + 2 : at + 4])
        yield "half typed", "".join(heard[at : at + 3])[:-1]
        yield "nothing", name[at] + "".join(rng.choices(_TRADE, k=3)) + "厄"
        yield "letters of nothing", "".join(rng.choices("abcdefghjklmnpqrstwxyz", k=rng.randint(4, 9)))


def _milliseconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return (time.perf_counter() - start) * 1000


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


def rows() -> list[BenchRow]:
    """Build, search, and the scan beside it."""
    folder = Path(os.environ.get("XINQIAO_BENCH_FOLDER") or tempfile.mkdtemp(prefix="xinqiao-bench-"))
    path = folder / f"firms-{FIRMS}.db"
    try:
        return _rows(path)
    finally:
        if "XINQIAO_BENCH_FOLDER" not in os.environ:
            shutil.rmtree(folder)


def _rows(path: Path) -> list[BenchRow]:
    built = 0.0
    if not path.exists():
        start = time.perf_counter()
        with FirmIndex.create(path) as index:
            index.add(made(FIRMS))
            index.optimise()
        built = time.perf_counter() - start
    rng = random.Random(SEED + 1)
    sample = [firm for number, firm in enumerate(made(FIRMS)) if number % max(1, FIRMS // QUERIES) == 7]
    spent: dict[str, list[float]] = {}
    slow, busy = (0.0, ""), list[float]()
    with FirmIndex.open(path) as index:
        for kind, text in queries(sample, rng):
            place = {"division": "1401"} if rng.random() < 0.2 else {}
            before = time.thread_time()
            took = _milliseconds(lambda text=text, place=place: index.search(text, **place))  # type: ignore[misc]
            busy.append((time.thread_time() - before) * 1000)
            spent.setdefault(kind, []).append(took)
            slow = max(slow, (took, f"{text} {place}"))
        scan = statistics.median(
            _milliseconds(lambda firm=firm: _scan(index, firm.name[2:6])) for firm in sample[:5]
        )  # type: ignore[misc]
    for kind, values in spent.items():
        print(
            f"  {kind:<18} p50 {statistics.median(values):7.2f} ms  p99 {_p99(values):7.2f} ms",
            file=sys.stderr,
        )
    print(f"  slowest {slow[0]:.1f} ms: {slow[1]}", file=sys.stderr)
    every = [value for values in spent.values() for value in values]
    p99, size = _p99(every), path.stat().st_size
    name = f"name search p99, {FIRMS:,} firms, {len(every):,} queries of {len(spent)} kinds"
    told = f"processor {_p99(busy):.1f} ms, {size / FIRMS:.0f} B a firm" + (
        f", built in {built:.0f} s" if built else ""
    )
    return [
        BenchRow(
            "F1", name, f"{p99:.1f} ms (p50 {statistics.median(every):.2f}; {told})", f"LIKE scan {scan:.0f} ms",
            f"{scan / p99:.0f}×", f"≤ {MUST_MS:.0f} ms", f"≤ {MOONSHOT_MS:.0f} ms",
            verdict(p99 <= MUST_MS, p99 <= MOONSHOT_MS),
        )
    ]  # fmt: skip


def _scan(index: FirmIndex, fragment: str) -> list[object]:
    asked = "SELECT name FROM firm WHERE name LIKE ? LIMIT 20 OFFSET 100000"
    return index._db.execute(asked, (f"%{fragment}%",)).fetchall()
