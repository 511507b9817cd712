"""Sealed payloads: compact JWE (RFC 7516) in a strict profile with two members of the family.

============= =================== =====================================================================
suite         ``alg`` / ``enc``   how the content key travels
============= =================== =====================================================================
international ECDH-ES / A256GCM   X25519 agreement with a fresh ``epk`` in the header (RFC 7518 4.6, RFC 8037
3.2) sm            SM2PKE / SM4GCM     a random SM4 key encrypted to the SM2 key, DER C1C3C2, in the second
part
============= =================== =====================================================================

Both go through :func:`seal` and :func:`open_sealed`. The header is authenticated with the content: facts a
receiver must match (which permit, which query) are put there as ``xq``. ``zip`` is forbidden (decompression
bombs, and length leaks what is inside; what ``packing`` does about both stands there); ``crit``, ``jku``, ``jwk``, ``x5u``, ``x5c`` and ``cty`` (nesting)
are unknown members.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, TooLarge, Unauthenticated
from xinqiao.trust.encoding import b64, strict_object, unb64
from xinqiao.trust.keys import OpenKey, SealKey
from xinqiao.trust.suites import SUITE_BY_SEAL_ALG, Random

#: A product of one account is some 10-200 KB of JSON; a report with pages of evidence stays under this.
MAX_PLAINTEXT_BYTES: Final = 4 * 1024 * 1024
MAX_HEADER_CHARS: Final = 4_096
_REQUIRED: Final = frozenset({"alg", "enc", "typ", "kid"})
_OPTIONAL: Final = frozenset({"epk", "apu", "apv", "xq"})


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """What stands readable on the outside of a sealed payload; believed only after it was opened."""

    alg: str
    enc: str
    typ: str
    kid: str
    facts: Mapping[str, str]
    ephemeral: bytes
    apu: bytes
    apv: bytes


def _refuse(why: str) -> NoReturn:
    raise Unauthenticated(Code.SIGNATURE_INVALID, why)


def seal(
    plaintext: bytes,
    to: SealKey,
    *,
    typ: str,
    facts: Mapping[str, str] | None = None,
    max_bytes: int = MAX_PLAINTEXT_BYTES,
    rng: Random | None = None,
) -> str:
    """Seal ``plaintext`` so that only the holder of ``to`` can read it.

    Args:
        plaintext: the bytes as they are; never compressed.
        to: the receiver's public key, normally a one-time key bound by a signed query.
        typ: what is inside, e.g. ``xq-product+json``.
        facts: readable, authenticated facts (permit id, query digest) the receiver will compare.
        max_bytes: limit on the plaintext.
        rng: only for tests that need the same bytes twice.

    Raises:
        TooLarge: the plaintext is over the limit.
    """
    if len(plaintext) > max_bytes:
        raise TooLarge(Code.BODY_TOO_LARGE, "too long to seal", facts={"limit": max_bytes})
    suite = to.suite
    header: dict[str, Json] = {"alg": suite.seal_alg, "enc": suite.content_alg, "typ": typ, "kid": to.kid}
    if facts:
        header["xq"] = dict(facts)
    wrapped = suite.wrap(to.public, apu=b"", apv=b"", random=rng)
    if wrapped.ephemeral:
        header["epk"] = {"crv": "X25519", "kty": "OKP", "x": b64(wrapped.ephemeral)}
    head = b64(canonical_bytes(header))
    if len(head) > MAX_HEADER_CHARS:
        raise TooLarge(Code.BODY_TOO_LARGE, "too many header facts", facts={"limit": MAX_HEADER_CHARS})
    nonce = (rng or secrets.token_bytes)(12)
    sealed = suite.encrypt(wrapped.content_key, nonce, plaintext, head.encode("ascii"))
    return ".".join((head, b64(wrapped.encrypted_key), b64(nonce), b64(sealed[:-16]), b64(sealed[-16:])))


def _bytes_member(header: Mapping[str, Json], name: str) -> bytes:
    value = header.get(name, "")
    if not isinstance(value, str):
        _refuse(f"{name} is text")
    return unb64(value)


def _parse_header(text: str) -> SealedHeader:
    if len(text) > MAX_HEADER_CHARS:
        _refuse("header too long")
    try:
        header = strict_object(unb64(text))
        if not header.keys() >= _REQUIRED or header.keys() - _REQUIRED - _OPTIONAL:
            _refuse("a header member is missing or unknown")
        alg, enc, typ, kid = (header[name] for name in ("alg", "enc", "typ", "kid"))
        if not (
            isinstance(alg, str) and isinstance(enc, str) and isinstance(typ, str) and isinstance(kid, str)
        ):
            _refuse("header members are text")
        suite = SUITE_BY_SEAL_ALG.get(alg)
        if suite is None or enc != suite.content_alg:
            _refuse("algorithm not allowed")
        facts = header.get("xq", {})
        if not isinstance(facts, dict) or not all(isinstance(v, str) for v in facts.values()):
            _refuse("facts are text")
        ephemeral = b""
        if "epk" in header:
            epk = header["epk"]
            if not isinstance(epk, dict) or epk.keys() != {"crv", "kty", "x"}:
                _refuse("epk is a bare public key")
            if epk["kty"] != "OKP" or epk["crv"] != "X25519":
                _refuse("epk is on another curve")
            ephemeral = _bytes_member(epk, "x")
        apu, apv = _bytes_member(header, "apu"), _bytes_member(header, "apv")
    except ValueError as error:
        _refuse(str(error))
    return SealedHeader(alg, enc, typ, kid, {k: str(v) for k, v in facts.items()}, ephemeral, apu, apv)


def sealed_header(token: str) -> SealedHeader:
    """Read the outside of a sealed payload **without** opening it: to choose the key. Raises Unauthenticated."""
    return _parse_header(token.partition(".")[0])


def open_sealed(
    token: str,
    key: OpenKey,
    *,
    typ: str | None = None,
    facts: Mapping[str, str] | None = None,
    max_bytes: int = MAX_PLAINTEXT_BYTES,
) -> bytes:
    """Open a sealed payload and return the plaintext.

    Args:
        token: the compact form as received.
        key: the private key; the header's ``kid`` must name it.
        typ: when given, the expected type.
        facts: when given, header facts that must be there with these values (others may be there too).
        max_bytes: limit on the plaintext, checked before anything is decoded.

    Raises:
        Unauthenticated: TOKEN_TYPE for another ``typ``, TOKEN_BINDING for other facts, SIGNATURE_INVALID for
        all
            else: not the profile, another key, or a changed bit.
    """
    if len(token) > MAX_HEADER_CHARS + 600 + max_bytes * 4 // 3:
        _refuse("too long")
    parts = token.split(".")
    if len(parts) != 5:
        _refuse("not a compact sealed payload")
    header = _parse_header(parts[0])
    if header.kid != key.kid or header.alg != key.suite.seal_alg:
        _refuse("sealed to another key")
    try:
        encrypted_key, nonce, body, tag = (unb64(part) for part in parts[1:])
        if len(nonce) != 12 or len(tag) != 16:
            _refuse("nonce or tag has the wrong length")
        content_key = key.unwrap(
            ephemeral=header.ephemeral, encrypted_key=encrypted_key, apu=header.apu, apv=header.apv
        )
        plaintext = key.suite.decrypt(content_key, nonce, body + tag, parts[0].encode("ascii"))
    except ValueError as error:
        _refuse(str(error))
    if typ is not None and header.typ != typ:
        raise Unauthenticated(Code.TOKEN_TYPE, "another kind of content", facts={"expected": typ})
    if facts is not None and any(header.facts.get(name) != value for name, value in facts.items()):
        raise Unauthenticated(Code.TOKEN_BINDING, "sealed for another occasion")
    return plaintext
