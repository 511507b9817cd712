"""How a signed product travels inside its seal: the compact token taken apart, deflated in pieces, padded.

A compact token spells its payload in base64, and a seal spells that in base64 again: a report of 42 KB of JSON becomes
76 KB, which hub and node hash, store and copy. Packed it is some 16 KB, and nothing is lost: the receiver puts the very
token together again, and that token is the evidence.

The form: :data:`MAGIC`; a raw deflate stream (RFC 1951) of ``HEADER "." PAYLOAD "." SIGNATURE``, where header and
signature are base64url as in the token and the payload is the JSON itself; zero bytes up to a multiple of
:data:`BLOCK`. Pieces that many answers share are deflated once and kept (:func:`deflated`), pieces of one answer are
stored as they are (:func:`stored`): a deflate stream is a row of blocks.

This is not ``zip`` of RFC 7516, which stays forbidden (abuse case A8): what opens a seal never inflates. A bomb ends at
the limit the receiver states, the length is blunted by the padding, and nothing of an attacker's choice is in a product
beside a secret: amounts and counts of a bank's own rows, no text of a payer.
"""

import zlib
from collections.abc import Iterable
from typing import Final, NoReturn

from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.trust.encoding import b64, unb64

MAGIC: Final = b"xqp1"
BLOCK: Final = 1024
#: A quarter of the size for a tenth of a millisecond; the best level gives a seventh less for six times that.
_LEVEL: Final = 1
_STORED_MOST: Final = 65_535
#: The empty final block.
_END: Final = b"\x03\x00"


def deflated(data: bytes) -> bytes:
    """A piece that refers to nothing before it and ends at a whole byte, so that it can stand among any others."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush(zlib.Z_FULL_FLUSH)


def stored(data: bytes) -> bytes:
    """The same without any work: blocks that hold their bytes as they are."""
    parts: list[bytes] = []
    for first in range(0, len(data), _STORED_MOST):
        part = data[first : first + _STORED_MOST]
        length = len(part)
        parts += (b"\x00", length.to_bytes(2, "little"), (length ^ 0xFFFF).to_bytes(2, "little"), part)
    return b"".join(parts)


def packed(pieces: Iterable[bytes]) -> bytes:
    """A whole packed token out of the pieces of its stream."""
    body = b"".join((MAGIC, *pieces, _END))
    return body + bytes(-len(body) % BLOCK)


def pack(token: str) -> bytes:
    """Pack a compact token. Raises ValueError: it is none."""
    header, payload, signature = token.split(".")
    return packed(
        (
            stored(f"{header}.".encode("ascii")),
            deflated(unb64(payload)),
            stored(f".{signature}".encode("ascii")),
        )
    )


def _refuse(why: str) -> NoReturn:
    raise Unauthenticated(Code.SIGNATURE_INVALID, why)


def unpack(data: bytes, *, max_bytes: int) -> str:
    """Put the compact token together again. It is not believed yet: its signature is still to be checked.

    Args:
        data: what was in the seal.
        max_bytes: nothing is inflated beyond this.

    Raises:
        Unauthenticated: ``SIGNATURE_INVALID``: not this form, or longer.
    """
    if not data.startswith(MAGIC) or len(data) % BLOCK:
        _refuse("not a packed token")
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = stream.decompress(data[len(MAGIC) :], max_bytes + 1)
    except zlib.error:
        _refuse("not a packed token")
    if len(text) > max_bytes or not stream.eof:
        _refuse("too long, or broken off")
    if len(stream.unused_data) >= BLOCK or stream.unused_data.strip(b"\0"):
        _refuse("something stands after the token")
    header, _, rest = text.partition(b".")
    payload, dot, signature = rest.rpartition(b".")
    try:
        if not dot:
            raise ValueError("not three parts")
        return f"{header.decode('ascii')}.{b64(payload)}.{signature.decode('ascii')}"
    except ValueError:
        _refuse("not a packed token")
