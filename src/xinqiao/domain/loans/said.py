"""What an institution says of a loan, as text in and as values out: the same reading for page, interface and monthly file.

The record is the field's (loan number, case number, amounts, days, rate, fees, guarantee, credit, first loan, renewal without
principal, balance, five-class, overdue days and amount); what it does not settle is ours and proposed: the method and the
code of the firm beside it, the names of columns, percent in files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NoReturn

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.loans.change import Change
from xinqiao.domain.loans.plan import MOST_MONTHS, DayCount, Method, Terms
from xinqiao.domain.loans.states import FiveClass, LoanEvent
from xinqiao.domain.money import parse_amount
from xinqiao.domain.period import add_months, parse_date

_KEY = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff ()（）〔〕._/:-]{0,63}")
_RATE = re.compile(r"0(\.[0-9]{1,6})?|1(\.0{1,6})?", re.ASCII)
#: A last day may stand so far from whole months after the drawdown (a day before the anniversary, a Sunday put off).
MOST_OFF = 5
MOST_TEXT = 300


@dataclass(frozen=True, slots=True)
class ContractSaid:
    """A contract: ``contract_no`` is the institution's own number. ``renews``: the number of the contract it follows."""

    contract_no: str
    uscc: str
    amount_fen: int
    signed_on: date
    annual_rate: Decimal
    method: Method
    day_count: DayCount = DayCount.MONTHLY
    guarantee_fee_rate: Decimal = Decimal(0)
    fees_fen: int = 0
    credit_loan: bool = False
    first_loan: bool = False
    guarantor: str = ""
    renews: str = ""
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class DrawSaid:
    """Money that went out: ``key`` is the institution's own for it."""

    key: str
    amount_fen: int
    drawn_on: date
    months: int
    due_on: date


@dataclass(frozen=True, slots=True)
class EventSaid:
    """Something that happened on a day; ``key`` is the institution's own. What an event does not need is empty.

    ``draw``: the key of the drawdown it is about, empty where the contract has one. ``amount_fen``: of ``repay`` and
    ``recover`` what came in, of ``prepay`` the principal paid early, of ``settle`` the last payment, of ``write_off`` what was
    written off. ``renewed_by``: the number of the contract that takes its place.
    """

    key: str
    event: LoanEvent
    on: date
    amount_fen: int = 0
    interest_fen: int = 0
    months: int = 0
    rate: Decimal | None = None
    five_class: FiveClass | None = None
    draw: str = ""
    renewed_by: str = ""
    note: str = ""

    @property
    def change(self) -> Change:
        """The change of the plan that it is."""
        principal = self.amount_fen if self.event is LoanEvent.PREPAY else 0
        return Change(self.on, principal, self.interest_fen, self.months, self.rate)


#: What each event needs, and what it may say beside key, day and note. All else is refused, so that nothing is lost.
NEEDS: Mapping[LoanEvent, frozenset[str]] = {
    LoanEvent.REPAY: frozenset({"amount"}),
    LoanEvent.PREPAY: frozenset({"amount"}),
    LoanEvent.EXTEND: frozenset({"months"}),
    LoanEvent.FALL_OVERDUE: frozenset(),
    LoanEvent.CURE: frozenset(),
    LoanEvent.CLASSIFY: frozenset({"five_class"}),
    LoanEvent.RENEW: frozenset({"renewed_by"}),
    LoanEvent.SETTLE: frozenset(),
    LoanEvent.WRITE_OFF: frozenset({"amount"}),
    LoanEvent.RECOVER: frozenset({"amount"}),
}
MAY: Mapping[LoanEvent, frozenset[str]] = {
    LoanEvent.REPAY: frozenset({"draw"}),
    LoanEvent.PREPAY: frozenset({"draw", "interest"}),
    LoanEvent.EXTEND: frozenset({"draw", "rate"}),
    LoanEvent.SETTLE: frozenset({"amount"}),
}


def read_contract(given: Mapping[str, str]) -> ContractSaid:
    """A contract from its texts. Raises ``Invalid`` naming the field with a reason, or of the code."""
    day_count = given.get("day_count", "")
    return ContractSaid(
        contract_no=read_key(given, "contract_no"),
        uscc=validate_uscc(given.get("uscc", ""), field="uscc", canonical=True),
        amount_fen=_money(given, "amount"),
        signed_on=parse_date(given.get("signed_on", ""), field="signed_on"),
        annual_rate=read_rate(given.get("annual_rate", ""), "annual_rate"),
        method=_one(Method, given.get("method", ""), "method"),
        day_count=_one(DayCount, day_count, "day_count") if day_count else DayCount.MONTHLY,
        guarantee_fee_rate=_fee(given.get("guarantee_fee_rate", "")),
        fees_fen=parse_amount(given.get("fees") or "0", field="fees"),
        credit_loan=_yes(given.get("credit_loan", ""), "credit_loan"),
        first_loan=_yes(given.get("first_loan", ""), "first_loan"),
        guarantor=_text(given.get("guarantor", ""), "guarantor", 80),
        renews=read_key(given, "renews") if given.get("renews") else "",
        case_no=_text(given.get("case_no", ""), "case_no", 40),
    )


