"""The demonstration's products are real versions: readable, priced, and eight of them."""

from datetime import date

import pytest

from xinqiao.catalogue import CURRENT, load
from xinqiao.demo.generator import generate_province
from xinqiao.demo.products import PRODUCTS
from xinqiao.domain.canonical import Json
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.market.conditions import leaves
from xinqiao.domain.market.product import Zone
from xinqiao.domain.market.product_json import parse_terms
from xinqiao.domain.market.quote import Wish, cost_range

ALL = [terms for products in PRODUCTS.values() for terms in products]


@pytest.mark.parametrize("terms", ALL, ids=lambda one: str(one["name"]))
def test_each_can_be_read_and_priced(terms: dict[str, Json]) -> None:
    read = parse_terms(terms)
    cheap, dear = cost_range(read, Wish(read.amount_fen[0], read.months[1], date(2026, 11, 21)))
    assert read.rate[0] < cheap.annual_cost <= dear.annual_cost
    items = load(CURRENT).items
    for leaf in leaves(read.condition):
        family, _dot, name = leaf.field.name.partition(".")
        assert family in {"firm", "need"} or name in (items if family == "records" else BY_ID)


def test_there_are_eight_and_every_zone_has_one() -> None:
    assert len(ALL) == 8
    assert {zone for terms in ALL for zone in parse_terms(terms).zones} == set(Zone)


def test_they_belong_to_banks_of_the_province() -> None:
    province = generate_province(seed=7, firms=4, as_of=date(2026, 11, 21))
    assert PRODUCTS.keys() <= {bank.key for bank in province.banks}
