"""What a CSV's bytes say about its quotes and its records, seen once, at a gigabyte a second.

DuckDB's reader drops what follows a quote that is never closed, and mends others, without a word. So quotes are
checked here first, over the positions of the quote bytes only: each opening one stands at a cell's beginning, each
closing one at a cell's end, a doubled one is a closing and an opening. Where that does not hold, the file is read by a
strict reader and written anew.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from xinqiao.lake.files.model import over

_QUOTE: Final = 0x22
_LINE_ENDS: Final = (0x0A, 0x0D)


class Structure:
    """Fed with the pieces of a UTF-8 CSV in order. ``quoted`` and ``regular`` are for certain after :meth:`finish`.

    Raises:
        TooLarge: FILE_LIMITS: a record over ``record_bytes``.
    """

    def __init__(self, delimiter: str, record_bytes: int) -> None:
        self.quoted = False
        self.regular = True
        self._edge = np.zeros(256, np.bool_)
        self._edge[[ord(delimiter), _QUOTE, *_LINE_ENDS]] = True
        self._record_bytes = record_bytes
        self._inside = 0  # 1 when the piece begins within quotes
        self._last = _LINE_ENDS[0]  # the byte before the piece
        self._closed = False  # the byte before was a closing quote
        self._running = 0  # bytes of the record so far

    def feed(self, piece: bytes) -> None:
        """The next piece; never empty."""
        if self._closed:
            self.regular &= bool(self._edge[piece[0]])
            self._closed = False
        if self._inside or b'"' in piece:
            self._quotes(piece)
        else:
            self._measure(piece, piece.find(b"\n"), piece.rfind(b"\n"))
        self._last = piece[-1]

    def finish(self) -> None:
        """The end of the file closes a cell, but no quotes."""
        self.regular &= not self._inside

    def _quotes(self, piece: bytes) -> None:
        self.quoted = True
        codes = np.frombuffer(piece, np.uint8)
        places = np.flatnonzero(codes == _QUOTE)
        opening, closing = places[self._inside :: 2], places[1 - self._inside :: 2]
        before = codes[opening - 1]
        if opening.size and opening[0] == 0:
            before[0] = self._last
        if closing.size and closing[-1] == len(piece) - 1:
            self._closed = True
            closing = closing[:-1]
        self.regular &= bool(self._edge[before].all() and self._edge[codes[closing + 1]].all())
        self._measure(piece, *self._ends(piece, places))
        self._inside = (self._inside + places.size) % 2

    def _ends(self, piece: bytes, places: NDArray[np.intp]) -> tuple[int, int]:
        """The first and the last line end outside quotes, or -1."""
        first, last = piece.find(b"\n"), piece.rfind(b"\n")
        if last < 0 or (self._outside(places, first) and self._outside(places, last)):
            return first, last
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == _LINE_ENDS[0])
        ends = ends[(np.searchsorted(places, ends) + self._inside) % 2 == 0]
        return (int(ends[0]), int(ends[-1])) if ends.size else (-1, -1)

    def _outside(self, places: NDArray[np.intp], place: int) -> bool:
        return (int(np.searchsorted(places, place)) + self._inside) % 2 == 0

    def _measure(self, piece: bytes, first: int, last: int) -> None:
        """The longest record: only those that cross pieces can be long. ``first``, ``last``: its line ends, or -1."""
        if last < 0 and not self._inside and b"\r" in piece:  # an old machine's line ends
            first, last = piece.find(b"\r"), piece.rfind(b"\r")
        self._running += len(piece) if last < 0 else first
        if self._running > self._record_bytes:
            raise over("record_bytes", self._record_bytes)
        if last >= 0:
            self._running = len(piece) - last - 1
