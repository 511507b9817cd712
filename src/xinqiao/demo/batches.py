"""The first batches of a fresh demonstration: water bills of the invented firms, judged by the real pipeline.

The earlier month is in order. In the later one three rows are not, in the ways people get them wrong: two characters of
a code the other way round, a day that does not exist, a required cell left empty; they wait for the visitor.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import cast

from xinqiao.catalogue.template import csv_template
from xinqiao.catalogue.words import example_row
from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import SourceActor, SourceRole
from xinqiao.hub.apps.collection.services import submit_whole
from xinqiao.hub.runtime import runtime

ITEM = "water_fee"
_BLOCK = 1024 * 1024

type Rows = list[dict[str, str]]


def water_bills(firms: list[dict[str, Json]], month: str) -> Rows:
    """One bill for each firm: everything an example row of the item has, with what differs from firm to firm."""
    catalogue = runtime.catalogue
    usual = example_row(catalogue.items[ITEM], catalogue)
    return [
        {
            **usual,
            "ent_name": str(firm["name"]),
            "uscc": str(firm["uscc"]),
            "account_no": f"YL{number:06d}",
            "period": month,
            "address": f"云陵省演示市云栖路 {number} 号",
            "arrears_amount": "0.00" if number % 5 else "318.40",
        }
        for number, firm in enumerate(firms, start=1)
    ]


def with_mistakes(rows: Rows) -> Rows:
    """The same rows, three of them wrong."""
    first, second, third, *rest = rows
    return [
        {**first, "uscc": _turned_round(first["uscc"])},
        {**second, "opened_on": "2019-02-30"},
        {**third, "address": ""},
        *rest,
    ]


def _turned_round(code: str) -> str:
    """A code with two neighbours exchanged, as happens while typing; the check digit finds out."""
    place = next(n for n in range(8, 16) if code[n] != code[n + 1])
    return code[:place] + code[place + 1] + code[place] + code[place + 2 :]


def send_first_batches(credentials: dict[str, object]) -> None:
    """Send them as the demonstration's water company; the worker judges them."""
    firms = cast("list[dict[str, Json]]", credentials["enterprises"])
    actor = supplier_of(credentials, ITEM)
    item = runtime.catalogue.items[ITEM]
    now = runtime.clock.now()
    months = _months_before(now.date())
    for month, spoil in zip(months, (False, True), strict=True):
        rows = water_bills(firms, month)
        submit_whole(
            actor=actor, item=ITEM, file_name=f"water_fee_{month.replace('-', '')}.csv",
            chunks=iter([csv_template(item, with_mistakes(rows) if spoil else rows)]), at=runtime.clock.now(),
        )  # fmt: skip


def send_dossiers(credentials: dict[str, object], files: Iterable[tuple[str, Path]]) -> int:
    """Send a file of each item as the department that supplies it; the worker judges them. Returns how many."""
    sent = 0
    for item, path in files:
        with path.open("rb") as file:
            submit_whole(
                actor=supplier_of(credentials, item), item=item, file_name=path.name,
                chunks=iter(lambda: file.read(_BLOCK), b""), at=runtime.clock.now(),
            )  # fmt: skip
        sent += 1
    return sent


def supplier_of(credentials: dict[str, object], item: str) -> SourceActor:
    """Somebody of the source that supplies an item."""
    source = next(
        one
        for one in cast("list[dict[str, Json]]", credentials["sources"])
        if item in cast("list[str]", one["items"])
    )
    return SourceActor(None, str(source["id"]), frozenset({SourceRole.SUPPLIER}), "陆言（演示报送员）")


def _months_before(day: date) -> tuple[str, str]:
    """The two whole months before a day, the earlier first."""
    number = day.year * 12 + day.month - 1
    return tuple(f"{n // 12}-{n % 12 + 1:02d}" for n in (number - 2, number - 1))  # type: ignore[return-value]
