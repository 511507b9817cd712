"""Generated files: the literal checker finds just what was planted, row by row; the same seed gives the same bytes."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from xinqiao.catalogue import load
from xinqiao.demo.collected import blocks, plan
from xinqiao.demo.collected.faults import CHANGED, How, faults_of
from xinqiao.demo.collected.firms import CITIES, FIRM_COLUMNS, invent_firms
from xinqiao.demo.collected.plan import number_records, spread_records
from xinqiao.demo.collected.writing import Order, generate
from xinqiao.domain.catalogue.keys import natural_key, payload
from xinqiao.domain.catalogue.model import Item, RowRule
from xinqiao.domain.catalogue.rows import check_row
from xinqiao.domain.identifiers import check_org_code, check_uscc, uscc_warnings

AS_OF = date(2026, 6, 30)
CATALOGUE = load()
COLLECTED = [item.id for item in CATALOGUE.collected()]
type Findings = dict[int, set[tuple[str, str]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 1,500 rows of every item, two of five of them faulty."""
    folder = tmp_path_factory.mktemp("generated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BLOCK", 300)  # so that pairs of one key lie in different blocks
        for item in COLLECTED:
            # A licence is held by few, and few times: that takes a longer list of firms.
            firms = 40 if plan.SHARES[item].most is None else 30_000 if plan.SHARES[item].most == 4 else 1500
            list(generate(Order(firms, 1500, AS_OF, items=(item,), errors=0.4, seed=11), folder))
    return folder


def _rows(path: Path, item: Item) -> Iterator[dict[str, str]]:
    names = {field.label: field.name for field in item.fields}
    with path.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            yield {names[label]: cell for label, cell in row.items()}


def _judged(path: Path, item: Item) -> tuple[int, Findings, int]:
    """Rows, findings and repeats, told by the literal checker and the definition of a repeat, in the slowest way."""
    findings: Findings = defaultdict(set)
    versions: dict[tuple[str, ...], list[tuple[int, bytes]]] = defaultdict(list)
    number = 0
    for number, cells in enumerate(_rows(path, item), start=1):
        verdict = check_row(CATALOGUE, item, cells, received_on=AS_OF)
        findings[number] |= {(one.field, str(one.rule)) for one in verdict.findings}
        if verdict.ok:
            versions[natural_key(item, verdict.values)].append((number, payload(verdict.values)))
    repeated = 0
    for rows in versions.values():
        if len({content for _, content in rows}) > 1:
            for at, _ in rows:
                findings[at].add(("", str(RowRule.DUPLICATE_KEY)))
        else:
            repeated += len(rows) - 1
    return number, {at: found for at, found in findings.items() if found}, repeated


@pytest.mark.parametrize("name", COLLECTED)
def test_the_checker_finds_just_what_was_planted(name: str, made: Path) -> None:
    item = CATALOGUE.items[name]
    csv.field_size_limit(1 << 20)
    rows, findings, repeated = _judged(made / f"{name}.csv", item)
    with (made / f"{name}.truth.csv").open(encoding="utf-8", newline="") as text:
        planted = {int(row["row"]): {(row["field"], row["rule"])} for row in csv.DictReader(text)}
    assert findings == planted
    truth = json.loads((made / f"{name}.truth.json").read_text(encoding="utf-8"))
    assert (truth["rows"], truth["refused"], truth["repeated"]) == (rows, len(planted), repeated)
    assert truth["accepted"] == rows - len(planted) - repeated
    counted = Counter(rule for found in planted.values() for _, rule in found)
    assert truth["by_rule"] == dict(counted)
    assert {(one["field"], one["rule"]): one["rows"] for one in truth["by_field_rule"]} == Counter(
        pair for found in planted.values() for pair in found
    )
    assert 0.3 < len(planted) / rows < 0.5


def test_every_kind_of_fault_of_the_collected_items_comes_up(made: Path) -> None:
    seen = Counter[str]()
    for name in COLLECTED:
        seen.update(json.loads((made / f"{name}.truth.json").read_text(encoding="utf-8"))["by_rule"])
        assert json.loads((made / f"{name}.truth.json").read_text(encoding="utf-8"))["repeated"] >= 0
    possible = {str(one.rule) for name in COLLECTED for one in faults_of(CATALOGUE.items[name]) if one.rule}
    assert set(seen) == possible
    # No collected item has an industry, and a row of another width is a matter of the file; every other rule is met.
    assert {str(rule) for rule in RowRule} - set(seen) == {"BAD_INDUSTRY", "RAGGED"}


