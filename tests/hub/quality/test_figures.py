"""Counts of batches: written once however often, forgotten on withdrawal, made again from receipts, seen by their own."""

from decimal import Decimal

import pytest
from tests.hub.collection.sources import ITEM, NOT_OURS, OTHER_ITEM
from tests.hub.quality.supply import PERFECT, TEN, Supply, found

from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.collection import BatchEvent
from xinqiao.domain.errors import Invalid, NotFound
from xinqiao.domain.quality import Tally
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.services import withdraw_batch
from xinqiao.hub.apps.quality import selectors
from xinqiao.hub.apps.quality.measuring import measure_agreement, measure_batch, recompute
from xinqiao.hub.apps.quality.models import Figure, Total
from xinqiao.hub.apps.quality.selectors import Slice
from xinqiao.lake.agreement import Agreement

MONTH = "2026-11"


def test_a_batch_is_counted_by_region_once(supply: Supply) -> None:
    batch = supply.bring(found(("330100", TEN), ("", PERFECT)))
    rows = {row.region: row for row in Figure.objects.all()}
    assert {region: row.tally for region, row in rows.items()} == {"330100": TEN, "": PERFECT}
    assert {(row.month, row.item, row.batch_id) for row in rows.values()} == {(MONTH, ITEM, batch.id)}
    assert (measure_batch(batch.id), Figure.objects.count()) == (2, 2)
    assert selectors.scored(selectors.total(supply.desk, Slice(region="330100"))).value == Decimal("89.10")


def test_figures_add_up_over_every_dimension(supply: Supply) -> None:
    supply.bring(found(("330100", TEN)))
    supply.bring(found(("330100", TEN), ("330200", TEN)), item=OTHER_ITEM)
    supply.bring(found(("330200", PERFECT)), actor=supply.suppliers.stranger)
    assert selectors.tallies(supply.desk, Slice(), "region") == {
        ("330100",): TEN + TEN,
        ("330200",): TEN + PERFECT,
    }
    assert selectors.tallies(supply.desk, Slice(item=ITEM), "source") == {
        (supply.suppliers.steward.source_id,): TEN,
        (supply.suppliers.stranger.source_id,): PERFECT,
    }
    assert selectors.total(supply.desk, Slice(months=(MONTH,))) == TEN + TEN + TEN + PERFECT
    assert selectors.total(supply.desk, Slice(months=("2026-10",))) == Tally()


def test_a_source_sees_its_own_counts_and_its_own_place_only(supply: Supply) -> None:
    supply.bring(found(("330100", TEN)))
    supply.bring(found(("330100", PERFECT)), actor=supply.suppliers.stranger, item=NOT_OURS)
    assert selectors.total(supply.suppliers.supplier, Slice()) == TEN
    assert (
        selectors.total(supply.suppliers.supplier, Slice(source_id=supply.suppliers.stranger.source_id))
        == Tally()
    )
    own = selectors.own_place(supply.suppliers.supplier, [MONTH])
    assert (own.place, own.of, own.shared) == (2, 2, 1)
    assert selectors.own_place(supply.suppliers.stranger, [MONTH]).place == 1
    assert selectors.own_place(supply.suppliers.stranger, ["2026-10"]).place is None
    assert [one.tally for one in selectors.batches_behind(supply.suppliers.stranger, Slice())] == [PERFECT]
    with pytest.raises(NotFound):
        selectors.source_of(supply.suppliers.supplier, supply.suppliers.stranger.source_id)


def test_a_returned_batch_counts_and_a_withdrawn_one_does_not(supply: Supply) -> None:
    supply.bring(found(("330100", TEN), event=BatchEvent.RETURN))
    assert selectors.total(supply.desk, Slice()) == TEN
    batch = supply.bring(found(("330100", PERFECT)))
    withdraw_batch(
        actor=supply.suppliers.steward, batch_id=batch.id, reason="口径错了", expected_version=batch.version, at=supply.now
    )  # fmt: skip
    assert supply.suppliers.work()
    assert supply.settle() == 1
    assert selectors.total(supply.desk, Slice()) == TEN
    counted = selectors.supplied(supply.desk, [MONTH])[supply.suppliers.steward.source_id]
    assert (counted.batches, counted.returned, counted.withdrawn) == (2, 1, 1)


