"""HTTP message signatures: one strict profile of RFC 9421, both directions.

Here: the signature base, signing and verifying of requests and answers. Not here: sockets, routing, and the
store of nonces, which must be durable (a unique constraint) and therefore belongs to whoever has a database.

The profile (docs/protocol/messages.md has it for implementers):

* exactly one signature, labelled ``xq``; component identifiers without parameters, except the request
binding; * a request covers ``@method``, ``@target-uri``, ``content-digest``, and ``authorization`` and
``idempotency-key``
  whenever they are present; an answer covers ``@status``, ``content-digest`` and
  ``"signature";req;key="xq"``;
* ``created``, ``expires``, ``keyid`` and ``tag`` are required, ``nonce`` too in requests; ``alg`` if given
must be
  the key's; unknown or repeated parameters are refused;
* the key is one that signs, or the key of a session (``mac``; ``alg`` is then ``hmac-sha256`` or ``hmac-sm3``);
* ``Content-Digest`` has exactly one entry, of the suite's digest, and is compared with the body received.

It does not normalise: the target URI is compared as the bytes the caller and the receiver were given.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hmac import compare_digest
from typing import Final, NamedTuple, NoReturn

from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.trust.keys import SigningKey, VerifyKey
from xinqiao.trust.mac import MacKey
from xinqiao.trust.suites import Suite

TAG: Final = "xinqiao"
LABEL: Final = "xq"
#: FAPI 2.0 5.3.2.1: take a clock that is up to 10 s off, refuse beyond 60 s.
SKEW: Final = timedelta(seconds=10)
MAX_AGE: Final = timedelta(seconds=60)
REQUEST_COMPONENTS: Final = ("@method", "@target-uri", "content-digest")
RESPONSE_COMPONENTS: Final = ("@status", "content-digest")
#: Signed whenever the request has them: a signature that leaves out the token or the key protects neither.
COVERED_WHEN_PRESENT: Final = ("authorization", "idempotency-key")
_REQUEST_BINDING: Final = f'"signature";req;key="{LABEL}"'
_MAX_FIELD: Final = 2_048

#: A mapping, or the pairs as received, so that a repeated header is seen and refused.
type Headers = Mapping[str, str] | Sequence[tuple[str, str]]
type ResolveKey = Callable[[str], VerifyKey | MacKey | None]


@dataclass(frozen=True, slots=True)
class VerifiedMessage:
    """What a good signature proves, and what the caller still has to do: store the nonce, once, durably."""

    keyid: str
    nonce: str
    created: datetime
    expires: datetime
    signature_b64: str

    @property
    def forget_after(self) -> datetime:
        """The instant after which this nonce cannot be accepted any more and may be dropped."""
        return self.created + MAX_AGE + SKEW


class _Params(NamedTuple):
    components: tuple[str, ...]
    created: int
    expires: int
    nonce: str
    keyid: str
    alg: str
    tag: str


def _refuse(why: str, code: Code = Code.SIGNATURE_INVALID) -> NoReturn:
    raise Unauthenticated(code, why)


# Printable ASCII without quote and backslash: no escapes, so there is one spelling of every string.
_TEXT: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,256}")
_INPUT: Final = re.compile(
    LABEL + r"=\(([^()]*)\)((?:;[a-z]+=(?:\"[\x20\x21\x23-\x5b\x5d-\x7e]*\"|[0-9]{1,12}))*)"
)
#: The same in the order in which this module writes it, which most do: read in one step.
_USUAL: Final = re.compile(
    LABEL
    + r"=\(([^()]*)\);created=([0-9]{1,12});expires=([0-9]{1,12})(?:;nonce=\"([\x20\x21\x23-\x5b\x5d-\x7e]+)\")?"
    + r";keyid=\"([\x20\x21\x23-\x5b\x5d-\x7e]+)\";alg=\"([\x20\x21\x23-\x5b\x5d-\x7e]+)\""
    + r";tag=\"([\x20\x21\x23-\x5b\x5d-\x7e]+)\""
)
_PARAM: Final = re.compile(r";([a-z]+)=(?:\"([^\"]*)\"|([0-9]+))")
#: 64 bytes of a signature, or the 32 of a session's tag; which of them a key makes, the key itself checks.
_SIGNATURE: Final = re.compile(LABEL + r"=:([A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=):")
_DIGEST: Final = re.compile(r"([a-z0-9-]+)=:([A-Za-z0-9+/]{43}=):")
_COMPONENT: Final = re.compile(r"\"@?[a-z0-9-]+\"")
#: Fields of which two lines are a refusal, and fields this module writes itself.
_SINGLE: Final = frozenset({"signature", "signature-input", "content-digest", *COVERED_WHEN_PRESENT})
_OWN: Final = frozenset({"signature", "signature-input", "content-digest"})


def content_digest(body: bytes, suite: Suite) -> str:
    """The ``Content-Digest`` value (RFC 9530) of the bytes on the wire."""
    return f"{suite.digest_name}=:{b64encode(suite.digest(body)).decode('ascii')}:"


def signature_base(components: Sequence[tuple[str, str]], params: str) -> bytes:
    """Build the bytes that are signed (RFC 9421 section 2.5).

    ``components`` are (serialised identifier with its quotes, value); ``params`` the value of
    ``@signature-params``. Raises Unauthenticated when a value is not printable ASCII.
    """
    lines = [f"{name}: {value}" for name, value in components]
    lines.append(f'"@signature-params": {params}')
    base = "\n".join(lines)
    if not base.isascii() or base.count("\n") != len(components) or "\r" in base or "\0" in base:
        _refuse("a covered value is not printable ASCII")
    return base.encode("ascii")


def _lower(headers: Headers) -> dict[str, str]:
    """Header fields by lower-case name; a field on two lines is dropped into a refusal when it matters."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        if key in found:
            if key in _SINGLE:
                _refuse(f"{key} occurs twice")
            # RFC 9421 section 2.1: a list field on several lines is joined by comma and space.
            found[key] += ", " + value.strip(" \t")
        else:
            found[key] = value.strip(" \t")
    return found


