"""Peers: SQL says of every firm what the rules say of one, and of groups only what may be told."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pytest
from tests.lake.portrait.made_up import ITEMS, MONTH, code, drawn, new_lake, publish, records_of

from xinqiao.catalogue import load
from xinqiao.catalogue.size import size_rule
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.portrait import FIGURES, Figure, Nil, Place, blurred, headcount_at, months_to, value_at
from xinqiao.domain.portrait.definitions import BY_ID, INSURED, POWER, WON
from xinqiao.domain.portrait.measure import first_month, month_number
from xinqiao.domain.portrait.peers import HEADCOUNT_MONTHS, QUANTILES, Group, quantile
from xinqiao.domain.report import Record
from xinqiao.lake.firms import Firm, FirmIndex
from xinqiao.lake.portrait import Making, Peers, make_peers
from xinqiao.lake.portrait.figures_sql import Relation, figure_sql, headcount_sql
from xinqiao.lake.store import Lake

AT = datetime(2026, 11, 21, tzinfo=UTC)
FIRMS = [code(number) for number in range(40)]
POWER_USED = BY_ID["P05"]


def making(least: int = 10) -> Making:
    return Making(size_rule(), AT, least, threads=1, memory="500MB")


@pytest.fixture(scope="module")
def random_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two batches of every item, the second folded with the first for half of them."""
    lake = new_lake(tmp_path_factory.mktemp("portrait") / "lake")
    rng = Random(20261121)
    for place, name in enumerate(ITEMS):
        item = load().items[name]
        publish(lake, item, drawn(item, FIRMS, 260, rng))
        publish(lake, item, drawn(item, FIRMS, 60, rng))
        if place % 4 == 0:
            lake.compact(name, full=True)
    return lake


@pytest.fixture(scope="module")
def known(random_lake: Lake) -> dict[str, dict[str, list[Record]]]:
    """What the lake holds about every firm."""
    return {uscc: records_of(random_lake, uscc) for uscc in FIRMS}


def relations(lake: Lake) -> dict[str, Relation]:
    return {item: Relation(lake.relation_sql(item), lake.manifest().state(item).columns) for item in ITEMS}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.key)
def test_sql_says_of_every_firm_what_the_rules_say_of_one(
    random_lake: Lake, known: dict[str, dict[str, list[Record]]], figure: Figure
) -> None:
    made = relations(random_lake)
    compared = 0
    for month in (*months_to(MONTH, 3), "2025-06"):
        with duckdb.connect() as db:
            found = dict(db.execute(figure_sql(figure, made, month)).fetchall())
        wanted = {}
        for uscc, records in known.items():
            value = value_at(figure, records, month)
            first = first_month(figure, records)
            told = first is not None and first <= month_number(month)
            if not isinstance(value, Nil) and (told or not figure.zero):
                wanted[uscc] = value
        # a state whose beginning nobody wrote is known as well, though no month of it is
        extra = {uscc: value for uscc, value in found.items() if uscc not in wanted}
        assert all(first_month(figure, known[uscc]) is None or value_at(figure, known[uscc], month) == value for uscc, value in extra.items())  # fmt: skip
        assert {uscc: found.get(uscc) for uscc in wanted} == wanted
        compared += len(wanted)
    assert compared >= 15


def test_headcounts_are_the_same_both_ways(
    random_lake: Lake, known: dict[str, dict[str, list[Record]]]
) -> None:
    with duckdb.connect() as db:
        found = dict(db.execute(headcount_sql(relations(random_lake), MONTH, HEADCOUNT_MONTHS)).fetchall())
    wanted = {uscc: headcount_at(known[uscc], MONTH) for uscc in FIRMS}
    periods = {uscc: [row.values["period"] for row in known[uscc].get(INSURED, ())] for uscc in FIRMS}  # fmt: skip
    once = {uscc for uscc, listed in periods.items() if len(listed) == len(set(listed))}
    assert {uscc: found.get(uscc) for uscc in once} == {uscc: wanted[uscc] for uscc in once}
    assert sum(wanted[uscc] is not None for uscc in once) > 3


# ------------------------------------------------------------------------------------------------------ groups


@pytest.fixture
def world(tmp_path: Path) -> tuple[Lake, FirmIndex, Peers]:
    """25 software firms of one city (12 of 15 people, 13 of 150) and 12 of a neighbouring one; power of a month."""
    lake, catalogue = new_lake(tmp_path / "lake"), load()
    firms = [code(number) for number in range(37)]
    people = [15 if number < 12 or number >= 25 else 150 for number in range(37)]
    publish(
        lake, catalogue.items[INSURED],
        [{"_subject": uscc, "uscc": uscc, "period": "2026-09", "insured_count": count} for uscc, count in zip(firms, people, strict=True)],
    )  # fmt: skip
    publish(
        lake, catalogue.items[POWER],
        [{"_subject": uscc, "uscc": uscc, "account_no": uscc, "period": MONTH, "usage_kwh": Decimal(1000 + 37 * n)} for n, uscc in enumerate(firms)],
    )  # fmt: skip
    register = FirmIndex.create(tmp_path / "firms.sqlite3")
    register.add(
        Firm(uscc, f"演示{n}号有限公司", division="140105" if n < 25 else "140200", industry="I6510")
        for n, uscc in enumerate(firms)
    )
    return lake, register, Peers.create(tmp_path / "peers.sqlite3")


