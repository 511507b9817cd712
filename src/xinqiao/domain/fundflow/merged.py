"""The multi-account view (fund-flow rules 10.5): several accounts as one, own transfers between them dropped.

Only what the two products show is computed for it: lines about the balance chain of one account (Q05, B13 …) have
no meaning over several.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from xinqiao.domain.fundflow.across import pair_self_transfers
from xinqiao.domain.fundflow.books import Books, Entry, Statement
from xinqiao.domain.fundflow.clean import Window, calendar_months, end_of_day
from xinqiao.domain.fundflow.model import Row
from xinqiao.domain.fundflow.normal import account_key
from xinqiao.domain.fundflow.sections import LINES_USED


class MergedBooks(Books):
    """The books of several accounts, summed. SELF pairs are gone from the flows; unpaired SELF rows stay.

    The window starts with the earliest account's. A day's balance is the sum of the accounts' and unknown when one
    of them is.
    """

    line_ids = LINES_USED

    def __init__(self, parts: Sequence[Books]) -> None:
        """``parts`` are at least one account's books of one statement."""
        statement = parts[0].statement
        self.account = ""
        self.statement: Statement = statement
        self.context = statement.context
        self.parts = tuple(parts)
        self.accounts_covered = len(parts)
        self.duplicates = sum(part.duplicates for part in parts)
        self.foreign_left_out = sum(part.foreign_left_out for part in parts)
        ordered = sorted(
            ((row.ts, part.account, i, row) for part in parts for i, row in enumerate(part.r1)),
            key=lambda item: item[:3],
        )
        self._place = {(account, i): place for place, (_, account, i, _) in enumerate(ordered)}
        self.r1: tuple[Row, ...] = tuple(row for *_, row in ordered)
        self.pairs = tuple(
            (self._place[part.account, i], self._place[part.account, j])
            for part in parts
            for i, j in part.pairs
        )
        self.window = _joined([part.window for part in parts])

    @cached_property
    def r2(self) -> tuple[Entry, ...]:
        """R2 of all accounts in one order, without the SELF pairs between them."""
        dropped = self.statement.once(pair_self_transfers)
        inside = {part.account for part in self.parts}
        kept = [
            replace(entry, position=self._place[part.account, entry.position])
            for part in self.parts
            for entry in part.r2
            if dropped.get((part.account, entry.position)) not in inside
        ]
        return tuple(sorted(kept, key=lambda entry: entry.position))

    @cached_property
    def eod(self) -> list[int | None]:
        """Sum of the accounts' EODs, None when one is unknown."""
        if not self.window.observed:
            return []
        if not all(part.r1 for part in self.parts):
            # an account whose every row was left out still holds money: the sum without it is not the sum
            return [None] * self.window.days
        columns = [end_of_day(part.r1, self.window.first, self.window.end) for part in self.parts]
        return [_sum(day) for day in zip(*columns, strict=True)]


def _sum(balances: Iterable[int | None]) -> int | None:
    total = 0
    for balance in balances:
        if balance is None:
            return None
        total += balance
    return total


def _joined(windows: Sequence[Window]) -> Window:
    """One window: the accounts share W; E starts with the earliest of theirs."""
    seen = [window for window in windows if window.observed]
    if not seen:
        return windows[0]
    first = min(window.first for window in seen)
    opened = [window.opened_on for window in seen if window.opened_on is not None]
    return replace(
        seen[0],
        first=first,
        opened_on=min(opened) if len(opened) == len(seen) else None,
        calendar=tuple(calendar_months(first, seen[0].end)),
    )


def consolidate(statement: Statement, accounts: Iterable[str]) -> MergedBooks:
    """The merged books of some accounts of a statement, in any spelling, each once.

    Transfers are dropped only between accounts that are bound in the context (3.9 rule 17).

    Raises:
        KeyError: an account is not in the data.
        ValueError: no account is named.
    """
    keys = dict.fromkeys(account_key(account) for account in accounts)
    if not keys:
        raise ValueError("no account to merge")
    return MergedBooks([statement.books(key) for key in keys])
