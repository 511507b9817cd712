"""Makes the case files of every item: ``python -m tests.catalogue.cases``.

``tests/cases/catalogue/ITEM/should_pass.csv`` and ``should_fail.csv`` carry the headers of the template and one more
column, 期望: the findings of the row as ``field:RULE``, joined by ``;``. What is expected follows from the mistake that
was planted and the limits in the data file; the checker under test is not asked.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from xinqiao.catalogue import load
from xinqiao.catalogue.words import example_row
from xinqiao.domain.catalogue.fields import is_dated
from xinqiao.domain.catalogue.model import CrossKind, Field, FieldType, Item, RowRule

FOLDER = Path(__file__).parents[1] / "cases" / "catalogue"
EXPECTED = "期望"
CATALOGUE = load()
#: Invented codes and published sample numbers whose check digits hold; the last is invented: 143 mod 11 = 0, check 1.
USCCS = (
    "91140105MA0DEM013B",
    "92140106MA0DEM021H",
    "93140121MA0DEM03XW",
    "91110108MA0DEM11XG",
    "91330106MA2DEM1210",
)
PEOPLE = (
    "11010519491231002X",
    "440524188001010014",
    "110101199003071233",
    "110101198501010017",
    "140105198001010011",
)

type Row = dict[str, str]

#: One or more texts of a type that are wrong, with the rule each breaks.
WRONG: dict[FieldType, tuple[tuple[str, RowRule], ...]] = {
    FieldType.STRING: (("甲\u200b乙", RowRule.BAD_FORMAT),),
    FieldType.TEXT: (("甲\u202e乙", RowRule.BAD_FORMAT),),
    FieldType.DATE: (("2023-02-29", RowRule.BAD_DATE), ("2025.06.30", RowRule.BAD_DATE)),
    FieldType.DECIMAL: (
        ("1,000", RowRule.BAD_DECIMAL),
        ("１２", RowRule.BAD_DECIMAL),
        ("1.0000001", RowRule.BAD_DECIMAL),
    ),
    FieldType.INTEGER: (("12.0", RowRule.BAD_INTEGER), ("十二", RowRule.BAD_INTEGER)),
    FieldType.BOOLEAN: (("有", RowRule.BAD_BOOLEAN),),
    FieldType.ENUM: (("不在表里", RowRule.NOT_IN_LIST),),
    FieldType.USCC: (("91140105MA0DEM013C", RowRule.BAD_USCC), ("91140105MA0DEM013", RowRule.BAD_USCC)),
    FieldType.ID_NUMBER: (
        ("110101199003071234", RowRule.BAD_ID_NUMBER),
        ("110101199002301236", RowRule.BAD_ID_NUMBER),
    ),
    FieldType.DIVISION: (("990000", RowRule.BAD_DIVISION), ("14010", RowRule.BAD_DIVISION)),
    FieldType.INDUSTRY: (("A5137", RowRule.BAD_INDUSTRY),),
    FieldType.LIST: (('{"a": 1}', RowRule.BAD_LIST),),
    FieldType.URL: (("ftp://example.org/a", RowRule.BAD_URL), ("example.org", RowRule.BAD_URL)),
}


def should_pass(item: Item) -> Iterator[tuple[Row, str]]:
    """Rows that pass: complete; only what is needed; codes and other ways to write; spaces around; the last is open-ended."""
    full = example_row(item, CATALOGUE)
    needed = {field.name for field in item.fields if field.required}
    needed |= {name for rule in item.rules if rule.kind is CrossKind.REQUIRED_WHEN for name in rule.fields}
    codes, spaced, years = dict(full), dict(full), dict(full)
    for field in item.fields:
        text = full[field.name]
        if field.code_list is not None:
            entries = CATALOGUE.code_lists[field.code_list].entries
            codes[field.name] = ";".join(list(entries)[:2]) if field.multiple else next(iter(entries))
        elif field.type is FieldType.DATE:
            codes[field.name], years[field.name] = "20250630", "2025年6月30日"
            spaced[field.name] = "2025/06/30"
        elif field.type is FieldType.BOOLEAN:
            codes[field.name], years[field.name], spaced[field.name] = "0", "FALSE", "n"
        elif field.type is FieldType.DECIMAL:
            codes[field.name] = f"0{text}000"
        if field.name in needed:
            spaced[field.name] = f"\u3000{spaced[field.name]} "
    rows = (full, {name: text for name, text in full.items() if name in needed}, codes, spaced, years)
    for number, row in enumerate(rows):
        yield _another(item, row, number), ""


def should_fail(item: Item) -> Iterator[tuple[Row, str]]:
    """One planted mistake a row: every limit of every field, every rule over several."""
    full = example_row(item, CATALOGUE)
    for field in item.fields:
        for text, rule in _mistakes(field):
            yield {**full, field.name: text}, f"{field.name}:{rule}"
    for rule in item.rules:
        first, *others = rule.fields
        match rule.kind:
            case CrossKind.NOT_BEFORE:
                yield {**full, others[0]: "2000-01-01"}, f"{others[0]}:{RowRule.DATE_ORDER}"
            case CrossKind.NOT_FUTURE:
                yield {**full, first: _future(item.field(first))}, ";".join(_too_late(item, first))
            case CrossKind.SUM:
                yield {**full, first: _more(full[first])}, f"{first}:{RowRule.SUM_MISMATCH}"
            case CrossKind.REQUIRED_WHEN:
                for value in rule.values or ("",):
                    when = {others[0]: value} if value else {}
                    yield {**full, **when, first: ""}, f"{first}:{RowRule.REQUIRED_WHEN}"


def _mistakes(field: Field) -> Iterator[tuple[str, RowRule]]:
    if field.required:
        yield "\u3000 ", RowRule.REQUIRED
    yield from WRONG[field.type]
    if field.max_length is not None and field.max_length <= 300:
        yield "长" * (field.max_length + 1), RowRule.TOO_LONG
    if field.pattern is not None:
        yield "不合", RowRule.BAD_FORMAT
    if field.precision is not None:
        yield "9" * (field.precision - (field.scale or 0) + 1), RowRule.OUT_OF_RANGE
    if field.minimum is not None:
        yield str(field.minimum - 1), RowRule.OUT_OF_RANGE
    if field.maximum is not None:
        yield str(field.maximum + 1), RowRule.OUT_OF_RANGE
    if field.multiple:
        code = next(iter(CATALOGUE.code_lists[field.code_list or ""].entries))
        yield f"{code};{code}", RowRule.BAD_LIST


def _future(field: Field) -> str:
    assert is_dated(field)
    return {FieldType.DATE: "2199-01-01", FieldType.STRING: "2099-12", FieldType.INTEGER: "2100"}[field.type]


def _too_late(item: Item, name: str) -> Iterator[str]:
    """A day far ahead is in the future, and what must not be before it now is. In the order of the rules."""
    for rule in item.rules:
        if rule.kind is CrossKind.NOT_BEFORE and rule.fields[0] == name:
            yield f"{rule.fields[1]}:{RowRule.DATE_ORDER}"
        if rule.kind is CrossKind.NOT_FUTURE and rule.fields[0] == name:
            yield f"{name}:{RowRule.FUTURE_DATE}"


def _more(text: str) -> str:
    whole, point, fraction = text.partition(".")
    return f"{int(whole) + 2}{point}{fraction}"


def _another(item: Item, row: Row, number: int) -> Row:
    """The row under a natural key of its own, so that the rows of a file are different records."""
    order = (FieldType.USCC, FieldType.ID_NUMBER, FieldType.STRING)
    field = min(
        (item.field(name) for name in item.natural_key),
        key=lambda one: order.index(one.type) if one.type in order else 9,
    )
    text = row.get(field.name, "")
    core = text.strip(" \u3000")
    spare = text[: text.index(core)]
    if field.type is FieldType.USCC:
        made = USCCS[number]
    elif field.type is FieldType.ID_NUMBER:
        made = PEOPLE[number]
        if number == 4 and field.id_type_field is not None:  # the fifth record is a firm's or a foreigner's
            return {**row, field.name: USCCS[0], field.id_type_field: "10"}
    elif field.pattern is not None:
        made = re.sub(r"[0-9](?=[^0-9]*$)", str(number + 1), core)  # the last digit
    else:
        made = f"{core}{number + 1}"
    return {**row, field.name: f"{spare}{made}"}


def content(item: Item, rows: Iterator[tuple[Row, str]]) -> str:
    """A case file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([EXPECTED, *(field.label for field in item.fields)])
    for row, expected in rows:
        writer.writerow([expected, *(row.get(field.name, "") for field in item.fields)])
    return out.getvalue()


def files() -> Iterator[tuple[Path, str]]:
    """Every case file and what should be in it."""
    for item in CATALOGUE.items.values():
        yield FOLDER / item.id / "should_pass.csv", content(item, should_pass(item))
        yield FOLDER / item.id / "should_fail.csv", content(item, should_fail(item))


if __name__ == "__main__":
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
