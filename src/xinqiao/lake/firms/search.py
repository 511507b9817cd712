"""Answering a query of the firm index: from the surest way of being meant to the least sure, until there is enough."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from xinqiao.domain.codes import Kind, resolve
from xinqiao.domain.names import search_form
from xinqiao.lake.firms.grams import Choice, Pattern, patterns, place_terms
from xinqiao.lake.firms.model import Firm, Hit, Match
from xinqiao.lake.firms.rows import firm_of

#: Of one way of reading, as many names are compared at most; what lies beyond shares all terms and still did not fit.
COMPARED = 300
#: As many terms are asked for at most, and the common ones not at all when there are enough others.
ASKED, ENOUGH = 5, 2
#: As many times the limit are collected before they are put in order.
POOL = 3
LONGEST_QUERY = 100


class Narrow(NamedTuple):
    """What an answer must begin with: digits of its place, its industry with the letter. Empty is anything."""

    division: str
    industry: str

    def holds(self, firm: Firm) -> bool:
        """Whether a firm is within."""
        return firm.division.startswith(self.division) and firm.industry.startswith(self.industry)

    def choices(self) -> list[Choice]:
        """The terms of it: the narrowest of the place and of the industry."""
        terms = (place_terms(self.division, "")[-1:], place_terms("", self.industry)[-1:])
        return [(one,) for both in terms for one in both]


class Search:
    """One query. ``common``: how many firms have each of the common terms."""

    def __init__(self, db: sqlite3.Connection, common: Mapping[str, int], narrow: Narrow, limit: int) -> None:
        self._db = db
        self._common = common
        self._narrow = narrow
        self._limit = limit
        self._hits: dict[str, Hit] = {}

    def run(self, text: str) -> list[Hit]:
        """The answers in order."""
        fragments = _fragments(text)
        if not fragments:
            return []
        whole = search_form(text)
        self._exact(whole)
        ways = [patterns(fragment) for fragment in fragments]
        # The readings of several fragments are not multiplied: the first reading of each, then the second, …
        rounds = [[way[min(n, len(way) - 1)] for way in ways] for n in range(max(map(len, ways)))]
        for anchored in (True, False):
            for round_ in rounds:
                if len(self._hits) >= self._limit * POOL:
                    break
                self._collect(round_, anchored=anchored)
        return sorted(self._hits.values(), key=_order)[: self._limit]

    def _exact(self, key: str) -> None:
        pattern = patterns(key)[0]  # letter for letter
        terms = [*pattern.choices(), (f"01{key[0]}",), (f"06{len(key)}0{key[-1]}",)]
        for firm in self._candidates(terms):
            self._take(firm, [name for name in firm.names if search_form(name) == key], Match.EXACT)

    def _collect(self, fragments: Sequence[Pattern], *, anchored: bool) -> None:
        choices = [choice for pattern in fragments for choice in pattern.choices()]
        if anchored:
            choices.append(fragments[0].start())
        elif not choices:
            return
        for firm in self._candidates(choices):
            for name in firm.names:
                match = _match(fragments, search_form(name))
                if match is not None:
                    self._take(firm, [name], match)
                    break
            if len(self._hits) >= self._limit * POOL:
                return

    def _take(self, firm: Firm, by: Sequence[str], match: Match) -> None:
        if by and (firm.uscc not in self._hits or match < self._hits[firm.uscc].match):
            self._hits[firm.uscc] = Hit(firm, match, by[0])

    def _candidates(self, choices: Sequence[Choice]) -> Iterator[Firm]:
        asked = " AND ".join(map(_any, self._rarest([*choices, *self._narrow.choices()])))
        # CROSS JOIN keeps the order of the loops: the walk through the terms outside, one firm by its number inside.
        found = self._db.execute(
            "SELECT firm.* FROM gram CROSS JOIN firm ON firm.id = gram.rowid"
            " WHERE gram MATCH ? ORDER BY gram.rowid LIMIT ?",
            (asked, COMPARED),
        )
        for row in found:
            firm = firm_of(row)
            if self._narrow.holds(firm):
                yield firm

    def _rarest(self, choices: Sequence[Choice]) -> list[Choice]:
        """Enough of the choices to leave few firms. The names are compared anyway, and a long list costs most."""
        counted = sorted((self._firms(choice), -len(choice[0]), choice) for choice in set(choices))
        rare = [choice for firms, _, choice in counted if not firms]
        return rare[:ASKED] if len(rare) >= ENOUGH else [choice for *_, choice in counted[:ASKED]]

    def _firms(self, choice: Choice) -> int:
        """How many firms have one of the terms, as far as they are common; 0 is "few"."""
        return sum(self._common.get(term, 0) for term in choice)


def _fragments(text: str) -> list[str]:
    """What was typed, in search form; Latin words side by side are one run, the spaces between syllables."""
    parts: list[str] = []
    for part in map(search_form, text[:LONGEST_QUERY].split()):
        if part and parts and part.isascii() and parts[-1].isascii():
            parts[-1] += part
        elif part:
            parts.append(part)
    return parts


def _any(choice: Choice) -> str:
    return "(" + " OR ".join(f'"{term}"' for term in choice) + ")"


def _match(fragments: Sequence[Pattern], key: str) -> Match | None:
    """The match of a name that all fragments fit, judged by the first fragment."""
    places = []
    for pattern in fragments:
        at = pattern.at(key)
        if at is None:
            return None
        places.append(at)
    start, spelled = places[0], any(pattern.literal is None for pattern in fragments)
    if spelled:
        return Match.PINYIN if start else Match.PINYIN_PREFIX
    return Match.FRAGMENT if start else Match.PREFIX


def _order(hit: Hit) -> tuple[int, bool, bool, int, str, str]:
    firm = hit.firm
    return hit.match, firm.is_ended, hit.by_old_name, len(hit.by_name), hit.by_name, firm.uscc


def find_codes(db: sqlite3.Connection, text: str) -> list[Hit]:
    """Firms by a number of any kind; see :func:`xinqiao.domain.codes.resolve`."""
    found = resolve(text)
    columns = {
        Kind.USCC: "uscc = ?",
        Kind.ORG_CODE: "substr(uscc, 9, 9) = ?",
        Kind.TAX_NO: "substr(uscc, 9, 9) = ?",
        Kind.REGNO: "registration_no = ? AND registration_no <> ''",
    }
    hits: dict[str, Hit] = {}
    for one in found.readings:
        rows = db.execute(f"SELECT * FROM firm WHERE {columns[one.kind]} LIMIT 50", (one.value,))  # noqa: S608
        for firm in map(firm_of, rows):
            hits.setdefault(firm.uscc, Hit(firm, Match.CODE))
    return list(hits.values())
