"""A run as data: read back whole, the same result from it, and whose turn an adviser's is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given as drawn
from hypothesis import strategies as st

from xinqiao.domain.market.advising import (
    Load,
    OverrideKind,
    Work,
    compare_overrides,
    median_minutes,
    next_adviser,
    visit_due,
)
from xinqiao.domain.market.conditions import Missing, parse_condition
from xinqiao.domain.market.matching import Need, Offer, Weights
from xinqiao.domain.market.rerun import (
    Given,
    asked_of,
    facts_json,
    found,
    need_of,
    parse_facts,
    parse_need_of,
    parse_weights,
    result_digest,
    weights_json,
)

NEED = Need(150_000_000, 12, "equipment", frozenset({"credit", "pledge"}), Decimal("0.05"), 90_000_000, 6)
FACTS = {
    "firm.region": "140100", "firm.age_months": Decimal(20), "firm.tags": frozenset({"green"}),
    "records.water_fee": Missing.NOT_COLLECTED, "firm.size": "small",
}  # fmt: skip


def offer(name: str, rate: str, condition: object = None) -> Offer:
    """A product that lends up to two million for two years."""
    asks = condition or {
        "all": [{"field": "firm.age_months", "from": "24"}, {"field": "records.water_fee", "from": "1"}]
    }
    return Offer(
        name, (1_000_000, 200_000_000), (3, 24), (Decimal("0.03"), Decimal(rate)), "credit", 3,
        parse_condition(asks), approved=3, decided=12,
    )  # fmt: skip


OFFERS = (
    offer("b", "0.045"),
    offer("a", "0.05"),
    offer("c", "0.04", {"all": [{"field": "firm.region", "under": ["14"]}]}),
)


def made(offers: tuple[Offer, ...] = OFFERS) -> Given:
    """What a run is given."""
    digests = {one.product_id: one.product_id * 64 for one in offers}
    return Given(NEED, asked_of(FACTS, offers), offers, digests, Weights(), date(2026, 11, 21))


def test_inputs_are_read_back_as_they_were() -> None:
    assert parse_facts(facts_json(FACTS)) == FACTS
    assert parse_need_of(need_of(NEED)) == NEED
    plain = Need(1, 1, "other", frozenset())
    assert parse_need_of(need_of(plain)) == plain
    odd = Weights(amount=20, policy=10, best_rate=Decimal("0.02"), worst_days=30)
    assert parse_weights(weights_json(odd)) == odd


def test_only_what_is_asked_of_is_kept() -> None:
    assert set(made().facts) == {"firm.age_months", "records.water_fee", "firm.region"}


@drawn(st.permutations(OFFERS))
def test_the_order_in_which_products_come_changes_nothing(offers: list[Offer]) -> None:
    one, other = made(), made(tuple(offers))
    assert one.digest() == other.digest()
    assert result_digest(found(one)) == result_digest(found(other))
    assert [pair.product_id for pair in found(other)] == ["c", "b", "a"]


def test_another_fact_is_another_digest() -> None:
    other = Given(
        NEED, {**made().facts, "firm.age_months": Decimal(30)}, OFFERS, made().digests, Weights(), made().day
    )
    assert other.digest() != made().digest()
    assert result_digest(found(other)) != result_digest(found(made()))


DAY = datetime(2026, 11, 21, tzinfo=UTC)


@drawn(st.permutations([Load("c", 1, DAY), Load("a", 1, DAY + timedelta(1)), Load("b", 1), Load("d", 2)]))
def test_fewest_open_then_who_waited_longest_then_the_id(people: list[Load]) -> None:
    assert next_adviser(people) == "b"
    assert next_adviser([one for one in people if one.adviser != "b"]) == "c"
    assert next_adviser([Load("y", 0), Load("x", 0)]) == "x"
    assert next_adviser([]) is None


def test_figures_of_nothing_are_not_nought() -> None:
    idle = Work("a", "甲", 0, 0, 0, 0, median_minutes([]), 0, 0, 0, 0, 0)
    assert (idle.conversion, idle.satisfaction_tenths, idle.visit_share, idle.response_minutes) == (None,) * 4
    busy = Work(
        "a", "甲", 4, 1, 4, 3, median_minutes(timedelta(minutes=m) for m in (9, 1, 5, 7)), 2, 9, 2, 3, 2
    )
    assert (busy.conversion, busy.satisfaction_tenths, busy.visit_share) == ((2, 4), 45, (2, 3))
    assert busy.response_minutes == 5
    assert visit_due(date(2026, 11, 21)) == date(2026, 11, 28)


def test_an_override_is_right_when_the_outcome_says_so() -> None:
    forward, back = OverrideKind.FORWARD, OverrideKind.BACK
    told = compare_overrides([(forward, True), (forward, False), (back, False), (back, True), (back, False)])
    assert (told.forward_good, told.forward, told.back_good, told.back) == (1, 2, 2, 3)
