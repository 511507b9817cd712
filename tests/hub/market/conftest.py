"""The bank's product people."""

import pytest
from tests.hub.cast import Cast
from tests.hub.market.desk import Makers, make_makers


@pytest.fixture
def makers(cast: Cast) -> Makers:
    """In a test whose writes are rolled back."""
    return make_makers(cast)
