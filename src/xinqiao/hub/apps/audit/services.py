"""Verbs of the audit log: append, checkpoint, health. Proofs and exports are in ``evidence``.

A leaf is written inside the transaction of its effect. Its index is given out under the lock of the one head row,
taken last (authorisations are locked before it, in the order of their ids), so the order of the log is the order of
the effects and no index is ever skipped. The statements are raw SQL because this is the hot path.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, connections, transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.hub.apps.audit.models import Checkpoint, LogHead
from xinqiao.hub.dbapi import (
    Cursor,
    Markers,
    Value,
    Vendor,
    insert_rows,
    read_time_or_none,
    vendor_of,
    write_time,
)
from xinqiao.hub.runtime import runtime
from xinqiao.trust import checkpoint as notes
from xinqiao.trust.commitments import commit, new_salt
from xinqiao.trust.leaf import NO_LEAF, Leaf, LeafType
from xinqiao.trust.merkle import Frontier, leaf_hash

#: Subtrees below this level are recomputed from leaf hashes; so one node row is kept per 256 leaves, not per leaf.
TILE_LEVEL = 8


@dataclass(frozen=True, slots=True)
class Refs:
    """What a leaf concerns, by opaque ids. ``object`` names anything else (a person, a user, a key's owner)."""

    subject: str | None = None
    institution: str | None = None
    node: str | None = None
    account: str | None = None
    entrustment: str | None = None
    authorisation: str | None = None
    query: str | None = None
    permit: str | None = None
    object: str | None = None

    def ids(self) -> dict[str, str]:
        """The ids that are given, by name."""
        pairs = (
            ("subject", self.subject),
            ("institution", self.institution),
            ("node", self.node),
            ("account", self.account),
            ("entrustment", self.entrustment),
            ("authorisation", self.authorisation),
            ("query", self.query),
            ("permit", self.permit),
            ("object", self.object),
        )
        return {name: value for name, value in pairs if value is not None}

    @property
    def indexed(self) -> str | None:
        """The one id under which the leaf is found beside its object."""
        return self.authorisation or self.account or self.object or self.query


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf to be written."""

    type: str
    at: datetime
    facts: Mapping[str, Json] = field(default_factory=dict)
    refs: Refs = field(default_factory=Refs)
    personal: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeafRef:
    """Where a leaf is: its index, its hash (hex) and the instant it carries."""

    index: int
    hash: str
    at: datetime


_HEAD = "SELECT origin, size, frontier, last_hash, last_at FROM audit_loghead WHERE id = 1"
_NEW_HEAD = (
    "INSERT INTO audit_loghead (id, origin, size, frontier, last_hash, last_at)"
    " VALUES (1, %s, 0, %s, %s, NULL) ON CONFLICT DO NOTHING"
)
_LEAF = (
    'INSERT INTO audit_leaf ("index", type, at, body, hash, subject_id, institution_id, node_id, object_id)'
)
_NODE = "INSERT INTO audit_treenode (level, position, hash)"
_SALT = "INSERT INTO audit_commitment (leaf_index, name, salt_enc)"
_MOVE = "UPDATE audit_loghead SET size = %s, frontier = %s, last_hash = %s, last_at = %s WHERE id = 1"


class LogWriter:
    """Appends leaves through any DB-API cursor that is inside a transaction.

    Django's cursors and psycopg's take ``%s`` markers, bare sqlite3 cursors ``?``; the data plane, which has its own
    connections, makes a writer for its own kind.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        origin: str,
        protect: Callable[[bytes, int, str], str],
        markers: Markers = "%s",
    ) -> None:
        self._vendor = vendor
        self._origin = origin
        self._protect = protect
        head = _HEAD + (" FOR UPDATE" if vendor == "postgresql" else "")
        self._markers: Markers = markers
        self._head, self._new_head, self._move = (
            sql.replace("%s", markers) for sql in (head, _NEW_HEAD, _MOVE)
        )

    def append(self, cursor: Cursor, entries: Sequence[Entry]) -> list[LeafRef]:
        """Write the entries in order, under the head lock. The caller's transaction makes them durable."""
        origin, frontier, previous, last_at = self._lock(cursor)
        leaves: list[Sequence[Value]] = []
        nodes: list[Sequence[Value]] = []
        salts: list[Sequence[Value]] = []
        refs: list[LeafRef] = []
        for entry in entries:
            index = frontier.size
            # Two programs' clocks may differ by a little; the log never runs backwards.
            last_at = max(last_at, entry.at)
            commitments, entry_salts = self._commit(index, entry.personal)
            salts += entry_salts
            leaf = Leaf(
                log=origin,
                index=index,
                at=last_at,
                type=LeafType(entry.type),
                ids=entry.refs.ids(),
                facts=entry.facts,
                commitments=commitments,
                prev=previous,
            )
            body = leaf.to_bytes()
            made = frontier.append(leaf_hash(body))
            previous = made[0].hash
            nodes += [(level, position, value) for level, position, value in made if level >= TILE_LEVEL]
            leaves.append(
                (
                    index,
                    entry.type,
                    write_time(self._vendor, last_at),
                    body,
                    previous,
                    entry.refs.subject,
                    entry.refs.institution,
                    entry.refs.node,
                    entry.refs.indexed,
                )
            )
            refs.append(LeafRef(index, previous.hex(), last_at))
        for insert, rows in ((_LEAF, leaves), (_NODE, nodes), (_SALT, salts)):
            insert_rows(cursor, insert, rows, self._markers)
        cursor.execute(
            self._move, (frontier.size, frontier.to_bytes(), previous, write_time(self._vendor, last_at))
        )
        return refs

    def _lock(self, cursor: Cursor) -> tuple[str, Frontier, bytes, datetime]:
        cursor.execute(self._head)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(self._new_head, (self._origin, Frontier().to_bytes(), NO_LEAF))
            cursor.execute(self._head)
            row = cursor.fetchone()
        assert row is not None
        origin, _, frontier, last_hash, last_at = row
        assert isinstance(frontier, bytes | memoryview)
        assert isinstance(last_hash, bytes | memoryview)
        at = read_time_or_none(last_at) or datetime.min.replace(tzinfo=UTC)
        return str(origin), Frontier.from_bytes(bytes(frontier)), bytes(last_hash), at

    def _commit(
        self, index: int, personal: Mapping[str, str]
    ) -> tuple[dict[str, str], list[Sequence[Value]]]:
        commitments: dict[str, str] = {}
        salts: list[Sequence[Value]] = []
        for name, value in personal.items():
            salt = new_salt()
            commitments[name] = commit(value.encode(), salt)
            salts.append((index, name, self._protect(salt, index, name)))
        return commitments, salts


