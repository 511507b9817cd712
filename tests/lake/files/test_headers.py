"""Headers: names and labels, written as people write them; every mistake in one refusal."""

import pytest

from xinqiao.domain.catalogue.model import Field, FieldType, Frequency, Item, SharingMode
from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.files import expected_names, match_header
from xinqiao.lake.files.headers import header_place

ITEM = Item(
    id="tax", no=1, version=1, name="税", name_en="tax", category_no=1, mode=SharingMode.LOCAL_COLLECTED,
    providers=(), natural_key=("uscc",), subject=("uscc",), frequency=Frequency.MONTHLY,
    fields=(
        Field("uscc", "统一社会信用代码", FieldType.USCC, required=True),
        Field("amount", "金额（万元）", FieldType.DECIMAL, required=True),
        Field("note", "备注", FieldType.TEXT),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        ("uscc", "amount", "note"),
        ("统一社会信用代码", "金额（万元）", "备注"),
        (" 统一社会 信用代码\u3000", "金额(万元)", "备　注"),
        ("统一社会信用代码*", "＊金额（万元）", "ＮＯＴＥ"),
    ],
)
def test_columns_are_known_by_name_or_label(header):
    found = match_header(header, ITEM)
    assert (found.names, found.absent) == (("uscc", "amount", "note"), ())
    assert found.of(header)[header[1]] == "amount"


def test_an_optional_field_may_be_absent_and_columns_come_in_any_order():
    found = match_header(["金额（万元）", "uscc"], ITEM)
    assert (found.names, found.absent) == (("amount", "uscc"), ("note",))


def test_all_mistakes_are_told_at_once():
    with pytest.raises(Invalid) as caught:
        match_header(["备注", "note", "电话", ""], ITEM)
    assert caught.value.code is Code.HEADER_MISMATCH
    assert caught.value.facts == {
        "item": "tax",
        "unknown": ["电话", "第 4 列（空白 blank）"],
        "missing": ["uscc", "amount"],
        "repeated": ["note"],
    }


def test_a_title_above_the_header_is_passed_over_only_when_the_names_are_known():
    rows = [
        ["某省企业缴税信息"],
        ["填表人", "甲"],
        ["统一社会信用代码", "金额（万元）", "电话"],
        ["9114", "1", "2"],
    ]
    assert header_place(rows, expected_names(ITEM)) == 2
    assert header_place(rows, ()) == 0
    assert header_place(rows[:2], expected_names(ITEM)) == 0
