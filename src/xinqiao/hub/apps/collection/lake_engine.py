"""The pipeline behind the seam: staging in a limited child, judging and taking by ``xinqiao.lake``."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from django.conf import settings

from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.catalogue.receipt import BatchStatus, Receipt
from xinqiao.domain.collection import BatchEvent
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound, Unavailable
from xinqiao.hub.apps.collection.catalogue import collected_item
from xinqiao.hub.apps.collection.engine import PLACES, Job, Outcome, Progress
from xinqiao.hub.runtime import runtime
from xinqiao.lake.collect import Means, Terms, collect, quarantine_file
from xinqiao.lake.files import Limits, Staged, expected_names, stage
from xinqiao.lake.store import Lake

_EVENTS = {
    BatchStatus.ACCEPTED: BatchEvent.ACCEPT,
    BatchStatus.PARTLY: BatchEvent.ACCEPT_PARTLY,
    BatchStatus.REJECTED: BatchEvent.RETURN,
}


class LakeEngine:
    """The engine of this platform."""

    def collect(self, job: Job, progress: Progress) -> Outcome:
        """See ``Engine``."""
        item = _item(job)
        with self._staged(job, item) as staged:
            receipt = self._run(job, item, staged, progress)
        return Outcome(
            event=_EVENTS[receipt.status],
            item_version=receipt.item_version,
            read=receipt.rows,
            accepted=receipt.accepted,
            duplicate=receipt.duplicates,
            refused=receipt.refused,
            receipt=receipt.to_json(),
        )

    def withdraw(self, job: Job) -> None:
        """See ``Engine``: the same file once more, whose rows now withdraw the records they name."""
        if job.receipt is None:
            return  # it was withdrawn before it was judged
        item = _item(job)
        with self._staged(job, item) as staged:
            self._run(job, item, staged, lambda step, done, of: None, withdrawal=True)

    def refused_file(self, job: Job, suffix: str) -> Path:
        """See ``Engine``."""
        place = job.folder / f"refused{suffix}"
        if place.is_file():
            return place
        if job.receipt is None:
            raise NotFound
        with tempfile.TemporaryDirectory(dir=job.folder) as beside:
            made = quarantine_file(
                _lake(),
                Receipt.from_json(job.receipt),
                runtime.catalogue,
                Path(beside) / place.name,
                file_format=suffix[1:],
            )
            made.replace(place)
        return place

    def _run(
        self, job: Job, item: Item, staged: Staged, progress: Progress, *, withdrawal: bool = False
    ) -> Receipt:
        number = f"{job.number}-W" if withdrawal else job.number
        lake = _lake()
        try:
            receipt = collect(
                lake, replace(staged, digest=_own_digest(lake, item, number, staged.digest)), item, runtime.catalogue,
                source=job.source, batch_no=number, seq=PLACES * job.seq + withdrawal, received_at=job.received_at,
                data_as_of=job.data_as_of, terms=Terms(withdrawal=withdrawal), means=_means(), progress=progress,
            )  # fmt: skip
        except Conflict as error:
            if error.code is Code.LAKE_BUSY:
                raise Unavailable(error.code, error.detail) from error
            raise
        return replace(receipt, digest=staged.digest)

    @contextmanager
    def _staged(self, job: Job, item: Item) -> Iterator[Staged]:
        """The file made readable, in a folder that is gone afterwards; what a dead worker left is removed first."""
        place = job.folder / "staged"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        try:
            limits = Limits(upload_bytes=settings.BATCH_MAX_BYTES)
            yield stage(job.file, place, limits=limits, expected=expected_names(item))
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _item(job: Job) -> Item:
    item = collected_item(job.item)
    if item is None:
        raise Invalid(Code.ITEM_NOT_SUPPLIED, "no such item now", facts={"field": "item"})
    return item


def _own_digest(lake: Lake, item: Item, number: str, digest: str) -> str:
    """What the lake is to know the file by.

    It takes no digest twice. A file that it knows from another source, or from a batch that was withdrawn since, comes
    as a batch of its own all the same: whether this source sent it already was decided when it was received.
    """
    known = lake.batch_of_digest(item.id, digest)
    if known is None or known.batch_no == number:
        return digest
    return hashlib.sha256(f"{number}\n{digest}".encode()).hexdigest()


def _means() -> Means:
    # the key of the hashes that stand for persons' numbers: derived, so that there is one file to keep safe
    return Means(secret=bytes.fromhex(runtime.blind_index("lake", "subjects")))


@cache
def _opened(folder: Path) -> Lake:
    return Lake.open(folder, create=True)


def _lake() -> Lake:
    return _opened(Path(settings.XINQIAO_LAKE))
