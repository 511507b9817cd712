"""One signed exchange with the platform: token, request signature, answer signature, retries.

Nothing here knows an operation. Retries are finite, jittered, and only where the same effect is meant: a reading, or a
writing under the same idempotency key and the same bytes. Every try carries a fresh nonce.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx
from pydantic import ValidationError

from xinqiao.client.believed import Anchor, Believed, Directory
from xinqiao.client.problems import HubSaid, Problem, read_problem
from xinqiao.client.results import DirectoryAnswer, Result, SessionAnswer, TokenAnswer
from xinqiao.client.steps import Got, Pause, Send, Steps
from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, Invalid, ProviderFault, Unauthenticated, Unavailable, XinqiaoError
from xinqiao.trust.encoding import b64, strict_object
from xinqiao.trust.httpsig import sign_request, verify_response
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.keys import OpenKey, SigningKey
from xinqiao.trust.mac import SESSION_TYPE, SessionKeys, session_keys

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=2)
#: A token is renewed this long before its end, so that no request meets the end on its way.
RENEW_BEFORE = timedelta(seconds=45)
#: Nodes and keys are looked at again after this long (a withdrawn key ends within a minute, as at the nodes).
DIRECTORY_LIFE = timedelta(seconds=60)
TRIES = 4
#: No answer of the platform is larger (a sealed report of 36 months is some 300 KB; ledgers are larger).
MAX_ANSWER = 64 * 1024 * 1024
#: What may answer a signed request without being bound to it: refusals from before the caller was known.
_BEFORE_CALLER = frozenset({400, 401, 404, 405, 413, 415, 429, 503})


def make_assertion(institution_id: str, key: SigningKey, audience: str, now: datetime) -> str:
    """A client assertion (RFC 7523) for one token request: two minutes, single use."""
    issued = int(now.timestamp())
    header = {"alg": key.alg, "kid": key.kid, "typ": "JWT"}
    claims: dict[str, Json] = {
        "iss": institution_id,
        "sub": institution_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(24),
        "iat": issued,
        "exp": issued + int(ASSERTION_LIFE.total_seconds()),
    }
    signed = f"{b64(canonical_bytes({**header}))}.{b64(canonical_bytes(claims))}"
    return f"{signed}.{b64(key.sign(signed.encode('ascii')))}"


def target(base_url: str, path: str, params: Mapping[str, str | int | None] | None = None) -> str:
    """The address of an operation, exactly as it is sent and signed."""
    given = {name: str(value) for name, value in (params or {}).items() if value is not None}
    query = f"?{urlencode(given, quote_via=quote)}" if given else ""
    return f"{base_url}{path}{query}"


@dataclass(frozen=True, slots=True)
class Ask:
    """One call before it is signed. ``key``: its idempotency key; ``signed``: by token and signature, or ``tagged`` in a session.

    ``again``: a writing whose repetition has no second effect by itself (a file is known by its digest).
    """

    method: str
    path: str
    params: Mapping[str, str | int | None] | None = None
    body: bytes | None = field(default=None, repr=False)
    key: str | None = None
    signed: bool = True
    media_type: str = "application/json"
    again: bool = False
    tagged: bool = False

    @property
    def repeatable(self) -> bool:
        """Whether trying again can have no second effect."""
        return self.method == "GET" or self.key is not None or self.again


@dataclass(slots=True)
class _Token:
    value: str = field(repr=False)
    until: datetime
    renewing: bool = False


@dataclass(frozen=True, slots=True)
class _Session:
    keys: SessionKeys
    until: datetime


class Exchange:
    """What one institution's client knows and does; shared by threads. Carried out by ``sync`` and ``aio``."""

    def __init__(
        self,
        base_url: str,
        institution_id: str,
        key: SigningKey,
        *,
        anchor: Anchor,
        clock: Clock,
        language: Callable[[], str] = lambda: "zh-CN",
        chance: Callable[[], float] | None = None,
    ) -> None:
        """``language`` is asked at every call for the words of problems; ``chance`` gives the jitter, between 0 and 1."""
        self.base_url = _base(base_url)
        self.institution_id = institution_id
        self.key = key
        self.believed = Believed(anchor)
        self.clock = clock
        self._language = language
        self._chance = chance or secrets.SystemRandom().random
        self._token: _Token | None = None
        self._session: _Session | None = None
        self._directory_at: datetime | None = None

    # -- token ------------------------------------------------------------------------------------------------------

    def token(self) -> Steps[str]:
        """The access token, asked for or renewed when needed."""
        now, held = self.clock.now(), self._token
        if held is not None and now < held.until:
            if now < held.until - RENEW_BEFORE or held.renewing:
                return held.value
            held.renewing = True  # one renews; the others go on with what is still good
        try:
            answer = yield from self._ask_token(now)
        except BaseException:
            if held is not None:
                held.renewing = False
            raise
        life = timedelta(seconds=max(0, answer.expires_in))
        self._token = _Token(answer.access_token, now + life)
        return answer.access_token

    def _ask_token(self, now: datetime) -> Steps[TokenAnswer]:
        audience = f"{self.base_url}/oauth/token"
        body = canonical_bytes(
            {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": make_assertion(self.institution_id, self.key, audience, now),
            }
        )
        got = yield from self.ask(Ask("POST", "/oauth/token", body=body, signed=False))
        answer = self.read(TokenAnswer, got)
        if answer.token_type.lower() != "bearer" or answer.cnf.get("jkt") != self.key.kid:
            raise ProviderFault(Code.HUB_INVALID, "the token is bound to another key")
        return answer

    def session(self) -> Steps[SessionKeys]:
        """The keys of the session, opened or opened anew when needed."""
        now, held = self.clock.now(), self._session
        if held is not None and now < held.until - RENEW_BEFORE:
            return held.keys
        key = OpenKey.generate(self.key.suite)
        body = canonical_bytes({"one_time_key": {**key.public.to_jwk()}})
        got = yield from self.ask(Ask("POST", "/api/v1/sessions", body=body))
        answer = self.read(SessionAnswer, got)
        try:
            secret = open_sealed(answer.sealed, key, typ=SESSION_TYPE, facts={"session": answer.id})
            keys = session_keys(answer.id, self.key.suite, secret)
        except (Unauthenticated, ValueError) as error:
            raise ProviderFault(Code.HUB_INVALID, "the session's secret cannot be opened") from error
        self._session = _Session(keys, now + timedelta(seconds=max(0, answer.expires_in)))
        return keys

    # -- one call ---------------------------------------------------------------------------------------------------

    def ask(self, ask: Ask) -> Steps[Got]:
        """Carry out one call and return its verified answer of success.

        Raises:
            XinqiaoError: what the platform answered (:func:`~.problems.problem_of` tells the rest), or
                ``HUB_UNREACHABLE``, ``HUB_INVALID``.
        """
        renewed = False
        for attempt in range(1, TRIES + 1):
            last = attempt == TRIES or not ask.repeatable
            token = ""
            keys: SessionKeys | None = None
            try:
                if ask.tagged:
                    keys = yield from self.session()
                elif ask.signed:
                    token = yield from self.token()
                return (yield from self._once(ask, token, keys))
            except Unauthenticated as error:
                # the token ended early (an operator's act, a restart): nothing was done, so one new try is safe
                if renewed or attempt == TRIES or not ask.signed or error.code is not Code.UNAUTHENTICATED:
                    raise
                renewed = True
                if self._token is not None and self._token.value == token:
                    self._token = None
                if self._session is not None and self._session.keys is keys:
                    self._session = None
            except XinqiaoError as error:
                wait = _wait(error, attempt)
                if last or wait is None:
                    raise
                yield Pause(wait * (0.5 + self._chance() / 2))
        raise Unavailable(Code.HUB_UNREACHABLE, "no answer after all tries")

    def _once(self, ask: Ask, token: str, keys: SessionKeys | None) -> Steps[Got]:
        url = str(httpx.URL(target(self.base_url, ask.path, ask.params)))
        headers = {
            "Accept": "application/json, application/problem+json",
            "Accept-Encoding": "identity",  # an inflated answer could be any size
            "Accept-Language": self._language(),
        }
        content = ask.body or b""
        if ask.body is not None:
            headers["Content-Type"] = ask.media_type
        if ask.key is not None:
            headers["Idempotency-Key"] = ask.key
        signature = None
        if ask.signed:
            if keys is None:
                headers["Authorization"] = f"Bearer {token}"
            by = self.key if keys is None else keys.request
            signature = sign_request(
                ask.method, url, headers, content, by, self.clock.now(), secrets.token_hex(16)
            )
        got = yield Send(ask.method, url, headers, content)
        if got is None:
            raise RuntimeError("a request is answered")
        if keys is not None and signature is not None and self._tagged(got, keys, signature):
            bound = True
        elif keys is not None and got.status not in _BEFORE_CALLER:
            raise ProviderFault(Code.HUB_INVALID, "the answer's tag: not of this session and request")
        else:
            # the platform did not know the session: it says so by its own key, bound to nothing
            wanted = signature if keys is None else None
            bound = yield from self._verify(got, wanted, directory=ask.path == _DIRECTORY)
            bound = bound and keys is None
        if not 200 <= got.status < 300:
            raise_problem(self, got, bound=bound)
        return got

    def _tagged(self, got: Got, keys: SessionKeys, signature: str) -> bool:
        """Whether an answer carries the session's tag and belongs to the request."""
        by = keys.answer
        try:
            verify_response(
                got.status,
                got.headers,
                got.body,
                lambda kid: by if kid == by.kid else None,
                self.clock.now(),
                request_signature=signature,
            )
        except Unauthenticated:
            return False
        return len(got.body) <= MAX_ANSWER

    def _verify(self, got: Got, signature: str | None, *, directory: bool) -> Steps[bool]:
        """Check the platform's signature; returns whether the answer is bound to the request."""
        if len(got.body) > MAX_ANSWER:
            raise ProviderFault(Code.HUB_INVALID, "the answer is too large")
        try:
            return self._signed_by_hub(got, signature)
        except ProviderFault:
            # A key that is not known yet may be in a newer directory; signed by a known one, it says so itself.
            if directory or not self.may_refresh():
                raise
        yield from self.directory(fresh=True)
        return self._signed_by_hub(got, signature)

    def may_refresh(self) -> bool:
        """Whether a newer directory could say something else."""
        seen = self._directory_at
        return seen is None or self.clock.now() - seen >= DIRECTORY_LIFE

    def _signed_by_hub(self, got: Got, signature: str | None) -> bool:
        now = self.clock.now()

        def check(bound_to: str | None) -> None:
            verify_response(
                got.status,
                got.headers,
                got.body,
                lambda kid: self.believed.hub_key(kid, now),
                now,
                request_signature=bound_to,
            )

        try:
            check(signature)
            return True
        except Unauthenticated as error:
            if signature is None or got.status not in _BEFORE_CALLER | {403}:
                raise ProviderFault(Code.HUB_INVALID, f"the answer's signature: {error.detail}") from error
        try:
            check(None)
        except Unauthenticated as error:
            raise ProviderFault(Code.HUB_INVALID, f"the answer's signature: {error.detail}") from error
        return False

    # -- directory --------------------------------------------------------------------------------------------------

    def directory(self, *, fresh: bool = False) -> Steps[Directory]:
        """The platform's directory, verified; asked for again after a minute."""
        now, held = self.clock.now(), self.believed.directory
        recent = self._directory_at is not None and now - self._directory_at < DIRECTORY_LIFE
        if held is not None and recent and not fresh and now < held.expires_at:
            return held
        self._directory_at = now
        got = yield from self.ask(Ask("GET", _DIRECTORY, signed=False))
        return self.believed.accept(self.read(DirectoryAnswer, got).directory, self.clock.now())

    # -- reading ----------------------------------------------------------------------------------------------------

    def read[R: Result](self, shape: type[R], got: Got) -> R:
        """The body as a result. Raises ProviderFault ``HUB_INVALID`` for another shape."""
        try:
            return shape.model_validate(strict_object(got.body))
        except (ValidationError, ValueError) as error:
            # the text of a validation error quotes the input: keep it out of logs
            names = (
                [
                    ".".join(map(str, one["loc"]))
                    for one in error.errors(include_input=False, include_url=False)
                ]
                if isinstance(error, ValidationError)
                else []
            )
            raise ProviderFault(
                Code.HUB_INVALID, "the answer has another shape", facts={"fields": names}
            ) from None

    def check_refusal(self, token: str, problem: Problem) -> None:
        """The signed statement of a no must be the platform's, to this institution, about this code."""
        try:
            claims = verify_jws(token, self.believed.hub_keys, typ=ArtefactType.REFUSAL, at=self.clock.now())
        except Unauthenticated as error:
            raise ProviderFault(Code.HUB_INVALID, "the refusal is not the platform's") from error
        wanted: dict[str, Json] = {
            "iss": self.believed.anchor.id,
            "sub": self.institution_id,
            "code": str(problem.code),
        }
        if any(claims.get(name) != value for name, value in wanted.items()):
            raise ProviderFault(Code.HUB_INVALID, "the refusal speaks of something else")


