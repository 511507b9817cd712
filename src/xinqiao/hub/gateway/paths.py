"""One reading of the request target, for router, signature and audit alike (abuse case B4).

A known incident of another platform: the access check normalised and then decoded, the router decoded and then
normalised, and the two saw different paths. Here the raw path is decoded once by this function, what is ambiguous is
refused rather than repaired, and nobody else decodes.
"""

from functools import lru_cache
from urllib.parse import unquote_to_bytes

from xinqiao.domain.errors import Code, Malformed

#: Everything printable that can stand for itself in a path of ours. No ``;`` (parameters), ``\\`` or ``//``.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@/")
_HEX = frozenset(b"0123456789abcdefABCDEF")
MAX_PATH = 1_024


def _refuse(why: str) -> Malformed:
    return Malformed(Code.AMBIGUOUS_INPUT, why)


@lru_cache(maxsize=1_024)  # the same few addresses all day; a refusal is not kept
def canonical_path(raw: bytes) -> str:
    """The path as text.

    Percent-encoding is taken only for bytes beyond ASCII (names of files shown to people); an encoded ASCII character
    would be a second spelling of the same path.

    Raises:
        Malformed: ``AMBIGUOUS_INPUT``: two readings are possible, or it is no absolute path.
    """
    if not raw.startswith(b"/") or len(raw) > MAX_PATH:
        raise _refuse("not an absolute path")
    if not _PLAIN.issuperset(raw):
        _check_encoding(raw)
    text = unquote_to_bytes(raw)
    try:
        path = text.decode("utf-8")
    except UnicodeDecodeError:
        raise _refuse("not UTF-8") from None
    if path == "/":
        return path
    segments = path[1:].split("/")
    if "" in segments[:-1] or "." in segments or ".." in segments:
        raise _refuse("empty or relative segment")
    if any(segment.endswith(".") for segment in segments):
        raise _refuse("a segment ends with a dot")
    return path


def _check_encoding(raw: bytes) -> None:
    place = 0
    while place < len(raw):
        byte = raw[place]
        if byte == 0x25:
            pair = raw[place + 1 : place + 3]
            if len(pair) != 2 or not _HEX.issuperset(pair):
                raise _refuse("a broken percent-encoding")
            if int(pair, 16) < 0x80:
                raise _refuse("an ASCII character is percent-encoded")
            place += 3
            continue
        if byte not in _PLAIN:
            raise _refuse("a character that has no place in a path")
        place += 1
