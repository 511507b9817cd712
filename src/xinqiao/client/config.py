"""The institution's own folder: ``client.toml``, its private key, the platform's anchor, and the workbench's users.

Paths in the file are relative to it. The file holds no secret but password hashes, and is kept readable by its owner
only. Everything is checked when it is read: a program with half a configuration does not start.
"""

import base64
import hashlib
import json
import re
import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

import httpx

from xinqiao.catalogue import load
from xinqiao.client.aio import AsyncClient
from xinqiao.client.believed import Anchor
from xinqiao.client.claims import ClaimBook
from xinqiao.client.results import Operator
from xinqiao.client.sync import Client
from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.trust.keyfile import load_or_create_keyfile, write_private
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.suites import INTERNATIONAL, SM

FILE = "client.toml"
#: RFC 7914; one of the sets of parameters OWASP's password storage sheet names: 32 MiB for each try.
_N, _R, _P = 2**15, 8, 3
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WorkbenchUser:
    """A person of the institution who works at the workbench; the name and department go into every query."""

    login: str
    name: str
    department: str
    password: str

    @property
    def operator(self) -> Operator:
        """As queries name the person."""
        return Operator(name=self.name, department=self.department)

    def knows(self, password: str) -> bool:
        """Whether this is the person's password; takes the same time for a wrong one."""
        return check_password(password, self.password)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What ``client.toml`` says, with key and anchor read."""

    path: Path
    hub_url: str
    institution_id: str
    institution_name: str
    key: SigningKey
    anchor: Anchor
    operator: Operator
    demo: bool
    users: tuple[WorkbenchUser, ...]
    #: folder of the items the platform's province adds to the list, as handed over with the anchor
    extensions: Path | None = None

    @property
    def catalogue(self) -> Catalogue:
        """The items that can be asked for. Raises CatalogueError."""
        return load(extensions=self.extensions)

    @property
    def claims(self) -> ClaimBook:
        """The claims under way, beside this file."""
        return ClaimBook(self.path.parent / "claims")

    def client(
        self,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 15.0,
        language: Callable[[], str] = lambda: "zh-CN",
    ) -> Client:
        """A client of this configuration."""
        return Client(
            self.hub_url, self.institution_id, self.key, anchor=self.anchor, clock=clock, transport=transport,
            timeout=timeout, language=language,
        )  # fmt: skip

    def async_client(
        self,
        *,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 15.0,
    ) -> AsyncClient:
        """An asynchronous client of this configuration."""
        return AsyncClient(
            self.hub_url, self.institution_id, self.key, anchor=self.anchor, clock=clock, transport=transport,
            timeout=timeout,
        )  # fmt: skip

    def user(self, login: str) -> WorkbenchUser | None:
        """A person by login."""
        return next((user for user in self.users if user.login == login), None)


def hash_password(password: str) -> str:
    """``scrypt$n$r$p$salt$hash``; at least 10 characters. Raises Invalid."""
    if len(password) < 10 or len(password) > 200:
        raise Invalid(Code.INVALID, "a password has 10 to 200 characters", facts={"field": "password"})
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _N, _R, _P)
    return "$".join(("scrypt", str(_N), str(_R), str(_P), _text(salt), _text(digest)))


def check_password(password: str, kept: str) -> bool:
    """Compare a password with a kept hash in constant time."""
    try:
        name, n, r, p, salt, digest = kept.split("$")
        found = _scrypt(password[:200], base64.b64decode(salt), int(n), int(r), int(p))
        return name == "scrypt" and compare_digest(found, base64.b64decode(digest))
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * r * n, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(Code.INVALID, f"{FILE}: {field}: {why}", facts={"field": field})


class _Table:
    """One table of the file, read strictly: a name nobody asked for is a mistake, not a comment."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(name, "is a table")
        self._left: dict[str, object] = dict(value)
        self._name = name

    def text(self, name: str, default: str | None = None) -> str:
        value = self._left.pop(name, default)
        if not isinstance(value, str) or (not value and default is None):
            raise _wrong(f"{self._name}.{name}", "a text is missing")
        return value

    def flag(self, name: str) -> bool:
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise _wrong(f"{self._name}.{name}", "is true or false")
        return value

    def tables(self, name: str) -> list["_Table"]:
        value = self._left.pop(name, [])
        if not isinstance(value, list):
            raise _wrong(f"{self._name}.{name}", "is a list of tables")
        return [_Table(item, f"{self._name}.{name}") for item in value]

    def done(self) -> None:
        for name in self._left:
            raise _wrong(f"{self._name}.{name}", "unknown")


