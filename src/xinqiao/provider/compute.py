"""Between the store and the engine: one account's columns, kept prepared while the bank's data do not change.

What is kept is the cleaned, labelled columns of an account under one context (holder, bound accounts, related
parties), so that a second query within the same data version costs only the figures. Every product is computed anew.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime

from xinqiao.domain.errors import Code, ProviderFault
from xinqiao.domain.fundflow.facts import Facts
from xinqiao.domain.fundflow.model import Context
from xinqiao.provider.engine import PreparedStatement, facts, prepare_table
from xinqiao.provider.stores.base import AccountRecord, StoreError, TransactionStore, last_full_day

#: What one row costs in memory once prepared; the cache is bounded by rows, which is what can be counted.
BYTES_PER_ROW = 400


@dataclass(frozen=True, slots=True)
class Key:
    """What a prepared account depends on beside its rows."""

    version: str
    as_of: date
    holder: str
    bound: tuple[str, ...]
    related: tuple[str, ...]


@dataclass(slots=True)
class _Kept:
    key: Key
    statement: PreparedStatement
    size: int


class Computer:
    """Computes the facts of products; safe to call from several threads."""

    def __init__(self, store: TransactionStore, *, cache_mb: int) -> None:
        self._store = store
        self._room = cache_mb * 1024 * 1024
        self._used = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def as_of(self) -> datetime:
        """The instant before which every booking is present.

        Raises:
            ProviderFault: ``PROVIDER_UNAVAILABLE``: the store holds nothing to state it from.
        """
        found = self._store.data_as_of()
        if found is None:
            raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "the store is empty")
        return found

    def _key(self, account: AccountRecord, bound: tuple[str, ...]) -> Key:
        return Key(
            version=self._store.version(account.account_no),
            as_of=last_full_day(self.as_of()),
            holder=account.name,
            bound=bound,
            related=self._store.related_names(account.uscc),
        )

    def is_warm(self, account: AccountRecord, bound: tuple[str, ...]) -> bool:
        """Whether a product of this account needs no reading of rows."""
        with self._lock:
            kept = self._kept.get(account.account_no)
            return kept is not None and kept.key == self._key(account, bound)

    def facts(self, account: AccountRecord, bound: tuple[str, ...], months: int) -> Facts:
        """The facts of one account over ``months`` months (fund-flow rules 10, indicator dictionary 3.9).

        Raises:
            ProviderFault: ``PROVIDER_UNAVAILABLE``: the store cannot be read; nothing old is given instead.
        """
        try:
            statement = self._prepared(account, self._key(account, bound))
        except StoreError as error:
            raise ProviderFault(Code.PROVIDER_UNAVAILABLE, "the store cannot be read") from error
        return facts(statement, account.account_no, months)

    def _prepared(self, account: AccountRecord, key: Key) -> PreparedStatement:
        with self._lock:
            kept = self._kept.get(account.account_no)
            if kept is not None and kept.key == key:
                self._kept.move_to_end(account.account_no)
                return kept.statement
        table = self._store.rows(account.account_no)
        context = Context(
            as_of=key.as_of,
            opened_on=account.opened_on,
            holder=account.name,
            # A single account of one's own is still "bound": Q10 then speaks of accounts seen elsewhere.
            bound=frozenset({*key.bound, account.account_no}),
            related=frozenset(key.related),
        )
        statement = prepare_table(table, context, parity=self._store.parity())
        self._keep(account.account_no, _Kept(key, statement, max(1, table.num_rows) * BYTES_PER_ROW))
        return statement

    def _keep(self, account_no: str, fresh: _Kept) -> None:
        with self._lock:
            old = self._kept.pop(account_no, None)
            self._used += fresh.size - (old.size if old else 0)
            self._kept[account_no] = fresh
            while self._used > self._room and len(self._kept) > 1:
                _number, dropped = self._kept.popitem(last=False)
                self._used -= dropped.size
