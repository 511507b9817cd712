"""An institution's system in the fewest lines, over one kept connection: for campaigns and benchmarks.

Written on ``trust`` alone, apart from ``xinqiao.client``, so that a campaign does not judge the hub by the eyes of the
hub's own client.
"""

import hashlib
import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.trust.encoding import b64
from xinqiao.trust.httpsig import sign_request
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import OpenKey, SigningKey
from xinqiao.trust.mac import SESSION_TYPE, SessionKeys, session_keys

QUERIES = "/api/v1/fundflow/queries"
SESSIONS = "/api/v1/sessions"


class Unanswered(Exception):
    """No whole answer came: whether there was an effect is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub said."""

    status: int
    body: bytes = field(repr=False)

    def json(self) -> Mapping[str, Json]:
        """The body as an object."""
        found = json.loads(self.body)
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Question:
    """A query that can be sent again: the same body and key."""

    authorisation_id: str
    body: bytes = field(repr=False)
    idempotency_key: str
    key: OpenKey = field(repr=False)


class Caller:
    """One connection, one thread."""

    def __init__(self, url: str, institution_id: str, key: SigningKey, clock: Clock) -> None:
        self._url = url
        self._host, self._port = urlsplit(url).hostname or "", urlsplit(url).port or 80
        self._institution = institution_id
        self._key = key
        self._clock = clock
        self._token: tuple[str, datetime] | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._session: SessionKeys | None = None

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """Send bytes. Raises Unanswered."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=15)
        try:
            self._connection.request(method, target, body=content, headers=dict(headers))
            response = self._connection.getresponse()
            return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(type(error).__name__) from error

    def token(self) -> str:
        """A token in force."""
        now = self._clock.now()
        if self._token is None or now >= self._token[1]:
            content = json.dumps(
                {
                    "grant_type": "client_credentials",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": self._assertion(now),
                }
            ).encode()
            answer = self.send("POST", "/oauth/token", {"Content-Type": "application/json"}, content)
            if answer.status != 200:
                raise Unanswered(f"no token: {answer.status}")
            self._token = (str(answer.json()["access_token"]), now + timedelta(seconds=240))
        return self._token[0]

    def forget_token(self) -> None:
        """Ask for another token next time: a platform that has started again may not know this one."""
        self._token = None

    def _assertion(self, now: datetime) -> str:
        header: dict[str, Json] = {"alg": self._key.alg, "kid": self._key.kid, "typ": "JWT"}
        claims: dict[str, Json] = {
            "iss": self._institution,
            "sub": self._institution,
            "aud": f"{self._url}/oauth/token",
            "jti": secrets.token_hex(12),
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 120,
        }
        signed = f"{b64(canonical_bytes(header))}.{b64(canonical_bytes(claims))}"
        return f"{signed}.{b64(self._key.sign(signed.encode()))}"

    def question(self, authorisation_id: str, account_id: str, *, months: int = 12) -> Question:
        """A query with its one-time key and signed statement."""
        key = OpenKey.generate()
        asked: dict[str, Json] = {
            "authorisation_id": authorisation_id,
            "account": account_id,
            "product": "FLOW_REPORT",
            "months": months,
            "purpose": "loan_application",
        }
        claims: dict[str, Json] = {
            "iss": self._institution,
            "jti": secrets.token_hex(12),
            "jkt": key.kid,
            "iat": int(self._clock.now().timestamp()),
            **asked,
        }
        body = {
            **asked,
            "operator": {"name": "丁一", "department": "公司业务部"},
            "one_time_key": key.public.to_jwk(),
            "statement": sign_jws(claims, self._key, ArtefactType.QUERY),
        }
        return Question(authorisation_id, json.dumps(body).encode(), secrets.token_urlsafe(18), key)

    def signed(self, method: str, target: str, content: bytes, key: str | None) -> dict[str, str]:
        """The headers of a signed request."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        if content:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        now = self._clock.now()
        sign_request(method, self._url + target, headers, content, self._key, now, secrets.token_hex(16))
        return headers

    def open_session(self) -> None:
        """Open a session for :meth:`tagged`. Raises Unanswered."""
        key = OpenKey.generate()
        content = json.dumps({"one_time_key": {**key.public.to_jwk()}}).encode()
        answer = self.send("POST", SESSIONS, self.signed("POST", SESSIONS, content, None), content)
        if answer.status != 201:
            raise Unanswered(f"no session: {answer.status}")
        told = answer.json()
        name = str(told["id"])
        secret = open_sealed(str(told["sealed"]), key, typ=SESSION_TYPE, facts={"session": name})
        self._session = session_keys(name, self._key.suite, secret)

    def tagged(self, method: str, target: str, content: bytes, key: str) -> dict[str, str]:
        """The headers of a request in the session that was opened."""
        assert self._session is not None
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        by, now = self._session.request, self._clock.now()
        sign_request(method, self._url + target, headers, content, by, now, secrets.token_hex(16))
        return headers

    def ask(self, question: Question) -> Answer:
        """Send a query. Raises Unanswered."""
        headers = self.signed("POST", QUERIES, question.body, question.idempotency_key)
        return self.send("POST", QUERIES, headers, question.body)


def digest_of(answer: Answer) -> str:
    """SHA-256 of the sealed product of a release."""
    return hashlib.sha256(str(answer.json()["product"]).encode()).hexdigest()
