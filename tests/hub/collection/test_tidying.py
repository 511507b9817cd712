"""The worker compacts what lies in many files: what is known of a firm stays, and a batch can still be withdrawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from tests.hub.cast import STRANGER_USCC
from tests.hub.collection.sources import ITEM, Suppliers
from tests.hub.collection.test_end_to_end import GOOD_ROWS, in_lake, row, rows_of, work

from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code, Conflict
from xinqiao.hub.apps.collection import held, lake_engine
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.replaced import count_replaced
from xinqiao.hub.apps.collection.services import withdraw_batch
from xinqiao.hub.apps.collection.tidying import BATCHES, tidy_lake
from xinqiao.lake.store import Lake
from xinqiao.lake.store.manifest import DELTA


@pytest.fixture(autouse=True)
def _fresh_lakes() -> Iterator[None]:
    for kept in (lake_engine._opened, held.opened):
        kept.cache_clear()
    yield
    for kept in (lake_engine._opened, held.opened):
        kept.cache_clear()


def deltas() -> int:
    state = Lake.open(Path(settings.XINQIAO_LAKE)).manifest().states[ITEM]
    return sum(segment.kind == DELTA for segment in state.segments)


def many(suppliers: Suppliers) -> list[Batch]:
    """One more batch than may lie side by side, all about the same firm."""
    sent = [work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)]
    corrections = (rows_of(row("0001", arrears=f"{number + 1}.00")) for number in range(BATCHES))
    return sent + [work(suppliers, suppliers.send(content).batch) for content in corrections]


def test_many_batches_are_put_together_when_they_are_counted(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    assert tidy_lake() == []  # there is no lake yet
    many(suppliers)
    lying = deltas()
    assert tidy_lake() == []  # nobody has counted what they replaced
    assert count_replaced(at=suppliers.now) == BATCHES + 1
    assert tidy_lake() == [ITEM]
    assert deltas() < lying
    assert (in_lake(), in_lake(STRANGER_USCC)) == ({"0001", "0003", "0004"}, {"0002"})
    assert tidy_lake() == []


def test_few_batches_stay_as_they_lie(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    work(suppliers, suppliers.send(rows_of(row("0001", arrears="2.00"))).batch)
    count_replaced(at=suppliers.now)
    assert tidy_lake() == []


def test_a_batch_that_waits_goes_first(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    *_, last = many(suppliers)
    count_replaced(at=suppliers.now)
    waiting = suppliers.send(rows_of(row("0009"))).batch
    assert tidy_lake() == []
    work(suppliers, waiting)
    count_replaced(at=suppliers.now)
    assert tidy_lake() == [ITEM]
    assert last.state == BatchState.ACCEPTED


def test_a_batch_is_withdrawn_after_it_was_put_together(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    first, *_ = many(suppliers)
    count_replaced(at=suppliers.now)
    assert tidy_lake() == [ITEM]
    withdraw_batch(
        actor=suppliers.steward, batch_id=first.id, reason="口径错了", expected_version=first.version,
        at=suppliers.now,
    )  # fmt: skip
    gone = work(suppliers, first)
    assert (gone.state, in_lake(), in_lake(STRANGER_USCC)) == (BatchState.WITHDRAWN, {"0001"}, set())


def test_somebody_elses_compaction_is_waited_for(
    real_suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppliers = real_suppliers
    many(suppliers)
    count_replaced(at=suppliers.now)

    def busy(*_: object, **__: object) -> None:
        raise Conflict(Code.LAKE_BUSY, "another compaction")

    monkeypatch.setattr(Lake, "compact", busy)
    assert tidy_lake() == []
