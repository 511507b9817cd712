"""Between the store and the engine: an account's columns and figures, kept while the bank's data do not change.

A product is a pure function of the rows' version, the context (holder, bound accounts, related parties), the months
and the rules (reliability I12). So the cleaned columns of an account, and for a while the figures made from them, are
kept under exactly these; the version is asked for at every query, and the first changed row makes everything anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import pyarrow as pa

from xinqiao.domain.canonical import Json, canonical_bytes, canonical_object
from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.products import QueryKind, ReportHead, basis_members, build_report, build_summary
from xinqiao.provider.engine import PreparedStatement, facts, prepare_table
from xinqiao.provider.stores.base import (
    TRANSACTION_COLUMNS,
    AccountRecord,
    TransactionStore,
    last_full_day,
)
from xinqiao.trust.packing import deflated

#: What one row costs in memory once prepared; the cache is bounded by rows, which is what can be counted.
#: Measured: 637 bytes, what the engine keeps beside the columns included.
BYTES_PER_ROW = 650
LOCKS = 64


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


#: Where something else will stand; no JSON text holds a bare NUL.
PLACE: Final = b"\0"


@dataclass(frozen=True, slots=True)
class Body:
    """The figures of a product, still without its head: no query, no number, no time in it."""

    #: the members of the head that come from the figures
    basis: Mapping[str, Json]
    #: what stands before and after the head in the product's canonical bytes: written once, because every answer with
    #: these figures signs the same 40 KB
    before: bytes
    after: bytes
    #: the same deflated, as they travel
    packed_before: bytes
    packed_after: bytes


def _around(sections: Mapping[str, Json]) -> tuple[bytes, bytes]:
    """The canonical bytes of a product without its head: up to the place of its value, and from there on."""
    whole = canonical_object(
        {name: canonical_bytes(part) for name, part in sections.items()} | {"head": PLACE}
    )
    before, _, after = whole.partition(PLACE)
    return before, after


_NO_HEAD = ReportHead(
    report_no="", generated_at=datetime(2000, 1, 1, tzinfo=UTC), provider="", query_kind=QueryKind.SELF
)


def warm_up() -> None:
    """Make one report of nobody's, so that no customer's first query pays for what is imported at first use.

    Measured: up to a second of the three that a node has for an answer.
    """
    row = {"account_no": "0", "booked_at": "2026-01-31", "direction": "in", "amount": "1.00"}
    table = pa.table({name: pa.array([row.get(name)], pa.string()) for name in TRANSACTION_COLUMNS})
    statement = prepare_table(table, Context(as_of=date(2026, 1, 31)))
    canonical_bytes(build_report(_NO_HEAD, facts(statement, "0", 1), include_balance=True))


class Computer:
    """Computes the figures of products; safe to call from several threads."""

    def __init__(self, store: TransactionStore, *, cache_mb: int, kept_figures: int) -> None:
        """``kept_figures``: how many products' figures are kept beside the columns, some 60 KB each."""
        self._store = store
        self._kept_figures = kept_figures
        self._room = cache_mb * 1024 * 1024
        self._used = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bodies: OrderedDict[tuple[str, Key, int, Product, bool], Body] = OrderedDict()
        self._lock = threading.Lock()
        # Requests for one account that arrive together read it once; others do not wait for it.
        self._reading = tuple(threading.Lock() for _ in range(LOCKS))

    def as_of(self) -> datetime:
        """The instant before which every booking is present.

        Raises:
            Unavailable: ``PROVIDER_UNAVAILABLE``: the store holds nothing to state it from.
        """
        found = self._store.data_as_of()
        if found is None:
            raise Unavailable(Code.PROVIDER_UNAVAILABLE, "the store is empty")
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

    def body(
        self,
        account: AccountRecord,
        bound: tuple[str, ...],
        *,
        product: Product,
        months: int,
        include_balance: bool,
    ) -> Body:
        """The figures of one product of one account (fund-flow rules 10, indicator dictionary 3.9).

        Raises:
            StoreError: the store cannot be read; nothing old is given instead.
            Unavailable: ``PROVIDER_UNAVAILABLE``: it is empty, or was written to while it was read.
        """
        key = self._key(account, bound)
        which = (account.account_no, key, months, product, include_balance)
        with self._lock:
            known = self._bodies.get(which)
            if known is not None:
                self._bodies.move_to_end(which)
                return known
        statement = self._prepared(account, key)
        found = facts(statement, account.account_no, months, summary=product is Product.SUMMARY)
        if product is Product.REPORT:
            made = build_report(_NO_HEAD, found, include_balance=include_balance)
        else:
            made = build_summary(_NO_HEAD, found)
        before, after = _around({name: part for name, part in made.items() if name != "head"})
        body = Body(basis_members(found), before, after, deflated(before), deflated(after))
        with self._lock:
            self._bodies[which] = body
            while len(self._bodies) > self._kept_figures:
                self._bodies.popitem(last=False)
        return body

    def _prepared(self, account: AccountRecord, key: Key) -> PreparedStatement:
        found = self._known(account, key)
        if found is None:
            with self._reading[hash(account.account_no) % LOCKS]:
                found = self._known(account, key) or self._read(account, key)
        return found

    def _known(self, account: AccountRecord, key: Key) -> PreparedStatement | None:
        with self._lock:
            kept = self._kept.get(account.account_no)
            if kept is None or kept.key != key:
                return None
            self._kept.move_to_end(account.account_no)
            return kept.statement

    def _read(self, account: AccountRecord, key: Key) -> PreparedStatement:
        table = self._store.rows(account.account_no)
        if self._key(account, key.bound) != key:
            # Figures of two versions must not meet in one product; the hub may ask again.
            raise Unavailable(Code.PROVIDER_UNAVAILABLE, "the bank is just writing its data")
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
