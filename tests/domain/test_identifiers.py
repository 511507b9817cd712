"""Every published vector, and what no identifier may let through."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.cli.uscc import main_uscc
from xinqiao.domain import identifiers as ids
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import Finding, Reason, bank, gb2260, gb4754, orgcode, patent, resident, uscc

CASES = json.loads((Path(__file__).parents[1] / "cases" / "identifiers.json").read_text("utf-8"))
TODAY = date(2026, 5, 1)
INVENTED = [case["uscc"] for case in CASES["uscc"]["valid_invented"]]
ALL_USCC = CASES["uscc"]["valid"] + INVENTED


def check_resident(text):
    return ids.check_resident_id(text, today=TODAY)


VALID = [
    (check, text)
    for check, texts in (
        (ids.check_uscc, ALL_USCC),
        (ids.check_org_code, CASES["organisation_code"]["valid"]),
        (ids.check_regno15, CASES["business_reg_no"]["valid"]),
        (check_resident, CASES["resident_id"]["valid"]),
        (ids.check_card, CASES["bank_card"]["valid"]),
        (ids.check_cnaps, CASES["cnaps"]["valid"]),
        (ids.check_lei, CASES["lei"]["valid"]),
        (ids.check_patent, CASES["patent_no"]["valid"]),
    )
    for text in texts
]
INVALID = [
    *((ids.check_uscc, case["value"], case["reason"]) for case in CASES["uscc"]["invalid"]),
    *((check_resident, case["value"], case["reason"]) for case in CASES["resident_id"]["invalid"]),
    *((ids.check_org_code, text, "CHECKSUM:9") for text in CASES["organisation_code"]["invalid"][:1]),
    *((ids.check_org_code, text, "CHARSET:9") for text in CASES["organisation_code"]["invalid"][1:]),
    *((ids.check_regno15, text, "CHECKSUM:15") for text in CASES["business_reg_no"]["invalid"]),
    *((ids.check_card, text, "CHECKSUM:19") for text in CASES["bank_card"]["invalid"]),
    *((ids.check_lei, text, "CHECKSUM:19") for text in CASES["lei"]["invalid"]),
]


@pytest.mark.parametrize(("check", "text"), VALID)
def test_every_valid_vector_passes_and_is_its_own_normal_form(check, text):
    assert check(text) == text


@pytest.mark.parametrize(("check", "text", "reason"), INVALID)
def test_every_invalid_vector_fails_with_its_reason(check, text, reason):
    assert str(check(text)) == reason
    assert isinstance(check(text), Finding)


@pytest.mark.parametrize("case", CASES["uscc"]["normalise"], ids=lambda c: c["output"])
def test_typing_habits_are_normalised(case):
    assert ids.check_uscc(case["input"]) == case["output"]


def test_the_constants_are_the_published_ones():
    assert CASES["uscc"]["charset"] == uscc.CHARSET
    assert list(uscc.WEIGHTS) == CASES["uscc"]["weights"]
    assert list(orgcode.WEIGHTS) == CASES["organisation_code"]["weights"]
    assert list(resident.WEIGHTS) == CASES["resident_id"]["weights"]
    assert CASES["resident_id"]["check_string"] == resident.CHECKS
    assert list(patent.WEIGHTS) == CASES["patent_no"]["weights"]
    assert {case["prefix"]: case["name"] for case in CASES["division_provinces"]} == gb2260.PROVINCES


def test_the_industry_table_is_the_published_one():
    assert {c["code"]: (c["name_zh"], c["name_en"]) for c in CASES["industry_sections"]} == gb4754.SECTIONS
    assert {c["code"]: (c["section"], c["name_zh"]) for c in CASES["industry_divisions"]} == gb4754.DIVISIONS
    for section in CASES["industry_sections"]:
        first, last = section["divisions"].split("-")
        for number in range(int(first), int(last) + 1):
            assert gb4754.section_of(f"{number:02d}") == section["code"]
    assert len(gb4754.DIVISIONS) == 97


# ------------------------------------------------------------------------------------------------------------ USCC


@pytest.mark.parametrize(
    ("body", "check"),
    [("91440300192203821", "6"), ("9144030071526726X", "G"), ("91350100M000100Y4", "3")],
)
def test_the_worked_examples_of_the_check_character(body, check):
    assert ids.uscc_check(body) == check


def test_a_sum_that_divides_evenly_gives_zero_not_an_overflow():
    body = next(b for b in (f"91140105MA{n:07d}" for n in range(1000)) if ids.uscc_check(b) == "0")
    assert ids.check_uscc(body + "0") == body + "0"


codes = st.sampled_from(ALL_USCC)


@given(codes, st.integers(0, 17), st.sampled_from(uscc.CHARSET))
def test_any_single_wrong_character_is_found(code, place, char):
    typed = code[:place] + char + code[place + 1 :]
    assert (ids.check_uscc(typed) == typed) == (typed == code)


@given(codes, st.integers(0, 16))
def test_any_swap_of_neighbours_is_found(code, place):
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert (ids.check_uscc(typed) == typed) == (typed == code)


@given(st.text(max_size=40))
def test_any_text_is_either_normal_or_has_a_reason_and_never_crashes(text):
    for check in (
        ids.check_uscc,
        ids.check_org_code,
        ids.check_regno15,
        check_resident,
        ids.check_card,
        ids.check_account,
        ids.check_cnaps,
        ids.check_lei,
        ids.check_patent,
        ids.check_division,
        ids.check_industry,
    ):
        found = check(text)
        if isinstance(found, str):
            assert check(found) == found
            assert found.isascii()
        else:
            assert found.reason in Reason


@pytest.mark.parametrize(
    ("text", "code", "reason", "position"),
    [
        ("914403001922038217", Code.USCC_CHECKSUM, "CHECKSUM", 18),
        ("91440300192203821O", Code.USCC_FORMAT, "CHARSET", 18),
        ("9144O3001922038216", Code.USCC_FORMAT, "CHARSET", 5),
        ("9I4403001922038216", Code.USCC_FORMAT, "CHARSET", 2),
        ("91A403001922038216", Code.USCC_FORMAT, "CHARSET", 3),
        ("110108000000016", Code.USCC_FORMAT, "LENGTH", None),
        ("", Code.USCC_FORMAT, "LENGTH", None),
        ("9" * 1_000_000, Code.USCC_FORMAT, "LENGTH", None),
        ("91440300192203821\u200b6", Code.USCC_FORMAT, "LENGTH", None),
        ("9\u01314403001922038216", Code.USCC_FORMAT, "CHARSET", 2),
        ("91440300192203821\u0405", Code.USCC_FORMAT, "CHARSET", 18),
        (914403001922038216, Code.USCC_FORMAT, "NOT_TEXT", None),
        (None, Code.USCC_FORMAT, "NOT_TEXT", None),
    ],
)
def test_a_refusal_names_the_place_and_never_the_right_code(text, code, reason, position):
    with pytest.raises(Invalid) as refusal:
        ids.validate_uscc(text, field="subject")
    assert refusal.value.code is code
    assert refusal.value.facts == {"field": "subject", "reason": reason, "position": position}
    assert "914403001922038216" not in str(refusal.value)


@pytest.mark.parametrize("text", [" 914403001922038216", "9144030071526726xg", "9144 0300 7152 6726 XG"])
def test_a_machine_can_be_held_to_the_normal_form(text):
    assert ids.validate_uscc(text)
    with pytest.raises(Invalid) as refusal:
        ids.validate_uscc(text, canonical=True)
    assert refusal.value.facts["reason"] == "NOT_CANONICAL"


@pytest.mark.parametrize("case", CASES["uscc"]["valid_invented"], ids=lambda c: c["uscc"])
def test_the_first_two_characters_say_the_type(case):
    names = {"cooperative": "farmers_cooperative"}
    found = ids.subject_type(case["uscc"])
    assert found == names.get(case["kind"], case["kind"])
    assert found in ids.FINANCING_SUBJECTS


@pytest.mark.parametrize("code", ALL_USCC)
def test_real_and_invented_codes_carry_no_warning(code):
    assert ids.uscc_warnings(code) == []


def test_doubts_about_a_valid_code_are_warnings():
    body = "04990105MA0DEM014"
    notes = ids.uscc_warnings(body + ids.uscc_check(body))
    assert [str(n) for n in notes] == ["CLASS:1", "DIVISION:3", "INNER_CHECKSUM:17"]
    assert all(n.warning for n in notes)
    assert ids.check_uscc(body + ids.uscc_check(body)) == body + ids.uscc_check(body)


def test_the_command_prints_one_line_per_code(capsys):
    status = main_uscc(["914403001922038216", "914403001922038217", "9144\n0300"])
    assert status == 1
    assert capsys.readouterr().out.splitlines() == [
        "914403001922038216 valid",
        "914403001922038217 invalid CHECKSUM:18",
        "9144\\n0300 invalid LENGTH",
    ]
    assert main_uscc(ALL_USCC) == 0


# ------------------------------------------------------------------------------------------------------- the others


@pytest.mark.parametrize(("body", "check"), [("D2143569", "X"), ("71526726", "X"), ("19220382", "1")])
def test_the_worked_examples_of_the_organisation_code(body, check):
    assert ids.org_code_check(body) == check
    assert ids.check_org_code(f"{body}-{check}") == body + check


def test_a_thirteen_digit_registration_number_is_taken_without_a_check():
    assert ids.is_unchecked_regno("1101080000000")
    assert not ids.is_unchecked_regno("110108000000016")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("11010519491231002", "LENGTH"),
        ("1101051949123100XX", "CHARSET:17"),
        ("99010519491231002X", "DIVISION:1"),
        ("110105194913310022", "DATE:7"),
        ("110105190002290022", "DATE:7"),
        ("110105184912310022", "DATE:7"),
        ("110105202605020020", "FUTURE:7"),
    ],
)
def test_a_resident_number_with_a_wrong_part_is_refused_by_that_part(text, reason):
    assert str(check_resident(text)) == reason


def test_somebody_born_today_is_not_from_the_future():
    body = "11010520260501002"
    code = body + ids.resident_check(body)
    assert check_resident(code) == code
    assert str(ids.check_resident_id(code, today=date(2026, 4, 30))) == "FUTURE:7"


def test_a_first_generation_number_is_upgraded():
    assert ids.upgrade_resident_id15("110105491231002", today=TODAY) == "11010519491231002X"
    assert str(ids.upgrade_resident_id15("110105491331002", today=TODAY)) == "DATE:7"
    assert str(ids.upgrade_resident_id15("11010549123100", today=TODAY)) == "LENGTH"


@pytest.mark.parametrize(
    ("day", "age"),
    [(date(1967, 12, 30), 17), (date(1967, 12, 31), 18), (date(1968, 1, 1), 18)],
)
def test_of_age_from_the_birthday_on(day, age):
    assert ids.age_on("11010519491231002X", day) == age


def test_a_persons_number_is_shown_masked_and_never_in_a_repr():
    code = "11010519491231002X"
    assert ids.mask_resident_id(code) == "110105********002X"
    assert ids.mask_resident_id("12345") == "*****"
    assert "1949" not in repr(check_resident("110105194912310021"))


def test_a_residence_permit_for_taiwan_is_taken():
    body = "83000019900101001"
    assert check_resident(body + ids.resident_check(body)) == body + ids.resident_check(body)


@pytest.mark.parametrize(
    ("body", "check"), [("622202010001234567", 2), ("621700000000000000", 4), ("0", 0), ("1", 8)]
)
def test_the_luhn_examples(body, check):
    assert ids.luhn_check(body) == check


def test_a_settlement_account_is_never_given_the_card_check():
    assert ids.check_account("6222020100012345671") == "6222020100012345671"
    assert str(ids.check_account("1234567")) == "LENGTH"
    assert str(ids.check_account("1" * 33)) == "LENGTH"
    assert str(ids.check_account("12345678A")) == "CHARSET:9"


def test_account_numbers_are_masked():
    assert ids.mask_account("6222020100012345672") == "6222****5672"
    assert ids.mask_account("12345678") == "****"


def test_a_wrong_cnaps_check_is_only_a_warning():
    found = ids.check_cnaps("102100099997")
    assert isinstance(found, Finding)
    assert found.warning
    assert (str(found), found.normalised) == ("CHECKSUM:12", "102100099997")
    short = ids.check_cnaps("10210009999")
    assert isinstance(short, Finding)
    assert not short.warning
    assert {code[:3] for code in CASES["cnaps"]["valid"]} & set(bank.CNAPS_FAMILIES)


def test_the_worked_lei_and_its_impossible_twins():
    assert ids.lei_check("HWUPKR0MPOU8FGXBT3") == "94"
    body = next(b for n in range(10_000) if ids.lei_check(b := f"3003{n:014d}") in {"02", "97", "98"})
    check = int(ids.lei_check(body))
    twin = f"{check + 97 if check < 3 else check - 97:02d}"
    assert ids.check_lei(body + f"{check:02d}") == body + f"{check:02d}"
    assert isinstance(ids.check_lei(body + twin), Finding)


def test_the_worked_patent_number():
    assert ids.patent_check("202310123456") == "6"
    assert str(ids.check_patent("ZL202310123456.7")) == "CHECKSUM:16"
    assert str(ids.check_patent("ZL202340123456.6")) == "CHARSET:7"


@pytest.mark.parametrize(
    ("code", "level", "parent", "shown", "place"),
    [
        ("140000", "province", None, None, True),
        ("140100", "prefecture", "140000", "140000", True),
        ("140105", "county", "140100", "140100", True),
        ("140101", "county", "140100", "140100", False),
        ("140181", "county", "140100", "140100", True),
        ("110000", "province", None, None, True),
        ("110100", "prefecture", "110000", "110000", False),
        ("110101", "county", "110100", "110000", True),
        ("500101", "county", "500100", "500000", True),
        ("429000", "prefecture", "420000", "420000", False),
        ("429004", "county", "429000", "420000", True),
        ("152201", "county", "152200", "152200", True),
    ],
)
def test_divisions_know_their_level_and_parent(code, level, parent, shown, place):
    assert ids.check_division(code) == code
    assert (gb2260.level(code), gb2260.parent(code)) == (level, parent)
    assert (gb2260.shown_parent(code), gb2260.is_place(code)) == (shown, place)


@pytest.mark.parametrize(
    ("code", "reason"),
    [("990101", "DIVISION:1"), ("140001", "DIVISION:3"), ("14010", "LENGTH"), ("14010A", "CHARSET:6")],
)
def test_a_division_that_cannot_be_is_refused(code, reason):
    assert str(ids.check_division(code)) == reason


def test_a_province_is_named():
    assert gb2260.province_name("140105") == "山西省"
    assert gb2260.province_name("990105") is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [("C3824", "3824"), ("3824", "3824"), ("c38", "38"), ("C", "C"), ("011", "011"), ("A0111", "0111")],
)
def test_an_industry_is_stored_as_digits(text, normal):
    assert ids.check_industry(text) == normal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A3824", "SECTION:1"),
        ("Z01", "UNKNOWN:1"),
        ("98", "UNKNOWN:1"),
        ("C98", "UNKNOWN:2"),
        ("C38245", "LENGTH"),
        ("3", "LENGTH"),
        ("C3X", "CHARSET:3"),
        ("", "LENGTH"),
    ],
)
def test_an_industry_that_contradicts_itself_is_refused(text, reason):
    assert str(ids.check_industry(text)) == reason


def test_an_industry_is_written_with_its_letter():
    assert gb4754.written("3824") == "C3824"


# ------------------------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    "name",
    [
        "远山（临江）食品有限公司",
        "远山(临江)食品有限公司",
        "𠮷野商贸有限公司",
        "鿍鿎商行",
        "\ue863姓加工厂",
        "A&B Trading Co., Ltd.",
        "李记·面馆",
        "第1　分店",
    ],
)
def test_names_are_kept_as_on_the_licence(name):
    assert ids.check_name(name) == name


def test_a_name_is_composed_and_trimmed():
    assert ids.check_name(" Cafe\u0301 店\u3000") == "Caf\u00e9 店"


@pytest.mark.parametrize(
    ("char", "label"),
    [
        ("\u202e", "U+202E"),
        ("\u200b", "U+200B"),
        ("\u200d", "U+200D"),
        ("\u2066", "U+2066"),
        ("\ufeff", "U+FEFF"),
        ("\u0000", "U+0000"),
        ("\t", "U+0009"),
        ("\n", "U+000A"),
        ("\u00a0", "U+00A0"),
        ("\u2003", "U+2003"),
        ("\u2028", "U+2028"),
        ("\ufe0f", "U+FE0F"),
        ("\U000e0100", "U+E0100"),
        ("\U000e0041", "U+E0041"),
        ("\u3164", "U+3164"),
        ("\u2800", "U+2800"),
        ("\u034f", "U+034F"),
        ("\ufffd", "U+FFFD"),
        ("\uffff", "U+FFFF"),
        ("\ud800", "U+D800"),
        ("\u00ad", "U+00AD"),
    ],
)
def test_what_cannot_be_seen_is_not_part_of_a_name(char, label):
    with pytest.raises(Invalid) as refusal:
        ids.check_name(f"远山{char}食品")
    assert refusal.value.code is Code.NAME_FORBIDDEN_CHARACTER
    assert refusal.value.facts == {"field": "name", "position": 3, "character": label}


@pytest.mark.parametrize("name", ["", "  ", "\u3000", "远" * 201, None, 5])
def test_a_name_is_text_of_a_sensible_length(name):
    with pytest.raises(Invalid):
        ids.check_name(name)


@given(st.text(max_size=30))
def test_an_accepted_name_is_stable(name):
    try:
        kept = ids.check_name(name)
    except Invalid:
        return
    assert ids.check_name(kept) == kept


def test_names_are_compared_without_regard_to_width_brackets_and_spaces():
    assert ids.name_key("远山（临江）食品有限公司") == ids.name_key("远山(临江) 食品有限公司")
    assert ids.name_key("ＡＢ商贸") == ids.name_key("ab商贸")
    assert ids.name_key("远山有限公司") != ids.name_key("远山有限责任公司")


def test_letters_that_imitate_others_are_flagged_not_refused():
    imitation = ids.check_name("АBС商贸有限公司")  # the first and third letters are Cyrillic
    assert ids.is_suspicious_name(imitation)
    assert ids.confusable_key(imitation) == ids.confusable_key("ABC商贸有限公司")
    assert ids.name_key(imitation) != ids.name_key("ABC商贸有限公司")
    assert not ids.is_suspicious_name("ABC商贸有限公司")
