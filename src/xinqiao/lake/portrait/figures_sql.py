"""A figure of the portrait in SQL, for all subjects at once: the same meaning as :mod:`xinqiao.domain.portrait.measure`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from xinqiao.domain.portrait.definitions import HEADCOUNT
from xinqiao.domain.portrait.measure import RATIO_DIGITS, month_number
from xinqiao.domain.portrait.model import Figure, Part, Take
from xinqiao.domain.report.compose import RecordStatus
from xinqiao.lake.store.measure import name, text

#: Exact to a hundredth of a fen; sums of it are wider still.
VALUE = "DECIMAL(28, 4)"
_GOES_OUT = ", ".join(text(status.value) for status in RecordStatus if status.goes_out)


@dataclass(frozen=True, slots=True)
class Relation:
    """The records in force of one item: a relation and the types of its columns."""

    sql: str
    columns: Mapping[str, str]


def figure_sql(figure: Figure, relations: Mapping[str, Relation], month: str) -> str:
    """SQL of ``subject, value``: every subject that has the figure in that month, and nobody else.

    Of a figure whose silence means nought, a subject without any row is not among them: only who was ever told of.
    """
    number = month_number(month)
    value = _aggregate(figure, number)
    taken = _rows(figure.parts, relations, number, figure.span)
    whole = f"SELECT subject, {value} AS value FROM ({taken}) GROUP BY subject"  # noqa: S608
    if figure.over:
        below = _rows(figure.over, relations, number, figure.span)
        divided = f"round(CAST(a.value AS DOUBLE) / CAST(b.value AS DOUBLE), {RATIO_DIGITS})"
        whole = (
            f"SELECT a.subject AS subject, CAST({divided} AS {VALUE}) AS value FROM ({whole}) a JOIN "  # noqa: S608
            f"(SELECT subject, {_aggregate(figure, number)} AS value FROM ({below}) GROUP BY subject) b "
            "ON a.subject = b.subject WHERE b.value <> 0"
        )
    return f"SELECT subject, CAST(value AS {VALUE}) AS value FROM ({whole}) WHERE value IS NOT NULL"  # noqa: S608


def headcount_sql(relations: Mapping[str, Relation], month: str, months: int) -> str:
    """SQL of ``subject, insured``: the latest known headcount within so many months."""
    taken = _rows((HEADCOUNT,), relations, month_number(month), months)
    return (
        f"SELECT subject, CAST(arg_max(amount, begins) AS BIGINT) AS insured FROM ({taken}) "  # noqa: S608
        "WHERE inside AND amount IS NOT NULL GROUP BY subject"
    )


def _aggregate(figure: Figure, number: int) -> str:
    match figure.take:
        case Take.COUNT:
            return "count(*) FILTER (inside)"
        case Take.MONTHS:
            met = "count(DISTINCT begins) FILTER (inside AND reaches)"
            share = f"round(CAST({met} AS DOUBLE) / {figure.span}, {RATIO_DIGITS})"
            return f"CASE WHEN min(begins) <= {number - figure.span + 1} THEN {share} END"
        case Take.SUM:
            summed = "sum(amount) FILTER (inside)"
            return (
                f"CASE WHEN count(*) FILTER (inside) = 0 THEN 0 ELSE {summed} END" if figure.zero else summed
            )


def _rows(parts: Sequence[Part], relations: Mapping[str, Relation], number: int, span: int) -> str:
    found = [
        _part(part, relations[part.item], number, span)
        for part in parts
        if part.item in relations and part.at in relations[part.item].columns
    ]
    nothing = (
        f"SELECT '' AS subject, 0 AS begins, false AS inside, CAST(NULL AS {VALUE}) AS amount, false AS reaches "
        "WHERE false"
    )
    return " UNION ALL ".join(found) if found else nothing


def _part(part: Part, relation: Relation, number: int, span: int) -> str:
    """The rows known by the month; ``inside`` says which of them belong to it."""
    columns = relation.columns
    begins = _month(part.at, columns)
    amount = f"CAST({name(part.field)} AS {VALUE})" if part.field in columns else f"CAST(NULL AS {VALUE})"
    known = f"(begins <= {number}{' OR begins IS NULL' if part.until else ''})"
    counted = f"_status IN ({_GOES_OUT})" + (
        f" AND {_not_in(part, part.never, columns)}" if part.never else ""
    )
    return (
        f"SELECT _subject AS subject, {begins} AS begins, {_inside(part, columns, number, span)} AS inside, "  # noqa: S608
        f"{amount} AS amount, {_reaches(part, columns)} AS reaches FROM {relation.sql} WHERE {counted} AND {known}"
    )


def _month(field: str, columns: Mapping[str, str]) -> str:
    column = name(field)
    if columns[field] == "DATE":
        return f"CAST(year({column}) * 12 + month({column}) - 1 AS INTEGER)"
    year, month = (
        f"TRY_CAST(substr({column}, {first}, {length}) AS INTEGER)" for first, length in ((1, 4), (6, 2))
    )
    return f"{year} * 12 + {month} - 1"


def _inside(part: Part, columns: Mapping[str, str], number: int, span: int) -> str:
    if not part.until:
        return f"begins > {number - span}"
    open_ended = _not_in(part, part.ended, columns) if part.ended else "true"
    if part.until not in columns:
        return open_ended
    end = name(part.until)
    after = number + 1
    first_after = date(after // 12, after % 12 + 1, 1)
    last = date.fromordinal(first_after.toordinal() - (1 if part.last_day else 0))
    return f"CASE WHEN {end} IS NULL THEN {open_ended} ELSE {end} >= DATE {text(last.isoformat())} END"


def _not_in(part: Part, states: Sequence[str], columns: Mapping[str, str]) -> str:
    """A row without a state is in none of them."""
    if part.status not in columns:
        return "true"
    return f"coalesce({name(part.status)} NOT IN ({', '.join(map(text, states))}), true)"


def _reaches(part: Part, columns: Mapping[str, str]) -> str:
    if part.reaches is None:
        return "true"
    if not set(part.reaches) <= columns.keys():
        return "false"
    got, wanted = map(name, part.reaches)
    return f"coalesce({got} >= {wanted}, false)"
