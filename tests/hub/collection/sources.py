"""Two data sources and a pipeline that does as it is told: the cast of the collection tests.

* 澄州医保局 (``steward``, ``supplier``): sends 医疗保障欠费信息 and 水费
* 澜县水务 (``stranger``): another source, which must never see anything of the first
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tests.hub.cast import Cast

from xinqiao.domain.collection import BatchEvent
from xinqiao.domain.errors import NotFound
from xinqiao.hub.actors import SourceActor, SourceRole, SystemActor
from xinqiao.hub.apps.collection import files, uploads
from xinqiao.hub.apps.collection.engine import Job, Outcome, Progress
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.services import Submitted, process_next
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import SourceMember
from xinqiao.hub.apps.identity.selectors import source_actor

ITEM, OTHER_ITEM, NOT_OURS = "water_fee", "medical_insurance_arrears", "gas_fee"
PASSWORD = "long-enough-password"
FILE = "统一社会信用代码,欠费\n91330100MA2XQA0013,1\n".encode()

GOOD = Outcome(
    event=BatchEvent.ACCEPT, item_version=1, read=10, accepted=9, duplicate=1, refused=0,
    receipt={"format": 1, "by_field": {}, "examples": []},
)  # fmt: skip
PARTLY = replace(
    GOOD, event=BatchEvent.ACCEPT_PARTLY, accepted=6, refused=3,
    receipt={
        "format": 1,
        "by_field": {"uscc": {"BAD_USCC": 2}, "water_amount_due": {"REQUIRED": 1}},
        "examples": [
            {"row": 4, "field": "uscc", "rule": "BAD_USCC", "value": "9133…<b>"},
            {"row": 7, "field": "water_amount_due", "rule": "REQUIRED", "value": ""},
        ],
    },
)  # fmt: skip
NOTHING = replace(PARTLY, event=BatchEvent.RETURN, read=4, accepted=1, duplicate=0)


@dataclass
class ToldEngine:
    """A pipeline that answers what a test wants, and remembers what it was asked."""

    answer: Outcome | Exception = GOOD
    asked: list[Job] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    refuses_withdrawal: Exception | None = None
    meanwhile: Callable[[], None] = lambda: None

    def collect(self, job: Job, progress: Progress) -> Outcome:
        """Read the file really, then answer as told."""
        self.asked.append(job)
        assert job.file.read_bytes()
        progress("check", 1, 2)
        self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def withdraw(self, job: Job) -> None:
        """Remember."""
        if self.refuses_withdrawal is not None:
            raise self.refuses_withdrawal
        self.withdrawn.append(job.number)

    def refused_file(self, job: Job, suffix: str) -> Path:
        """A file with something in it."""
        if not job.folder.is_dir():
            raise NotFound
        place = job.folder / f"refused{suffix}"
        place.write_bytes(b"rows to correct")
        return place


@dataclass
class Suppliers:
    """Everybody around collection."""

    cast: Cast
    steward: SourceActor
    supplier: SourceActor
    stranger: SourceActor
    engine: ToldEngine

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    def send(
        self, content: bytes = FILE, *, actor: SourceActor | None = None, item: str = ITEM, name: str = "w.csv",
        corrects: str | None = None,
    ) -> Submitted:  # fmt: skip
        """Send a file as a form without script does."""
        return uploads.submit_whole(
            actor=actor or self.supplier, item=item, file_name=name, chunks=iter([content]), at=self.now,
            corrects_id=corrects,
        )  # fmt: skip

    def work(self, answer: Outcome | Exception | None = None) -> bool:
        """Let the worker do one batch."""
        if answer is not None:
            self.engine.answer = answer
        return process_next(engine=self.engine, clock=self.cast.clock)

    def done(self, answer: Outcome | Exception = GOOD, content: bytes = FILE) -> Batch:
        """A batch that was sent and judged."""
        batch = self.send(content).batch
        self.work(answer)
        return Batch.objects.get(id=batch.id)


def _register(code: str, name: str, items: list[str], at: datetime) -> SourceMember:
    return identity.register_source(
        actor=SystemActor("test"), code=code, name=name, short_name=name, kind="department", division="330100",
        items=items, username=f"{code}.steward", password=PASSWORD, display_name="沈砚", at=at, is_demo=True,
    )  # fmt: skip


def make_suppliers(cast: Cast) -> Suppliers:
    """Register both sources with their people."""
    steward = source_actor(_register("ybj", "澄州医保局", [ITEM, OTHER_ITEM], cast.now))
    stranger = source_actor(_register("lanshui", "澜县水务", [ITEM, NOT_OURS], cast.now))
    supplier = identity.add_source_member(
        actor=steward, source_id=steward.source_id, username="ybj.supplier", password=PASSWORD, display_name="陆言",
        roles=frozenset({SourceRole.SUPPLIER}), at=cast.now,
    )  # fmt: skip
    return Suppliers(cast, steward, source_actor(supplier), stranger, ToldEngine())


def kept_files() -> set[str]:
    """Everything of collection that is on the disk."""
    root = files.incoming("x").parent.parent
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
