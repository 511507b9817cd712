"""The few statements of the release path, for both databases, and the values they load.

Raw SQL because this is the hot path (an ORM query costs some 0.2 ms, these cost 5 µs). The same functions serve the
gateway's writer, which has its own connection and native markers, and the portals, which use Django's cursor. Nothing
is decided here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Authorisation, AuthState, Entrustment, Product, Purpose, Reader, Scope
from xinqiao.hub.apps.consents.rows import SUPPLYING
from xinqiao.hub.dbapi import Cursor, Markers, Value, Vendor, read_time_or_none, write_time
from xinqiao.trust.encoding import strict_object, unb64

#: Every kind of authorisation is locked in one order by one function, whichever app's table it stands in: two orders
#: would wait for each other.
_LOCKED = {"aut": "consents_authorisation", "ita": "items_itemauthorisation"}
_SUPPLYING = tuple(str(state) for state in sorted(SUPPLYING))


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorisation as it stands under the lock, with what the release needs beside it."""

    value: Authorisation
    enterprise_id: str
    reader: Reader
    include_balance: bool
    seq: int


@dataclass(frozen=True, slots=True)
class Account:
    """An account link as it stands under the lock: whose, at which node, bound or not, and its newest entrustment."""

    id: str
    enterprise_id: str
    subject: str
    node_id: str
    node_active: bool
    bound: bool
    entrustment: Entrustment | None


def _json_list(value: object) -> list[str]:
    found = json.loads(value) if isinstance(value, str | bytes) else value
    return [str(item) for item in found] if isinstance(found, list) else []


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


@lru_cache(maxsize=20_000)
def _entrustment(artefact: str) -> Entrustment:
    # The hub's own artefact out of the hub's own table: its signature was made here and is checked by the node.
    return Entrustment.from_claims(strict_object(unb64(artefact.split(".")[1])))


