"""担保责任限额: how much a guarantor may stand in for (Regulations on Financing Guarantee Companies, 2017).

In force it may have ten times its net assets, fifteen if it mainly serves small and micro firms and agriculture; for one
party a tenth, with its related parties fifteen hundredths of them.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Limits:
    """Multiples and shares of net assets."""

    multiple: Decimal = Decimal(10)
    multiple_small: Decimal = Decimal(15)
    one_party: Decimal = Decimal("0.10")
    related: Decimal = Decimal("0.15")


class Limit(StrEnum):
    """Which limit."""

    TOTAL = "total"
    ONE_PARTY = "one_party"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Book:
    """A guarantor's liabilities in force, in fen: in all, for this party, for it and its related parties."""

    net_assets_fen: int
    total_fen: int
    party_fen: int
    related_fen: int
    mainly_small: bool = False


def room(book: Book, limits: Limits) -> dict[Limit, int]:
    """What may still be added under each limit, in whole fen, never below zero."""
    multiple = limits.multiple_small if book.mainly_small else limits.multiple
    most = {
        Limit.TOTAL: (multiple, book.total_fen),
        Limit.ONE_PARTY: (limits.one_party, book.party_fen),
        Limit.RELATED: (limits.related, book.related_fen),
    }
    return {
        limit: max(0, int(share * max(0, book.net_assets_fen)) - taken)
        for limit, (share, taken) in most.items()
    }


def broken_by(amount_fen: int, book: Book, limits: Limits) -> list[Limit]:
    """The limits that a further liability would break."""
    return [limit for limit, left in room(book, limits).items() if amount_fen > left]


def multiple_of(book: Book) -> Decimal | None:
    """放大倍数: liabilities in force over net assets, two decimals; ``None`` without assets."""
    if book.net_assets_fen <= 0:
        return None
    return (Decimal(book.total_fen) / book.net_assets_fen).quantize(Decimal("0.01"))
