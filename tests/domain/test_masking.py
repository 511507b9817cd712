"""What is shown of a value, by the table of the platform rules; never more than the rule allows."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.masking import (
    band,
    mask_address,
    mask_company,
    mask_email,
    mask_mobile,
    mask_name,
    mask_text,
)


@pytest.mark.parametrize(
    ("name", "shown"), [("王小明", "王**"), ("李四", "李*"), ("王", "*"), (" 王小明 ", "王**"), ("", "")]
)
def test_a_name_keeps_its_first_character(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(("number", "shown"), [("13812345678", "138****5678"), ("1381234", "****"), ("", "")])
def test_a_mobile_number_keeps_seven_digits(number, shown):
    assert mask_mobile(number) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [("abc@example.cn", "a***@example.cn"), ("@example.cn", "****"), ("abc", "****"), ("", "")],
)
def test_an_address_of_mail_keeps_its_domain(address, shown):
    assert mask_email(address) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("山西省太原市小店区学府街1号", "山西省太原市小店区****"),
        ("内蒙古自治区呼和浩特市新城区东风路", "内蒙古自治区呼和浩特市新城区****"),
        ("江苏省苏州市昆山市玉山镇高新区1号", "江苏省苏州市****"),
        ("北京市朝阳区建国路", "北京市朝阳区****"),
        ("湖南省湘西土家族苗族自治州凤凰县沱江镇", "湖南省湘西土家族苗族自治州凤凰县****"),
        ("学府街1号", "****"),
        ("", ""),
    ],
)
def test_an_address_ends_at_its_county(address, shown):
    assert mask_address(address) == shown


@pytest.mark.parametrize(
    ("name", "division", "shown"),
    [
        ("太原星河科技有限公司", "太原", "太原**有限公司"),
        ("星河科技有限责任公司", "太原", "**有限责任公司"),
        ("有限公司", "", "**公司"),
        ("星河", "", "**"),
        ("", "", ""),
    ],
)
def test_a_company_keeps_its_division_and_form(name, division, shown):
    assert mask_company(name, division) == shown


@pytest.mark.parametrize(
    ("yuan", "shown"),
    [
        ("0", "<1万"),
        ("9999.99", "<1万"),
        ("10000", "1–10万"),
        ("99999.99", "1–10万"),
        ("100000", "10–50万"),
        ("500000", "50–100万"),
        ("1000000", "100–500万"),
        ("5000000", "500–1000万"),
        ("10000000", "1000–5000万"),
        ("49999999.99", "1000–5000万"),
        ("50000000", "≥5000万"),
        ("-20000", "-1–10万"),
    ],
)
def test_an_amount_is_told_by_its_band(yuan, shown):
    assert band(Decimal(yuan)) == shown


def test_numbers_in_free_text_are_masked_where_they_stand():
    text = "联系人电话13812345678，证件11010519491231002X，账号6222020200112233445，邮箱a.b@example.cn。"
    shown = mask_text(text)
    assert shown == "联系人电话138****5678，证件110105********002X，账号6222****3445，邮箱a***@example.cn。"
    assert mask_text(shown) == shown


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=6))
def test_no_name_shows_more_than_one_character(name):
    shown = mask_name(name)
    assert len(shown) == len(name)
    assert set(shown[1:]) == {"*"}


@given(st.text(max_size=60))
def test_an_address_never_shows_a_digit(text):
    assert not any(character.isdigit() for character in mask_address(text))
