"""Normal forms of text, names and account numbers (indicator dictionary 3.9 rule 9).

Everything that compares two texts of a statement compares these forms, never the text as it came: banks write
one name with half-width and with full-width brackets in the same month.
"""

import unicodedata

_OPENING = "【〔[{《〈"
_CLOSING = "】〕]}》〉"
_BRACKETS = str.maketrans(_OPENING + _CLOSING, "(" * len(_OPENING) + ")" * len(_CLOSING))
_FILLER = frozenset("-0*./")


def normal_text(text: str) -> str:
    """NFKC, without any white space, upper case."""
    # Most statement text is already normal; both early exits are cheap and exact.
    if text.isascii():
        return "".join(text.split()).upper()
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def normal_name(name: str) -> str:
    """The text form with all brackets turned into ( and ); a name of filler signs only is empty."""
    form = normal_text(name).translate(_BRACKETS)
    return "" if _FILLER.issuperset(form) else form


def account_key(account: str) -> str:
    """White space and hyphens removed, upper case: the identity of an account of the file itself."""
    return "".join(account.split()).replace("-", "").upper()


def normal_account(account: str) -> str:
    """:func:`account_key` of a counterparty's account; a number of filler signs only is empty."""
    form = account_key(account)
    return "" if _FILLER.issuperset(form) else form
