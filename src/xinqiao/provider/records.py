"""What the node remembers: ownership checks, entrustments, terminations, consumed permits, the ledger.

Typed reads and writes over :class:`~xinqiao.provider.state.State`; the writes are plain functions of a connection
so that several of them share one commit. No decision is taken here beyond what a unique key says.
"""

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from xinqiao.domain.consent import Entrustment, Permit
from xinqiao.domain.errors import Code, Conflict, Unauthenticated
from xinqiao.provider.state import State
from xinqiao.trust.encoding import strict_object, unb64

#: Entrustments kept parsed in memory; the rest is one indexed read away.
ENTRUSTMENT_CACHE = 20_000


class Event(StrEnum):
    """Kinds of ledger entries."""

    SERVED = "served"
    REFUSED = "refused"
    FAILED = "failed"
    OWNERSHIP = "ownership"
    ENTRUSTED = "entrusted"
    TERMINATED = "terminated"
    FAULT = "fault"


def micros(at: datetime) -> int:
    """An instant as integer microseconds since 1970 (UTC)."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(value: int) -> datetime:
    """The inverse of :func:`micros`."""
    return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ownership:
    """A passed ownership check: the only place where a link meets an account number."""

    link: str
    uscc: str
    name: str
    account_no: str
    account_kind: str
    passed_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger; opaque ids and counts only."""

    at: datetime
    event: Event
    code: str = ""
    jti: str | None = None
    link: str | None = None
    institution: str | None = None
    product: str | None = None
    months: int | None = None
    report_no: str | None = None
    bytes: int = 0
    micros: int = 0
    seq: int = 0


# --- writes: each runs inside the writer's transaction --------------------------------------------------------


def mark_nonce(connection: sqlite3.Connection, keyid: str, nonce: str, until: int) -> bool:
    """Remember the nonce of a message that is refused; False when it was seen before."""
    return (
        connection.execute("INSERT OR IGNORE INTO nonce VALUES (?,?,?)", (keyid, nonce, until)).rowcount == 1
    )


def put_nonce(connection: sqlite3.Connection, keyid: str, nonce: str, until: int) -> None:
    """Remember a message nonce until it could not be accepted anyway. Raises ``REPLAYED`` on second sight."""
    if not mark_nonce(connection, keyid, nonce, until):
        raise Unauthenticated(Code.REPLAYED, "this message was seen before")


def put_permit(connection: sqlite3.Connection, permit: Permit, at: int) -> None:
    """Consume a permit. Raises ``REPLAYED`` when it was consumed before."""
    row = connection.execute(
        "INSERT OR IGNORE INTO permit VALUES (?,?,?,?,?,?,?)",
        (
            permit.jti,
            permit.account,
            permit.institution,
            str(permit.product),
            permit.months,
            str(permit.reader),
            at,
        ),
    )
    if row.rowcount != 1:
        raise Unauthenticated(Code.REPLAYED, "this permit was used before")


def put_entry(connection: sqlite3.Connection, entry: Entry) -> None:
    """Append to the ledger."""
    connection.execute(
        "INSERT INTO ledger (at,event,code,jti,link,institution,product,months,report_no,bytes,micros)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            micros(entry.at),
            str(entry.event),
            entry.code,
            entry.jti,
            entry.link,
            entry.institution,
            entry.product,
            entry.months,
            entry.report_no,
            entry.bytes,
            entry.micros,
        ),
    )


def put_ownership(connection: sqlite3.Connection, found: Ownership) -> None:
    """Keep a passed check; a link never moves to another account.

    Raises:
        Conflict: the link already stands for another account, holder or code.
    """
    connection.execute(
        "INSERT OR IGNORE INTO ownership VALUES (?,?,?,?,?,?)",
        (found.link, found.uscc, found.name, found.account_no, found.account_kind, micros(found.passed_at)),
    )
    row = connection.execute("SELECT uscc, account_no FROM ownership WHERE link=?", (found.link,)).fetchone()
    if row != (found.uscc, found.account_no):
        raise Conflict(Code.CONFLICT_DUPLICATE, "the link already stands for another account")


def put_entrustment(
    connection: sqlite3.Connection, entrustment: Entrustment, token: str, at: int
) -> tuple[int, bool]:
    """Keep the node's own copy; storing the same artefact again changes nothing.

    Returns:
        When it was first stored, and whether that was now.

    Raises:
        Conflict: another artefact with the same id is here already.
    """
    try:
        made = connection.execute(
            "INSERT INTO entrustment VALUES (?,?,?,?,?) ON CONFLICT (digest) DO NOTHING",
            (entrustment.digest, entrustment.id, entrustment.account, token, at),
        )
    except sqlite3.IntegrityError:
        raise Conflict(Code.CONFLICT_DUPLICATE, "another entrustment has this id") from None
    row = connection.execute(
        "SELECT stored_at FROM entrustment WHERE digest=?", (entrustment.digest,)
    ).fetchone()
    return int(row[0]), made.rowcount == 1


def put_termination(
    connection: sqlite3.Connection, *, digest: str, entrustment: str, token: str, effective_at: int, at: int
) -> bool:
    """Keep the end of an entrustment; the same artefact again changes nothing. Says whether it was new."""
    made = connection.execute(
        "INSERT OR IGNORE INTO termination VALUES (?,?,?,?,?)", (digest, entrustment, token, effective_at, at)
    )
    return made.rowcount == 1


# --- reads ----------------------------------------------------------------------------------------------------


