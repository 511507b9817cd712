"""One file of the corpus: how it is made, and what must come of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

OK: Final = "OK"
#: Every outcome a damaged file may have: a flipped bit can leave a sound file, or another kind of damage.
ANY: Final = frozenset(
    {
        OK, "FILE_UNREADABLE", "FILE_EMPTY", "FILE_VALUE", "FILE_LIMITS", "FILE_KIND_UNSUPPORTED", "ARCHIVE_LIMITS",
        "ARCHIVE_UNSAFE", "ENCODING_AMBIGUOUS", "AMBIGUOUS_INPUT", "HEADER_MISMATCH",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """``make`` gives the bytes; ``codes`` the outcomes allowed, ``OK`` for acceptance; ``rows`` what is then read."""

    name: str
    make: Callable[[], bytes]
    codes: frozenset[str]
    rows: int | None = None


def bad(name: str, code: str, make: Callable[[], bytes]) -> Sample:
    """A file that must be refused with just this code."""
    return Sample(name, make, frozenset({code}))


def good(name: str, rows: int, make: Callable[[], bytes]) -> Sample:
    """A harmless twin: taken, with so many rows."""
    return Sample(name, make, frozenset({OK}), rows)


def damaged(name: str, whole: Callable[[], bytes], *, cuts: int, flips: int) -> list[Sample]:
    """Truncations and bit flips of a good file, the same on every run."""

    def cut(number: int) -> Callable[[], bytes]:
        return lambda: (raw := whole())[: len(raw) * (number + 1) // (cuts + 1)]

    def flipped(number: int) -> Callable[[], bytes]:
        def make() -> bytes:
            raw = bytearray(whole())
            draw = random.Random(f"{name} {number}")  # noqa: S311  reproducible, not secret
            for _ in range(1 + number % 3):
                raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
            return bytes(raw)

        return make

    return [
        *(Sample(f"{name} cut {number}", cut(number), ANY) for number in range(cuts)),
        *(Sample(f"{name} flipped {number}", flipped(number), ANY) for number in range(flips)),
    ]
