"""From two sources' files through the real pipeline to figures, agreement and the league table."""

from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.collection.sources import ITEM, Suppliers, make_suppliers
from tests.hub.collection.test_end_to_end import BAD_USCC, GOOD_ROWS, row, rows_of, work

from xinqiao.domain.quality import Dimension
from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.quality import selectors
from xinqiao.hub.apps.quality.measuring import measure_agreement
from xinqiao.hub.apps.quality.selectors import Slice
from xinqiao.hub.worker import Worker

MONTH = "2026-11"


@pytest.fixture
def suppliers(stage: Cast, tmp_path: Path, settings: Settings) -> Suppliers:
    """Two sources with real commits, for the pipeline's own threads."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    return make_suppliers(stage)


def test_two_sources_of_one_item(suppliers: Suppliers) -> None:
    work(suppliers, suppliers.send(rows_of(*GOOD_ROWS, BAD_USCC)).batch)
    work(suppliers, suppliers.send(rows_of(GOOD_ROWS[0], row("0009")), actor=suppliers.stranger).batch)
    worker = Worker.make(suppliers.cast.client)
    worker.run_once()
    desk = OperatorActor("usr-desk")
    mine = selectors.total(desk, Slice(source_id=suppliers.steward.source_id, item=ITEM))
    assert (mine.rows, mine.accepted, mine.filled_cells - mine.valid_cells) == (5, 4, 1)
    measure_agreement(MONTH)
    mine, theirs = (
        selectors.total(desk, Slice(source_id=actor.source_id))
        for actor in (suppliers.steward, suppliers.stranger)
    )
    # one record of both says the same: one more row compared, and consistent, for each
    assert (mine.compared_rows, theirs.compared_rows) == (5 + 1, 2 + 1)
    assert (mine.consistent_rows, theirs.consistent_rows) == (6, 3)
    table = selectors.league_table([MONTH])
    assert [place.who for place in table.places] == [
        suppliers.stranger.source_id,
        suppliers.steward.source_id,
    ]
    assert table.places[0].score.rates[Dimension.CONSISTENCY] is not None
