"""Judging batches: every way one can end, dying workers, two workers at once, withdrawal, another try."""

import json
import threading
from datetime import timedelta

import pytest
from tests.hub.collection.sources import FILE, GOOD, NOTHING, PARTLY, Suppliers

from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import (
    Code,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    Unavailable,
    XinqiaoError,
)
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.collection import processing, selectors
from xinqiao.hub.apps.collection.engine import Outcome
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.refused import refused_rows
from xinqiao.hub.apps.collection.services import claim_batch, retry_batch, withdraw_batch
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.worker import Worker


def facts_of(leaf_index: int | None) -> dict[str, object]:
    """The facts of a leaf."""
    found: dict[str, object] = json.loads(bytes(Leaf.objects.get(index=leaf_index).body))["facts"]
    return found


@pytest.mark.parametrize(
    ("answer", "state"),
    [(GOOD, BatchState.ACCEPTED), (PARTLY, BatchState.PARTLY_ACCEPTED), (NOTHING, BatchState.RETURNED)],
)
def test_a_batch_ends_as_its_rows_were(suppliers: Suppliers, answer: Outcome, state: BatchState) -> None:
    row = suppliers.done(answer)
    assert (row.state, row.lease_until, row.progress) == (state, None, {})
    assert (row.rows_read, row.rows_accepted, row.rows_duplicate, row.rows_refused) == (
        answer.read, answer.accepted, answer.duplicate, answer.refused,
    )  # fmt: skip
    assert row.receipt == answer.receipt
    said = facts_of(row.finished_leaf)
    assert (said["act"], said["state"], said["rows_refused"]) == ("batch_checked", state, answer.refused)
    (notice,) = Notice.objects.for_viewer(suppliers.supplier)
    assert (notice.kind, notice.link) == (f"batch_{state.value}", f"/source/batches/{row.id}")
    assert not Notice.objects.for_viewer(suppliers.stranger).exists()
    assert not suppliers.work()


def test_a_file_that_cannot_be_read_goes_back_with_its_code(suppliers: Suppliers) -> None:
    row = suppliers.done(Invalid(Code.FILE_COLUMNS, "x", facts={"missing": ["uscc"]}))
    assert (row.state, row.code, row.code_facts) == (
        BatchState.RETURNED,
        "FILE_COLUMNS",
        {"missing": ["uscc"]},
    )
    assert (row.rows_read, row.receipt) == (None, None)
    assert facts_of(row.finished_leaf)["code"] == "FILE_COLUMNS"


def test_batches_are_judged_in_the_order_they_came(suppliers: Suppliers) -> None:
    for content in (b"a,b\n1,1\n", b"a,b\n2,2\n", FILE):
        suppliers.send(content)
    while suppliers.work():
        pass
    assert [job.seq for job in suppliers.engine.asked] == [1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (RuntimeError("boom"), Code.PROCESSING_FAILED),
        (OSError(28, "full"), Code.STORAGE_UNAVAILABLE),
        (Unavailable(Code.STORAGE_UNAVAILABLE), Code.STORAGE_UNAVAILABLE),
    ],
)
def test_a_fault_of_the_platform_is_tried_again_later_and_then_waits_for_a_person(
    suppliers: Suppliers, fault: Exception, code: Code
) -> None:
    row = suppliers.done(fault)
    assert (row.state, row.code) == (BatchState.CHECKING, code)
    assert not suppliers.work()  # not at once
    for _ in range(processing.MAX_ATTEMPTS):
        suppliers.cast.clock.advance(timedelta(minutes=6))
        suppliers.work()
    row.refresh_from_db()
    assert (row.state, row.code, len(suppliers.engine.asked)) == (
        BatchState.FAILED,
        code,
        processing.MAX_ATTEMPTS,
    )
    assert facts_of(row.finished_leaf)["act"] == "batch_failed"
    assert not suppliers.work()


def test_a_batch_whose_worker_died_is_run_again_from_its_file(suppliers: Suppliers) -> None:
    row = suppliers.send().batch
    held = claim_batch(at=suppliers.now)  # … and then the machine lost its power
    assert held is not None
    assert not suppliers.work()
    suppliers.cast.clock.advance(processing.LEASE)
    assert suppliers.work(GOOD)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (BatchState.ACCEPTED, 2)
    assert Leaf.objects.filter(type="COLLECT", object_id=row.id).count() == 2


def test_a_file_that_kills_its_program_again_and_again_is_put_aside(suppliers: Suppliers) -> None:
    row = suppliers.send().batch
    for _ in range(processing.MAX_ATTEMPTS):
        assert claim_batch(at=suppliers.now) is not None
        suppliers.cast.clock.advance(processing.LEASE)
    assert suppliers.work()
    row.refresh_from_db()
    assert (row.state, row.code, suppliers.engine.asked) == (BatchState.FAILED, Code.PROCESSING_FAILED, [])


