"""A firm, the bank's product people and two advisers."""

import pytest
from tests.hub.cast import Cast
from tests.hub.market.desk import make_makers
from tests.hub.needs.stage import Stage


@pytest.fixture
def stage(cast: Cast) -> Stage:
    """In a test whose writes are rolled back."""
    return Stage(cast, make_makers(cast))
