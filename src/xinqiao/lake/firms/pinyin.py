"""Readings of characters without tones, and the ways a run of Latin letters can be read as syllables and initials.

The table beside this file comes from the data of the package pypinyin (see NOTICE) and is made by
``xinqiao.devtools.pinyin_table``. ``ü`` is ``v``, the way it is typed.
"""

import hashlib
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

_TABLE = files(__package__) / "pinyin.txt"
#: How many ways of reading one run are followed; the next ones only find what nobody meant.
WAYS = 4
LONGEST = 6


class Item(NamedTuple):
    """What one character of a name must be.

    ``kind``: ``H`` this very character, ``S`` read as this syllable, ``P`` read as something that begins so (the last
    item only: somebody is still typing), ``I`` a reading begins with this letter, or it is this letter or digit.
    """

    kind: str
    text: str


@cache
def _load() -> tuple[dict[str, tuple[str, ...]], dict[str, str], str]:
    raw = _TABLE.read_bytes()
    table: dict[str, tuple[str, ...]] = {}
    lines: dict[str, str] = {}
    for line in raw.decode("utf-8").splitlines():
        syllable, chars = line.split(" ")
        lines[syllable] = chars
        for char in chars:
            table[char] = (*table.get(char, ()), syllable)
    return table, lines, hashlib.sha256(raw).hexdigest()[:16]


def readings(char: str) -> tuple[str, ...]:
    """The readings of a character; empty for one that has none, letters and digits among them."""
    return _load()[0].get(char, ())


def initials(char: str) -> tuple[str, ...]:
    """The letters its readings begin with; a Latin letter or a digit is its own."""
    if char.isascii():
        return (char,)
    return tuple(dict.fromkeys(one[0] for one in readings(char)))


def syllables() -> Collection[str]:
    """All syllables of the table."""
    return _load()[1].keys()


def table_digest() -> str:
    """Names the table: an index made with another one would have to be made anew."""
    return _load()[2]


@cache
def beginning(part: str) -> tuple[str, ...]:
    """The syllables that begin with ``part``, in order."""
    return tuple(sorted(one for one in syllables() if one.startswith(part)))


def ways(run: str, *, last: bool) -> list[tuple[Item, ...]]:
    """The likeliest readings of a run of small Latin letters, best first, and always the one letter by letter.

    ``last``: nothing follows the run, so its end may be an unfinished syllable.
    """
    best: list[list[tuple[int, tuple[Item, ...]]]] = [[(0, ())]]
    for end in range(1, len(run) + 1):
        found = [
            (cost + price, (*items, item))
            for start in range(max(0, end - LONGEST), end)
            for item, price in _items(run[start:end], last=last and end == len(run))
            for cost, items in best[start]
        ]
        found.sort(key=lambda one: one[0])
        best.append(found[:WAYS])
    letters = tuple(Item("I", char) for char in run)
    kept = [items for _, items in best[-1] if items != letters]
    return [*kept[: WAYS - 1], letters]


def _items(piece: str, *, last: bool) -> Iterator[tuple[Item, int]]:
    """What a piece can stand for, with a price: few whole syllables are likelier than many letters."""
    if len(piece) == 1:
        yield Item("I", piece), 12
        if piece in syllables():
            yield Item("S", piece), 13
    elif piece in syllables():
        yield Item("S", piece), 10
        if last and len(beginning(piece)) > 1:
            yield Item("P", piece), 11
    elif last and beginning(piece):
        yield Item("P", piece), 11


@lru_cache(maxsize=2048)
def characters(item: Item) -> frozenset[str]:
    """The characters that are what the item asks for."""
    kind, text = item
    if kind == "H":
        return frozenset(text)
    spoken = (text,) if kind == "S" else beginning(text)
    read = {char for one in spoken for char in _load()[1].get(one, "")}
    return frozenset(read | {text} if kind == "I" else read)
