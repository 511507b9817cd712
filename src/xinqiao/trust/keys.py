"""Keys with names: signing and sealing keys, their JWK form, sets with rotation.

Here: key objects over the two suites, RFC 7517 / 8037 JWK in and out, RFC 7638 thumbprints, and ``KeySet``,
which knows from when to when a key may be believed. Key files are in ``keyfile``; fetching keys over the
network is nowhere in this package: a key is handed over out of band or in a signed directory.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NoReturn, Self

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid
from xinqiao.trust.encoding import b64, unb64
from xinqiao.trust.suites import INTERNATIONAL, SM, Random, Signer, Suite, SuiteName, Verifier

type Jwk = dict[str, Json]


class KeyStatus(StrEnum):
    """Where a key is in its life."""

    ACTIVE = "active"  # signs, and is believed
    RETIRED = "retired"  # signs no more; what it signed before ``not_after`` is still believed
    COMPROMISED = "compromised"  # never believed again, whatever the date says


class KeyUse(StrEnum):
    """The RFC 7517 ``use`` of a key."""

    SIGN = "sig"
    SEAL = "enc"


def _invalid(detail: str) -> NoReturn:
    raise Invalid(Code.INVALID, detail, facts={"field": "jwk"})


_CURVES: Final = {
    (SuiteName.INTERNATIONAL, KeyUse.SIGN): ("OKP", "Ed25519"),
    (SuiteName.INTERNATIONAL, KeyUse.SEAL): ("OKP", "X25519"),
    (SuiteName.SM, KeyUse.SIGN): ("EC", "SM2"),
    (SuiteName.SM, KeyUse.SEAL): ("EC", "SM2"),
}


def _public_members(suite: Suite, use: KeyUse, public: bytes) -> Jwk:
    kty, crv = _CURVES[(suite.name, use)]
    if kty == "OKP":
        return {"crv": crv, "kty": kty, "x": b64(public)}
    return {"crv": crv, "kty": kty, "x": b64(public[:32]), "y": b64(public[32:])}


def _thumbprint(suite: Suite, use: KeyUse, public: bytes) -> str:
    """RFC 7638 with SHA-256 for both suites: it is a name, not a protection."""
    members = _public_members(suite, use, public)
    if suite.name is SuiteName.SM and use is KeyUse.SEAL:
        # Ed25519 and X25519 differ in crv; one SM2 point could serve both uses and must not have one name.
        members["use"] = use.value
    return b64(hashlib.sha256(canonical_bytes(members)).digest())


def _read_jwk(jwk: Mapping[str, Json], use: KeyUse) -> tuple[Suite, bytes, bytes | None]:
    """Return suite, public bytes and secret bytes (None when absent) of a JWK, checked member by member."""

    def member(name: str) -> bytes:
        value = jwk.get(name)
        if not isinstance(value, str):
            _invalid(f"member {name} is missing")
        try:
            data = unb64(value)
        except ValueError:
            _invalid(f"member {name} is not base64url")
        if len(data) != 32:
            _invalid(f"member {name} is not 32 bytes")
        return data

    for (name, key_use), pair in _CURVES.items():
        if key_use is use and (jwk.get("kty"), jwk.get("crv")) == pair:
            suite = INTERNATIONAL if name is SuiteName.INTERNATIONAL else SM
            break
    else:
        _invalid("unknown kind of key")
    if "use" in jwk and jwk["use"] != use:
        _invalid("the key is meant for another use")
    public = member("x") if suite is INTERNATIONAL else member("x") + member("y")
    return suite, public, (member("d") if "d" in jwk else None)


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public signing key. Made by :meth:`from_jwk`, :meth:`from_public` or :attr:`SigningKey.public`."""

    suite: Suite
    public: bytes
    kid: str
    _check: Verifier = field(repr=False, compare=False)

    @classmethod
    def from_public(cls, suite: Suite, public: bytes) -> Self:
        """Take raw public bytes. Raises Invalid when they are no usable key of the suite."""
        try:
            check = suite.load_verifier(public)
        except ValueError:
            _invalid("not a usable public key")
        return cls(suite, public, _thumbprint(suite, KeyUse.SIGN, public), check)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json]) -> Self:
        """Read a JWK; a ``kid`` in it must be the thumbprint. Raises Invalid. Private members are refused."""
        suite, public, secret = _read_jwk(jwk, KeyUse.SIGN)
        if secret is not None:
            _invalid("a private key where a public key belongs")
        key = cls.from_public(suite, public)
        if jwk.get("kid", key.kid) != key.kid:
            _invalid("kid is not the thumbprint")
        return key

    @property
    def alg(self) -> str:
        """The JWS ``alg`` this key, and only this, verifies."""
        return self.suite.sign_alg

    @property
    def http_alg(self) -> str:
        """The ``alg`` of a message signature by this key."""
        return self.suite.http_alg

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether ``signature`` (64 raw bytes) is this key's over ``message``; never raises."""
        return len(signature) == 64 and self._check(signature, message)

    def to_jwk(self) -> Jwk:
        """The public JWK, with kid, use and alg."""
        jwk = _public_members(self.suite, KeyUse.SIGN, self.public)
        return jwk | {"kid": self.kid, "use": KeyUse.SIGN.value, "alg": self.suite.sign_alg}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private signing key; its secret never appears in ``repr``."""

    public: VerifyKey
    _secret: bytes = field(repr=False)
    _sign: Signer = field(repr=False, compare=False)

    @classmethod
    def generate(cls, suite: Suite = INTERNATIONAL, rng: Random = secrets.token_bytes) -> Self:
        """Make a key from ``rng`` (the system's randomness unless a test says otherwise)."""
        return cls.from_secret(suite, suite.new_signing_secret(rng))

    @classmethod
    def from_secret(cls, suite: Suite, secret: bytes) -> Self:
        """Take 32 raw secret bytes. Raises Invalid when they are no key."""
        try:
            public = suite.signing_public(secret)
        except ValueError:
            _invalid("not a usable private key")
        return cls(VerifyKey.from_public(suite, public), secret, suite.load_signer(secret, public))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json]) -> Self:
        """Read a private JWK whose public half must belong to it. Raises Invalid."""
        suite, public, secret = _read_jwk(jwk, KeyUse.SIGN)
        if secret is None:
            _invalid("member d is missing")
        key = cls.from_secret(suite, secret)
        if key.public.public != public:
            _invalid("the public half belongs to another key")
        return key

    @property
    def suite(self) -> Suite:
        return self.public.suite

    @property
    def kid(self) -> str:
        return self.public.kid

    @property
    def alg(self) -> str:
        return self.public.suite.sign_alg

    @property
    def http_alg(self) -> str:
        """The ``alg`` of a message signature by this key."""
        return self.public.suite.http_alg

    def sign(self, message: bytes) -> bytes:
        """64 raw bytes."""
        return self._sign(message)

    def to_jwk(self, *, private: bool = False) -> Jwk:
        """The JWK; with ``private=True`` the secret is in it."""
        jwk = self.public.to_jwk()
        return jwk | {"d": b64(self._secret)} if private else jwk


