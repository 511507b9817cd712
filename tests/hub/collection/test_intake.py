"""Receiving a batch: works, wrong role, another source, repeated, over the limits, a full disk; in pieces."""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.collection.sources import FILE, GOOD, ITEM, NOT_OURS, OTHER_ITEM, PARTLY, Suppliers, kept_files

from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import (
    Code,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    Unavailable,
    Unsupported,
    XinqiaoError,
)
from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.collection import files
from xinqiao.hub.apps.collection.models import Batch, Upload
from xinqiao.hub.apps.collection.services import (
    begin_upload,
    continue_upload,
    finish_upload,
    submit_batch,
    sweep_files,
    withdraw_batch,
)
from xinqiao.hub.apps.identity import services as identity


def test_a_batch_is_its_file_its_row_and_its_leaf(suppliers: Suppliers) -> None:
    leaves = Leaf.objects.count()
    sent = suppliers.send()
    row = sent.batch
    assert (sent.repeated, row.state, row.seq) == (False, BatchState.RECEIVED, 1)
    assert row.number == "B-20261121-0001"
    assert files.batch_file(row.id, row.file_name).read_bytes() == FILE
    assert (row.digest, row.size) == (hashlib.sha256(FILE).hexdigest(), len(FILE))
    (leaf,) = Leaf.objects.filter(index__gte=leaves)
    said = json.loads(bytes(leaf.body))
    assert (leaf.type, leaf.object_id, row.received_leaf) == ("COLLECT", row.id, leaf.index)
    assert said["facts"] == {
        "act": "batch_received", "number": row.number, "source": "ybj", "item": ITEM, "digest": row.digest,
        "bytes": len(FILE), "channel": "portal", "corrects": None,
    }  # fmt: skip
    assert kept_files() == {f"batches/{row.id}/file.csv"}


def test_the_same_file_again_is_the_same_batch_and_leaves_nothing(suppliers: Suppliers) -> None:
    first = suppliers.send().batch
    leaves = Leaf.objects.count()
    again = suppliers.send(name="another-name.csv")
    assert (again.repeated, again.batch.id) == (True, first.id)
    assert (Batch.objects.count(), Leaf.objects.count()) == (1, leaves)
    assert kept_files() == {f"batches/{first.id}/file.csv"}


def test_the_same_file_for_another_item_or_from_another_source_is_another_batch(suppliers: Suppliers) -> None:
    numbers = {
        suppliers.send().batch.number,
        suppliers.send(item=OTHER_ITEM).batch.number,
        suppliers.send(actor=suppliers.stranger).batch.number,
    }
    assert numbers == {f"B-20261121-000{n}" for n in (1, 2, 3)}


def test_what_was_withdrawn_may_be_sent_anew(suppliers: Suppliers) -> None:
    row = suppliers.done()
    withdraw_batch(
        actor=suppliers.steward,
        batch_id=row.id,
        reason="口径错了",
        expected_version=row.version,
        at=suppliers.now,
    )
    assert suppliers.send().batch.id == row.id  # not before it is done
    suppliers.work()
    again = suppliers.send()
    assert (again.repeated, again.batch.id == row.id) == (False, False)


def test_numbers_begin_again_with_the_day_and_their_order_does_not(suppliers: Suppliers) -> None:
    suppliers.send(b"a,b\n1,2\n")
    suppliers.cast.clock.advance(timedelta(days=1))
    row = suppliers.send().batch
    assert (row.number, row.seq) == ("B-20261122-0001", 2)


def _wrong(suppliers: Suppliers, **changes: object) -> XinqiaoError:
    """The refusal of a file; nothing of it is left."""
    before = (Batch.objects.count(), Leaf.objects.count(), kept_files())
    values = {"content": FILE, **changes}
    with pytest.raises(XinqiaoError) as refused:
        suppliers.send(**values)  # type: ignore[arg-type]
    assert (Batch.objects.count(), Leaf.objects.count(), kept_files()) == before
    return refused.value


def test_only_what_a_source_supplies_is_taken_and_only_from_who_may_send(suppliers: Suppliers) -> None:
    looker = SourceActor(suppliers.supplier.user_id, suppliers.supplier.source_id, frozenset(), "甲")
    assert _wrong(suppliers, actor=looker).code is Code.ROLE_FORBIDDEN
    for item in (NOT_OURS, "no_such_item", "legal_representative", "../x"):
        refused = _wrong(suppliers, item=item)
        assert isinstance(refused, Forbidden)
        assert (refused.code, refused.facts) == (Code.ITEM_NOT_SUPPLIED, {"field": "item"})


