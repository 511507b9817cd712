"""Sources with real receipts: batches that go through the real pipeline, or that are told what they found."""

from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.collection.sources import Suppliers, make_suppliers
from tests.hub.quality.supply import Supply

from xinqiao.hub.actors import OperatorActor, OperatorRole


@pytest.fixture
def suppliers(cast: Cast, tmp_path: Path, settings: Settings) -> Suppliers:
    """Two sources, in a test whose writes are rolled back."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    return make_suppliers(cast)


@pytest.fixture
def supply(suppliers: Suppliers) -> Supply:
    """The sources with what they supply, and the service desk."""
    desk = OperatorActor("usr-desk", frozenset({OperatorRole.SERVICE}))
    return Supply(suppliers, desk)
