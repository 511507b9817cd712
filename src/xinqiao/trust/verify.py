"""The offline verifier: one file in, a verdict out; no database, no network.

Standard library and ``cryptography`` only (the SM2 library is loaded when a file carries an SM2 signature).
It hashes the tree with code of its own, not with ``merkle``: two implementations that agree are worth more
than one used twice.

Formats are in docs/protocol/audit-log.md and written by ``export``. A full log is read as a stream: one JSON
parse for each leaf, memory only for open permits and authorisations.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Never

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.checkpoint import Checkpoint, key_hash, parse_note, verify_note
from xinqiao.trust.findings import Finding, Findings, VerifyReport
from xinqiao.trust.keys import VerifyKey
from xinqiao.trust.order import BusinessOrder

LOG_FORMAT: Final = "xinqiao-log"
LEDGER_FORMAT: Final = "xinqiao-ledger"
BUNDLE_FORMAT: Final = "xinqiao-bundle"
#: A leaf is some 500 bytes; a line without end is not read into memory.
MAX_LINE_BYTES: Final = 1 << 20
MAX_HEADER_BYTES: Final = 64 << 20

_LEAF_MEMBERS: Final = frozenset({"v", "log", "i", "t", "type", "ids", "facts", "commitments", "prev"})
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_NO_LEAF: Final = "0" * 64


def _no_float(_: str) -> Never:
    raise ValueError("a number with a fraction")


_parse = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).decode
_canonical = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def bounded_lines(source: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The lines after the header without their ends, and whether each is whole.

    Nothing is read after one that is not: what follows the limit is in no place where a line could begin.
    """
    while line := source.readline(MAX_LINE_BYTES):
        whole = line.endswith(b"\n")
        yield line.removesuffix(b"\n"), whole
        if not whole:
            return


class Role(StrEnum):
    """What a party is to a product."""

    PLATFORM = "platform"
    NODE = "node"
    INSTITUTION = "institution"


class Owner(NamedTuple):
    """Whose a key is: the party's id and what it is. A bank may be two parties with one key."""

    role: Role
    id: str


#: Key id → whose it is.
type Owners = Mapping[str, Collection[Owner]]


class Head(NamedTuple):
    """A signed head whose signature was found good."""

    checkpoint: Checkpoint
    from_file: bool


