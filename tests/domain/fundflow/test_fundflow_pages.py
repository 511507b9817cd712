"""The pages about fund flow say what the program does: worked numbers are computed, fields are listed."""

import csv
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.compute import compute
from xinqiao.domain.fundflow.figures import NullReason
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.domain.fundflow.products import QueryKind, ReportHead, build_report, build_summary

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "cases" / "fundflow"
RULES = (ROOT / "docs" / "rules" / "fundflow-cleaning.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "report.md").read_text(encoding="utf-8")


def _parsed(name):
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return parse_rows(csv.DictReader(file))


def test_the_worked_balances_of_the_page_are_computed():
    computed = compute(_parsed("balances"), Context(as_of=date(2026, 4, 30), months=1))
    table = re.findall(r"^\| \S+ (B\d\d) \| .* \| (\S+) \|$", RULES, re.MULTILINE)
    assert len(table) == 6
    for id_, number in table:
        (value,) = computed[id_].values.values()
        assert str(value) == number, id_


def test_every_null_reason_is_explained():
    assert [reason for reason in NullReason if f"| `{reason.value}` |" not in RULES] == []


def _names(value):
    match value:
        case dict():
            for key, item in value.items():
                yield key
                yield from _names(item)
        case list():
            for item in value:
                yield from _names(item)


@pytest.mark.parametrize("build", [build_report, build_summary])
def test_every_field_of_a_product_is_in_the_reference(build):
    statement = Statement(_parsed("example_10_6"), Context(as_of=date(2026, 2, 28), months=2))
    head = ReportHead(
        report_no="R",
        generated_at=datetime(2026, 3, 1, tzinfo=UTC),
        provider="远山银行",
        query_kind=QueryKind.SELF,
    )
    product = build(head, gather_facts(statement.books("6217000000003017")))
    legend = product.pop("legend", {})
    named = set(re.findall(r"[a-z_0-9]+", REFERENCE))
    reasons = {"yoy_operating_in"}  # null_reasons hold names of fields
    missing = {name for name in (*_names(product), *legend) if name not in named | reasons}
    assert missing == set()
