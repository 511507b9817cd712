"""Prepare a statement once, then answer for any number of months: the engine's front door.

``run`` gives for every account the same ``dict[str, IndicatorValue]`` as the literal engine in
``domain.fundflow.compute``. Accounts whose totals leave the exact range of 64-bit bins are handed to that engine.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.compute import compute as literal_compute
from xinqiao.domain.fundflow.dictionary import BY_ID, LINES
from xinqiao.domain.fundflow.facts import Facts
from xinqiao.domain.fundflow.figures import IndicatorValue, NullReason, Shown, Unit
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.model import Context, ParsedRows
from xinqiao.domain.fundflow.normal import account_key
from xinqiao.provider.engine.across import circular_amounts, unpaired_self
from xinqiao.provider.engine.anomalies import anomalies, application_lift
from xinqiao.provider.engine.balances import balances
from xinqiao.provider.engine.cash import cash
from xinqiao.provider.engine.cleaning import clean, pair_reversals
from xinqiao.provider.engine.columns import Columns, columns_of
from xinqiao.provider.engine.debts import debts, new_lenders, returned_items
from xinqiao.provider.engine.facts import facts_of, facts_of_nothing
from xinqiao.provider.engine.flows import quality, size
from xinqiao.provider.engine.labelling import label_rows
from xinqiao.provider.engine.parties import parties
from xinqiao.provider.engine.prepared import Prepared
from xinqiao.provider.engine.window import NOT_SUPPLIED, Cell, Lines, View, ratio

_SHAPES = [
    (line.id, [key.name for key in line.keys], line.units(), len(line.keys) == 1, line.version)
    for line in LINES
    if line.implemented
]
_NO_REASONS: Mapping[str, NullReason] = {}
_REASONS = frozenset(NullReason)
_NO_WINDOW = NullReason.NO_WINDOW


@dataclass(frozen=True, slots=True)
class PreparedStatement:
    """All accounts of one statement under one context, ready for any number of months.

    Attributes:
        as_of: R; None when the data hold no row and the context states no day.
        separate: the accounts belong to different holders, so A02 and A15 look at each alone.
        parsed: gives the parsed rows for accounts that need the literal engine.
    """

    context: Context
    as_of: date | None
    accounts: dict[str, Prepared]
    parsed: Callable[[], ParsedRows]
    separate: bool = False
    _circles: dict[int, dict[str, int]] = field(default_factory=dict, repr=False)

    def view(self, account: str, months: int) -> View:
        """One account through N months; only for accounts that have rows."""
        return View(self.accounts[account], months)

    def circle(self, v: View) -> int:
        """Amount of the cycles of rule 30 that an account lies on.

        With several accounts the cycles need the rows of all, so they are found once per number of months.
        """
        if self.separate or len(self.accounts) == 1:
            pairs = v.p.there_and_back
            if pairs is not None:
                return pairs.amount(v.s0, v.s1)
            return circular_amounts([v], {v.p.key}).get(v.p.key, 0)
        if v.months not in self._circles:
            views = [self.view(key, v.months) for key, p in self.accounts.items() if p.n1]
            self._circles[v.months] = circular_amounts(views, self.accounts.keys())
        return self._circles[v.months].get(v.p.key, 0)


def prepare(parsed: ParsedRows, context: Context) -> PreparedStatement:
    """Clean, order, pair and label every account of a statement."""
    columns, accounts = columns_of(parsed)
    return prepare_columns(columns, accounts, context, parsed.foreign_left_out, lambda: parsed)


def prepare_columns(
    columns: Columns,
    accounts: tuple[str, ...],
    context: Context,
    foreign: Mapping[str, int],
    parsed: Callable[[], ParsedRows],
    *,
    separate: bool = False,
) -> PreparedStatement:
    """As :func:`prepare`, from columns; ``separate`` for a batch of accounts of different holders."""
    as_of = context.as_of or (date.fromordinal(int(columns.day.max())) if len(columns) else None)
    if as_of is None:
        return PreparedStatement(
            context, None, {key: _empty(key, context, columns, foreign) for key in accounts}, parsed
        )
    cleaned = clean(columns, len(accounts), as_of.toordinal())
    labelled = label_rows(cleaned.rows, context)
    paired = pair_reversals(cleaned, labelled.cue)
    bound = frozenset[str]() if separate else context.bound
    unpaired = unpaired_self(cleaned, labelled, paired, accounts, bound)
    out: dict[str, Prepared] = {}
    for i, key in enumerate(accounts):
        span = slice(cleaned.bounds[i], cleaned.bounds[i + 1])
        whole = len(accounts) == 1
        out[key] = Prepared(
            key, cleaned.rows if whole else cleaned.rows.take(span), labelled if whole else labelled.part(span),
            paired[span], unpaired[span], context, as_of.toordinal(),
            cleaned.duplicates[i], foreign.get(key, 0),
        )  # fmt: skip
        if out[key].n1 and out[key].safe:
            out[key].warm()
    return PreparedStatement(context, as_of, out, parsed, separate)


def _empty(key: str, context: Context, columns: Columns, foreign: Mapping[str, int]) -> Prepared:
    nothing = columns.known[:0]
    labelled = label_rows(columns, context)
    return Prepared(key, columns, labelled, nothing, nothing, context, 0, 0, foreign.get(key, 0))


def compute(
    statement: PreparedStatement, account: str, months: int | None = None, ids: Iterable[str] | None = None
) -> dict[str, IndicatorValue]:
    """The lines of one account, in the dictionary's order or in the order asked for.

    Args:
        months: N; by default that of the context.
        ids: only these lines (they are computed together all the same).

    Raises:
        KeyError: no such account, or no such line.
    """
    key = account_key(account)
    p = statement.accounts[key]
    wanted = None if ids is None else [BY_ID[line].id for line in ids]
    n = statement.context.months if months is None else months
    if p.n1 and not p.safe:
        context = replace(statement.context, months=n)
        return literal_compute(statement.parsed(), context, account=key, ids=wanted)
    if not p.n1:
        return _same_reason(NullReason.NO_ROWS, wanted)
    view = View(p, n)
    lines, days = _lines(view, statement)
    return _present(lines, days, view.coverage, wanted)


def run(parsed: ParsedRows, context: Context) -> dict[str, dict[str, IndicatorValue]]:
    """Account key → line id → value, for every account of a statement."""
    statement = prepare(parsed, context)
    return {key: compute(statement, key) for key in statement.accounts}


def facts(
    statement: PreparedStatement, account: str, months: int | None = None, *, summary: bool = True
) -> Facts:
    """Everything the products may say about one account, as ``domain.fundflow.gather`` gives it.

    Args:
        summary: whether the rows of the detail summary are wanted too.

    Raises:
        KeyError: no such account.
    """
    key = account_key(account)
    p = statement.accounts[key]
    n = statement.context.months if months is None else months
    context = replace(statement.context, months=n)
    if not p.n1:
        return facts_of_nothing(key, replace(context, as_of=statement.as_of), p.foreign)
    if not p.safe:
        return gather_facts(Statement(statement.parsed(), context).books(key))
    view = View(p, n)
    lines, days = _lines(view, statement)
    return facts_of(view, _present(lines, days, view.coverage, None), summary=summary)


def statement_engine(parsed: ParsedRows, context: Context) -> Callable[[str], Facts]:
    """Account key → facts, over one parsed statement and one context."""
    statement = prepare(parsed, context)
    return lambda account: facts(statement, account)


def _lines(v: View, statement: PreparedStatement) -> tuple[Lines, dict[str, str | NullReason] | NullReason]:
    p = v.p
    out: Lines = {
        "Q01": (p.last_day - p.first_day + 1,),
        "Q02": (v.coverage,),
        "Q09": _age(p),
        "F17": (p.as_of - p.last_day,),
        "D07": (new_lenders(p),),
        "D12": returned_items(p),
        "A08": (application_lift(p),),
    }
    if v.empty:
        return _without_window(p, out), _NO_WINDOW
    quality(v, out)
    size(v, out)
    days = balances(v, out)
    parties(v, out)
    cash(v, out)
    debts(v, out)
    anomalies(v, out)
    out["A02"] = (ratio(statement.circle(v), v.gross_in),)
    return out, (days if v.k else NullReason.SHORT_HISTORY)


def _age(p: Prepared) -> tuple[Cell, ...]:
    if p.opened is not None:
        return p.as_of - p.opened, False
    return p.as_of - p.first_day, True


def _without_window(p: Prepared, out: Lines) -> Lines:
    """E is empty: LIST_NOT_SUPPLIED stands before NO_WINDOW (rule 24)."""
    c = p.context
    missing = {
        "Q10": not c.bound, "K11": not c.related, "K12": not c.related, "K13": not p.legal_list,
        "K14": not c.core_buyers, "A11": not c.high_risk, "A12": not c.invoices, "A13": c.declared_sales is None,
    }  # fmt: skip
    for line, keys, _, _, _ in _SHAPES:
        if line not in out:
            out[line] = (NOT_SUPPLIED if missing.get(line) else _NO_WINDOW,) * len(keys)
    return out


def _same_reason(reason: NullReason, wanted: list[str] | None) -> dict[str, IndicatorValue]:
    return _present(
        {line: (reason,) * len(keys) for line, keys, _, _, _ in _SHAPES}, reason, "0.0000", wanted
    )


def _present(
    lines: Lines, days: dict[str, str | NullReason] | NullReason, coverage: str, wanted: list[str] | None
) -> dict[str, IndicatorValue]:
    out: dict[str, IndicatorValue] = {}
    for line, keys, units, single, version in _SHAPES:
        alone: NullReason | None = None
        cells: tuple[Cell, ...]
        if keys:
            cells = lines[line]
        elif isinstance(days, NullReason):
            cells, alone = (), days
        else:
            keys, cells, units = list(days), tuple(days.values()), dict.fromkeys(days, Unit.YUAN)
        values: dict[str, Shown] = {keys[0]: cells[0]} if single else dict(zip(keys, cells, strict=True))
        reasons = _NO_REASONS
        if not _REASONS.isdisjoint(cells):
            reasons = {key: cell for key, cell in values.items() if isinstance(cell, NullReason)}
            values.update(dict.fromkeys(reasons))
        out[line] = IndicatorValue(line, values, units, reasons, alone, single, coverage, version)
    return out if wanted is None else {line: out[line] for line in wanted if line in out}


__all__ = ["PreparedStatement", "compute", "facts", "prepare", "prepare_columns", "run", "statement_engine"]