def read_config(path: Path) -> ClientConfig:
    """Read a configuration and what it points to. Raises Invalid, Unavailable (``KEY_UNUSABLE``)."""
    file = path / FILE if path.is_dir() else path
    try:
        value = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(Code.INVALID, f"{file} cannot be read") from error
    hub, own = _Table(value.pop("hub", None), "hub"), _Table(value.pop("institution", None), "institution")
    who, bench = (
        _Table(value.pop("operator", {}), "operator"),
        _Table(value.pop("workbench", {}), "workbench"),
    )
    for name in value:
        raise _wrong(name, "unknown")
    key_file = file.parent / own.text("key")
    if not key_file.is_file():
        raise _wrong("institution.key", "the key file is missing; it is made by `xinqiao client init`")
    config = ClientConfig(
        path=file,
        hub_url=hub.text("url"),
        institution_id=own.text("id"),
        institution_name=own.text("name", ""),
        key=load_or_create_keyfile(key_file),
        anchor=Anchor.read(file.parent / hub.text("anchor")),
        operator=Operator(name=who.text("name", ""), department=who.text("department", "")),
        demo=bench.flag("demo"),
        extensions=_folder(hub.text("catalogue", ""), file.parent),
        users=tuple(
            WorkbenchUser(
                user.text("login"), user.text("name"), user.text("department"), user.text("password")
            )
            for user in bench.tables("users")
        ),
    )
    for table in (hub, own, who, bench):
        table.done()
    return config


def _folder(text: str, beside: Path) -> Path | None:
    if not text:
        return None
    folder = beside / text
    if not folder.is_dir():
        raise _wrong("hub.catalogue", "is no folder")
    return folder


def write_home(
    folder: Path,
    *,
    hub_url: str,
    institution_id: str,
    institution_name: str,
    anchor: Json,
    operator: Operator | None = None,
    sm: bool = False,
    demo: bool = False,
) -> dict[str, Json]:
    """Make the folder of an institution; returns the public JWK to register at the platform.

    An existing key is kept, an existing ``client.toml`` is not touched.

    Raises:
        Conflict: the folder has a ``client.toml`` already. Invalid: the anchor is no anchor.
    """
    file = folder / FILE
    if file.exists():
        raise Conflict(Code.CONFLICT_DUPLICATE, f"{file} exists")
    Anchor.from_json(anchor)
    folder.mkdir(parents=True, exist_ok=True)
    key = load_or_create_keyfile(folder / "key.json", SM if sm else INTERNATIONAL)
    anchor_file = folder / "anchor.json"
    anchor_file.write_text(json.dumps(anchor, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    who = operator or Operator(name="", department="")
    lines = [
        "# 信桥机构端配置 Xinqiao, the institution's side. 私钥在 key.json，不要交给任何人。",
        "[hub]", f"url = {_toml(hub_url)}", 'anchor = "anchor.json"', "",
        "[institution]", f"id = {_toml(institution_id)}", f"name = {_toml(institution_name)}", 'key = "key.json"', "",
        "# 命令行查询时写明的经办人 the person named in queries of the command line",
        "[operator]", f"name = {_toml(who.name)}", f"department = {_toml(who.department)}", "",
        "[workbench]", f"demo = {'true' if demo else 'false'}", "",
    ]  # fmt: skip
    write_private(file, "\n".join(lines).encode("utf-8"))
    return key.public.to_jwk()


def add_user(path: Path, *, login: str, name: str, department: str, password: str) -> None:
    """Add a person to the workbench. Raises Invalid, Conflict."""
    config = read_config(path)
    if _LOGIN.fullmatch(login) is None:
        raise Invalid(Code.INVALID, "a login is 2 to 40 of a-z 0-9 . _ -", facts={"field": "login"})
    if config.user(login) is not None:
        raise Conflict(Code.CONFLICT_DUPLICATE, f"{login} exists")
    lines = [
        "", "[[workbench.users]]", f"login = {_toml(login)}", f"name = {_toml(name)}",
        f"department = {_toml(department)}", f"password = {_toml(hash_password(password))}", "",
    ]  # fmt: skip
    draft = config.path.with_name(f".{config.path.name}.{secrets.token_hex(6)}")
    write_private(draft, config.path.read_bytes() + "\n".join(lines).encode("utf-8"))
    draft.replace(config.path)


def _toml(text: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)
