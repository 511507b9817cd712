"""Who is looking: signed session cookies, form tokens, lock-out after failures. No web framework here.

A session lives in its cookie: login, end, a random id and a fingerprint of the stored password, under an HMAC with a
key file of the node. So a restart keeps people logged in, and a changed password or a removed user ends theirs at once.
"""

import contextlib
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from xinqiao.clock import Clock
from xinqiao.provider.config import PortalUser
from xinqiao.provider.setup import check_password, hash_password
from xinqiao.trust.encoding import b64, unb64
from xinqiao.trust.keyfile import read_private, write_private

SESSION_LIFE = timedelta(hours=8)
#: Five failures lock a name for half an hour (look 13: 连续 5 次失败锁定 30 分钟).
FAILURES = 5
LOCKED_FOR = timedelta(minutes=30)
#: Names remembered for the lock-out, unknown ones too; more than this is somebody trying names.
NAMES_KEPT = 2_000
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Session:
    """A good cookie."""

    id: str
    user: PortalUser


def _fingerprint(user: PortalUser) -> str:
    return hashlib.sha256(user.password.encode()).hexdigest()[:16]


def load_key(path: Path) -> bytes:
    """The key of the cookies, made at the first start; mode 600.

    Raises:
        Unavailable: the file can be read by others.
    """
    try:
        return read_private(path)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            write_private(path, secrets.token_bytes(32))
        return read_private(path)


class Sessions:
    """Opens, reads and ends sessions; makes and checks form tokens."""

    def __init__(self, key: bytes, users: tuple[PortalUser, ...], clock: Clock) -> None:
        self._key = key
        self._users: Mapping[str, PortalUser] = {user.login: user for user in users}
        self._clock = clock
        self._ended: OrderedDict[str, None] = OrderedDict()

    def _mac(self, kind: str, text: str) -> str:
        return b64(hmac.digest(self._key, f"{kind}\0{text}".encode(), "sha256"))

    def open(self, user: PortalUser) -> str:
        """The cookie of a new session."""
        end = int((self._clock.now() + SESSION_LIFE).timestamp())
        body = b64(f"{user.login}\n{end}\n{secrets.token_hex(16)}\n{_fingerprint(user)}".encode())
        return f"{body}.{self._mac('session', body)}"

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie, or None for anything that is not one now."""
        if not cookie or len(cookie) > _LONGEST or not cookie.isascii():
            return None
        body, _dot, mac = cookie.partition(".")
        if not hmac.compare_digest(mac, self._mac("session", body)):
            return None
        try:
            login, end, identity, print_ = unb64(body).decode().split("\n")
            over = self._clock.now().timestamp() >= int(end)
        except ValueError:
            return None
        user = self._users.get(login)
        if over or user is None or identity in self._ended or print_ != _fingerprint(user):
            return None
        return Session(identity, user)

    def end(self, session: Session) -> None:
        """Log out: the cookie is worth nothing from now on, whoever has copied it."""
        self._ended[session.id] = None
        if len(self._ended) > NAMES_KEPT:
            self._ended.popitem(last=False)

    def token(self, base: str) -> str:
        """The form token of a session's id, or of a visitor's cookie before log-in."""
        return self._mac("form", base)

    def is_token(self, base: str, token: str) -> bool:
        """Whether a form token is the one of this session or visitor."""
        return bool(base) and token.isascii() and hmac.compare_digest(token, self.token(base))


class Doorman:
    """Checks passwords in the same time for every name, and locks a name after five failures."""

    def __init__(self, users: tuple[PortalUser, ...], clock: Clock) -> None:
        self._users = {user.login: user for user in users}
        self._clock = clock
        self._failed: OrderedDict[str, list[datetime]] = OrderedDict()
        #: what an unknown name is checked against, so that it takes as long as a known one
        self._nobody = hash_password(secrets.token_hex(16))

    def is_locked(self, login: str) -> bool:
        """Whether a name may not try now."""
        since = self._clock.now() - LOCKED_FOR
        recent = [at for at in self._failed.get(login, ()) if at > since]
        return len(recent) >= FAILURES

    def check(self, login: str, password: str) -> PortalUser | None:
        """The user whose password this is. A locked name is refused whatever the password."""
        user = self._users.get(login)
        good = check_password(password[:_LONGEST], user.password if user else self._nobody)
        if self.is_locked(login):
            return None
        if user is not None and good:
            self._failed.pop(login, None)
            return user
        tried = self._failed.setdefault(login[:64], [])
        tried.append(self._clock.now())
        del tried[:-FAILURES]
        self._failed.move_to_end(login[:64])
        if len(self._failed) > NAMES_KEPT:
            self._failed.popitem(last=False)
        return None
