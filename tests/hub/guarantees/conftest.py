"""A guarantor beside the house of cases."""

from pathlib import Path

import pytest
from pytest_django import Settings
from tests.hub.cases.house import make_house
from tests.hub.cast import Cast
from tests.hub.guarantees.office import Office, make_office


@pytest.fixture
def office(cast: Cast, tmp_path: Path, settings: Settings) -> Office:
    """In a test whose writes are rolled back."""
    settings.CASE_FILES_DIR = tmp_path / "case_files"
    return make_office(make_house(cast))
