"""The node's configuration: one file ``provider.toml`` in the node's home folder.

The file holds no secret: keys live in key files of mode 600, a database password in the environment variable
named by ``dsn_env``, portal passwords as scrypt hashes. Unknown members are refused, because a misspelt limit
that is silently ignored is a limit that does not exist.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit


class ConfigError(Exception):
    """The configuration cannot be used; the text names the member and is meant for an engineer."""


class StoreKind(StrEnum):
    """Where the bank's rows are read from."""

    DUCKDB = "duckdb"
    SQL = "sql"
    #: a department's node: no accounts, only the items of ``[items]``
    NONE = "none"


@dataclass(frozen=True, slots=True)
class HubConfig:
    """The platform this node serves and the keys it is pinned to."""

    id: str
    url: str
    #: JSON file {"id", "name", "keys": [JWK…]} handed over out of band
    anchor: Path


@dataclass(frozen=True, slots=True)
class TableMap:
    """A table of a SQL store and the columns that stand for the canonical ones."""

    table: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The store: a folder for DuckDB, or a read-only database with a mapping."""

    kind: StoreKind
    folder: Path
    dsn: str = ""
    transactions: TableMap = field(default_factory=lambda: TableMap("transactions", {}))
    accounts: TableMap = field(default_factory=lambda: TableMap("accounts", {}))
    #: "" = the last full day before the newest row; a date or an instant otherwise
    data_as_of: str = ""
    memory_limit_mb: int = 512
    #: seconds between two looks at the store's version
    recheck_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class ItemsConfig:
    """A department's items: where the records are, and how answers to verifications go out.

    ``grid_ms`` is the grid of the slots, ``answer_bytes`` the one size of every yes and no (abuse case E1); the three
    counts are the budgets of a day (E2).
    """

    folder: Path
    #: a province's own items, as for the platform
    extensions: Path | None = None
    grid_ms: int = 300
    answer_bytes: int = 4096
    distinct_guesses: int = 3
    per_pair: int = 20
    per_institution: int = 5_000
    memory_limit_mb: int = 512
    recheck_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class PortalUser:
    """Somebody of the institution who may look at the node's pages."""

    login: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Everything ``xinqiao provider`` needs to start."""

    home: Path
    id: str
    institution: str
    name: str
    bank_name: str
    public_url: str
    hub: HubConfig
    signing_key: Path
    store: StoreConfig
    cache_mb: int = 256
    kept_figures: int = 1024
    demo: bool = False
    users: tuple[PortalUser, ...] = ()
    items: ItemsConfig | None = None

    @property
    def state_path(self) -> Path:
        """The node's own database: nonces, permits, entrustments, ledger."""
        return self.home / "node.sqlite3"

    @property
    def directory_path(self) -> Path:
        """The last signed directory, so that a restart does not depend on the hub being up."""
        return self.home / "directory.jwt"


