"""Fixtures every test may use: a clock that is moved, a fresh hub runtime, the hub's cast."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from tests import database
from xinqiao.clock import AdjustableClock

if TYPE_CHECKING:
    from tests.hub.cast import Cast
    from tests.hub.curtain import Curtain

#: The instant at which every test starts: 10:00 on a Saturday in Shanghai.
START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def _same_runtime() -> Iterator[None]:
    """What a test made the hub read from its own settings ends with it, in whatever order tests run.

    The files of the run are read before the first test, so that nothing a test read first is kept instead.
    """
    from xinqiao.hub.runtime import runtime

    _ = (runtime.catalogue, runtime.redress_rules, runtime.quality_rules)
    before = dict(runtime.__dict__)
    yield
    runtime.__dict__.clear()
    runtime.__dict__.update(before)


@pytest.fixture
def clock() -> AdjustableClock:
    """A frozen clock, also installed as the hub's; move it, never sleep."""
    from xinqiao.hub.runtime import runtime

    moved = runtime.__dict__["clock"] = AdjustableClock(START)
    return moved


@pytest.fixture(scope="session", autouse=True)
def _quickly_emptied() -> Iterator[None]:
    """Tests with real commits leave an empty database, by the short way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", database.empty_after)
        yield


@pytest.fixture(scope="session")
def curtain(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> "Curtain":
    """Everybody of the cast, made once before the first test that asks for them."""
    from tests.hub.curtain import Curtain

    with django_db_blocker.unblock():
        return Curtain(START)


@pytest.fixture(scope="session")
def migrated(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Path | None:
    """An SQLite file with every migration applied and no row of ours, for programs that tests start."""
    if connection.vendor != "sqlite":
        return None
    made = tmp_path_factory.mktemp("migrated") / "hub.sqlite3"
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(made)])
    return made


@pytest.fixture
def cast(curtain: "Curtain", db: None, clock: AdjustableClock) -> "Cast":
    """Everybody, in a test whose writes are rolled back."""
    return curtain.up(clock)


@pytest.fixture
def stage(curtain: "Curtain", transactional_db: None, clock: AdjustableClock) -> "Cast":
    """Everybody, with real commits."""
    return curtain.up(clock)
