"""Making the home of a new node: key, configuration, the users of its pages."""

import hashlib
import json
import os
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.provider.config import ConfigError, load_config, parse_config
from xinqiao.trust.keyfile import load_or_create_keyfile
from xinqiao.trust.keys import Jwk

SHORTEST_PASSWORD = 10
_LOGIN = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_N, _R, _P = 2**14, 8, 1


def new_node_id() -> str:
    """An id for a node, as the hub itself would make it; the hub is told when the node is registered."""
    return f"nod-{secrets.token_hex(16)}"


def hash_password(password: str) -> str:
    """scrypt with a fresh salt, as ``scrypt$salt$hash``."""
    salt = secrets.token_bytes(16)
    made = hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)
    return f"scrypt${b64encode(salt).decode()}${b64encode(made).decode()}"


def check_password(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed; constant time."""
    try:
        kind, salt, wanted = stored.split("$")
        made = hashlib.scrypt(password.encode(), salt=b64decode(salt), n=_N, r=_R, p=_P)
        return kind == "scrypt" and compare_digest(made, b64decode(wanted))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class NodeSetup:
    """What somebody decides when a node is installed."""

    node_id: str
    institution: str
    name: str
    bank_name: str
    public_url: str
    hub_id: str
    hub_url: str
    data_folder: str = "data"
    demo: bool = False
    #: a department: this folder of items instead of a bank's accounts
    items_folder: str = ""
    users: tuple[tuple[str, str, str], ...] = ()
    """(login, shown name, password) of those who may look at the node's pages."""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _user_lines(login: str, name: str, password: str) -> str:
    return (
        f"\n[[portal.users]]\nlogin = {_quoted(login)}\nname = {_quoted(name)}\n"
        f"password = {_quoted(hash_password(password))}\n"
    )


def _store_lines(setup: NodeSetup) -> str:
    if setup.items_folder:
        return f'[store]\nkind = "none"\n\n[items]\nfolder = {_quoted(setup.items_folder)}\n'
    return f'[store]\nkind = "duckdb"\nfolder = {_quoted(setup.data_folder)}\n'


def add_user(home: Path, login: str, name: str, password: str) -> None:
    """Let one more person see the node's pages; takes effect when the node is started again.

    Raises:
        ConfigError: the home has no good configuration, the login is taken or out of form, or the password is short.
    """
    config = load_config(home, os.environ)
    if any(user.login == login for user in config.users):
        raise ConfigError(f"{login} 已经有了 is there already")
    if not _LOGIN.fullmatch(login):
        raise ConfigError("登录名用小写字母、数字、点和横线 lower-case letters, digits, dot and hyphen")
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigError(f"口令至少 {SHORTEST_PASSWORD} 个字符 at least {SHORTEST_PASSWORD} characters")
    path = home / "provider.toml"
    text = path.read_text(encoding="utf-8").rstrip("\n") + "\n" + _user_lines(login, name, password)
    parse_config(text, home, os.environ)
    draft = path.with_name(".provider.toml.new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def write_home(home: Path, setup: NodeSetup, anchor: dict[str, Json] | None = None) -> Jwk:
    """Write ``provider.toml``, the signing key and the anchor; return the public key to register at the hub."""
    home.mkdir(parents=True, exist_ok=True)
    users = "".join(_user_lines(*user) for user in setup.users)
    path = home / "provider.toml"
    path.touch(mode=0o600)
    path.chmod(0o600)  # it holds the hashes of passwords
    path.write_text(
        f"""# 节点配置 configuration of the node; see docs/operations/provider.md
[node]
id = {_quoted(setup.node_id)}
institution = {_quoted(setup.institution)}
name = {_quoted(setup.name)}
bank_name = {_quoted(setup.bank_name)}
public_url = {_quoted(setup.public_url)}
demo = {"true" if setup.demo else "false"}

[hub]
id = {_quoted(setup.hub_id)}
url = {_quoted(setup.hub_url)}
anchor = "hub-anchor.json"

[keys]
signing = "keys/node.json"

{_store_lines(setup)}
[limits]
cache_mb = 256
kept_figures = 1024
{users}""",
        encoding="utf-8",
    )
    if anchor is not None:
        (home / "hub-anchor.json").write_text(
            json.dumps(anchor, ensure_ascii=False, indent=1), encoding="utf-8"
        )
    return load_or_create_keyfile(home / "keys" / "node.json").public.to_jwk()
