"""The sizes: every bound of the rule's table, its worked examples, what is open when a figure is missing."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.catalogue.size import size_rule
from xinqiao.domain.errors import Invalid
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.identifiers.gb4754 import DIVISIONS
from xinqiao.domain.msme import (
    Figures,
    Group,
    Indicator,
    SizeClass,
    Unsized,
    classify,
    explain,
    is_msme,
    parse_rule,
)
from xinqiao.domain.msme.rule import CLASSES, BadRule

CASES = json.loads((Path(__file__).parents[1] / "cases" / "msme.json").read_text(encoding="utf-8"))
RULE = size_rule()
LETTER = {"X": Indicator.EMPLOYEES, "Y": Indicator.REVENUE, "Z": Indicator.TOTAL_ASSETS}
WAN = 10_000
FEN = Decimal("0.01")
PLENTY = {
    Indicator.EMPLOYEES: 10**6,
    Indicator.REVENUE: Decimal(10**12),
    Indicator.TOTAL_ASSETS: Decimal(10**12),
}


def group(key: str) -> Group:
    return next(one for one in RULE.groups if one.key == key)


def figures(values: dict[Indicator, int | Decimal]) -> Figures:
    return Figures(**{one.value: value for one, value in values.items()})  # type: ignore[arg-type]


def code_of(one: Group) -> str:
    """A code the group's first scope stands for, with its letter where the scope has none."""
    return one.scope[0]


def test_the_table_is_the_rules_own() -> None:
    """The data file against a second copy, taken from the text of the rule and not from the file."""
    ours = [
        (one.key, letter, bound.large, bound.medium, bound.small)
        for one in RULE.groups
        for bound in one.thresholds
        for letter, indicator in LETTER.items()
        if indicator is bound.indicator
    ]
    assert sorted(ours) == sorted((k, letter, *map(Decimal, bounds)) for k, letter, *bounds in CASES["table"])
    assert len(RULE.groups) == 16


@pytest.mark.parametrize(("key", "letter", "large", "medium", "small"), CASES["table"])
def test_every_bound_is_reached_when_equal(
    key: str, letter: str, large: int, medium: int, small: int
) -> None:
    one, indicator = group(key), LETTER[letter]
    others: dict[Indicator, int | Decimal] = {
        bound.indicator: PLENTY[bound.indicator]
        for bound in one.thresholds
        if bound.indicator is not indicator
    }
    for bound, reached, below in (
        (large, SizeClass.LARGE, SizeClass.MEDIUM),
        (medium, SizeClass.MEDIUM, SizeClass.SMALL),
        (small, SizeClass.SMALL, SizeClass.MICRO),
    ):
        exact: int | Decimal = Decimal(bound * WAN) if indicator.is_money else bound
        less = exact - FEN if indicator.is_money else exact - 1
        assert classify(RULE, code_of(one), figures({**others, indicator: exact})).size is reached
        assert classify(RULE, code_of(one), figures({**others, indicator: less})).size is below


@pytest.mark.parametrize("case", CASES["examples"], ids=lambda case: f"{case['industry']}-{case['size']}")
def test_worked_examples(case: dict[str, object]) -> None:
    money = {
        one: None if case[f"{one}_wan"] is None else Decimal(str(case[f"{one}_wan"])) * WAN
        for one in ("revenue", "total_assets")
    }
    found = classify(RULE, str(case["industry"]), Figures(case["employees"], **money))  # type: ignore[arg-type]
    assert found.size == case["size"]
    assert [rank.size for rank in found.ranks] == case["ranks"]
    assert not found.provisional


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("C3824", "industry"), ("3824", "industry"), ("D44", "industry"), ("06", "industry"), ("B", "industry"),
        ("5910", "transport"), ("59", "storage"), ("599", "storage"), ("5821", "transport"), ("7010", "real_estate_development"),
        ("702", "property_management"), ("703", "other"), ("7090", "other"), ("85", "other"), ("Q8521", "other"),
        ("I63", "information_transmission"), ("6510", "software"), ("L", "leasing_business"), ("90", "other"),
    ],
)  # fmt: skip
def test_the_most_specific_scope_wins(code: str, key: str) -> None:
    found = classify(RULE, code, Figures())
    assert found.group is not None
    assert found.group.key == key


@pytest.mark.parametrize(
    "code", ["53", "G5310", "J", "6620", "704", "K7040", "P", "83", "84", "Q8411", "S", "T97"]
)
def test_out_of_scope_is_unclassified(code: str) -> None:
    found = classify(RULE, code, Figures(5, Decimal(1), Decimal(1)))
    assert (found.size, found.why, found.possible) == (SizeClass.UNCLASSIFIED, Unsized.OUT_OF_SCOPE, ())


@pytest.mark.parametrize("code", ["F", "G", "H", "I", "K", "Q", "70"])
def test_a_code_that_stops_too_early_is_not_guessed(code: str) -> None:
    found = classify(RULE, code, Figures(5, Decimal(1), Decimal(1)))
    assert (found.size, found.why, found.possible) == (SizeClass.UNKNOWN, Unsized.TOO_COARSE, CLASSES)


def test_every_division_has_an_answer() -> None:
    named = RULE.scopes()
    for division, (letter, _) in DIVISIONS.items():
        covered = division in named or letter in named or any(code.startswith(division) for code in named)
        assert covered, division


def test_no_industry_at_all() -> None:
    for text in ("", "X9", "C51", "远山"):
        assert classify(RULE, text, Figures(5)).why is Unsized.BAD_INDUSTRY


