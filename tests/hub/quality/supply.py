"""What the two sources of the cast supply, told by receipts with counts: no file is read."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.hub.collection.sources import GOOD, ITEM, Suppliers

from xinqiao.domain.catalogue.receipt import RegionTally
from xinqiao.domain.collection import BatchEvent
from xinqiao.domain.quality import Tally
from xinqiao.hub.actors import OperatorActor, SourceActor
from xinqiao.hub.apps.collection.engine import Outcome
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.notices.services import claim_event, finish_event
from xinqiao.hub.apps.quality.services import SETTLED, batch_settled

TEN = Tally(
    rows=10, accepted=9, required_cells=40, required_filled=38, filled_cells=100, valid_cells=97, compared_rows=8,
    consistent_rows=8, keyed_rows=10, unique_rows=9, timed_rows=10, timely_rows=5, lag_days_sum=37,
)  # fmt: skip
PERFECT = Tally(rows=2, accepted=2, required_cells=8, required_filled=8, filled_cells=8, valid_cells=8)


def found(*cells: tuple[str, Tally], event: BatchEvent = BatchEvent.ACCEPT) -> Outcome:
    """The outcome of a batch with these counts by region."""
    whole = Tally.total(tally for _region, tally in cells)
    receipt = {
        "format": 1, "batch_no": "b", "item": ITEM, "item_version": 1, "source": "s", "digest": "d", "size": 1,
        "received_at": "2026-11-21T00:00:00Z", "status": "accepted", "sheets": [], "rows": whole.rows,
        "accepted": whole.accepted, "refused": whole.rows - whole.accepted, "duplicates": 0, "superseding": None,
        "by_rule": {}, "by_field": {}, "examples": [], "columns": [], "data_as_of": None, "latest_as_of": None,
        "units": {}, "milliseconds": {},
        "quality": [
            {"region": one.region, "tally": {name: getattr(one.tally, name) for name in Tally.__slots__}}
            for one in (RegionTally(region, tally) for region, tally in cells)
        ],
    }  # fmt: skip
    return replace(
        GOOD, event=event, read=whole.rows, accepted=whole.accepted, duplicate=0,
        refused=whole.rows - whole.accepted, receipt=receipt,  # type: ignore[arg-type]
    )  # fmt: skip


@dataclass
class Supply:
    """The sources and an operator of the service desk."""

    suppliers: Suppliers
    desk: OperatorActor
    sent: int = 0

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.suppliers.now

    def pass_days(self, days: int) -> None:
        """Let time go by."""
        self.suppliers.cast.clock.advance(timedelta(days=days))

    def bring(self, outcome: Outcome, *, actor: SourceActor | None = None, item: str = ITEM) -> Batch:
        """A batch that was sent, judged and settled."""
        self.sent += 1
        content = f"a,b\n{self.sent},1\n".encode()
        batch = self.suppliers.send(content, actor=actor, item=item).batch
        assert self.suppliers.work(outcome)
        self.settle()
        return Batch.objects.get(id=batch.id)

    def settle(self) -> int:
        """Do what the outbox brings about batches."""
        done = 0
        while (event := claim_event(topics=[SETTLED], at=self.now)) is not None:
            batch_settled(batch_id=str(event.payload["batch"]), at=self.now)
            finish_event(event_id=event.id, at=self.now)
            done += 1
        return done
