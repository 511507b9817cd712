"""The case files of every item: what passes, and every planted mistake with just the findings it must have."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from tests.catalogue.cases import EXPECTED, FOLDER, files

from xinqiao.catalogue import load
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.keys import natural_key
from xinqiao.domain.catalogue.model import CrossKind, FieldType, RowRule
from xinqiao.domain.catalogue.rows import Verdict, check_row

CATALOGUE = load()
DAY = date(2026, 5, 1)


def told(path: Path, encoding: str = "utf-8") -> list[tuple[str, Verdict]]:
    """What each row of a file is expected to have, and what the checker says of it."""
    item = CATALOGUE.items[path.parent.name]
    with path.open(encoding=encoding, newline="") as source:
        heads, *rows = csv.reader(source)
    columns = match_headers(item, heads)
    assert columns.unknown == (EXPECTED,)
    assert columns.repeated == columns.missing == ()
    found = []
    for cells in rows:
        row = {name: cell for name, cell in zip(columns.fields, cells, strict=True) if name}
        found.append((cells[0], check_row(CATALOGUE, item, row, received_on=DAY)))
    return found


def said(verdict: Verdict) -> str:
    return ";".join(f"{one.field}:{one.rule}" for one in verdict.findings)


def test_the_files_are_as_they_are_made() -> None:
    stale = [str(path) for path, text in files() if path.read_bytes() != text.encode()]
    assert stale == [], "run: python -m tests.catalogue.cases"
    assert {path.parent.name for path in FOLDER.glob("*/*.csv")} == set(CATALOGUE.items)


@pytest.mark.parametrize("item_id", list(CATALOGUE.items))
def test_what_should_pass_passes_and_is_five_records(item_id: str) -> None:
    verdicts = told(FOLDER / item_id / "should_pass.csv")
    assert [said(verdict) for _, verdict in verdicts] == [""] * 5
    item = CATALOGUE.items[item_id]
    assert len({natural_key(item, verdict.values) for _, verdict in verdicts}) == 5


@pytest.mark.parametrize("item_id", list(CATALOGUE.items))
def test_what_should_fail_has_just_the_findings_it_should(item_id: str) -> None:
    verdicts = told(FOLDER / item_id / "should_fail.csv")
    assert [said(verdict) for _, verdict in verdicts] == [expected for expected, _ in verdicts]
    assert all(expected for expected, _ in verdicts)


@pytest.mark.parametrize("item_id", list(CATALOGUE.items))
def test_the_gb18030_twin_says_the_same(item_id: str, tmp_path: Path) -> None:
    for name in ("should_pass.csv", "should_fail.csv"):
        utf8 = FOLDER / item_id / name
        twin = tmp_path / item_id / name
        twin.parent.mkdir(exist_ok=True)
        twin.write_bytes(utf8.read_text("utf-8").encode("gb18030"))
        assert told(twin, "gb18030") == told(utf8)


def test_every_rule_of_one_row_and_every_type_has_its_cases() -> None:
    rules: Counter[str] = Counter()
    for path in FOLDER.glob("*/should_fail.csv"):
        for expected, _ in told(path):
            rules.update(part.split(":")[1] for part in expected.split(";"))
    # the two that are about a file or a whole batch, not about what is in a row
    assert set(rules) == set(RowRule) - {RowRule.DUPLICATE_KEY, RowRule.RAGGED}
    assert min(rules.values()) >= 1
    fields = [field for item in CATALOGUE.items.values() for field in item.fields]
    assert {field.type for field in fields} == set(FieldType)
    assert {rule.kind for item in CATALOGUE.items.values() for rule in item.rules} == set(CrossKind)
