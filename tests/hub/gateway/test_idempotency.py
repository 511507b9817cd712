"""Abuse case D6: one effect for each key, the same bytes again, and nothing lost when a process dies in between."""

import asyncio
from datetime import timedelta

import pytest
from django.db import connection
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import QUERIES
from tests.hub.gateway.test_isolation import REQUEST

from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.fundflow.jobs import AbandonedJob
from xinqiao.hub.apps.fundflow.models import IdempotencyKey, Query
from xinqiao.hub.apps.fundflow.sql import Dialect
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.apps.identity.models import AccessToken, SeenNonce


def test_d6_the_same_key_and_body_give_the_same_bytes_and_one_use(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    first, again = world.bank.send(sent), world.bank.send(sent)
    assert (first.status_code, again.content) == (200, first.content)
    assert len(world.leaves("USE")) == len(world.node.permits) == 1
    assert b'"months"' not in IdempotencyKey.objects.get().body.encode()


def test_d6_a_refusal_is_repeated_byte_for_byte_and_recorded_once(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account, months=30)
    first, again = world.bank.send(sent), world.bank.send(sent)
    assert (first.status_code, again.content) == (403, first.content)
    assert len(world.leaves("DENY")) == 1


def test_d6_the_same_key_with_another_body_never_runs(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)
    world.bank.send(sent)
    other = world.bank.prepare(world.granted, world.account, months=6)
    other.idempotency_key = sent.idempotency_key
    answer = world.bank.send(other)
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert len(world.leaves("USE")) == 1


def test_d6_keys_of_two_tenants_and_operations_do_not_meet(world: World) -> None:
    key = "shared-key-0001"
    sent = world.bank.prepare(world.granted, world.account)
    sent.idempotency_key = key
    assert world.bank.send(sent).status_code == 200
    assert world.bank.post("/api/v1/authorisation-requests", REQUEST, key=key).status_code == 201
    theirs = world.outsider.post("/api/v1/authorisation-requests", REQUEST, key=key)
    assert theirs.status_code == 201
    assert Authorisation.objects.filter(business_ref="SQ-0100").count() == 2


def test_d6_of_sixteen_at_once_one_runs_and_the_others_wait_for_its_answer(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)

    async def all_at_once() -> list[tuple[int, bytes]]:
        world.node.hold = asyncio.Event()
        running = [asyncio.ensure_future(world.bank.send_async(sent)) for _ in range(16)]
        while sum(one.done() for one in running) < 15:
            await asyncio.sleep(0)
        world.node.hold.set()
        return [(one.status_code, one.content) for one in await asyncio.gather(*running)]

    answers = world.loop.run(all_at_once())
    assert sorted(status for status, _ in answers) == [200] + [409] * 15
    released = next(content for status, content in answers if status == 200)
    world.node.hold = None
    assert world.bank.send(sent).content == released
    assert len(world.leaves("USE")) == 1
    assert len(world.leaves("DENY")) == 15


@pytest.mark.parametrize("key", [None, "short", "k" * 81, "with space 1", "k" * 10_240, "schlüssel-0001"])
def test_d6_a_missing_or_odd_key_is_refused(world: World, key: str | None) -> None:
    import json

    sent = world.bank.prepare(world.granted, world.account)
    content = json.dumps(sent.body).encode()
    ascii_key = key if key is None or key.isascii() else None
    headers = world.bank.signed("POST", QUERIES, content, idempotency_key=ascii_key)
    if key is not None and not key.isascii():
        headers["Idempotency-Key"] = key
    answer = world.bank.raw("POST", QUERIES, headers, content)
    expected = "IDEMPOTENCY_KEY_REQUIRED" if key is None else None
    assert answer.status_code in (400, 401)
    assert expected is None or answer.json()["code"] == expected
    assert world.node.permits == []


def test_d6_after_the_window_business_rules_still_refuse_a_duplicate(world: World) -> None:
    key = "request-window-1"
    assert world.bank.post("/api/v1/authorisation-requests", REQUEST, key=key).status_code == 201
    world.cast.clock.advance(timedelta(hours=25))
    world.bank.login()
    again = world.bank.post("/api/v1/authorisation-requests", REQUEST, key=key)
    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT_DUPLICATE")
    assert Authorisation.objects.filter(business_ref="SQ-0100").count() == 1


def test_a_query_whose_process_died_is_closed_as_failed_and_its_key_is_free(world: World) -> None:
    sent = world.bank.prepare(world.granted, world.account)

    async def die() -> None:
        world.node.hold = asyncio.Event()
        running = asyncio.ensure_future(world.bank.send_async(sent))
        while not Query_permitted():
            await asyncio.sleep(0.001)
        running.cancel()  # the process that held it is gone: nobody will ever write its end
        await asyncio.gather(running, return_exceptions=True)

    def Query_permitted() -> bool:
        return bool(world.gateway.writer.jobs >= 3)

    world.loop.run(die())
    world.node.hold = None
    waiting = Query.objects.get()
    assert waiting.state == "permitted"
    assert world.loop.run(world.gateway.tidy()) == 0, "a young one may still be under way"
    world.cast.clock.advance(timedelta(seconds=46))
    assert world.loop.run(world.gateway.tidy()) == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.code) == ("failed", "PROVIDER_TIMEOUT")
    assert [leaf.ids["permit"] for leaf in world.leaves("FAIL")] == [waiting.permit_jti]
    assert not IdempotencyKey.objects.exists()


def test_what_has_had_its_time_is_forgotten_after_its_last_instant(world: World) -> None:
    SeenNonce.objects.all().delete()
    AccessToken.objects.all().delete()
    end = world.cast.now + timedelta(seconds=70)
    SeenNonce.objects.create(scope="key-1", nonce="n", expires_at=end)
    AccessToken.objects.create(
        token_hash="h", institution_id=world.cast.bank.institution_id, jkt="k", expires_at=end
    )
    world.cast.clock.set(end)
    world.loop.run(world.gateway.tidy())
    assert (SeenNonce.objects.count(), AccessToken.objects.count()) == (1, 1)
    world.cast.clock.advance(timedelta(microseconds=1))
    world.loop.run(world.gateway.tidy())
    assert (SeenNonce.objects.count(), AccessToken.objects.count()) == (0, 0)


def test_all_abandoned_queries_are_found_in_one_question(world: World) -> None:
    """A gateway that comes back after an outage must not ask once for each of them while it holds the writer."""
    for _ in range(3):
        ask = world.bank.query(world.granted, world.account)
        assert ask.status_code == 200
    Query.objects.update(state="permitted", end_leaf=None)
    asked: list[str] = []

    class Counting:
        def __init__(self, cursor: object) -> None:
            self._cursor = cursor

        def execute(self, sql: str, params: object = ()) -> object:
            asked.append(sql)
            return self._cursor.execute(sql, params)  # type: ignore[attr-defined]

        def fetchall(self) -> object:
            return self._cursor.fetchall()  # type: ignore[attr-defined]

    with connection.cursor() as cursor:
        dialect = Dialect("postgresql" if connection.vendor == "postgresql" else "sqlite")
        at = world.cast.now + timedelta(minutes=1)
        tx = Tx(Counting(cursor), dialect, at, audit_failing=False)  # type: ignore[arg-type]
        step = AbandonedJob().run(tx)
        with pytest.raises(StopIteration) as end:
            next(step)
    assert len(end.value.value) == 3
    assert {job.authorisation_id for job in end.value.value} == {world.granted.id}
    assert len(asked) == 1
