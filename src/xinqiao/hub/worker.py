"""The worker: delivers the outbox, makes checkpoints, lapses requests, looks after nodes, checks batches. May run twice at once.

``run_once`` does what is due at an instant and is what tests call; ``run`` repeats it until told to stop. Every chore is
harmless when done twice at once.
"""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connections

from xinqiao.clock import Clock
from xinqiao.domain.errors import XinqiaoError
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.cases.outcomes import history as case_history
from xinqiao.hub.apps.cases.services import sweep_case_files, work_clock
from xinqiao.hub.apps.collection.engine import Engine
from xinqiao.hub.apps.collection.inbox import watch_inbox
from xinqiao.hub.apps.collection.replaced import count_replaced
from xinqiao.hub.apps.collection.services import process_next, sweep_files
from xinqiao.hub.apps.collection.tidying import tidy_lake
from xinqiao.hub.apps.consents.services import (
    DELIVER_ENTRUSTMENT,
    DELIVER_TERMINATION,
    deliver_entrustment,
    deliver_termination,
    lapse_requests,
)
from xinqiao.hub.apps.dossiers.services import sweep_dossiers
from xinqiao.hub.apps.guarantees.clock import keep_up
from xinqiao.hub.apps.identity.models import Node
from xinqiao.hub.apps.identity.services import record_node_health, sweep_confirmations
from xinqiao.hub.apps.items.requests import lapse_items
from xinqiao.hub.apps.needs.matching import match_waiting
from xinqiao.hub.apps.notices.models import OutboxEvent
from xinqiao.hub.apps.notices.services import claim_event, finish_event, retry_event
from xinqiao.hub.apps.policies.claims import end_terms
from xinqiao.hub.apps.policies.finding import evaluate
from xinqiao.hub.apps.quality.monthly import publish_due
from xinqiao.hub.apps.quality.services import (
    SETTLED,
    USED,
    batch_settled,
    count_dossiers,
    count_use,
    measure_agreement,
    month_of,
    watch_supply,
)
from xinqiao.hub.apps.redress.services import expire_published, push_to_lake, sweep_evidence, tell_late
from xinqiao.hub.apps.reports.peers import refresh_peers
from xinqiao.hub.node_client import NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.lake.background import step_back

log = logging.getLogger("xinqiao.worker")

_LAST_WORDS_SECONDS = 5.0
#: Rounds of ending publications in one go, of some hundreds each: a day on which much ends must not hold up the rest.
_ROUNDS = 20

type Deliver = Callable[[OutboxEvent, NodeClient, datetime], None]
type Chore = Callable[[NodeClient, datetime], None]


@dataclass(slots=True)
class Schedule:
    """A chore and how often it is due; each worker keeps its own time, because every chore may run twice."""

    name: str
    chore: Chore
    each: timedelta
    next_at: datetime | None = None


def _entrustment(event: OutboxEvent, client: NodeClient, at: datetime) -> None:
    deliver_entrustment(entrustment_id=str(event.payload["entrustment"]), client=client, at=at)


def _termination(event: OutboxEvent, client: NodeClient, at: datetime) -> None:
    deliver_termination(binding_id=str(event.payload["binding"]), client=client)


def _settled(event: OutboxEvent, client: NodeClient, at: datetime) -> None:
    batch_settled(batch_id=str(event.payload["batch"]), at=at)


def _used(event: OutboxEvent, client: NodeClient, at: datetime) -> None:
    count_use(event=event)


def _checkpoint(client: NodeClient, at: datetime) -> None:
    make_checkpoint(at=at)


def _lapse(client: NodeClient, at: datetime) -> None:
    lapse_requests(actor=SystemActor("worker"), at=at)
    lapse_items(actor=SystemActor("worker"), at=at)


def _sweep(client: NodeClient, at: datetime) -> None:
    sweep_confirmations(at=at)


def _sweep_files(client: NodeClient, at: datetime) -> None:
    sweep_files(at=at)


def _redress(client: NodeClient, at: datetime) -> None:
    tell_late(at=at)
    sweep_evidence(at=at)


def _cases(client: NodeClient, at: datetime) -> None:
    work_clock(at=at)
    sweep_case_files(at=at)


def _suppress(client: NodeClient, at: datetime) -> None:
    for _ in range(_ROUNDS):
        ended = expire_published(at=at)
        push_to_lake(at=at)
        if not ended:
            break


def _guarantees(client: NodeClient, at: datetime) -> None:
    keep_up(at=at)


def _policy_terms(client: NodeClient, at: datetime) -> None:
    end_terms(at=at)


def _find_policies(client: NodeClient, at: datetime) -> None:
    evaluate(at=at)


def _sweep_dossiers(client: NodeClient, at: datetime) -> None:
    sweep_dossiers(at=at)


def _inbox(client: NodeClient, at: datetime) -> None:
    if settings.XINQIAO_INBOX is not None:
        watch_inbox(Path(settings.XINQIAO_INBOX), at=at)


def _health(client: NodeClient, at: datetime) -> None:
    for node in list(Node.objects.filter(status="active")):
        record_node_health(node_id=node.id, health=client.health(node.base_url), at=at)


def _needs(client: NodeClient, at: datetime) -> None:
    match_waiting(at=at, history=case_history)


def _supply(client: NodeClient, at: datetime) -> None:
    watch_supply(at=at)


def _agreement(client: NodeClient, at: datetime) -> None:
    measure_agreement(month_of(at))


