"""Typed readers of environment variables, and the list of the variables the hub understands.

Settings come from the environment only. Each variable is declared once here with its meaning, so that
``docs/reference/settings.md`` is generated from the same list and a misspelled ``XINQIAO_…`` name fails loudly.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PREFIX = "XINQIAO_"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, what it means and what is used when it is absent."""

    name: str
    meaning: str
    default: str
    example: str = ""


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "XINQIAO_HOME",
        "Folder of everything the hub keeps: SQLite file, key files, exports.",
        "`var` in the working folder",
        "/srv/xinqiao",
    ),
    Variable(
        "XINQIAO_DATABASE_URL",
        "Where the operational database is. `postgresql://user:password@host:port/name` or `sqlite:///path`.",
        "`sqlite:///$XINQIAO_HOME/hub.sqlite3`",
        "postgresql://xinqiao@db.internal:5432/xinqiao",
    ),
    Variable(
        "XINQIAO_PUBLIC_URL",
        "The address at which browsers and institutions reach the hub. Message signatures are checked against it, "
        "never against the Host header; `https` switches secure cookies and HSTS on.",
        "`http://localhost:8000` (a host name, because browsers refuse passkeys for a bare IP address)",
        "https://credit.example.gov.cn",
    ),
    Variable(
        "XINQIAO_ALLOWED_HOSTS",
        "Further host names, separated by commas, beside the one of XINQIAO_PUBLIC_URL.",
        "none",
        "10.1.2.3",
    ),
    Variable(
        "XINQIAO_SECRET_KEY",
        "Key of sessions and forms, at least 50 characters.",
        "the file below",
    ),
    Variable(
        "XINQIAO_SECRET_KEY_FILE",
        "File that holds the key of sessions and forms.",
        "`$XINQIAO_HOME/keys/secret_key`, made by the first start",
    ),
    Variable(
        "XINQIAO_HUB_ID", "Identifier of this hub in every artefact it signs.", "`hub-xinqiao`", "hub-zj"
    ),
    Variable("XINQIAO_HUB_NAME", "Name of this hub as shown to people.", "`信桥`"),
    Variable(
        "XINQIAO_HUB_KEY_FILE",
        "Signing key of the hub (JWK, readable by the hub only).",
        "`$XINQIAO_HOME/keys/hub.json`, made by the first start",
    ),
    Variable(
        "XINQIAO_FIELD_KEY_FILE",
        "Key that encrypts personal fields and keys the blind indexes. Losing it loses those fields.",
        "`$XINQIAO_HOME/keys/field.json`, made by the first start",
    ),
    Variable(
        "XINQIAO_IDENTITY_VERIFIER",
        "Python path of the identity verifier class. There is no default outside a demonstration.",
        "`xinqiao.hub.apps.identity.verifier.DemonstrationVerifier` if XINQIAO_DEMO=1, else none: log-in refused",
    ),
    Variable(
        "XINQIAO_DEMO",
        "`1`: a demonstration. Seeded identities and the simulated face check work, and every page is marked 演示.",
        "`0`",
    ),
    Variable(
        "XINQIAO_TEST_HOOKS",
        "`1`: the test clock and node faults can be driven from outside. Never on a real platform.",
        "`0`",
    ),
    Variable(
        "XINQIAO_FIRMS",
        "Index of firms that searches by name use, made by `xinqiao firms build`. Without the file, firms are found by "
        "their code only.",
        "`$XINQIAO_HOME/firms.sqlite3`",
    ),
    Variable(
        "XINQIAO_PEERS",
        "File of what is told of groups of firms in portraits, counted by the worker or by `xinqiao peers make`.",
        "`$XINQIAO_HOME/peers.sqlite3`",
    ),
    Variable(
        "XINQIAO_PEERS_LEAST",
        "How many other firms a group must have before anything is told of it; at least 5.",
        "`10` (proposed)",
    ),
    Variable(
        "XINQIAO_CATALOGUE_DIR",
        "Folder of the items a province adds to the national list (`xinqiao catalogue check FOLDER`); a mistake in it "
        "stops the start.",
        "none: the 37 items",
        "/srv/xinqiao/catalogue",
    ),
    Variable(
        "XINQIAO_ITEM_GUESSES",
        "How many different values may be verified about one enterprise and item within 24 hours, by all institutions "
        "together: 1 to 3. Three is the field's figure, so it can only be made smaller.",
        "`3`",
    ),
    Variable(
        "XINQIAO_ITEM_PER_FIRM",
        "How many verifications one institution may make about one enterprise within 24 hours (proposed figure).",
        "`20`",
    ),
    Variable(
        "XINQIAO_ITEM_PER_INSTITUTION",
        "How many verifications one institution may make in all within 24 hours (proposed figure).",
        "`5000`",
    ),
    Variable(
        "XINQIAO_ITEM_GRID_MS",
        "Grid in milliseconds on which the hub sends what a node said to a verification, so that the time of an answer "
        "tells nothing even where a node keeps no grid of its own: 10 to 5000 (proposed figure).",
        "`300`",
    ),
    Variable(
        "XINQIAO_LAKE",
        "Folder of the collected records, on a disk with room. Every process of the hub needs the same one.",
        "`$XINQIAO_HOME/lake`",
        "/data/xinqiao-lake",
    ),
    Variable(
        "XINQIAO_INBOX",
        "Watched folder of the data sources. A file put at `SOURCE/ITEM/name` (codes of both) is taken when it is "
        "complete and moved to `done` or `refused` with its receipt beside it.",
        "none: no folder is watched",
        "/srv/xinqiao-inbox",
    ),
    Variable(
        "XINQIAO_REDRESS_RULES",
        "TOML file of the days and terms of objections and credit repair, and of the public holidays; what it leaves out "
        "stays as documented.",
        "none: the figures of docs/rules/redress.md, plain weeks",
        "/srv/xinqiao/redress.toml",
    ),
    Variable(
        "XINQIAO_QUALITY_RULES",
        "TOML file with the weights of the quality score, the terms of coordination tickets, the smallest count of uses "
        "that is told and the days that are not worked. A mistake in it stops the start.",
        "none: the proposed figures of docs/rules/quality.md",
        "/etc/xinqiao/quality.toml",
    ),
    Variable(
        "XINQIAO_CASE_RULES",
        "TOML file of the figures of handling cases: institutions at once for one need, working days of each state, and when "
        "to remind. The days not worked are those of `XINQIAO_REDRESS_RULES`. A mistake in it stops the start.",
        "none: the proposed figures of docs/rules/cases.md",
        "/etc/xinqiao/cases.toml",
    ),
    Variable(
        "XINQIAO_REPORT_INQUIRIES",
        "What an institution's credit report says of who asked about the firm: `own` its own queries, `count` those and "
        "how many others there were by how many institutions (no names), `none` nothing. The firm itself sees all.",
        "`own`: no rule allows more",
    ),
    Variable(
        "XINQIAO_DECLARED_FORM",
        "TOML file of what firms may declare about themselves, of the shape of the one that is shipped; `none`: they are "
        "asked for nothing. A mistake in it stops the start.",
        "none set: the form of docs/rules/credit-report.md (proposed)",
        "/srv/xinqiao/declared.toml",
    ),
    Variable(
        "XINQIAO_GUARANTEE_PROMISE_DAYS",
        "Days a guarantor's promise waits for the loan before it lapses.",
        "`90` (proposed)",
    ),
    Variable("XINQIAO_BATCH_MAX_MB", "Largest file of one batch, in MiB.", "`4096`"),
    Variable(
        "XINQIAO_DOSSIER_CACHE_MB",
        "Most that dossiers kept ready in the operational database may take, in MiB; the longest unused go first.",
        "`2048`",
    ),
    Variable("XINQIAO_DATA_DIR", "Folder of the public data sets used by demonstrations and tests.", "none"),
    Variable(
        "XINQIAO_TEST_DATABASE_URL",
        "A PostgreSQL server on which the tests make and drop their own database.",
        "none: the tests use an SQLite file",
    ),
    Variable("XINQIAO_LOG_LEVEL", "Least severe level written to standard error.", "`INFO`"),
)


