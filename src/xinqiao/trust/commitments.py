"""Values that must stay secret but be provable or findable: commitments, blind indexes, encrypted fields.

Here: three small tools over standard algorithms. Salts and encrypted values are stored by the owner of the
row; erasing a person (PIPL article 47) is deleting the salt and the row's key, after which the audit log
proves nothing about the value and all its proofs still hold.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xinqiao.domain.errors import Code, Unavailable
from xinqiao.trust.keyfile import read_private, write_private
from xinqiao.trust.suites import Random

SALT_SIZE: Final = 32
#: Prefix of a commitment; 0x00 and 0x01 are the leaves and nodes of the log, so none can pass for another.
_COMMIT: Final = b"\x02"
_VERSION: Final = b"\x01"


def new_salt(rng: Random = secrets.token_bytes) -> bytes:
    """32 fresh bytes, one for each committed value: an equal value must not show as equal."""
    return rng(SALT_SIZE)


def commit(value: bytes, salt: bytes) -> str:
    """H(0x02 ‖ salt ‖ value), lower-case hex.

    The salt has a fixed length, so the border between it and the value is never in doubt. Without a salt the
    number of a person (17 digits and a check character) would be found by trying them all.

    Raises:
        ValueError: the salt is not 32 bytes.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError("a salt is 32 bytes")
    return sha256(_COMMIT + salt + value).hexdigest()


def opens(commitment: str, value: bytes, salt: bytes) -> bool:
    """Say whether ``value`` with ``salt`` is what was committed to, in constant time."""
    return hmac.compare_digest(commit(value, salt), commitment)


def blind_index(key: bytes, purpose: str, value: str) -> str:
    """A keyed equality index, 32 hex characters.

    ``value`` is normalised by the caller. ``purpose`` (e.g. ``person.id_number``) separates columns: equal
    values in two columns do not show as equal.

    Raises:
        ValueError: the key is shorter than 32 bytes.
    """
    if len(key) < 32:
        raise ValueError("an index key has at least 32 bytes")
    text = purpose.encode("utf-8") + b"\0" + value.encode("utf-8")
    return hmac.digest(key, text, "sha256")[:16].hex()


def load_or_create_kek(path: Path, rng: Random = secrets.token_bytes) -> bytes:
    """Return the 32-byte key-encryption key kept in ``path`` (mode 0600), making it on first use.

    Raises:
        Unavailable: the file is open to others or does not hold 32 bytes of hex.
    """
    try:
        text = read_private(path)
    except FileNotFoundError:
        try:
            write_private(path, rng(32).hex().encode("ascii") + b"\n")
        except FileExistsError:
            return load_or_create_kek(path, rng)
        text = read_private(path)
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Unavailable(Code.KEY_UNUSABLE, "the key file does not hold 32 bytes")
    return key


@dataclass(frozen=True, slots=True)
class FieldCipher:
    """AES-256-GCM for one column's values, bound to their place.

    Form: version (1) ‖ wrapped data key (12 + 32 + 16) ‖ nonce (12) ‖ cipher text ‖ tag (16). Every value has
    its own data key under the KEK, so rotating the KEK re-wraps 60 bytes and never touches the data, and the
    GCM limit on messages under one key is never near. The place (table, column, row id) is authenticated: a
    value copied to another row does not open there.
    """

    kek: bytes = field(repr=False)
    rng: Random = field(default=secrets.token_bytes, repr=False)

    def __post_init__(self) -> None:
        if len(self.kek) != 32:
            raise ValueError("a KEK has 32 bytes")

    def encrypt(self, plaintext: bytes, *, table: str, column: str, row: str) -> bytes:
        """Encrypt a value for its place."""
        place = _place(table, column, row)
        key, nonce, key_nonce = self.rng(32), self.rng(12), self.rng(12)
        wrapped = key_nonce + AESGCM(self.kek).encrypt(key_nonce, key, b"kek\0" + place)
        return _VERSION + wrapped + nonce + AESGCM(key).encrypt(nonce, plaintext, place)

    def decrypt(self, stored: bytes, *, table: str, column: str, row: str) -> bytes:
        """Decrypt a value found at its place. Raises Unavailable(KEY_UNUSABLE) when it does not belong there."""
        place = _place(table, column, row)
        key = self._unwrap(stored, place)
        try:
            return AESGCM(key).decrypt(stored[61:73], stored[73:], place)
        except InvalidTag:
            raise _unreadable() from None

    def rewrap(self, stored: bytes, new: "FieldCipher", *, table: str, column: str, row: str) -> bytes:
        """Move a value under another KEK without touching the value."""
        place = _place(table, column, row)
        key, nonce = self._unwrap(stored, place), new.rng(12)
        return _VERSION + nonce + AESGCM(new.kek).encrypt(nonce, key, b"kek\0" + place) + stored[61:]

    def _unwrap(self, stored: bytes, place: bytes) -> bytes:
        if len(stored) < 89 or stored[:1] != _VERSION:
            raise _unreadable()
        try:
            return AESGCM(self.kek).decrypt(stored[1:13], stored[13:61], b"kek\0" + place)
        except InvalidTag:
            raise _unreadable() from None


def _place(table: str, column: str, row: str) -> bytes:
    """Table ‖ column ‖ row with lengths, so no two places have the same bytes."""
    parts = (part.encode("utf-8") for part in (table, column, row))
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def _unreadable() -> Unavailable:
    return Unavailable(Code.KEY_UNUSABLE, "the stored value does not open with this key at this place")
