"""The tamper campaign: change a log in every way that is known, and see that the verifier finds each change.

``run(leaves, mutations, seed)`` builds a lawful log and mutates it. The judge is the verifier of
``trust.verify`` itself, never a second one. Verifying the whole file afresh for each of 100,000 mutations
would take days, so the mutations are sorted by place and the log is walked **once**: at each place the honest
verifier is forked (its state is small), the fork is fed the changed leaves, and stops as soon as it has found
something, or at the end of the file. This is the same sequence of calls that reading the whole mutated file
makes, because a verifier's state after an unchanged prefix does not depend on what follows. A sample of the
mutations is also written to real files and read with ``verify_file`` (``whole_files``), which keeps the short
cut honest.

Kinds
    bit flip        one bit of one leaf, any bit
    deletion, duplicate, swap, insertion      with the neighbours left alone
    back-date       an earlier instant in one leaf
    rewrite         an instant, a code or a leaf is changed, removed or added **and every later leaf is
    re-chained**:
                    what an administrator with the database, but without the log's key, can do
    truncation      the end is missing
    header          one bit of the header line (keys, signed heads)
    fork, rollback  what one **with** the key can do: another history, or an old copy, signed again. Only a
    head kept
                    by somebody else finds these, so the verifier is given one, as every receipt holder has
                    one.
"""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xinqiao.campaigns.synthetic_log import ORIGIN, SyntheticLog, synthetic_log
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.trust.checkpoint import Checkpoint, sign_checkpoint
from xinqiao.trust.export import log_lines
from xinqiao.trust.findings import Findings
from xinqiao.trust.keys import SigningKey, VerifyKey
from xinqiao.trust.merkle import Frontier, leaf_hash
from xinqiao.trust.verify import LogVerifier, check_heads, verify_file

