"""All products at once are matched as each alone: verdict, score and order."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.domain.market.test_matching import LOAN, NEED, some_firm, some_need, some_offer

from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.matching import Weights, match, ranked
from xinqiao.lake.judging.matching import MatchBook


def test_ten_thousand_pairs_have_the_verdict_score_and_place_of_each_alone() -> None:
    chance = random.Random(12)
    offers = [some_offer(chance, number) for number in range(500)]
    chance.shuffle(offers)
    book, known = MatchBook(offers), {offer.product_id: offer for offer in offers}
    for weights in (Weights(), Weights(0, 40, 0, 0, 60, 0, 0)):
        for _ in range(10):
            need, firm = some_need(chance), some_firm(chance)
            table = book.match(need, firm, weights)
            alone = [match(need, offer, firm, weights) for offer in offers]
            assert [int(one) for one in table.verdicts] == [int(one.verdict) for one in alone]
            assert [int(one) for one in table.scores] == [one.score for one in alone]
            order = [offers[int(place)].product_id for place in table.order]
            assert order == [one.product_id for one in ranked(alone, known)]


def test_the_largest_amounts_there_are_do_not_overflow() -> None:
    vast = replace(LOAN, amount_fen=(1, 2**63 - 1))
    need = replace(NEED, amount_fen=2**63 - 1)
    (score,) = MatchBook([vast]).match(need, {}, Weights()).scores
    assert int(score) == match(need, vast, {}, Weights()).score


def test_no_products_and_a_security_no_product_knows() -> None:
    assert len(MatchBook([]).match(NEED, {}, Weights()).order) == 0
    odd = replace(NEED, security=frozenset({"ip_pledge"}))
    mortgage = replace(LOAN, security="mortgage")
    assert int(MatchBook([mortgage]).match(odd, {}, Weights()).verdicts[0]) == 0


def test_a_rate_finer_than_columns_hold_is_refused() -> None:
    with pytest.raises(Invalid):
        MatchBook([replace(LOAN, rate=(Decimal("0.0345001"), Decimal("0.04")))])
    with pytest.raises(Invalid):
        MatchBook([replace(LOAN, rate=(Decimal("0.03450001"), Decimal("0.04")))])
