"""Sharing to the fen: nothing is lost or made, in one sum or in many."""

import random
from decimal import Decimal

import pytest

from xinqiao.domain.errors import Invalid
from xinqiao.domain.shares import share_more, share_out

D = Decimal
FOURS = {"guarantor": D("0.4"), "reguarantor": D("0.3"), "bank": D("0.2"), "government": D("0.1")}


def test_the_4321_model_to_the_fen() -> None:
    assert share_out(80_000_000, FOURS) == {
        "guarantor": 32_000_000, "reguarantor": 24_000_000, "bank": 16_000_000, "government": 8_000_000,
    }  # fmt: skip
    assert share_out(1, FOURS) == {"guarantor": 1, "reguarantor": 0, "bank": 0, "government": 0}
    assert share_out(0, FOURS) == dict.fromkeys(FOURS, 0)


def test_shares_conserve_and_are_within_a_fen_of_exact() -> None:
    chance = random.Random(1)
    for _ in range(5_000):
        cuts = sorted(chance.sample(range(1, 1_000), chance.randrange(0, 5)))
        widths = [after - before for before, after in zip([0, *cuts], [*cuts, 1_000], strict=True)]
        ratios = {f"party {n}": D(width).scaleb(-3) for n, width in enumerate(widths)}
        amount = chance.choice([chance.randrange(100), chance.randrange(10**12)])
        parts = share_out(amount, ratios)
        assert sum(parts.values()) == amount
        assert all(abs(parts[party] - amount * ratio) < 1 for party, ratio in ratios.items())
        assert share_out(amount, dict(reversed(ratios.items()))) == parts


def test_many_recoveries_are_shared_as_one() -> None:
    chance = random.Random(2)
    for _ in range(300):
        so_far, got = 0, dict.fromkeys(FOURS, 0)
        for _ in range(chance.randrange(1, 12)):
            more = chance.randrange(1, 1_000)
            for party, part in share_more(so_far, more, FOURS).items():
                got[party] += part
            so_far += more
        assert got == share_out(so_far, FOURS)


@pytest.mark.parametrize(
    "ratios",
    [
        {},
        {"a": D("0.5")},
        {"a": D("0.5"), "b": D("0.6")},
        {"a": D(1), "b": D(0)},
        {"a": D("1.5"), "b": D("-0.5")},
    ],
)
def test_ratios_that_do_not_sum_to_one_are_refused(ratios: dict[str, Decimal]) -> None:
    with pytest.raises(Invalid):
        share_out(100, ratios)


def test_nothing_below_zero_is_shared() -> None:
    with pytest.raises(Invalid):
        share_out(-1, FOURS)