def test_a_worker_that_was_overtaken_writes_nothing(suppliers: Suppliers) -> None:
    row = suppliers.send().batch

    def slept_too_long() -> None:
        suppliers.engine.meanwhile = lambda: None
        suppliers.cast.clock.advance(processing.LEASE)
        assert suppliers.work()

    suppliers.engine.meanwhile = slept_too_long
    with pytest.raises(Stale):
        suppliers.work()
    row.refresh_from_db()
    assert row.state == BatchState.ACCEPTED
    assert Leaf.objects.filter(type="COLLECT", object_id=row.id).count() == 2


def test_a_watch_keeps_the_lease_and_writes_how_far_it_is_for_this_worker_only(suppliers: Suppliers) -> None:
    row = suppliers.send().batch
    held = claim_batch(at=suppliers.now)
    assert held is not None
    suppliers.cast.clock.advance(timedelta(seconds=50))
    processing._Watch(held, suppliers.cast.clock).write(("check", 1, 2))
    seen = selectors.batch(suppliers.supplier, row.id)
    assert seen.progress == {"step": "check", "done": 1, "of": 2}
    suppliers.cast.clock.advance(timedelta(seconds=50))
    assert not suppliers.work()
    suppliers.cast.clock.advance(timedelta(seconds=20))
    assert suppliers.work()
    processing._Watch(held, suppliers.cast.clock).write(("check", 2, 2))  # the one that was overtaken
    assert selectors.batch(suppliers.supplier, row.id).progress == {}


# -- withdrawal --------------------------------------------------------------------------------------------------------


def _withdraw(suppliers: Suppliers, row: Batch, **changes: object) -> Batch:
    values = {"actor": suppliers.steward, "reason": "口径错了", "expected_version": row.version}
    return withdraw_batch(batch_id=row.id, at=suppliers.now, **{**values, **changes})  # type: ignore[arg-type]


def test_a_withdrawal_takes_the_rows_out_and_then_says_so(suppliers: Suppliers) -> None:
    row = suppliers.done(PARTLY)
    _withdraw(suppliers, row)
    row.refresh_from_db()
    assert (row.state, row.withdrawal_reason) == (BatchState.WITHDRAWING, "口径错了")
    assert suppliers.work()
    row.refresh_from_db()
    assert (row.state, suppliers.engine.withdrawn) == (BatchState.WITHDRAWN, [row.number])
    said = facts_of(row.finished_leaf)
    assert (said["act"], said["rows"]) == ("batch_withdrawn", 6)
    with pytest.raises(Conflict):
        _withdraw(suppliers, row)


def test_a_withdrawal_that_fails_is_tried_until_it_is_done(suppliers: Suppliers) -> None:
    row = suppliers.done()
    _withdraw(suppliers, row)
    suppliers.engine.refuses_withdrawal = OSError(5, "io")
    for _ in range(processing.MAX_ATTEMPTS + 2):
        assert suppliers.work()
        suppliers.cast.clock.advance(processing.LEASE)
    row.refresh_from_db()
    assert row.state == BatchState.WITHDRAWING
    suppliers.engine.refuses_withdrawal = None
    suppliers.work()
    row.refresh_from_db()
    assert row.state == BatchState.WITHDRAWN


def test_only_the_steward_of_the_source_withdraws_with_a_reason_and_what_was_seen(
    suppliers: Suppliers,
) -> None:
    row = suppliers.done()
    leaves = Leaf.objects.count()
    for changes, kind in (
        ({"actor": suppliers.supplier}, Forbidden),
        ({"actor": suppliers.stranger}, NotFound),
        ({"reason": "  "}, Invalid),
        ({"reason": "x" * 201}, Invalid),
        ({"expected_version": row.version - 1}, Stale),
    ):
        with pytest.raises(kind):
            _withdraw(suppliers, row, **changes)
    row.refresh_from_db()
    assert (row.state, Leaf.objects.count()) == (BatchState.ACCEPTED, leaves)


@pytest.mark.parametrize("answer", [NOTHING, Invalid(Code.FILE_UNREADABLE)])
def test_there_is_nothing_to_withdraw_from_what_was_returned(
    suppliers: Suppliers, answer: Outcome | XinqiaoError
) -> None:
    row = suppliers.done(answer)
    with pytest.raises(Conflict) as refused:
        _withdraw(suppliers, row)
    assert refused.value.code is Code.ILLEGAL_MOVE


def test_a_batch_that_is_being_judged_is_not_withdrawn_under_the_workers_hands(suppliers: Suppliers) -> None:
    row = suppliers.send().batch
    claim_batch(at=suppliers.now)
    row.refresh_from_db()
    with pytest.raises(Conflict):
        _withdraw(suppliers, row)


