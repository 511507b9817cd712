"""A node of the small bank for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from xinqiao.provider import setup
from xinqiao.provider.testing import NodeFixture


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hashing is slow on purpose; every node of a test has a user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "_N", 2**9)
        yield


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeFixture]:
    """A running node, nothing bound yet."""
    made = NodeFixture(tmp_path / "node", users=(("node", "吴桐", "correct horse battery"),))
    yield made
    made.close()