def test_a_group_has_its_firms_and_three_rounded_quantiles(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    make_peers(lake, register, peers, [MONTH], making())
    small = peers.cell(POWER_USED, Group("I65", "1401", "small"), MONTH)
    assert small is not None
    assert (small.firms, small.listed) == (12, 12)
    values = [Decimal(1000 + 37 * n) for n in range(12)]
    exact = [quantile(values, share) for share in QUANTILES]
    assert (small.p25, small.p50, small.p75) == tuple(blurred(Decimal(one.numerator) / one.denominator) for one in exact)  # fmt: skip
    assert (small.p25, small.p50, small.p75) == (Decimal(1100), Decimal(1200), Decimal(1300))
    both = peers.cell(POWER_USED, Group("I", "14", "small"), MONTH)
    assert both is not None
    assert both.firms == 24


def test_a_group_that_is_too_small_is_told_nothing_of(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    make_peers(lake, register, peers, [MONTH], making(12))
    assert peers.cell(POWER_USED, Group("I65", "1401", "small"), MONTH) is None
    assert peers.cell(POWER_USED, Group("I65", "1401", "medium"), MONTH) is not None
    assert peers.cell(POWER_USED, Group("I65", "1402", ""), MONTH) is None
    place = Place("I65", "I", "1402", "14", "small")
    shown = [group for group in place.ladder() if peers.cell(POWER_USED, group, MONTH)]
    assert shown[0] == Group("I65", "14", "small")


def test_nobody_may_ask_for_groups_of_a_few(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    with pytest.raises(Invalid) as refused:
        make_peers(lake, register, peers, [MONTH], making(4))
    assert refused.value.code is Code.INVALID
    assert peers.made() == {}


def test_firms_that_ended_or_are_not_registered_are_no_peers(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    register.add([Firm(code(0), "演示0号有限公司", division="140105", industry="I6510", status="注销")])
    stranger = code(99)
    publish(lake, load().items[POWER], [{"_subject": stranger, "uscc": stranger, "account_no": "X", "period": MONTH, "usage_kwh": Decimal(5)}])  # fmt: skip
    make_peers(lake, register, peers, [MONTH], making())
    cell = peers.cell(POWER_USED, Group("I65", "", ""), MONTH)
    assert cell is not None
    assert (cell.firms, cell.listed) == (36, 36)


def test_a_month_is_replaced_whole(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    first = make_peers(lake, register, peers, ["2026-09", MONTH], making())
    assert first[MONTH] > 0
    assert make_peers(lake, register, peers, [MONTH], making(30))[MONTH] < first[MONTH]
    made = peers.made()
    assert (made[MONTH].least, made["2026-09"].least, made[MONTH].firms) == (30, 10, 37)
    assert made[MONTH].at == AT
    assert peers.cell(POWER_USED, Group("I65", "1401", ""), MONTH) is None
    assert peers.cell(POWER_USED, Group("I65", "14", ""), MONTH) is not None


def test_a_figure_of_another_version_is_not_compared_with(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    make_peers(lake, register, peers, [MONTH], making())
    group = Group("I65", "1401", "")
    assert peers.series(POWER_USED, group, months_to(MONTH, 3)).keys() == {MONTH}
    assert peers.series(replace(POWER_USED, version=2), group, months_to(MONTH, 3)) == {}


def test_who_was_never_told_of_is_no_peer_of_a_count(world: tuple[Lake, FirmIndex, Peers]) -> None:
    lake, register, peers = world
    rows = [{"_subject": code(n), "uscc": code(n), "project_name": "某桥", "notice_date": date(2026, 9, 1)} for n in range(11)]  # fmt: skip
    publish(lake, load().items[WON], rows)
    make_peers(lake, register, peers, [MONTH], making())
    cell = peers.cell(BY_ID["P11"], Group("I65", "1401", ""), MONTH)
    assert cell is not None
    assert (cell.firms, cell.listed, cell.p50) == (11, 25, Decimal(1))


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "peers.sqlite3").write_text(
        "not a database, and long enough to be taken for one by nobody at all"
    )
    for opening in (Peers.open, Peers.create):
        with pytest.raises(Invalid) as refused:
            opening(tmp_path / "peers.sqlite3")
        assert refused.value.code is Code.FILE_UNREADABLE
