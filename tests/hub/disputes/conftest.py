"""A case that was guaranteed and lent, between a firm and its bank."""

from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cases.house import House, make_house
from tests.hub.cast import Cast


@pytest.fixture
def house(cast: Cast, tmp_path: Path, settings: Settings) -> House:
    """In a test whose writes are rolled back, with a folder of its own for files."""
    settings.CASE_FILES_DIR = tmp_path / "case_files"
    return make_house(cast)
