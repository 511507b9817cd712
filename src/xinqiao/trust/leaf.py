"""One entry of the audit log: its members, its one byte form, its hash.

Here: the shape and the vocabulary. Appending (the index under the log-head lock, in the transaction of the
effect) is done by the program that owns the database; the meaning of an order of leaves is checked by
``verify``.

A leaf is a JSON object in canonical form (``domain.canonical``) with exactly these members:

=============== ==========================================================================================
``v``           1
``log``         origin of the log, the first line of its checkpoints
``i``           index from 0, without gaps
``t``           instant of the effect, RFC 3339 UTC with microseconds, never before the leaf before it
``type``        a :class:`LeafType`
``ids``         who and what it concerns, by identifiers of ours (authorisation, permit, institution …)
``facts``       what may stand in clear: codes, products, counts, instants as text. Never personal data
``commitments`` salted commitments to personal or secret values (``trust.commitments``), hex
``prev``        leaf hash of the leaf before it, hex; 64 zeros for the first
=============== ==========================================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import orjson

from xinqiao.domain.canonical import Json, require_canonical
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.merkle import leaf_hash as leaf_hash

VERSION: Final = 1
#: ``prev`` of the first leaf.
NO_LEAF: Final = bytes(32)
_MEMBERS: Final = frozenset({"v", "log", "i", "t", "type", "ids", "facts", "commitments", "prev"})
_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class LeafType(StrEnum):
    """What happened. Names are part of the public contract: never renamed, never reused."""

    REQUEST = "REQUEST"  # an institution asked a subject for an authorisation
    GRANT = "GRANT"  # the subject confirmed it, wholly or in part (facts say which)
    APPEND = "APPEND"  # 授权追加: a new artefact for the same authorisation
    REFUSE = "REFUSE"  # the subject said no
    REVOKE = "REVOKE"  # the subject withdrew
    BIND = "BIND"  # 委托提供: an account is entrusted to its provider
    UNBIND = "UNBIND"  # … and no longer
    PERMIT = "PERMIT"  # one-shot leave for a node
    USE = "USE"  # a product was released: terminal for its permit
    DENY = "DENY"  # a no, with its code: terminal when it names a permit
    FAIL = "FAIL"  # the source failed or did not answer: terminal for its permit
    SELF_USE = "SELF_USE"  # the subject read its own product
    COLLECT = "COLLECT"  # a batch was taken into the lake
    CORRECT = "CORRECT"  # an objection or correction changed what is shown
    REGISTER = "REGISTER"  # an entry in a register (receivable, pledge)
    LOGIN = "LOGIN"
    ADMIN = "ADMIN"  # an act of an operator
    KEY = "KEY"  # a key was registered, retired or declared compromised
    STATEMENT = "STATEMENT"  # a periodic statement (counts) or any other fact worth proving


@lru_cache(maxsize=64)  # the leaves of one transaction carry one instant
def instant_text(at: datetime) -> str:
    """RFC 3339 UTC with six decimals and ``Z``: one spelling, so texts compare like instants."""
    if at.tzinfo is None:
        raise ValueError("a leaf needs an aware instant")
    return at.astimezone(UTC).strftime(_FORMAT)


def instant_from(text: str) -> datetime:
    """Read :func:`instant_text`. Raises ValueError for any other spelling."""
    at = datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
    if instant_text(at) != text:
        raise ValueError("not the one spelling of this instant")
    return at


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry as values; see the module for the members."""

    log: str
    index: int
    at: datetime
    type: LeafType
    ids: Mapping[str, str]
    facts: Mapping[str, Json]
    commitments: Mapping[str, str]
    prev: bytes

    def to_bytes(self) -> bytes:
        """The canonical bytes that are hashed. Raises ValueError or TypeError on values without such a form."""
        if self.index < 0 or len(self.prev) != 32:
            raise ValueError("index counts from 0 and prev is a hash")
        members: dict[str, Json] = {
            "v": VERSION,
            "log": self.log,
            "i": self.index,
            "t": instant_text(self.at),
            "type": self.type.value,
            "ids": dict(self.ids),
            "facts": dict(self.facts),
            "commitments": dict(self.commitments),
            "prev": self.prev.hex(),
        }
        require_canonical(members)
        try:
            # the bytes of ``canonical_bytes``, a test holds them to it, in a twentieth of the time
            return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise ValueError("a text is not Unicode, or a member is nested too deeply") from error

    @property
    def hash(self) -> bytes:
        """The RFC 6962 leaf hash."""
        return leaf_hash(self.to_bytes())


def parse_leaf(data: bytes) -> Leaf:
    """Read the canonical bytes of a leaf.

    Raises:
        ValueError: not a leaf, or not in the one canonical form.
    """
    value = strict_object(data)
    if value.keys() != _MEMBERS or value["v"] != VERSION:
        raise ValueError("members do not fit a leaf")
    log, index, kind, prev = value["log"], value["i"], value["type"], value["prev"]
    ids, facts, commitments = value["ids"], value["facts"], value["commitments"]
    if not (isinstance(log, str) and type(index) is int and isinstance(kind, str) and isinstance(prev, str)):
        raise ValueError("a member has the wrong type")
    if not (isinstance(ids, dict) and isinstance(facts, dict) and isinstance(commitments, dict)):
        raise ValueError("a member is not an object")
    leaf = Leaf(
        log=log,
        index=index,
        at=instant_from(str(value["t"])),
        type=LeafType(kind),
        ids=_texts(ids),
        facts=facts,
        commitments=_texts(commitments),
        prev=bytes.fromhex(prev),
    )
    if leaf.to_bytes() != data:
        raise ValueError("not the canonical form")
    return leaf


def _texts(value: Mapping[str, Json]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in value.items():
        if not isinstance(text, str):
            raise ValueError("identifiers and commitments are text")
        found[name] = text
    return found
