"""The shape of a portrait's figures: which fields of which items, over which months, and why there may be none.

A figure is data. Two executors read it: :mod:`.measure`, for one firm, and ``xinqiao.lake.portrait``, in SQL for all
firms at once; a test holds them against each other.
"""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a figure is measured in. Money is in yuan."""

    YUAN = "yuan"
    PERSONS = "persons"
    KWH = "kwh"
    KVA = "kva"
    M3 = "m3"
    COUNT = "count"
    #: a share of one or a quotient of two figures
    RATIO = "ratio"


class Theme(StrEnum):
    """Where a figure stands in the portrait."""

    PEOPLE = "people"
    UTILITIES = "utilities"
    DEALINGS = "dealings"
    RIGHTS = "rights"
    FARMING = "farming"
    ADVERSE = "adverse"


class Take(StrEnum):
    """What is taken of the rows that belong to a month."""

    #: Σ of a field; a row in which it is empty adds nothing, and if it is empty in all there is no figure
    SUM = "sum"
    #: how many rows
    COUNT = "count"
    #: how many different months have a row, over the months of the span
    MONTHS = "months"


class Nil(StrEnum):
    """Why there is no figure; a closed list. No figure is never nought."""

    #: the platform gathers none of its items
    NOT_COLLECTED = "NOT_COLLECTED"
    #: the reader may see none of its items; says nothing about whether there is a record
    NOT_AUTHORISED = "NOT_AUTHORISED"
    #: gathered, and nothing about this firm in the months it is about
    NO_RECORD = "NO_RECORD"
    #: there are records, and the source left the field empty
    NOT_FILLED = "NOT_FILLED"
    #: fewer months are known than the figure needs
    SHORT_HISTORY = "SHORT_HISTORY"
    #: divided by nought
    ZERO_DENOMINATOR = "ZERO_DENOMINATOR"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one item that a figure takes.

    Attributes:
        item: id of a collected item.
        at: the field that says when: a month ``YYYY-MM``, or a day. With ``until`` it is where a state begins.
        field: the field summed; empty where rows are counted.
        until: the field where a state ends; a row then belongs to every month at whose end the state holds.
        last_day: whether the state still holds on the day of ``until`` (a licence does, a listing taken off does not).
        status: the field of the row's own state, with ``never`` and ``ended``.
        never: states in which a row is not counted at all.
        ended: states in which a row without an end is over all the same.
        reaches: two fields; only rows in which the first is at least the second.
    """

    item: str
    at: str
    field: str = ""
    until: str = ""
    last_day: bool = False
    status: str = ""
    never: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    reaches: tuple[str, str] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that is looked at."""
        named = (self.at, self.field, self.until, self.status, *(self.reaches or ()))
        return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the portrait.

    Attributes:
        id, version: a changed meaning is a new version, and peers of another version are not compared with.
        key: its name in the document.
        span: how many months, the month asked for being the last; rows with a state (``until``) have no span.
        take: see :class:`Take`.
        over: divided by the sum of these.
        zero: that nothing is known means nought, because the source lists every case there is.
        history: whether earlier months are shown. Adverse facts have none: what was taken off a list is not told on.
        zh, en: the name. plain: one sentence for a shop owner; formula: 口径.
    """

    id: str
    key: str
    theme: Theme
    unit: Unit
    parts: tuple[Part, ...]
    zh: str
    en: str
    plain: str
    formula: str
    span: int = 1
    take: Take = Take.SUM
    over: tuple[Part, ...] = ()
    zero: bool = False
    history: bool = True
    version: int = 1

    @property
    def adds_up(self) -> bool:
        """Whether three months make a quarter by adding; else a quarter is its last month."""
        return self.span == 1 and not self.over and self.take is Take.SUM and self.unit in (Unit.KWH, Unit.M3)

    @property
    def items(self) -> tuple[str, ...]:
        """The items it is made of, each once."""
        return tuple(dict.fromkeys(part.item for part in (*self.parts, *self.over)))
