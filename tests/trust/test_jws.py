"""Signed artefacts: what is accepted, and the long list of what is not (abuse cases A5, A8, A9)."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws as jose_jws
from joserfc.jwk import OKPKey

from xinqiao.domain.errors import Unauthenticated
from xinqiao.trust.encoding import b64
from xinqiao.trust.jws import ArtefactType, sign_jws, signer_of, verify_jws
from xinqiao.trust.keys import KeyEntry, KeySet, SigningKey
from xinqiao.trust.suites import SUITES, Suite

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "cases/trust/jws_negative.json").read_text("utf-8")
)
KEY = SigningKey.generate()
FOREIGN = SigningKey.generate()
PERMIT = "xq-permit+jwt"


@pytest.mark.parametrize("suite", SUITES.values(), ids=str)
@pytest.mark.parametrize("typ", ArtefactType)
def test_every_artefact_type_survives_in_both_suites(suite: Suite, typ: ArtefactType) -> None:
    key = SigningKey.generate(suite)
    payload = {"sub": "演示企业", "n": 5, "list": ["a", None, True], "amount": "12.50"}
    token = sign_jws(payload, key, typ)
    assert verify_jws(token, {key.kid: key.public}, typ=typ, at=NOW) == payload
    assert verify_jws(token, KeySet([KeyEntry(key.public, NOW, NOW + DAY)]), typ=typ, at=NOW) == payload
    assert signer_of(token) == (key.kid, typ)


def test_a_type_outside_the_list_or_a_float_is_never_signed() -> None:
    with pytest.raises(ValueError):
        sign_jws({}, KEY, "JWT")
    with pytest.raises(TypeError):
        sign_jws({"a": 1.5}, KEY, PERMIT)  # type: ignore[dict-item]


def test_joserfc_reads_our_tokens_and_we_read_its() -> None:
    public, private = OKPKey.import_key(KEY.to_jwk()), OKPKey.import_key(KEY.to_jwk(private=True))  # type: ignore[arg-type]
    registry = jose_jws.JWSRegistry(algorithms=["EdDSA"])
    ours = sign_jws({"jti": "1"}, KEY, PERMIT)
    read = jose_jws.deserialize_compact(ours, public, registry=registry)
    assert json.loads(read.payload) == {"jti": "1"}
    assert read.protected["typ"] == PERMIT
    theirs = jose_jws.serialize_compact(
        {"alg": "EdDSA", "kid": KEY.kid, "typ": PERMIT}, b'{"jti": "2"}', private, registry=registry
    )
    assert verify_jws(theirs, {KEY.kid: KEY.public}, typ=PERMIT, at=NOW) == {"jti": "2"}


def _fill(text: str) -> str:
    deep = "[" * 5000 + "]" * 5000
    for name, value in {
        "{kid}": KEY.kid,
        "{foreign_x}": str(FOREIGN.to_jwk()["x"]),
        "{mib}": "A" * (1 << 20),
        "{kib}": "A" * 1024,
        "{deep}": deep,
    }.items():
        text = text.replace(name, value)
    return text


def _signature(how: str, signed: bytes) -> bytes:
    match how:
        case "known":
            return KEY.sign(signed)
        case "foreign":
            return FOREIGN.sign(signed)
        case "empty":
            return b""
        case "hs256-public":
            return hmac.digest(KEY.public.public, signed, hashlib.sha256)
        case "hs256-jwk":
            return hmac.digest(json.dumps(KEY.to_jwk()).encode(), signed, hashlib.sha256)
    raise AssertionError(how)


def _mutate(how: str, token: str) -> str:
    head, body, signature = token.split(".")
    other_head, other_body, other_signature = sign_jws({"jti": "other"}, KEY, PERMIT).split(".")
    assert other_head == head
    raw = base64.urlsafe_b64decode(signature + "==")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1])
    loose = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last | 1]
    full = {"payload": body, "protected": head, "signature": signature}
    return {
        "drop-signature": f"{head}.{body}",
        "extra-part": f"{token}.AAAA",
        "five-parts": f"{token}.AAAA.AAAA",
        "empty-payload": f"{head}..{signature}",
        "empty-signature": f"{head}.{body}.",
        "pad-signature": f"{token}==",
        "pad-header": f"{head}=.{body}.{signature}",
        "plus-slash": f"{head}.{body}.{'+/' + signature[2:]}",
        "space-before": f" {token}",
        "newline-after": f"{token}\n",
        "newline-inside": f"{head}.{body[:4]}\n{body[4:]}.{signature}",
        "loose-bits": f"{head}.{body}.{signature[:-1]}{loose}",
        "short-signature": f"{head}.{body}.{b64(raw[:-1])}",
        "long-signature": f"{head}.{body}.{b64(raw + b'0')}",
        "zero-signature": f"{head}.{body}.{b64(bytes(64))}",
        "other-payload": f"{head}.{other_body}.{signature}",
        "other-signature": f"{head}.{body}.{other_signature}",
        "lower": token.lower(),
        "non-ascii": f"{head}.{body}.{signature[:-1]}é",
        "json-form": json.dumps(full),
        "nested": sign_jws({"token": token}, FOREIGN, PERMIT),
        "too-long": sign_jws({"pad": "x" * 16_384}, KEY, PERMIT),
    }[how]


def _token(case: dict[str, Any]) -> str:
    typ = case.get("typ", PERMIT)
    header = case.get("header", '{"alg":"EdDSA","kid":"{kid}","typ":"%s"}' % typ)  # noqa: UP031
    head = case.get("header_b64") or b64(_fill(header).encode("utf-8"))
    signed = f"{head}.{b64(_fill(case.get('payload', '{}')).encode('utf-8'))}"
    token = f"{signed}.{b64(_signature(case.get('sign', 'known'), signed.encode('ascii')))}"
    return _mutate(case["mutate"], token) if "mutate" in case else token


def _keys(case: dict[str, Any]) -> KeySet:
    start, end = {"later": (NOW + DAY, NOW + 2 * DAY), "ended": (NOW - 2 * DAY, NOW)}.get(
        case.get("key_period", ""), (NOW, NOW + DAY)
    )
    keys = KeySet([KeyEntry(KEY.public, start, end)])
    return keys.compromised(KEY.kid) if case.get("key_period") == "compromised" else keys


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_no_trick_passes_and_each_is_refused_by_its_code(case: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        verify_jws(
            _token(case),
            _keys(case),
            typ=case.get("expect_typ", PERMIT),
            at=NOW,
            max_bytes=case.get("max_bytes", 16_384),
        )
    assert refused.value.code == case.get("code", "SIGNATURE_INVALID")
    assert refused.value.status == 401


def test_the_harness_of_the_negative_cases_accepts_the_case_without_a_trick() -> None:
    assert verify_jws(_token({}), _keys({}), typ=PERMIT, at=NOW) == {}
    assert len(CASES) >= 150


def test_a_long_token_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    from xinqiao.trust import jws

    def never(_: str) -> bytes:
        raise AssertionError("decoded")

    monkeypatch.setattr(jws, "unb64", never)
    with pytest.raises(Unauthenticated):
        verify_jws("A" * 16_385, {}, typ=PERMIT, at=NOW)


@pytest.mark.parametrize("suite", SUITES.values(), ids=str)
def test_every_flipped_bit_of_a_token_is_refused(suite: Suite) -> None:
    key = SigningKey.generate(suite)
    token = sign_jws({"jti": "1"}, key, PERMIT)
    step = 1 if suite.name == "international" else 5
    for place in range(0, len(token), step):
        for bit in range(7):
            changed = token[:place] + chr(ord(token[place]) ^ 1 << bit) + token[place + 1 :]
            with pytest.raises(Unauthenticated):
                verify_jws(changed, {key.kid: key.public}, typ=PERMIT, at=NOW)
