"""HTTP message signatures: the RFC's vector, another implementation, the clock, and everything refused."""

import random
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import http_message_signatures as peer
import httpx
import pytest

from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.trust.httpsig import (
    VerifiedMessage,
    content_digest,
    sign_request,
    sign_response,
    signature_base,
    verify_request,
    verify_response,
)
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.suites import INTERNATIONAL, SUITES, Suite

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
URI = "https://hub.example/api/v1/queries?x=1"
BODY = b'{"a":1}'
KEY = SigningKey.generate()
suites = pytest.mark.parametrize("suite", SUITES.values(), ids=str)


def test_the_ed25519_vector_of_rfc_9421_appendix_b_2_6() -> None:
    key = SigningKey.from_jwk(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
            "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
        }
    )
    base = signature_base(
        [
            ('"date"', "Tue, 20 Apr 2021 02:07:55 GMT"),
            ('"@method"', "POST"),
            ('"@path"', "/foo"),
            ('"@authority"', "example.com"),
            ('"content-type"', "application/json"),
            ('"content-length"', "18"),
        ],
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"',
    )
    wanted = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert b64encode(key.sign(base)).decode() == wanted


def test_the_digest_is_the_one_of_rfc_9530() -> None:
    assert content_digest(b'{"hello": "world"}\n', INTERNATIONAL) == (
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    )


def _signed(key: SigningKey = KEY, body: bytes = BODY, **extra: str) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Bearer t",
        "Idempotency-Key": "k1",
        **extra,
    }
    sign_request("POST", URI, headers, body, key, NOW, "nonce-1")
    return headers


def _verify(headers: Any, key: SigningKey = KEY, **change: Any) -> VerifiedMessage:
    args: dict[str, Any] = {"method": "POST", "target_uri": URI, "body": BODY, "now": NOW} | change
    return verify_request(
        args.pop("method"),
        args.pop("target_uri"),
        headers,
        args.pop("body"),
        {key.kid: key.public}.get,
        args.pop("now"),
        **args,
    )


@suites
def test_a_signed_request_verifies_and_tells_who_and_which(suite: Suite) -> None:
    key = SigningKey.generate(suite)
    headers = _signed(key)
    found = _verify(headers, key)
    assert (found.keyid, found.nonce, found.created) == (key.kid, "nonce-1", NOW)
    assert found.forget_after > found.expires
    for name in ('"@method"', '"@target-uri"', '"content-digest"', '"authorization"', '"idempotency-key"'):
        assert name in headers["Signature-Input"]


@suites
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_empty_body_is_covered_too(suite: Suite, method: str) -> None:
    key, headers = SigningKey.generate(suite), {}
    sign_request(method, URI, headers, b"", key, NOW, "n")
    assert _verify(headers, key, method=method, body=b"")
    with pytest.raises(Unauthenticated):
        _verify(headers, key, method=method, body=b"x")


@suites
def test_an_answer_is_bound_to_its_request(suite: Suite) -> None:
    key, headers, answer = SigningKey.generate(suite), {}, {"Content-Type": "application/json"}
    sent = sign_request("POST", URI, headers, BODY, key, NOW, "n")
    sign_response(200, answer, b"answer", key, NOW, request_signature=sent)
    keys = {key.kid: key.public}.get

    def check(status: int = 200, body: bytes = b"answer", bound: str | None = sent) -> VerifiedMessage:
        return verify_response(status, answer, body, keys, NOW, request_signature=bound)

    assert check().keyid == key.kid
    other = sign_request("POST", URI, headers, BODY, key, NOW, "n2")
    for wrong in ({"status": 201}, {"body": b"another"}, {"bound": other}, {"bound": None}):
        with pytest.raises(Unauthenticated):
            check(**wrong)  # type: ignore[arg-type]


def test_an_unbound_answer_is_refused_when_a_request_was_signed() -> None:
    answer: dict[str, str] = {}
    sign_response(401, answer, b"no", KEY, NOW, request_signature=None)
    keys = {KEY.kid: KEY.public}.get
    assert verify_response(401, answer, b"no", keys, NOW, request_signature=None)
    with pytest.raises(Unauthenticated):
        verify_response(401, answer, b"no", keys, NOW, request_signature="A" * 86 + "==")


S = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("expires", "now", "good"),
    [
        (60 * S, NOW, True),
        (60 * S, NOW - 10 * S, True),
        (60 * S, NOW - 10 * S - S / 1000, False),
        (60 * S, NOW - 60 * S, False),
        (60 * S, NOW + 60 * S, True),
        (60 * S, NOW + 60 * S + S / 1000, False),
        (60 * S, NOW + 61 * S, False),
        (5 * S, NOW + 15 * S, True),
        (5 * S, NOW + 16 * S, False),
        (61 * S, NOW, False),
        (0 * S, NOW, False),
        (-5 * S, NOW, False),
        (60 * S, NOW + timedelta(days=365), False),
    ],
    ids=str,
)
def test_the_clock_is_ten_seconds_tolerant_and_sixty_seconds_strict(
    expires: timedelta, now: datetime, good: bool
) -> None:
    headers: dict[str, str] = {}
    sign_request("POST", URI, headers, BODY, KEY, NOW, "n", expires=expires)
    if good:
        assert _verify(headers, now=now)
        return
    with pytest.raises(Unauthenticated) as refused:
        _verify(headers, now=now)
    assert refused.value.code is Code.CLOCK_SKEW


def _sub(name: str, old: str, new: str) -> Callable[[dict[str, str]], None]:
    def apply(headers: dict[str, str]) -> None:
        assert old in headers[name], old
        headers[name] = headers[name].replace(old, new)

    return apply


def _put(name: str, value: str | None) -> Callable[[dict[str, str]], None]:
    def apply(headers: dict[str, str]) -> None:
        if value is None:
            del headers[name]
        else:
            headers[name] = value

    return apply


INPUT, SIG, DIGEST = "Signature-Input", "Signature", "Content-Digest"
TRICKS: dict[str, Callable[[dict[str, str]], None]] = {
    "authorization swapped": _put("Authorization", "Bearer other"),
    "authorization removed": _put("Authorization", None),
    "idempotency key swapped": _put("Idempotency-Key", "k2"),
    "digest removed": _put(DIGEST, None),
    "digest of another body": _put(DIGEST, content_digest(b"other", INTERNATIONAL)),
    "digest with a second entry": lambda h: h.update({DIGEST: h[DIGEST] + ", sha-512=:AAAA:"}),
    "digest of a weak algorithm": _put(DIGEST, "md5=:AAAAAAAAAAAAAAAAAAAAAA==:"),
    "digest of the other suite": _sub(DIGEST, "sha-256", "sm3"),
    "digest empty": _put(DIGEST, ""),
    "authorization not covered": _sub(INPUT, ' "authorization"', ""),
    "idempotency key not covered": _sub(INPUT, ' "idempotency-key"', ""),
    "digest not covered": _sub(INPUT, ' "content-digest"', ""),
    "method not covered": _sub(INPUT, '"@method" ', ""),
    "target not covered": _sub(INPUT, ' "@target-uri"', ""),
    "nothing covered": _sub(
        INPUT, '("@method" "@target-uri" "content-digest" "authorization" "idempotency-key")', "()"
    ),
    "component twice": _sub(INPUT, '"@method" ', '"@method" "@method" '),
    "component with a parameter": _sub(INPUT, '"@method"', '"@method";req'),
    "component upper case": _sub(INPUT, '"content-digest"', '"Content-Digest"'),
    "component absent": _sub(INPUT, '"@method" ', '"@method" "x-absent" '),
    "component @authority unasked": _sub(INPUT, '"@method" ', '"@method" "@authority" '),
    "component order changed": _sub(INPUT, '"@method" "@target-uri"', '"@target-uri" "@method"'),
    "double blank": _sub(INPUT, '"@method" ', '"@method"  '),
    "label renamed": _sub(INPUT, "xq=", "sig1="),
    "second label": lambda h: h.update({INPUT: h[INPUT] + "," + h[INPUT].replace("xq=", "yq=")}),
    "label twice": lambda h: h.update({INPUT: h[INPUT] + ", " + h[INPUT]}),
    "second signature": lambda h: h.update({SIG: h[SIG] + ", " + h[SIG]}),
    "created missing": lambda h: h.update({INPUT: h[INPUT].replace(f";created={int(NOW.timestamp())}", "")}),
    "created moved": lambda h: h.update({INPUT: h[INPUT].replace("created=1", "created=2")}),
    "created is text": lambda h: h.update(
        {INPUT: h[INPUT].replace(f"created={int(NOW.timestamp())}", f'created="{int(NOW.timestamp())}"')}
    ),
    "created negative": lambda h: h.update({INPUT: h[INPUT].replace("created=", "created=-")}),
    "expires missing": lambda h: h.update(
        {INPUT: h[INPUT].replace(f";expires={int(NOW.timestamp()) + 60}", "")}
    ),
    "nonce missing": _sub(INPUT, ';nonce="nonce-1"', ""),
    "nonce changed": _sub(INPUT, "nonce-1", "nonce-2"),
    "nonce twice": _sub(INPUT, ';nonce="nonce-1"', ';nonce="nonce-1";nonce="nonce-2"'),
    "nonce empty": _sub(INPUT, 'nonce="nonce-1"', 'nonce=""'),
    "nonce is a number": _sub(INPUT, 'nonce="nonce-1"', "nonce=1"),
    "keyid missing": lambda h: h.update({INPUT: h[INPUT].replace(f';keyid="{KEY.kid}"', "")}),
    "keyid unknown": lambda h: h.update({INPUT: h[INPUT].replace(KEY.kid, "unknown")}),
    "alg hmac": _sub(INPUT, 'alg="ed25519"', 'alg="hmac-sha256"'),
    "alg rsa": _sub(INPUT, 'alg="ed25519"', 'alg="rsa-v1_5-sha256"'),
    "alg of the other suite": _sub(INPUT, 'alg="ed25519"', 'alg="sm2-sm3"'),
    "alg removed": _sub(INPUT, ';alg="ed25519"', ""),
    "tag missing": _sub(INPUT, ';tag="xinqiao"', ""),
    "tag of another purpose": _sub(INPUT, 'tag="xinqiao"', 'tag="other"'),
    "unknown parameter": lambda h: h.update({INPUT: h[INPUT] + ';x="1"'}),
    "quote in a parameter": _sub(INPUT, 'nonce="nonce-1"', 'nonce="a\\"b"'),
    "signature input empty": _put(INPUT, ""),
    "signature input huge": lambda h: h.update({INPUT: h[INPUT] + ";x=1" * 10_000}),
    "signature empty": _put(SIG, "xq=::"),
    "signature zeroed": _put(SIG, f"xq=:{'A' * 86}==:"),
    "signature not base64": _put(SIG, f"xq=:{'*' * 86}==:"),
    "signature cut": lambda h: h.update({SIG: h[SIG][:-9] + "==:"}),
    "signature with a parameter": lambda h: h.update({SIG: h[SIG] + ";a=1"}),
    "signature as text": lambda h: h.update({SIG: h[SIG].replace(":", '"')}),
    "line break in a value": _put("Authorization", 'Bearer t\n"x": y'),
    "value not ASCII": _put("Authorization", "Bearer ü"),
}


