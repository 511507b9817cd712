"""The two products: what they hold, what they withhold, and what can never be in them (fund-flow rules 10.3, 10.4)."""

import json
import re
from datetime import UTC, date, datetime

import pytest
from tests.domain.fundflow.fundflow_cast import books

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.products import (
    ObjectionMark,
    QueryKind,
    ReportHead,
    SubjectStatement,
    build_report,
    build_summary,
)

HEAD = ReportHead(
    report_no="R-2026-1",
    generated_at=datetime(2026, 5, 1, 2, 3, 4, tzinfo=UTC),
    provider="远山银行",
    query_kind=QueryKind.INSTITUTION,
    institution="澄湖银行",
    purpose="loan_application",
    authorisation_no="AU-1",
    valid_to=datetime(2026, 6, 1, tzinfo=UTC),
    subject_name="演示企业有限公司",
    account_masked="6217****3017",
    objection_marks=(ObjectionMark("OB-1", datetime(2026, 4, 2, tzinfo=UTC), ("2026-03",)),),
    statements=(SubjectStatement("二月搬迁停产九天", date(2026, 3, 1)),),
)

CANARIES = [
    "张金丝雀",
    "岚江金丝雀木业有限公司",
    "CANARY62170001",
    "金丝雀支行",
    "采购金丝雀货款",
    "CANARYTXN",
    "金丝雀类别",
    "金丝雀用途",
    "金丝雀渠道",
    "关联金丝雀",
]


def canary_facts(months=3):
    lines = []
    for month in (2, 3, 4):
        lines += [
            f"2026-0{month}-0{day} in {100 + day}.00 bal=500.00 id=CANARYTXN{month}{day} bank=金丝雀支行 "
            f"name=岚江金丝雀木业有限公司{day} acct=CANARY6217000{day} kind=金丝雀类别 text=采购金丝雀货款 "
            f"purpose=金丝雀用途 channel=金丝雀渠道"
            for day in range(1, 6)
        ]
        lines.append(f"2026-0{month}-10 out 50.00 bal=450.00 name=张金丝雀 text=采购金丝雀货款")
        lines.append(f"2026-0{month}-11 out 20.00 bal=430.00 name=关联金丝雀 text=采购金丝雀货款")
    account = books(
        *lines,
        as_of=date(2026, 4, 30),
        months=months,
        holder="演示金丝雀有限公司",
        related=frozenset({"关联金丝雀"}),
        bound=frozenset({"CANARY62170001"}),
    )
    return gather_facts(account)


@pytest.mark.parametrize("build", [build_report, build_summary])
def test_no_name_number_code_or_text_of_the_statement_gets_into_a_product(build):
    text = canonical_bytes(build(HEAD, canary_facts())).decode()
    for canary in (*CANARIES, "金丝雀", "CANARY", "6217000000003017"):
        assert canary not in text


def _strings(value, path=""):
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from _strings(item, f"{path}/{key}")
        case list():
            for item in value:
                yield from _strings(item, f"{path}/*")


_CODE = re.compile(
    r"-?[0-9]+\.[0-9]{2,4}|[0-9]{4}-[0-9]{2}(-[0-9]{2})?|[A-Z][0-9]{2}|[A-Z][A-Z_]*|[a-z][a-z_0-9]*|[0-9]"
)


def test_every_text_outside_head_and_notes_is_a_number_a_date_or_a_code():
    report = build_report(HEAD, canary_facts())
    for part, section in report.items():
        if part not in ("head", "notes"):
            for path, text in _strings(section, part):
                assert _CODE.fullmatch(text) or "/signal/" in path, (path, text)


def test_a_withheld_balance_is_null_everywhere_with_its_reason():
    report = build_report(HEAD, canary_facts(), include_balance=False)
    for field in ("avg_daily_balance", "min_eod_balance", "max_eod_balance"):
        assert report["overview"][field]["value"] is None
        assert report["overview"][field]["null_reason"] == "WITHHELD"
    for row in report["monthly"]:
        for field in ("avg_daily_balance", "min_eod_balance", "max_eod_balance", "eom_balance"):
            assert row[field] is None
            assert row["null_reasons"][field] == "WITHHELD"
    for field in ("liquidity_days", "overdraft_days"):
        assert report["features"][field]["null_reason"] == "WITHHELD"
    assert any(note["code"] == "BALANCE_WITHHELD" for note in report["notes"]["items"])
    assert "500.00" not in json.dumps(report)


def test_every_figure_names_its_line_its_version_and_its_coverage():
    report = build_report(HEAD, canary_facts())
    for figure in (*report["overview"].values(), *report["features"].values()):
        if isinstance(figure, dict):
            assert {"value", "unit", "indicator", "key", "version", "coverage", "null_reason"} <= set(figure)
            assert (figure["value"] is None) == (figure["null_reason"] is not None)
            assert (figure["indicator"] is None) == (figure["version"] is None)


