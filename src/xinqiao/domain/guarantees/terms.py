"""What a guarantee stands for, who bears what part of it, and 总对总: the agreement under which the bank decides for both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.shares import check_ratios, share_out


class Flow(StrEnum):
    """Who decides first (platform flows 7)."""

    BANK_FIRST = "bank_first"
    GUARANTOR_FIRST = "guarantor_first"
    BATCH = "batch"


class Party(StrEnum):
    """Who can bear a part of a loss."""

    BANK = "bank"
    GUARANTOR = "guarantor"
    RE_GUARANTOR = "re_guarantor"
    NATIONAL_FUND = "national_fund"
    GOVERNMENT = "government"


#: Parties (:class:`Party`) and their parts.
type Ratios = Mapping[str, Decimal]

#: 国家融资担保基金、省级再担保、担保机构、银行: the field's first example.
NATIONAL: Ratios = {
    Party.NATIONAL_FUND: Decimal("0.20"), Party.RE_GUARANTOR: Decimal("0.20"), Party.GUARANTOR: Decimal("0.40"),
    Party.BANK: Decimal("0.20"),
}  # fmt: skip
#: The "4321" model.
FOUR_THREE_TWO_ONE: Ratios = {
    Party.GUARANTOR: Decimal("0.40"), Party.RE_GUARANTOR: Decimal("0.30"), Party.BANK: Decimal("0.20"),
    Party.GOVERNMENT: Decimal("0.10"),
}  # fmt: skip

MOST_FEN = 10_000_000_000_00
MOST_MONTHS = 600
_DIGITS = Decimal("0.0001")


def _bad(field: str, reason: str) -> Invalid:
    return Invalid(Code.INVALID, f"{field}: {reason}", facts={"field": field, "reason": reason})


def parse_ratios(data: Mapping[str, str]) -> dict[str, Decimal]:
    """Parts as texts (``"0.40"``), largest first. Raises ``Invalid`` naming ``ratios``: PARTY, RANGE or RATIOS.

    The guarantor bears something, or there is no guarantee; four decimals at most.
    """
    try:
        found: dict[str, Decimal] = {
            Party(party): Decimal(text) for party, text in data.items() if text.strip()
        }
    except (ValueError, ArithmeticError):
        raise _bad("ratios", "PARTY") from None
    if any(not part.is_finite() or part != part.quantize(_DIGITS) for part in found.values()):
        raise _bad("ratios", "RANGE")
    check_ratios(found)
    if Party.GUARANTOR not in found:
        raise _bad("ratios", "PARTY")
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def ratios_json(ratios: Ratios) -> dict[str, str]:
    """The parts as texts with four decimals."""
    return {str(party): str(part.quantize(_DIGITS)) for party, part in ratios.items()}


@dataclass(frozen=True, slots=True)
class Terms:
    """The loan a guarantee stands for and its price; ``fee_rate`` is yearly, of the amount."""

    amount_fen: int
    months: int
    fee_rate: Decimal
    ratios: Ratios

    def __post_init__(self) -> None:
        if not 0 < self.amount_fen <= MOST_FEN:
            raise _bad("amount", "RANGE")
        if not 0 < self.months <= MOST_MONTHS:
            raise _bad("months", "RANGE")
        if not 0 <= self.fee_rate <= Decimal("0.1"):
            raise _bad("fee_rate", "RANGE")

    @property
    def liability_fen(self) -> int:
        """在保责任: what the guarantor answers for towards the bank, which is all that the bank does not bear itself.

        What re-guarantors, the fund and the government bear comes back to the guarantor from them (proposed: the field's
        documents do not say which part counts towards the limits, so the larger one does).
        """
        return self.amount_fen - share_out(self.amount_fen, self.ratios).get(Party.BANK, 0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """总对总 见贷即保: what a bank may decide for the guarantor, and up to which rate of compensation.

    ``quota_fen`` bounds all loans ever guaranteed under it; ``cap`` is 代偿上限: compensated over guaranteed, at most.
    """

    valid: tuple[date, date]
    amount_most_fen: int
    months_most: int
    quota_fen: int
    cap: Decimal
    fee_rate: Decimal
    ratios: Ratios

    def __post_init__(self) -> None:
        if self.valid[1] <= self.valid[0]:
            raise _bad("valid_to", "ORDER")
        if not 0 < self.amount_most_fen <= self.quota_fen <= MOST_FEN:
            raise _bad("quota", "RANGE")
        if not 0 < self.months_most <= MOST_MONTHS:
            raise _bad("months", "RANGE")
        if not 0 < self.cap <= 1:
            raise _bad("cap", "RANGE")
        if not 0 <= self.fee_rate <= Decimal("0.1"):
            raise _bad("fee_rate", "RANGE")


class Outside(StrEnum):
    """Why a loan is not within an agreement."""

    PERIOD = "period"
    AMOUNT = "amount"
    MONTHS = "months"
    QUOTA = "quota"


def outside(
    agreement: Agreement, amount_fen: int, months: int, *, day: date, guaranteed_fen: int
) -> list[Outside]:
    """Every reason why a loan decided on ``day`` is not guaranteed by the agreement; ``guaranteed_fen`` was before it."""
    checks = {
        Outside.PERIOD: not agreement.valid[0] <= day < agreement.valid[1],
        Outside.AMOUNT: amount_fen > agreement.amount_most_fen,
        Outside.MONTHS: months > agreement.months_most,
        Outside.QUOTA: guaranteed_fen + amount_fen > agreement.quota_fen,
    }
    return [reason for reason, broken in checks.items() if broken]


def cap_left(agreement: Agreement, *, guaranteed_fen: int, compensated_fen: int) -> int:
    """What may still be compensated under the cap, in whole fen, never below zero."""
    return max(0, int(agreement.cap * guaranteed_fen) - compensated_fen)
