"""Central parities: the list ``date,currency,rate`` that the node's folder and the offline command read alike (rule 2).

``day`` is an older name of the first column. What turns bytes into text is the caller's.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from xinqiao.domain.errors import Code, Fact, Invalid
from xinqiao.domain.period import parse_date

_COLUMNS = ("date", "currency", "rate")
_OLD_NAMES = {"day": "date"}
#: A plain decimal. Fraction alone would take an exponent, and one of nine digits would fill the memory.
_RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)


class ParityTable(Mapping[tuple[str, date], Fraction]):
    """Rates by currency and day; a rate without a day holds for every day that has none of its own.

    Iterating gives the dated rates only, because the days of the others have no end.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str]] = ()) -> None:
        """``rows`` are (day or empty, currency, CNY per one unit) as texts.

        Raises:
            Invalid: ``FILE_VALUE``; ``facts`` hold ``row`` (1 = first) and ``field``.
        """
        self._dated: dict[tuple[str, date], Fraction] = {}
        self._standing: dict[str, Fraction] = {}
        for number, (day, currency, rate) in enumerate(rows, start=1):
            self._add(number, day.strip(), currency.strip().upper(), rate.strip())

    def _add(self, number: int, day: str, currency: str, rate: str) -> None:
        if not currency:
            raise _bad(number, "currency", "a rate without a currency")
        if _RATE.fullmatch(rate) is None:
            raise _bad(number, "rate", "a rate cannot be read")
        value = Fraction(rate)
        if value == 0:
            raise _bad(number, "rate", "a rate must be positive")
        if not day:
            kept = self._standing.setdefault(currency, value)
        else:
            try:
                kept = self._dated.setdefault((currency, parse_date(day)), value)
            except Invalid:
                raise _bad(number, "date", "a date is written YYYY-MM-DD") from None
        if kept != value:
            raise _bad(number, "rate", "two rates for one day")

    def __getitem__(self, key: tuple[str, date]) -> Fraction:
        found = self._dated.get(key)
        return found if found is not None else self._standing[key[0]]

    def __iter__(self) -> Iterator[tuple[str, date]]:
        return iter(self._dated)

    def __len__(self) -> int:
        return len(self._dated)


def read_parity(text: str) -> ParityTable:
    """Read the list as CSV text; further columns are passed over.

    Raises:
        Invalid: ``FILE_COLUMNS`` (``missing`` or ``repeated``), ``FILE_VALUE`` (``row``, ``field``),
            ``FILE_UNREADABLE``.
    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise Invalid(Code.FILE_UNREADABLE, "the list of rates is not a CSV file") from error
    header = [_OLD_NAMES.get(name.strip(), name.strip()) for name in (lines[0] if lines else [])]
    for told, names in (
        ("missing", [name for name in _COLUMNS if name not in header]),
        ("repeated", [name for name in _COLUMNS if header.count(name) > 1]),
    ):
        if names:
            raise Invalid(Code.FILE_COLUMNS, "the columns are date,currency,rate", facts={told: names})
    at = [header.index(name) for name in _COLUMNS]

    def cells(line: list[str]) -> tuple[str, str, str]:
        day, currency, rate = (line[place] if place < len(line) else "" for place in at)
        return day, currency, rate

    return ParityTable(map(cells, lines[1:]))


def _bad(number: int, field: str, why: str) -> Invalid:
    facts: dict[str, Fact] = {"row": number, "field": field}
    return Invalid(Code.FILE_VALUE, f"row {number}: {why}", facts=facts)
