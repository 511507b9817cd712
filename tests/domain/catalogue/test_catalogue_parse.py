"""Every mistake in a data file is named with its file and place, all of them at once."""

import pytest

from xinqiao.domain.catalogue.parse import CatalogueError, parse_catalogue

LIST = """
id = "t"
title = "清单"
document = "文"
issued = 2024-03-28
declared_categories = 1
declared_items = 1
reproduced = true
[[categories]]
no = 1
id = "c"
name = "类"
items = ["a"]
"""
CODES = '[id_type]\nproposed = true\n[id_type.entries]\n01 = "居民身份证"\n99 = "其他"\n'
ITEM = """
id = "a"
no = 1
version = 1
valid_from = 2024-04-02
name = "事项"
name_en = "Item"
category_no = 1
mode = "local_collected"
authorisation_required = false
providers = ["部门"]
frequency = "monthly"
natural_key = ["id_no", "period"]
subject = ["kind", "id_no"]
as_of_field = "period"

[[fields]]
name = "kind"
label = "证件类型"
type = "enum"
sensitivity = "public"
code_list = "id_type"

[[fields]]
name = "id_no"
label = "证件号码"
type = "id_number"
sensitivity = "personal"
id_type_field = "kind"

[[fields]]
name = "period"
label = "所属期"
type = "string"
sensitivity = "public"
max_length = 7
pattern = "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"

[[fields]]
name = "amount"
label = "金额"
type = "decimal"
sensitivity = "public"
precision = 18
scale = 2
minimum = "0"

[[rules]]
id = "r"
kind = "required_when"
fields = ["amount", "kind"]
values = ["01"]
"""
MENTION = """[[mentions]]
name = "税"
name_en = "tax"
standing = "named"
categories = [1]
verified = true

[[categories]]"""
ENGLISH = '{01 = "identity card", 99 = "other", 98 = "none of the codes"}'
FILES = {"list.toml": LIST, "code_lists.toml": CODES, "items/a.toml": ITEM}


def problems(name, old, new, more=()):
    assert old in FILES[name]
    files = {**FILES, name: FILES[name].replace(old, new, 1), **dict(more)}
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(files)
    return [f"{one.file}: {one.place}" for one in caught.value.problems]


def test_the_small_catalogue_is_right():
    assert list(parse_catalogue(FILES).items) == ["a"]


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("list.toml", "declared_items = 1", "declared_items = 2", "declared_items"),
        ("list.toml", "declared_categories = 1", "declared_categories = 2", "declared_categories"),
        ("list.toml", 'items = ["a"]', 'items = ["a", "b"]', "categories"),
        ("list.toml", "issued = 2024-03-28", 'issued = "2024-03-28"', "issued"),
        ("list.toml", "reproduced = true", "reproduced = 1", "reproduced"),
        ("list.toml", "no = 1", "no = 2", "categories"),
        ("list.toml", 'id = "t"', "", "id"),
        ("list.toml", "[[categories]]", MENTION.replace("[1]", "[2]"), "mentions[税].categories"),
        ("list.toml", "[[categories]]", MENTION.replace("[1]", '["1"]'), "mentions[税].categories"),
        ("list.toml", "[[categories]]", MENTION.replace("named", "meant"), "mentions[税].standing"),
        ("list.toml", "[[categories]]", MENTION.replace("verified", "seen"), "mentions[税].verified"),
        ("list.toml", 'id = "t"', "id = ", ""),
        ("code_lists.toml", '99 = "其他"', '99 = "居民身份证"', "id_type.居民身份证"),
        ("code_lists.toml", '99 = "其他"', '99 = "01"', "id_type.01"),
        ("code_lists.toml", '99 = "其他"', '99 = "其；他"', "id_type.其；他"),
        ("code_lists.toml", "proposed = true", "", "id_type.proposed"),
        (
            "code_lists.toml",
            "proposed = true",
            'proposed = true\nenglish = {99 = "other"}',
            "id_type.english.01",
        ),
        ("code_lists.toml", "proposed = true", f"proposed = true\nenglish = {ENGLISH}", "id_type.english.98"),
        ("code_lists.toml", '99 = "其他"', "99 = 1", "id_type.entries.99"),
        ("items/a.toml", "no = 1", "no = true", "no"),
        ("items/a.toml", "version = 1", "version = 0", "version"),
        ("items/a.toml", "name_en", "name_fr", "name_fr"),
        ("items/a.toml", '"local_collected"', '"local"', "mode"),
        (
            "items/a.toml",
            "authorisation_required = false",
            "authorisation_required = true",
            "authorisation_required",
        ),
        ("items/a.toml", '"monthly"', '"yearly"', "frequency"),
        (
            "items/a.toml",
            "valid_from = 2024-04-02",
            "valid_from = 2024-04-02\nvalid_to = 2024-04-02",
            "valid_to",
        ),
        ("items/a.toml", 'natural_key = ["id_no", "period"]', 'natural_key = ["id"]', "natural_key"),
        ("items/a.toml", 'natural_key = ["id_no", "period"]', "natural_key = []", "natural_key"),
        ("items/a.toml", '"kind", "id_no"]', '"period", "id_no"]', "subject"),
        ("items/a.toml", 'subject = ["kind", "id_no"]', 'subject = ["amount"]', "subject"),
        ("items/a.toml", 'as_of_field = "period"', 'as_of_field = "amount"', "as_of_field"),
        ("items/a.toml", 'label = "证件号码"', 'label = "证件类型"', "fields[证件类型].label"),
        ("items/a.toml", 'name = "amount"', 'name = "period"', "fields[period].name"),
        ("items/a.toml", 'name = "amount"', 'name = "Amount"', "fields[Amount].name"),
        ("items/a.toml", '"id_type"', '"none"', "fields[kind].code_list"),
        ("items/a.toml", 'code_list = "id_type"', "", "fields[kind].code_list"),
        ("items/a.toml", "max_length = 7", "", "fields[period].max_length"),
        ("items/a.toml", "scale = 2", "scale = 19", "fields[amount].precision"),
        ("items/a.toml", "scale = 2", "scale = 2\nmultiple = true", "fields[amount].multiple"),
        ("items/a.toml", 'minimum = "0"', "minimum = 0.5", "fields[amount].minimum"),
        ("items/a.toml", 'minimum = "0"', 'minimum = "1"\nmaximum = "0"', "fields[amount].minimum"),
        ("items/a.toml", 'minimum = "0"', 'minimum = "NaN"', "fields[amount].minimum"),
        ("items/a.toml", 'id_type_field = "kind"', 'id_type_field = "period"', "fields[id_no].id_type_field"),
        ("items/a.toml", "1[0-2])$", "1[0-2])", "fields[period].pattern"),
        ("items/a.toml", "1[0-2])$", "1[0-2]$", "fields[period].pattern"),
        ("items/a.toml", "1[0-2])$", "1[0-2](?=x))$", "fields[period].pattern"),
        ("items/a.toml", '["amount", "kind"]', '["amounts", "kind"]', "rules[r].fields"),
        ("items/a.toml", '["amount", "kind"]', '["amount"]', "rules[r].fields"),
        ("items/a.toml", 'values = ["01"]', 'values = ["02"]', "rules[r].values"),
        ("items/a.toml", '"required_when"', '"not_before"', "rules[r].fields"),
        ("items/a.toml", '"required_when"', '"sometimes"', "rules[r].kind"),
        ("items/a.toml", 'values = ["01"]', 'tolerance = "x"', "rules[r].tolerance"),
    ],
)
def test_each_mistake_is_named(name, old, new, place):
    assert f"{name}: {place}" in problems(name, old, new)