def read_canonical(line: bytes) -> dict[str, Json]:
    """Parse a line that must be the canonical form of an object.

    Comparing with the re-encoded text refuses every second spelling at once: order, spaces, escapes, and
    members that occur twice.

    Raises:
        ValueError: it is not.
    """
    try:
        text = line.decode("utf-8")
        value = _parse(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if type(value) is not dict:
        raise ValueError("not an object")
    if _canonical(value) != text:
        raise ValueError("not the canonical form")
    return value


def is_one(version: Json) -> bool:
    """Whether a version is the number 1: true is equal to it, and is none."""
    return version == 1 and version is not True


class LogVerifier:
    """Checks a full log leaf by leaf. ``fork`` gives an independent copy at the same point (tamper campaign)."""

    __slots__ = (
        "_broken",
        "_hash",
        "_heads",
        "_last_good",
        "_next_head",
        "_order",
        "_peaks",
        "_shift",
        "_time",
        "findings",
        "origin",
        "size",
    )  # fmt: skip

    def __init__(self, origin: str, heads: Iterable[Head]) -> None:
        self.origin = origin
        self.findings = Findings()
        self.size = 0
        self._heads = sorted(heads, key=lambda h: h.checkpoint.size)
        self._next_head = 0
        self._last_good = 0
        self._peaks: list[bytes] = []
        self._hash = _NO_LEAF  # of the leaf before, hex
        self._time = ""
        self._shift = 0  # by how much the last leaf's number is off
        self._broken = -1  # index of a leaf whose prev did not fit, waiting to know which of the two is wrong
        self._order = BusinessOrder(self.findings)
        self._check_heads()

    def fork(self) -> "LogVerifier":
        other = object.__new__(LogVerifier)
        other.origin, other.size, other._heads = self.origin, self.size, self._heads
        other.findings = self.findings.fork()
        other._next_head, other._last_good = self._next_head, self._last_good
        other._peaks, other._hash, other._time = self._peaks.copy(), self._hash, self._time
        other._broken, other._shift = self._broken, self._shift
        other._order = self._order.fork(other.findings)
        return other

    def feed(self, line: bytes) -> None:
        """Take the next leaf: its canonical bytes without the line end."""
        index = self.size
        raw = sha256(b"\0" + line).digest()
        self._append(raw, index)
        before, self._hash = self._hash, raw.hex()
        self.size = index + 1
        try:
            leaf = read_canonical(line)
            if leaf.keys() != _LEAF_MEMBERS or not is_one(leaf["v"]):
                raise ValueError("members do not fit a leaf")
            at, kind, ids, facts = leaf["t"], leaf["type"], leaf["ids"], leaf["facts"]
            if not (type(at) is str and type(kind) is str and _INSTANT.fullmatch(at)):
                raise ValueError("instant or type is malformed")
            if not (isinstance(ids, dict) and isinstance(facts, dict)):
                raise ValueError("ids or facts are no object")
        except ValueError as error:
            self.findings.add(Finding.MALFORMED, index, str(error)[:200])
            self._settle()
        else:
            self._place(index, leaf, before, at)
            self._order.feed(index, at, kind, ids, facts)
        self._check_heads()

    def _place(self, index: int, leaf: dict[str, Json], before: str, at: str) -> None:
        shift = stated - index if type(stated := leaf["i"]) is int else 1
        if shift not in (0, self._shift):  # one leaf missing moves all that follow: said once
            self.findings.add(Finding.INDEX_GAP, index, f"says {stated}"[:60])
        self._shift = shift
        if leaf["log"] != self.origin:
            self.findings.add(Finding.WRONG_LOG, index)
        if leaf["prev"] != before:
            # Either the leaf before was changed, or this one's prev. The next leaf tells: if it does not fit
            # this one either, this one was changed.
            if shift:
                # Its number says that it does not belong here: no need to doubt the leaf before.
                self.findings.add(Finding.CHAIN_BROKEN, index, "it follows another leaf")
            elif self._broken >= 0:
                self.findings.add(Finding.CHAIN_BROKEN, self._broken, "it fits neither neighbour")
                self._broken = -1
            else:
                self._broken = index
        else:
            self._settle()
        if at < self._time:
            self.findings.add(Finding.TIME_REVERSED, index, "before the leaf before it")
        else:
            self._time = at

    def _settle(self) -> None:
        """A leaf fits its predecessor: a break noticed one leaf ago was therefore in the leaf before that."""
        if self._broken >= 0:
            self.findings.add(
                Finding.CHAIN_BROKEN, max(self._broken - 1, 0), "the next leaf names another hash"
            )
            self._broken = -1

    def _append(self, current: bytes, index: int) -> None:
        peaks = self._peaks
        while index & 1:
            current = sha256(b"\1" + peaks.pop() + current).digest()
            index >>= 1
        peaks.append(current)

    def _root(self) -> bytes:
        if not self._peaks:
            return sha256(b"").digest()
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = sha256(b"\1" + peak + root).digest()
        return root

    def _check_heads(self) -> None:
        heads = self._heads
        while self._next_head < len(heads) and heads[self._next_head].checkpoint.size == self.size:
            head = heads[self._next_head]
            self._next_head += 1
            if head.checkpoint.root == self._root():
                self._last_good = self.size
            else:
                code = Finding.ROOT_MISMATCH if head.from_file else Finding.FORK
                # The change lies somewhere after the last head that fits; broken leaves say where exactly.
                place = min(self._last_good, max(self.size - 1, 0))
                detail = f"the signed head of {self.size} leaves has another root"
                self.findings.add(code, place, detail, self.size)

    def finish(self) -> Findings:
        """Judge the end of the log and return all findings."""
        if self._broken >= 0:
            self.findings.add(Finding.CHAIN_BROKEN, max(self._broken - 1, 0), "or the leaf after it")
            self._broken = -1
        if not self._heads:
            self.findings.add(Finding.NO_CHECKPOINT, None, "no signed head: nothing proves this log")
        elif self._heads[-1].checkpoint.size > self.size:
            missing = self._heads[-1].checkpoint.size
            self.findings.add(Finding.TRUNCATED, self.size, f"a signed head has {missing} leaves", missing)
        elif self._heads[-1].checkpoint.size < self.size:
            self.findings.add(
                Finding.TAIL_UNSIGNED, self._heads[-1].checkpoint.size, "after the last signed head"
            )
        if self._time:
            self._order.finish()
        return self.findings


def check_heads(
    notes: Sequence[str],
    origin: str,
    keys: Sequence[VerifyKey],
    findings: Findings,
    *,
    from_file: bool,
) -> list[Head]:
    """Verify signed heads; one that is not good is a finding and is left out.

    In a file every signature line must be of a key that is known: a line passed over could be changed unseen.
    """
    heads: list[Head] = []
    for note in notes:
        try:
            checkpoint = verify_note(note, keys, origin=origin).checkpoint
            if from_file:
                known = {key_hash(origin, key) for key in keys}
                lines = parse_note(note).signatures
                # Witness lines (72 bytes) are judged by whoever holds the witnesses' keys.
                if any(hashed not in known for _, hashed, signature in lines if len(signature) == 64):
                    findings.add(Finding.CHECKPOINT_SIGNATURE, None, "a signature of an unknown key")
            heads.append(Head(checkpoint, from_file))
        except XinqiaoError as error:
            findings.add(Finding.CHECKPOINT_SIGNATURE, None, error.detail)
    return heads


def read_keys(value: Json, trusted: Sequence[VerifyKey] | None, findings: Findings) -> list[VerifyKey]:
    """Take the keys stated in a file; with trusted ones given, only those among them count.

    Raises:
        ValueError: the member is not a list of public JWKs.
    """
    if not isinstance(value, list):
        raise ValueError("keys are a list")
    stated: list[VerifyKey] = []
    for item in value:
        if not isinstance(item, dict):
            raise ValueError("a key is an object")
        try:
            stated.append(VerifyKey.from_jwk(item))
        except XinqiaoError as error:
            raise ValueError(f"key: {error.detail}") from None
        if item != stated[-1].to_jwk():
            raise ValueError("a key with members of its own")
    if trusted is None:
        return stated
    believed = {key.kid for key in trusted}
    for key in stated:
        if key.kid not in believed:
            findings.add(Finding.UNTRUSTED_KEY, None, key.kid)
    return list(trusted)


def unb64_hashes(value: Json) -> list[bytes]:
    """Read a proof: a list of base64 texts of 32 bytes. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError("a proof is a list")
    hashes: list[bytes] = []
    for item in value:
        try:
            raw = b64decode(str(item), validate=True)
        except Base64Error:
            raise ValueError("a hash is not base64") from None
        if len(raw) != 32 or b64encode(raw).decode("ascii") != item:
            raise ValueError("a hash is the one base64 text of 32 bytes")
        hashes.append(raw)
    return hashes


def text_list(value: Json) -> list[str]:
    """Read a list of texts. Raises ValueError."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("not a list of texts")
    return [str(item) for item in value]


_HEADER: Final = frozenset({"format", "version", "origin", "keys", "checkpoints"})


def report(
    findings: Findings, kind: str, leaves: int, checkpoints: int, *, keys_from_file: bool
) -> VerifyReport:
    """Close the findings into a verdict."""
    return VerifyReport(
        ok=not findings.problems,
        kind=kind,
        leaves=leaves,
        checkpoints=checkpoints,
        first_bad=findings.first_bad(),
        keys_from_file=keys_from_file,
        problems=tuple(findings.problems),
    )


def verify_file(
    path: Path | str,
    *,
    trusted_keys: Sequence[VerifyKey] | None = None,
    known_checkpoints: Sequence[str] = (),
    owners: Owners | None = None,
) -> VerifyReport:
    """Verify a full log export, a party's own ledger, or a report bundle.

    Args:
        path: the file.
        trusted_keys: the log's (and, for a bundle, the parties') keys, obtained out of band. None takes the
        keys
            stated in the file and says so in the report.
        known_checkpoints: signed heads the caller kept from before; a log that shows another history, or a
        shorter
            one, is found by them and by nothing else.
        owners: whose the trusted keys are, when that is known (the directory tells). Then a signed head is the
            platform's word only, and an artefact that of the party it names as its issuer. Without, whoever holds
            any one of the trusted keys may have signed all of it.

    Raises:
        OSError: the file cannot be read. Everything else is in the report.
    """
    with Path(path).open("rb") as source:
        return verify_stream(
            source, trusted_keys=trusted_keys, known_checkpoints=known_checkpoints, owners=owners
        )


def verify_stream(
    source: BinaryIO,
    *,
    trusted_keys: Sequence[VerifyKey] | None = None,
    known_checkpoints: Sequence[str] = (),
    owners: Owners | None = None,
) -> VerifyReport:
    """The same for a file that is open already, or in memory and must not touch a disk."""
    from xinqiao.trust.verify_parts import verify_bundle, verify_ledger

    first = source.readline(MAX_HEADER_BYTES)
    findings = Findings()
    try:
        header = read_canonical(first.removesuffix(b"\n"))
    except ValueError as error:
        findings.add(Finding.MALFORMED, None, f"header: {error}"[:200])
        return report(findings, "unknown", 0, 0, keys_from_file=trusted_keys is None)
    log_keys = None if trusted_keys is None else of_platform(trusted_keys, owners)
    known_format = header.get("format") if is_one(header.get("version")) else None
    if known_format == LOG_FORMAT:
        return _verify_log(source, header, findings, log_keys, known_checkpoints)
    if known_format == LEDGER_FORMAT:
        return verify_ledger(source, header, findings, log_keys, known_checkpoints)
    if known_format == BUNDLE_FORMAT:
        return verify_bundle(source, header, findings, trusted_keys, owners)
    findings.add(Finding.UNKNOWN_FORMAT, None)
    return report(findings, "unknown", 0, 0, keys_from_file=trusted_keys is None)


def of_platform(keys: Sequence[VerifyKey], owners: Owners | None) -> list[VerifyKey]:
    """Those of the keys that may sign heads: all of them when nobody said whose they are."""
    if owners is None:
        return list(keys)
    return [key for key in keys if any(o.role is Role.PLATFORM for o in owners.get(key.kid, ()))]


def open_header(
    header: dict[str, Json],
    members: frozenset[str],
    findings: Findings,
    trusted: Sequence[VerifyKey] | None,
    known: Sequence[str],
) -> tuple[str, list[Head], list[VerifyKey]] | None:
    """Read origin, keys and heads of a header; None (and a finding) when it is malformed."""
    try:
        origin = header.get("origin")
        if header.keys() != members or not isinstance(origin, str):
            raise ValueError("members do not fit")
        keys = read_keys(header["keys"], trusted, findings)
        notes = text_list(header["checkpoints"])
    except ValueError as error:
        findings.add(Finding.MALFORMED, None, f"header: {error}"[:200])
        return None
    heads = check_heads(notes, origin, keys, findings, from_file=True)
    heads += check_heads(known, origin, keys, findings, from_file=False)
    return origin, heads, keys


def _verify_log(
    source: BinaryIO,
    header: dict[str, Json],
    findings: Findings,
    trusted: Sequence[VerifyKey] | None,
    known: Sequence[str],
) -> VerifyReport:
    opened = open_header(header, _HEADER, findings, trusted, known)
    if opened is None:
        return report(findings, "log", 0, 0, keys_from_file=trusted is None)
    origin, heads, _ = opened
    log = LogVerifier(origin, heads)
    for line, whole in bounded_lines(source):
        if not whole:
            log.findings.add(Finding.MALFORMED, log.size, "line too long, or without its end")
        log.feed(line)
    findings.problems += log.finish().problems
    return report(findings, "log", log.size, len(heads), keys_from_file=trusted is None)
