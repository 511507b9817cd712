"""Labels, flags, natural persons and lenders: indicator dictionary 3.9 rules 15, 16, 18, 19."""

import csv
from pathlib import Path

import pytest
from tests.domain.fundflow.fundflow_cast import books, row

from xinqiao.domain.fundflow.cues import LABEL_RULES, Label
from xinqiao.domain.fundflow.labels import (
    is_frozen,
    is_penalty,
    is_person,
    is_returned,
    label_of,
    lender_kind_of,
    purpose_of,
)
from xinqiao.domain.fundflow.model import Context, PurposeKind
from xinqiao.domain.fundflow.parse import parse_rows

CASES = Path(__file__).parents[2] / "cases" / "fundflow" / "labels.csv"
CONTEXT = Context(
    holder="演示企业有限公司", related=frozenset({"李关联"}), bound=frozenset({"6217-0000-0000-9999"})
)


def _cases():
    with CASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _row(**fields):
    base = {"account_no": "1", "booked_at": "2026-01-05", "direction": "in", "amount": "1"}
    return parse_rows([base | fields]).rows[0]


@pytest.mark.parametrize("case", _cases(), ids=lambda c: f"{c['direction']}-{c['summary_text']}-{c['why']}")
def test_a_row_gets_the_label_of_the_first_rule_that_holds(case):
    label, rule = label_of(_row(**case), CONTEXT)
    assert (label.value, rule) == (case["label"], case["rule"])


def test_every_rule_is_reached_by_a_case():
    assert {case["rule"] for case in _cases()} == {rule.id for rule in LABEL_RULES}


def test_a_bound_account_is_recognised_in_any_spelling():
    assert label_of(_row(counterparty_account="6217 000000009999"), CONTEXT) == (Label.SELF, "L02")


@pytest.mark.parametrize(
    ("name", "kind", "person"),
    [
        ("张三", "", True),
        ("欧阳三四", "", True),
        ("买买提·艾力", "", False),  # five characters without the dot
        ("阿·里木", "", True),
        ("张", "", False),
        ("张三A", "", False),
        ("张家饭店", "", False),
        ("木器厂", "", False),
        ("理财", "", False),
        ("张三", "unknown", True),
        ("张三", "related_party", True),
        ("张三", "enterprise", False),
        ("某个体户的长名字", "natural_person", True),
        ("", "natural_person", True),
    ],
)
def test_who_is_a_natural_person(name, kind, person):
    assert is_person(_row(counterparty_name=name, counterparty_kind=kind)) is person


@pytest.mark.parametrize(
    ("name", "kind", "lender"),
    [
        ("岚江小额贷款银行", "", "micro_lender"),
        ("远山消费金融公司", "", "consumer_finance"),
        ("岚江农商银行", "", "bank"),
        ("岚江农信联社", "", "bank"),
        ("岚江财务公司", "financial_institution", "bank"),
        ("", "", "bank"),
        ("张三", "", "person"),
        ("岚江融资租赁有限公司", "", "other"),
    ],
)
def test_what_kind_of_lender(name, kind, lender):
    assert lender_kind_of(_row(counterparty_name=name, counterparty_kind=kind)).value == lender


def test_flags_stand_beside_the_label():
    account = books(
        "2026-04-01 out 5 text=逾期罚息",
        "2026-04-02 in 5 text=退票",
        "2026-04-03 out 6 text=退票冲正",
        "2026-04-04 out 5 text=司法冻结",
        "2026-04-05 in 5 text=司法解冻",
        "2026-05-31 in 5 text=货款",
    )
    flags = [(is_penalty(e.row, e.label), is_returned(e.row, e.label), is_frozen(e.row)) for e in account.r2]
    assert flags == [
        (True, False, False),
        (False, True, False),
        (False, False, False),
        (False, False, True),
        (False, False, False),
        (False, False, False),
    ]


def test_a_purpose_outside_the_closed_list_never_travels():
    assert purpose_of("给老王的私房钱", Label.TRADE, -1) is PurposeKind.TRADE_PAYMENT
    assert purpose_of("wages", Label.TRADE, -1) is PurposeKind.WAGES
    assert all(purpose_of("", label, 1) in PurposeKind for label in Label)


def test_codes_are_compared_exactly():
    assert label_of(_row(**row("2026-01-05 in 1 channel=POS")), CONTEXT)[1] == "L23"
