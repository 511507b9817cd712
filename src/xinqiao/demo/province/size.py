"""How large a province is: records, firms, registered users, and what follows for the lake."""

from dataclasses import asdict, dataclass
from typing import Self

from xinqiao.domain.canonical import Json

#: A whole province (Shanxi), as the goals of this project state it; a part of it has so many of everything.
RECORDS = 1_746_000_000
FIRMS_OF_A_TENTH = 3_000_000
REGISTERED = 217_691
MOST_FIRMS = 4_500_000
ITEMS = 17
#: Rows of an item in a bucket, on average. A batch that is not compacted yet is read through whole for a lookup, so a
#: bucket must be small; every bucket is a file, so it must not be tiny.
ROWS_OF_A_BUCKET = 40_000
_MOST_BUCKETS = 1_024


@dataclass(frozen=True, slots=True)
class Size:
    """What is made. The same size gives the same bytes.

    Attributes:
        records: rows of all items together.
        firms: who they are about.
        registered: of these firms, those whose dossiers are read while it goes on.
        piece_rows: about how many rows a file has, which is a batch.
        errors: share of the rows with a planted mistake.
        seed: of everything.
        items: only these; all that are collected when there are none.
    """

    records: int
    firms: int
    registered: int
    piece_rows: int
    errors: float
    seed: int
    items: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, scale: float, *, piece_rows: int, errors: float, seed: int, items: tuple[str, ...] = ()
    ) -> Self:
        """A part of a province; a tenth has three million firms, all of it no more than were assumed for it."""
        share = min(1.0, scale * 10)
        return cls(
            records=max(ITEMS, round(RECORDS * scale)),
            firms=max(1, min(MOST_FIRMS, round(FIRMS_OF_A_TENTH * scale * 10))),
            registered=max(1, round(REGISTERED * share)),
            piece_rows=piece_rows,
            errors=errors,
            seed=seed,
            items=items,
        )

    @property
    def buckets(self) -> int:
        """A power of two that gives an average item buckets of some tens of thousands of rows."""
        wanted = max(1, self.records // (len(self.items) or ITEMS) // ROWS_OF_A_BUCKET)
        return min(_MOST_BUCKETS, 1 << wanted.bit_length() - 1)

    def to_json(self) -> dict[str, Json]:
        """For the file of what was begun."""
        return {**asdict(self), "items": [*self.items]}
