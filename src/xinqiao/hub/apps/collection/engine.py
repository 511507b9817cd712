"""The seam to the pipeline: what the hub gives it, what it gives back. The hub knows nothing else about it.

The engine keeps everything it needs to be asked twice: a batch that is in the lake already is found there by its number
and not taken again, so that a program which died after the lake's commit and before the database's ends the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import BatchEvent

#: Two places for every batch, so that its withdrawal stands behind it and before the next one: what a later batch has
#: brought since is not taken away with it.
PLACES = 2

type Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One batch for the pipeline. ``folder`` is the batch's own, for what is made beside the file."""

    number: str
    seq: int
    source: str
    item: str
    file: Path
    folder: Path
    received_at: datetime
    data_as_of: date | None
    receipt: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the rows.

    ``event``: ``ACCEPT``, ``ACCEPT_PARTLY``, or ``RETURN`` when too few were good: then the counts are those of a file
    that would have been taken, and nothing of it was. ``receipt``: the pipeline's own, stored and shown.
    """

    event: BatchEvent
    item_version: int
    read: int
    accepted: int
    duplicate: int
    refused: int
    receipt: dict[str, Json]


class Engine(Protocol):
    """The pipeline as the hub sees it."""

    def collect(self, job: Job, progress: Progress) -> Outcome:
        """Judge a file and take its good rows into the lake, whole or not at all; ``progress(step, done, of)``.

        Raises:
            XinqiaoError: the file itself cannot be taken (a status below 500), or not now (above).
        """

    def withdraw(self, job: Job) -> None:
        """Take a batch's rows out of the lake; nothing when there are none."""

    def refused_file(self, job: Job, suffix: str) -> Path:
        """The refused rows as a file to correct, ``.xlsx`` or ``.csv``, made when it is first asked for.

        Raises:
            NotFound: no row was refused.
        """