def reference() -> str:
    """The page ``docs/reference/settings.md``, made from the list above."""
    lines = [
        "# 设置 Settings",
        "",
        "平台的全部设置来自环境变量；以 `XINQIAO_` 开头而不在表中的变量会让程序拒绝启动。",
        "All settings of the hub are environment variables. A variable that starts with `XINQIAO_` and is not in this",
        "table makes the program refuse to start, so that a misspelled name is never silent.",
        "",
        "| Variable | Meaning | When absent |",
        "| --- | --- | --- |",
    ]
    for variable in VARIABLES:
        example = f" Example: `{variable.example}`." if variable.example else ""
        lines.append(f"| `{variable.name}` | {variable.meaning}{example} | {variable.default} |")
    lines += [
        "",
        "This page is generated: `python -m xinqiao.hub.project.environment > docs/reference/settings.md`.",
        "",
    ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Environment:
    """A view of environment variables that refuses what it cannot read, naming the variable."""

    values: Mapping[str, str]

    def text(self, name: str, default: str | None = None) -> str:
        """The value, or ``default``; an empty value counts as absent. Raises when there is neither."""
        value = self.values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} must be set")
        return default

    def flag(self, name: str) -> bool:
        """``1`` or ``0``; anything else fails, because ``False`` written in a hurry must not mean yes."""
        value = self.text(name, "0")
        if value not in ("0", "1"):
            raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}")
        return value == "1"

    def choice(self, name: str, default: str, words: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name, default)
        if value not in words:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(words)}, not {value!r}")
        return value

    def path(self, name: str, default: Path) -> Path:
        """An absolute path."""
        return Path(self.text(name, str(default))).expanduser().resolve()

    def megabytes(self, name: str, default: int) -> int:
        """A size written in MiB, as bytes."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and 0 < int(value) < 1 << 20):
            raise ImproperlyConfigured(f"{name} must be a whole number of MiB, not {value!r}")
        return int(value) << 20

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within ``[low, high]``."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and low <= int(value) <= high):
            raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def words(self, name: str) -> list[str]:
        """A list separated by commas."""
        return [word.strip() for word in self.text(name, "").split(",") if word.strip()]

    def url(self, name: str, default: str) -> str:
        """An http(s) address without path, query or trailing slash."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ImproperlyConfigured(f"{name} must look like https://host[:port], not {value!r}")
        return value

    def secret(self, name: str, file: Path) -> str | None:
        """The value of ``name``, else the content of ``NAME_FILE`` (or ``file``), else None.

        A named file that cannot be read fails loudly; only the default one may be absent.
        """
        if value := self.text(name, ""):
            return value
        named = self.text(f"{name}_FILE", "")
        place = Path(named) if named else file
        if not place.exists():
            if named:
                raise ImproperlyConfigured(f"{name}_FILE names {place}, which does not exist")
            return None
        return place.read_text(encoding="utf-8").strip()

    def check_names(self) -> None:
        """Refuse a variable that starts with XINQIAO_ and is not in the list: a typing mistake must not be silent."""
        known = {variable.name for variable in VARIABLES}
        unknown = sorted(name for name in self.values if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise ImproperlyConfigured(f"unknown environment variables: {', '.join(unknown)}")


def environment() -> Environment:
    """The environment of this process."""
    return Environment(os.environ)


# SQLite: WAL so that readers never wait, FULL because NORMAL may lose an acknowledged commit at power loss,
# IMMEDIATE because an upgrade from a read lock fails at once and ignores the timeout.
SQLITE_PRAGMAS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
}
# ``trusted_schema=OFF`` is not among them: before SQLite 3.42 JSON functions then fail inside the CHECK constraints
# that Django puts on JSON columns ("unsafe use of JSON_VALID()").
SQLITE_TIMEOUT_SECONDS = 15