class Records:
    """Typed questions to the node's memory."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._entrustments: OrderedDict[str, Entrustment | None] = OrderedDict()
        self._ownerships: OrderedDict[str, Ownership | None] = OrderedDict()

    def ownership(self, link: str) -> Ownership | None:
        """The passed check of a link."""
        if link in self._ownerships:
            self._ownerships.move_to_end(link)
            return self._ownerships[link]
        rows = self._state.read(
            "SELECT link,uscc,name,account_no,account_kind,passed_at FROM ownership WHERE link=?", (link,)
        )
        found = None
        if rows:
            link_, uscc, name, number, kind, at = rows[0]
            found = Ownership(str(link_), str(uscc), str(name), str(number), str(kind), instant(int(str(at))))
        _remember(self._ownerships, link, found)
        return found

    def bound_accounts(self, uscc: str) -> tuple[str, ...]:
        """Account numbers of this holder that are entrusted here and not ended (the "bound" list of 3.9)."""
        rows = self._state.read(
            "SELECT DISTINCT o.account_no FROM ownership o JOIN entrustment e ON e.link = o.link"
            " WHERE o.uscc = ? AND NOT EXISTS (SELECT 1 FROM termination t WHERE t.entrustment = e.id)"
            " ORDER BY 1",
            (uscc,),
        )
        return tuple(str(row[0]) for row in rows)

    def entrustment(self, link: str) -> Entrustment | None:
        """The newest entrustment of a link, with its end when it was ended."""
        if link in self._entrustments:
            self._entrustments.move_to_end(link)
            return self._entrustments[link]
        rows = self._state.read("SELECT artefact FROM entrustment WHERE link=?", (link,))
        copies = sorted((_entrustment_of(str(row[0])) for row in rows), key=lambda e: e.signed_at)
        newest = copies[-1] if copies else None
        if newest is not None:
            ended = self._state.read(
                "SELECT min(effective_at) FROM termination WHERE entrustment=?", (newest.id,)
            )
            if ended[0][0] is not None:
                newest = replace(newest, ended_at=instant(int(str(ended[0][0]))))
        _remember(self._entrustments, link, newest)
        return newest

    def entrustment_by_id(self, identity: str) -> Entrustment | None:
        """An entrustment by its id, without its end."""
        rows = self._state.read("SELECT artefact FROM entrustment WHERE id=?", (identity,))
        return _entrustment_of(str(rows[0][0])) if rows else None

    def forget(self, link: str) -> None:
        """Drop what is remembered of a link after a write."""
        self._entrustments.pop(link, None)
        self._ownerships.pop(link, None)

    def is_seen(self, keyid: str, nonce: str) -> bool:
        """Whether a message was dealt with before: an early answer; the unique key decides."""
        return bool(self._state.read("SELECT 1 FROM nonce WHERE keyid=? AND nonce=?", (keyid, nonce)))

    def is_consumed(self, jti: str) -> bool:
        """Whether a permit was consumed."""
        return bool(self._state.read("SELECT 1 FROM permit WHERE jti=?", (jti,)))

    def entries(
        self,
        *,
        events: tuple[Event, ...] = (Event.SERVED, Event.REFUSED, Event.FAILED),
        limit: int = 50,
        before: int | None = None,
        text: str = "",
    ) -> list[Entry]:
        """Newest ledger lines of some kinds, paged by ``seq``; ``text`` looks in ids and report numbers."""
        marks = ",".join("?" * len(events))
        sql = (
            "SELECT at,event,code,jti,link,institution,product,months,report_no,bytes,micros,seq FROM ledger"  # noqa: S608
            f" WHERE event IN ({marks})"
        )
        values: list[str | int | None] = [str(e) for e in events]
        if before is not None:
            sql += " AND seq < ?"
            values.append(before)
        if text:
            sql += " AND (jti = ? OR report_no = ? OR link = ?)"
            values += [text, text, text]
        rows = self._state.read(f"{sql} ORDER BY seq DESC LIMIT ?", (*values, limit))
        return [_entry(row) for row in rows]

    def served_since(self, at: datetime) -> int:
        """Permits served since an instant."""
        rows = self._state.read(
            "SELECT count(*) FROM ledger WHERE at >= ? AND event = 'served'", (micros(at),)
        )
        return int(str(rows[0][0]))

    def bytes_out(self) -> int:
        """Bytes of sealed products that left, ever."""
        rows = self._state.read("SELECT coalesce(sum(bytes),0) FROM ledger WHERE event = 'served'")
        return int(str(rows[0][0]))


def _remember[T](cache: OrderedDict[str, T], key: str, value: T) -> None:
    cache[key] = value
    if len(cache) > ENTRUSTMENT_CACHE:
        cache.popitem(last=False)


def _entrustment_of(token: str) -> Entrustment:
    # its signature was checked before it was stored; the database is the node's own
    return Entrustment.from_claims(strict_object(unb64(token.split(".")[1])))


def _entry(row: tuple[object, ...]) -> Entry:
    at, event, code, jti, link, institution, product, months, report_no, size, took, seq = row
    return Entry(
        at=instant(int(str(at))),
        event=Event(str(event)),
        code=str(code),
        jti=None if jti is None else str(jti),
        link=None if link is None else str(link),
        institution=None if institution is None else str(institution),
        product=None if product is None else str(product),
        months=None if months is None else int(str(months)),
        report_no=None if report_no is None else str(report_no),
        bytes=int(str(size)),
        micros=int(str(took)),
        seq=int(str(seq)),
    )
