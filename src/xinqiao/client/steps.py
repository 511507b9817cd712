"""The exchange as steps: what to send, what came back, how long to wait. No sockets and no sleeping here.

Every operation is a generator that yields steps and is resumed with what came of them. The synchronous and the
asynchronous client only differ in how they carry a step out, so both behave alike to the last retry.
"""

from collections.abc import Generator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Send:
    """One HTTP request, complete and signed; ``content`` goes out as it is."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Got:
    """What came back: header pairs as received, so that a repeated field is seen, and the body undecoded."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first field of this name, or the empty text."""
        return next((value for key, value in self.headers if key.lower() == name), "")


type Step = Send | Pause
#: Resumed with :class:`Got` after a :class:`Send`, with ``None`` after a :class:`Pause`; transport failures are thrown in
#: as :class:`~xinqiao.domain.errors.Unavailable` (``HUB_UNREACHABLE``).
type Steps[T] = Generator[Step, Got | None, T]
