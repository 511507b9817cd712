"""A node of the small bank for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from xinqiao.provider.testing import NodeFixture


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeFixture]:
    """A running node, nothing bound yet."""
    made = NodeFixture(tmp_path / "node", users=(("node", "吴桐", "correct horse battery"),))
    yield made
    made.close()
