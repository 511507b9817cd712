"""What cannot be recorded is not done (invariant I13), and nothing of a product stays at the hub (abuse case E9)."""

import logging
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import CANARY

from xinqiao.domain.consent import Product
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.fundflow.models import Query
from xinqiao.hub.apps.fundflow.services import display_query, self_query
from xinqiao.hub.gateway import core
from xinqiao.hub.gateway.core import Gateway
from xinqiao.hub.node_client import NodeClient


def test_without_a_recent_checkpoint_nothing_is_released_but_withdrawing_works(world: World) -> None:
    make_checkpoint(at=world.cast.now)
    world.bank.query(world.granted, world.account)
    world.cast.clock.advance(timedelta(seconds=301))
    world.bank.login()
    answer = world.bank.query(world.granted, world.account)
    assert (answer.status_code, answer.json()["code"]) == (503, "AUDIT_UNAVAILABLE")
    assert answer.headers["retry-after"] == "10"
    assert len(world.leaves("USE")) == 1
    world.cast.withdraw(world.cast.owner, world.granted)
    make_checkpoint(at=world.cast.now)
    world.cast.clock.advance(timedelta(seconds=2))
    assert world.bank.query(world.granted, world.account).json()["code"] == "CONSENT_REVOKED"


def test_when_the_log_breaks_between_permit_and_release_nothing_is_released(world: World) -> None:
    async def break_log(_: str) -> None:
        await world.gateway.in_thread(_refuse_leaves)

    def _refuse_leaves() -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "CREATE TRIGGER no_leaf BEFORE INSERT ON audit_leaf BEGIN SELECT RAISE(ABORT, 'disk'); END"
                )
            else:
                cursor.execute(
                    "ALTER TABLE audit_leaf ADD CONSTRAINT no_leaf CHECK (type <> 'USE') NOT VALID"
                )

    world.gateway.sync_points["before_release"] = break_log
    try:
        answer = world.bank.query(world.granted, world.account)
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DROP TRIGGER no_leaf")
            else:
                cursor.execute("ALTER TABLE audit_leaf DROP CONSTRAINT no_leaf")
    assert (answer.status_code, answer.json()["code"]) == (503, "AUDIT_UNAVAILABLE")
    assert "product" not in answer.json()
    assert world.leaves("USE") == []
    world.granted.refresh_from_db()
    assert world.granted.uses == 0


def test_e9_a_product_leaves_no_trace_in_clear_at_the_hub(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    sent = world.bank.prepare(world.granted, world.account)
    answer = world.bank.send(sent)
    assert world.bank.open(answer, sent.key, world.node)["note"] == CANARY
    client = NodeClient(clock=world.cast.clock)
    opened = self_query(
        actor=world.cast.owner,
        binding_id=world.account.id,
        product=Product.SUMMARY,
        months=6,
        client=client,
        clock=world.cast.clock,
    )
    assert opened.product["note"] == CANARY
    assert CANARY not in repr(opened)
    _scan()
    assert CANARY not in caplog.text
    assert set(Query.objects.values_list("reader", "cipher").filter(kind="self")) == {("hub_display", None)}


def _scan() -> None:
    """No canary in any text column of any table, nor in a file of the home."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                assert CANARY not in str([bytes(v) if isinstance(v, memoryview) else v for v in row]), table
    for path in Path(settings.XINQIAO_HOME).rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_an_institution_reads_in_the_portal_and_the_hub_keeps_nothing(world: World) -> None:
    opened = display_query(
        actor=world.cast.bank,
        authorisation_id=world.granted.id,
        account_id=world.account.id,
        product=Product.REPORT,
        months=12,
        client=NodeClient(clock=world.cast.clock),
        clock=world.cast.clock,
    )
    assert opened.product["note"] == CANARY
    use = world.leaves("USE")[0]
    assert (use.facts["reader"], use.index) == ("hub_display", opened.leaf_index)
    row = Query.objects.get()
    assert (row.state, row.cipher, row.uses_left) == ("released", None, 2)
    record = world.bank.get(f"/api/v1/fundflow/queries/{row.id}").json()
    assert record["sealed"] is None


def test_a_self_query_counts_no_use_and_is_recorded_as_one(world: World) -> None:
    opened = self_query(
        actor=world.cast.owner,
        binding_id=world.account.id,
        product=Product.REPORT,
        months=36,
        client=NodeClient(clock=world.cast.clock),
        clock=world.cast.clock,
    )
    leaf = world.leaves("SELF_USE")[0]
    assert (leaf.index, leaf.ids["permit"]) == (opened.leaf_index, world.node.permits[0].jti)
    world.granted.refresh_from_db()
    assert world.granted.uses == 0
    assert world.node.permits[0].include_balance


def test_an_error_tells_nothing_of_the_inside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("/secret/path SELECT * FROM identity_user")

    monkeypatch.setattr(Gateway, "_call", broken)
    answer = world.bank.get("/api/v1/fundflow/queries")
    assert answer.status_code == 503
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


def test_the_sweeper_goes_on_after_whatever_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise abandoned queries stay open and sealed copies outlive a withdrawal until the next start."""
    again = threading.Event()
    rounds: list[int] = []

    async def tidy() -> int:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise ZeroDivisionError("not one of ours")
        again.set()
        return 0

    async def start() -> None:
        world.gateway.start()

    monkeypatch.setattr(core, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(world.gateway, "tidy", tidy)
    world.loop.run(start())
    assert again.wait(10)