@pytest.mark.parametrize("name", TRICKS)
def test_no_trick_passes(name: str) -> None:
    headers = _signed()
    assert _verify(headers)
    TRICKS[name](headers)
    with pytest.raises(Unauthenticated) as refused:
        _verify(headers)
    assert refused.value.code in (Code.SIGNATURE_INVALID, Code.CLOCK_SKEW)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"method": "post"},
        {"target_uri": URI + "&y=2"},
        {"target_uri": URI.replace("x=1", "x=2")},
        {"target_uri": URI.replace("hub.", "node.")},
        {"target_uri": URI.replace("https", "http")},
        {"target_uri": URI.replace("/v1/", "/v1/%2e%2e/v1/")},
        {"target_uri": URI.replace("/v1/", "//v1/")},
        {"target_uri": URI.replace("queries", "Queries")},
        {"target_uri": URI + "#f"},
        {"body": BODY + b" "},
        {"body": b""},
        {"tag": "other"},
        {"required": ("@method", "@target-uri", "content-digest", "x-deadline")},
    ],
    ids=str,
)
def test_another_message_than_the_signed_one_is_refused(change: Mapping[str, Any]) -> None:
    headers = _signed()
    with pytest.raises(Unauthenticated) as refused:
        _verify(headers, **change)
    assert refused.value.code is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(
    "name", ["signature", "SIGNATURE-INPUT", "content-digest", "authorization", "Idempotency-Key"]
)
@pytest.mark.parametrize("first", [True, False])
def test_a_header_on_two_lines_is_refused_in_any_spelling_and_order(name: str, first: bool) -> None:
    pairs = list(_signed().items())
    assert _verify(pairs)
    pairs.insert(0 if first else len(pairs), (name, "x"))
    with pytest.raises(Unauthenticated):
        _verify(pairs)


def test_an_unsigned_request_is_unauthenticated() -> None:
    for headers in ({}, {"Signature": "xq=:x:"}, {"Signature-Input": "xq=()"}):
        with pytest.raises(Unauthenticated) as refused:
            _verify(headers)
        assert refused.value.code is Code.UNAUTHENTICATED


