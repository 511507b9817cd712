"""What may exist once: whoever loses a race for it is told the same as whoever comes later."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from xinqiao.domain.errors import Code, Conflict, Fact


@contextmanager
def only_once(known: QuerySet[Any], detail: str, facts: Mapping[str, Fact] | None = None) -> Iterator[None]:
    """Write something in the body, inside the open transaction, unless one of ``known`` is there already.

    On PostgreSQL two transactions can both see none; the table's constraint then lets one through. Any other broken
    constraint stays the fault it is.

    Raises:
        Conflict: ``CONFLICT_DUPLICATE``.
    """
    duplicate = Conflict(Code.CONFLICT_DUPLICATE, detail, facts=dict(facts or {}))
    if known.exists():
        raise duplicate
    try:
        with transaction.atomic():  # a savepoint: the transaction goes on being usable for the question below
            yield
    except IntegrityError:
        if known.exists():
            raise duplicate from None
        raise