def test_a_batch_that_waits_can_be_withdrawn_and_is_never_judged(suppliers: Suppliers) -> None:
    row = suppliers.send().batch
    _withdraw(suppliers, row)
    assert suppliers.work()
    row.refresh_from_db()
    assert (row.state, suppliers.engine.asked) == (BatchState.WITHDRAWN, [])


# -- another try -------------------------------------------------------------------------------------------------------


def _failed(suppliers: Suppliers) -> Batch:
    row = suppliers.done(RuntimeError("boom"))
    for _ in range(processing.MAX_ATTEMPTS):
        suppliers.cast.clock.advance(timedelta(minutes=6))
        suppliers.work()
    row.refresh_from_db()
    return row


def test_a_failed_batch_is_tried_again_by_its_source_or_the_operator(suppliers: Suppliers) -> None:
    row = _failed(suppliers)
    service = OperatorActor("usr-x", frozenset({OperatorRole.SERVICE}))
    for actor, kind in ((suppliers.stranger, NotFound), (suppliers.cast.security, Forbidden)):
        with pytest.raises(kind):
            retry_batch(actor=actor, batch_id=row.id, expected_version=row.version, at=suppliers.now)
    with pytest.raises(Stale):
        retry_batch(actor=service, batch_id=row.id, expected_version=row.version + 1, at=suppliers.now)
    again = retry_batch(actor=service, batch_id=row.id, expected_version=row.version, at=suppliers.now)
    assert (again.state, again.attempts, again.code) == (BatchState.RECEIVED, 0, "")
    with pytest.raises(Conflict):
        retry_batch(
            actor=suppliers.supplier, batch_id=row.id, expected_version=again.version, at=suppliers.now
        )
    suppliers.work(GOOD)
    row.refresh_from_db()
    assert row.state == BatchState.ACCEPTED


# -- looking -----------------------------------------------------------------------------------------------------------


def test_a_foreign_batch_looks_absent(suppliers: Suppliers) -> None:
    row = suppliers.done(PARTLY)
    for look in (
        lambda: selectors.batch(suppliers.stranger, row.id),
        lambda: selectors.receipt(suppliers.stranger, row.id),
        lambda: refused_rows(suppliers.stranger, row.id, "csv", engine=suppliers.engine),
        lambda: selectors.batch(suppliers.cast.bank, row.id),
        lambda: selectors.batch(suppliers.cast.owner, row.id),
    ):
        with pytest.raises(NotFound):
            look()
    assert selectors.batches(suppliers.stranger, selectors.Wanted()) == []
    assert refused_rows(suppliers.supplier, row.id, "csv", engine=suppliers.engine) == b"rows to correct"


def test_what_is_to_be_corrected_is_counted_until_it_was_sent_again(suppliers: Suppliers) -> None:
    row = suppliers.done(PARTLY)
    assert selectors.to_do_count(suppliers.supplier) == 1
    assert selectors.batch(suppliers.supplier, row.id).to_correct
    suppliers.send(b"x,y\n1,2\n", corrects=row.id)
    assert selectors.to_do_count(suppliers.supplier) == 0
    assert not selectors.batch(suppliers.supplier, row.id).to_correct
    assert selectors.counts(suppliers.supplier, selectors.Wanted()) == {
        "": 2, "correct": 0, "waiting": 1, "failed": 0,
    }  # fmt: skip


def test_a_monthly_item_is_late_after_its_days_and_not_before(suppliers: Suppliers) -> None:
    suppliers.done()
    early = selectors.supply(suppliers.supplier, "water_fee", at=suppliers.now + timedelta(days=36))
    late = selectors.supply(suppliers.supplier, "water_fee", at=suppliers.now + timedelta(days=37))
    assert (early.late_days, late.late_days, late.rows) == (0, 1, 9)
    with pytest.raises(NotFound):
        selectors.supply(suppliers.supplier, "gas_fee", at=suppliers.now)


# -- the worker --------------------------------------------------------------------------------------------------------


def test_a_round_of_the_worker_judges_everything_that_waits(suppliers: Suppliers) -> None:
    rows = [suppliers.send(content).batch for content in (FILE, b"a,b\n1,1\n")]
    worker = Worker(suppliers.cast.client, suppliers.cast.clock, suppliers.engine)
    worker.run_once()
    for row in rows:
        row.refresh_from_db()
        assert row.state == BatchState.ACCEPTED


def test_a_running_worker_judges_beside_its_chores_and_stops(real_suppliers: Suppliers) -> None:
    row = real_suppliers.send().batch
    worker = Worker(real_suppliers.cast.client, real_suppliers.cast.clock, real_suppliers.engine)
    stop = threading.Event()
    real_suppliers.engine.meanwhile = stop.set
    worker.run(stop, pause=0.01)
    row.refresh_from_db()
    assert row.state == BatchState.ACCEPTED
