"""Who is logged in, in memory: sessions, the guard against guessing, and the one report a session may hold.

A restart logs everybody out and forgets every report; that is the point.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest

from xinqiao.client.config import WorkbenchUser, check_password, hash_password
from xinqiao.client.credit import OpenedPortrait, OpenedReport
from xinqiao.client.item_answer import ItemAnswer
from xinqiao.client.report import Report
from xinqiao.clock import Clock
from xinqiao.domain.errors import Code, Forbidden, TooMany, Unauthenticated

COOKIE = "xq_bench"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
#: A report left open on a screen is forgotten after this long.
HELD = timedelta(minutes=15)
TRIES = 5
LOCKED = timedelta(minutes=15)
_MOST = 4_096


@dataclass(slots=True)
class Held:
    """The report, or the answer about an item, of the page being shown, and under which request it was asked."""

    report: Report | ItemAnswer = field(repr=False)
    authorisation_id: str
    since: datetime
    once: str
    number: str = ""  # of the authorisation: the product itself knows its id only


@dataclass(slots=True)
class HeldCredit:
    """The credit report of the page being shown, with the products that were opened beside it."""

    report: OpenedReport = field(repr=False)
    since: datetime
    once: str
    beside: list[Report] = field(default_factory=list, repr=False)
    onces: set[str] = field(default_factory=set)


@dataclass(slots=True)
class HeldPortrait:
    """The portrait of the page being shown."""

    portrait: OpenedPortrait = field(repr=False)
    since: datetime
    once: str


@dataclass(slots=True)
class Session:
    """One browser. ``user`` is ``None`` before log-in; ``csrf`` goes into every form."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    began: datetime
    seen: datetime
    user: WorkbenchUser | None = None
    held: Held | None = None
    credit: HeldCredit | None = None
    portrait: HeldPortrait | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def check_csrf(self, given: str) -> None:
        """Raises Forbidden ``CSRF_FAILED``."""
        if not compare_digest(given.encode(), self.csrf.encode()):
            raise Forbidden(Code.CSRF_FAILED, "the form is not from here")

    def report(self, report_id: str, now: datetime) -> Held | None:
        """The held report if it is this one and not too old."""
        held = self.held
        if held is not None and now - held.since >= HELD:
            held = self.held = None
        return held if held is not None and held.report.id == report_id else None

    def credit_report(self, report_id: str, now: datetime) -> HeldCredit | None:
        """The held credit report if it is this one and not too old."""
        held = self.credit
        if held is not None and now - held.since >= HELD:
            held = self.credit = None
        return held if held is not None and held.report.id == report_id else None

    def held_portrait(self, portrait_id: str, now: datetime) -> HeldPortrait | None:
        """The held portrait if it is this one and not too old."""
        held = self.portrait
        if held is not None and now - held.since >= HELD:
            held = self.portrait = None
        return held if held is not None and held.portrait.id == portrait_id else None

    def let_go(self) -> None:
        """Forget whatever is held."""
        self.held = self.credit = self.portrait = None

    def tidy(self, now: datetime) -> None:
        """Forget what is held for too long."""
        if self.held is not None and now - self.held.since >= HELD:
            self.held = None
        if self.credit is not None and now - self.credit.since >= HELD:
            self.credit = None
        if self.portrait is not None and now - self.portrait.since >= HELD:
            self.portrait = None


@dataclass(slots=True)
class _Tries:
    count: int
    until: datetime


class Sessions:
    """All sessions of the program; shared by its threads."""

    def __init__(self, users: tuple[WorkbenchUser, ...], clock: Clock) -> None:
        self._users = {user.login: user for user in users}
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        # compared with for an unknown login, so that the time of an answer does not tell which logins exist
        self._nobody = hash_password(secrets.token_urlsafe(16))

    def find(self, token: str) -> Session | None:
        """The live session of a cookie."""
        now = self._clock.now()
        with self._lock:
            self._forget(now)
            session = self._sessions.get(token)
            if session is not None:
                session.seen = now
            return session

    def forget(self) -> None:
        """Drop what is over, also where nobody comes back to ask for it."""
        with self._lock:
            self._forget(self._clock.now())

    def _forget(self, now: datetime) -> None:
        for token, session in list(self._sessions.items()):
            if now - session.seen >= IDLE or now - session.began >= LONGEST:
                session.let_go()
                del self._sessions[token]
            else:
                session.tidy(now)

    def begin(self, user: WorkbenchUser | None = None, *, replacing: Session | None = None) -> Session:
        """A new session with a new token; the one before log-in ends (no fixation)."""
        now = self._clock.now()
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), now, now, user)
        with self._lock:
            if replacing is not None:
                self._sessions.pop(replacing.token, None)
            self._sessions[session.token] = session
            while len(self._sessions) > _MOST:
                # A stranger opening the log-in page again and again must not log people out.
                strangers = (token for token, one in self._sessions.items() if one.user is None)
                del self._sessions[next(strangers, next(iter(self._sessions)))]
        return session

    def end(self, session: Session) -> None:
        """Log out: session and held report are gone."""
        with self._lock:
            self._sessions.pop(session.token, None)
        session.let_go()

    def log_in(self, login: str, password: str, *, replacing: Session | None) -> Session:
        """Raises Unauthenticated for a wrong login or password alike, TooMany ``LOGIN_LOCKED`` after five in a row."""
        now, login = self._clock.now(), login.strip().lower()[:60]
        with self._lock:
            tries = self._tries.get(login)
            if tries is not None and tries.count >= TRIES and now < tries.until:
                raise TooMany(Code.LOGIN_LOCKED, "too many wrong passwords")
        user = self._users.get(login)
        good = check_password(password, user.password if user else self._nobody)
        with self._lock:
            # Read again: others may have guessed while this password was being hashed.
            tries = self._tries.get(login)
            if user is None or not good:
                count = tries.count + 1 if tries is not None and now < tries.until else 1
                self._tries[login] = _Tries(count, now + LOCKED)
                while len(self._tries) > _MOST:
                    self._tries.popitem(last=False)
                raise Unauthenticated(Code.UNAUTHENTICATED, "login or password is wrong")
            self._tries.pop(login, None)
        return self.begin(user, replacing=replacing)