def test_a_suspended_source_sends_nothing(suppliers: Suppliers) -> None:
    identity.set_source_status(
        actor=suppliers.cast.operator, source_id=suppliers.supplier.source_id, active=False, at=suppliers.now
    )
    assert _wrong(suppliers).code is Code.ROLE_FORBIDDEN


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"content": b""}, Invalid, Code.FILE_EMPTY),
        ({"name": "w.exe"}, Unsupported, Code.MEDIA_TYPE_UNSUPPORTED),
        ({"name": "w"}, Unsupported, Code.MEDIA_TYPE_UNSUPPORTED),
        ({"name": ".csv"}, Invalid, Code.INVALID),
        ({"name": "a\u202eb.csv"}, Invalid, Code.INVALID),
        ({"name": "w" * 160 + ".csv"}, Invalid, Code.INVALID),
        ({"corrects": "bat-" + "0" * 32}, Invalid, Code.INVALID),
    ],
)
def test_what_cannot_be_a_batch_is_refused_with_its_reason(
    suppliers: Suppliers, changes: dict[str, object], kind: type[XinqiaoError], code: Code
) -> None:
    refused = _wrong(suppliers, **changes)
    assert (type(refused), refused.code) == (kind, code)


def test_a_path_in_a_name_leads_nowhere(suppliers: Suppliers) -> None:
    row = suppliers.send(name="C:\\data\\..\\水费 10月.CSV").batch
    assert row.file_name == "水费 10月.CSV"
    assert kept_files() == {f"batches/{row.id}/file.csv"}


def test_a_file_over_the_limit_is_refused_while_it_comes(suppliers: Suppliers, settings: Settings) -> None:
    settings.BATCH_MAX_BYTES = len(FILE) - 1
    assert isinstance(_wrong(suppliers), TooLarge)
    settings.BATCH_MAX_BYTES = len(FILE)
    assert not suppliers.send().repeated


def test_a_source_cannot_crowd_out_the_others(suppliers: Suppliers, settings: Settings) -> None:
    settings.BATCHES_WAITING_PER_SOURCE = 2
    for n in range(2):
        suppliers.send(FILE + bytes([65 + n]))
    refused = _wrong(suppliers)
    assert isinstance(refused, TooMany)
    assert refused.code is Code.QUEUE_FULL
    assert not suppliers.send(actor=suppliers.stranger).repeated  # another source is not held up
    suppliers.work(GOOD)
    assert not suppliers.send().repeated


def test_a_correction_names_a_batch_of_the_same_source_and_item(suppliers: Suppliers) -> None:
    first = suppliers.done(PARTLY)
    assert _wrong(suppliers, content=b"x,y\n1,2\n", corrects=first.id, item=OTHER_ITEM).facts == {
        "field": "corrects"
    }
    assert _wrong(suppliers, content=b"x\n1\n", corrects=first.id, actor=suppliers.stranger).facts == {
        "field": "corrects"
    }
    assert suppliers.send(b"x,y\n1,2\n", corrects=first.id).batch.corrects_id == first.id


