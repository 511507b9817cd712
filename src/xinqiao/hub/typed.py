"""What people type into forms, read alike in every app: a text, and the key that makes a form sent twice one act."""

from xinqiao.domain.errors import Code, Invalid


def text_of(text: str, *, field: str, most: int = 500, least: int = 1) -> str:
    """A text of ``least`` to ``most`` characters, without blanks around it; 0 lets it be empty.

    Raises ``Invalid`` naming the field.
    """
    words = text.strip()
    if not least <= len(words) <= most or "\x00" in words:
        raise Invalid(Code.INVALID, f"{least} to {most} characters", facts={"field": field, "max": most})
    return words


def form_key(text: str) -> str:
    """The key of a form: 8 to 40 letters, digits and hyphens. Raises ``Invalid`` naming it."""
    if not (8 <= len(text) <= 40 and text.isascii() and text.replace("-", "").isalnum()):
        raise Invalid(Code.INVALID, "no key of a form", facts={"field": "key"})
    return text