def test_a_file_without_errors_is_taken_whole(tmp_path: Path) -> None:
    for done in generate(Order(200, 4000, AS_OF, errors=0.0, seed=3), tmp_path):
        rows, findings, repeated = _judged(done.path, done.item)
        assert (rows, findings, repeated) == (done.truth.rows, {}, 0)
        assert done.truth.accepted == rows
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("size", [128, 1000])
def test_blocks_of_any_number_are_the_same_rows_in_any_order(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "BLOCK", size)
    item = CATALOGUE.items["water_fee"]
    firms = invent_firms(seed=5, count=60)
    numbering = number_records(item.id, 3001, firms, salt=9)

    def source() -> blocks.Source:
        return blocks.Source(CATALOGUE, item, firms, numbering, seed=5, as_of=AS_OF, errors=0.3)

    def told(one: blocks.Block) -> list[list[str]]:
        return [column.render().to_pylist() for column in one.columns.values()]

    forward, backward = source(), source()
    there = [told(forward.block(n)) for n in range(forward.blocks)]
    back = [told(backward.block(n)) for n in reversed(range(backward.blocks))]
    assert there == back[::-1]
    assert len(there) == -(-3001 // size)


def test_every_record_is_in_just_one_block_and_scattered() -> None:
    firms = invent_firms(seed=1, count=500)
    numbering = number_records("electricity_fee", 100_001, firms, salt=4)
    parts = [numbering.numbers(n) for n in range(numbering.blocks)]
    assert numbering.blocks > 5
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(100_001))
    assert all(np.all(np.diff(part) > 0) for part in parts)
    largest = np.argmax(np.diff(numbering.starts))
    mine = [int(np.sum(numbering.owners(part)[0] == numbering.firms[largest])) for part in parts]
    assert min(mine) > 0


def test_same_arguments_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    def told(folder: str, seed: int) -> dict[str, bytes]:
        order = Order(50, 600, AS_OF, errors=0.1, seed=seed)
        list(generate(order, tmp_path / folder))
        return {path.name: path.read_bytes() for path in sorted((tmp_path / folder).iterdir())}

    one, again, other = told("a", 1), told("b", 1), told("c", 2)
    assert one == again
    assert set(one) == set(other)
    assert one["electricity_fee.csv"] != other["electricity_fee.csv"]
    assert len(one) == 1 + 3 * len(COLLECTED)


@pytest.mark.parametrize("name", ["education_qualification", "electricity_fee", "gas_fee"])
def test_parquet_holds_the_same_cells_as_csv(name: str, tmp_path: Path) -> None:
    item = CATALOGUE.items[name]
    for kind in ("csv", "parquet"):
        list(generate(Order(3000, 200, AS_OF, items=(item.id,), errors=0.3, format=kind), tmp_path))
    table = pq.read_table(tmp_path / f"{item.id}.parquet")
    assert table.column_names == [field.label for field in item.fields]
    found = [dict(zip([f.name for f in item.fields], row.values(), strict=True)) for row in table.to_pylist()]
    assert found == list(_rows(tmp_path / f"{item.id}.csv", item))


def test_firms_have_right_codes_nobody_else_can_have_and_skewed_sizes() -> None:
    firms = invent_firms(seed=2, count=40_000)
    codes, names = firms.usccs.to_pylist(), firms.names.to_pylist()
    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)
    for code in codes[::97]:
        assert check_uscc(code) == code
        assert code[2:4] == "99"
        assert [str(note.reason) for note in uscc_warnings(code)] == ["DIVISION"]
        assert check_org_code(code[8:17]) == code[8:17]
    assert all("演示" in name and name.startswith(CITIES) for name in names)
    weight = firms.weight / np.median(firms.weight)
    assert 2.1 < weight.mean() < 2.6
    assert 18 < np.quantile(weight, 0.99) < 24
    assert weight.max() <= 210


def test_the_list_of_firms_names_each_once(tmp_path: Path) -> None:
    list(generate(Order(300, 300, AS_OF, items=("gas_fee",)), tmp_path))
    with (tmp_path / "firms.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert tuple(rows[0]) == FIRM_COLUMNS
    assert len({row["uscc"] for row in rows}) == 300
    assert sum(bool(row["old_names"]) for row in rows) > 0
    assert all(date.fromisoformat(row["established_on"]) < AS_OF for row in rows)


def test_counts_are_spread_over_items_and_add_up() -> None:
    firms = invent_firms(seed=2, count=5_000)
    found = spread_records(300_000, COLLECTED, firms)
    assert sum(found.values()) == 300_000
    assert min(found.values()) >= 1
    assert max(found, key=lambda name: found[name]) == "electricity_fee"
    with pytest.raises(ValueError, match="at least one"):
        spread_records(3, COLLECTED, firms)
    with pytest.raises(ValueError, match="too many"):
        spread_records(300_000, ["medical_qualification"], firms)


def test_no_maker_writes_what_marks_a_second_version(tmp_path: Path) -> None:
    changed = {
        item: next(f for f in faults_of(CATALOGUE.items[item]) if f.how is How.SAME_KEY) for item in COLLECTED
    }
    for done in generate(Order(200, 4000, AS_OF), tmp_path):
        fault = changed[done.item.id]
        assert fault.field not in done.item.natural_key
        assert all(row[fault.field] != CHANGED for row in _rows(done.path, done.item))


@pytest.mark.parametrize(
    "order",
    [
        Order(0, 10, AS_OF),
        Order(10, 10_001, AS_OF),
        Order(10, 100, AS_OF, items=("tax_credit",)),
    ],
)
def test_numbers_that_do_not_go_together_are_refused(order: Order, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        list(generate(order, tmp_path / "none"))
    assert not (tmp_path / "none").exists()
