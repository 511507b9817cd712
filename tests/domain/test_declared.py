"""What a firm says about itself: the form as data, answers read by its rules, and what each reader sees."""

from datetime import UTC, date, datetime

import pytest

from xinqiao.catalogue.declared import load_form
from xinqiao.domain.catalogue.declared import parse_form, read_answers
from xinqiao.domain.catalogue.model import RowRule, Sensitivity
from xinqiao.domain.catalogue.parse import CatalogueError
from xinqiao.domain.report import Availability, Declaration, compose_declared

DAY = date(2026, 11, 21)
AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
FORM = load_form()
TEXTS = {"staff": "36", "contact_mobile": "13800005678", "customer_kinds": "企业；abroad"}
SMALL = """
version = 1
name = "申报"
name_en = "Declared"
commitment = "真实。"
commitment_en = "True."
[[groups]]
id = "g"
title = "一"
title_en = "One"
[[groups.fields]]
name = "staff"
label = "员工"
type = "integer"
sensitivity = "public"
"""


def latest(*, shared: bool = True, texts: dict[str, str] = TEXTS) -> Declaration:
    return Declaration(3, AT, shared, texts)


def test_every_example_of_the_form_is_a_good_answer() -> None:
    answers = read_answers(FORM, {one.name: one.example for one in FORM.fields}, on=DAY)
    assert answers.broken == {}
    assert set(answers.values) == {one.name for one in FORM.fields}
    assert [name for group in FORM.groups for name in group.fields] == [one.name for one in FORM.fields]


def test_answers_are_read_and_bad_ones_named() -> None:
    answers = read_answers(
        FORM, {**TEXTS, "website": "www", "financing_amount": "两百万", "else": "x"}, on=DAY
    )
    assert answers.values == {
        "staff": 36,
        "contact_mobile": "13800005678",
        "customer_kinds": ("firm", "abroad"),
    }
    assert answers.broken == {"website": RowRule.BAD_URL, "financing_amount": RowRule.BAD_DECIMAL}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("version = 1", "version = 0"), "version"),
        (('type = "integer"', 'type = "id_number"'), "fields[staff].type"),
        (('type = "integer"', 'type = "enum"\ncode_list = "none"'), "fields[staff].code_list"),
        (('name = "staff"', 'name = "Staff"'), "fields[Staff].name"),
        (('commitment = "真实。"', ""), "commitment"),
        (('title_en = "One"', 'title_en = "One"\nsurprise = 1'), "groups[g].surprise"),
        (("version = 1", "version = "), ""),
    ],
)
def test_a_form_that_is_not_right_says_where(change: tuple[str, str], place: str) -> None:
    assert parse_form(SMALL, "f.toml").fields[0].label == "员工"
    with pytest.raises(CatalogueError) as refused:
        parse_form(SMALL.replace(*change, 1), "f.toml")
    assert place in [problem.place for problem in refused.value.problems]


def test_the_firm_and_an_institution_read_it_with_persons_masked() -> None:
    for own in (True, False):
        part = compose_declared(FORM, latest(), own=own, on=DAY)
        said = {one.name: one.cell for one in part.lines}
        assert (part.availability, part.version, part.as_of) == (Availability.SHOWN, 3, AT)
        assert said["staff"].value == 36
        assert said["customer_kinds"].text == "企业；境外客户"
        assert (said["contact_mobile"].text, said["contact_mobile"].value) == ("138****5678", None)
    assert {one.name for one in FORM.fields if one.sensitivity is Sensitivity.PERSONAL} == {
        "contact_name", "contact_mobile",
    }  # fmt: skip


def test_three_kinds_of_nothing_are_three() -> None:
    nothing = Declaration(4, AT, shared=True, texts={})
    assert compose_declared(None, latest(), own=True, on=DAY).availability is Availability.NOT_COLLECTED
    assert compose_declared(FORM, None, own=False, on=DAY).availability is Availability.NO_RECORD
    assert compose_declared(FORM, nothing, own=False, on=DAY).availability is Availability.NO_RECORD
    held_back = compose_declared(FORM, latest(shared=False), own=False, on=DAY)
    assert held_back.availability is Availability.NOT_AUTHORISED
    assert held_back == compose_declared(FORM, latest(shared=False, texts={}), own=False, on=DAY)
    assert compose_declared(FORM, latest(shared=False), own=True, on=DAY).availability is Availability.SHOWN


def test_what_the_form_no_longer_asks_or_no_longer_takes_is_not_shown() -> None:
    small = parse_form(SMALL, "f.toml")
    part = compose_declared(small, latest(texts={"staff": "36", "gone": "x"}), own=True, on=DAY)
    assert [one.name for one in part.lines] == ["staff"]
    assert compose_declared(small, latest(texts={"staff": "many"}), own=True, on=DAY).lines == ()