class _Table:
    """One TOML table read member by member; what is left over at the end is an error."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise ConfigError(f"[{name}] must be a table")
        self._left: dict[str, object] = dict(value)
        self._name = name

    def has(self, key: str) -> bool:
        return key in self._left

    def text(self, key: str, default: str | None = None) -> str:
        value = self._left.pop(key, default)
        if value is None:
            raise ConfigError(f"[{self._name}] {key} is missing")
        if not isinstance(value, str):
            raise ConfigError(f"[{self._name}] {key} must be text")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ConfigError(f"[{self._name}] {key} must be a number from {low} to {high}")
        return value

    def flag(self, key: str) -> bool:
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise ConfigError(f"[{self._name}] {key} must be true or false")
        return value

    def table(self, key: str) -> "_Table":
        return _Table(self._left.pop(key, {}), f"{self._name}.{key}" if self._name else key)

    def tables(self, key: str) -> list["_Table"]:
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise ConfigError(f"[[{key}]] must be a list of tables")
        return [_Table(item, key) for item in value]

    def texts(self) -> dict[str, str]:
        """All that is left, as a mapping of text to text."""
        left, self._left = self._left, {}
        for key, value in left.items():
            if not isinstance(value, str):
                raise ConfigError(f"[{self._name}] {key} must be text")
        return {key: str(value) for key, value in left.items()}

    def end(self) -> None:
        if self._left:
            raise ConfigError(f"[{self._name}] has unknown members: {', '.join(sorted(self._left))}")


def _url(value: str, where: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"{where} must be an http(s) address without query: {value!r}")
    return value.rstrip("/")


def _map(table: _Table, default: str) -> TableMap:
    name = table.text("table", default)
    columns = table.table("columns").texts()
    table.end()
    return TableMap(name, columns)


def _store(table: _Table, home: Path, environ: Mapping[str, str]) -> StoreConfig:
    try:
        kind = StoreKind(table.text("kind", "duckdb"))
    except ValueError:
        raise ConfigError("[store] kind must be duckdb, sql or none") from None
    dsn, dsn_env = table.text("dsn", ""), table.text("dsn_env", "")
    if dsn_env:
        dsn = environ.get(dsn_env, "")
        if not dsn:
            raise ConfigError(f"[store] dsn_env: the environment variable {dsn_env} is not set")
    if kind is StoreKind.SQL and not dsn:
        raise ConfigError("[store] a sql store needs dsn or dsn_env")
    store = StoreConfig(
        kind=kind,
        folder=(home / table.text("folder", "data")).resolve(),
        dsn=dsn,
        transactions=_map(table.table("transactions"), "transactions"),
        accounts=_map(table.table("accounts"), "accounts"),
        data_as_of=table.text("data_as_of", ""),
        memory_limit_mb=int(table.number("memory_limit_mb", 512, 64, 65536)),
        recheck_seconds=float(table.number("recheck_seconds", 1.0, 0.0, 3600.0)),
    )
    table.end()
    return store


def _items(table: _Table, home: Path) -> ItemsConfig:
    extensions = table.text("extensions", "")
    config = ItemsConfig(
        folder=(home / table.text("folder", "items")).resolve(),
        extensions=(home / extensions).resolve() if extensions else None,
        grid_ms=int(table.number("grid_ms", 300, 1, 5_000)),
        answer_bytes=int(table.number("answer_bytes", 4096, 2048, 65536)),
        distinct_guesses=int(table.number("distinct_guesses", 3, 1, 1_000)),
        per_pair=int(table.number("per_pair", 20, 1, 1_000_000)),
        per_institution=int(table.number("per_institution", 5_000, 1, 100_000_000)),
        memory_limit_mb=int(table.number("memory_limit_mb", 512, 64, 65536)),
        recheck_seconds=float(table.number("recheck_seconds", 1.0, 0.0, 3600.0)),
    )
    table.end()
    return config


def parse_config(text: str, home: Path, environ: Mapping[str, str]) -> NodeConfig:
    """Read the text of ``provider.toml``; relative paths start at ``home``.

    Raises:
        ConfigError: a member is missing, unknown or of the wrong kind.
    """
    try:
        root = _Table(tomllib.loads(text), "")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"provider.toml is not TOML: {error}") from None
    node, hub, keys, portal = root.table("node"), root.table("hub"), root.table("keys"), root.table("portal")
    limits = root.table("limits")
    items = _items(root.table("items"), home) if root.has("items") else None
    users = tuple(
        PortalUser(u.text("login"), u.text("name"), u.text("password")) for u in portal.tables("users")
    )
    config = NodeConfig(
        home=home,
        id=node.text("id"),
        institution=node.text("institution"),
        name=node.text("name"),
        bank_name=node.text("bank_name", ""),
        public_url=_url(node.text("public_url"), "[node] public_url"),
        demo=node.flag("demo"),
        hub=HubConfig(
            id=hub.text("id"),
            url=_url(hub.text("url"), "[hub] url"),
            anchor=home / hub.text("anchor", "hub-anchor.json"),
        ),
        signing_key=home / keys.text("signing", "keys/node.json"),
        store=_store(root.table("store"), home, environ),
        cache_mb=int(limits.number("cache_mb", 256, 1, 65536)),
        kept_figures=int(limits.number("kept_figures", 1024, 0, 1_000_000)),
        users=users,
        items=items,
    )
    if items is None and config.store.kind is StoreKind.NONE:
        raise ConfigError("[store] kind none needs [items]: a node serves something")
    for table in (node, hub, keys, portal, limits, root):
        table.end()
    return config


def load_config(home: Path, environ: Mapping[str, str]) -> NodeConfig:
    """Read ``home/provider.toml``."""
    path = home / "provider.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    return parse_config(text, home, environ)
