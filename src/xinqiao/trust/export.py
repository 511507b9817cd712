"""Writing the files that the offline verifier reads: full log, own ledger, report bundle.

Here: formats only. Leaves, hashes and signed heads come from the caller, who has the database. Every line is
canonical JSON, so each file has exactly one byte form (docs/protocol/audit-log.md).
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.trust.keys import VerifyKey
from xinqiao.trust.verify import BUNDLE_FORMAT, LEDGER_FORMAT, LOG_FORMAT


@dataclass(frozen=True, slots=True)
class ProvenLeaf:
    """A leaf's canonical bytes and its inclusion proof under the head of ``size`` leaves."""

    index: int
    data: bytes
    proof: Sequence[bytes]
    size: int

    def to_json(self) -> dict[str, Json]:
        return {
            "i": self.index,
            "leaf": self.data.decode("utf-8"),
            "proof": [_b64(h) for h in self.proof],
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the head of ``new`` leaves continues the head of ``old`` leaves."""

    old: int
    new: int
    proof: Sequence[bytes]

    def to_json(self) -> dict[str, Json]:
        return {"from": self.old, "to": self.new, "proof": [_b64(h) for h in self.proof]}


def _b64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _header(form: str, origin: str, keys: Iterable[VerifyKey], notes: Iterable[str]) -> dict[str, Json]:
    return {
        "format": form,
        "version": 1,
        "origin": origin,
        "keys": [key.to_jwk() for key in keys],
        "checkpoints": [*notes],
    }


def log_lines(
    origin: str, keys: Iterable[VerifyKey], notes: Iterable[str], leaves: Iterable[bytes]
) -> Iterator[bytes]:
    """Yield the lines of a full export: a header, then each leaf's canonical bytes as they are."""
    yield canonical_bytes(_header(LOG_FORMAT, origin, keys, notes)) + b"\n"
    for leaf in leaves:
        yield leaf + b"\n"


def ledger_lines(
    origin: str,
    keys: Iterable[VerifyKey],
    notes: Iterable[str],
    consistency: Iterable[ConsistencyProof],
    party: str,
    leaves: Iterable[ProvenLeaf],
) -> Iterator[bytes]:
    """Yield the lines of a party's own ledger. ``party`` is an id that occurs in ``ids`` of every leaf."""
    header = _header(LEDGER_FORMAT, origin, keys, notes)
    header |= {"party": party, "consistency": [c.to_json() for c in consistency]}
    yield canonical_bytes(header) + b"\n"
    for leaf in leaves:
        yield canonical_bytes(leaf.to_json()) + b"\n"


def bundle_bytes(
    origin: str,
    keys: Iterable[VerifyKey],
    artefacts: Iterable[str],
    *,
    product: str | None = None,
    notes: Iterable[str] = (),
    consistency: Iterable[ConsistencyProof] = (),
    leaves: Iterable[ProvenLeaf] = (),
) -> bytes:
    """One report with everything that proves it, as one line.

    Args:
        origin: the log of the leaves.
        keys: every key that signed something in here.
        artefacts: compact tokens: authorisations from the first to the one in force, entrustment, query,
        permit,
            product statement, receipts.
        product: the exact text whose SHA-256 the node signed: the sealed product (receipt,
        ``product_digest``) or
            the opened one in canonical form (receipt, ``content_digest``; product statement, ``digest``).
        notes, consistency, leaves: signed heads, proofs between them, and the leaves under them.
    """
    bundle = _header(BUNDLE_FORMAT, origin, keys, notes)
    bundle |= {
        "artefacts": [*artefacts],
        "product": product,
        "consistency": [c.to_json() for c in consistency],
        "leaves": [leaf.to_json() for leaf in leaves],
    }
    return canonical_bytes(bundle) + b"\n"


def write_lines(lines: Iterable[bytes], out: IO[bytes]) -> int:
    """Write lines to a file; return how many bytes."""
    total = 0
    for line in lines:
        total += out.write(line)
    return total
