"""画像: figures of one firm over time, beside firms of the same industry, region and size. No score, no conclusion.

``definitions`` are data; ``measure`` computes them for one firm, ``compose`` for one reader, ``peers`` says who is
compared with and what may be told of them, ``changes`` what differs since a report.
"""

from xinqiao.domain.portrait.changes import Change, Kind, Mark, compare_marks, outgoing, spoken
from xinqiao.domain.portrait.compose import MONTHS, Point, Reading, change, compose_portrait, quarters
from xinqiao.domain.portrait.definitions import FIGURES, HEADCOUNT
from xinqiao.domain.portrait.measure import month_text, months_to, value_at
from xinqiao.domain.portrait.model import Figure, Nil, Part, Take, Theme, Unit
from xinqiao.domain.portrait.peers import (
    LEAST,
    Cell,
    Group,
    Place,
    Position,
    blurred,
    headcount_at,
    narrowest,
    place_of,
    position,
    size_by_headcount,
)

__all__ = [
    "FIGURES",
    "HEADCOUNT",
    "LEAST",
    "MONTHS",
    "Cell",
    "Change",
    "Figure",
    "Group",
    "Kind",
    "Mark",
    "Nil",
    "Part",
    "Place",
    "Point",
    "Position",
    "Reading",
    "Take",
    "Theme",
    "Unit",
    "blurred",
    "change",
    "compare_marks",
    "compose_portrait",
    "headcount_at",
    "month_text",
    "months_to",
    "narrowest",
    "outgoing",
    "place_of",
    "position",
    "quarters",
    "size_by_headcount",
    "spoken",
    "value_at",
]
