"""What a reader sees of a firm, and what is said where nothing is shown."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.catalogue.model import (
    Catalogue,
    Category,
    CodeList,
    Field,
    FieldType,
    Frequency,
    Item,
    Sensitivity,
    SharingMode,
)
from xinqiao.domain.report import Availability, Record, RecordStatus, Sight, Supply, cell_of, compose

SECRET, PERSONAL = Sensitivity.COMMERCIAL_SECRET, Sensitivity.PERSONAL
AT = datetime(2026, 3, 1, tzinfo=UTC)


def item(name, no, category, mode, *fields, origin="national"):
    return Item(
        id=name, no=no, version=1, name=f"{name}信息", name_en=name, category_no=category, mode=mode, providers=("某局",),
        natural_key=("uscc",), subject=("uscc",), frequency=Frequency.MONTHLY,
        fields=(Field("uscc", "统一社会信用代码", FieldType.USCC, required=True), *fields), origin=origin,
    )  # fmt: skip


BIDS = item(
    "bids", 1, 13, SharingMode.NATIONAL_COLLECTED, Field("project_name", "项目名称", FieldType.STRING),
    Field("amount", "项目金额", FieldType.DECIMAL, unit="yuan"),
)  # fmt: skip
WATER = item(
    "water", 2, 16, SharingMode.LOCAL_COLLECTED, Field("arrears", "欠费金额", FieldType.DECIMAL, unit="yuan", sensitivity=SECRET),
    Field("state", "状态", FieldType.ENUM, code_list="state", sensitivity=SECRET),
    Field("open", "是否一户一表", FieldType.BOOLEAN, sensitivity=SECRET), Field("since", "开户日期", FieldType.DATE, sensitivity=SECRET),
)  # fmt: skip
GROWER = item(
    "grower", 3, 12, SharingMode.LOCAL_COLLECTED, Field("farmer_name", "姓名", FieldType.STRING, sensitivity=PERSONAL),
    Field("id_no", "证件号码", FieldType.ID_NUMBER, sensitivity=PERSONAL), Field("crop", "作物", FieldType.STRING),
)  # fmt: skip
MARRIAGE = item(
    "marriage",
    4,
    17,
    SharingMode.VERIFICATION,
    Field("status", "婚姻状况", FieldType.STRING, sensitivity=PERSONAL),
)
LOCAL = item(
    "x_demo_stall",
    5,
    13,
    SharingMode.LOCAL_COLLECTED,
    Field("stall", "摊位", FieldType.STRING),
    origin="x_demo",
)
CATALOGUE = Catalogue(
    "test", "清单", "某号", date(2024, 3, 28), None,
    (Category(13, "dealings", "公共资源交易", ("bids",)), Category(16, "utilities", "水电气", ("water",))),
    {one.id: one for one in (BIDS, WATER, GROWER, MARRIAGE, LOCAL)},
    {"state": CodeList("state", {"normal": "正常", "stopped": "停用"})},
)  # fmt: skip
SUPPLIES = {name: Supply(("演示单位",), date(2026, 2, 28)) for name in CATALOGUE.items}


def record(status=RecordStatus.VALID, as_of=date(2026, 2, 1), **values):
    return Record(values, "演示单位", "B1", as_of, AT, status=status)


RECORDS = {
    "bids": [record(project_name="桥", amount=Decimal("1234567.80"))],
    "water": [record(arrears=Decimal("0.00"), state="normal", open=True, since=date(2020, 5, 1))],
    "grower": [record(farmer_name="王小明", id_no="11010519491231002X", crop="玉米")],
}


def made(sight, records=RECORDS, supplies=SUPPLIES, **more):
    report = compose(CATALOGUE, sight=sight, records=records, supplies=supplies, **more)
    return {section.item.id: section for section in report.sections}


def texts(section):
    return [[cell.text for cell in line.cells] for line in section.lines]


def test_nothing_shown_has_four_different_reasons():
    sections = made(
        Sight(items=frozenset({"water"})), records={"grower": RECORDS["grower"]}, supplies=SUPPLIES
    )
    assert sections["bids"].availability is Availability.NO_RECORD
    assert sections["water"].availability is Availability.NO_RECORD
    assert sections["grower"].availability is Availability.NOT_AUTHORISED
    without = {name: supply for name, supply in SUPPLIES.items() if name != "bids"}
    assert made(Sight(), supplies=without)["bids"].availability is Availability.NOT_COLLECTED
    owner = made(Sight(is_subject=True))
    assert owner["marriage"].availability is Availability.ON_CLAIM
    silent = made(Sight(is_subject=True), records={}, called={"water": Availability.SOURCE_SILENT})
    assert silent["water"].availability is Availability.SOURCE_SILENT


def test_an_item_that_can_be_called_says_whether_it_was():
    taxes = item(
        "taxes",
        6,
        3,
        SharingMode.NATIONAL_INTERFACE,
        Field("owed", "欠税", FieldType.STRING, sensitivity=SECRET),
    )
    catalogue = replace(CATALOGUE, items={"taxes": taxes})
    sight = Sight(items=frozenset({"taxes"}))

    def state(called=None, records=None):
        report = compose(
            catalogue,
            sight=sight,
            records=records or {},
            supplies={"taxes": Supply(("某局",), None)},
            called=called,
        )
        return report.sections[0].availability

    assert state() is Availability.NOT_CALLED
    assert state({"taxes": Availability.NO_RECORD}) is Availability.NO_RECORD
    assert state({"taxes": Availability.SOURCE_SILENT}) is Availability.SOURCE_SILENT
    assert state(records={"taxes": [record(owed="1")]}) is Availability.SHOWN


def test_only_the_granted_fields_have_a_column_and_persons_stay_masked():
    some = made(
        Sight(
            items=frozenset({"water", "grower"}),
            fields={"water": frozenset({"state"}), "grower": frozenset()},
        )
    )
    assert [field.name for field in some["water"].fields] == ["state"]
    assert texts(some["water"]) == [["正常"]]
    assert [field.name for field in some["grower"].fields] == ["farmer_name", "id_no"]
    assert all(cell.masked for cell in some["grower"].lines[0].cells)
    agreed = Sight(
        items=frozenset({"grower"}), personal=frozenset({"grower"}), fields={"grower": frozenset({"id_no"})}
    )
    assert [cell.masked for cell in made(agreed)["grower"].lines[0].cells] == [True, False]
    assert [field.name for field in made(Sight(fields={"bids": frozenset()}))["bids"].fields] == [
        "project_name",
        "amount",
    ]


def test_what_is_public_needs_no_authorisation_and_says_where_from():
    section = made(Sight())["bids"]
    assert texts(section) == [["桥", "1,234,567.80"]]
    assert section.lines[0].cells[1].value == "1234567.80"
    assert (section.sources, section.as_of) == (("演示单位",), date(2026, 2, 1))


def test_codes_dates_and_booleans_are_words_for_people():
    section = made(Sight(items=frozenset({"water"})))["water"]
    assert texts(section) == [["0.00", "正常", "是", "2020-05-01"]]
    assert [cell.value for cell in section.lines[0].cells] == ["0.00", "normal", True, "2020-05-01"]


def test_personal_data_stays_masked_until_the_person_agreed():
    for sight in (Sight(is_subject=True), Sight(items=frozenset({"grower"}))):
        section = made(sight)["grower"]
        assert texts(section) == [["王**", "110105********002X", "玉米"]]
        assert section.lines[0].cells[0].value is None
    clear = made(Sight(items=frozenset({"grower"}), personal=frozenset({"grower"})))["grower"]
    assert texts(clear) == [["王小明", "11010519491231002X", "玉米"]]


@given(st.sets(st.sampled_from(sorted(RECORDS))))
def test_who_is_not_authorised_cannot_tell_whether_there_is_a_record(present):
    """The whole report of a stranger is the same, whatever is known beyond what is public."""
    some = {name: RECORDS[name] for name in present | {"bids"}}
    assert made(Sight(), records=some) == made(Sight(), records={"bids": RECORDS["bids"]})


@pytest.mark.parametrize("status", [RecordStatus.REPAIRED, RecordStatus.WITHDRAWN, RecordStatus.EXPIRED])
def test_a_record_that_ended_is_in_no_answer(status):
    section = made(Sight(is_subject=True), records={"bids": [record(status, project_name="旧")]})["bids"]
    assert section.availability is Availability.NO_RECORD


def test_an_objection_is_marked_on_its_line():
    lines = [
        record(RecordStatus.OBJECTED, project_name="甲"),
        record(as_of=date(2026, 2, 2), project_name="乙"),
    ]
    section = made(Sight(), records={"bids": lines})["bids"]
    assert section.objected
    assert [line.objected for line in section.lines] == [False, True]  # newest first


def test_only_the_newest_lines_are_shown_and_the_rest_is_counted():
    many = [record(as_of=date(2026, 1, day), project_name=str(day)) for day in range(1, 31)]
    section = made(Sight(), records={"bids": many}, lines=10)["bids"]
    assert len(section.lines) == 10
    assert section.more == 20
    assert section.lines[0].cells[0].text == "30"


def test_a_local_item_stands_in_its_own_chapter_and_every_item_is_covered_once():
    report = compose(CATALOGUE, sight=Sight(), records={}, supplies=SUPPLIES)
    assert [chapter.id for chapter, sections in report.chapters for _ in sections] == [
        "holders", "utilities", "agriculture", "dealings", "local",
    ]  # fmt: skip
    assert sum(report.coverage.values()) == len(CATALOGUE.items)
    assert report.coverage[Availability.NO_RECORD] == 2


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (Field("amount", "金额", FieldType.DECIMAL, unit="yuan", sensitivity=SECRET), Decimal(250_000), "10–50万"),
        (Field("ratio", "比例", FieldType.DECIMAL, unit="percent", sensitivity=SECRET), Decimal(12), "****"),
        (Field("since", "日期", FieldType.DATE, sensitivity=SECRET), date(2026, 1, 1), "****"),
        (Field("address", "地址", FieldType.STRING, sensitivity=SECRET), "山西省太原市小店区学府街", "山西省太原市小店区****"),
        (Field("phone", "电话", FieldType.STRING, sensitivity=PERSONAL), "13812345678", "138****5678"),
        (Field("permit", "证号", FieldType.STRING, sensitivity=PERSONAL), "A-1", "****"),
        (Field("id_no", "证件", FieldType.ID_NUMBER, sensitivity=PERSONAL), "E1234567", "****"),
        (Field("any", "空", FieldType.STRING, sensitivity=PERSONAL), None, ""),
    ],
)  # fmt: skip
def test_a_hidden_value_is_masked_by_what_it_is(field, value, shown):
    cell = cell_of(replace(WATER, fields=(field,)), field, value, Sight(), None)
    assert (cell.text, cell.value) == (shown, None)


def test_open_ended_dates_and_lists_have_words():
    open_end = Field("until", "有效期", FieldType.DATE)
    assert cell_of(BIDS, open_end, date(9999, 12, 31), Sight(), None).text == "长期"
    kinds = Field("kinds", "类别", FieldType.LIST, code_list="state")
    assert (
        cell_of(BIDS, kinds, ("normal", "else"), Sight(), CATALOGUE.code_lists["state"]).text == "正常；else"
    )