def test_two_files_of_one_item():
    assert "items/b.toml: id" in problems("list.toml", "", "", {"items/b.toml": ITEM})


def test_a_missing_list_is_named():
    with pytest.raises(CatalogueError, match=r"list\.toml"):
        parse_catalogue({"code_lists.toml": CODES, "items/a.toml": ITEM})


def test_all_mistakes_come_at_once():
    broken = ITEM.replace("version = 1", "version = 0").replace('"id_type"', '"none"')
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue({**FILES, "items/a.toml": broken})
    assert {one.place for one in caught.value.problems} >= {"version", "fields[kind].code_list"}


ADVERSE = ITEM.replace(
    'as_of_field = "period"\n',
    'as_of_field = "period"\n[adverse]\ndetermined_on = "day"\ngravity = "general"\nends = ["until"]\n',
).replace('natural_key = ["id_no", "period"]', 'natural_key = ["period"]') + "\n".join(
    f'\n[[fields]]\nname = "{name}"\nlabel = "{label}"\ntype = "{kind}"\nsensitivity = "public"\n{more}'
    for name, label, kind, more in (
        ("day", "认定日期", "date", "required = true"),
        ("until", "截止日期", "date", ""),
        ("class", "类别", "enum", 'code_list = "gravity"'),
        ("publish", "公示", "boolean", ""),
    )
)
CLASSES = (
    CODES
    + '[gravity]\nproposed = true\n[gravity.entries]\nminor = "轻微"\ngeneral = "一般"\nserious = "严重"\n'
)


def _adverse(item: str, codes: str = CLASSES):
    return (
        parse_catalogue({"list.toml": LIST, "code_lists.toml": codes, "items/a.toml": item})
        .items["a"]
        .adverse
    )


def test_an_item_may_say_that_it_is_dishonest_information():
    found = _adverse(ADVERSE)
    assert (found.determined_on, found.gravity, found.ends) == ("day", "general", ("until",))
    by_field = ADVERSE.replace('gravity = "general"', 'gravity_field = "class"\npublish_field = "publish"')
    assert (_adverse(by_field).gravity, _adverse(by_field).gravity_field) == (None, "class")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('determined_on = "day"', 'determined_on = "publish"', "adverse.determined_on"),
        ('determined_on = "day"', 'determined_on = "until"', "adverse.determined_on"),
        ('determined_on = "day"', "", "adverse.determined_on"),
        ('gravity = "general"', "", "adverse.gravity"),
        ('gravity = "general"', 'gravity = "grave"', "adverse.gravity"),
        ('gravity = "general"', 'gravity = "general"\ngravity_field = "class"', "adverse.gravity"),
        ('gravity = "general"', 'gravity_field = "kind"', "adverse.gravity_field"),
        ('ends = ["until"]', 'ends = ["class"]', "adverse.ends"),
        ('ends = ["until"]', "least_months = -1", "adverse.least_months"),
        ('ends = ["until"]', 'publish_field = "day"', "adverse.publish_field"),
        ('ends = ["until"]', 'end = "until"', "adverse.end"),
        ('natural_key = ["period"]', 'natural_key = ["id_no", "period"]', "adverse"),
        ('"local_collected"\nauthorisation_required = false', '"verification_authorised"\nauthorisation_required = true', "adverse"),
    ],
)  # fmt: skip
def test_each_mistake_about_adverse_records_is_named(old, new, place):
    assert old in ADVERSE
    with pytest.raises(CatalogueError) as caught:
        _adverse(ADVERSE.replace(old, new))
    assert place in {problem.place for problem in caught.value.problems}
