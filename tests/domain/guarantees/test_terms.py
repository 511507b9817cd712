"""What a guarantee stands for, agreements by which a bank decides for both, and the figures of a book."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.errors import Invalid
from xinqiao.domain.guarantees.figures import Held, figures_of
from xinqiao.domain.guarantees.terms import (
    FOUR_THREE_TWO_ONE,
    NATIONAL,
    Agreement,
    Outside,
    Party,
    Terms,
    cap_left,
    outside,
    parse_ratios,
    ratios_json,
)
from xinqiao.domain.shares import share_more, share_out

DAY = date(2026, 11, 21)


def _agreement(**changed: object) -> Agreement:
    said: dict[str, object] = {
        "valid": (date(2026, 1, 1), date(2027, 1, 1)), "amount_most_fen": 10_000_000_00, "months_most": 36,
        "quota_fen": 100_000_000_00, "cap": Decimal("0.03"), "fee_rate": Decimal("0.005"), "ratios": NATIONAL,
    }  # fmt: skip
    return Agreement(**{**said, **changed})  # type: ignore[arg-type]  # a dict of literals


@pytest.mark.parametrize("ratios", [NATIONAL, FOUR_THREE_TWO_ONE])
def test_the_fields_own_ratios_sum_to_one_and_come_back(ratios: dict[str, Decimal]) -> None:
    assert sum(ratios.values()) == 1
    assert parse_ratios(ratios_json(ratios)) == ratios
    assert Terms(1_000_001, 12, Decimal("0.005"), ratios).liability_fen == 1_000_001 - 200_000


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"guarantor": "0.8", "bank": "0.1"}, "RATIOS"),
        ({"guarantor": "0.8", "bank": "0.3"}, "RATIOS"),
        ({"bank": "1"}, "PARTY"),
        ({"guarantor": "0.8", "neighbour": "0.2"}, "PARTY"),
        ({"guarantor": "much"}, "PARTY"),
        ({"guarantor": "NaN"}, "RANGE"),
        ({"guarantor": "0.33333", "bank": "0.66667"}, "RANGE"),
        ({"guarantor": "1", "bank": "0"}, "RATIOS"),
        ({}, "RATIOS"),
    ],
)
def test_ratios_that_are_none(said: dict[str, str], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_ratios(said)
    assert refused.value.facts == {"field": "ratios", "reason": reason}


@given(
    st.lists(st.integers(1, 2_000), min_size=4, max_size=4), st.integers(1, 10**12), st.integers(0, 10**10)
)
def test_a_loss_and_what_comes_back_of_it_are_shared_to_the_fen(
    weights: list[int], paid: int, back: int
) -> None:
    parties = (Party.GUARANTOR, Party.BANK, Party.RE_GUARANTOR, Party.GOVERNMENT)
    parts = [Decimal(weight) / 10_000 for weight in weights[1:]]
    ratios = parse_ratios(
        {party: str(part) for party, part in zip(parties, [1 - sum(parts), *parts], strict=True)}
    )
    shares = share_out(paid, ratios)
    assert sum(shares.values()) == paid
    assert all(abs(shares[party] - paid * ratios[party]) < 1 for party in ratios)
    back = min(back, paid)
    first, second = share_more(0, back // 3, ratios), share_more(back // 3, back - back // 3, ratios)
    assert {party: first[party] + second[party] for party in ratios} == share_out(back, ratios)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"valid": (DAY, DAY)}, "valid_to"),
        ({"quota_fen": 1}, "quota"),
        ({"months_most": 0}, "months"),
        ({"cap": Decimal(0)}, "cap"),
        ({"cap": Decimal("1.01")}, "cap"),
        ({"fee_rate": Decimal("0.11")}, "fee_rate"),
    ],
)
def test_agreements_that_make_no_sense(changed: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        _agreement(**changed)
    assert refused.value.facts["field"] == field


def test_within_an_agreement_and_every_way_out_of_it() -> None:
    one = _agreement()
    ends = [(1_000_000_000, 36, DAY, 0), (1_000_000_000, 36, date(2026, 1, 1), 9_000_000_000)]
    for amount, months, day, before in ends:
        assert outside(one, amount, months, day=day, guaranteed_fen=before) == []
    everything = outside(one, 1_000_000_001, 37, day=date(2027, 1, 1), guaranteed_fen=9_000_000_000)
    assert everything == list(Outside)


def test_the_cap_counts_all_that_was_guaranteed() -> None:
    one = _agreement()
    assert cap_left(one, guaranteed_fen=1_000_033, compensated_fen=0) == 30_000
    assert cap_left(one, guaranteed_fen=1_000_000, compensated_fen=30_000) == 0
    assert cap_left(one, guaranteed_fen=0, compensated_fen=1) == 0


def test_the_figures_of_a_book() -> None:
    rows = [
        Held(100, 80, Decimal("0.01"), in_force=True, over=False, compensated_fen=0, recovered_fen=0),
        Held(300, 240, Decimal("0.005"), in_force=True, over=False, compensated_fen=0, recovered_fen=0),
        Held(1_000, 800, Decimal("0.02"), in_force=False, over=True, compensated_fen=0, recovered_fen=0),
        Held(250, 200, Decimal("0.02"), in_force=False, over=True, compensated_fen=120, recovered_fen=30),
    ]
    found = figures_of(rows)
    assert (found.in_force_count, found.in_force_fen) == (2, 320)
    assert found.fee_rate == Decimal("0.0063")  # (100 x 1 % + 300 x 0.5 %) / 400 = 0.625 %, half up
    assert (found.compensated_fen, found.compensation_rate) == (120, Decimal("0.1200"))
    assert (found.recovered_fen, found.recovery_rate) == (30, Decimal("0.2500"))
    nothing = figures_of([])
    assert (nothing.fee_rate, nothing.compensation_rate, nothing.recovery_rate) == (None, None, None)
