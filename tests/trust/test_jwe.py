"""Sealed payloads: both suites, both directions with joserfc, and everything that must not open."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwe as jose_jwe
from joserfc.jwk import OKPKey

from xinqiao.domain.errors import Code, TooLarge, Unauthenticated
from xinqiao.trust.encoding import b64, unb64
from xinqiao.trust.jwe import open_sealed, seal, sealed_header
from xinqiao.trust.keys import OpenKey
from xinqiao.trust.suites import INTERNATIONAL, SM, SUITES, Suite

suites = pytest.mark.parametrize("suite", SUITES.values(), ids=str)
TYP = "xq-product+json"


@suites
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 10_000])
def test_what_was_sealed_opens_for_its_holder_only(suite: Suite, size: int) -> None:
    key, other = OpenKey.generate(suite), OpenKey.generate(suite)
    token = seal(b"x" * size, key.public, typ=TYP, facts={"permit": "p1"})
    assert open_sealed(token, key, typ=TYP, facts={"permit": "p1"}) == b"x" * size
    assert sealed_header(token).kid == key.kid
    assert sealed_header(token).facts == {"permit": "p1"}
    with pytest.raises(Unauthenticated):
        open_sealed(token, other)


@suites
def test_two_seals_of_one_text_have_nothing_in_common(suite: Suite) -> None:
    key = OpenKey.generate(suite)
    one, two = (seal(b"same text", key.public, typ=TYP).split(".") for _ in range(2))
    assert all(a != b for a, b in zip(one[2:], two[2:], strict=True))


@suites
def test_another_type_or_another_occasion_is_named_as_such(suite: Suite) -> None:
    key = OpenKey.generate(suite)
    token = seal(b"x", key.public, typ=TYP, facts={"permit": "p1"})
    for kwargs, code in (
        ({"typ": "other"}, Code.TOKEN_TYPE),
        ({"facts": {"permit": "p2"}}, Code.TOKEN_BINDING),
        ({"facts": {"query": "q"}}, Code.TOKEN_BINDING),
    ):
        with pytest.raises(Unauthenticated) as refused:
            open_sealed(token, key, **kwargs)  # type: ignore[arg-type]
        assert refused.value.code is code


def test_joserfc_opens_ours_and_we_open_its() -> None:
    key = OpenKey.generate()
    private, public = OKPKey.import_key(key.to_jwk(private=True)), OKPKey.import_key(key.to_jwk())  # type: ignore[arg-type]
    registry = jose_jwe.JWERegistry(strict_check_header=False)
    ours = seal(b"ours", key.public, typ=TYP, facts={"permit": "p"})
    assert jose_jwe.decrypt_compact(ours, private, registry=registry).plaintext == b"ours"
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "typ": TYP, "kid": key.kid}
    assert open_sealed(jose_jwe.encrypt_compact(header, b"theirs", public), key) == b"theirs"
    named = header | {"apu": b64(b"Alice"), "apv": b64(b"Bob")}
    assert open_sealed(jose_jwe.encrypt_compact(named, b"theirs", public), key) == b"theirs"


def _header(change: Callable[[dict[str, Any]], None]) -> Callable[[list[str]], None]:
    def apply(parts: list[str]) -> None:
        header = json.loads(unb64(parts[0]))
        change(header)
        parts[0] = b64(json.dumps(header).encode())

    return apply


def _set(**members: Any) -> Callable[[list[str]], None]:
    return _header(lambda h: h.update(members))


def _part(number: int, value: str) -> Callable[[list[str]], None]:
    def apply(parts: list[str]) -> None:
        parts[number] = value

    return apply


TRICKS: dict[str, Callable[[list[str]], None]] = {
    "zip": _set(zip="DEF"),
    "crit": _set(crit=["exp"]),
    "cty JWT (nested)": _set(cty="JWT"),
    "jwk": _set(jwk={}),
    "jku": _set(jku="https://evil.example"),
    "x5u": _set(x5u="https://evil.example"),
    "p2c (work factor)": _set(p2c=10**9),
    "alg dir": _set(alg="dir"),
    "alg RSA1_5": _set(alg="RSA1_5"),
    "alg PBES2": _set(alg="PBES2-HS256+A128KW"),
    "alg none": _set(alg="none"),
    "alg of the other suite": _header(
        lambda h: h.update(alg="SM2PKE" if h["alg"] == "ECDH-ES" else "ECDH-ES")
    ),
    "enc A128CBC-HS256": _set(enc="A128CBC-HS256"),
    "enc A128GCM": _set(enc="A128GCM"),
    "kid of another key": _set(kid="another"),
    "epk on P-256 (invalid curve)": _set(epk={"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
    "epk with a private half": _set(epk={"kty": "OKP", "crv": "X25519", "x": b64(bytes(32)), "d": "AA"}),
    "epk of small order": _set(epk={"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))}),
    "epk too short": _set(epk={"kty": "OKP", "crv": "X25519", "x": "AA"}),
    "epk is text": _set(epk="x"),
    "epk is null": _set(epk=None),
    "facts are numbers": _set(xq={"permit": 1}),
    "typ changed": _set(typ="other"),
    "facts changed": _set(xq={"permit": "p2"}),
    "apu added": _set(apu="AA"),
    "apu is a number": _set(apu=1),
    "typ missing": _header(lambda h: h.pop("typ")),
    "header not JSON": _part(0, b64(b"x")),
    "header too long": _part(0, "A" * 5000),
    "encrypted key of another kind": _part(1, "AAAA"),
    "nonce too short": _part(2, b64(bytes(8))),
    "nonce changed": _part(2, b64(bytes(12))),
    "nonce empty": _part(2, ""),
    "body empty": _part(3, ""),
    "body changed": _part(3, b64(b"other")),
    "tag cut to 12 bytes": lambda parts: parts.__setitem__(4, b64(unb64(parts[4])[:12])),
    "tag zeroed": _part(4, b64(bytes(16))),
    "tag padded": lambda parts: parts.__setitem__(4, parts[4] + "=="),
    "six parts": lambda parts: parts.append("AA"),
    "three parts": lambda parts: parts.__delitem__(slice(3, 5)),
}


@suites
@pytest.mark.parametrize("name", TRICKS)
def test_no_trick_opens(suite: Suite, name: str) -> None:
    key = OpenKey.generate(suite)
    parts = seal(b"hello", key.public, typ=TYP, facts={"permit": "p1"}).split(".")
    TRICKS[name](parts)
    with pytest.raises(Unauthenticated) as refused:
        open_sealed(".".join(parts), key)
    assert refused.value.code is Code.SIGNATURE_INVALID


@suites
def test_an_epk_of_null_is_not_taken_for_none(suite: Suite) -> None:
    sealed = seal(b"hello", OpenKey.generate(suite).public, typ=TYP).split(".")
    TRICKS["epk is null"](sealed)
    with pytest.raises(Unauthenticated, match="epk"):
        sealed_header(".".join(sealed))


@suites
def test_a_header_member_twice_does_not_open(suite: Suite) -> None:
    key = OpenKey.generate(suite)
    parts = seal(b"hello", key.public, typ=TYP).split(".")
    parts[0] = b64(unb64(parts[0])[:-1] + b',"alg":"none"}')
    with pytest.raises(Unauthenticated):
        open_sealed(".".join(parts), key)


@suites
def test_every_flipped_bit_of_the_bytes_is_found(suite: Suite) -> None:
    key = OpenKey.generate(suite)
    parts = seal(b"hello", key.public, typ=TYP).split(".")
    for number in range(5):
        raw = unb64(parts[number])
        for bit in range(0, len(raw) * 8, 7):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(Unauthenticated):
                open_sealed(".".join([*parts[:number], b64(bytes(changed)), *parts[number + 1 :]]), key)


@pytest.mark.parametrize(("suite", "other"), [(INTERNATIONAL, SM), (SM, INTERNATIONAL)], ids=str)
def test_a_key_of_the_other_suite_does_not_open(suite: Suite, other: Suite) -> None:
    with pytest.raises(Unauthenticated):
        open_sealed(seal(b"x", OpenKey.generate(suite).public, typ=TYP), OpenKey.generate(other))


def test_limits_hold_in_both_directions() -> None:
    key = OpenKey.generate()
    with pytest.raises(TooLarge):
        seal(b"x" * 101, key.public, typ=TYP, max_bytes=100)
    with pytest.raises(TooLarge):
        seal(b"x", key.public, typ=TYP, facts={"f": "x" * 5000})
    with pytest.raises(Unauthenticated):
        open_sealed(seal(b"x" * 20_000, key.public, typ=TYP), key, max_bytes=1000)
