"""Many conditions at once find what each finds alone, reasons and all."""

import random
from decimal import Decimal
from typing import Any

from tests.domain.market.test_conditions import some_condition, some_facts

from xinqiao.domain.market.conditions import (
    NOTHING_ASKED,
    AllOf,
    Missing,
    NotOf,
    Tri,
    judge,
    parse_condition,
    reasons,
)
from xinqiao.lake.judging.book import ConditionBook


def test_ten_thousand_pairs_are_judged_as_each_alone_with_the_same_reasons() -> None:
    chance = random.Random(11)
    conditions = [parse_condition(some_condition(chance)) for _ in range(500)]
    book = ConditionBook(conditions)
    seen = set()
    for _ in range(20):
        facts = some_facts(chance)
        judged = book.judge(facts)
        for place, condition in enumerate(conditions):
            verdict = Tri(int(judged.verdicts[place]))
            assert verdict is judge(condition, facts)
            assert book.reasons(judged, place, facts) == reasons(condition, facts)
            seen.add(verdict)
    assert seen == set(Tri)


def test_figures_finer_than_the_step_and_codes_that_are_beginnings_of_others() -> None:
    asked: list[Any] = [
        {"field": "firm.age_months", "from": "24"},
        {"field": "firm.age_months", "to": "23"},
        {"field": "firm.region", "under": ["14"]},
        {"field": "firm.region", "under": ["1401", "11"]},
        {"field": "need.amount_fen", "to": str(2**62)},
    ]
    conditions = [parse_condition(one) for one in asked]
    book = ConditionBook(conditions)
    for age, region in ((Decimal("23.5"), "14"), (Decimal(24), "140105"), (Decimal(23), "110101")):
        facts = {"firm.age_months": age, "firm.region": region, "need.amount_fen": Decimal(2**63 - 1)}
        assert [Tri(int(one)) for one in book.judge(facts).verdicts] == [
            judge(one, facts) for one in conditions
        ]


def test_what_asks_nothing_and_its_negation() -> None:
    book = ConditionBook([NOTHING_ASKED, NotOf(NOTHING_ASKED), AllOf((NotOf(AllOf(())),))])
    assert [int(one) for one in book.judge({}).verdicts] == [Tri.YES, Tri.NO, Tri.NO]
    assert len(book) == 3


def test_a_book_of_nothing() -> None:
    assert len(ConditionBook([]).judge({"firm.size": Missing.NOT_TOLD}).verdicts) == 0