def test_a_missing_figure_leaves_a_range_and_says_which() -> None:
    found = classify(RULE, "C26", Figures(revenue=Decimal(30_000_000)))
    assert found.size is SizeClass.MEDIUM
    assert found.provisional
    assert found.possible == (SizeClass.MICRO, SizeClass.SMALL, SizeClass.MEDIUM)
    assert found.deciding == (Indicator.EMPLOYEES,)
    assert "还缺从业人员：可能是微型到中型" in explain(found).zh
    assert "Missing: employees. Anything from micro to medium" in explain(found).en


def test_a_missing_figure_that_cannot_matter() -> None:
    found = classify(RULE, "C26", Figures(employees=19))
    assert (found.size, found.possible, found.deciding) == (SizeClass.MICRO, (SizeClass.MICRO,), ())
    assert found.provisional
    assert found.missing == (Indicator.REVENUE,)


def test_nothing_known() -> None:
    found = classify(RULE, "C26", Figures())
    assert (found.size, found.why, found.possible) == (SizeClass.UNKNOWN, Unsized.NO_FIGURES, CLASSES)
    assert found.deciding == (Indicator.EMPLOYEES, Indicator.REVENUE)


def test_a_figure_the_industry_does_not_use_changes_nothing() -> None:
    found = classify(RULE, "M75", Figures(100, Decimal(1), Decimal(1)))
    assert (found.size, found.possible, len(found.ranks)) == (SizeClass.MEDIUM, (SizeClass.MEDIUM,), 1)


def test_reason_names_figures_bounds_and_clause() -> None:
    said = explain(classify(RULE, "C3824", Figures(350, Decimal("18999999.99"))))
    assert (
        said.zh
        == "从业人员 350 人，达到 300 人，为中型；营业收入 1,899.999999 万元，达到 300 万元，为小型；取最低的一档，所以是小型。"
    )
    assert said.en.startswith("Employees 350, at least 300: medium; revenue 1,899.999999 × 10,000 yuan")
    assert said.clause_zh == "《统计上大中小微型企业划分办法（2017）》（国统字〔2017〕213号）第 2 行 工业"


def test_individual_businesses_by_reference() -> None:
    found = classify(RULE, "F52", Figures(9, Decimal(8_000_000)), SubjectType.INDIVIDUAL_BUSINESS)
    assert (found.size, found.by_reference) == (SizeClass.MICRO, True)
    assert "参照本办法" in explain(found).zh
    assert is_msme(found, SubjectType.INDIVIDUAL_BUSINESS) is True


def test_msme_is_said_only_when_sure() -> None:
    assert is_msme(classify(RULE, "M75", Figures(100))) is True
    assert is_msme(classify(RULE, "M75", Figures(300))) is False
    assert is_msme(classify(RULE, "C26", Figures(1000))) is None
    assert is_msme(classify(RULE, "C26", Figures(999))) is True
    assert is_msme(classify(RULE, "J66", Figures(5))) is None


@pytest.mark.parametrize(
    "wrong",
    [{"employees": -1}, {"employees": True}, {"revenue": Decimal(-1)}, {"total_assets": Decimal("NaN")}, {"revenue": 1.5},
     {"revenue": Decimal(10**28)}],
)  # fmt: skip
def test_no_figure_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid) as caught:
        Figures(**wrong)  # type: ignore[arg-type]
    assert caught.value.facts["field"] in wrong


CODES = st.sampled_from([code for one in RULE.groups for code in one.scope])
PERSONS = st.integers(0, 3000)
MONEY = st.decimals(0, 10**11, places=2)


@given(CODES, PERSONS, MONEY, MONEY, PERSONS, MONEY, MONEY)
def test_more_of_anything_never_makes_it_smaller(
    code: str, x: int, y: Decimal, z: Decimal, dx: int, dy: Decimal, dz: Decimal
) -> None:
    before = classify(RULE, code, Figures(x, y, z)).size
    after = classify(RULE, code, Figures(x + dx, y + dy, z + dz)).size
    assert CLASSES.index(after) >= CLASSES.index(before)


@given(CODES, PERSONS, MONEY, MONEY, st.sets(st.sampled_from(list(Indicator))))
def test_the_full_answer_is_among_what_was_possible(
    code: str, x: int, y: Decimal, z: Decimal, hidden: set[Indicator]
) -> None:
    whole = {Indicator.EMPLOYEES: x, Indicator.REVENUE: y, Indicator.TOTAL_ASSETS: z}
    partly = classify(RULE, code, figures({one: value for one, value in whole.items() if one not in hidden}))
    assert classify(RULE, code, figures(whole)).size in partly.possible
    assert explain(partly).zh
    assert explain(partly).en


def _broken(**change: object) -> dict[str, object]:
    one = {
        "no": 1,
        "key": "a",
        "label": "a",
        "label_en": "a",
        "scope": ["A"],
        "employees": [3, 2, 1],
        **change,
    }
    return {"title": "t", "document_no": "d", "version": "v", "out_of_scope": ["J"], "group": [one]}


@pytest.mark.parametrize(
    "change",
    [
        {"employees": [1, 2, 3]},
        {"employees": [3, 2]},
        {"employees": [3.0, 2, 1]},
        {"scope": ["J"]},
        {"scope": [1]},
        {"no": "1"},
    ],
)
def test_data_that_are_no_rule_are_refused(change: dict[str, object]) -> None:
    parse_rule(_broken())
    with pytest.raises(BadRule):
        parse_rule(_broken(**change))