#: Share of each kind; bit flips are the bulk, re-chained rewrites the dearest (hundreds of leaves each).
_WEIGHTS: Final = {
    "bit_flip": 880,
    "deletion": 25,
    "duplicate": 20,
    "swap": 25,
    "insertion": 15,
    "back_date": 20,
    "rewrite": 5,
    "truncation": 6,
    "header": 3,
    "fork": 1,
}
#: Feeding this many more leaves after the first finding lets the verifier decide which of two neighbours is
#: wrong.
_LOOK_ON: Final = 3


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: from ``place`` on, the file reads ``lines()`` instead of what it read."""

    kind: str
    place: int
    lines: Callable[[], Iterator[bytes]]


def run(
    leaves: int = 10_000, mutations: int = 100_000, seed: int = 1, whole_files: int = 20
) -> dict[str, Json]:
    """Run the campaign.

    Returns:
        ``tried``, ``found``, ``missed`` (a list, empty when all is well), ``located`` (findings that name the
        changed leaf or its neighbour, of those that are not re-chained), ``kinds``, and ``whole_files``
        compared.
    """
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    log = synthetic_log(leaves, seed)
    kinds = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=mutations)
    counts = Counter(kinds)
    walked = sorted(
        (_mutation(kind, rng, log) for kind in kinds if kind not in ("header", "fork")), key=lambda m: m.place
    )
    missed: list[str] = []
    located = local = 0
    verifier = _verifier(log.notes, log.key.public)
    for mutation in walked:
        while verifier.size < mutation.place:
            verifier.feed(log.lines[verifier.size])
        findings = _judge(verifier, mutation)
        if not findings.problems:
            missed.append(f"{mutation.kind}@{mutation.place}")
        if mutation.kind not in ("rewrite", "truncation"):
            local += 1
            first = findings.first_bad()
            located += first is not None and abs(first - mutation.place) <= 1
    missed += _headers(rng, log, counts["header"])
    missed += _forks(rng, log, counts["fork"])
    sample = rng.sample(walked, min(whole_files, len(walked)))
    missed += _whole_files(sample, log)
    return {
        "leaves": leaves,
        "seed": seed,
        "tried": mutations,
        "found": mutations - len(missed),
        "missed": [*missed],
        "located": located,
        "locatable": local,
        "kinds": {name: counts[name] for name in sorted(counts)},
        "whole_files": len(sample),
    }


def _verifier(notes: Sequence[str], key: VerifyKey, known: Sequence[str] = ()) -> LogVerifier:
    findings = Findings()
    heads = check_heads(notes, ORIGIN, [key], findings, from_file=True)
    heads += check_heads(known, ORIGIN, [key], findings, from_file=False)
    verifier = LogVerifier(ORIGIN, heads)
    verifier.findings.problems += findings.problems
    return verifier


def _judge(honest: LogVerifier, mutation: Mutation) -> Findings:
    fork = honest.fork()
    ahead = _LOOK_ON
    for line in mutation.lines():
        fork.feed(line)
        if fork.findings.problems:
            ahead -= 1
            if ahead == 0:
                return fork.findings  # more leaves cannot take a finding back
    return fork.finish()


def _change(line: bytes, rng: random.Random) -> bytes:
    """Change the sense of a leaf, keeping its form: the careful forger."""
    leaf = json.loads(line)
    if leaf["type"] == "USE":
        leaf["type"] = "DENY"
    else:
        leaf["facts"]["note"] = rng.randrange(1000)
    return canonical_bytes(leaf)


def _earlier(line: bytes, rng: random.Random) -> bytes:
    leaf = json.loads(line)
    leaf["t"] = f"2025-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T08:00:00.000000Z"
    return canonical_bytes(leaf)


def _flip(line: bytes, rng: random.Random) -> list[bytes]:
    """Flip one bit of a line or of its end; a flip that makes or unmakes a line end changes the number of lines."""
    raw = bytearray(line + b"\n")
    place = rng.randrange(len(raw))
    raw[place] ^= 1 << rng.randrange(8)
    return bytes(raw).split(b"\n")


def rechain(lines: Iterable[bytes], start: int, prev: bytes) -> Iterator[bytes]:
    """Give leaves new places and new ``prev`` from ``start`` on, as a forger with the database would."""
    for index, line in enumerate(lines, start):
        leaf = json.loads(line)
        leaf["i"], leaf["prev"] = index, prev.hex()
        data = canonical_bytes(leaf)
        prev = leaf_hash(data)
        yield data


def _mutation(kind: str, rng: random.Random, log: SyntheticLog) -> Mutation:
    lines = log.lines
    k = rng.randrange(len(lines) - 1)
    inner = random.Random(rng.random())  # noqa: S311 - the change itself is made when it is its turn
    state = inner.getstate()

    def tail(*head: bytes, skip: int) -> Iterator[bytes]:
        yield from head
        for index in range(k + skip, len(lines)):
            yield lines[index]

    def fresh() -> random.Random:
        inner.setstate(state)
        return inner

    def flipped() -> Iterator[bytes]:
        parts = _flip(lines[k], fresh())
        if parts[-1] == b"":
            return tail(*parts[:-1], skip=1)
        # The line end itself was hit: this line runs into the next.
        return tail(*parts[:-1], parts[-1] + lines[k + 1], skip=2)

    def rewritten() -> Iterator[bytes]:
        draw = fresh()
        prev = leaf_hash(lines[k - 1]) if k else bytes(32)
        match draw.randrange(3):
            case 0:
                changed: Iterable[bytes] = tail(_change(lines[k], draw), skip=1)
            case 1:
                changed = tail(skip=1)
            case _:
                changed = tail(lines[k], _change(lines[k], draw), skip=1)
        return rechain(changed, k, prev)

    match kind:
        case "bit_flip":
            return Mutation(kind, k, flipped)
        case "deletion":
            return Mutation(kind, k, lambda: tail(skip=1))
        case "duplicate":
            return Mutation(kind, k, lambda: tail(lines[k], lines[k], skip=1))
        case "swap":
            return Mutation(kind, k, lambda: tail(lines[k + 1], lines[k], skip=2))
        case "insertion":
            return Mutation(kind, k, lambda: tail(_change(lines[k], fresh()), skip=0))
        case "back_date":
            return Mutation(kind, k, lambda: tail(_earlier(lines[k], fresh()), skip=1))
        case "rewrite":
            return Mutation(kind, k, rewritten)
        case _:
            return Mutation("truncation", k, lambda: iter(()))


def _headers(rng: random.Random, log: SyntheticLog, count: int) -> list[str]:
    """Flip single bits of the header line, in real files with the shortest log that has a head."""
    missed: list[str] = []
    short = log.lines[:1]
    note = _head(short, log.key)
    header, *rest = log_lines(ORIGIN, [log.key.public], [note], short)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        for _ in range(count):
            raw = bytearray(header)
            place, bit = rng.randrange(len(raw)), rng.randrange(8)
            raw[place] ^= 1 << bit
            path.write_bytes(bytes(raw) + b"".join(rest))
            if verify_file(path).ok:
                missed.append(f"header byte {place} bit {bit}")
    return missed


def _head(lines: Iterable[bytes], key: SigningKey) -> str:
    frontier = Frontier()
    for line in lines:
        frontier.append(leaf_hash(line))
    return sign_checkpoint(Checkpoint(ORIGIN, frontier.size, frontier.root()), key)


def _forks(rng: random.Random, log: SyntheticLog, count: int) -> list[str]:
    """Another history, or an old copy, signed with the real key: found by a head that somebody kept."""
    missed: list[str] = []
    kept = log.notes[-1]
    for number in range(count):
        k = rng.randrange(len(log.lines) - 1)
        lines = log.lines[:k]
        if number % 2:  # otherwise: rolled back to an old copy
            prev = leaf_hash(lines[-1]) if lines else bytes(32)
            lines += rechain([_change(log.lines[k], rng), *log.lines[k + 1 :]], k, prev)
        verifier = _verifier([_head(lines, log.key)], log.key.public, [kept])
        for line in lines:
            verifier.feed(line)
        if not verifier.finish().problems:
            missed.append(f"fork@{k}")
    return missed


def _whole_files(sample: Sequence[Mutation], log: SyntheticLog) -> list[str]:
    """Write mutated logs out and read them from their first byte: the same verdict, the same first bad leaf."""
    differ: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        for mutation in sample:
            lines = [*log.lines[: mutation.place], *mutation.lines()]
            path.write_bytes(b"".join(log_lines(ORIGIN, [log.key.public], log.notes, lines)))
            whole = verify_file(path)
            verifier = _verifier(log.notes, log.key.public)
            for line in log.lines[: mutation.place]:
                verifier.feed(line)
            quick = _judge(verifier, mutation)
            if whole.ok or (quick.first_bad() != whole.first_bad):
                differ.append(f"whole file {mutation.kind}@{mutation.place}")
    return differ
