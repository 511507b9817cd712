"""The shipped lists say what their documents say; a province's folder adds and never changes."""

from collections import Counter
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from xinqiao import catalogue as shipped
from xinqiao.catalogue import CatalogueError, load
from xinqiao.catalogue.words import UNVERIFIED, mention_words
from xinqiao.domain.catalogue.model import FieldType, Frequency, Sensitivity, SharingMode, Standing
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.item_words import code_words

CATALOGUE = load()
ITEMS = list(CATALOGUE.items.values())
EXTENSION = """
id = "x_shanxi_coal_permit"
no = 1001
version = 1
valid_from = 2026-01-01
name = "煤炭经营备案"
name_en = "Coal trade filing"
category_no = 14
mode = "local_collected"
authorisation_required = false
providers = ["能源"]
frequency = "monthly"
natural_key = ["uscc", "filing_no"]
subject = ["uscc"]

[[fields]]
name = "uscc"
label = "统一社会信用代码"
type = "uscc"
required = true
sensitivity = "public"

[[fields]]
name = "filing_no"
label = "备案编号"
type = "string"
required = true
sensitivity = "public"
max_length = 40

[[fields]]
name = "grade"
label = "等级"
type = "enum"
sensitivity = "public"
code_list = "x_shanxi_grade"
"""
LISTS = '[x_shanxi_grade]\nproposed = true\n[x_shanxi_grade.entries]\na = "甲"\nb = "乙"\n'


def test_counts_of_the_2024_list():
    modes = Counter(item.mode for item in ITEMS)
    assert (len(CATALOGUE.categories), len(ITEMS)) == (17, 37)
    assert modes == {
        SharingMode.NATIONAL_INTERFACE: 11,
        SharingMode.NATIONAL_COLLECTED: 7,
        SharingMode.LOCAL_COLLECTED: 10,
        SharingMode.VERIFICATION: 9,
    }
    assert [item.no for item in ITEMS] == list(range(1, 38))
    assert [len(one.items) for one in CATALOGUE.categories] == [
        1,
        1,
        3,
        1,
        2,
        2,
        4,
        1,
        3,
        1,
        5,
        1,
        1,
        4,
        3,
        3,
        1,
    ]
    assert (CATALOGUE.document, CATALOGUE.issued, CATALOGUE.published) == (
        "国办发〔2024〕15号",
        date(2024, 3, 28),
        date(2024, 4, 2),
    )
    assert sum(item.annex_names_fields for item in ITEMS) == 19
    assert len(CATALOGUE.collected()) == 17


def test_the_2021_list_says_what_is_known_of_it_and_no_more():
    old = load("2021")
    assert (old.document, old.issued) == ("国办发〔2021〕52号", date(2021, 12, 22))
    assert (old.declared_categories, old.declared_items) == (14, 37)
    assert not old.reproduced
    assert not old.items
    assert "没有经过核对" in old.note
    assert CATALOGUE.predecessor == old.id
    # of its text only kinds are known, and none of them for certain
    assert {one.standing for one in old.mentions} == {Standing.NAMED, Standing.PLANNED}
    assert not any(one.verified or one.categories for one in old.mentions)


def test_what_the_2024_text_says_is_new_in_its_list():
    assert [(one.name_en, one.categories, one.verified) for one in CATALOGUE.mentions] == [
        ("key personnel", (), True),
        ("qualifications", (14,), True),
        ("import and export", (5,), True),
    ]
    assert {one.standing for one in CATALOGUE.mentions} == {Standing.BROUGHT_IN}
    (told,) = mention_words(CATALOGUE)
    assert told[1].zh == "企业主要人员、资质（第 27、28、29、30 项）、进出口（第 7、8 项）"
    assert all(UNVERIFIED.zh in heading.zh for heading, _names in mention_words(load("2021")))


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_every_item_can_be_kept_and_found_again(item):
    names = [field.name for field in item.fields]
    assert set(item.natural_key) <= set(names)
    assert set(item.subject) <= set(names)
    assert len({field.label for field in item.fields}) == len(names)
    assert all(field.label_en for field in item.fields)
    assert item.valid_from == date(2024, 4, 2)
    assert item.authorisation_required == (not item.mode.is_collected)


@pytest.mark.parametrize("item", [one for one in ITEMS if one.annex_names_fields], ids=lambda item: item.id)
def test_what_the_annex_names_is_not_called_a_proposal(item):
    named = [field for field in item.fields if not field.proposed]
    words = {"保单有效期": 2, "保险理赔信息": 3}
    assert len(named) == sum(words.get(word, 1) for word in item.annex_fields)