def protect_salt(salt: bytes, index: int, name: str) -> str:
    """Encrypt the salt of a commitment for its row."""
    return runtime.protect(salt.hex(), table="commitment", column=name, row=str(index))


def log_origin() -> str:
    """The name of this hub's log, the first line of its checkpoints."""
    return f"{settings.XINQIAO_HUB_ID}/audit"


def log_writer(vendor: Vendor, markers: Markers = "%s") -> LogWriter:
    """A writer for connections of the given kind."""
    return LogWriter(vendor, origin=log_origin(), protect=protect_salt, markers=markers)


def append_many(entries: Sequence[Entry], *, using: str = "default") -> list[LeafRef]:
    """Write several leaves in order, in the transaction that is open on ``using`` (group commit).

    Raises:
        RuntimeError: no transaction is open: a leaf without its effect would be a lie.
    """
    chosen = connections[using]
    if not chosen.in_atomic_block:
        raise RuntimeError("a leaf is written inside the transaction of its effect")
    if not entries:
        return []
    with chosen.cursor() as cursor:
        return log_writer(vendor_of(chosen)).append(cursor, entries)


def append_leaf(
    *,
    type: str,  # noqa: A002 - the word of the log
    at: datetime,
    facts: Mapping[str, Json] | None = None,
    refs: Refs | None = None,
    personal: Mapping[str, str] | None = None,
    using: str = "default",
) -> LeafRef:
    """Write one leaf. ``facts`` never hold names or numbers of people; those go into ``personal`` as commitments."""
    entry = Entry(type=type, at=at, facts=facts or {}, refs=refs or Refs(), personal=personal or {})
    return append_many([entry], using=using)[0]


def record_denial(
    *, code: str, act: str, at: datetime, refs: Refs | None = None, facts: Mapping[str, Json] | None = None
) -> LeafRef:
    """Write the one leaf of a refusal, in a transaction of its own: the refused act was rolled back.

    Edges call it once for every 401, 403, foreign 404, 409 and 429 (reliability 2.2); counts, never contents.
    """
    with transaction.atomic(durable=True):
        return append_leaf(type="DENY", at=at, facts={"code": code, "act": act, **(facts or {})}, refs=refs)


def make_checkpoint(*, at: datetime) -> Checkpoint | None:
    """Sign the present head if it has grown; ``None`` when there is nothing new. Safe to run twice at once."""
    head = LogHead.objects.filter(id=1).first()
    if head is None or head.size == 0 or Checkpoint.objects.filter(size=head.size).exists():
        return None
    frontier = Frontier.from_bytes(bytes(head.frontier))
    root = frontier.root()
    note = notes.sign_checkpoint(notes.Checkpoint(head.origin, head.size, root), runtime.hub_key)
    made, created = Checkpoint.objects.get_or_create(
        size=head.size, defaults={"root": root, "note": note, "at": at}
    )
    return made if created else None


@dataclass(frozen=True, slots=True)
class AuditHealth:
    """How far the log is ahead of its last checkpoint."""

    size: int
    checkpoint_size: int
    uncovered_since: datetime | None
    age: timedelta
    failing: bool


def audit_health(now: datetime) -> AuditHealth:
    """The state of the log: how old the oldest leaf without a durable checkpoint is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.size, c.size, l.at FROM audit_loghead h"
            " LEFT JOIN (SELECT MAX(size) AS size FROM audit_checkpoint) c ON 1 = 1"
            ' LEFT JOIN audit_leaf l ON l."index" = COALESCE(c.size, 0) WHERE h.id = 1'
        )
        row = cursor.fetchone()
    if row is None:
        return AuditHealth(0, 0, None, timedelta(0), failing=False)
    size, covered, at = row
    since = read_time_or_none(at)
    age = max(now - since, timedelta(0)) if since is not None else timedelta(0)
    limit = timedelta(seconds=settings.AUDIT_FAIL_CLOSED_SECONDS)
    return AuditHealth(size, covered or 0, since, age, failing=age > limit)


def require_audit(now: datetime) -> None:
    """Fail closed: no release while the log cannot be made durable (withdrawals go on).

    Raises:
        Unavailable: ``AUDIT_UNAVAILABLE`` with ``retry_after`` seconds.
    """
    if audit_health(now).failing:
        raise Unavailable(
            Code.AUDIT_UNAVAILABLE, "the audit log has no recent checkpoint", facts={"retry_after": 10}
        )
