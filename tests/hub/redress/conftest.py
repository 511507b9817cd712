"""The bench of objections and repair, with a lake and a folder of its own for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.redress.bench import Bench, catalogue, make_bench

from xinqiao.hub.apps.collection import held
from xinqiao.hub.runtime import runtime


@pytest.fixture
def bench(cast: Cast, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Everybody, in a test whose writes are rolled back."""
    settings.XINQIAO_LAKE = tmp_path / "lake"
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    monkeypatch.setitem(runtime.__dict__, "catalogue", catalogue())
    held.opened.cache_clear()
    yield make_bench(cast, tmp_path / "lake")
    held.opened.cache_clear()
