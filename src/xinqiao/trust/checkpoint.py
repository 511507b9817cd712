"""Signed tree heads: C2SP checkpoints in signed notes, with witnesses.

Here: the text form, signing and checking. When a checkpoint is made (every ten seconds or thousand leaves)
and where witnesses are asked is the hub's business.

::

    hub.example/audit            origin: the name of the log
    4711                         number of leaves
    q83v…=                       root, base64

    — hub.example/audit Az3gr…=  signature lines: name, base64(key hash 4 bytes ‖ signature)
    — bank.example AbCd…=

Signature types (the byte after the name in the key hash): 0x01 Ed25519 of the log; 0x04 Ed25519 cosignature
of a witness, over ``cosignature/v1``, a time and the body, with 8 bytes of time before the signature (C2SP
tlog-cosignature); 0xff ``sm2-sm3`` SM2 second signature, a type of this project as C2SP foresees under 0xff.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NoReturn

from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.trust.keys import SigningKey, VerifyKey
from xinqiao.trust.suites import SuiteName

_ED25519: Final = b"\x01"
_COSIGNATURE: Final = b"\x04"
_SM2: Final = b"\xff" + b"sm2-sm3"
_NAME: Final = re.compile(r"[!-*,-~]{1,200}")  # printable, no space, no plus (C2SP signed-note)
_DASH: Final = "\u2014"
MAX_NOTE_CHARS: Final = 16_384
MAX_SIGNATURES: Final = 32


def _refuse(why: str) -> NoReturn:
    raise Unauthenticated(Code.SIGNATURE_INVALID, why)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its origin, number of leaves and root hash."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The signed text, with its final newline."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint and the signature lines under it: (name, key hash, signature)."""

    checkpoint: Checkpoint
    signatures: tuple[tuple[str, bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found good: the head, the names that signed, and when each witness saw it."""

    checkpoint: Checkpoint
    signed_by: frozenset[str]
    witnessed: Mapping[str, datetime]


def key_hash(name: str, key: VerifyKey, *, witness: bool = False) -> bytes:
    """The four bytes that name a key in a signature line."""
    kind = _SM2 if key.suite.name is SuiteName.SM else (_COSIGNATURE if witness else _ED25519)
    return sha256(name.encode("utf-8") + b"\n" + kind + key.public).digest()[:4]


def _line(name: str, hashed: bytes, signature: bytes) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a signer's name is printable ASCII without space and plus")
    return f"{_DASH} {name} {b64encode(hashed + signature).decode('ascii')}\n"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey, *, second: SigningKey | None = None) -> str:
    """Sign a head as the log itself; ``second`` adds an SM2 signature for those who need the national suite."""
    if not _NAME.fullmatch(checkpoint.origin):
        raise ValueError("an origin is printable ASCII without space and plus")
    body = checkpoint.body()
    note = body + "\n"
    for signer in (key, *((second,) if second else ())):
        hashed = key_hash(checkpoint.origin, signer.public)
        note += _line(checkpoint.origin, hashed, signer.sign(body.encode("utf-8")))
    return note


def _cosigned(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()


def cosign(note: str, name: str, key: SigningKey, at: datetime) -> str:
    """Add a witness's line. The witness has checked the log's signature and the consistency with what it saw.

    Raises:
        ValueError: the key is not Ed25519. Unauthenticated: the note does not parse.
    """
    if key.suite.name is not SuiteName.INTERNATIONAL:
        raise ValueError("cosignatures are Ed25519")
    body = parse_note(note).checkpoint.body()
    seconds = int(at.timestamp())
    signature = seconds.to_bytes(8, "big") + key.sign(_cosigned(body, seconds))
    return note + _line(name, key_hash(name, key.public, witness=True), signature)


def parse_note(text: str) -> Note:
    """Read a note without checking signatures. Raises Unauthenticated when the form is not exact."""
    if len(text) > MAX_NOTE_CHARS:
        _refuse("checkpoint too long")
    body, separator, tail = text.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3 or not tail.endswith("\n"):
        _refuse("not a checkpoint")
    origin, size, root64 = lines
    if not _NAME.fullmatch(origin) or not re.fullmatch(r"0|[1-9][0-9]{0,15}", size):
        _refuse("origin or size is malformed")
    signatures: list[tuple[str, bytes, bytes]] = []
    for line in tail[:-1].split("\n"):
        match = re.fullmatch(rf"{_DASH} ([!-*,-~]{{1,200}}) ([A-Za-z0-9+/=]{{8,200}})", line)
        if not match:
            _refuse("a signature line is malformed")
        raw = _strict_b64(match[2])
        signatures.append((match[1], raw[:4], raw[4:]))
    if len(signatures) > MAX_SIGNATURES:
        _refuse("too many signatures")
    root = _strict_b64(root64)
    if len(root) != 32:
        _refuse("a root is 32 bytes")
    return Note(Checkpoint(origin, int(size), root), tuple(signatures))


def _strict_b64(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; a text that is not ASCII is a plain one
        _refuse("not base64")
    if b64encode(data).decode("ascii") != text:
        _refuse("not the one base64 text of these bytes")
    return data


def verify_note(
    text: str,
    log_keys: Iterable[VerifyKey],
    *,
    origin: str | None = None,
    witnesses: Mapping[str, VerifyKey] | None = None,
    min_witnesses: int = 0,
) -> Verified:
    """Check a signed checkpoint.

    Args:
        text: the note.
        log_keys: keys that may sign for the log. **Every** line that names one of them must be good, and at
        least
            one must be there; lines of unknown keys are passed over (C2SP signed-note).
        origin: the log expected; None takes the note's own.
        witnesses: name → key of the witnesses believed.
        min_witnesses: how many different ones must have cosigned.

    Raises:
        Unauthenticated: SIGNATURE_INVALID.
    """
    note = parse_note(text)
    checkpoint = note.checkpoint
    if origin is not None and checkpoint.origin != origin:
        _refuse("a checkpoint of another log")
    body = checkpoint.body()
    known = {key_hash(checkpoint.origin, key): key for key in log_keys}
    signed_by: set[str] = set()
    witnessed: dict[str, datetime] = {}
    for name, hashed, signature in note.signatures:
        key = known.get(hashed) if name == checkpoint.origin else None
        if key is not None:
            if not key.verify(body.encode("utf-8"), signature):
                _refuse("the log's signature does not match")
            signed_by.add(name)
        witness = (witnesses or {}).get(name)
        if witness is not None and hashed == key_hash(name, witness, witness=True):
            seconds = int.from_bytes(signature[:8], "big")
            if len(signature) != 72 or not witness.verify(_cosigned(body, seconds), signature[8:]):
                _refuse("a witness's signature does not match")
            witnessed[name] = _instant(seconds)
    if not signed_by:
        _refuse("not signed by the log")
    if len(witnessed) < min_witnesses:
        _refuse("too few witnesses")
    return Verified(checkpoint, frozenset(signed_by), witnessed)


def _instant(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        _refuse("a witness's time is out of range")