_DIRECTORY = "/api/v1/directory"


def raise_problem(exchange: Exchange, got: Got, *, bound: bool) -> None:
    """Raise the error a problem document stands for."""
    kind = got.header("content-type").partition(";")[0].strip().lower()
    if kind != "application/problem+json":
        raise ProviderFault(Code.HUB_INVALID, f"status {got.status} without a problem document")
    try:
        document = strict_object(got.body)
    except ValueError as wrong:
        raise ProviderFault(Code.HUB_INVALID, "a problem that cannot be read") from wrong
    error, problem = read_problem(got.status, document, bound=bound)
    if not bound and got.status == 403 and problem.code is not Code.ROLE_FORBIDDEN:
        # every other 403 is a decision about a known caller's request; loose, it could be somebody else's
        raise ProviderFault(Code.HUB_INVALID, "a refusal that does not belong to this request")
    if problem.refusal is not None:
        exchange.check_refusal(problem.refusal, problem)
    retry = got.header("retry-after")
    # isascii: header values are read as Latin-1, where ² is a digit too and no number
    if retry.isascii() and retry.isdigit() and "retry_after" not in error.facts:
        error.facts["retry_after"] = int(retry[:6])
    raise error from HubSaid(problem)


def _wait(error: XinqiaoError, attempt: int) -> float | None:
    """How long to wait before the same is tried again; ``None``: trying again is pointless or the caller's choice."""
    base = (0.2, 0.4, 0.8)[min(attempt, 3) - 1]
    match error.code:
        case Code.HUB_UNREACHABLE | Code.IDEMPOTENCY_IN_FLIGHT:
            return base
        case Code.RATE_LIMITED | Code.AUDIT_UNAVAILABLE:
            after = error.facts.get("retry_after")
            asked = float(after) if isinstance(after, int) else base
            return max(asked, base) if asked <= 5 else None
        case _:
            return None


def _base(url: str) -> str:
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment:
        raise Invalid(Code.INVALID, "the platform's address is https://host", facts={"field": "base_url"})
    return str(parsed).rstrip("/")
