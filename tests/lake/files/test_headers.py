"""Headers: which row of a file is one."""

from xinqiao.domain.catalogue.model import Field, FieldType, Frequency, Item, SharingMode
from xinqiao.lake.files import expected_names
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