@dataclass(frozen=True, slots=True)
class SealKey:
    """A public key that content can be sealed to."""

    suite: Suite
    public: bytes
    kid: str

    @classmethod
    def from_public(cls, suite: Suite, public: bytes) -> Self:
        """Take raw public bytes. Raises Invalid when they are no usable key of the suite."""
        try:
            suite.check_seal_public(public)
        except ValueError:
            _invalid("not a usable public key")
        return cls(suite, public, _thumbprint(suite, KeyUse.SEAL, public))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json]) -> Self:
        """Read a JWK; a ``kid`` in it must be the thumbprint. Raises Invalid. Private members are refused."""
        suite, public, secret = _read_jwk(jwk, KeyUse.SEAL)
        if secret is not None:
            _invalid("a private key where a public key belongs")
        key = cls.from_public(suite, public)
        if jwk.get("kid", key.kid) != key.kid:
            _invalid("kid is not the thumbprint")
        return key

    def to_jwk(self) -> Jwk:
        """The public JWK, with kid, use and alg."""
        jwk = _public_members(self.suite, KeyUse.SEAL, self.public)
        return jwk | {"kid": self.kid, "use": KeyUse.SEAL.value, "alg": self.suite.seal_alg}


@dataclass(frozen=True, slots=True)
class OpenKey:
    """The private half of a :class:`SealKey`; one-time keys of a query are of this kind."""

    public: SealKey
    _secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, suite: Suite = INTERNATIONAL, rng: Random = secrets.token_bytes) -> Self:
        """Make a key from ``rng``."""
        return cls.from_secret(suite, suite.new_seal_secret(rng))

    @classmethod
    def from_secret(cls, suite: Suite, secret: bytes) -> Self:
        """Take 32 raw secret bytes. Raises Invalid when they are no key."""
        try:
            public = suite.seal_public(secret)
        except ValueError:
            _invalid("not a usable private key")
        return cls(SealKey(suite, public, _thumbprint(suite, KeyUse.SEAL, public)), secret)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json]) -> Self:
        """Read a private JWK whose public half must belong to it. Raises Invalid."""
        suite, public, secret = _read_jwk(jwk, KeyUse.SEAL)
        if secret is None:
            _invalid("member d is missing")
        key = cls.from_secret(suite, secret)
        if key.public.public != public:
            _invalid("the public half belongs to another key")
        return key

    @property
    def suite(self) -> Suite:
        return self.public.suite

    @property
    def kid(self) -> str:
        return self.public.kid

    def unwrap(self, *, ephemeral: bytes, encrypted_key: bytes, apu: bytes, apv: bytes) -> bytes:
        """Recover a content key; see :meth:`Suite.unwrap`. Raises ValueError."""
        return self.suite.unwrap(
            self._secret, ephemeral=ephemeral, encrypted_key=encrypted_key, apu=apu, apv=apv
        )

    def to_jwk(self, *, private: bool = False) -> Jwk:
        """The JWK; with ``private=True`` the secret is in it."""
        jwk = self.public.to_jwk()
        return jwk | {"d": b64(self._secret)} if private else jwk


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A verification key and the half-open time ``[not_before, not_after)`` in which its word counts."""

    key: VerifyKey
    not_before: datetime
    not_after: datetime
    status: KeyStatus = KeyStatus.ACTIVE

    def __post_init__(self) -> None:
        if self.not_before.tzinfo is None or self.not_after.tzinfo is None:
            raise ValueError("key periods are aware instants")
        if self.not_after <= self.not_before:
            raise ValueError("a key period ends after it begins")

    def believed_at(self, at: datetime) -> bool:
        """Say whether a signature made at ``at`` may be believed."""
        return self.status is not KeyStatus.COMPROMISED and self.not_before <= at < self.not_after


class KeySet:
    """One party's verification keys, kept through rotations. Immutable: changes give a new set."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[KeyEntry] = ()) -> None:
        self._entries: dict[str, KeyEntry] = {}
        for entry in entries:
            if entry.key.kid in self._entries:
                raise ValueError("a kid occurs twice")
            self._entries[entry.key.kid] = entry

    def __iter__(self) -> Iterator[KeyEntry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def verify_key(self, kid: str, at: datetime) -> VerifyKey | None:
        """Return the key called ``kid`` if it may be believed for something signed at ``at``, else None."""
        entry = self._entries.get(kid)
        return entry.key if entry is not None and entry.believed_at(at) else None

    def with_entry(self, entry: KeyEntry) -> "KeySet":
        """Add a key (rotation: add the new one first, retire the old one after the overlap)."""
        return KeySet([*self, entry])

    def retired(self, kid: str, at: datetime) -> "KeySet":
        """End a key at ``at``: earlier signatures stay believed. A key that already ended keeps its end."""
        entry = self._entries[kid]
        end = min(at, entry.not_after)
        return self._replaced(replace(entry, status=KeyStatus.RETIRED, not_after=end))

    def compromised(self, kid: str) -> "KeySet":
        """Stop believing a key for any instant: whoever stole it can date signatures as they like."""
        return self._replaced(replace(self._entries[kid], status=KeyStatus.COMPROMISED))

    def _replaced(self, entry: KeyEntry) -> "KeySet":
        return KeySet(entry if e.key.kid == entry.key.kid else e for e in self)

    def to_json(self) -> list[Json]:
        """The set as plain JSON: public JWKs with ``nbf``/``exp`` (RFC 3339) and ``status``."""
        return [
            {
                "jwk": e.key.to_jwk(),
                "not_before": e.not_before.astimezone(UTC).isoformat(),
                "not_after": e.not_after.astimezone(UTC).isoformat(),
                "status": e.status.value,
            }
            for e in self
        ]

    @classmethod
    def from_json(cls, value: Json) -> "KeySet":
        """Read what :meth:`to_json` wrote. Raises Invalid."""
        if not isinstance(value, list):
            _invalid("a key set is a list")
        entries = [_entry_from_json(item) for item in value]
        try:
            return cls(entries)
        except ValueError as error:
            _invalid(str(error))


def _entry_from_json(item: Json) -> KeyEntry:
    if not isinstance(item, dict) or not isinstance(jwk := item.get("jwk"), dict):
        _invalid("a key entry is an object with a jwk")
    try:
        return KeyEntry(
            VerifyKey.from_jwk(jwk),
            datetime.fromisoformat(str(item.get("not_before"))),
            datetime.fromisoformat(str(item.get("not_after"))),
            KeyStatus(str(item.get("status"))),
        )
    except ValueError as error:
        _invalid(str(error))
