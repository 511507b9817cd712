"""A running gateway, desks of two institutions, and a listening node. Real commits, because the writer is a thread."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker
from tests.hub.cast import Cast
from tests.hub.curtain import Act, Curtain
from tests.hub.gateway.desk import Desk, LoopThread, TcpNode, make_desk, place_node
from tests.hub.items_cast import ItemCast

from xinqiao.clock import AdjustableClock
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.fundflow import selectors
from xinqiao.hub.gateway.app import Application, Plane
from xinqiao.hub.gateway.core import Gateway
from xinqiao.provider.testing.department import TestClock
from xinqiao.trust.leaf import Leaf as ParsedLeaf
from xinqiao.trust.leaf import parse_leaf

if TYPE_CHECKING:
    from tests.hub.gateway.item_scene import Scene


@dataclass
class World:
    """Everything of a test through the gateway."""

    cast: Cast
    loop: LoopThread
    gateway: Gateway
    app: Application
    bank: Desk
    outsider: Desk
    node: TcpNode
    account: Binding
    granted: Authorisation

    def leaves(self, kind: str | None = None) -> list[ParsedLeaf]:
        """Leaves in order, perhaps of one type."""
        rows = Leaf.objects.order_by("index")
        if kind is not None:
            rows = rows.filter(type=kind)
        return [parse_leaf(bytes(row.body)) for row in rows]


def grant(cast: Cast) -> tuple[Binding, Authorisation]:
    """The owner binds an account and confirms what the bank asks."""
    account = cast.bound()
    return account, cast.confirmed(account)


@pytest.fixture(scope="session")
def granting(curtain: Curtain, django_db_blocker: DjangoDbBlocker) -> Act[tuple[Binding, Authorisation]]:
    """That, done once."""
    with django_db_blocker.unblock():
        return Act(curtain, "kept_grant", grant)


@pytest.fixture
def world(
    granting: Act[tuple[Binding, Authorisation]], transactional_db: None, clock: AdjustableClock
) -> Iterator[World]:
    """The bank holds a confirmed authorisation for the owner's account; the outsider holds none."""
    stage, (account, granted) = granting.up(clock)
    selectors._lookups.clear()
    loop = LoopThread()
    gateway = Gateway(clock=stage.clock, pace=TestClock().pace())
    app = Application(plane=Plane.DATA, gateway=gateway)
    node = TcpNode(stage.fake.node_id, stage.fake.key)
    loop.run(node.start())
    place_node(stage, node)
    bank, outsider = (make_desk(stage, loop, app, who) for who in (stage.bank, stage.outsider))
    yield World(stage, loop, gateway, app, bank, outsider, node, account, granted)
    loop.run(node.stop())
    loop.run(_stop(gateway))
    loop.close()
    connections.close_all()


async def _stop(gateway: Gateway) -> None:
    await gateway.stop()


@pytest.fixture
def scene(world: World, tmp_path: Path) -> "Iterator[Scene]":
    """The world with a department's node in it."""
    from tests.hub.gateway.department import DepartmentNode
    from tests.hub.gateway.item_scene import Scene

    node = DepartmentNode(tmp_path / "department", world.cast)
    world.loop.run(node.start())
    node.open()
    yield Scene(world, ItemCast(world.cast), node)
    world.loop.run(node.stop())
