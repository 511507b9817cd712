"""One need against all products at once: verdicts, reasons, scores and the order.

:func:`xinqiao.domain.market.matching.match` says what is right for one pair; here the same whole numbers are made in columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.market.conditions import Facts, Tri
from xinqiao.domain.market.fields import FIELDS
from xinqiao.domain.market.matching import FULL, LEAST_HISTORY, Need, Offer, Weights
from xinqiao.lake.judging.book import ConditionBook, Judged

#: Yearly rates as columns hold them: millionths, the step of the field.
_RATE = FIELDS["need.rate"].step

_VAST = 2**63 // FULL
#: The highest score there is: all weights, all full.
_BEST = 100 * FULL

type _Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """What was found for a need, by product in the order of the book.

    Attributes:
        verdicts: 0 does not fit, 1 not known yet, 2 fits.
        scores: 0 to 100,000, also of products that do not fit.
        order: places of products, the first first.
        judged: what each comparison of the admission conditions found.
    """

    verdicts: NDArray[np.int8]
    scores: _Column
    order: _Column
    judged: Judged


class MatchBook:
    """All published products as columns."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        self.offers = tuple(offers)
        self._conditions = ConditionBook([offer.condition for offer in offers])
        self._amount = _pairs([offer.amount_fen for offer in offers])
        self._months = _pairs([offer.months for offer in offers])
        self._rate = _pairs([(_millionths(offer.rate[0]), _millionths(offer.rate[1])) for offer in offers])
        self._days = _column([offer.handling_days for offer in offers])
        self._asks = _column([offer.security != "credit" for offer in offers])
        self._helped = _column([offer.guarantee_ok for offer in offers])
        self._supported = _column([bool(offer.policies) for offer in offers])
        self._history = _column(
            [FULL * offer.approved // offer.decided if offer.decided else 0 for offer in offers]
        )
        self._short = _column([offer.decided < LEAST_HISTORY for offer in offers])
        kinds = sorted({offer.security for offer in offers})
        self._kinds = {kind: place for place, kind in enumerate(kinds)}
        self._kind = _column([self._kinds[offer.security] for offer in offers])
        # the last tie is broken by the product's number; what never changes is sorted once
        numbers = sorted(range(len(offers)), key=lambda place: offers[place].product_id)
        by_number = np.empty(len(offers), dtype=np.int64)
        by_number[numbers] = np.arange(len(offers))
        self._last = np.lexsort((by_number, -self._history, self._rate[:, 1]))
        self._tie = np.empty(len(offers), dtype=np.int64)
        self._tie[self._last] = np.arange(len(offers))

    def match(self, need: Need, firm: Facts, weights: Weights) -> Table:
        """Find everything for one need of one firm."""
        judged = self._conditions.judge({**firm, **need.facts()})
        offered = np.zeros(len(self._kinds) + 1, dtype=np.bool_)
        for kind in need.security:
            offered[self._kinds.get(kind, -1)] = kind in self._kinds
        covers = offered[self._kind] | (self._asks == 0)
        verdicts = np.where(self._terms(need, covers), judged.verdicts, Tri.NO).astype(np.int8)
        scores = self._scores(need, covers, weights)
        # one key instead of three is sorted in a third of the time; ties have places of their own, so no two are equal
        best = (Tri.YES - verdicts.astype(np.int64)) * (_BEST + 1) + (_BEST - scores)
        order = np.argsort(best * len(self.offers) + self._tie)
        return Table(verdicts, scores, order, judged)

    def _terms(self, need: Need, covers: NDArray[np.bool_]) -> NDArray[np.bool_]:
        least = need.amount_fen if need.least_fen is None else need.least_fen
        shortest = need.months if need.least_months is None else need.least_months
        meets: NDArray[np.bool_] = (
            (self._amount[:, 0] <= need.amount_fen)
            & (least <= self._amount[:, 1])
            & (self._months[:, 0] <= need.months)
            & (shortest <= self._months[:, 1])
            & (covers | (self._helped != 0))
        )
        return meets if need.rate is None else meets & (self._rate[:, 0] <= _millionths(need.rate))

    def _scores(self, need: Need, covers: NDArray[np.bool_], weights: Weights) -> _Column:
        given = np.minimum(self._amount[:, 1], need.amount_fen)
        if need.amount_fen >= _VAST:  # a thousand times it would not fit 64 bits
            amount = (FULL * given.astype(object) // need.amount_fen).astype(np.int64)
        else:
            amount = FULL * given // need.amount_fen
        security = np.where(covers, FULL, np.where(self._helped, FULL // 2, 0))
        best, worst = _millionths(weights.best_rate), _millionths(weights.worst_rate)
        scores: _Column = (
            amount * weights.amount
            + _falling(self._rate[:, 1], best, worst) * weights.rate
            + np.minimum(FULL, FULL * self._months[:, 1] // need.months) * weights.term
            + security * weights.security
            + np.where(self._short, FULL // 2, self._history) * weights.history
            + _falling(self._days, 1, weights.worst_days) * weights.pace
            + self._supported * FULL * weights.policy
        )
        return scores


def _falling(values: _Column, best: int, worst: int) -> _Column:
    found: _Column = np.clip(FULL * (worst - values) // (worst - best), 0, FULL)
    return found


def _millionths(rate: Decimal) -> int:
    steps = rate / _RATE
    if steps != int(steps):
        raise Invalid(Code.INVALID, "a rate finer than a millionth", facts={"field": "rate"})
    return int(steps)


def _pairs(values: Sequence[tuple[int, int]]) -> _Column:
    return np.array(values, dtype=np.int64).reshape(-1, 2)


def _column(values: Sequence[int]) -> _Column:
    return np.array(values, dtype=np.int64)
