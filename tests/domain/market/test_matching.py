"""Matching: hard conditions, the score and the order, each against a literal reading; nothing depends on the order of products."""

import json
import random
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.conditions import NOTHING_ASKED, Missing, Tri, judge, parse_condition
from xinqiao.domain.market.matching import (
    Match,
    Need,
    Offer,
    Weights,
    fit_of,
    hard_conditions,
    match,
    ranked,
)

D = Decimal
NEED = Need(150_000_000, 12, "working_capital", frozenset({"credit"}), D("0.05"))
LOAN = Offer(
    "prd-1", (10_000_000, 300_000_000), (6, 24), (D("0.0345"), D("0.0435")), "credit", 3, NOTHING_ASKED
)


def test_a_need_inside_everything_fits_and_its_score_is_the_sum_that_can_be_recounted() -> None:
    found = match(NEED, LOAN, {}, Weights())
    assert found.verdict is Tri.YES
    # rate: (12 % − 4.35 %) / 9 % = 0.85; pace: (20 − 3) / 19 = 0.894…; history: too few cases, half
    assert (found.fit.rate, found.fit.pace, found.fit.history) == (850, 894, 500)
    assert found.score == 25_000 + 850 * 20 + 10_000 + 15_000 + 500 * 15 + 894 * 10 + 0
    assert found.change is None
    assert [one.leaf.field.name for one in found.reasons] == ["need.amount_fen", "need.months", "need.rate"]


def test_who_takes_less_than_it_would_like_is_not_shut_out_but_scores_less() -> None:
    big = replace(NEED, amount_fen=600_000_000)
    refused = match(big, LOAN, {}, Weights())
    assert refused.verdict is Tri.NO
    assert refused.change is not None
    assert {step.field.name: step.target for step in refused.change.steps} == {
        "need.amount_fen": D(300_000_000)
    }
    taken = match(replace(big, least_fen=200_000_000), LOAN, {}, Weights())
    assert (taken.verdict, taken.fit.amount) == (Tri.YES, 500)


def test_security_that_is_asked_must_be_offered_or_a_guarantor_must_do() -> None:
    mortgage = replace(LOAN, security="mortgage")
    assert match(NEED, mortgage, {}, Weights()).verdict is Tri.NO
    helped = match(NEED, replace(mortgage, guarantee_ok=True), {}, Weights())
    assert (helped.verdict, helped.fit.security) == (Tri.YES, 500)
    own = match(replace(NEED, security=frozenset({"mortgage"})), mortgage, {}, Weights())
    assert (own.verdict, own.fit.security) == (Tri.YES, 1000)


def test_what_is_not_known_is_listed_between_what_fits_and_what_does_not() -> None:
    asks = replace(
        LOAN, product_id="prd-2", condition=parse_condition({"field": "fundflow.F01", "from": "100"})
    )
    dear = replace(LOAN, product_id="prd-3", rate=(D("0.06"), D("0.08")))
    offers = {offer.product_id: offer for offer in (dear, asks, LOAN)}
    found = ranked(
        [
            match(NEED, offer, {"fundflow.F01": Missing.NOT_AUTHORISED}, Weights())
            for offer in offers.values()
        ],
        offers,
    )
    assert [(one.product_id, one.verdict) for one in found] == [
        ("prd-1", Tri.YES),
        ("prd-2", Tri.UNKNOWN),
        ("prd-3", Tri.NO),
    ]


def test_ties_go_to_the_lower_rate_then_to_who_approves_more_then_to_the_number() -> None:
    weights = Weights(100, 0, 0, 0, 0, 0, 0)
    cheap = replace(LOAN, product_id="prd-9", rate=(D("0.03"), D("0.04")))
    kind = replace(LOAN, product_id="prd-8", approved=9, decided=10)
    offers = {offer.product_id: offer for offer in (LOAN, kind, replace(LOAN, product_id="prd-2"), cheap)}
    found = ranked([match(NEED, offer, {}, weights) for offer in offers.values()], offers)
    assert [one.product_id for one in found] == ["prd-9", "prd-8", "prd-1", "prd-2"]


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": 26},
        {"amount": -1, "rate": 46},
        {"worst_rate": D("0.03")},
        {"worst_days": 1},
    ],
)
def test_weights_that_do_not_make_a_hundred_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Weights(**bad)


# -- against a literal reading -----------------------------------------------------------------------------------------


def some_need(chance: random.Random) -> Need:
    amount, months = chance.randrange(1, 500) * 1_000_000, chance.randrange(1, 61)
    return Need(
        amount,
        months,
        "working_capital",
        frozenset(chance.sample(["credit", "mortgage", "pledge", "guarantee"], chance.randrange(1, 4))),
        chance.choice([None, D(chance.randrange(250, 1_500)).scaleb(-4)]),
        chance.choice([None, chance.randrange(1, amount + 1)]),
        chance.choice([None, chance.randrange(1, months + 1)]),
    )


