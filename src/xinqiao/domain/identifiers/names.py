"""Names of organisations: kept exactly as on the licence, after refusing characters that cannot be seen.

The identity of a subject is its code, never its name. A name confirms: the bank that holds an account compares it with
the registered one. So a name is stored as written (NFC), and comparison uses a key derived from it.
"""

import unicodedata

from xinqiao.domain.errors import Code, Fact, Invalid

MAX_NAME = 200

# Letters and marks that draw nothing though their category does not say so: an invisible suffix makes two names of one.
_INVISIBLE = frozenset(
    [
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC, 0xFFFD),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ]
)
_SPACES = frozenset({" ", "\u3000"})
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})

# Capital and small letters of Cyrillic and Greek that look like a Latin one in the fonts in use.
_LOOKALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеіјорсхуѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοιν",
    "ABESIJKMHOPCTXYaeijopcxysABEZHIKMNOPTYXaoiv",
)


def check_name(text: object, *, field: str = "name") -> str:
    """The name in NFC without outer spaces.

    Refused are control, format, bidirectional and zero-width characters, variation selectors, blank letters, spaces
    other than the two common ones, lone surrogates and the replacement character. Rare characters beyond the basic
    plane and private-use ones (names from before GB 18030-2022) are kept as they are.

    Raises:
        Invalid: ``NAME_FORBIDDEN_CHARACTER`` with ``facts['position']`` (1-based) and ``facts['character']``
            (``U+202E``); ``INVALID`` when it is not text, empty, or longer than 200 characters.
    """
    if not isinstance(text, str) or not text.strip(" \u3000") or len(text) > MAX_NAME:
        raise Invalid(Code.INVALID, "a name has 1 to 200 characters", facts={"field": field})
    for position, char in enumerate(text, start=1):
        if _is_forbidden(char):
            character = f"U+{ord(char):04X}"
            facts: dict[str, Fact] = {"field": field, "position": position, "character": character}
            raise Invalid(Code.NAME_FORBIDDEN_CHARACTER, f"{character} at {position}", facts=facts)
    return unicodedata.normalize("NFC", text).strip(" \u3000")


def name_key(name: str) -> str:
    """What two writings of one name share: NFKC, one kind of bracket, no spaces, one case.

    Used to compare the account's name with the registered one. ``有限公司`` and ``有限责任公司`` stay different: they are
    two names.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(folded.split()).translate(str.maketrans("〔〕[]{}【】", "()()()()"))


def confusable_key(name: str) -> str:
    """:func:`name_key` after Cyrillic and Greek letters that look Latin are replaced; equal keys deserve a review.

    Traditional and simplified forms are not folded here: that needs a table this package does not carry.
    """
    return name_key(unicodedata.normalize("NFKC", name).translate(_LOOKALIKE))


def is_suspicious_name(name: str) -> bool:
    """Whether a name holds letters that imitate others: accepted, and flagged ``NAME_CONFUSABLE`` for review."""
    return confusable_key(name) != name_key(name)


def _is_forbidden(char: str) -> bool:
    if char in _SPACES:
        return False
    code = ord(char)
    return (
        unicodedata.category(char) in _FORBIDDEN_CATEGORIES
        or code in _INVISIBLE
        or (code & 0xFFFE) == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
    )
