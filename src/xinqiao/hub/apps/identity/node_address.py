"""What a node is called and where it may be: both stand in signed requests and must read the same at both ends."""

import re
from urllib.parse import urlsplit

from django.conf import settings

from xinqiao.domain.errors import Code, Invalid

_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,39}")
_LENGTH = 200  # what the column holds
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def check_node_id(text: str) -> None:
    """Refuse an id that could not stand in an address. Raises Invalid, naming ``node_id``."""
    if not _ID.fullmatch(text):
        raise Invalid(Code.INVALID, "no id of a node", facts={"field": "node_id"})


def node_base_url(text: str) -> str:
    """The address without a slash at its end: https, or http on this machine and in a demonstration.

    Raises:
        Invalid: ``facts`` name ``base_url`` and a reason: ``NOT_AN_ADDRESS``, or ``NO_TLS``.
    """
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port  # reading the port is what checks it
    except ValueError:
        raise _refusal("NOT_AN_ADDRESS") from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or "@" in parts.netloc
        or "?" in text
        or "#" in text
        or not text.isascii()
        or not text.isprintable()
        or any(char in text for char in ' \\"<>')
        or len(text) > _LENGTH
    ):
        raise _refusal("NOT_AN_ADDRESS")
    if parts.scheme == "http" and host not in _THIS_MACHINE and not settings.DEMO:
        raise _refusal("NO_TLS")
    return text.rstrip("/")


def _refusal(reason: str) -> Invalid:
    return Invalid(Code.INVALID, "no address of a node", facts={"field": "base_url", "reason": reason})
