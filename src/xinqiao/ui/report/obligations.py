"""Regular obligations: the calendar of the last twelve months (fund-flow rules 10.3 G)."""

from collections.abc import Sequence
from dataclasses import dataclass

from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report import words
from xinqiao.ui.report.reader import Node

LATE_DAYS = 5  # later than the usual day by more than this is marked, as the key says
_LINES = {
    "wages": "D17",
    "tax": "D14",
    "social_insurance": "D16",
    "utilities": "D19",
    "rent": "D21",
    "loan_repayment": "D08",
}


@dataclass(frozen=True, slots=True)
class ObligationView:
    """One row of the calendar: cells are (class, text, title)."""

    name: str
    cells: tuple[tuple[str, str, str], ...]
    summary: str
    amount: str
    average: str
    definition: Definition
    uid: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The grid; no months when the history is too short."""

    months: tuple[str, ...]
    rows: tuple[ObligationView, ...]

    @property
    def table(self) -> tuple[tuple[str, tuple[tuple[str, str, str], ...], str], ...]:
        """What the macro ``calendar`` takes."""
        return tuple((row.name, row.cells, row.summary) for row in self.rows)


def calendar(rows: Sequence[Node], coverage: str, as_of: str) -> Calendar:
    """All six kinds, also those never seen: what is not there is shown."""
    months = [cell["month"].text for cell in rows[0]["grid"]] if rows else []
    return Calendar(
        tuple(fmt.month_short(month) for month in months), tuple(_row(row, coverage, as_of) for row in rows)
    )


def _row(row: Node, coverage: str, as_of: str) -> ObligationView:
    kind = row["kind"].text
    line = BY_ID[_LINES[kind]]
    definition = Definition(
        line.id,
        line.version,
        words.line_title(line),
        _(line.plain),
        _(line.formula),
        coverage,
        as_of,
    )
    cells = tuple(_cell(cell, row) for cell in row["grid"])
    return ObligationView(
        gettext_kind(kind),
        cells,
        _summary(row),
        fmt.money(row["amount"].decimal),
        fmt.money(row["avg_amount"].decimal),
        definition,
        f"d-g-{kind}",
    )


def gettext_kind(kind: str) -> str:
    """The word for a kind of obligation."""
    return _(words.OBLIGATIONS[kind])


def by_quarter(row: Node) -> bool:
    """Paid once in every quarter rather than every month (rent, mostly)."""
    quarters = row["quarters"].number
    return 0 < quarters == row["quarters_paid"].number and row["months_paid"].number <= quarters + 1


def _cell(cell: Node, row: Node) -> tuple[str, str, str]:
    if cell["day"].is_null:
        if row["regular"].truth:
            return ("miss", _("缺"), _("没有看到支付"))
        return ("na", fmt.NOTHING, _("这个月没有，也不一定要付"))
    day = cell["day"].number
    usual = row["usual_day"]
    if not usual.is_null and day > usual.number + LATE_DAYS:
        return ("late", f"{day}!", _("{day} 日付，比常见的 {usual} 日晚").format(day=day, usual=usual.number))
    return ("y", str(day), "")


def _summary(row: Node) -> str:
    if by_quarter(row):
        return _("{n} / {all} 季").format(n=row["quarters_paid"].number, all=row["quarters"].number)
    return f"{row['months_paid'].number} / {row['months'].number}"
