"""Packed tokens: the very token comes back, and nothing else is taken for one."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.trust.encoding import b64
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.packing import BLOCK, MAGIC, deflated, pack, packed, stored, unpack

LIMIT = 4 * 1024 * 1024
KEY = SigningKey.generate()
TOKEN = sign_jws({"product": {"rows": ["流水"] * 300}, "note": 'a.b\\"c'}, KEY, ArtefactType.PRODUCT)


def refused(data: bytes, *, most: int = LIMIT) -> bool:
    try:
        unpack(data, max_bytes=most)
    except Unauthenticated as error:
        return error.code is Code.SIGNATURE_INVALID
    return False


@given(st.dictionaries(st.text("abc_", min_size=1), st.text() | st.integers(-(2**40), 2**40), max_size=8))
def test_the_very_token_comes_back_and_its_signature_holds(payload: dict[str, str | int]) -> None:
    try:
        token = sign_jws(dict(payload), KEY, ArtefactType.PRODUCT)
    except UnicodeEncodeError:
        return  # half a character has no canonical form
    again = unpack(pack(token), max_bytes=LIMIT)
    assert again == token
    assert verify_jws(again, {KEY.kid: KEY.public}, typ=ArtefactType.PRODUCT, at=None) == payload  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=400)), max_size=6))
def test_pieces_stand_beside_one_another_in_any_order(pieces: list[tuple[bool, bytes]]) -> None:
    made = packed([deflated(data) if small else stored(data) for small, data in pieces])
    assert zlib.decompress(made[len(MAGIC) :].rstrip(b"\0") + bytes(4), -15) == b"".join(d for _, d in pieces)


def test_a_long_piece_is_stored_in_several_blocks() -> None:
    payload = canonical_bytes({"x": "y" * 200_000})
    parts = stored(b"aGVhZA."), stored(payload), stored(b".c2ln")
    assert unpack(packed(parts), max_bytes=LIMIT) == f"aGVhZA.{b64(payload)}.c2ln"


def test_it_is_smaller_and_its_length_tells_little() -> None:
    rows = {"rows": [{"amount": f"{n}.00", "month": "2026-01", "null_reason": None} for n in range(500)]}
    token = sign_jws(json.loads(json.dumps(rows)), KEY, ArtefactType.PRODUCT)
    assert len(pack(token)) * 3 < len(token)
    assert len(pack(token)) % BLOCK == 0


def test_a_bomb_ends_at_the_limit() -> None:
    bomb = packed([stored(b"aGVhZA."), deflated(bytes(LIMIT)), deflated(bytes(LIMIT)), stored(b".c2ln")])
    assert len(bomb) < 64 * 1024
    assert refused(bomb)
    assert not refused(bomb, most=3 * LIMIT)


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        TOKEN.encode(),
        pack(TOKEN)[:-1],
        pack(TOKEN) + bytes(BLOCK),
        pack(TOKEN)[:-1] + b"x",
        b"xqp2" + pack(TOKEN)[4:],
        MAGIC + b"\xff" * (BLOCK - 4),
        MAGIC + bytes(BLOCK - 4),
        MAGIC + stored(b"no end") + bytes(BLOCK - 4 - len(stored(b"no end"))),
        packed([stored(b"one.two")]),
        packed([stored(b"nothing")]),
        packed([stored("头.{}.签".encode())]),
    ],
)
def test_nothing_else_is_taken_for_one(changed: bytes) -> None:
    assert refused(changed)


@given(st.integers(0, len(pack(TOKEN)) - 1), st.integers(1, 255))
def test_a_changed_byte_gives_no_other_token_that_is_believed(place: int, by: int) -> None:
    """A stream may say the same bytes in another way (a repetition that refers further back); that is the same token."""
    data = bytearray(pack(TOKEN))
    data[place] ^= by
    try:
        token = unpack(bytes(data), max_bytes=LIMIT)
    except Unauthenticated:
        return
    if token != TOKEN:
        with pytest.raises(Unauthenticated):
            verify_jws(token, {KEY.kid: KEY.public}, typ=ArtefactType.PRODUCT, at=None)  # type: ignore[arg-type]
