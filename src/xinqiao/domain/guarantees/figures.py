"""担保业务指标: the figures of a guarantor's book (platform flows 7), each by its formula."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_FOUR = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Held:
    """One guarantee as the figures see it: money in fen; ``over`` when its liability ended in the period."""

    amount_fen: int
    liability_fen: int
    fee_rate: Decimal
    in_force: bool
    over: bool
    compensated_fen: int
    recovered_fen: int


@dataclass(frozen=True, slots=True)
class Figures:
    """``None`` where nothing stands under the line."""

    in_force_count: int
    #: 在保余额: liability in force
    in_force_fen: int
    #: 担保费率: of those in force, weighted by amount
    fee_rate: Decimal | None
    compensated_fen: int
    recovered_fen: int
    #: 代偿率: compensated in the period / liability that ended in it
    compensation_rate: Decimal | None
    #: 追偿率: recovered / compensated
    recovery_rate: Decimal | None


def _ratio(part: Decimal | int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_FOUR, ROUND_HALF_UP) if whole else None


def figures_of(rows: Iterable[Held]) -> Figures:
    """The figures of a period. A compensated guarantee's liability ended with the payment."""
    rows = list(rows)
    standing = [row for row in rows if row.in_force]
    compensated = sum(row.compensated_fen for row in rows)
    recovered = sum(row.recovered_fen for row in rows)
    weighted = sum((row.fee_rate * row.amount_fen for row in standing), Decimal(0))
    return Figures(
        in_force_count=len(standing),
        in_force_fen=sum(row.liability_fen for row in standing),
        fee_rate=_ratio(weighted, sum(row.amount_fen for row in standing)),
        compensated_fen=compensated,
        recovered_fen=recovered,
        compensation_rate=_ratio(compensated, sum(row.liability_fen for row in rows if row.over)),
        recovery_rate=_ratio(recovered, compensated),
    )
