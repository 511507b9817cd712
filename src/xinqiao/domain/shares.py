"""Sharing an amount out to the fen: the parts always sum to the whole, and to the same parts however often one asks.

What is shared in several sums (recoveries that come in one by one) is shared by what has come in all, so that the last fen
goes where one sum would have put it.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from xinqiao.domain.errors import Code, Invalid


def check_ratios(ratios: Mapping[str, Decimal]) -> None:
    """Ratios are above zero and sum to exactly one. Raises ``Invalid`` ``INVALID`` with ``facts['reason']`` ``RATIOS``."""
    if not ratios or min(ratios.values()) <= 0 or sum(ratios.values()) != 1:
        raise Invalid(Code.INVALID, "ratios sum to one", facts={"field": "ratios", "reason": "RATIOS"})


def share_out(amount_fen: int, ratios: Mapping[str, Decimal]) -> dict[str, int]:
    """Each party's part of an amount of 0 fen or more.

    Everybody gets whole fen; what is left goes to the largest remainders, among equals to the larger ratio, then by name.
    """
    check_ratios(ratios)
    if amount_fen < 0:
        raise Invalid(Code.INVALID, "below zero", facts={"field": "amount_fen", "reason": "RANGE"})
    exact = {party: amount_fen * Fraction(ratio) for party, ratio in ratios.items()}
    parts = {party: int(part) for party, part in exact.items()}
    left = amount_fen - sum(parts.values())
    order = sorted(ratios, key=lambda party: (parts[party] - exact[party], -ratios[party], party))
    for party in order[:left]:
        parts[party] += 1
    return parts


def share_more(before_fen: int, more_fen: int, ratios: Mapping[str, Decimal]) -> dict[str, int]:
    """The parts of a further sum after ``before_fen`` were shared already; all of them together are as one sum's.

    A part may be one fen below zero for a party to whom an earlier rounding gave a fen that belongs to another now.
    """
    earlier, now = share_out(before_fen, ratios), share_out(before_fen + more_fen, ratios)
    return {party: now[party] - earlier[party] for party in ratios}
