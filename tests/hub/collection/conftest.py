"""The sources, ready to act, with a folder of their own for every test."""

from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.collection.sources import Suppliers, make_suppliers


@pytest.fixture
def suppliers(cast: Cast, tmp_path: Path, settings: Settings) -> Suppliers:
    """Two sources, in a test whose writes are rolled back."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    return make_suppliers(cast)


@pytest.fixture
def real_suppliers(stage: Cast, tmp_path: Path, settings: Settings) -> Suppliers:
    """The same with real commits, for the pipeline's own threads."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    return make_suppliers(stage)