def test_a_request_header_cannot_pose_as_a_derived_component() -> None:
    headers = _signed()
    params = headers[INPUT].removeprefix("xq=").replace('"@method" ', '"@method" "@path" ')
    fields = {name.lower(): value for name, value in headers.items()}
    derived = {"@method": "POST", "@target-uri": URI, "@path": "/evil"}
    names = ("@method", "@path", "@target-uri", "content-digest", "authorization", "idempotency-key")
    base = signature_base([(f'"{n}"', derived.get(n) or fields[n]) for n in names], params)
    headers |= {INPUT: f"xq={params}", SIG: f"xq=:{b64encode(KEY.sign(base)).decode()}:", "@path": "/evil"}
    with pytest.raises(Unauthenticated):
        _verify(headers)


def test_signing_again_replaces_the_former_signature_whatever_its_spelling() -> None:
    headers = {"signature": "old", "SIGNATURE-INPUT": "old", "content-digest": "old"}
    sign_request("POST", URI, headers, BODY, KEY, NOW, "n")
    assert len(headers) == 3
    assert _verify(headers)


@pytest.mark.parametrize("nonce", ["", 'a"b', "a\\b", "é", "x" * 300, "a\nb"])
def test_a_nonce_that_could_be_misread_is_never_signed(nonce: str) -> None:
    with pytest.raises(ValueError):
        sign_request("POST", URI, {}, BODY, KEY, NOW, nonce)


@suites
def test_random_changes_of_the_signature_fields_never_pass(suite: Suite) -> None:
    rng, key = random.Random(3), SigningKey.generate(suite)
    headers = _signed(key)
    for _ in range(300 if suite is INTERNATIONAL else 60):
        name = rng.choice([INPUT, SIG, DIGEST])
        value = headers[name]
        place = rng.randrange(len(value))
        changed = rng.choice(
            [
                value[:place] + value[place + 1 :],
                value[:place] + chr(rng.randrange(33, 127)) + value[place + 1 :],
            ]
        )
        if changed == value:
            continue
        with pytest.raises(Unauthenticated):
            _verify({**headers, name: changed}, key)


class _Resolver(peer.HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(KEY.public.public)

    def resolve_private_key(self, key_id: str) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        from xinqiao.trust.encoding import unb64

        return Ed25519PrivateKey.from_private_bytes(unb64(str(KEY.to_jwk(private=True)["d"])))


def test_another_implementation_verifies_our_requests() -> None:
    now = datetime.now(UTC)  # the peer reads the machine's clock
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    sign_request("POST", URI, headers, BODY, KEY, now, "n")
    verifier = peer.HTTPMessageVerifier(signature_algorithm=peer.algorithms.ED25519, key_resolver=_Resolver())
    message = httpx.Request("POST", URI, headers=headers, content=BODY)
    results = verifier.verify(message, expect_tag="xinqiao", max_age=timedelta(seconds=60))
    assert len(results) == 1
    message.headers["Authorization"] = "Bearer other"
    with pytest.raises(peer.InvalidSignature):
        verifier.verify(message, expect_tag="xinqiao", max_age=timedelta(seconds=60))


def test_we_verify_the_requests_of_another_implementation() -> None:
    message = httpx.Request("POST", URI, headers={"Authorization": "Bearer t"}, content=BODY)
    peer.HTTPMessageSigner(signature_algorithm=peer.algorithms.ED25519, key_resolver=_Resolver()).sign(
        message,
        key_id=KEY.kid,
        created=NOW,
        expires=NOW + timedelta(seconds=30),
        nonce="theirs",
        label="xq",
        tag="xinqiao",
        covered_component_ids=("@method", "@target-uri", "authorization"),
        body=BODY,
    )
    assert _verify(message.headers.multi_items()).nonce == "theirs"


def test_another_implementation_verifies_our_bound_answers() -> None:
    now = datetime.now(UTC)
    headers: dict[str, str] = {}
    sent = sign_request("POST", URI, headers, BODY, KEY, now, "n")
    answer = {"Content-Type": "application/json"}
    sign_response(200, answer, b"answer", KEY, now, request_signature=sent)
    request = httpx.Request("POST", URI, headers=headers, content=BODY)
    response = httpx.Response(200, headers=answer, content=b"answer", request=request)
    verifier = peer.HTTPMessageVerifier(signature_algorithm=peer.algorithms.ED25519, key_resolver=_Resolver())
    assert verifier.verify(response, expect_tag="xinqiao", max_age=timedelta(seconds=60))
    assert b64decode(sent)
