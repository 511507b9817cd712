"""The worked example of the fund-flow rules (10.6), to the last digit."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.domain.fundflow.products import QueryKind, ReportHead, build_report

FILE = Path(__file__).parents[2] / "cases" / "fundflow" / "example_10_6.csv"


@pytest.fixture(scope="module")
def report():
    with FILE.open(encoding="utf-8", newline="") as file:
        parsed = parse_rows(csv.DictReader(file))
    facts = gather_facts(
        Statement(parsed, Context(as_of=date(2026, 2, 28), months=2)).books("6217000000003017")
    )
    head = ReportHead(
        report_no="R-1",
        generated_at=datetime(2026, 3, 1, tzinfo=UTC),
        provider="远山银行",
        query_kind=QueryKind.SELF,
    )
    return build_report(head, facts)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("in_amount", "230000.00"),
        ("operating_in", "180000.00"),
        ("out_amount", "160000.00"),
        ("operating_out", "160000.00"),
        ("net_inflow", "70000.00"),
        ("operating_net", "20000.00"),
        ("income_expense_ratio", "1.1250"),
        ("true_revenue_share", "0.7826"),
        ("avg_monthly_operating_in", "90000.00"),
    ],
)
def test_the_overview_of_the_example(report, field, expected):
    assert report["overview"][field]["value"] == expected


def test_the_shares_of_the_example(report):
    assert report["concentration"]["in"]["top1_share"]["value"] == "1.0000"
    assert report["concentration"]["in"]["hhi"]["value"] == "1.0000"
    assert report["features"]["own_transfer_ratio"]["value"] == "0.1282"
    assert report["features"]["volatility"]["value"] == "0.1111"


def test_the_period_of_the_example_is_two_whole_months(report):
    assert (report["head"]["period_from"], report["head"]["period_to"]) == ("2026-01-01", "2026-02-28")
    assert [row["month"] for row in report["monthly"]] == ["2026-01", "2026-02"]
