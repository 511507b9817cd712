"""What commands share at a terminal: columns that line up, and asking for a password."""

import sys
import unicodedata
from getpass import getpass


def width(text: str) -> int:
    """How many columns a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, columns: int) -> str:
    """The text, filled up to so many columns."""
    return text + " " * max(0, columns - width(text))


def new_password(*, from_stdin: bool) -> str | None:
    """A password from the first line of standard input, or asked for twice; ``None`` when the two differ."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    password = getpass("口令 password: ")
    if getpass("再输一次 again: ") != password:
        print("两次不一致 the two differ", file=sys.stderr)
        return None
    return password
