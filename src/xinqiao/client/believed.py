"""Whom an institution believes: the platform's pinned keys (the anchor file) and the signed directory that follows.

The anchor reaches the institution out of band. A directory counts only when a believed key of that platform signed it,
while it is in force, and never when it is older than one already seen. Fetching it is the exchange's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, ProviderFault, Unauthenticated
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.keys import KeyEntry, KeySet, KeyStatus, VerifyKey
from xinqiao.trust.verify import Owner, Role

#: Thousands of institutions fit; ordinary artefacts are far smaller.
MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
_BEGINNING, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Party:
    """A participant: id, shown name, keys, and for a node its operator's id."""

    id: str
    name: str
    keys: KeySet
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The platform as handed over out of band: its id, its name, and the keys that speak for it."""

    id: str
    name: str
    keys: KeySet

    @classmethod
    def from_json(cls, value: Json) -> "Anchor":
        """Read ``{"id", "name", "keys": [jwk…]}``. Raises Invalid."""
        party = _party(value)
        if len(party.keys) == 0:
            raise Invalid(Code.INVALID, "the anchor names no key", facts={"field": "keys"})
        return cls(party.id, party.name, party.keys)

    @classmethod
    def read(cls, path: Path) -> "Anchor":
        """Read an anchor file. Raises Invalid when it is absent or says no key."""
        try:
            value = strict_object(path.read_bytes())
        except (OSError, ValueError) as error:
            raise Invalid(Code.INVALID, f"the anchor file {path.name} cannot be read") from error
        return cls.from_json(value)

    @classmethod
    def of(cls, hub_id: str, *keys: VerifyKey, name: str = "") -> "Anchor":
        """An anchor from keys in hand."""
        return cls(hub_id, name, KeySet(KeyEntry(key, _BEGINNING, _END) for key in keys))

    def to_json(self) -> dict[str, Json]:
        """The content of an anchor file."""
        return {"id": self.id, "name": self.name, "keys": [entry.key.to_jwk() for entry in self.keys]}


@dataclass(frozen=True, slots=True)
class Directory:
    """What one signed directory says; ``token`` is the evidence."""

    version: int
    issued_at: datetime
    expires_at: datetime
    hub: Party
    nodes: Mapping[str, Party]
    institutions: Mapping[str, Party]
    token: str = field(repr=False)


def _instant(value: Json | None, default: datetime) -> datetime:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(Code.INVALID, "a key period is in whole seconds")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        raise Invalid(Code.INVALID, "a key period is out of range") from None


def _keys(value: Json | None) -> KeySet:
    if not isinstance(value, list):
        raise Invalid(Code.INVALID, "keys are a list")
    entries = []
    for item in value:
        if not isinstance(item, dict):
            raise Invalid(Code.INVALID, "a key is an object")
        body = dict(item)
        start, end = _instant(body.pop("nbf", None), _BEGINNING), _instant(body.pop("exp", None), _END)
        status = str(body.pop("status", "active"))
        key = VerifyKey.from_jwk(body)
        try:
            entries.append(KeyEntry(key, start, end, KeyStatus(status)))
        except ValueError:
            raise Invalid(Code.INVALID, "a key's status or period makes no sense") from None
    try:
        return KeySet(entries)
    except ValueError:
        raise Invalid(Code.INVALID, "a key occurs twice") from None


def _party(value: Json | None) -> Party:
    if not isinstance(value, dict):
        raise Invalid(Code.INVALID, "a party is an object")
    identity, name, operator = value.get("id"), value.get("name"), value.get("institution")
    if not isinstance(identity, str) or not identity:
        raise Invalid(Code.INVALID, "a party has an id")
    shown = name if isinstance(name, str) else ""
    return Party(identity, shown, _keys(value.get("keys")), operator if isinstance(operator, str) else "")


def _parties(value: Json | None) -> dict[str, Party]:
    if not isinstance(value, list):
        raise Invalid(Code.INVALID, "parties are a list")
    return {party.id: party for party in map(_party, value)}


def _distrust(why: str) -> ProviderFault:
    return ProviderFault(Code.HUB_INVALID, why)


def read_directory(token: str, *, anchor: Anchor, believed: KeySet, at: datetime) -> Directory:
    """Check a directory token and read it.

    Raises:
        ProviderFault: ``HUB_INVALID``: not signed by a believed key of this platform, expired, or misshapen.
    """
    try:
        claims = verify_jws(token, believed, typ=ArtefactType.DIRECTORY, at=at, max_bytes=MAX_DIRECTORY_BYTES)
        issued, expires, version = claims.get("iat"), claims.get("exp"), claims.get("version")
        if type(issued) is not int or type(expires) is not int or type(version) is not int:
            raise _distrust("a directory states iat, exp and version")
        found = Directory(
            version=version,
            issued_at=datetime.fromtimestamp(issued, UTC),
            expires_at=datetime.fromtimestamp(expires, UTC),
            hub=_party(claims.get("hub")),
            nodes=_parties(claims.get("nodes")),
            institutions=_parties(claims.get("institutions")),
            token=token,
        )
    except (Unauthenticated, Invalid, OverflowError, OSError, ValueError) as error:
        raise _distrust("the directory is not the platform's") from error
    if claims.get("iss") != anchor.id or found.hub.id != anchor.id:
        raise _distrust("the directory of another platform")
    if at >= found.expires_at:
        raise _distrust("the directory has expired")
    return found


def _unstolen(keys: KeySet) -> list[VerifyKey]:
    # For evidence that carries no time of signing: an ended key still counts there, a stolen one never.
    return [entry.key for entry in keys if entry.status is not KeyStatus.COMPROMISED]


class Believed:
    """The present belief: pinned keys plus the newest directory. Replaced as a whole, so threads may share it."""

    def __init__(self, anchor: Anchor) -> None:
        self.anchor = anchor
        self.hub_keys = anchor.keys
        self.directory: Directory | None = None

    def accept(self, token: str, at: datetime) -> Directory:
        """Take a newer directory. Raises ProviderFault ``HUB_INVALID``, also for an older version than seen."""
        found = read_directory(token, anchor=self.anchor, believed=self.hub_keys, at=at)
        if self.directory is not None and found.version < self.directory.version:
            raise _distrust("an older directory than the one in force")
        entries = {entry.key.kid: entry for entry in self.anchor.keys}
        entries |= {entry.key.kid: entry for entry in found.hub.keys}  # what is listed outranks the pin
        # A key that was once called stolen stays so, whatever a later directory leaves out.
        entries |= {one.key.kid: one for one in self.hub_keys if one.status is KeyStatus.COMPROMISED}
        self.hub_keys, self.directory = KeySet(entries.values()), found
        return found

    def hub_key(self, kid: str, at: datetime) -> VerifyKey | None:
        """The platform's key of this name, if it may be believed at ``at``."""
        return self.hub_keys.verify_key(kid, at)

    def hub_verify_keys(self) -> list[VerifyKey]:
        """Every key that speaks, or spoke, for the platform; never a stolen one."""
        return _unstolen(self.hub_keys)

    def trusted_keys(self) -> list[VerifyKey]:
        """The keys ``xinqiao verify`` may be given: platform, nodes, institutions of the directory in force."""
        keys = {key.kid: key for key in self.hub_verify_keys()}
        if self.directory is not None:
            for party in (*self.directory.nodes.values(), *self.directory.institutions.values()):
                keys |= {key.kid: key for key in _unstolen(party.keys)}
        return list(keys.values())

    def owners(self) -> dict[str, list[Owner]]:
        """Whose each of :meth:`trusted_keys` is, so that no party can sign in the place of another."""
        found: dict[str, list[Owner]] = {}

        def add(role: Role, party_id: str, keys: Iterable[VerifyKey]) -> None:
            for key in keys:
                found.setdefault(key.kid, []).append(Owner(role, party_id))

        add(Role.PLATFORM, self.anchor.id, self.hub_verify_keys())
        if self.directory is not None:
            for role, parties in (
                (Role.NODE, self.directory.nodes),
                (Role.INSTITUTION, self.directory.institutions),
            ):
                for party in parties.values():
                    add(role, party.id, _unstolen(party.keys))
        return found