def test_a_full_disk_takes_nothing_and_says_so(suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        refused = _wrong(suppliers)
    assert isinstance(refused, Unavailable)
    assert refused.code is Code.STORAGE_UNAVAILABLE
    assert not suppliers.send().repeated


def test_a_crash_between_file_and_row_leaves_a_file_that_is_swept_and_no_row(
    suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    whole.write_bytes(FILE)
    kept = files.keep

    def crash(place: Path, batch_id: str, file_name: str) -> Path:
        kept(place, batch_id, file_name)
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "keep", crash)
    with pytest.raises(KeyboardInterrupt):
        submit_batch(actor=suppliers.supplier, item=ITEM, whole=whole, file_name="w.csv", at=suppliers.now)
    assert (Batch.objects.count(), len(kept_files())) == (0, 1)
    sweep_files(at=suppliers.now)
    assert len(kept_files()) == 1  # it may be of somebody who is just about to commit
    monkeypatch.setattr("xinqiao.hub.apps.collection.uploads._ORPHAN_SECONDS", -60)
    sweep_files(at=suppliers.now)
    assert kept_files() == set()


# -- in pieces ---------------------------------------------------------------------------------------------------------


def _begin(suppliers: Suppliers, **changes: object) -> Upload:
    values = {"actor": suppliers.supplier, "item": ITEM, "file_name": "w.csv", "key": "k1", "size": len(FILE)}
    return begin_upload(**{**values, **changes}, at=suppliers.now)  # type: ignore[arg-type]


def _piece(suppliers: Suppliers, row: Upload, offset: int, content: bytes, **changes: SourceActor) -> Upload:
    actor = changes.get("actor", suppliers.supplier)
    return continue_upload(
        actor=actor, upload_id=row.id, offset=offset, chunks=iter([content]), at=suppliers.now
    )


def test_a_file_comes_in_pieces_and_goes_on_where_it_stopped(suppliers: Suppliers) -> None:
    row = _begin(suppliers)
    assert _piece(suppliers, row, 0, FILE[:10]).received == 10
    with pytest.raises(Conflict) as unfinished:
        finish_upload(actor=suppliers.supplier, upload_id=row.id, at=suppliers.now)
    assert unfinished.value.facts == {"received": 10}
    again = _begin(suppliers)  # the browser was closed and the file chosen again
    assert (again.id, again.received) == (row.id, 10)
    _piece(suppliers, row, 10, FILE[10:])
    done = finish_upload(actor=suppliers.supplier, upload_id=row.id, at=suppliers.now)
    assert done.batch.digest == hashlib.sha256(FILE).hexdigest()
    assert (Upload.objects.count(), kept_files()) == (0, {f"batches/{done.batch.id}/file.csv"})


def test_a_piece_that_comes_twice_changes_nothing(suppliers: Suppliers) -> None:
    row = _begin(suppliers)
    _piece(suppliers, row, 0, FILE[:10])
    with pytest.raises(Conflict) as late:
        _piece(suppliers, row, 0, b"something else")
    assert late.value.facts == {"received": 10}
    _piece(suppliers, row, 10, FILE[10:])
    assert files.incoming(row.id).read_bytes() == FILE


def test_what_an_interrupted_piece_left_is_cut_off(suppliers: Suppliers) -> None:
    row = _begin(suppliers)
    _piece(suppliers, row, 0, FILE[:10])

    def broken() -> Iterator[bytes]:
        yield b"half a piece"
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, Unavailable)):
        continue_upload(
            actor=suppliers.supplier, upload_id=row.id, offset=10, chunks=broken(), at=suppliers.now
        )
    _piece(suppliers, row, 10, FILE[10:])
    assert files.incoming(row.id).read_bytes() == FILE


def test_more_than_was_announced_is_refused_and_the_rest_stays(suppliers: Suppliers) -> None:
    row = _begin(suppliers)
    _piece(suppliers, row, 0, FILE[:10])
    with pytest.raises(TooLarge):
        _piece(suppliers, row, 10, FILE[10:] + b"!")
    _piece(suppliers, row, 10, FILE[10:])
    assert files.incoming(row.id).read_bytes() == FILE


def test_an_upload_is_its_senders_alone(suppliers: Suppliers) -> None:
    row = _begin(suppliers)
    for actor in (suppliers.stranger, suppliers.steward):
        with pytest.raises(NotFound):
            _piece(suppliers, row, 0, b"x", actor=actor)
        with pytest.raises(NotFound):
            finish_upload(actor=actor, upload_id=row.id, at=suppliers.now)
    assert Upload.objects.get().received == 0


def test_uploads_that_nobody_goes_on_with_make_room(suppliers: Suppliers, settings: Settings) -> None:
    settings.UPLOADS_OPEN_PER_SOURCE = 1
    _begin(suppliers)
    with pytest.raises(TooMany):
        _begin(suppliers, key="k2")
    suppliers.cast.clock.advance(timedelta(days=3))
    assert _begin(suppliers, key="k2").received == 0


def test_a_whole_file_that_cannot_be_taken_now_can_be_finished_later(
    suppliers: Suppliers, settings: Settings
) -> None:
    row = _begin(suppliers)
    _piece(suppliers, row, 0, FILE)
    settings.BATCHES_WAITING_PER_SOURCE = 0
    with pytest.raises(TooMany):
        finish_upload(actor=suppliers.supplier, upload_id=row.id, at=suppliers.now)
    settings.BATCHES_WAITING_PER_SOURCE = 1
    assert not finish_upload(actor=suppliers.supplier, upload_id=row.id, at=suppliers.now).repeated
