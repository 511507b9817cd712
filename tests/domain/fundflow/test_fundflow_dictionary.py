"""The dictionary as data: complete, in order, explained; its page is fresh."""

import runpy
from collections import Counter
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from xinqiao.demo import model as demo
from xinqiao.domain.fundflow.compute import RULES
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.model import COLUMNS, REQUIRED_COLUMNS, Transaction

DOCS = Path(__file__).parents[3] / "docs" / "rules"


def test_the_dictionary_has_its_108_lines_in_order():
    assert Counter(line.id[0] for line in LINES) == {
        "Q": 10, "F": 20, "B": 13, "K": 16, "C": 9, "D": 24, "A": 16,
    }  # fmt: skip
    expected = [f"{family}{n:02d}" for family, count in zip("QFBKCDA", (10, 20, 13, 16, 9, 24, 16), strict=True)
                for n in range(1, count + 1)]  # fmt: skip
    assert [line.id for line in LINES] == expected


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_every_implemented_line_has_a_rule_and_all_its_texts(line):
    assert line.implemented == (line.id in RULES)
    assert all((line.zh, line.en, line.plain, line.formula))
    assert line.plain.endswith("。")
    assert len({key.name for key in line.keys}) == len(line.keys)
    assert all(key.zh for key in line.keys)


def test_the_page_is_what_the_table_says():
    page = runpy.run_path(str(DOCS / "indicators.py"))["page"]()
    assert (DOCS / "indicators.md").read_text(encoding="utf-8") == page


def test_the_canonical_layout_has_the_eighteen_columns():
    assert len(COLUMNS) == 18
    assert tuple(f.name for f in fields(Transaction) if f.default is MISSING) == REQUIRED_COLUMNS
    assert set(demo.COLUMNS) == set(COLUMNS)