# PostgreSQL: READ COMMITTED with explicit row locks and constraints carries the safety (Jepsen found SSI anomalies);
# a transaction that waits or idles too long is ended by the server.
POSTGRES_OPTIONS = (
    "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed"
    " -c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=15000"
)

type DatabaseSettings = dict[str, object]


def database(url: str, *, pooled: bool = True) -> DatabaseSettings:
    """Django's settings of one database, from a ``sqlite:///path`` or ``postgresql://…`` address."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        name = unquote(parts.path[1:])
        if not name:
            raise ImproperlyConfigured("sqlite:///path needs a path; a database in memory is not durable")
        pragmas = "".join(f"PRAGMA {key}={value};" for key, value in SQLITE_PRAGMAS.items())
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_TIMEOUT_SECONDS,
                "init_command": pragmas + "PRAGMA temp_store=memory;PRAGMA cache_size=-16000;",
            },
        }
    if parts.scheme in ("postgresql", "postgres"):
        query = parse_qs(parts.query)
        options: dict[str, object] = {
            key: values[-1] for key, values in query.items() if key not in ("host", "port")
        }
        options["options"] = POSTGRES_OPTIONS
        if pooled:
            options["pool"] = {"min_size": 1, "max_size": 16, "timeout": 10}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]) or "xinqiao",
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.get("host", [parts.hostname or ""])[-1],
            "PORT": query.get("port", [str(parts.port or "")])[-1],
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(
        f"a database address starts with sqlite:/// or postgresql://, not {parts.scheme!r}"
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
