"""Names side by side, odd characters, names over time."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.errors import Invalid
from xinqiao.domain.names import (
    Agreement,
    NameParts,
    Oddity,
    comparison_form,
    likeness,
    odd_characters,
    search_form,
    split_name,
)
from xinqiao.domain.renames import NameHistory, NamePeriod


@pytest.mark.parametrize(
    "other",
    [
        "远山（山西）科技有限公司",
        "远山(山西)科技有限公司",
        "远山【山西】科技有限公司",
        "远山 (山西) 科技有限公司",
        "远山［山西］科技有限公司",
    ],
)
def test_writings_of_one_name(other: str) -> None:
    assert comparison_form(other) == comparison_form("远山(山西)科技有限公司")
    assert likeness(other, "远山(山西)科技有限公司").same_writing


def test_case_and_width() -> None:
    assert comparison_form("ＴＣＬ集团") == comparison_form("tcl集团")
    assert search_form("ＴＣＬ（集团）·A-1") == "tcl集团a1"


def test_the_two_forms_of_limited_company_are_two_names() -> None:
    found = likeness("山西远山科技有限公司", "山西远山科技有限责任公司")
    assert not found.same_writing
    assert found.parts["form"] is Agreement.ALIKE
    assert found.score == 97


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("山西远山科技有限公司", ("山西", "远山", "科技", "有限公司")),
        ("山西省太原市远山信息技术有限责任公司", ("山西太原市", "远山", "信息技术", "有限责任公司")),
        ("远山（山西）科技有限公司", ("山西", "远山", "科技", "有限公司")),
        ("内蒙古自治区锡林浩特食品股份有限公司", ("内蒙古", "锡林浩特", "食品", "股份有限公司")),
        ("远山", ("", "远山", "", "")),
        ("科技有限公司", ("", "科技", "", "有限公司")),
        ("太原远山企业管理合伙企业(有限合伙)", ("", "太原远山企业管理合伙企业", "", "有限合伙")),
        ("", ("", "", "", "")),
    ],
)
def test_parts(name: str, parts: tuple[str, ...]) -> None:
    assert split_name(name) == NameParts(*parts)


def test_a_likeness_says_which_parts_agree() -> None:
    found = likeness("山西远山科技有限公司", "山西省太原市远山贸易有限公司")
    assert found.parts == {
        "trade": Agreement.SAME, "region": Agreement.ALIKE, "industry": Agreement.DIFFERENT, "form": Agreement.SAME,
    }  # fmt: skip
    assert likeness("山西远山科技有限公司", "广东近水商贸有限公司").score < 30 < found.score


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_symmetric_and_never_calls_two_names_one(one: str, other: str) -> None:
    found = likeness(one, other)
    assert found == likeness(other, one)
    assert found.same_writing == (comparison_form(one) == comparison_form(other))
    assert 0 <= found.score <= (100 if found.same_writing else 99)


def test_odd_characters_are_reported_and_kept() -> None:
    name = "山西\ue5e5𠮷\uf900\ufffd公司"
    found = odd_characters(name)
    assert [(one.position, one.code_point, one.why) for one in found] == [
        (3, "U+E5E5", Oddity.PRIVATE_USE),
        (4, "U+20BB7", Oddity.EXTENSION),
        (5, "U+F900", Oddity.COMPATIBILITY),
        (6, "U+FFFD", Oddity.REPLACEMENT),
    ]
    assert "\ue5e5" in search_form(name)
    assert odd_characters("山西远山（集团）有限公司") == []


OLD = NamePeriod("太原近水商贸有限公司", date(2010, 5, 1), date(2015, 6, 1))
MIDDLE = NamePeriod("太原远山商贸有限公司", date(2015, 6, 1), date(2020, 1, 1))


def history() -> NameHistory:
    return NameHistory.of("x", "太原远山科技有限公司", [OLD, MIDDLE])


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2010, 5, 1), OLD.name), (date(2015, 5, 31), OLD.name), (date(2015, 6, 1), MIDDLE.name),
        (date(2020, 1, 1), "太原远山科技有限公司"), (date(2009, 1, 1), None),
    ],
)  # fmt: skip
def test_the_name_on_a_day(day: date, name: str | None) -> None:
    assert history().name_on(day) == name


def test_an_open_period_leaves_the_day_unsaid() -> None:
    found = NameHistory.of("x", "新名有限公司", [NamePeriod("旧名有限公司")])
    assert found.name_on(date(2020, 1, 1)) is None
    assert found.called("旧名 有限公司") == (NamePeriod("旧名有限公司"),)
    assert NameHistory.of("x", "新名有限公司", []).name_on(date(2020, 1, 1)) == "新名有限公司"


def test_called_and_renamed() -> None:
    assert history().called("太原近水商贸有限公司") == (OLD,)
    assert history().called("太原远山科技有限公司") == (NamePeriod("太原远山科技有限公司", date(2020, 1, 1)),)
    assert history().called("别的公司") == ()
    later = history().renamed("太原远山智能科技有限公司", date(2024, 3, 1))
    assert later.former[0] == NamePeriod("太原远山科技有限公司", date(2020, 1, 1), date(2024, 3, 1))
    assert later.name_on(date(2024, 2, 29)) == "太原远山科技有限公司"
    with pytest.raises(Invalid):
        history().renamed("早了的有限公司", date(2019, 1, 1))


def test_periods_that_cannot_be() -> None:
    with pytest.raises(Invalid):
        NamePeriod("a", date(2020, 1, 1), date(2020, 1, 1))
    with pytest.raises(Invalid):
        NameHistory.of("x", "c", [OLD, NamePeriod("b", date(2015, 5, 31), date(2016, 1, 1))])
