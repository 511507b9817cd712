"""The watched folder: complete files only, one batch each, the receipt beside; not the wrong item; after a crash."""

import json
import os
from pathlib import Path

import pytest
from tests.hub.collection.sources import FILE, GOOD, ITEM, NOT_OURS, NOTHING, PARTLY, Suppliers

from xinqiao.hub.apps.collection import inbox
from xinqiao.hub.apps.collection.inbox import watch_inbox
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity import services as identity


@pytest.fixture
def folder(suppliers: Suppliers, tmp_path: Path) -> Path:
    """The folder of the item that the first source sends."""
    place = tmp_path / "inbox" / "ybj" / ITEM
    place.mkdir(parents=True)
    return place


def _drop(suppliers: Suppliers, folder: Path, name: str, content: bytes = FILE, *, old: float = 60) -> Path:
    path = folder / name
    path.write_bytes(content)
    stamp = suppliers.now.timestamp() - old
    os.utime(path, (stamp, stamp))
    return path


def _watch(suppliers: Suppliers, folder: Path) -> int:
    return watch_inbox(folder.parent.parent, at=suppliers.now)


def _names(place: Path) -> list[str]:
    """What is there, without what is unique about the claim."""
    return sorted(path.name[9:] for path in place.iterdir()) if place.is_dir() else []


def test_a_complete_file_is_taken_and_its_receipt_lies_beside_it(suppliers: Suppliers, folder: Path) -> None:
    path = _drop(suppliers, folder, "water.csv")
    assert _watch(suppliers, folder) == 1
    assert not path.exists()
    row = Batch.objects.get()
    assert (row.channel, row.sent_by_id, row.file_name) == ("folder", None, "water.csv")
    assert _watch(suppliers, folder) == 0
    suppliers.work(GOOD)
    _watch(suppliers, folder)
    assert _names(folder / inbox.DONE) == ["water.csv", "water.csv.receipt.json"]
    (receipt,) = (folder / inbox.DONE).glob("*.receipt.json")
    said = json.loads(receipt.read_text())
    assert (said["number"], said["state"], said["accepted"]) == (row.number, "accepted", 9)
    assert list((folder / inbox.TAKEN).iterdir()) == []


@pytest.mark.parametrize("answer", [PARTLY, NOTHING])
def test_what_has_refused_rows_goes_where_somebody_looks(
    suppliers: Suppliers, folder: Path, answer: object
) -> None:
    _drop(suppliers, folder, "water.csv")
    _watch(suppliers, folder)
    suppliers.work(answer)  # type: ignore[arg-type]
    _watch(suppliers, folder)
    assert _names(folder / inbox.REFUSED) == ["water.csv", "water.csv.receipt.json"]


def test_a_file_that_is_still_being_written_is_left_alone(suppliers: Suppliers, folder: Path) -> None:
    _drop(suppliers, folder, "fresh.csv", old=1)
    _drop(suppliers, folder, ".hidden.csv")
    _drop(suppliers, folder, "half.csv.part")
    (folder / "link.csv").symlink_to(_drop(suppliers, folder, "half.csv.tmp"))
    (folder / "some folder").mkdir()
    assert _watch(suppliers, folder) == 0
    assert len(list(folder.iterdir())) == 6


def test_a_file_that_cannot_be_a_batch_is_answered_at_once(suppliers: Suppliers, folder: Path) -> None:
    _drop(suppliers, folder, "water.exe")
    assert _watch(suppliers, folder) == 0
    (receipt,) = (folder / inbox.REFUSED).glob("*.receipt.json")
    assert json.loads(receipt.read_text())["code"] == "MEDIA_TYPE_UNSUPPORTED"
    assert not Batch.objects.exists()


def test_the_same_file_again_is_answered_with_the_same_batch(suppliers: Suppliers, folder: Path) -> None:
    row = suppliers.done(GOOD)
    _drop(suppliers, folder, "again.csv")
    _watch(suppliers, folder)
    _watch(suppliers, folder)
    (receipt,) = (folder / inbox.DONE).glob("*.receipt.json")
    assert json.loads(receipt.read_text())["number"] == row.number
    assert Batch.objects.count() == 1


def test_folders_of_others_and_of_a_suspended_source_are_not_looked_into(
    suppliers: Suppliers, folder: Path
) -> None:
    for place in (folder.parent / NOT_OURS, folder.parent.parent / "nobody" / ITEM):
        place.mkdir(parents=True)
        _drop(suppliers, place, "water.csv")
    assert _watch(suppliers, folder) == 0
    identity.set_source_status(
        actor=suppliers.cast.operator, source_id=suppliers.steward.source_id, active=False, at=suppliers.now
    )
    _drop(suppliers, folder, "water.csv")
    assert _watch(suppliers, folder) == 0


def test_what_was_claimed_when_a_worker_died_is_taken_up_again(
    suppliers: Suppliers, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _drop(suppliers, folder, "water.csv")

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "submit_batch", die)
        with pytest.raises(KeyboardInterrupt):
            _watch(suppliers, folder)
    assert not Batch.objects.exists()
    assert _watch(suppliers, folder) == 1
    _drop(suppliers, folder, "second.csv", b"a,b\n1,2\n")
    with monkeypatch.context() as patched:  # … after the batch, before the note
        patched.setattr(inbox, "_write", die)
        with pytest.raises(KeyboardInterrupt):
            _watch(suppliers, folder)
    _watch(suppliers, folder)
    assert Batch.objects.count() == 2
    while suppliers.work(GOOD):
        pass
    _watch(suppliers, folder)
    assert _names(folder / inbox.DONE) == [
        "second.csv", "second.csv.receipt.json", "water.csv", "water.csv.receipt.json",
    ]  # fmt: skip
