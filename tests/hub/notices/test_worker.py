"""The outbox and the worker: nothing is lost, nothing is delivered twice at once, a dead node costs nothing."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction
from tests.hub.cast import Cast

from xinqiao.clock import AdjustableClock
from xinqiao.domain.errors import NotFound
from xinqiao.hub.apps.audit.models import Checkpoint
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.consents.summary import what_you_entrust
from xinqiao.hub.apps.notices import services as notices
from xinqiao.hub.apps.notices.models import Notice, OutboxEvent
from xinqiao.hub.apps.notices.selectors import notices as notices_of
from xinqiao.hub.apps.notices.selectors import parked_events
from xinqiao.hub.worker import Worker
from xinqiao.ui.i18n import Language


def sign(cast: Cast) -> Binding:
    binding = cast.presented()
    seen = what_you_entrust(binding, language=Language.ZH)
    consents.sign_entrustment(
        actor=cast.owner,
        binding_id=binding.id,
        second_factor_id=cast.factor(cast.owner, seen, binding.id),
        shown_digest=seen.digest,
        expected_version=binding.version,
        at=cast.now,
    )
    return binding


def test_the_worker_delivers_entrustments_and_terminations(cast: Cast) -> None:
    binding = sign(cast)
    worker = Worker.make(cast.client)

    assert worker.run_once() == 1
    assert Binding.objects.get(id=binding.id).state == "bound"
    consents.unbind(actor=cast.owner, binding_id=binding.id, at=cast.now)
    assert worker.run_once() == 1
    assert cast.fake.calls[-1][0] == "/node/v1/terminations"
    assert worker.run_once() == 0


def test_a_failed_delivery_is_tried_again_later_and_parked_in_the_end(cast: Cast) -> None:
    sign(cast)
    cast.fake.answers["/node/v1/entrustments"] = lambda body: (500, {"code": "INVALID"})
    worker = Worker.make(cast.client)

    assert worker.run_once() == 0
    assert worker.run_once() == 0
    assert OutboxEvent.objects.get().attempts == 1
    for _ in range(notices.MAX_ATTEMPTS):
        cast.clock.advance(timedelta(hours=2))
        worker.run_once()
    assert [event.attempts for event in parked_events()] == [notices.MAX_ATTEMPTS]


def test_a_worker_that_died_with_an_event_in_hand_loses_nothing(cast: Cast) -> None:
    sign(cast)
    assert notices.claim_event(topics=[consents.DELIVER_ENTRUSTMENT], at=cast.now) is not None
    assert Worker.make(cast.client).run_once() == 0
    cast.clock.advance(timedelta(seconds=notices.CLAIM_SECONDS))
    assert Worker.make(cast.client).run_once() == 1


def test_an_event_is_announced_once_for_a_key(cast: Cast) -> None:
    with transaction.atomic():
        for _ in range(3):
            notices.announce(topic="t", key="k", payload={}, at=cast.now)
    assert OutboxEvent.objects.filter(topic="t").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(clock: AdjustableClock) -> None:
    with pytest.raises(RuntimeError):
        notices.announce(topic="t", key="k", payload={}, at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_several_workers_never_hold_the_same_event(clock: AdjustableClock) -> None:
    with transaction.atomic():
        for number in range(20):
            notices.announce(topic="t", key=str(number), payload={}, at=clock.now())
    taken: list[str] = []

    def work() -> None:
        try:
            while (event := notices.claim_event(topics=["t"], at=clock.now())) is not None:
                taken.append(event.key)
                notices.finish_event(event_id=event.id, at=clock.now())
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(str(number) for number in range(20))


def test_the_worker_lapses_requests_and_makes_checkpoints(cast: Cast) -> None:
    row = cast.requested()
    worker = Worker.make(cast.client)
    worker.run_once()
    first = Checkpoint.objects.count()
    assert first == 1
    cast.clock.set(row.request_expires_at)
    worker.run_once()
    assert Authorisation.objects.get(id=row.id).state == "lapsed"
    cast.clock.advance(timedelta(seconds=10))
    worker.run_once()
    assert Checkpoint.objects.count() > first


def test_a_foreign_notice_cannot_be_marked_read(cast: Cast) -> None:
    cast.requested()
    (notice,) = notices_of(cast.owner)
    with pytest.raises(NotFound):
        notices.mark_read(actor=cast.stranger, notice_id=notice.id, at=cast.now)
    notices.mark_read(actor=cast.clerk, notice_id=notice.id, at=cast.now)
    assert Notice.objects.get(id=notice.id).read_at == cast.now
