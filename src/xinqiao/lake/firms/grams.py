"""The terms a firm is found by, and the terms a query asks for.

Neighbouring characters give three kinds of terms: the two characters (``远山``), their two syllables (``yuan0shan``) and
their two or three first letters (``00ys``, ``00ysk``). Terms of three letters keep the lists of initials short; terms of
two make every fragment of two characters findable. A syllable anywhere (``07yuan``) helps where it has a letter beside it. What the terms let through is compared with the name itself
afterwards, so that a term too many costs time and never a wrong answer.

Every term but two characters begins with a digit of its own kind or has ``0`` between two syllables.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice, pairwise, product

from xinqiao.lake.firms.pinyin import WAYS, Item, beginning, characters, initials, readings, ways

#: A choice of terms, one of which must be there.
type Choice = tuple[str, ...]
#: Choices longer than this would cost more than they spare.
MOST_CHOICES = 12


@lru_cache(maxsize=1 << 18)
def _pair(a: str, b: str) -> tuple[str, ...]:
    spoken = [f"{x}0{y}" for x, y in product(readings(a), readings(b))]
    letters = [f"00{x}{y}" for x, y in product(initials(a), initials(b))]
    return (a + b, *spoken, *letters)


def name_terms(key: str) -> set[str]:
    """The terms of one name in its search form."""
    if not key:
        return set()
    terms = {f"01{key[0]}", f"06{len(key)}0{key[-1]}"}
    terms.update(f"02{one}" for one in readings(key[0]))
    terms.update(f"03{one}" for one in initials(key[0]))
    terms.update(f"07{one}" for char in key for one in readings(char))
    for a, b in pairwise(key):
        terms.update(_pair(a, b))
    first = [initials(char) for char in key]
    for x, y, z in zip(first, first[1:], first[2:], strict=False):
        terms.update(f"00{a}{b}{c}" for a, b, c in product(x, y, z))
    return terms


def place_terms(division: str, industry: str) -> list[str]:
    """The terms of the filters: province, city, county; section, division, group, class."""
    terms = [f"04{division[:n]}" for n in (2, 4, 6) if len(division) >= n]
    if industry:
        terms.append(f"05{industry[:1]}")
        terms += [f"05{industry[: n + 1]}" for n in (2, 3, 4) if len(industry) > n]
    return [term.lower() for term in terms]


class Pattern:
    """One way of reading a fragment: items that must fit characters side by side."""

    __slots__ = ("_sets", "items", "literal")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = tuple(items)
        self._sets: list[frozenset[str]] | None = None
        #: the text itself when every item is a very character
        self.literal = "".join(item.text for item in items) if all(i.kind == "H" for i in items) else None

    def at(self, key: str) -> int | None:
        """Where in the name it fits first, or ``None``."""
        if self.literal is not None:
            return at if (at := key.find(self.literal)) >= 0 else None
        if self._sets is None:
            self._sets = [characters(item) for item in self.items]
        first, rest = self._sets[0], self._sets[1:]
        for start in range(len(key) - len(rest)):
            if key[start] in first and all(key[start + n] in s for n, s in enumerate(rest, start=1)):
                return start
        return None

    def choices(self) -> list[Choice]:
        """What every name it fits has among its terms."""
        items = self.items
        # Two letters say nothing that the three around them do not say.
        found = [_two(a, b) for a, b in pairwise(items) if len(items) == 2 or "I" not in (a.kind, b.kind)]
        found += [
            tuple(f"00{a}{b}{c}" for a, b, c in product(*map(_letters, three)))
            for three in zip(items, items[1:], items[2:], strict=False)
            if any(item.kind == "I" for item in three)
        ]
        if len(items) > 1 and any(item.kind == "I" for item in items):
            found += [_sounds(item) for item in items if item.kind in "SP"]
        return [one for one in found if 0 < len(one) <= MOST_CHOICES]

    def start(self) -> Choice:
        """The terms of a name that begins with its first item."""
        kind, text = self.items[0]
        match kind:
            case "H":
                return (f"01{text}",)
            case "S":
                return (f"02{text}",)
            case "P":
                return tuple(f"02{one}" for one in beginning(text)[:MOST_CHOICES])
            case _:
                return (f"03{text}",)


def _letters(item: Item) -> tuple[str, ...]:
    return initials(item.text) if item.kind == "H" else (item.text[0],)


def _spoken(item: Item) -> tuple[str, ...]:
    match item.kind:
        case "H":
            return readings(item.text)
        case "P":
            return beginning(item.text)
        case _:
            return (item.text,)


def _sounds(item: Item) -> Choice:
    return tuple(f"07{one}" for one in _spoken(item))


def _two(a: Item, b: Item) -> Choice:
    if a.kind == b.kind == "H":
        return (a.text + b.text,)
    if "I" not in (a.kind, b.kind):
        spoken = tuple(f"{x}0{y}" for x, y in product(_spoken(a), _spoken(b)))
        if 0 < len(spoken) <= MOST_CHOICES:
            return spoken
    return tuple(f"00{x}{y}" for x, y in product(_letters(a), _letters(b)))


def patterns(fragment: str) -> list[Pattern]:
    """The ways to read a fragment in its search form: letter for letter, then the likeliest as pinyin."""
    literal = Pattern([Item("H", char) for char in fragment])
    if not any(char.isascii() and char.isalpha() for char in fragment):
        return [literal]
    runs = _runs(fragment)
    options: list[Iterable[tuple[Item, ...]]] = []
    for number, (latin, run) in enumerate(runs):
        if latin:
            options.append(ways(run, last=number == len(runs) - 1))
        else:
            options.append([tuple(Item("H", char) for char in run)])
    joined = (sum(parts, ()) for parts in product(*options))
    return [literal, *(Pattern(items) for items in islice(dict.fromkeys(joined), WAYS))]


def _runs(fragment: str) -> list[tuple[bool, str]]:
    runs: list[tuple[bool, str]] = []
    for char in fragment:
        latin = char.isascii() and char.isalpha()
        if runs and runs[-1][0] == latin:
            runs[-1] = (latin, runs[-1][1] + char)
        else:
            runs.append((latin, char))
    return runs