def test_the_anomaly_family_travels_with_its_sentence():
    features = build_report(HEAD, canary_facts())["features"]
    signals = {name for name, figure in features.items() if "signal" in figure}
    assert signals == {"fast_out_ratio", "whole_amount_ratio", "round_trip_count", "round_trip_amount"}
    assert features["fast_out_ratio"]["signal"]["zh"] == "统计信号，不是结论"


def test_the_head_carries_marks_and_statements_as_not_verified():
    head = build_report(HEAD, canary_facts())["head"]
    assert head["objection_marks"] == [
        {"objection_no": "OB-1", "marked_at": "2026-04-02T00:00:00Z", "months": ["2026-03"]}
    ]
    assert head["statements"][0]["verified"] is False
    assert head["parameters"]["bound_accounts"] == 1
    assert head["valid_to"] == "2026-06-01T00:00:00Z"


def _kinds(*lines):
    facts = gather_facts(books(*lines, as_of=date(2026, 4, 30), months=1))
    return {
        (row["direction"], row["counterparty_kind"]): row
        for row in build_report(HEAD, facts)["counterparties"]
    }


def test_kinds_with_fewer_than_three_counterparties_are_joined_and_marked():
    lines = [f"2026-04-0{i} in 10 name=公司{i} kind=enterprise" for i in range(1, 4)]
    lines += ["2026-04-05 in 5 name=张三 kind=natural_person", "2026-04-06 in 5 kind=natural_person"]
    lines += ["2026-04-07 in 20 name=税务 kind=tax"]
    table = _kinds(*lines)
    assert set(table) == {("in", "enterprise"), ("in", "other")}
    other = table["in", "other"]
    assert (other["amount"], other["count"], other["distinct"], other["merged"]) == ("30.00", 3, 3, True)
    assert table["in", "enterprise"]["share"] == "0.5000"


def test_a_missing_counterparty_counts_as_one_of_three():
    lines = ["2026-04-01 in 1 name=张三 kind=enterprise", "2026-04-02 in 1 name=李四 kind=enterprise"]
    assert ("in", "enterprise") not in _kinds(*lines)
    assert ("in", "enterprise") in _kinds(*lines, "2026-04-03 in 1 kind=enterprise")


def test_no_single_private_payment_can_be_read_off_the_summary():
    lines = [f"2026-04-0{i} out {i}00 name=张{sign}三 text=货款" for i, sign in enumerate("一二三", start=1)]
    lines += ["2026-04-09 out 7 name=公司甲 kind=unknown purpose=fee text=杂费"]
    lines += ["2026-03-09 out 777 name=李四四 purpose=wages channel=batch kind=natural_person"]
    facts = gather_facts(books(*lines, as_of=date(2026, 4, 30), months=2))
    rows = build_summary(HEAD, facts)["rows"]
    (march,) = [row for row in rows if row["month"] == "2026-03"]
    assert (march["counterparty_kind"], march["purpose_kind"], march["channel"]) == ("other",) * 3
    assert sum(row["count"] for row in rows) == 5


def test_the_grid_of_obligations_shows_the_day_of_payment():
    lines = [f"2025-{m:02d}-15 out 10 text=工资 name=张三" for m in range(1, 13) if m != 6]
    lines += ["2025-02-16 out 30 text=工资 name=李四"]
    facts = gather_facts(books(*lines, as_of=date(2025, 12, 31), months=12))
    wages = build_report(HEAD, facts)["obligations"][0]
    assert wages["kind"] == "wages"
    assert [cell["day"] for cell in wages["grid"]] == [15, 16, 15, 15, 15, None, *[15] * 6]
    assert wages["missed_months"] == ["2025-06"]
    assert (wages["months_paid"], wages["usual_day"], wages["latest"]) == (11, 15, "2025-12")
    assert (wages["amount"], wages["avg_amount"], wages["avg_payees"]) == ("140.00", "12.73", "1.0909")
    assert (wages["quarters"], wages["quarters_paid"]) == (4, 4)


def test_year_on_year_needs_the_same_month_a_year_before():
    lines = [
        f"{y}-{m:02d}-05 in {100 if y == 2024 else 120} text=货款" for y in (2024, 2025) for m in range(1, 13)
    ]
    facts = gather_facts(books(*lines, as_of=date(2025, 12, 31), months=24))
    monthly = build_report(HEAD, facts)["monthly"]
    assert monthly[0]["null_reasons"]["yoy_operating_in"] == "SHORT_HISTORY"
    assert monthly[12]["yoy_operating_in"] == "0.2000"


def test_an_account_without_rows_still_has_a_report_of_reasons():
    account = books("2026-05-02 in 1", as_of=date(2026, 4, 30), months=1)
    report = build_report(HEAD, gather_facts(account))
    assert report["overview"]["in_amount"]["null_reason"] == "NO_ROWS"
    assert report["overview"]["net_inflow"]["null_reason"] == "NO_ROWS"
    assert report["overview"]["min_eod_balance"]["null_reason"] == "NO_ROWS"
    assert report["monthly"] == []
