"""What the hub's programs share at run time: the clock, the hub's keys, the cipher of personal fields.

One object, :data:`runtime`, filled lazily from the settings. Services receive ``at`` from their callers; only edges
(portals, gateway, worker, command line) ask ``runtime.clock``. Here too: what a start prepares and what it refuses.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from xinqiao.catalogue import CURRENT, CatalogueError, load
from xinqiao.catalogue.declared import load_form
from xinqiao.clock import AdjustableClock, Clock, SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.declared import Form
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.errors import Invalid
from xinqiao.domain.items import ItemTerms
from xinqiao.domain.market.case_work import CaseRules, parse_case_rules
from xinqiao.domain.quality_rules import QualityRules, parse_quality_rules
from xinqiao.domain.redress import Rules, parse_rules
from xinqiao.domain.verification import BudgetRules
from xinqiao.hub.project.environment import SQLITE_PRAGMAS
from xinqiao.trust.commitments import FieldCipher, blind_index, load_or_create_kek
from xinqiao.trust.keyfile import load_or_create_keyfile, write_private
from xinqiao.trust.keys import Jwk, KeyEntry, KeySet, SigningKey, VerifyKey


class Runtime:
    """The clock, the hub's signing key, the field cipher and the blind-index key of this process."""

    _item_terms: tuple[Catalogue, Mapping[str, ItemTerms]] | None = None

    @cached_property
    def clock(self) -> Clock:
        """The system's clock; with test hooks one that can be moved."""
        return AdjustableClock() if settings.TEST_HOOKS else SystemClock()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The national list with the items of this province. Raises CatalogueError, which a start refuses."""
        return load(CURRENT, settings.XINQIAO_CATALOGUE_DIR)

    @property
    def item_terms(self) -> Mapping[str, ItemTerms]:
        """What the rules need to know of every item of the catalogue; made once for each catalogue."""
        held = self._item_terms
        if held is None or held[0] is not self.catalogue:
            terms = {item.id: ItemTerms.of(item) for item in self.catalogue.items.values()}
            held = self._item_terms = (self.catalogue, terms)
        return held[1]

    @property
    def item_budgets(self) -> BudgetRules:
        """What guessing costs at the hub."""
        return BudgetRules(
            distinct_guesses=settings.ITEM_GUESSES,
            per_pair=settings.ITEM_PER_FIRM,
            per_institution=settings.ITEM_PER_INSTITUTION,
        )

    @cached_property
    def redress_rules(self) -> Rules:
        """Days and terms of objections and repair. Raises Invalid or OSError, which a start refuses."""
        file: Path | None = settings.XINQIAO_REDRESS_RULES
        return Rules() if file is None else parse_rules(file.read_text(encoding="utf-8"))

    @cached_property
    def quality_rules(self) -> QualityRules:
        """The figures of quality and coordination that this platform set. Raises Invalid, which a start refuses."""
        file: Path | None = settings.XINQIAO_QUALITY_RULES
        return QualityRules() if file is None else parse_quality_rules(file.read_text(encoding="utf-8"))

    @cached_property
    def case_rules(self) -> CaseRules:
        """The figures of handling cases that this platform set. Raises Invalid or OSError, which a start refuses."""
        file: Path | None = settings.XINQIAO_CASE_RULES
        return CaseRules() if file is None else parse_case_rules(file.read_text(encoding="utf-8"))

    @property
    def declared_form(self) -> Form | None:
        """What firms may declare about themselves; ``None`` where they are not asked. Raises as :func:`load_form`."""
        return load_form(settings.XINQIAO_DECLARED_FORM) if settings.DECLARED_ASKED else None

    @cached_property
    def hub_key(self) -> SigningKey:
        """The key that signs artefacts, messages to nodes, the directory and checkpoints."""
        return load_or_create_keyfile(Path(settings.XINQIAO_HUB_KEY_FILE))

    @cached_property
    def former_hub_keys(self) -> KeySet:
        """Public keys of earlier rotations, from ``<key file>.former`` beside the key file, if there is one."""
        former = Path(f"{settings.XINQIAO_HUB_KEY_FILE}.former")
        if not former.exists():
            return KeySet()
        return KeySet.from_json(json.loads(former.read_text(encoding="utf-8")))

    def hub_keys(self) -> KeySet:
        """The keys in which the hub itself is believed: the present one and former ones in their periods."""
        present = KeyEntry(self.hub_key.public, *_ALWAYS)
        return KeySet([present, *self.former_hub_keys])

    def hub_verify_keys(self) -> list[VerifyKey]:
        """The same as a plain list, for checkpoints, which carry no time of signing."""
        return [entry.key for entry in self.hub_keys()]

    def hub_public_jwks(self) -> list[Jwk]:
        """The same as JWKs with ``nbf`` / ``exp``, as the directory and the anchor file carry them."""
        jwks: list[Jwk] = [self.hub_key.public.to_jwk()]
        for entry in self.former_hub_keys:
            period: dict[str, Json] = {
                "nbf": int(entry.not_before.timestamp()),
                "exp": int(entry.not_after.timestamp()),
                "status": entry.status.value,
            }
            jwks.append({**entry.key.to_jwk(), **period})
        return jwks

    @cached_property
    def field_cipher(self) -> FieldCipher:
        """Encrypts personal fields under the field key."""
        return FieldCipher(load_or_create_kek(Path(settings.XINQIAO_FIELD_KEY_FILE)))

    @cached_property
    def _index_key(self) -> bytes:
        # One file to keep safe; the index key is derived so that it is never the encryption key itself.
        return bytes.fromhex(
            blind_index(self.field_cipher.kek, "index key a", "")
            + blind_index(self.field_cipher.kek, "index key b", "")
        )

    def blind_index(self, purpose: str, value: str) -> str:
        """Keyed equality index of a normalised value, separated by purpose."""
        return blind_index(self._index_key, purpose, value)

    def protect(self, value: str, *, table: str, column: str, row: str) -> str:
        """Encrypt a personal value for its place; the result is text for a column."""
        stored = self.field_cipher.encrypt(value.encode(), table=table, column=column, row=row)
        return b64encode(stored).decode("ascii")

    def reveal(self, stored: str, *, table: str, column: str, row: str) -> str:
        """Decrypt a value found at its place. Raises Unavailable when it does not belong there."""
        return self.field_cipher.decrypt(b64decode(stored), table=table, column=column, row=row).decode()

    def reset(self) -> None:
        """Forget everything, for tests that change settings."""
        self.__dict__.clear()


_ALWAYS = (
    datetime.fromisoformat("2000-01-01T00:00:00+00:00"),
    datetime.fromisoformat("2199-01-01T00:00:00+00:00"),
)

runtime = Runtime()


def prepare_home(home: Path) -> None:
    """Make the folders and the session key of a new home. Call before Django's settings are imported."""
    for folder in (home, home / "keys", home / "static"):
        folder.mkdir(parents=True, exist_ok=True)
    (home / "keys").chmod(0o700)
    secret = home / "keys" / "secret_key"
    if not secret.exists():
        try:
            write_private(secret, secrets.token_urlsafe(64).encode())
        except FileExistsError:
            return


