"""A real register with its dirt: 120,000 firms loaded, every broken code counted with its reason, free text read exactly."""

import csv
import gzip
import io
import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from xinqiao.domain.capital import Capital, CapitalReason, parse_capital
from xinqiao.domain.codes import Kind, resolve
from xinqiao.domain.identifiers import PROVINCES
from xinqiao.lake.firms import Added, FirmIndex, Match
from xinqiao.lake.firms.source import Reading, Rejected, read_day, read_firms

FOLDER = Path(os.environ.get("XINQIAO_DATA_DIR") or "/nonexistent") / "enterprise_registry_cn"
SOURCE = FOLDER / "enterprise_registrations_120k.csv.gz"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not SOURCE.is_file(), reason="XINQIAO_DATA_DIR does not hold the register"),
]
ROWS = 120_000


@pytest.fixture(scope="module")
def register() -> list[dict[str, str]]:
    with gzip.open(SOURCE) as file:
        return list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("register") / "register.csv"
    where.write_bytes(gzip.decompress(SOURCE.read_bytes()))
    return where


def test_every_row_is_taken_or_put_aside_with_a_reason(plain: Path, register: list[dict[str, str]]) -> None:
    reading, aside = Reading(), list[Rejected]()
    taken = sum(1 for _ in read_firms(plain, reading, aside.append))
    assert len(register) == reading.rows == ROWS
    assert taken + len(aside) == ROWS
    assert not reading.left_out
    broken = [row["统一社会信用代码"] for row in register if len(row["统一社会信用代码"]) != 18]
    assert len(broken) == 143
    assert {one.value for one in aside} > set(broken)
    # One more is too short once its hyphens are gone, and two of eighteen characters fail their check.
    assert reading.rejected == {("uscc", "LENGTH"): 144, ("uscc", "CHECKSUM:18"): 2}
    assert len(aside) == 146


def test_most_broken_codes_are_old_registration_numbers(register: list[dict[str, str]]) -> None:
    broken = [row["统一社会信用代码"] for row in register if len(row["统一社会信用代码"]) != 18]
    kinds = Counter(tuple(one.kind for one in resolve(text).readings) for text in broken)
    numbers = [text for text in broken if text.isdigit() and len(text) in (13, 15)]
    assert sum(times for kind, times in kinds.items() if Kind.REGNO in kind) == len(numbers) == 135
    # The rest: numbers of cooperatives with letters in them, one of which can be a tax number; a file number in words.
    assert kinds[()] + kinds[(Kind.TAX_NO,)] == 8


def test_capital_is_read_or_has_a_reason(register: list[dict[str, str]]) -> None:
    found = [(row["注册资金"], parse_capital(row["注册资金"])) for row in register]
    reasons = Counter(one for _, one in found if isinstance(one, CapitalReason))
    absent = sum(text in ("N/A", "-") for text, _ in found)
    assert reasons[CapitalReason.ABSENT] == absent > 27_000
    # ``450()`` and a bare number
    bare = sum(text.removesuffix("()").replace(",", "").replace(".", "").isdigit() for text, _ in found)
    assert reasons[CapitalReason.UNIT_MISSING] == bare > 300
    assert reasons[CapitalReason.CURRENCY_UNKNOWN] == 0
    assert reasons[CapitalReason.AMOUNT_MISSING] == 1
    # Nine with a comma where no thousands end (``10,0620000(万美元)``), two names of people in the wrong column.
    unread = [text for text, one in found if one is CapitalReason.UNREADABLE]
    assert sum("," in text for text in unread) == 9
    assert len(unread) == 11
    currencies = Counter(one.currency for _, one in found if isinstance(one, Capital))
    assert set(currencies) == {None, "CNY", "USD", "HKD", "JPY", "EUR", "SGD", "DEM", "AUD", "CAD"}
    unnamed = sum(text.endswith(("(万)", "万")) for text, one in found if isinstance(one, Capital))
    assert currencies[None] == unnamed > 14_000


def test_dates_and_provinces(register: list[dict[str, str]]) -> None:
    days = [read_day(row["注册日期"]) for row in register]
    assert all(day is not None and date(1900, 1, 1) < day <= date(2019, 5, 1) for day in days)
    short = {name[:3] if name.startswith(("内蒙古", "黑龙江")) else name[:2] for name in PROVINCES.values()}
    unknown = [row["所在省份"] for row in register if row["所在省份"] not in short]
    assert len(unknown) == 2  # two rows whose columns slipped


def test_searching_it(plain: Path, register: list[dict[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "firms.db"
    with FirmIndex.create(path) as index:
        assert index.add(read_firms(plain, Reading())) == Added(new=ROWS - 146)
        index.optimise()
    with FirmIndex.open(path) as index:
        for row in register[:: ROWS // 60]:
            if len(row["统一社会信用代码"]) != 18:
                continue
            hits = index.search(row["企业名称"])
            assert any(hit.firm.uscc == row["统一社会信用代码"] and hit.match is Match.EXACT for hit in hits)
            assert [hit.firm.uscc for hit in index.search(row["统一社会信用代码"])] == [
                row["统一社会信用代码"]
            ]
        assert index.search("华能国际电力")[0].firm.name.startswith("华能国际电力")
        assert index.search("hngjdl")[0].match is Match.PINYIN_PREFIX


def test_the_same_rows_in_gb18030() -> None:
    reading = Reading()
    firms = list(read_firms(FOLDER / "enterprise_registrations_sample_gb18030.csv", reading))
    assert reading.rows == 400
    assert len(firms) + reading.rejected.total() == 400
    assert all("\ufffd" not in firm.name for firm in firms)
