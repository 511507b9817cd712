"""The bank's loan people."""

import pytest
from tests.hub.cast import Cast
from tests.hub.loans.desk import Lenders, make_lenders


@pytest.fixture
def lenders(cast: Cast) -> Lenders:
    """In a test whose writes are rolled back."""
    return make_lenders(cast)
