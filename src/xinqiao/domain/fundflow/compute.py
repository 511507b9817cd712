"""Run the dictionary over one account: the order of null reasons, the rounding, the output (rules 22 to 26)."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from xinqiao.domain.fundflow import (
    indicators_a,
    indicators_b,
    indicators_c,
    indicators_d,
    indicators_f,
    indicators_k,
    indicators_q,
)
from xinqiao.domain.fundflow.books import Books, Statement
from xinqiao.domain.fundflow.definitions import Line
from xinqiao.domain.fundflow.dictionary import BY_ID, LINES
from xinqiao.domain.fundflow.figures import (
    Exact,
    IndicatorValue,
    NullReason,
    Shown,
    Unit,
    decimal_text,
    shown,
)
from xinqiao.domain.fundflow.model import Context, ParsedRows
from xinqiao.domain.fundflow.rules import Outcome, Rule

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        **indicators_q.RULES,
        **indicators_f.RULES,
        **indicators_b.RULES,
        **indicators_k.RULES,
        **indicators_c.RULES,
        **indicators_d.RULES,
        **indicators_a.RULES,
    }
)

# Lines whose formula looks for an outside list first: LIST_NOT_SUPPLIED stands before NO_WINDOW in rule 24.
_LISTED = frozenset({"Q10", "K11", "K12", "K13", "K14", "A11", "A12", "A13"})


def outcome(line: Line, books: Books) -> Outcome:
    """The exact figures of one line, or the first reason of rule 24 that applies."""
    if not books.r1:
        return NullReason.NO_ROWS
    rule = RULES[line.id]
    if not books.window.observed and line.needs_window:
        listed = rule(books) if line.id in _LISTED else None
        return listed if listed is NullReason.LIST_NOT_SUPPLIED else NullReason.NO_WINDOW
    if books.k < line.least_months:
        return NullReason.SHORT_HISTORY
    return rule(books)


def _units(line: Line, result: Outcome) -> dict[str, Unit]:
    if not line.date_keys:
        return line.units()
    return dict.fromkeys(result, Unit.YUAN) if isinstance(result, Mapping) else {}


def present(line: Line, result: Outcome, coverage: Exact) -> IndicatorValue:
    """Round and dress the exact figures of one line (rules 22 and 23)."""
    units = _units(line, result)
    values: dict[str, Shown] = {}
    reasons: dict[str, NullReason] = {}
    for key, unit in units.items():
        figure = result[key] if isinstance(result, Mapping) else result
        if isinstance(figure, NullReason):
            values[key] = None
            reasons[key] = figure
        else:
            values[key] = shown(figure, unit)
    return IndicatorValue(
        id=line.id,
        values=values,
        units=units,
        null_reasons=reasons,
        alone=result if isinstance(result, NullReason) and not units else None,
        single=len(line.keys) == 1,
        coverage=decimal_text(coverage, 4),
        version=line.version,
    )


def compute_books(books: Books, ids: Iterable[str] | None = None) -> dict[str, IndicatorValue]:
    """Every asked line (default: all implemented, in the dictionary's order) of one account.

    Raises:
        KeyError: an id that is not in the dictionary.
    """
    lines = LINES if ids is None else tuple(BY_ID[id_] for id_ in ids)
    known = indicators_q.coverage(books) if books.r1 else 0
    coverage = 0 if isinstance(known, NullReason) else known
    return {line.id: present(line, outcome(line, books), coverage) for line in lines if line.implemented}


def compute(
    rows: ParsedRows, context: Context, *, account: str | None = None, ids: Iterable[str] | None = None
) -> dict[str, IndicatorValue]:
    """The indicators of one account of a statement.

    The other accounts of ``rows`` serve A02 and A15 only; figures of accounts are never netted.

    Args:
        account: the account number in any spelling; may be left out when the statement has exactly one.

    Raises:
        KeyError: no such account, or no such line.
        ValueError: no account named and the statement has none or several.
    """
    statement = Statement(rows, context)
    if account is None:
        if len(statement.accounts) != 1:
            raise ValueError("name the account: the statement does not have exactly one")
        account = statement.accounts[0]
    return compute_books(statement.books(account), ids)