def test_titles_only_means_every_field_is_a_proposal():
    for item in ITEMS:
        if not item.annex_names_fields:
            assert all(field.proposed for field in item.fields), item.id


def test_prose_formats_became_limits():
    money = CATALOGUE.items["agri_subsidy"].field("subsidy_amount")
    assert (money.precision, money.scale, money.minimum, money.unit) == (18, 2, Decimal(0), "yuan")
    assert CATALOGUE.items["eia_credit"].field("points").maximum == Decimal(20)
    assert CATALOGUE.items["dishonest_judgment_debtor"].field("conduct").multiple
    assert (
        CATALOGUE.items["shareholder_contribution"].field("shareholder_id_no").id_type_field
        == "shareholder_id_type"
    )
    assert CATALOGUE.items["financial_filing"].field("net_profit").minimum is None
    assert CATALOGUE.items["water_fee"].frequency is Frequency.MONTHLY
    assert CATALOGUE.items["eia_credit"].max_sensitivity is Sensitivity.PUBLIC
    assert CATALOGUE.items["carbon_emission"].max_sensitivity is Sensitivity.COMMERCIAL_SECRET


def test_the_data_files_are_named_for_what_is_in_them():
    folder = resources.files(shipped) / "2024" / "items"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{item.no:02d}_{item.id}.toml" for item in ITEMS
    ]


def test_a_province_adds_items_by_dropping_files(tmp_path):
    folder = tmp_path / "shanxi"
    folder.mkdir()
    (folder / "coal.toml").write_text(EXTENSION, "utf-8")
    (folder / "code_lists.toml").write_text(LISTS, "utf-8")
    for extensions in (tmp_path, folder):
        more = load(extensions=extensions)
        added = more.items["x_shanxi_coal_permit"]
        assert (added.origin, len(more.items)) == ("shanxi", 38)
        assert more.categories[13].items[-1] == "x_shanxi_coal_permit"
        assert more.code_lists["x_shanxi_grade"].entries["a"] == "甲"
    assert len(load().items) == 37


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("x_shanxi_coal_permit", "water_fee", "coal.toml: id"),
        ("x_shanxi_coal_permit", "coal_permit", "coal.toml: id"),
        ("no = 1001", "no = 34", "coal.toml: no"),
        ("category_no = 14", "category_no = 99", "coal.toml: category_no"),
        ("x_shanxi_grade", "x_shanxi_other", "coal.toml: fields[grade].code_list"),
    ],
)
def test_an_extension_never_overrides(tmp_path, old, new, place):
    (tmp_path / "coal.toml").write_text(EXTENSION.replace(old, new), "utf-8")
    (tmp_path / "code_lists.toml").write_text(LISTS, "utf-8")
    with pytest.raises(CatalogueError, match=place.replace("[", r"\[")):
        load(extensions=tmp_path)


def test_an_extension_may_not_change_a_national_code_list(tmp_path):
    (tmp_path / "code_lists.toml").write_text(LISTS.replace("x_shanxi_grade", "id_type"), "utf-8")
    with pytest.raises(CatalogueError, match=r"code_lists\.toml: id_type"):
        load(extensions=tmp_path)


def test_a_folder_that_cannot_be_read_says_so(tmp_path):
    with pytest.raises(CatalogueError, match="不是文件夹"):
        load(extensions=tmp_path / "nowhere")
    (tmp_path / "a.toml").write_bytes("名".encode("gb18030"))
    with pytest.raises(CatalogueError, match=r"a\.toml"):
        load(extensions=tmp_path)
    with pytest.raises(KeyError):
        load("2020")


def test_every_enum_has_its_list_and_every_list_is_used():
    used = {field.code_list for item in ITEMS for field in item.fields if field.type is FieldType.ENUM}
    assert used == set(CATALOGUE.code_lists)


#: Codes that are numbers or letters: the field's documents give no English meaning for them, so pages show the Chinese.
NOT_IN_ENGLISH = {
    "id_type", "tax_credit_grade", "env_credit_grade", "innovation_grade", "marital_status", "province", "currency"
}  # fmt: skip


def test_every_list_of_codes_that_are_words_is_english_for_who_reads_english() -> None:
    lists = load().code_lists
    assert {name for name, codes in lists.items() if not codes.english} == NOT_IN_ENGLISH
    for name, codes in lists.items():
        words = [*codes.english.values()]
        assert len(set(words)) == len(words), name
        assert all(word.isascii() and word.strip() == word for word in words), name
    with use_language(Language.EN):
        assert code_words(lists["ent_type"])["limited"] == "Limited liability company"
        assert code_words(lists["id_type"])["04"] == "护照"
    with use_language(Language.ZH):
        assert code_words(lists["ent_type"])["limited"] == "有限责任公司"