@lru_cache(maxsize=64)
def _component_list(text: str) -> tuple[str, ...]:
    """Read the inside of the parentheses; the order and the spelling are kept for the base."""
    names = tuple(text.split(" "))
    if len(set(names)) != len(names):
        _refuse("a component occurs twice")
    for name in names:
        if name != _REQUEST_BINDING and not _COMPONENT.fullmatch(name):
            _refuse("a component is not of the profile")
    return names


def _parse_input(value: str) -> tuple[_Params, str]:
    """Read ``Signature-Input``; returns the facts and the exact text that the base must repeat."""
    usual = _USUAL.fullmatch(value) if len(value) <= _MAX_FIELD else None
    if usual is not None:
        names, created, expires, nonce, keyid, alg, tag = usual.groups()
        params = _Params(_component_list(names), int(created), int(expires), nonce or "", keyid, alg, tag)
        return params, value[len(LABEL) + 1 :]
    if len(value) > _MAX_FIELD or not (match := _INPUT.fullmatch(value)):
        _refuse("signature-input is not of the profile")
    texts = {"nonce": "", "keyid": "", "alg": "", "tag": ""}
    numbers = {"created": -1, "expires": -1}
    seen: set[str] = set()
    for param in _PARAM.finditer(match[2]):
        name, text, number = param.groups()
        if name in seen:
            _refuse("a parameter occurs twice")
        seen.add(name)
        if name in texts and text:
            texts[name] = text
        elif name in numbers and number is not None:
            numbers[name] = int(number)
        else:
            _refuse("a parameter is unknown or of the wrong type")
    if not {"created", "expires", "keyid", "tag"} <= seen:
        _refuse("a parameter is missing")
    params = _Params(
        _component_list(match[1]),
        created=numbers["created"],
        expires=numbers["expires"],
        nonce=texts["nonce"],
        keyid=texts["keyid"],
        alg=texts["alg"],
        tag=texts["tag"],
    )
    return params, value[len(LABEL) + 1 :]


def _check_time(params: _Params, now: datetime) -> None:
    instant, skew, age = now.timestamp(), SKEW.total_seconds(), MAX_AGE.total_seconds()
    if not params.created < params.expires <= params.created + age:
        _refuse("expires is not within 60 seconds of created", Code.CLOCK_SKEW)
    if instant < params.created - skew:
        _refuse("created in the future", Code.CLOCK_SKEW)
    # A receiver's clock may be ahead by the tolerance, but no message is taken after its sixtieth second.
    if instant > min(params.expires + skew, params.created + age):
        _refuse("too old", Code.CLOCK_SKEW)