def test_everything_can_be_made_again_from_the_receipts(supply: Supply) -> None:
    supply.bring(found(("330100", TEN)))
    supply.bring(found(("", PERFECT)), actor=supply.suppliers.stranger)
    before = selectors.tallies(supply.desk, Slice(), "source", "region", "month")
    Figure.objects.all().delete()
    assert (recompute("2026-10"), Figure.objects.count()) == (0, 0)
    assert recompute() == 2
    assert selectors.tallies(supply.desk, Slice(), "source", "region", "month") == before
    with pytest.raises(Invalid):
        recompute("soon")


def whole(supply: Supply) -> Tally:
    """Everything, from the totals; the figures by region must say the same."""
    regions = selectors.tallies(supply.desk, Slice(), "region")
    summed = selectors.total(supply.desk, Slice())
    assert summed == Tally.total(regions.values())
    return summed


def test_agreement_of_sources_is_written_once_and_counts_as_consistency(
    supply: Supply, monkeypatch: pytest.MonkeyPatch
) -> None:
    supply.bring(found(("330100", TEN)))
    assert measure_agreement(MONTH) == 0  # one source: nothing to compare, the lake is not even opened
    supply.bring(found(("330100", TEN)), actor=supply.suppliers.stranger)
    said = [
        Agreement("ybj", "330100", 10, 4),
        Agreement("lanshui", "330100", 10, 4),
        Agreement("gone", "", 9, 9),
    ]
    asked: list[str] = []

    def agreed(item: Item | None, since: object, until: object) -> list[Agreement]:
        assert item is not None
        asked.append(item.id)
        return said

    monkeypatch.setattr("xinqiao.hub.apps.quality.measuring._agreed", agreed)
    assert (measure_agreement(MONTH), asked) == (2, [ITEM])
    assert (whole(supply).compared_rows, whole(supply).consistent_rows) == (16 + 20, 16 + 8)
    said[:] = [Agreement("ybj", "330100", 3, 3)]
    assert measure_agreement(MONTH) == 1
    assert (whole(supply).compared_rows, whole(supply).consistent_rows) == (19, 19)
    said.clear()
    measure_agreement(MONTH)
    assert whole(supply) == TEN + TEN


def test_totals_are_the_sums_whatever_happens(supply: Supply) -> None:
    batch = supply.bring(found(("330100", TEN), ("", PERFECT)))
    supply.bring(found(("330200", PERFECT)))
    assert whole(supply) == TEN + PERFECT + PERFECT
    withdraw_batch(
        actor=supply.suppliers.steward, batch_id=batch.id, reason="口径错了", expected_version=batch.version, at=supply.now
    )  # fmt: skip
    supply.suppliers.work()
    supply.settle()
    assert whole(supply) == PERFECT
    recompute()
    assert whole(supply) == PERFECT
    assert Total.objects.count() == 1


def test_a_receipt_from_before_there_were_regions_counts_what_it_says(supply: Supply) -> None:
    batch = supply.bring(found(("330100", TEN)))
    receipt = dict(batch.receipt or {})
    del receipt["quality"]
    receipt |= {
        "rows": 4, "accepted": 3, "refused": 1, "by_rule": {"BAD_USCC": 1, "REQUIRED": 1},
        "columns": [{"field": "uscc", "present": 4, "valid": 3}, {"field": "ent_name", "present": 3, "valid": 3}],
    }  # fmt: skip
    Batch.objects.filter(id=batch.id).update(receipt=receipt)
    recompute()
    (row,) = Figure.objects.all()
    assert (row.region, row.rows, row.filled_cells, row.valid_cells) == ("", 4, 7, 6)
    assert (row.required_filled, row.compared_rows, row.timed_rows) == (7, 0, 0)
    assert row.required_cells > row.required_filled


def test_the_league_ties_and_leaves_out_who_supplied_nothing(supply: Supply) -> None:
    assert len(selectors.league_table([MONTH]).unranked) == 2
    for actor in (None, supply.suppliers.stranger):
        supply.bring(found(("330100", TEN)), actor=actor)
    table = selectors.league_table([MONTH])
    assert ([place.place for place in table.places], table.unranked) == ([1, 1], ())


def test_what_is_overdue(supply: Supply) -> None:
    sources = [selectors.source_of(supply.desk, supply.suppliers.steward.source_id)]
    assert selectors.overdue(sources, until=supply.now) == []
    supply.bring(found(("", PERFECT)))
    supply.pass_days(40)
    late = selectors.overdue(sources, until=supply.now)
    assert {(one.item, one.never, one.days) for one in late} == {(ITEM, False, 4), (OTHER_ITEM, True, 4)}
