"""Who the platform's participants are: the signed directory, checked against pinned keys.

The hub's key reaches the node out of band (the anchor file). Every directory must be signed by a key the node
already believes; the hub keys listed inside are believed from then on, which is how the hub rotates. A directory
that is older than one already seen is refused (roll-back), and one that has expired believes nobody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, Unauthenticated, Unavailable
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.keys import KeyEntry, KeySet, KeyStatus, VerifyKey

#: A directory of some thousand institutions; far beyond the limit of ordinary artefacts.
MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
_ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Party:
    """A participant: its id, shown name and keys."""

    id: str
    name: str
    keys: KeySet


@dataclass(frozen=True, slots=True)
class Directory:
    """What one signed directory says."""

    version: int
    issued_at: datetime
    expires_at: datetime
    hub: Party
    institutions: Mapping[str, Party] = field(default_factory=dict)


def _instant(value: Json | None, default: datetime) -> datetime:
    match value:
        case None:
            return default
        case bool():
            raise Invalid(Code.INVALID, "a key period is an instant")
        case int() if 0 <= value < 1 << 36:
            return datetime.fromtimestamp(value, UTC)
        case str():
            try:
                instant = datetime.fromisoformat(value)
            except ValueError:
                raise Invalid(Code.INVALID, "a key period is an instant") from None
            if instant.tzinfo is None:
                raise Invalid(Code.INVALID, "a key period is an aware instant")
            return instant.astimezone(UTC)
        case _:
            raise Invalid(Code.INVALID, "a key period is an instant")


def read_keys(value: Json | None) -> KeySet:
    """A list of JWKs with optional ``nbf`` / ``exp``, or of entries ``{"jwk", "not_before", "not_after", …}``.

    Raises:
        Invalid: something in the list is no public key.
    """
    if not isinstance(value, list):
        raise Invalid(Code.INVALID, "keys are a list")
    entries = []
    for item in value:
        if not isinstance(item, dict):
            raise Invalid(Code.INVALID, "a key is an object")
        body = dict(item)
        start = _instant(body.pop("not_before", None) or body.pop("nbf", None), _ALWAYS[0])
        end = _instant(body.pop("not_after", None) or body.pop("exp", None), _ALWAYS[1])
        try:
            status = KeyStatus(str(body.pop("status", "active")))
        except ValueError:
            raise Invalid(Code.INVALID, "an unknown status of a key") from None
        jwk = body.pop("jwk", None)
        entries.append(
            KeyEntry(VerifyKey.from_jwk(jwk if isinstance(jwk, dict) else body), start, end, status)
        )
    try:
        return KeySet(entries)
    except ValueError:
        raise Invalid(Code.INVALID, "a key occurs twice") from None


def _party(value: Json | None) -> Party:
    if not isinstance(value, dict):
        raise Invalid(Code.INVALID, "a party is an object")
    name, identity = value.get("name"), value.get("id")
    if not isinstance(identity, str) or not identity:
        raise Invalid(Code.INVALID, "a party has an id")
    return Party(identity, name if isinstance(name, str) else "", read_keys(value.get("keys")))


def read_anchor(path: Path) -> Party:
    """Read the anchor file ``{"id", "name", "keys": […]}``.

    Raises:
        Invalid: the file is absent or says no key.
    """
    try:
        party = _party(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, Invalid) as error:
        raise Invalid(Code.INVALID, f"the anchor file {path.name} cannot be used: {error}") from None
    if len(party.keys) == 0:
        raise Invalid(Code.INVALID, f"the anchor file {path.name} names no key")
    return party


def read_directory(token: str, *, believed: KeySet, hub_id: str, at: datetime) -> Directory:
    """Check a directory token and read it.

    Raises:
        Unauthenticated: not signed by a believed key of this hub, or expired.
        Invalid: signed, but not in the form of a directory.
    """
    claims = verify_jws(token, believed, typ=ArtefactType.DIRECTORY, at=at, max_bytes=MAX_DIRECTORY_BYTES)
    issued, expires, version = claims.get("iat"), claims.get("exp"), claims.get("version")
    if type(issued) is not int or type(expires) is not int or type(version) is not int:
        raise Invalid(Code.INVALID, "a directory states iat, exp and version")
    hub = _party(claims.get("hub"))
    if claims.get("iss") != hub_id or hub.id != hub_id:
        raise Unauthenticated(Code.AUDIENCE_MISMATCH, "the directory of another platform")
    if at.timestamp() >= expires:
        raise Unauthenticated(Code.SIGNATURE_INVALID, "the directory has expired")
    listed = claims.get("institutions", [])
    if not isinstance(listed, list):
        raise Invalid(Code.INVALID, "institutions are a list")
    parties = [_party(item) for item in listed]
    return Directory(
        version=version,
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
        hub=hub,
        institutions={party.id: party for party in parties},
    )


class TrustStore:
    """The node's present belief: pinned hub keys plus the newest directory."""

    def __init__(self, anchor: Party, hub_id: str, saved: Path | None = None) -> None:
        if anchor.id != hub_id:
            raise Invalid(Code.INVALID, "the anchor file belongs to another platform")
        self._anchor = anchor
        self._hub_id = hub_id
        self._saved = saved
        self._directory: Directory | None = None
        #: grows with every accepted directory; caches of verified artefacts are keyed by it
        self.generation = 0
        self._hub_keys = anchor.keys

    @property
    def hub_keys(self) -> KeySet:
        """Keys that speak for the hub."""
        return self._hub_keys

    @property
    def directory(self) -> Directory | None:
        """The directory in force, if one was ever accepted."""
        return self._directory

    def accept(self, token: str, at: datetime) -> Directory:
        """Take a new directory; keep it on disk so that a restart works without the hub.

        Raises:
            Unauthenticated, Invalid: as :func:`read_directory`; ``STALE`` knowledge (a lower version) is refused too.
        """
        found = read_directory(token, believed=self._hub_keys, hub_id=self._hub_id, at=at)
        if self._directory is not None and found.version < self._directory.version:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "an older directory than the one in force")
        entries = {entry.key.kid: entry for entry in self._anchor.keys}
        entries |= {entry.key.kid: entry for entry in found.hub.keys}  # a listed status outranks the pin
        # A key that was once called stolen stays so, whatever a later directory leaves out.
        entries |= {e.key.kid: e for e in self._hub_keys if e.status is KeyStatus.COMPROMISED}
        changed = self._directory is None or found.version != self._directory.version
        self._hub_keys = KeySet(entries.values())
        self._directory = found
        self.generation += changed
        if (
            self._saved is not None
        ):  # the same version is signed anew for another day: keep the one that lives longest
            partial = self._saved.with_suffix(".part")
            partial.write_text(token, encoding="ascii")
            partial.replace(self._saved)
        return found

    def load_saved(self, at: datetime) -> bool:
        """Take the directory of the last run; False when there is none or it is no longer good."""
        if self._saved is None or not self._saved.is_file():
            return False
        try:
            self.accept(self._saved.read_text(encoding="ascii"), at)
        except (Unauthenticated, Invalid, OSError, ValueError):
            return False
        return True

    def institution(self, identity: str, at: datetime) -> Party | None:
        """An institution of the directory in force.

        Raises:
            Unavailable: there is no directory, or it has expired: nobody can be believed (fail closed).
        """
        if self._directory is None or at >= self._directory.expires_at:
            raise Unavailable(Code.PROVIDER_UNAVAILABLE, "the node has no directory in force")
        return self._directory.institutions.get(identity)

    def name_of(self, identity: str) -> str:
        """The shown name of an institution, or its id."""
        party = self._directory.institutions.get(identity) if self._directory else None
        return party.name if party and party.name else identity