def _check_digest(fields: Mapping[str, str], body: bytes, suite: Suite) -> None:
    match = _DIGEST.fullmatch(fields.get("content-digest", ""))
    if not match or match[1] != suite.digest_name:
        _refuse("content-digest is not of the profile")
    if not compare_digest(match[2], b64encode(suite.digest(body)).decode("ascii")):
        _refuse("content-digest does not fit the body")


def _values(
    names: Sequence[str], fields: Mapping[str, str], derived: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Pair every covered component with its value; a component that has none is a refusal."""
    pairs: list[tuple[str, str]] = []
    for name in names:
        value = derived.get(name)
        if value is None and name[1] != "@":
            value = fields.get(name[1:-1])
        if value is None:
            _refuse("a covered component is absent")
        pairs.append((name, value))
    return pairs


def _sign(
    names: Sequence[str],
    fields: Mapping[str, str],
    headers: MutableMapping[str, str],
    derived: Mapping[str, str],
    key: SigningKey | MacKey,
    now: datetime,
    expires: timedelta,
    nonce: str,
    tag: str,
) -> str:
    for text in (key.kid, tag, *((nonce,) if nonce else ())):
        if not _TEXT.fullmatch(text):
            raise ValueError("keyid, nonce and tag are short printable ASCII")
    created = int(now.timestamp())
    until = created + int(expires.total_seconds())
    nonce_param = f';nonce="{nonce}"' if nonce else ""
    params = (
        f"({' '.join(names)});created={created};expires={until}{nonce_param}"
        f';keyid="{key.kid}";alg="{key.http_alg}";tag="{tag}"'
    )
    base = signature_base(_values(names, fields, derived), params)
    signature = b64encode(key.sign(base)).decode("ascii")
    headers["Signature-Input"] = f"{LABEL}={params}"
    headers["Signature"] = f"{LABEL}=:{signature}:"
    return signature


def _stamp(headers: MutableMapping[str, str], body: bytes, key: SigningKey | MacKey) -> None:
    """Drop a former signature, whatever its spelling, and set the digest of the body."""
    for old in [name for name in headers if name.lower() in _OWN]:
        del headers[old]
    headers["Content-Digest"] = content_digest(body, key.suite)


def sign_request(
    method: str,
    target_uri: str,
    headers: MutableMapping[str, str],
    body: bytes,
    key: SigningKey | MacKey,
    now: datetime,
    nonce: str,
    *,
    tag: str = TAG,
    expires: timedelta = MAX_AGE,
) -> str:
    """Add Content-Digest, Signature-Input and Signature to ``headers``; return the signature (base64).

    Keep the returned text: :func:`verify_response` needs it. ``target_uri`` is the full URI as the receiver
    will reconstruct it (scheme, authority, path, query), without fragment. ``nonce`` must be fresh (128
    random bits).

    Raises:
        ValueError: the nonce or the tag is not short printable ASCII. Unauthenticated: a covered value is not
        ASCII.
    """
    if not nonce:
        raise ValueError("a request needs a nonce")
    _stamp(headers, body, key)
    present = {name.lower() for name in headers}
    names = [*REQUEST_COMPONENTS, *(name for name in COVERED_WHEN_PRESENT if name in present)]
    derived = {'"@method"': method, '"@target-uri"': target_uri}
    return _sign(
        [f'"{name}"' for name in names], _lower(headers), headers, derived, key, now, expires, nonce, tag
    )


def sign_response(
    status: int,
    headers: MutableMapping[str, str],
    body: bytes,
    key: SigningKey | MacKey,
    now: datetime,
    *,
    request_signature: str | None,
    tag: str = TAG,
    expires: timedelta = MAX_AGE,
) -> str:
    """Sign an answer, bound to the request whose signature (base64) is given; return the signature (base64).

    ``request_signature`` is None only where there was no acceptable signature to bind to (a 401).
    """
    _stamp(headers, body, key)
    names = [f'"{name}"' for name in RESPONSE_COMPONENTS]
    derived = {'"@status"': str(status)}
    if request_signature is not None:
        names.append(_REQUEST_BINDING)
        derived[_REQUEST_BINDING] = f":{request_signature}:"
    fields = {"content-digest": headers["Content-Digest"]}  # the only field that an answer's signature covers
    return _sign(names, fields, headers, derived, key, now, expires, "", tag)


def _verify(
    fields: Mapping[str, str],
    derived: Mapping[str, str],
    body: bytes,
    resolve_key: ResolveKey,
    now: datetime,
    tag: str,
    required: Sequence[str],
    *,
    nonce_required: bool,
) -> VerifiedMessage:
    if "signature-input" not in fields or "signature" not in fields:
        _refuse("not signed", Code.UNAUTHENTICATED)
    params, text = _parse_input(fields["signature-input"])
    match = _SIGNATURE.fullmatch(fields["signature"])
    if not match:
        _refuse("signature is not of the profile")
    if params.tag != tag:
        _refuse("signed for another purpose")
    if nonce_required and not params.nonce:
        _refuse("a nonce is missing")
    if not set(required) <= set(params.components):
        _refuse("a component that must be signed is not")
    key = resolve_key(params.keyid)
    if key is None:
        _refuse("unknown key")
    if params.alg and params.alg != key.http_alg:
        _refuse("the key is of another algorithm")
    _check_time(params, now)
    _check_digest(fields, body, key.suite)
    base = signature_base(_values(params.components, fields, derived), text)
    try:
        signature = b64decode(match[1], validate=True)
    except Base64Error:
        _refuse("signature is not base64")
    # The last symbol before the padding carries unused bits; only zeros keep one text for one signature.
    if b64encode(signature) != match[1].encode("ascii") or not key.verify(base, signature):
        _refuse("signature does not match")
    return VerifiedMessage(
        keyid=params.keyid,
        nonce=params.nonce,
        created=datetime.fromtimestamp(params.created, UTC),
        expires=datetime.fromtimestamp(params.expires, UTC),
        signature_b64=match[1],
    )


def verify_request(
    method: str,
    target_uri: str,
    headers: Headers,
    body: bytes,
    resolve_key: ResolveKey,
    now: datetime,
    *,
    tag: str = TAG,
    required: Sequence[str] = REQUEST_COMPONENTS,
) -> VerifiedMessage:
    """Check a request's signature, time and digest.

    Args:
        method: as received (case-sensitive).
        target_uri: as the server knows itself (configured public base address + raw path and query), not from
        Host. headers: the fields as received; give pairs when the framework can, so repeats are seen. body:
        the bytes as received, before any decoding. resolve_key: keyid → key, None for unknown, retired or
        compromised. now: the present instant. tag: the purpose expected here. required: names that must be
        covered, beside those covered whenever present.

    Returns:
        The verified facts. The caller stores ``(keyid, nonce)`` durably under a unique constraint and refuses
        a repeat with REPLAYED.

    Raises:
        Unauthenticated: UNAUTHENTICATED when unsigned, CLOCK_SKEW, or SIGNATURE_INVALID.
    """
    fields = _lower(headers)
    must = [*required, *(name for name in COVERED_WHEN_PRESENT if name in fields)]
    derived = {'"@method"': method, '"@target-uri"': target_uri}
    return _verify(
        fields, derived, body, resolve_key, now, tag, [f'"{name}"' for name in must], nonce_required=True
    )


def verify_response(
    status: int,
    headers: Headers,
    body: bytes,
    resolve_key: ResolveKey,
    now: datetime,
    *,
    request_signature: str | None,
    tag: str = TAG,
    required: Sequence[str] = RESPONSE_COMPONENTS,
) -> VerifiedMessage:
    """Check an answer, and that it answers the very request whose signature is given.

    With ``request_signature=None`` (the request was not signed) a bound answer is refused.

    Raises:
        Unauthenticated: as :func:`verify_request`.
    """
    derived = {'"@status"': str(status)}
    must = [f'"{name}"' for name in required]
    if request_signature is not None:
        derived[_REQUEST_BINDING] = f":{request_signature}:"
        must.append(_REQUEST_BINDING)
    return _verify(_lower(headers), derived, body, resolve_key, now, tag, must, nonce_required=False)
