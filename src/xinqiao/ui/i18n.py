"""Words: Chinese source strings, one catalogue domain ``xinqiao`` with an English translation.

The language in force is a context variable, so one environment serves both languages in threads and in async code.
A program calls :func:`use_language` (or :func:`activate`) around a request, with what :func:`negotiate` found.
A compiled ``.mo`` is package data; where it is absent or older (a checkout) the ``.po`` is compiled in memory.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import StrEnum
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN: Final = "xinqiao"
LOCALE_DIR: Final = Path(__file__).resolve().parent / "locale"
LANGUAGE_COOKIE: Final = "xq_lang"
THEME_COOKIE: Final = "xq_theme"


class Language(StrEnum):
    """Languages a page can be shown in; Chinese is the source."""

    ZH = "zh-CN"
    EN = "en"


_language: ContextVar[Language] = ContextVar("xinqiao_language", default=Language.ZH)


@lru_cache(maxsize=len(Language))
def translations(language: Language) -> NullTranslations:
    """The catalogue of a language; for Chinese one that gives the source string back.

    Read once in the life of a program: it is asked for every word of every page.
    """
    if language is Language.ZH:
        return NullTranslations()
    folder = LOCALE_DIR / language.value / "LC_MESSAGES"
    po, mo = folder / f"{DOMAIN}.po", folder / f"{DOMAIN}.mo"
    if mo.is_file() and (not po.is_file() or mo.stat().st_mtime_ns >= po.stat().st_mtime_ns):
        return GNUTranslations(BytesIO(mo.read_bytes()))
    if not po.is_file():
        return NullTranslations()
    with po.open("rb") as source:
        catalogue = read_po(source, locale="en", domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def language() -> Language:
    """The language in force."""
    return _language.get()


def activate(chosen: Language) -> Token[Language]:
    """Set the language; give the token to :func:`deactivate`."""
    return _language.set(chosen)


def deactivate(token: Token[Language]) -> None:
    """Undo :func:`activate`."""
    _language.reset(token)


@contextmanager
def use_language(chosen: Language) -> Iterator[None]:
    """Run a block in a language."""
    token = activate(chosen)
    try:
        yield
    finally:
        deactivate(token)


def gettext(message: str) -> str:
    """The message in the language in force."""
    return translations(_language.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """The message for a number, in the language in force (Chinese has one form)."""
    return translations(_language.get()).ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """The message in a context, for words that Chinese does not tell apart and English does."""
    return translations(_language.get()).pgettext(context, message)


def npgettext(context: str, singular: str, plural: str, number: int) -> str:
    """:func:`ngettext` in a context."""
    return translations(_language.get()).npgettext(context, singular, plural, number)


def N_(message: str) -> str:  # noqa: N802 - the customary name that extraction knows
    """Marks a message for extraction and leaves it as it is: for tables that are translated when shown."""
    return message


def parse(text: str | None) -> Language | None:
    """A language from a cookie or an address; None for anything unknown."""
    tag = (text or "").strip().lower()
    if tag in ("en", "en-us", "en-gb"):
        return Language.EN
    return Language.ZH if tag in ("zh", "zh-cn", "zh-hans", "zh-hans-cn") else None


def negotiate(
    *, query: str | None = None, cookies: Mapping[str, str] | None = None, accept: str | None = None
) -> Language:
    """The language of a request: address, then cookie, then the browser's first wish, else Chinese.

    Only the first language of ``Accept-Language`` counts: a browser set to Chinese usually names English second.
    """
    for candidate in (
        query,
        (cookies or {}).get(LANGUAGE_COOKIE),
        (accept or "").split(",")[0].split(";")[0],
    ):
        if (found := parse(candidate)) is not None:
            return found
    return Language.ZH


def theme(cookies: Mapping[str, str] | None) -> str:
    """``dark`` or ``light`` from the cookie."""
    return "dark" if (cookies or {}).get(THEME_COOKIE) == "dark" else "light"
