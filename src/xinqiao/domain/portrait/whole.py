"""A whole portrait as one value: what a page, a paper or a document is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from xinqiao.domain.portrait.changes import Change
from xinqiao.domain.portrait.compose import Reading
from xinqiao.domain.portrait.peers import Cell, Group, Place


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure beside its peers: the group that is shown, and its cells by month, the figure's own month among them."""

    group: Group
    cell: Cell
    months: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Since:
    """What is compared with: the last report that left marks, and what differs from it."""

    number: str
    generated_at: datetime
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Portrait:
    """Figures of one firm for one reader.

    Attributes:
        month: the last whole month; nothing after it is looked at.
        place: where the register puts the firm; ``None`` when it does not know it, or there is no register.
        insured: the headcount behind the size; ``None`` when not known or not to be known by this reader.
        peers: by figure; a figure without an entry has too few peers, or none were counted.
        counted_at: when the peers of the month were counted; ``None`` when they were not.
        least: how many other firms a group must have.
        since: ``None`` when no report left marks.
        reader: ``subject`` for the firm itself, else ``institution``.
        absent: items of the list that are not stored anywhere here, so that no figure is made of them.
    """

    uscc: str
    name: str
    reader: str
    catalogue: str
    month: str
    generated_at: datetime
    readings: tuple[Reading, ...]
    least: int
    place: Place | None = None
    insured: int | None = None
    peers: Mapping[str, Compared] = field(default_factory=dict)
    counted_at: datetime | None = None
    since: Since | None = None
    absent: tuple[str, ...] = ()

    @property
    def own(self) -> bool:
        """Whether the firm reads about itself."""
        return self.reader == "subject"
