"""The rules of a row, type by type, as docs/rules/collection.md tells them."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from xinqiao.catalogue import load
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.keys import as_of, canonical_text, natural_key, payload, subject
from xinqiao.domain.catalogue.model import CrossKind, CrossRule, Field, FieldType, RowRule
from xinqiao.domain.catalogue.rows import check_row
from xinqiao.domain.catalogue.values import UNSEEN, first_unseen, read_value

CATALOGUE = load()
DAY = date(2026, 5, 1)
STRING = Field("f", "文字", FieldType.STRING, max_length=5)
TEXT = Field("f", "长文", FieldType.TEXT, max_length=5)
MONEY = Field("f", "金额", FieldType.DECIMAL, precision=18, scale=2, minimum=Decimal(0))
SIGNED = Field("f", "金额", FieldType.DECIMAL, precision=5, scale=2)
WHOLE = Field("f", "整数", FieldType.INTEGER, minimum=Decimal(1), maximum=Decimal(20))
DATE = Field("f", "日期", FieldType.DATE)
FLAG = Field("f", "是否", FieldType.BOOLEAN)
CODE = Field("f", "代码", FieldType.ENUM, code_list="marital_status")
CODES = Field("f", "代码", FieldType.ENUM, code_list="dishonest_conduct", multiple=True)
RESIDENT = Field("f", "号码", FieldType.ID_NUMBER)
TYPED = Field("f", "号码", FieldType.ID_NUMBER, id_type_field="k")
LIST = Field("f", "列表", FieldType.LIST, max_length=100)
URL = Field("f", "地址", FieldType.URL, max_length=100)
USCC = Field("f", "代码", FieldType.USCC)
PLACE = Field("f", "区划", FieldType.DIVISION)
TRADE = Field("f", "行业", FieldType.INDUSTRY)
D = Decimal


def read(field, text, id_type=None):
    return read_value(field, text, CATALOGUE.code_lists, id_type=id_type, on=DAY)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (STRING, "一二三四𠮷", "一二三四𠮷"),
        (STRING, "a b", "a b"),
        (TEXT, "一\n二", "一\n二"),
        (MONEY, "0", D("0.00")),
        (MONEY, "007.5", D("7.50")),
        (MONEY, "1.500000", D("1.50")),
        (MONEY, "+3.1", D("3.10")),
        (MONEY, "-0.00", D("0.00")),
        (MONEY, "9999999999999999.99", D("9999999999999999.99")),
        (SIGNED, "-999.99", D("-999.99")),
        (WHOLE, "007", 7),
        (WHOLE, "20", 20),
        (DATE, "2024-02-29", date(2024, 2, 29)),
        (DATE, "20240229", date(2024, 2, 29)),
        (DATE, "2024/02/29", date(2024, 2, 29)),
        (DATE, "2024年2月29日", date(2024, 2, 29)),
        (DATE, "2024年02月09日", date(2024, 2, 9)),
        (DATE, "长期", date(9999, 12, 31)),
        (DATE, "9999-12-31", date(9999, 12, 31)),
        (DATE, "1850-01-01", date(1850, 1, 1)),
        *((FLAG, text, True) for text in ("是", "Y", "y", "1", "true", "TRUE", "True")),
        *((FLAG, text, False) for text in ("否", "N", "n", "0", "false", "FALSE")),
        (CODE, "10", "10"),
        (CODE, "未婚", "10"),
        (CODES, "obstruct;evade", ("obstruct", "evade")),
        (CODES, "obstruct； 违反财产报告制度", ("obstruct", "violate_property_report")),
        (RESIDENT, "11010519491231002x", "11010519491231002X"),
        (LIST, '[{"decision_no":"1"}]', '[{"decision_no":"1"}]'),
        (LIST, "[]", "[]"),
        (URL, "https://ggzy.example/公告/1?id=2", "https://ggzy.example/公告/1?id=2"),
        (USCC, "９１４４０３００１９２２０３８２１６", "914403001922038216"),
        (PLACE, "140105", "140105"),
        (TRADE, "C3824", "3824"),
    ],
)
def test_a_good_text_has_one_canonical_value(field, text, value):
    found = read(field, text)
    assert found == value
    assert type(found) is type(value)
    if isinstance(value, Decimal):
        assert str(found) == str(value)
    # The canonical text of a value is a text of the same value: what was stored can be sent again.
    assert read(field, canonical_text(found)) == found


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        (STRING, "六个字的文字", RowRule.TOO_LONG),
        (STRING, "a\tb", RowRule.BAD_FORMAT),
        (STRING, "a\u200bb", RowRule.BAD_FORMAT),
        (STRING, "a\u202eb", RowRule.BAD_FORMAT),
        (STRING, "a\ufffdb", RowRule.BAD_FORMAT),
        (STRING, "a\ud800", RowRule.BAD_FORMAT),
        (TEXT, "a\x00b", RowRule.BAD_FORMAT),
        (replace(STRING, pattern="^[0-9]{3}$"), "12", RowRule.BAD_FORMAT),
        (replace(STRING, pattern="^[0-9]{3}$"), "１２３", RowRule.BAD_FORMAT),
        *(
            (MONEY, text, RowRule.BAD_DECIMAL)
            for text in ("1,000", "1，000", "１２", "1e3", ".5", "5.", "--1", "1.005")
        ),
        *(
            (MONEY, text, RowRule.BAD_DECIMAL)
            for text in ("NaN", "∞", "1 000", "¥5", "5元", "0x10", "٣", "1_000", "+")
        ),
        (MONEY, "10000000000000000", RowRule.OUT_OF_RANGE),
        (MONEY, "-0.01", RowRule.OUT_OF_RANGE),
        (SIGNED, "1000", RowRule.OUT_OF_RANGE),
        *((WHOLE, text, RowRule.BAD_INTEGER) for text in ("1.0", "１", "1,0", "", "1" * 19)),
        *((WHOLE, text, RowRule.OUT_OF_RANGE) for text in ("0", "21", "-1")),
        *(
            (DATE, text, RowRule.BAD_DATE)
            for text in ("2023-02-29", "2024-2-9", "2024/2/9", "24-02-09", "20240230")
        ),
        *(
            (DATE, text, RowRule.BAD_DATE)
            for text in ("2024-02-09 00:00:00", "1849-12-31", "2200-01-01", "2024.02.09")
        ),
        *(
            (DATE, text, RowRule.BAD_DATE)
            for text in ("０２０２４", "永久", "45000", "2024-0２-09", "0000-00-00")
        ),
        *((FLAG, text, RowRule.BAD_BOOLEAN) for text in ("有", "yes", "2", "ＹY", "t")),
        *((CODE, text, RowRule.NOT_IN_LIST) for text in ("11", "单身", "１０", "10;20")),
        (CODES, "obstruct;", RowRule.NOT_IN_LIST),
        (CODES, "obstruct;none", RowRule.NOT_IN_LIST),
        (CODES, "obstruct;obstruct", RowRule.BAD_LIST),
        (RESIDENT, "110101199003071234", RowRule.BAD_ID_NUMBER),
        (RESIDENT, "110105202605020020", RowRule.BAD_ID_NUMBER),
        *(
            (LIST, text, RowRule.BAD_LIST)
            for text in ("[1]", "{}", "[", "[NaN]", '[{"a":"\\ud800"}]', "[" * 99)
        ),
        *(
            (URL, text, RowRule.BAD_URL)
            for text in ("ftp://a", "//a", "http://", "http://u@a/", "http://a b", "a.cn")
        ),
        (URL, "javascript:alert(1)", RowRule.BAD_URL),
        (USCC, "914403001922038217", RowRule.BAD_USCC),
        (PLACE, "990000", RowRule.BAD_DIVISION),
        (TRADE, "A3824", RowRule.BAD_INDUSTRY),
    ],
)
def test_a_bad_text_breaks_one_rule(field, text, rule):
    assert read(field, text) is rule


@pytest.mark.parametrize(
    ("kind", "text", "good"),
    [
        ("01", "11010519491231002X", True),
        ("01", "110105194912310021", False),
        ("02", "H12345678", True),
        ("02", "A12345678", False),
        ("03", "12345678", True),
        ("03", "123456789", False),
        ("04", "e12345678", True),
        ("04", "E1", False),
        ("05", "9" + "1" * 17, True),
        ("05", "8" + "1" * 17, False),
        ("06", "810000199003070017", None),
        ("06", "11010519491231002X", False),
        ("10", "914403001922038216", True),
        ("10", "914403001922038217", False),
        ("99", "AB(12)", True),
        ("99", "AB", False),
        (None, "110101199003071234", True),
    ],
)
def test_a_number_is_judged_by_its_kind(kind, text, good):
    found = read(TYPED, text, kind)
    if good is None:
        assert found in (RowRule.BAD_ID_NUMBER, text)
    else:
        assert (found is not RowRule.BAD_ID_NUMBER) == good


WATER = {
    "ent_name": "太原示例商贸有限公司",
    "uscc": "91140105MA0DEM013B",
    "account_no": "0012",
    "opened_on": "2020-01-05",
    "address": "示例路一号",
    "prepaid_amount": "0",
    "arrears_amount": "12.5",
    "one_meter_per_household": "是",
    "period": "2026-04",
}


def check(item_id, cells, **changes):
    item = CATALOGUE.items[item_id]
    return check_row(CATALOGUE, item, {**cells, **changes}, received_on=DAY)


def findings(verdict):
    return [(one.field, str(one.rule)) for one in verdict.findings]


def test_a_good_row():
    verdict = check("water_fee", WATER)
    assert verdict.ok
    assert verdict.values["arrears_amount"] == D("12.50")
    item = CATALOGUE.items["water_fee"]
    assert natural_key(item, verdict.values) == ("0012", "2026-04")
    assert subject(item, verdict.values) == ("10", "91140105MA0DEM013B")
    assert as_of(item, verdict.values, received_on=DAY) == date(2026, 4, 30)
    assert b'"arrears_amount":"12.50"' in payload(verdict.values)
    assert "usage_m3" not in verdict.values


@pytest.mark.parametrize("blank", ["", " ", "\u3000", " \t\u3000\r\n"])
def test_what_is_blank(blank):
    assert findings(check("water_fee", WATER, account_no=blank)) == [("account_no", "REQUIRED")]
    assert check("water_fee", WATER, usage_m3=blank).ok
    assert not check("water_fee", WATER, account_no="\u00a0").ok


def test_outer_spaces_go_and_inner_ones_stay():
    assert check("water_fee", WATER, address="\u3000示例 路\n").values["address"] == "示例 路"


def test_at_most_one_finding_of_its_own_for_each_field_in_the_order_of_fields():
    verdict = check("water_fee", WATER, arrears_amount="-1", uscc="1", account_no=" ")
    assert findings(verdict) == [
        ("uscc", "BAD_USCC"),
        ("account_no", "REQUIRED"),
        ("arrears_amount", "OUT_OF_RANGE"),
    ]
    assert verdict.findings[0].value == "1"
    assert "'1'" not in repr(verdict.findings)


@pytest.mark.parametrize(
    ("item_id", "field", "text", "found"),
    [
        ("water_fee", "opened_on", "2026-05-02", "FUTURE_DATE"),
        ("water_fee", "opened_on", "2026-05-01", None),
        ("water_fee", "opened_on", "长期", "FUTURE_DATE"),
        ("water_fee", "period", "2026-06", "FUTURE_DATE"),
        ("water_fee", "period", "2026-05", None),
    ],
)
def test_not_future(item_id, field, text, found):
    expected = [] if found is None else [(field, found)]
    assert findings(check(item_id, WATER, **{field: text})) == expected


CHANGE = {
    "ent_name": "甲",
    "uscc": "91140105MA0DEM013B",
    "change_no": "1",
    "period": "2026-04",
    "change_kind": "增员",
    "count_before": "10",
    "count_added": "3",
    "count_reduced": "1",
    "count_after": "12",
    "changed_on": "2026-04-02",
}


def test_sums():
    assert check("medical_insurance_change", CHANGE).ok
    assert findings(check("medical_insurance_change", CHANGE, count_after="13")) == [
        ("count_after", "SUM_MISMATCH")
    ]
    # An absent part leaves the rule unasked; a broken one too, and has its own finding.
    assert check("medical_insurance_change", CHANGE, count_after="13", count_before="").ok
    assert findings(check("medical_insurance_change", CHANGE, count_added="x")) == [
        ("count_added", "BAD_INTEGER")
    ]


def test_a_tolerance_is_a_limit_that_is_still_good():
    item = replace(
        CATALOGUE.items["medical_insurance_change"],
        rules=(CrossRule("s", CrossKind.SUM, ("base_after", "base_before", "count_added"), tolerance=D(1)),),
    )
    for after, ok in (("104.00", True), ("104.01", False), ("102.00", True), ("101.99", False)):
        cells = {**CHANGE, "base_before": "100", "base_after": after}
        assert check_row(CATALOGUE, item, cells, received_on=DAY).ok is ok


INSURED = {"operator_name": "某农场", "id_type": "身份证", "id_no": "11010519491231002X", "is_insured": "否"}


def test_required_when():
    good = {**INSURED, "id_type": "01"}
    assert check("agri_insurance", good).ok
    assert findings(check("agri_insurance", good, is_insured="1")) == [("policy_no", "REQUIRED_WHEN")]
    assert check("agri_insurance", good, is_insured="1", policy_no="P1").ok
    # A kind that is not in the list is the finding; the number is then held to its shape alone.
    assert findings(check("agri_insurance", INSURED)) == [("id_type", "NOT_IN_LIST")]


def test_order_of_dates_is_told_at_the_later_one():
    cells = {**INSURED, "id_type": "01", "policy_from": "2026-01-02", "policy_to": "2026-01-01"}
    assert findings(check("agri_insurance", cells)) == [("policy_to", "DATE_ORDER")]
    assert check("agri_insurance", cells, policy_to="2026-01-02").ok
    assert check("agri_insurance", cells, policy_to="长期").ok


def test_subject_of_a_person_and_of_nobody():
    item = CATALOGUE.items["agri_insurance"]
    person = check("agri_insurance", INSURED, id_type="01")
    assert subject(item, person.values) == ("01", "11010519491231002X")
    firm = check("agri_insurance", INSURED, id_type="10", id_no="93140121MA0DEM03XW")
    assert subject(item, firm.values) == ("10", "93140121MA0DEM03XW")
    assert natural_key(item, firm.values) == ("93140121MA0DEM03XW", "")
    assert as_of(item, firm.values, received_on=DAY) is None
    debtor = CATALOGUE.items["dishonest_judgment_debtor"]
    assert subject(debtor, {"subject_id_no": "110105********002X"}) is None
    assert subject(debtor, {"uscc": "914403001922038216"}) == ("10", "914403001922038216")


def test_as_of_a_year_and_never_after_the_day_it_came():
    item = CATALOGUE.items["agri_subsidy"]
    assert as_of(item, {"year": 2025}, received_on=DAY) == date(2025, 12, 31)
    assert as_of(item, {"year": 2026}, received_on=DAY) == DAY


def test_headers():
    item = CATALOGUE.items["water_fee"]
    found = match_headers(
        item, ["企业名称", "uscc", "预交金额（元）", "欠费金额", " 用水户号 *", "备注", "", "预交金额"]
    )
    names = (
        "ent_name",
        "uscc",
        "prepaid_amount",
        "arrears_amount",
        "account_no",
        None,
        None,
        "prepaid_amount",
    )
    assert found.fields == names
    assert found.unknown == ("备注",)
    assert found.repeated == ("prepaid_amount",)
    assert found.missing == ("opened_on", "address", "one_meter_per_household", "period")


def test_what_cannot_be_seen_is_told_alike_by_both_engines_of_expressions():
    import duckdb

    ranges = [(a, b) for a, b in UNSEEN if not 0xD800 <= a <= 0xDFFF]
    pattern = "[" + "".join(rf"\x{{{a:x}}}-\x{{{b:x}}}" for a, b in ranges) + "]"
    texts = [
        f"a{chr(code)}"
        for a, b in ranges
        for code in {a - 1, a, b, b + 1}
        if code > 0 and not 0xD7FF <= code <= 0xE000
    ]
    with duckdb.connect() as db:
        told = [db.execute("SELECT regexp_matches(?, ?)", [text, pattern]).fetchone()[0] for text in texts]
    mine = [read(replace(STRING, max_length=9), text) is RowRule.BAD_FORMAT for text in texts]
    assert told == mine
    assert {True, False} == set(mine)


def test_patterns_of_the_catalogue_are_read_alike_by_both_engines():
    import duckdb

    patterns = {field.pattern for item in CATALOGUE.items.values() for field in item.fields if field.pattern}
    texts = [
        "2026-04",
        "（2023）晋0105执1234号",
        "ZL202310123456.6",
        "1" * 19,
        "110105********002X",
        "H12345678901",
        "x",
    ]
    with duckdb.connect() as db:
        for pattern in patterns:
            for text in texts:
                told = db.execute("SELECT regexp_full_match(?, ?)", [text, pattern]).fetchone()
                assert told is not None
                assert told[0] == (re.fullmatch(pattern, text) is not None), (pattern, text)


@pytest.mark.parametrize(
    ("field", "cell", "place"),
    [
        (STRING, "\u3000 甲\u200b乙", (4, "\u200b")), (STRING, "甲\n乙", (2, "\n")), (TEXT, "甲\n乙\x0b丙", (4, "\x0b")),
        (DATE, "2024-05-01\u00a0", (11, "\u00a0")), (STRING, " 甲 乙\n", None), (STRING, "", None), (TEXT, "甲\t乙", None),
    ],
)  # fmt: skip
def test_the_first_character_nobody_can_see_has_a_place(
    field: Field, cell: str, place: tuple[int, str] | None
) -> None:
    assert first_unseen(field, cell) == place
