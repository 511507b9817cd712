"""Keys that two parties share for a few minutes, and message authentication codes by them.

Here: the two keys of a session and the tags they make. Not here: how the secret gets to both (sealed, ``jwe``), the shape
of messages (``httpsig`` takes these keys like signing keys), and who is still allowed (whoever has the database).

A tag convinces only the other holder: either could have made it. What must convince others later is signed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final, NamedTuple

from xinqiao.trust.suites import Suite

SECRET_BYTES: Final = 32
#: Type of the sealed payload that carries it.
SESSION_TYPE: Final = "xq-session"


@dataclass(frozen=True, slots=True)
class MacKey:
    """One direction of a session; ``kid`` is the session's name, ``http_alg`` the ``alg`` of RFC 9421."""

    kid: str
    suite: Suite
    http_alg: str
    _secret: bytes = field(repr=False)
    #: The key is taken in once: to find the digest by its name costs as much as a short message.
    _tag: Callable[[bytes], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tag", self.suite.tagger(self._secret))

    def sign(self, message: bytes) -> bytes:
        """32 raw bytes."""
        return self._tag(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether ``signature`` is this key's tag of ``message``; in constant time, never raises."""
        return compare_digest(self._tag(message), signature)


class SessionKeys(NamedTuple):
    """A key for each direction, so that no message can be sent back to whom it came from."""

    request: MacKey
    answer: MacKey


def session_keys(session_id: str, suite: Suite, secret: bytes) -> SessionKeys:
    """The keys of a session from its secret (RFC 5869, expand step). Raises ValueError: it has not 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a session's secret has 32 bytes")
    alg = f"hmac-{suite.digest_name.replace('-', '')}"

    def key(direction: str) -> MacKey:
        made = suite.hmac(secret, f"xinqiao {direction} {session_id}".encode() + b"\x01")
        return MacKey(session_id, suite, alg, made)

    return SessionKeys(key("request"), key("answer"))
