"""企业自行申报 in a report: what the firm says of itself, marked as such, or why nothing of it is shown.

The same three sentences as for records: the platform does not ask for it; it does and the firm has said nothing; or the
firm does not let this reader see it. The third says nothing about whether anything was declared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from xinqiao.domain.catalogue.declared import FORM_ID, Form, read_answers
from xinqiao.domain.report.compose import Availability
from xinqiao.domain.report.sight import Cell, Sight, cell_of

#: How an institution that may make a report reads it: commercial secrets in clear, persons masked.
SHARED_SIGHT = Sight(items=frozenset({FORM_ID}))


@dataclass(frozen=True, slots=True)
class Declaration:
    """One version of what a firm declared. ``texts``: by field, as typed; none: it took back what it had said.

    ``shared``: whether institutions it authorised for a credit report see it.
    """

    version: int
    at: datetime
    shared: bool
    texts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """One field as a reader sees it."""

    name: str
    label: str
    label_en: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class SelfDeclared:
    """The part of a report. ``as_of``: when the firm said so; nobody has verified it since, or before."""

    availability: Availability = Availability.NOT_COLLECTED
    version: int = 0
    as_of: datetime | None = None
    lines: tuple[Said, ...] = ()


def compose_declared(form: Form | None, latest: Declaration | None, *, own: bool, on: date) -> SelfDeclared:
    """What one reader sees of the newest declaration.

    Args:
        form: the form in force, ``None`` where the platform asks for none. What it no longer asks for is not shown.
        latest: the newest version, ``None`` before the first.
        own: the firm reads about itself.
        on: the day, in Shanghai.
    """
    if form is None:
        return SelfDeclared()
    # asked first: what is not let out must look the same with and without content
    if latest is not None and not own and not latest.shared:
        return SelfDeclared(Availability.NOT_AUTHORISED)
    values = read_answers(form, latest.texts, on=on).values if latest else {}
    if latest is None or not values:
        return SelfDeclared(Availability.NO_RECORD)
    item, sight = form.item, Sight(is_subject=True) if own else SHARED_SIGHT
    lines = tuple(
        Said(one.name, one.label, one.label_en, cell_of(item, one, values[one.name], sight, form.codes(one)))
        for one in form.fields
        if one.name in values
    )
    return SelfDeclared(Availability.SHOWN, latest.version, latest.at, lines)
