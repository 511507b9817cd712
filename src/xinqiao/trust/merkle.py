"""Merkle trees of RFC 6962: hashing, a frontier to append with, proofs made and proofs checked.

Here: pure functions and two small structures. What a leaf says is in ``leaf``; where hashes are kept is the
business of whoever has a database: :func:`inclusion_proof` and :func:`consistency_proof` take a function that
finds the hash of a complete subtree, and :meth:`Frontier.append` names the subtrees each leaf completes, so a
table ``(level, index) → hash`` gives every proof with O(log n) reads.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

#: MTH({}) = the hash of nothing (RFC 6962 section 2.1).
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_SIZE: Final = 32

#: Finds the hash of the complete subtree of 2^level leaves number ``index`` (level 0: the leaves).
type FindNode = Callable[[int, int], bytes]


class Node(NamedTuple):
    """The hash of one complete subtree."""

    level: int
    number: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """H(0x00 ‖ data): what makes bytes a leaf."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 ‖ left ‖ right): the other prefix keeps a node from passing as a leaf."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """The compact right edge of a growing tree: enough to append and to tell the root, O(log n) small."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(p) != HASH_SIZE for p in peaks):
            raise ValueError("a frontier has one hash per set bit of its size")
        self._size = size
        self._peaks = list(peaks)  # largest subtree first

    @property
    def size(self) -> int:
        return self._size

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf **hash**; return the complete subtrees it made, the leaf itself first."""
        index, level, current = self._size, 0, leaf
        made = [Node(0, index, leaf)]
        while self._size >> level & 1:
            current = node_hash(self._peaks.pop(), current)
            level += 1
            made.append(Node(level, index >> level, current))
        self._peaks.append(current)
        self._size += 1
        return made

    def root(self) -> bytes:
        """The root over everything appended so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """Eight bytes of size, then the peaks, largest first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read what :meth:`to_bytes` wrote. Raises ValueError."""
        rest = data[8:]
        if len(data) < 8 or len(rest) % HASH_SIZE:
            raise ValueError("not a frontier")
        peaks = [rest[i : i + HASH_SIZE] for i in range(0, len(rest), HASH_SIZE)]
        return cls(int.from_bytes(data[:8], "big"), peaks)

    def copy(self) -> "Frontier":
        """An independent frontier at the same point: a transaction that fails must not move the shared one."""
        return Frontier(self._size, self._peaks)


class MemoryTree:
    """A whole tree in memory: what tests hold the table of hashes and the proofs against."""

    __slots__ = ("_frontier", "_levels")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._frontier = Frontier()
        self._levels: list[list[bytes]] = []
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        return self._frontier.size

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        for node in self._frontier.append(leaf):
            if node.level == len(self._levels):
                self._levels.append([])
            self._levels[node.level].append(node.hash)

    def find(self, level: int, index: int) -> bytes:
        """A :data:`FindNode`."""
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """The root over the first ``size`` leaves (all of them when None)."""
        return self._frontier.root() if size is None else subtree_hash(self.find, 0, size)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        return inclusion_proof(self.find, index, self.size if size is None else size)

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        return consistency_proof(self.find, old, self.size if size is None else size)


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def subtree_hash(find: FindNode, start: int, size: int) -> bytes:
    """The hash over ``size`` leaves from ``start`` (a multiple of the next power of two)."""
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return find(level, start >> level)
    left = _split(size)
    return node_hash(subtree_hash(find, start, left), subtree_hash(find, start + left, size - left))


def inclusion_proof(find: FindNode, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1. Raises ValueError when the leaf is outside."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    proof: list[bytes] = []
    start = 0
    while size > 1:
        left = _split(size)
        if index < left:
            proof.append(subtree_hash(find, start + left, size - left))
            size = left
        else:
            proof.append(subtree_hash(find, start, left))
            start, index, size = start + left, index - left, size - left
    return proof[::-1]


def consistency_proof(find: FindNode, old: int, size: int) -> list[bytes]:
    """PROOF(old, D[size]) of RFC 6962 section 2.1.2. Raises ValueError unless 0 < old <= size."""
    if not 0 < old <= size:
        raise ValueError("a consistency proof goes from a smaller tree that is not empty")
    proof: list[bytes] = []
    start, whole = 0, True
    while old != size:
        left = _split(size)
        if old <= left:
            proof.append(subtree_hash(find, start + left, size - left))
            size = left
        else:
            proof.append(subtree_hash(find, start, left))
            start, old, size, whole = start + left, old - left, size - left, False
    if not whole:
        proof.append(subtree_hash(find, start, size))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Check that leaf hash ``leaf`` is number ``index`` under ``root`` of ``size`` leaves (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or not _all_hashes((leaf, root, *proof)):
        return False
    at, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            current = node_hash(sibling, current)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and current == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Check that the tree of ``size`` leaves continues the one of ``old`` leaves (RFC 9162 2.1.4.2)."""
    # Everything continues the empty tree, so a "proof" from there says nothing and is refused.
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    if not _all_hashes((old_root, root, *proof)):
        return False
    path: Iterator[bytes] = iter(proof)
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if old & (old - 1) == 0:
        first = second = old_root
    else:
        first = second = next(path, b"")
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def _all_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
