"""The cast, ready to act; ``cast`` runs inside a rolled-back test, ``stage`` with real commits (for threads)."""

import pytest
from tests.hub.cast import Cast, make_cast

from xinqiao.clock import AdjustableClock


@pytest.fixture
def cast(db: None, clock: AdjustableClock) -> Cast:
    """Everybody, in a test whose writes are rolled back."""
    return make_cast(clock)


@pytest.fixture
def stage(transactional_db: None, clock: AdjustableClock) -> Cast:
    """Everybody, with real commits."""
    return make_cast(clock)
