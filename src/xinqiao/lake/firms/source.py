"""Lists of firms as registers hand them out, one CSV row at a time: what goes into the index, and why the rest does not.

Memory is bounded whatever the file: one row is held. UTF-8 (with or without mark) or GB18030, decided by the whole file.
Nothing is repaired: a row without a valid code is put aside with its reason, and a date that is none is left out and
counted.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.renames import NamePeriod
from xinqiao.lake.firms.model import Firm, checked

#: Column headings that are understood, by field.
HEADINGS = {
    "uscc": ("uscc", "统一社会信用代码"),
    "name": ("name", "企业名称", "主体名称"),
    "old_names": ("old_names", "曾用名"),
    "division": ("division", "行政区划代码", "区划代码"),
    "industry": ("industry", "行业代码"),
    "status": ("status", "登记状态", "经营状态"),
    "established_on": ("established_on", "注册日期", "成立日期"),
    "registration_no": ("registration_no", "注册号"),
}
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_FIELD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was put aside. ``row``: 1-based line of data. ``reason``: a code, with the place where there is one."""

    row: int
    field: str
    reason: str
    value: str


@dataclass(slots=True)
class Reading:
    """What a file held: rows, rows put aside by field and reason, and what was left out of rows that were taken."""

    rows: int = 0
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_firms(
    path: Path, reading: Reading, reject: Callable[[Rejected], object] = lambda _: None
) -> Iterator[Firm]:
    """The firms of a file, ``reading`` counting along.

    Raises:
        Invalid: ``FILE_UNREADABLE``, ``FILE_EMPTY`` or ``FILE_COLUMNS`` (no column of codes or of names).
    """
    csv.field_size_limit(_FIELD_LIMIT)
    with path.open(encoding=_encoding(path), newline="") as file:
        lines = csv.reader(file)
        places = _places(next(lines, None), path)
        try:
            for number, line in enumerate(lines, start=1):
                reading.rows += 1
                values = {name: line[place].strip() for name, place in places.items() if place < len(line)}
                firm = _firm(values, number, reading, reject)
                if firm is not None:
                    yield firm
        except csv.Error as error:
            raise Invalid(Code.FILE_UNREADABLE, "no CSV", facts={"file": path.name}) from error


def read_day(text: str) -> date | None:
    """A day written ``2019-04-01`` or ``2019/4/1``; ``None`` for anything else."""
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _encoding(path: Path) -> str:
    """UTF-8 if all of the file is, else GB18030 if all of it is. Raises ``FILE_UNREADABLE``."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                while file.read(1 << 20):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise Invalid(Code.FILE_UNREADABLE, "cannot be opened", facts={"file": path.name}) from error
    raise Invalid(Code.FILE_UNREADABLE, "neither UTF-8 nor GB18030", facts={"file": path.name})


def _places(header: list[str] | None, path: Path) -> dict[str, int]:
    if header is None:
        raise Invalid(Code.FILE_EMPTY, "no line at all", facts={"file": path.name})
    titles = {title.strip().lower(): place for place, title in reversed(list(enumerate(header)))}
    found = {
        name: next((titles[one] for one in words if one in titles), None) for name, words in HEADINGS.items()
    }
    missing = [HEADINGS[name][1] for name in ("uscc", "name") if found[name] is None]
    if missing:
        raise Invalid(Code.FILE_COLUMNS, "columns missing", facts={"file": path.name, "missing": missing})
    return {name: place for name, place in found.items() if place is not None}


def _firm(
    values: dict[str, str], number: int, reading: Reading, reject: Callable[[Rejected], object]
) -> Firm | None:
    day = read_day(values.get("established_on", ""))
    if day is None and values.get("established_on"):
        reading.left_out["established_on", "DATE"] += 1
    old = re.split("[;；]", values.get("old_names", ""))
    firm = Firm(
        values.get("uscc", ""), values.get("name", ""), tuple(NamePeriod(n.strip()) for n in old if n.strip()),
        values.get("division", ""), values.get("industry", ""), values.get("status", ""), day,
        values.get("registration_no", ""),
    )  # fmt: skip
    try:
        return checked(firm)
    except Invalid as refused:
        where = str(refused.facts.get("field", ""))
        place = refused.facts.get("position")
        reason = f"{refused.facts.get('reason', refused.code.value)}{f':{place}' if place else ''}"
        reading.rejected[where, reason] += 1
        reject(Rejected(number, where, reason, values.get(where, "")))
        return None
