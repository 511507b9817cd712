"""Every stable code has words, and the reference page is fresh."""

from pathlib import Path

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words import WORDS, reference_page, words
from xinqiao.ui.i18n import Language, use_language


def test_every_code_has_words_in_both_languages() -> None:
    assert [c for c in Code if c not in WORDS] == []
    assert all(all(w) for w in WORDS.values())


def test_words_follow_the_language() -> None:
    with use_language(Language.EN):
        assert words(Code.NOT_FOUND).title == "Not found"
    assert words(Code.NOT_FOUND).title == "没有这个内容"


def test_the_reference_page_is_fresh() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/reference/errors.md"
    assert page.read_text(encoding="utf-8") == reference_page()
