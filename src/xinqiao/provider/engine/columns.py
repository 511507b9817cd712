"""The statement as columns: integers for what is counted, dictionary codes for what is compared.

One :class:`Columns` may hold many accounts. Every text appears once in a dictionary, already in normal form, so that
cues, names and codes are examined once per distinct value and never once per row. Cleaning, order and labels are
not here.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from xinqiao.domain.fundflow.model import ParsedRows, Row
from xinqiao.provider.engine.exact import Bools, Ints

type Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Coded:
    """A dictionary-encoded column: ``codes`` index ``values``; -1 is missing where a column allows it."""

    codes: Codes
    values: list[str]

    def __getitem__(self, at: npt.NDArray[np.intp] | slice) -> "Coded":
        """The same dictionary, other rows."""
        return Coded(self.codes[at], self.values)


def encode[T: Hashable](
    items: Sequence[T], missing: T | None = None, *, has_missing: bool = False
) -> tuple[Codes, list[T]]:
    """Codes in order of first appearance; with ``has_missing``, the value ``missing`` becomes -1."""
    index: dict[T, int] = dict.fromkeys(items, 0)
    if has_missing:
        index.pop(missing, None)  # type: ignore[arg-type]
    distinct = list(index)
    index = {value: number for number, value in enumerate(distinct)}
    if has_missing:
        index[missing] = -1  # type: ignore[index]
    return np.fromiter(map(index.__getitem__, items), np.int32, len(items)), distinct


def coded(items: Sequence[str]) -> Coded:
    """A column where the empty text is an ordinary value."""
    return Coded(*encode(items))


def coded_or_missing(items: Sequence[str]) -> Coded:
    """A column where the empty text is missing (-1)."""
    return Coded(*encode(items, "", has_missing=True))


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one statement in file order. Amounts in fen; ``day`` is ``date.toordinal()``.

    ``second`` is 0 for a row without a time (3.9 rule 1: 00:00:00 is no time). ``balance`` is 0 where not ``known``.
    ``foreign`` marks converted
    amounts. ``cp`` is rule 9's counterparty (-1 missing); ``raw`` codes (trimmed counterparty account, trimmed text), which
    only the search for exact duplicates looks at.
    """

    account: Codes
    day: Ints
    second: Ints
    inward: Bools
    amount: Ints
    balance: Ints
    known: Bools
    is_cash: Bools
    is_reversal: Bools
    foreign: Bools
    cp: Coded
    cp_account: Coded
    name: Coded
    bank: Coded
    text: Coded
    kind: Coded
    purpose: Coded
    channel: Coded
    txn: Coded
    reversal_of: Coded
    raw: Codes

    def __len__(self) -> int:
        return len(self.day)

    def take(self, at: npt.NDArray[np.intp] | slice) -> "Columns":
        """The rows at these places, in this order; a slice shares memory."""
        return Columns(**{name: getattr(self, name)[at] for name in _NAMES})


_NAMES = tuple(f.name for f in fields(Columns))


def _flags(items: Iterable[bool], n: int) -> Bools:
    return np.fromiter(items, np.bool_, n)


def columns_of(parsed: ParsedRows) -> tuple[Columns, tuple[str, ...]]:
    """Parsed rows as columns, and the account keys that ``Columns.account`` indexes."""
    accounts = parsed.accounts
    rows: Sequence[Row] = parsed.rows
    n = len(rows)
    if len(accounts) == 1:
        account = np.zeros(n, np.int32)
    else:
        number = {key: i for i, key in enumerate(accounts)}
        account = np.fromiter((number[r.account] for r in rows), np.int32, n)
    balances = [r.balance for r in rows]
    known = _flags((b is not None for b in balances), n)
    cp_codes, cps = encode([r.cp for r in rows], None, has_missing=True)
    return Columns(
        account=account,
        day=np.array([r.day for r in rows], np.int64),
        second=np.array([r.second or 0 for r in rows], np.int64),
        inward=np.array([r.sign for r in rows], np.int64) > 0,
        amount=np.array([r.amount for r in rows], np.int64),
        balance=np.array([b or 0 for b in balances], np.int64),
        known=known,
        is_cash=_flags([r.is_cash for r in rows], n),
        is_reversal=_flags([r.is_reversal for r in rows], n),
        foreign=_flags([r.foreign for r in rows], n),
        cp=Coded(cp_codes, [cp for cp in cps if cp is not None]),
        cp_account=coded_or_missing([r.cp_account for r in rows]),
        name=coded_or_missing([r.name for r in rows]),
        bank=coded_or_missing([r.cp_bank for r in rows]),
        text=coded_or_missing([r.text for r in rows]),
        kind=coded([r.kind for r in rows]),
        purpose=coded([r.purpose for r in rows]),
        channel=coded([r.channel for r in rows]),
        txn=coded_or_missing([r.txn_id for r in rows]),
        reversal_of=coded_or_missing([r.reversal_of for r in rows]),
        raw=encode([(r.raw_cp_account, r.raw_text) for r in rows])[0],
    ), accounts
