"""Whatever a page says in Chinese it can say in English, with the same blanks to fill in."""

import re

from babel.messages.catalog import Catalog

from xinqiao.ui import catalogue


def _texts(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def test_every_message_of_the_sources_has_an_english_text() -> None:
    said = catalogue.read()
    said.update(catalogue.extract(), no_fuzzy_matching=True)
    assert len(said) > 1000
    assert catalogue.untranslated(said) == []


def test_the_check_for_missing_english_can_fail() -> None:
    said = Catalog(locale="en")
    said.add("没有英文", "")
    said.add("有英文", "English")
    assert catalogue.untranslated(said) == ["没有英文"]


def _marks(text: str) -> list[str]:
    return sorted(set(re.findall(r"\{\w*\}|\*\*", text)))


def test_an_english_text_has_the_blanks_and_the_bold_of_the_chinese() -> None:
    pairs = [
        (_texts(message.id)[-1], english)
        for message in catalogue.read()
        if message.id
        for english in _texts(message.string)
    ]
    assert len(pairs) > 1000
    assert [pair for pair in pairs if _marks(pair[0]) != _marks(pair[1])] == []
    assert [english for _, english in pairs if english.count("**") % 2] == []
    assert [english for _, english in pairs if re.search(r"[\u4e00-\u9fff]", english)] == []
