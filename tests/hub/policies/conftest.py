"""The department and its people."""

from pathlib import Path

import pytest
from django.conf import settings
from tests.hub.cast import Cast
from tests.hub.policies.bureau import Bureau, make_bureau


@pytest.fixture(autouse=True)
def _own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EVIDENCE_DIR", tmp_path / "evidence")


@pytest.fixture
def bureau(cast: Cast) -> Bureau:
    """In a test whose writes are rolled back."""
    return make_bureau(cast)