def read_draw(given: Mapping[str, str]) -> DrawSaid:
    """A drawdown from its texts: the term in ``months``, or the last day in ``due_on``, or both. Raises ``Invalid``."""
    drawn_on = parse_date(given.get("drawn_on", ""), field="drawn_on")
    due_on = parse_date(given["due_on"], field="due_on") if given.get("due_on") else None
    if given.get("months"):
        months = _whole(given["months"], "months", MOST_MONTHS)
    elif due_on is not None:
        months = whole_months(drawn_on, due_on)
    else:
        _bad("months", "NEEDED")
    last = add_months(drawn_on, months)
    if due_on is not None and abs((due_on - last).days) > MOST_OFF:
        _bad("due_on", "TERM")
    return DrawSaid(read_key(given, "key"), _money(given, "amount"), drawn_on, months, due_on or last)


def whole_months(drawn_on: date, due_on: date) -> int:
    """The whole months that end nearest to a day. Raises ``Invalid`` where none ends near it."""
    about = (due_on.year - drawn_on.year) * 12 + due_on.month - drawn_on.month
    near = [month for month in range(max(1, about - 1), about + 2) if month <= MOST_MONTHS]
    best = min(near, key=lambda month: abs((add_months(drawn_on, month) - due_on).days), default=0)
    if not best or abs((add_months(drawn_on, best) - due_on).days) > MOST_OFF:
        _bad("due_on", "TERM")
    return best


def read_event(given: Mapping[str, str]) -> EventSaid:
    """An event from its texts; what it does not need must not be said. Raises ``Invalid`` naming the field."""
    event = _one(LoanEvent, given.get("event", ""), "event")
    if event not in NEEDS:
        _bad("event", "WORD")  # a drawdown is reported as one
    said = {name for name, text in given.items() if text and name not in {"key", "event", "on", "note"}}
    for name in sorted(NEEDS[event] - said):
        _bad(name, "NEEDED")
    for name in sorted(said - NEEDS[event] - MAY.get(event, frozenset())):
        _bad(name, "NOT_OF_EVENT")
    return EventSaid(
        key=read_key(given, "key"),
        event=event,
        on=parse_date(given.get("on", ""), field="on"),
        amount_fen=_money(given, "amount") if given.get("amount") else 0,
        interest_fen=parse_amount(given.get("interest") or "0", field="interest"),
        months=_whole(given["months"], "months", MOST_MONTHS) if given.get("months") else 0,
        rate=read_rate(given["rate"], "rate") if given.get("rate") else None,
        five_class=_one(FiveClass, given["five_class"], "five_class") if given.get("five_class") else None,
        draw=read_key(given, "draw") if given.get("draw") else "",
        renewed_by=read_key(given, "renewed_by") if given.get("renewed_by") else "",
        note=_text(given.get("note", ""), "note", MOST_TEXT),
    )


def terms_of(contract: ContractSaid, draw: DrawSaid) -> Terms:
    """The terms of a drawdown under its contract. Raises ``Invalid`` as ``Terms``."""
    return Terms(
        draw.amount_fen, contract.annual_rate, draw.drawn_on, draw.months, contract.method, contract.day_count
    )


def read_key(given: Mapping[str, str], name: str) -> str:
    """A number or key of an institution's own: 1 to 64 characters. Raises ``Invalid`` naming it."""
    text = given.get(name, "")
    if not _KEY.fullmatch(text) or text != text.strip():
        _bad(name, "SHAPE")
    return text


def read_rate(text: str, field: str) -> Decimal:
    """A rate of a year as a fraction between 0 and 1 with at most six decimals. Raises ``Invalid`` naming the field."""
    if not _RATE.fullmatch(text):
        _bad(field, "RATE")
    return Decimal(text)


def _fee(text: str) -> Decimal:
    rate = read_rate(text or "0", "guarantee_fee_rate")
    if rate > Decimal("0.2"):
        _bad("guarantee_fee_rate", "RANGE")
    return rate


def _money(given: Mapping[str, str], name: str) -> int:
    fen = parse_amount(given.get(name, ""), field=name)
    if not fen:
        _bad(name, "RANGE")
    return fen


def _whole(text: str, field: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        _bad(field, "RANGE")
    return int(text)


def _yes(text: str, field: str) -> bool:
    if text not in {"", "yes", "no"}:
        _bad(field, "WORD")
    return text == "yes"


def _text(text: str, field: str, most: int) -> str:
    words = text.strip()
    if len(words) > most or not words.isprintable():
        _bad(field, "SHAPE")
    return words


def _one[E: (Method, DayCount, FiveClass, LoanEvent)](kind: type[E], text: str, field: str) -> E:
    try:
        return kind(text)
    except ValueError:
        _bad(field, "WORD")


def _bad(field: str, reason: str) -> NoReturn:
    raise Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})
