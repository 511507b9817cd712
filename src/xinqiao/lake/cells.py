"""Typed cells of spreadsheets and columnar files as the text a person would have typed."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

EXACT_DIGITS: Final = 10**15
"""A spreadsheet holds at most 15 digits of a number exactly."""


def float_text(value: float) -> str:
    """The decimal a spreadsheet shows: 15 significant digits. 0.1 + 0.2 is 0.3 here, as it is on the screen."""
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return format(value, ".15g") if abs(value) < 10**13 else repr(value)


def decimal_text(value: Decimal) -> str:
    """Without an exponent and without zeros at its end: a column of four places may well hold only two."""
    return format(value.normalize() if value else Decimal(0), "f")


def sheet_text(cell: object) -> str:
    """A workbook's cell. A number of more than 15 digits has lost some, and is shown as what it is: ``1.2E+17``.

    Raises:
        TypeError: a kind of value that is not taken.
    """
    match cell:
        case str():
            return cell
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case int() | float() if abs(cell) >= EXACT_DIGITS:
            return format(Decimal(format(float(cell), ".15g")).normalize(), "E")
        case int():
            return str(cell)
        case float():
            return plain(float_text(cell))
        case datetime():
            return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            seconds = round(cell.total_seconds())
            return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        case _:
            raise TypeError(type(cell).__name__)


def plain(number: str) -> str:
    """A number without exponent, unless that would be a page of zeros."""
    if "e" not in number and "E" not in number:
        return number
    value = Decimal(number)
    exponent = value.as_tuple().exponent
    return format(value, "f") if isinstance(exponent, int) and abs(exponent) <= 60 else number
