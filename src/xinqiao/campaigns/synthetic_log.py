"""A seeded audit log with a lawful order of business, for campaigns, benchmarks and tests.

演示数据: every identifier in it is invented. Nothing here knows how to break a log; that is ``tamper``.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from xinqiao.domain.canonical import Json
from xinqiao.trust.checkpoint import Checkpoint, sign_checkpoint
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.leaf import NO_LEAF, Leaf, LeafType, instant_text
from xinqiao.trust.merkle import Frontier, leaf_hash

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
ORIGIN = "demo.xinqiao.example/audit"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a leaf says, before it has a place."""

    type: LeafType
    ids: dict[str, str]
    facts: dict[str, Json]
    after: timedelta


@dataclass(frozen=True, slots=True)
class SyntheticLog:
    """The lines of a log, its signed heads in order, and the key that signed them."""

    lines: list[bytes]
    notes: list[str]
    key: SigningKey


def business(rng: random.Random) -> Iterator[Entry]:
    """Yield a lawful order of business for ever: grants, permits with one end each, withdrawals."""
    number = 0
    live: list[tuple[str, str, str, int]] = []  # authorisation, institution, entrustment, uses left
    while True:
        number += 1
        if len(live) < 20 or rng.random() < 0.1:
            name, bank, bond = f"auth-{number}", f"bank-{rng.randrange(8)}", f"ent-{number}"
            yield _entry(rng, LeafType.BIND, {"entrustment": bond, "subject": f"subj-{number}"}, {})
            uses = rng.randrange(1, 6)
            facts: dict[str, Json] = {
                "valid_from": instant_text(START - timedelta(days=1)),
                "valid_to": instant_text(START + timedelta(days=3650)),
                "max_uses": uses,
                "products": ["FLOW_REPORT", "FLOW_SUMMARY"],
            }
            who = {"authorisation": name, "institution": bank, "subject": f"subj-{number}"}
            yield _entry(rng, LeafType.GRANT, who, facts)
            live.append((name, bank, bond, uses))
            continue
        place = rng.randrange(len(live))
        name, bank, bond, left = live[place]
        if left == 0 or rng.random() < 0.05:
            yield _entry(rng, LeafType.REVOKE, {"authorisation": name, "institution": bank}, {})
            del live[place]
            continue
        ids = {"authorisation": name, "institution": bank, "entrustment": bond, "permit": f"permit-{number}"}
        product: dict[str, Json] = {"product": rng.choice(("FLOW_REPORT", "FLOW_SUMMARY"))}
        yield _entry(rng, LeafType.PERMIT, ids, product)
        kind = rng.choices((LeafType.USE, LeafType.DENY, LeafType.FAIL), (90, 6, 4))[0]
        if kind is LeafType.USE:
            live[place] = (name, bank, bond, left - 1)
        else:
            product |= {"code": "PROVIDER_TIMEOUT" if kind is LeafType.FAIL else "REVOKED_BEFORE_RELEASE"}
        yield _entry(rng, kind, ids, product)


def _entry(rng: random.Random, kind: LeafType, ids: dict[str, str], facts: dict[str, Json]) -> Entry:
    return Entry(kind, ids, facts, timedelta(microseconds=rng.randrange(1, 4_000_000)))


def synthetic_lines(
    size: int, seed: int, *, seen: Callable[[int, Frontier], None] | None = None
) -> Iterator[bytes]:
    """Yield ``size`` leaves as canonical bytes; ``seen`` is told the frontier after each."""
    rng = random.Random(seed)  # noqa: S311 - a seeded campaign, not a secret
    entries, frontier, prev, at = business(rng), Frontier(), NO_LEAF, START
    for index in range(size):
        entry = next(entries)
        at += entry.after
        commitments = {"subject_name": rng.randbytes(32).hex()}
        data = Leaf(ORIGIN, index, at, entry.type, entry.ids, entry.facts, commitments, prev).to_bytes()
        prev = leaf_hash(data)
        frontier.append(prev)
        if seen is not None:
            seen(index + 1, frontier)
        yield data


def synthetic_log(size: int, seed: int, *, every: int = 1000) -> SyntheticLog:
    """Build a log with a signed head every ``every`` leaves and at its end."""
    key = SigningKey.generate(rng=random.Random(seed).randbytes)  # noqa: S311 - a throw-away key
    notes: list[str] = []

    def seen(count: int, frontier: Frontier) -> None:
        if count % every == 0 or count == size:
            notes.append(sign_checkpoint(Checkpoint(ORIGIN, count, frontier.root()), key))

    lines = list(synthetic_lines(size, seed, seen=seen))
    return SyntheticLog(lines, notes, key)
