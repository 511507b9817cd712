"""月报文件: how every loan of an institution stood at the end of a month, one loan a line.

The members are those of the field's loan record; it publishes no file of them, so names of columns, words and percent here
are proposed. A line tells the contract too, so that an institution without an interface reports by this file alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.loans.book import Reported
from xinqiao.domain.loans.plan import Method
from xinqiao.domain.loans.said import ContractSaid, DrawSaid, read_contract, read_draw
from xinqiao.domain.loans.states import FiveClass
from xinqiao.domain.money import parse_amount
from xinqiao.domain.period import parse_date

#: What a column may be called. The first is what people are told.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "as_of": ("报告日期", "as_of"),
        "contract_no": ("合同编号", "loan_no"),
        "uscc": ("统一社会信用代码", "uscc"),
        "case_no": ("融资申请编号", "case_no"),
        "amount": ("合同金额（元）", "合同金额", "contract_amount"),
        "signed_on": ("签订日期", "signed_on"),
        "drawn_amount": ("放款金额（元）", "放款金额", "drawn_amount"),
        "drawn_on": ("放款日期", "drawn_on"),
        "due_on": ("到期日期", "due_on"),
        "annual_rate": ("年利率（%）", "年利率", "annual_rate"),
        "method": ("还款方式", "method"),
        "fees": ("其他费用（元）", "其他费用", "fees_total"),
        "guarantee_fee_rate": ("担保费率（%）", "担保费率", "guarantee_fee_rate"),
        "credit_loan": ("信用贷款", "is_credit_loan"),
        "first_loan": ("首贷", "is_first_loan"),
        "no_principal_renewal": ("无还本续贷", "is_no_principal_renewal"),
        "renews": ("续贷的原合同编号", "renews"),
        "guarantor": ("担保机构", "guarantor"),
        "balance": ("贷款余额（元）", "贷款余额", "余额", "balance"),
        "five_class": ("五级分类", "five_class"),
        "overdue_days": ("逾期天数", "overdue_days"),
        "overdue_amount": ("逾期金额（元）", "逾期金额", "overdue_amount"),
    }
)
NEEDED = (
    "as_of", "contract_no", "uscc", "amount", "drawn_amount", "drawn_on", "due_on", "annual_rate", "method", "balance",
    "five_class", "overdue_days", "overdue_amount",
)  # fmt: skip

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "等额本息": Method.EQUAL_INSTALMENTS,
        "等额本金": Method.EQUAL_PRINCIPAL,
        "先息后本": Method.INTEREST_FIRST,
        "按期付息到期还本": Method.INTEREST_FIRST,
        "一次性还本付息": Method.BULLET,
        "一次性": Method.BULLET,
    }
)
CLASSES: Mapping[str, FiveClass] = MappingProxyType(
    {
        "正常": FiveClass.NORMAL,
        "关注": FiveClass.SPECIAL_MENTION,
        "次级": FiveClass.SUBSTANDARD,
        "可疑": FiveClass.DOUBTFUL,
        "损失": FiveClass.LOSS,
    }
)
_YES = MappingProxyType({"是": "yes", "否": "no", "": "", "yes": "yes", "no": "no"})
_PERCENT = re.compile(r"([0-9]{1,2}|100)(\.[0-9]{1,4})?%?", re.ASCII)
#: Days overdue beyond these are a typing error.
_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class MonthRow:
    """One line: the contract, what went out, and how it stood at the end of the day it speaks of."""

    contract: ContractSaid
    draw: DrawSaid
    reported: Reported


def read_row(cells: Mapping[str, str]) -> MonthRow:
    """A line from its cells (by the names of :data:`COLUMNS`). Raises ``Invalid`` naming the column."""
    given = {name: cells.get(name, "").strip() for name in COLUMNS}
    contract = read_contract(
        {
            **{
                name: given[name]
                for name in ("contract_no", "uscc", "case_no", "amount", "guarantor", "fees")
            },
            "signed_on": given["signed_on"] or given["drawn_on"],
            "annual_rate": fraction(given["annual_rate"], "annual_rate"),
            "method": _word(METHODS, given["method"], "method"),
            "guarantee_fee_rate": fraction(given["guarantee_fee_rate"] or "0", "guarantee_fee_rate"),
            "credit_loan": _yes(given, "credit_loan"),
            "first_loan": _yes(given, "first_loan"),
            "renews": given["renews"],
        }
    )
    if _yes(given, "no_principal_renewal") == "yes" and not contract.renews:
        _bad("renews", "NEEDED")
    draw = read_draw(
        {"key": "draw-1", "amount": given["drawn_amount"], "drawn_on": given["drawn_on"], "due_on": given["due_on"]}
    )  # fmt: skip
    if draw.amount_fen > contract.amount_fen:
        _bad("drawn_amount", "OVER")
    return MonthRow(contract, draw, _reported(given, draw))


def _reported(given: Mapping[str, str], draw: DrawSaid) -> Reported:
    found = Reported(
        day=parse_date(given["as_of"], field="as_of"),
        balance_fen=parse_amount(given["balance"], field="balance"),
        overdue_fen=parse_amount(given["overdue_amount"] or "0", field="overdue_amount"),
        overdue_days=_days(given["overdue_days"] or "0"),
        five_class=FiveClass(_word(CLASSES, given["five_class"], "five_class")),
    )
    if found.day < draw.drawn_on:
        _bad("as_of", "BEFORE")
    if found.balance_fen > draw.amount_fen:
        _bad("balance", "OVER")
    if bool(found.overdue_days) != bool(found.overdue_fen):
        _bad("overdue_amount", "BOTH")
    return found


def fraction(text: str, field: str) -> str:
    """``3.85`` per cent as the fraction ``0.0385``. Raises ``Invalid`` naming the field."""
    if not _PERCENT.fullmatch(text):
        _bad(field, "RATE")
    return format((Decimal(text.rstrip("%")) / 100).normalize(), "f")


def _word[E: (Method, FiveClass)](words: Mapping[str, E], text: str, field: str) -> str:
    found = words.get(text)
    if found is not None:
        return found.value
    if text not in {one.value for one in words.values()}:
        _bad(field, "WORD")
    return text


def _yes(given: Mapping[str, str], field: str) -> str:
    found = _YES.get(given[field])
    if found is None:
        _bad(field, "WORD")
    return found


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= _MOST_DAYS):
        _bad("overdue_days", "RANGE")
    return int(text)


def _bad(field: str, reason: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})
