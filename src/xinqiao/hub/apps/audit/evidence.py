"""Proof that outsiders can check: inclusion proofs, full export, a party's own ledger, witnesses.

Formats are those of ``trust.export``; the offline verifier needs nothing else. Everything is proved against the last
checkpoint; leaves after it wait for the next.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import IO

from django.db import connection

from xinqiao.domain.errors import Code, NotFound, Unavailable
from xinqiao.hub.apps.audit.models import Checkpoint, Leaf, LogHead, TreeNode
from xinqiao.hub.apps.audit.services import TILE_LEVEL, make_checkpoint
from xinqiao.hub.runtime import runtime
from xinqiao.trust.export import (
    ConsistencyProof,
    ProvenLeaf,
    ledger_lines,
    log_lines,
    write_lines,
)
from xinqiao.trust.merkle import consistency_proof, inclusion_proof, node_hash

_CHUNK = 2_000


def node_finder() -> Callable[[int, int], bytes]:
    """A function that finds the hash of a complete subtree: kept rows from 256 leaves up, leaf hashes below.

    Remembers what it read for as long as it lives, so make one for each export.
    """
    kept: dict[tuple[int, int], bytes] = {}

    def find(level: int, position: int) -> bytes:
        known = kept.get((level, position))
        if known is not None:
            return known
        if level >= TILE_LEVEL:
            row = (
                TreeNode.objects.filter(level=level, position=position).values_list("hash", flat=True).first()
            )
            if row is None:
                raise Unavailable(Code.AUDIT_UNAVAILABLE, "a node of the log's tree is missing")
            kept[level, position] = bytes(row)
        else:
            _fill_tile(kept, (position << level) >> TILE_LEVEL)
        return kept[level, position]

    return find


def _fill_tile(kept: dict[tuple[int, int], bytes], tile: int) -> None:
    """Read the leaf hashes of one tile of 256 and compute the complete subtrees inside it."""
    first = tile << TILE_LEVEL
    hashes = Leaf.objects.filter(index__gte=first, index__lt=first + (1 << TILE_LEVEL)).order_by("index")
    level, row = 0, [bytes(one) for one in hashes.values_list("hash", flat=True)]
    start = first
    while row:
        for offset, value in enumerate(row):
            kept[level, start + offset] = value
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
        level, start = level + 1, start >> 1


def last_checkpoint() -> Checkpoint | None:
    """The newest signed head."""
    return Checkpoint.objects.order_by("-size").first()


def prove(index: int, *, at: datetime | None = None) -> ProvenLeaf:
    """A leaf with its inclusion proof under the last checkpoint; makes one first when the leaf is newer and ``at`` given.

    Raises:
        NotFound: no such leaf, or none that a checkpoint covers yet.
    """
    head = last_checkpoint()
    if at is not None and (head is None or index >= head.size):
        make_checkpoint(at=at)
        head = last_checkpoint()
    leaf = Leaf.objects.filter(index=index).first()
    if leaf is None or head is None or index >= head.size:
        raise NotFound
    return ProvenLeaf(index, bytes(leaf.body), inclusion_proof(node_finder(), index, head.size), head.size)


def consistency(old: int, new: int) -> ConsistencyProof:
    """That the head of ``new`` leaves continues the head of ``old``, for witnesses. Raises NotFound beyond the log."""
    size = LogHead.objects.filter(id=1).values_list("size", flat=True).first() or 0
    if not 0 < old <= new <= size:
        raise NotFound
    return ConsistencyProof(old, new, consistency_proof(node_finder(), old, new))


def export_log(out: IO[bytes], *, at: datetime) -> int:
    """Write the whole log up to a fresh checkpoint; returns how many bytes. For auditor and supervisor."""
    make_checkpoint(at=at)
    head = _require_head()
    notes = [head.note]
    return write_lines(log_lines(_origin(), runtime.hub_verify_keys(), notes, _bodies(head.size)), out)


def export_party(out: IO[bytes], *, party: str, at: datetime) -> int:
    """Write a party's own ledger: every leaf that names it, each proved under a fresh checkpoint.

    ``party`` is the id of an enterprise or an institution; that the asker *is* that party is the caller's to check
    (``ledger_of`` does it for an actor).
    """
    make_checkpoint(at=at)
    head = _require_head()
    lines = ledger_lines(
        _origin(), runtime.hub_verify_keys(), [head.note], [], party, _proven(party, head.size)
    )
    return write_lines(lines, out)


def export_leaves(out: IO[bytes], *, party: str, indexes: Sequence[int], at: datetime) -> int:
    """Write the named leaves of a party, each proved under a fresh checkpoint, in the format of its ledger.

    That every one of them names the party, and that the asker may have them, is the caller's to see to.
    """
    make_checkpoint(at=at)
    head, find = _require_head(), node_finder()
    rows = Leaf.objects.filter(index__in=indexes, index__lt=head.size).order_by("index")
    proven = (
        ProvenLeaf(index, bytes(body), inclusion_proof(find, index, head.size), head.size)
        for index, body in rows.values_list("index", "body")
    )
    return write_lines(
        ledger_lines(_origin(), runtime.hub_verify_keys(), [head.note], [], party, proven), out
    )


def _proven(party: str, size: int) -> Iterator[ProvenLeaf]:
    find = node_finder()
    rows = Leaf.objects.filter(index__lt=size).order_by("index")
    mine = rows.filter(subject_id=party) if party.startswith("ent-") else rows.filter(institution_id=party)
    for index, body in mine.values_list("index", "body").iterator(chunk_size=_CHUNK):
        yield ProvenLeaf(index, bytes(body), inclusion_proof(find, index, size), size)


def _bodies(size: int) -> Iterator[bytes]:
    """Bodies in order, in pages by index: a server-side cursor would not survive a pooled connection."""
    for first in range(0, size, _CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT body FROM audit_leaf WHERE "index" >= %s AND "index" < %s ORDER BY "index"',
                [first, min(first + _CHUNK, size)],
            )
            page: Sequence[Sequence[bytes]] = cursor.fetchall()
        yield from (bytes(body) for (body,) in page)


def _require_head() -> Checkpoint:
    head = last_checkpoint()
    if head is None:
        raise NotFound
    return head


def _origin() -> str:
    return LogHead.objects.get(id=1).origin
