"""Strict JSON objects: one text for one value, and nothing that another program could not write down."""

import pytest

from xinqiao.trust.encoding import strict_object


@pytest.mark.parametrize(
    "text",
    [
        r'{"a": "\ud800"}',
        r'{"a": "\uDFFF"}',
        r'{"\udc00": 1}',
        r'{"a": ["x", {"b": "\ude00\ud83d"}]}',
        r'{"a": "\ud83d x"}',
    ],
)
def test_half_of_a_character_is_refused_where_the_text_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="surrogate") as refused:
        strict_object(text.encode())
    assert type(refused.value) is ValueError


def test_a_pair_of_surrogates_and_every_other_escape_are_read() -> None:
    read = strict_object(rb'{"a": "\ud83d\ude00", "b": "\u0001\n\\ud800", "c": "\u4fe1"}')
    assert read == {"a": "\U0001f600", "b": "\x01\n\\ud800", "c": "信"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": 1.5}',
        '{"a": NaN}',
        "[]",
        "{} {}",
        '{"a": "' + "\n" + '"}',
        '{"a":' * 100_000,
    ],
)
def test_what_two_programs_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        strict_object(text.encode())