def effective_pragmas() -> dict[str, str | int]:
    """What SQLite really uses on this connection, for the settings we depend on."""
    found: dict[str, str | int] = {}
    with connection.cursor() as cursor:
        for name in SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {name}")
            found[name] = cursor.fetchone()[0]
    return found


def check_database() -> None:
    """Refuse a database that is not set as the design needs; a mis-nested option would silently do nothing.

    Raises:
        ImproperlyConfigured: naming the setting, what is wanted and what was found.
    """
    if connection.vendor == "sqlite":
        found = effective_pragmas()
        if found != SQLITE_PRAGMAS:
            raise ImproperlyConfigured(f"SQLite runs with {found}, wanted {SQLITE_PRAGMAS}")
        if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
            raise ImproperlyConfigured("SQLite must begin transactions IMMEDIATE")
        return
    wanted = {"synchronous_commit": "on", "default_transaction_isolation": "read committed"}
    with connection.cursor() as cursor:
        for name, value in wanted.items():
            cursor.execute(f"SHOW {name}")
            (answer,) = cursor.fetchone()
            if answer != value:
                raise ImproperlyConfigured(f"PostgreSQL runs with {name}={answer}, wanted {value}")


def start() -> None:
    """Check everything a serving program depends on; fail loudly before the first request.

    Raises:
        ImproperlyConfigured: a setting is missing or ineffective. Unavailable: a key file cannot be used.
    """
    if settings.SECRET_KEY_IS_EPHEMERAL:
        raise ImproperlyConfigured("XINQIAO_SECRET_KEY or XINQIAO_SECRET_KEY_FILE must be set")
    if len(settings.SECRET_KEY) < 50:
        raise ImproperlyConfigured("XINQIAO_SECRET_KEY needs at least 50 characters")
    if not settings.DEMO and settings.IDENTITY_VERIFIER.endswith("DemonstrationVerifier"):
        raise ImproperlyConfigured("the demonstration verifier works only with XINQIAO_DEMO=1")
    try:
        _ = runtime.catalogue
    except CatalogueError as error:
        raise ImproperlyConfigured(f"XINQIAO_CATALOGUE_DIR: {error}") from error
    try:
        _ = runtime.redress_rules
    except (Invalid, OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"XINQIAO_REDRESS_RULES: {error}") from error
    try:
        _ = runtime.quality_rules
    except (Invalid, OSError) as error:
        raise ImproperlyConfigured(f"XINQIAO_QUALITY_RULES: {error}") from error
    try:
        _ = runtime.case_rules
    except (Invalid, OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"XINQIAO_CASE_RULES: {error}") from error
    try:
        _ = runtime.declared_form
    except (CatalogueError, OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"XINQIAO_DECLARED_FORM: {error}") from error
    check_database()
    _ = runtime.hub_key, runtime.field_cipher
