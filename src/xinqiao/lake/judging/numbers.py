"""Decimal figures as whole numbers of their field's step, which is how columns hold and compare them."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from xinqiao.domain.market.fields import Field

#: The ends of a column: what no figure of a firm reaches.
LOWEST, HIGHEST = -(2**63 - 1), 2**63 - 1


def at_least(bound: Decimal | None, field: Field) -> int:
    """The lowest whole number of steps that is not below a bound."""
    return LOWEST if bound is None else _held((bound / field.step).to_integral_value(ROUND_CEILING))


def at_most(bound: Decimal | None, field: Field) -> int:
    """The highest whole number of steps that is not above a bound."""
    return HIGHEST if bound is None else _held((bound / field.step).to_integral_value(ROUND_FLOOR))


def _held(steps: Decimal) -> int:
    return max(LOWEST, min(HIGHEST, int(steps)))
