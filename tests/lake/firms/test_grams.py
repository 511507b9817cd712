"""Terms and patterns: whatever fits a name, its terms are among the name's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.lake.firms.grams import Pattern, name_terms, patterns, place_terms
from xinqiao.lake.firms.pinyin import Item, beginning, characters, initials, readings, syllables, ways


def test_readings_of_places_and_firms() -> None:
    assert set(readings("重")) == {"chong", "zhong"}
    assert {"sha", "xia"} == set(readings("厦"))
    assert readings("山") == ("shan",)
    assert "lv" in readings("绿")
    assert readings("A") == readings("(") == ()
    assert initials("重") == ("c", "z")
    assert initials("a") == ("a",)


def test_the_table_is_whole() -> None:
    """Every character of GB 2312 has a reading, and every syllable is small letters."""
    common = [
        bytes((row, column)).decode("gb2312", "ignore")
        for row in range(0xB0, 0xF8)
        for column in range(0xA1, 0xFF)
    ]
    assert [char for char in common if char and not readings(char)] == []
    assert all(one.isascii() and one.isalpha() and one.islower() and len(one) <= 6 for one in syllables())


@pytest.mark.parametrize(
    ("run", "first"),
    [
        ("yuanshan", [("S", "yuan"), ("S", "shan")]),
        ("yuansh", [("S", "yuan"), ("P", "sh")]),
        ("sxys", [("I", "s"), ("I", "x"), ("I", "y"), ("I", "s")]),
        ("yskeji", [("I", "y"), ("I", "s"), ("S", "ke"), ("S", "ji")]),
    ],
)
def test_the_likeliest_way_comes_first(run: str, first: list[tuple[str, str]]) -> None:
    assert list(ways(run, last=True)[0]) == [Item(*one) for one in first]


def test_both_readings_of_xian_are_followed() -> None:
    found = ways("xian", last=True)
    assert (Item("S", "xian"),) in found
    assert (Item("S", "xi"), Item("S", "an")) in found


def test_an_unfinished_syllable_only_at_the_end() -> None:
    assert all(item.kind != "P" for way in ways("yuansh", last=False) for item in way)


def test_an_item_and_its_characters() -> None:
    assert "山" in characters(Item("S", "shan"))
    assert "山" in characters(Item("P", "sh"))
    assert "山" in characters(Item("I", "s"))
    assert "s" in characters(Item("I", "s"))
    assert "西" not in characters(Item("I", "s"))
    assert "shang" in beginning("sha")


NAME = st.text(
    st.sampled_from("山西远山科技有限公司重庆银行长乐厦绿T3cl𠮷\ue5e5大中"), min_size=2, max_size=12
)


@given(NAME, st.data())
def test_what_fits_is_found_by_its_terms(key: str, data: st.DataObject) -> None:
    """No false dismissal: any mixture of characters, syllables and letters cut from a name asks only for terms it has."""
    start = data.draw(st.integers(0, len(key) - 1))
    end = data.draw(st.integers(start + 1, len(key)))
    key = key.lower()
    typed = ""
    for char in key[start:end]:
        options = [char, *readings(char), *initials(char)]
        typed += data.draw(st.sampled_from(options))
    terms = name_terms(key)
    fitting = [one for one in patterns(typed) if one.at(key) is not None]
    for pattern in fitting:
        assert all(set(choice) & terms for choice in pattern.choices())
        if pattern.at(key) == 0:
            assert set(pattern.start()) & terms


@given(NAME)
def test_letter_by_letter_always_fits(key: str) -> None:
    key = key.lower()
    first = "".join((initials(char) or (char,))[0] for char in key)
    assert any(one.at(key) == 0 for one in patterns(first))


def test_where_a_pattern_fits() -> None:
    pattern = Pattern([Item("H", "科"), Item("S", "ji")])
    assert pattern.at("山西科技") == 2
    assert pattern.at("山西科") is None
    assert pattern.at("") is None


def test_terms_of_places() -> None:
    assert place_terms("140105", "C3824") == [
        "0414",
        "041401",
        "04140105",
        "05c",
        "05c38",
        "05c382",
        "05c3824",
    ]
    assert place_terms("14", "C") == ["0414", "05c"]
    assert place_terms("", "") == []
