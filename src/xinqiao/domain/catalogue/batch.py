"""The rules of a whole batch, told literally: every row by its own rules, then two rows under one natural key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from xinqiao.domain.catalogue.keys import natural_key, payload
from xinqiao.domain.catalogue.model import Catalogue, Item, RowRule
from xinqiao.domain.catalogue.rows import RowFinding, Verdict, check_row


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """What a batch says, row by row in the order of the file. ``repeats`` are the places of good rows that only say
    again what an earlier one of the batch said: counted, kept once, no mistake."""

    rows: tuple[Verdict, ...]
    repeats: frozenset[int]


def check_batch(
    catalogue: Catalogue, item: Item, rows: Iterable[Mapping[str, str]], *, received_on: date
) -> BatchVerdict:
    """Check every row, then the good ones among each other.

    Good rows under one natural key with different content are all put aside as ``DUPLICATE_KEY``, reported at the first
    field of the key with its parts joined by ``|``: nobody here can say which of them is right.
    """
    verdicts = [check_row(catalogue, item, cells, received_on=received_on) for cells in rows]
    together: dict[tuple[str, ...], list[int]] = {}
    for place, verdict in enumerate(verdicts):
        if verdict.ok:
            together.setdefault(natural_key(item, verdict.values), []).append(place)
    repeats: set[int] = set()
    for key, places in together.items():
        if len({payload(verdicts[place].values) for place in places}) == 1:
            repeats.update(places[1:])
            continue
        finding = RowFinding(item.natural_key[0], RowRule.DUPLICATE_KEY, "|".join(key))
        for place in places:
            verdicts[place] = replace(verdicts[place], findings=(finding,))
    return BatchVerdict(tuple(verdicts), frozenset(repeats))
