"""What there is about a firm when it is read of, as values: a report and a portrait are made from the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.report import Record, Supply


@dataclass(frozen=True, slots=True)
class Holdings:
    """What there is about a firm when a report is made: records by item, and which items are gathered at all.

    ``standing``: the version of what is marked and hidden of the records, as it was before they were read.
    """

    catalogue: Catalogue
    records: Mapping[str, Sequence[Record]]
    supplies: Mapping[str, Supply]
    standing: int = 0