class Dialect:
    """The statements in the markers of one kind of connection."""

    def __init__(self, vendor: Vendor, markers: Markers = "%s") -> None:
        self.vendor = vendor
        self.markers = markers
        # One statement where several would do: each hands the interpreter's lock to the event loop and back.
        together = "group_concat" if vendor == "sqlite" else "string_agg"
        self._lock = {
            prefix: self.sql(f"SELECT id FROM {table} WHERE id = %s", lock="FOR UPDATE")  # noqa: S608 - constants
            for prefix, table in _LOCKED.items()
        }
        self._grant = self.sql(
            "SELECT a.id, a.institution_id, a.enterprise_id, e.uscc, a.purpose, a.products, a.months, a.valid_days,"  # noqa: S608
            " a.max_queries, a.include_balance, a.valid_from, a.valid_to, a.uses, a.state, a.withdrawn_at, a.reader,"
            " a.artefact_digest, a.seq, a.req_months, a.req_valid_days, a.req_max_queries,"
            f" (SELECT {together}(aa.binding_id, ' ') FROM consents_authorisationaccount aa"
            " WHERE aa.authorisation_id = a.id)"
            " FROM consents_authorisation a JOIN identity_enterprise e ON e.id = a.enterprise_id WHERE a.id = %s"
        )
        # An unbinding must not slip between this reading and the leaf that is written after it. A statement of its own:
        # one that waited for the lock reads the joined tables as they were before the wait.
        self._hold = self.sql("SELECT id FROM consents_binding WHERE id = %s", lock="FOR SHARE")
        self._account = self.sql(
            "SELECT b.id, b.enterprise_id, e.uscc, b.node_id, n.status, b.state, t.artefact, t.ended_at"
            " FROM consents_binding b JOIN identity_enterprise e ON e.id = b.enterprise_id"
            " JOIN identity_node n ON n.id = b.node_id LEFT JOIN consents_entrustment t ON t.id ="
            " (SELECT id FROM consents_entrustment WHERE binding_id = b.id"
            " ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, signed_at DESC LIMIT 1)"
            " WHERE b.id = %s"
        )
        self._live = self.sql(
            "SELECT aa.binding_id FROM consents_authorisationaccount aa"
            " JOIN consents_binding b ON b.id = aa.binding_id"
            " JOIN consents_entrustment t ON t.binding_id = b.id AND t.ended_at IS NULL"
            " WHERE aa.authorisation_id = %s AND b.state IN (%s, %s)"
        )
        self._artefact = self.sql(
            "SELECT jws FROM consents_artefact WHERE owner_kind = 'authorisation' AND owner_id = %s AND digest = %s"
        )

    def sql(self, text: str, *, lock: str = "") -> str:
        """``text`` with ``%s`` markers, in this connection's markers; ``lock`` is left out where writers are alone."""
        if lock and self.vendor == "postgresql":
            text = f"{text} {lock}"
        return text if self.markers == "%s" else text.replace("%s", self.markers)

    def time(self, at: datetime | None) -> Value:
        """An instant, or null, as this database takes it."""
        return None if at is None else write_time(self.vendor, at)

    def json(self, value: Json) -> Value:
        """A JSON column's text."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def lock(self, cursor: Cursor, authorisations: Sequence[str]) -> None:
        """Lock authorisations in the one order everybody uses. SQLite's write lock is already held."""
        if self.vendor == "postgresql":
            for authorisation_id in sorted(set(authorisations)):
                statement = self._lock.get(authorisation_id[:3])
                if statement is not None:  # what names no authorisation has no row to lock
                    cursor.execute(statement, (authorisation_id,))
                    cursor.fetchone()

    def grant(self, cursor: Cursor, authorisation_id: str) -> Grant | None:
        """Load an authorisation; a request that was not answered yet counts as one that grants nothing."""
        cursor.execute(self._grant, (authorisation_id,))
        row = cursor.fetchone()
        if row is None:
            return None
        accounts = frozenset(str(row[21] or "").split())
        include_balance = bool(row[9])
        scope = Scope(
            accounts=accounts,
            products=frozenset(Product(name) for name in _json_list(row[5])),
            months_back=_int(row[6]) or _int(row[18]),
            valid_days=_int(row[7]) or _int(row[19]),
            max_queries=_int(row[8]) or _int(row[20]),
            include_balance=include_balance,
            purpose=Purpose(str(row[4])),
        )
        valid_from, valid_to = read_time_or_none(row[10]), read_time_or_none(row[11])
        never = datetime.min.replace(tzinfo=UTC)
        value = Authorisation(
            id=str(row[0]),
            subject=str(row[3]),
            institution=str(row[1]),
            scope=scope,
            valid_from=valid_from or never,
            valid_to=valid_to or never,
            uses=_int(row[12]),
            state=AuthState(str(row[13])),
            withdrawn_at=read_time_or_none(row[14]),
            artefact_digest=str(row[16]),
        )
        return Grant(value, str(row[2]), Reader(str(row[15])), include_balance, _int(row[17]))

    def account(self, cursor: Cursor, account_id: str) -> Account | None:
        """Load an account link and, where writers are not alone, hold it for this transaction."""
        if self.vendor == "postgresql":
            cursor.execute(self._hold, (account_id,))
        cursor.execute(self._account, (account_id,))
        row = cursor.fetchone()
        if row is None:
            return None
        entrustment = None
        if row[6] is not None:
            entrustment = _ended(_entrustment(str(row[6])), read_time_or_none(row[7]))
        return Account(
            id=str(row[0]),
            enterprise_id=str(row[1]),
            subject=str(row[2]),
            node_id=str(row[3]),
            node_active=row[4] == "active",
            bound=str(row[5]) in SUPPLYING,
            entrustment=entrustment,
        )

    def live_accounts(self, cursor: Cursor, authorisation_id: str) -> frozenset[str]:
        """Accounts of an authorisation that are bound and entrusted now."""
        cursor.execute(self._live, (authorisation_id, *_SUPPLYING))
        return frozenset(str(row[0]) for row in cursor.fetchall())

    def artefact(self, cursor: Cursor, authorisation_id: str, digest: str) -> str:
        """The signed artefact in force of an authorisation."""
        cursor.execute(self._artefact, (authorisation_id, digest))
        row = cursor.fetchone()
        return "" if row is None else str(row[0])


def _ended(entrustment: Entrustment, ended_at: datetime | None) -> Entrustment:
    if ended_at is None:
        return entrustment
    return Entrustment(
        id=entrustment.id,
        subject=entrustment.subject,
        provider=entrustment.provider,
        account=entrustment.account,
        products=entrustment.products,
        agreement_version=entrustment.agreement_version,
        signed_at=entrustment.signed_at,
        ended_at=ended_at,
        digest=entrustment.digest,
    )
