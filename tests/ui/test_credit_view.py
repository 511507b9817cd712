"""The credit report for people: what every line says alike is said once, what differs is the table."""

from datetime import UTC, date, datetime

import pytest

from xinqiao.catalogue import load
from xinqiao.domain.report import CreditReport, Record, RecordStatus, Sight, Supply, compose
from xinqiao.ui.report.credit import Shown, build_credit_view

CATALOGUE = load()
ITEM = CATALOGUE.items["electricity_fee"]


def _report(count: int) -> CreditReport:
    records = [
        Record(
            values={"ent_name": "禾木家具", "account_no": "0000000001", "period": f"2026-{month:02d}", "address": "云栖路 1 号"},
            source="供电", batch="B-1", as_of=date(2026, month, 28), received_at=datetime(2026, 11, 1, tzinfo=UTC),
            version=1, status=RecordStatus.VALID,
        )
        for month in range(1, count + 1)
    ]  # fmt: skip
    supplies = {ITEM.id: Supply(("供电",), date(2026, 10, 1))}
    return compose(CATALOGUE, sight=Sight(is_subject=True), records={ITEM.id: records}, supplies=supplies)


def _shown(count: int) -> Shown:
    (found,) = (one for chapter in build_credit_view(_report(count)).chapters for one in chapter.shown)
    return found


@pytest.mark.parametrize(
    ("count", "common", "differing"),
    [
        (1, [], ["企业名称", "用电户号", "用户地址", "费用所属期"]),
        (2, [], ["企业名称", "用电户号", "用户地址", "费用所属期"]),
        (3, ["企业名称", "用电户号", "用户地址"], ["费用所属期"]),
    ],
)
def test_what_many_lines_say_alike_is_said_once(count: int, common: list[str], differing: list[str]) -> None:
    shown = _shown(count)
    assert [column.label for column in shown.common] == common
    assert [column.label for column in shown.columns] == differing
    assert [head["label"] for head in shown.heads] == differing


def test_the_lead_counts_what_there_is_and_leaves_out_what_there_is_not() -> None:
    lead = build_credit_view(_report(3)).lead
    assert lead == "清单 37 项：1 项有记录，36 项还没有归集。"
