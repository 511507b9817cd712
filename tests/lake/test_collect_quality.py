"""The quality counts of a receipt are those of the literal rules, row by row, in every region."""

import calendar
import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from tests.lake.test_collect import CATALOGUE, ITEM, USCC, a_file, good, take

from xinqiao.campaigns.planted import HEADER, plant
from xinqiao.domain.catalogue.batch import BatchVerdict, check_batch
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import RowRule
from xinqiao.domain.catalogue.receipt import Receipt
from xinqiao.domain.quality import CROSS_RULES, VALUE_RULES, Tally
from xinqiao.lake.collect import Terms
from xinqiao.lake.store import Lake

TODAY = date(2026, 11, 21)
REQUIRED = [field.name for field in ITEM.fields if field.required]
FIELDS = [field.name for field in ITEM.fields]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "lake", create=True, buckets=4)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        names = match_headers(ITEM, HEADER).fields
        return [dict(zip(names, row, strict=True)) for row in list(csv.reader(file))[1:]]  # type: ignore[arg-type]


def literal(cells: list[dict[str, str]], said: BatchVerdict) -> dict[str, Tally]:
    """The same counts with nothing but loops."""
    found: dict[str, Counter[str]] = {}
    for place, (row, verdict) in enumerate(zip(cells, said.rows, strict=True)):
        code = row["uscc"].strip().upper()
        known = len(code) == 18 and re.fullmatch("[0-9]{4}", code[2:6]) and place not in said.repeats
        count = found.setdefault(code[2:6] + "00" if known else "", Counter())
        count["rows"] += 1
        if place in said.repeats:
            count["keyed_rows"] += 1
            continue
        rules = [one.rule for one in verdict.findings]
        filled = [name for name in FIELDS if row.get(name, "").strip(" \u3000")]
        keyed = {"account_no", "period"} <= set(filled)
        count["accepted"] += verdict.ok
        count["required_cells"] += len(REQUIRED)
        count["required_filled"] += len(set(filled) & set(REQUIRED))
        count["filled_cells"] += len(filled)
        count["valid_cells"] += len(filled) - sum(rule in VALUE_RULES for rule in rules)
        count["compared_rows"] += 1
        count["consistent_rows"] += not CROSS_RULES & set(rules)
        count["keyed_rows"] += keyed
        count["unique_rows"] += keyed and RowRule.DUPLICATE_KEY not in rules
        if verdict.ok:
            year, month = map(int, row["period"].split("-"))
            lag = max((TODAY - date(year, month, calendar.monthrange(year, month)[1])).days, 0)
            count["timed_rows"] += 1
            count["timely_rows"] += lag <= 45
            count["lag_days_sum"] += lag
    return {region: Tally(**count) for region, count in found.items()}


def by_region(receipt: Receipt) -> dict[str, Tally]:
    return {one.region: one.tally for one in receipt.quality}


def test_every_count_is_the_literal_one(lake: Lake, tmp_path: Path) -> None:
    plant(tmp_path / "bills.csv", 900, seed=11, share=0.3)
    cells = read(tmp_path / "bills.csv")
    said = check_batch(CATALOGUE, ITEM, cells, received_on=TODAY)
    receipt = take(lake, tmp_path / "bills.csv")
    found = by_region(receipt)
    assert found == literal(cells, said)
    assert len(found) > 1
    assert Receipt.from_json(receipt.to_json()).quality == receipt.quality
    whole = sum(found.values(), Tally())
    assert (whole.rows, whole.accepted) == (receipt.rows, receipt.accepted)
    assert whole.valid_cells < whole.filled_cells
    assert whole.consistent_rows < whole.compared_rows


def test_regions_terms_repeats_and_conflicts(lake: Lake, tmp_path: Path) -> None:
    late, fresh = {"费用所属期": "2026-08"}, {"费用所属期": "2026-10"}
    path = a_file(
        tmp_path / "one.csv",
        good(1, **fresh), good(1, **fresh), good(2, **late),
        good(3, 企业名称="甲有限公司", **fresh), good(3, 企业名称="乙有限公司", **fresh),
        good(4, 统一社会信用代码="9114" + "9" * 14, **fresh), good(5, 统一社会信用代码="没有", **fresh), good(6)[:-1],
    )  # fmt: skip
    found = by_region(take(lake, path, terms=Terms()))
    known, unknown = found["140000"], found[""]
    assert USCC[2:6] == "1400"
    # rows 1, 3, 4, 5 and the torn one; the repeated row and the one without a code stand where nothing is known
    assert (known.rows, known.accepted, unknown.rows) == (5, 2, 2)
    assert (known.timed_rows, known.timely_rows, known.lag_days_sum) == (
        2,
        1,
        (TODAY - date(2026, 8, 31)).days + 21,
    )
    assert (known.keyed_rows, known.unique_rows) == (4, 2)
    assert (unknown.keyed_rows, unknown.unique_rows) == (2, 1)
    torn_cells = 12
    assert known.filled_cells - known.valid_cells == torn_cells
    assert found["149900"].rows == 1


def test_a_withdrawal_is_no_supply(lake: Lake, tmp_path: Path) -> None:
    take(lake, a_file(tmp_path / "one.csv", good(1)))
    names = a_file(tmp_path / "away.csv", good(1)[:11], header=HEADER[:11])
    away = take(lake, names, "b2", terms=Terms(withdrawal=True))
    assert away.quality == ()


def test_a_receipt_from_before_has_none(lake: Lake, tmp_path: Path) -> None:
    told = take(lake, a_file(tmp_path / "one.csv", good(1))).to_json()
    del told["quality"]
    assert Receipt.from_json(told).quality == ()
