"""A fake platform and a client of it; no network, no sleeping."""

from collections.abc import Iterator

import pytest
from tests.client.fake_hub import BASE, INSTITUTION, FakeHub

from xinqiao.client import Client, config
from xinqiao.clock import AdjustableClock
from xinqiao.trust.keys import SigningKey


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hashing is slow on purpose; tests hash often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "_N", 2**9)
        yield


@pytest.fixture
def hub(clock: AdjustableClock) -> FakeHub:
    """A platform with one authorisation in force."""
    return FakeHub(clock, SigningKey.generate())


@pytest.fixture
def pauses() -> list[float]:
    """How long the client wanted to wait."""
    return []


@pytest.fixture
def client(hub: FakeHub, clock: AdjustableClock, pauses: list[float]) -> Client:
    """An institution's client."""
    return Client(
        BASE, INSTITUTION, hub.institution_key, anchor=hub.anchor, clock=clock, transport=hub.transport(),
        sleep=pauses.append,
    )  # fmt: skip