def _dossiers(client: NodeClient, at: datetime) -> None:
    count_dossiers(month_of(at))


def _monthly(client: NodeClient, at: datetime) -> None:
    publish_due(at=at)


def _replaced(client: NodeClient, at: datetime) -> None:
    count_replaced(at=at)


def _compact(client: NodeClient, at: datetime) -> None:
    tidy_lake()


def _peers(client: NodeClient, at: datetime) -> None:
    refresh_peers(at=at, most=1)  # a month at a time: batches wait meanwhile


_deliveries: dict[str, Deliver] = {
    DELIVER_ENTRUSTMENT: _entrustment,
    DELIVER_TERMINATION: _termination,
    SETTLED: _settled,
    USED: _used,
}
_chores: list[tuple[str, Chore, timedelta]] = [
    ("checkpoint", _checkpoint, timedelta(seconds=settings.CHECKPOINT_EVERY_SECONDS)),
    ("lapse", _lapse, timedelta(seconds=30)),
    ("health", _health, timedelta(seconds=30)),
    ("sweep", _sweep, timedelta(minutes=5)),
    ("files", _sweep_files, timedelta(minutes=10)),
    ("dossiers", _sweep_dossiers, timedelta(minutes=1)),
    ("inbox", _inbox, timedelta(seconds=2)),
    ("redress", _redress, timedelta(minutes=10)),
    ("suppress", _suppress, timedelta(minutes=10)),
    ("cases", _cases, timedelta(minutes=5)),
    ("guarantees", _guarantees, timedelta(minutes=1)),
    ("supply", _supply, timedelta(minutes=10)),
    ("needs", _needs, timedelta(seconds=10)),
    ("policy terms", _policy_terms, timedelta(minutes=10)),
]
#: These look through records and may take minutes: they run beside the batches, where no checkpoint waits for them.
_slow_chores: list[tuple[str, Chore, timedelta]] = [
    ("replaced", _replaced, timedelta(seconds=2)),
    ("compaction", _compact, timedelta(minutes=10)),
    ("agreement", _agreement, timedelta(hours=24)),
    ("dossiers", _dossiers, timedelta(hours=1)),
    ("monthly", _monthly, timedelta(minutes=10)),
    ("policies", _find_policies, timedelta(hours=24)),
    ("peers", _peers, timedelta(seconds=10)),
]


@dataclass(slots=True)
class Worker:
    """One worker process."""

    client: NodeClient
    clock: Clock
    engine: Engine | None = None
    schedules: list[Schedule] = field(default_factory=list)
    slow: list[Schedule] = field(default_factory=list)

    @classmethod
    def make(cls, client: NodeClient | None = None) -> "Worker":
        """A worker on the hub's own clock, with every chore."""
        schedules = [Schedule(name, chore, each) for name, chore, each in _chores]
        slow = [Schedule(name, chore, each) for name, chore, each in _slow_chores]
        return cls(client or NodeClient(), runtime.clock, schedules=schedules, slow=slow)

    def run_once(self) -> int:
        """Do every chore that is due, deliver what is due, check the batches that wait; returns how many were delivered."""
        delivered = self._round()
        while process_next(engine=self.engine, clock=self.clock):
            pass
        self._due(self.slow)
        return delivered

    def _round(self) -> int:
        self._due(self.schedules)
        return self._deliver()

    def _due(self, schedules: list[Schedule]) -> None:
        for schedule in schedules:
            now = self.clock.now()
            if schedule.next_at is None or now >= schedule.next_at:
                schedule.next_at = now + schedule.each
                self._do(schedule, now)

    def _do(self, schedule: Schedule, now: datetime) -> None:
        try:
            schedule.chore(self.client, now)
        except XinqiaoError as error:
            log.warning("%s: %s", schedule.name, error.code)
        except Exception:
            log.exception("%s failed", schedule.name)

    def _deliver(self) -> int:
        delivered = 0
        while True:
            now = self.clock.now()
            event = claim_event(topics=list(_deliveries), at=now)
            if event is None:
                return delivered
            try:
                _deliveries[event.topic](event, self.client, now)
            except XinqiaoError as error:
                retry_event(event=event, error=f"{error.code}: {error.detail}", at=self.clock.now())
            except Exception as error:
                log.exception("event %s failed", event.topic)
                retry_event(event=event, error=type(error).__name__, at=self.clock.now())
            else:
                finish_event(event_id=event.id, at=self.clock.now())
                delivered += 1

    def run(self, stop: threading.Event, pause: float = 0.5) -> None:
        """Repeat until ``stop`` is set. Batches have a thread of their own: a large one must not hold up a checkpoint."""
        collector = threading.Thread(
            target=self._collect_until, args=(stop, pause), name="collector", daemon=True
        )
        collector.start()
        while not stop.is_set():
            close_old_connections()
            try:
                self._round()
            except Exception:
                log.exception("worker round failed")
            stop.wait(pause)
        # A batch under way is left where it is: its lease ends, and it is taken up again from its file.
        collector.join(timeout=_LAST_WORDS_SECONDS)

    def _collect_until(self, stop: threading.Event, pause: float) -> None:
        step_back()
        while not stop.is_set():
            close_old_connections()
            try:
                busy = process_next(engine=self.engine, clock=self.clock)
                if not busy:
                    self._due(self.slow)
            except Exception:
                log.exception("collecting failed")
                busy = False
            if not busy:
                stop.wait(pause)
        connections.close_all()


def main() -> int:
    """Run a worker until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    Worker.make().run(stop)
    return 0