def some_offer(chance: random.Random, number: int) -> Offer:
    amount = sorted(chance.randrange(1, 500) * 1_000_000 for _ in range(2))
    months = sorted(chance.randrange(1, 61) for _ in range(2))
    rate = sorted(D(chance.randrange(250, 1_500)).scaleb(-4) for _ in range(2))
    decided = chance.randrange(0, 40)
    return Offer(
        f"prd-{number:05}",
        (amount[0], amount[1]),
        (months[0], months[1]),
        (rate[0], rate[1]),
        chance.choice(["credit", "mortgage", "pledge", "guarantee"]),
        chance.randrange(1, 25),
        parse_condition(
            {
                "all": [
                    {"field": "firm.region", "under": [chance.choice(["14", "1401", "11"])]},
                    {"not": {"field": "records.dishonest_debtor", "from": "1"}},
                    {
                        "any": [
                            {"field": "firm.age_months", "from": str(chance.randrange(60))},
                            {"field": "fundflow.F01", "from": str(chance.randrange(9))},
                        ]
                    },
                ]
            }
        ),
        chance.random() < 0.3,
        chance.randrange(decided + 1),
        decided,
        frozenset({"pol-1"} if chance.random() < 0.3 else ()),
    )


def some_firm(chance: random.Random) -> dict[str, Any]:
    return {
        "firm.region": chance.choice(["140105", "140802", "110101"]),
        "records.dishonest_debtor": chance.choice([D(0), D(0), D(1), Missing.NOT_COLLECTED]),
        "firm.age_months": chance.choice([D(chance.randrange(80)), Missing.NOT_TOLD]),
        "fundflow.F01": chance.choice([D(chance.randrange(9)), Missing.NOT_AUTHORISED]),
    }


def literal_fit(need: Need, offer: Offer) -> list[int]:
    """The seven fits as a person would compute them, in exact fractions, cut to thousandths."""

    def cut(value: Fraction) -> int:
        return int(max(Fraction(0), min(Fraction(1), value)) * 1000)

    slowest, best, worst = 20, Fraction("0.03"), Fraction("0.12")
    security = Fraction(0)
    if offer.security == "credit" or offer.security in need.security:
        security = Fraction(1)
    elif offer.guarantee_ok:
        security = Fraction(1, 2)
    return [
        cut(Fraction(offer.amount_fen[1], need.amount_fen)),
        cut((worst - Fraction(offer.rate[1])) / (worst - best)),
        cut(Fraction(offer.months[1], need.months)),
        cut(security),
        cut(Fraction(offer.approved, offer.decided)) if offer.decided >= 10 else 500,
        cut(Fraction(slowest - offer.handling_days, slowest - 1)),
        1000 if offer.policies else 0,
    ]


def literal_terms(need: Need, offer: Offer) -> bool:
    """Whether the product's own terms meet the need."""
    least = need.least_fen or need.amount_fen
    shortest = need.least_months or need.months
    money = offer.amount_fen[0] <= need.amount_fen and least <= offer.amount_fen[1]
    time = offer.months[0] <= need.months and shortest <= offer.months[1]
    price = need.rate is None or offer.rate[0] <= need.rate
    cover = offer.security == "credit" or offer.guarantee_ok or offer.security in need.security
    return money and time and price and cover


def test_ten_thousand_pairs_are_matched_as_a_literal_reading_does() -> None:
    chance, weights = random.Random(7), Weights()
    parts = (25, 20, 10, 15, 15, 10, 5)
    seen = dict.fromkeys(Tri, 0)
    for number in range(10_000):
        need, offer, firm = some_need(chance), some_offer(chance, number), some_firm(chance)
        found = match(need, offer, firm, weights)
        fits = literal_fit(need, offer)
        fit = found.fit
        assert [fit.amount, fit.rate, fit.term, fit.security, fit.history, fit.pace, fit.policy] == fits
        assert found.score == sum(part * one for part, one in zip(parts, fits, strict=True))
        asked = judge(offer.condition, firm)
        assert found.verdict is (asked if literal_terms(need, offer) else Tri.NO)
        if found.change is not None:
            facts = {**firm, **need.facts()}
            assert judge(hard_conditions(need, offer), found.change.applied(facts)) is Tri.YES
        seen[found.verdict] += 1
    assert min(seen.values()) > 100


def test_the_order_in_which_products_come_changes_nothing() -> None:
    chance, weights = random.Random(8), Weights()
    offers = [some_offer(chance, number) for number in range(300)]
    known = {offer.product_id: offer for offer in offers}
    need, firm = some_need(chance), some_firm(chance)

    def result() -> list[Match]:
        return ranked([match(need, offer, firm, weights) for offer in offers], known)

    first = result()
    for _ in range(5):
        chance.shuffle(offers)
        assert result() == first


def test_no_fit_reads_anything_but_the_need_and_the_terms() -> None:
    assert set(Offer.__dataclass_fields__) == {
        "product_id", "amount_fen", "months", "rate", "security", "handling_days", "condition", "guarantee_ok",
        "approved", "decided", "policies",
    }, "what a product pays is not among the inputs"  # fmt: skip
    assert fit_of(NEED, LOAN, Weights()) == fit_of(NEED, replace(LOAN, product_id="prd-0"), Weights())


def test_the_examples_of_the_page_are_what_is_computed() -> None:
    page = (Path(__file__).parents[3] / "docs" / "rules" / "matching.md").read_text("utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert judge(parse_condition(json.loads(block)), {}) is Tri.UNKNOWN
    assert f"{match(NEED, LOAN, {}, Weights()).score:,} |" in page
    weights = re.findall(r"^\| \S+ \| (\d+) \| ", page, re.MULTILINE)
    ours = Weights()
    assert [int(weight) for weight in weights] == [
        ours.amount, ours.rate, ours.term, ours.security, ours.history, ours.pace, ours.policy,
    ]  # fmt: skip
