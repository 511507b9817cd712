"""Conditions as data: three values, reasons, refusals, and the smallest change, each against a slow literal twin."""

import random
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Invalid
from xinqiao.domain.market.change import Change, smallest_change
from xinqiao.domain.market.conditions import (
    NOTHING_ASKED,
    Condition,
    Facts,
    Missing,
    Tri,
    condition_json,
    judge,
    leaves,
    parse_condition,
    reasons,
)
from xinqiao.domain.market.fields import FIELDS, Effort, Kind, field_of

D = Decimal
SHOP: Facts = {
    "need.amount_fen": D(300_000_000),
    "need.months": D(12),
    "need.security": frozenset({"credit"}),
    "firm.region": "140105",
    "firm.industry": "C3921",
    "firm.size": "small",
    "firm.age_months": D(20),
    "firm.tax_grade": "M",
    "firm.tags": frozenset[str](),
    "records.dishonest_debtor": D(0),
    "fundflow.F01": Missing.NOT_AUTHORISED,
}


def read(**data: Json) -> Condition:
    return parse_condition(dict(data))


def verdict(data: Json, facts: Facts = SHOP) -> Tri:
    return judge(parse_condition(data), facts)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"field": "firm.region", "under": ["14"]}, Tri.YES),
        ({"field": "firm.region", "under": ["11", "12"]}, Tri.NO),
        ({"field": "firm.size", "one_of": ["micro", "small"]}, Tri.YES),
        ({"field": "firm.age_months", "from": "24"}, Tri.NO),
        ({"field": "need.amount_fen", "from": "300000000", "to": "300000000"}, Tri.YES),
        ({"field": "need.security", "one_of": ["credit", "pledge"]}, Tri.YES),
        ({"field": "need.security", "one_of": ["mortgage"]}, Tri.NO),
        ({"field": "records.dishonest_debtor", "to": "0"}, Tri.YES),
        ({"field": "fundflow.F01", "from": "100"}, Tri.UNKNOWN),
        ({"field": "records.tax_arrears", "to": "0"}, Tri.UNKNOWN),
        ({"all": []}, Tri.YES),
        # not known and no is no; not known or yes is yes; the negation of not known is not known
        (
            {"all": [{"field": "fundflow.F01", "from": "1"}, {"field": "firm.size", "one_of": ["micro"]}]},
            Tri.NO,
        ),
        (
            {"any": [{"field": "fundflow.F01", "from": "1"}, {"field": "firm.size", "one_of": ["small"]}]},
            Tri.YES,
        ),
        (
            {"all": [{"field": "fundflow.F01", "from": "1"}, {"field": "firm.size", "one_of": ["small"]}]},
            Tri.UNKNOWN,
        ),
        ({"not": {"field": "fundflow.F01", "from": "1"}}, Tri.UNKNOWN),
        ({"not": {"field": "firm.industry", "under": ["C39"]}}, Tri.NO),
    ],
)
def test_three_values(data: Json, expected: Tri) -> None:
    assert verdict(data) is expected


def test_every_comparison_says_what_it_found_also_when_it_did_not_decide() -> None:
    condition = read(
        all=[
            {"field": "firm.size", "one_of": ["micro"]},
            {"not": {"field": "firm.industry", "under": ["C39"]}},
            {"field": "fundflow.F01", "from": "1"},
            {"field": "firm.region", "under": ["14"]},
        ]
    )
    assert [
        (one.leaf.field.name, one.outcome, one.missing, one.turned) for one in reasons(condition, SHOP)
    ] == [
        ("firm.size", Tri.NO, None, False),
        ("firm.industry", Tri.NO, None, True),
        ("fundflow.F01", Tri.UNKNOWN, Missing.NOT_AUTHORISED, False),
        ("firm.region", Tri.YES, None, False),
    ]


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        ([], "", "SHAPE"),
        ({}, "", "SHAPE"),
        ({"any": []}, "", "SHAPE"),
        ({"all": [], "any": []}, "", "SHAPE"),
        ({"all": [{"field": "firm.mood", "one_of": ["good"]}]}, "all.0", "FIELD"),
        ({"field": "records.Bad-Name", "to": "0"}, "", "FIELD"),
        ({"field": "firm.region", "one_of": ["14"]}, "", "KIND"),
        ({"field": "firm.size", "under": ["s"]}, "", "KIND"),
        ({"field": "firm.size", "from": "1"}, "", "KIND"),
        ({"field": "firm.size", "one_of": ["huge"]}, "", "CODES"),
        ({"field": "firm.size", "one_of": []}, "", "CODES"),
        ({"field": "firm.tags", "one_of": ["专精特新"]}, "", "CODES"),
        ({"field": "firm.age_months", "from": 24}, "", "NUMBER"),
        ({"field": "firm.age_months", "from": "1e3"}, "", "NUMBER"),
        ({"field": "firm.age_months", "from": "1.5"}, "", "NUMBER"),
        ({"field": "firm.age_months", "from": "24", "to": "12"}, "", "BOUNDS"),
        ({"field": "firm.age_months"}, "", "SHAPE"),
        ({"field": "firm.age_months", "from": "1", "near": "2"}, "", "SHAPE"),
        (
            {"not": {"not": {"not": {"not": {"not": {"field": "firm.region", "under": ["14"]}}}}}},
            "not.not.not.not",
            "DEPTH",
        ),
        ({"all": [{"field": "firm.age_months", "from": "1"}] * 65}, "", "LEAVES"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_with_its_place(data: Any, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_condition(data)
    assert (caught.value.facts["field"], caught.value.facts["reason"]) == (field, reason)


def change(data: Json, facts: Facts = SHOP) -> dict[str, object] | None:
    found = smallest_change(parse_condition(data), facts)
    return None if found is None else {step.field.name: step.target for step in found.steps}


def test_the_smallest_change_of_examples() -> None:
    assert change({"field": "firm.region", "under": ["14"]}) == {}
    assert change({"field": "need.amount_fen", "from": "1000000", "to": "200000000"}) == {
        "need.amount_fen": D(200_000_000)
    }
    assert change({"field": "firm.age_months", "from": "24"}) == {"firm.age_months": D(24)}
    assert change({"field": "firm.age_months", "to": "12"}) is None, "nobody gets younger"
    assert change({"field": "firm.tax_grade", "one_of": ["A", "B"]}) == {"firm.tax_grade": "B"}
    assert change({"field": "firm.region", "under": ["11"]}) is None, "nobody moves for a loan"
    assert change({"not": {"field": "need.months", "to": "12"}}) == {"need.months": D(13)}
    assert change({"field": "need.security", "one_of": ["mortgage"]}) == {
        "need.security": frozenset({"credit", "mortgage"})
    }
    assert change({"field": "fundflow.F01", "from": "100.5"}) == {"fundflow.F01": D("100.5")}


def test_asking_for_less_comes_before_telling_before_waiting_before_work() -> None:
    wish: Json = {"field": "need.amount_fen", "to": "1"}
    tell: Json = {"field": "fundflow.F01", "from": "1"}
    wait: Json = {"field": "firm.age_months", "from": "21"}
    work: Json = {"field": "firm.tax_grade", "one_of": ["B"]}
    assert list(change({"any": [work, wait, tell, wish]}) or ()) == ["need.amount_fen"]
    assert list(change({"any": [work, wait, tell]}) or ()) == ["fundflow.F01"]
    assert list(change({"any": [work, wait]}) or ()) == ["firm.age_months"]
    # one step of a harder kind is not better than two of an easier one
    assert set(change({"any": [work, {"all": [wish, tell]}]}) or ()) == {"need.amount_fen", "fundflow.F01"}


def test_two_demands_on_one_field_are_met_together_or_not_at_all() -> None:
    narrow: Json = {"all": [{"field": "need.months", "from": "24"}, {"field": "need.months", "to": "36"}]}
    assert change(narrow) == {"need.months": D(24)}
    never: Json = {"all": [{"field": "need.months", "from": "24"}, {"field": "need.months", "to": "18"}]}
    assert change(never) is None


# -- against twins -----------------------------------------------------------------------------------------------------

NAMES = [
    "need.amount_fen", "need.months", "need.security", "firm.region", "firm.size", "firm.age_months", "firm.tax_grade",
    "records.dishonest_debtor", "fundflow.F01",
]  # fmt: skip
CODES = {
    "need.security": ["credit", "mortgage", "pledge"],
    "firm.size": ["micro", "small", "medium"],
    "firm.tax_grade": ["A", "B", "M", "C", "D"],
    "firm.region": ["14", "1401", "11"],
}


def some_condition(chance: random.Random, depth: int = 0) -> dict[str, Json]:
    shape = chance.random()
    if depth < 3 and shape < 0.45:
        parts: list[Json] = [some_condition(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
        return {chance.choice(["all", "any"]): parts}
    if depth < 3 and shape < 0.55:
        return {"not": some_condition(chance, depth + 1)}
    name = chance.choice(NAMES)
    field = field_of(name)
    assert field is not None
    if field.kind is Kind.NUMBER:
        low, high = sorted((chance.randrange(6), chance.randrange(6)))
        bounds: dict[str, Json] = {"from": str(low), "to": str(high)}
        if chance.random() < 0.6:
            del bounds[chance.choice(["from", "to"])]
        return {"field": name, **bounds}
    codes: list[Json] = [*chance.sample(CODES[name], chance.randrange(1, 3))]
    return {"field": name, "under" if field.kind is Kind.TREE else "one_of": codes}


def some_value(name: str, chance: random.Random) -> Any:
    field = field_of(name)
    assert field is not None
    if chance.random() < 0.2:
        return chance.choice(list(Missing))
    match field.kind:
        case Kind.NUMBER:
            return D(chance.randrange(6))
        case Kind.CODES:
            return frozenset(chance.sample(CODES[name], chance.randrange(3)))
        case Kind.TREE:
            return chance.choice(["140105", "110101", "1499"])
        case _:
            return chance.choice(CODES[name])


def some_facts(chance: random.Random) -> dict[str, Any]:
    return {name: some_value(name, chance) for name in NAMES if chance.random() < 0.9}


def literally(data: Any, facts: dict[str, Any]) -> str:
    """The same judgement from the data itself, in words."""
    if "all" in data:
        found = [literally(part, facts) for part in data["all"]]
        return "no" if "no" in found else "unknown" if "unknown" in found else "yes"
    if "any" in data:
        found = [literally(part, facts) for part in data["any"]]
        return "yes" if "yes" in found else "unknown" if "unknown" in found else "no"
    if "not" in data:
        return {"yes": "no", "no": "yes", "unknown": "unknown"}[literally(data["not"], facts)]
    value = facts.get(data["field"])
    if value is None or isinstance(value, Missing):
        return "unknown"
    if "one_of" in data:
        mine = value if isinstance(value, frozenset) else [value]
        return "yes" if any(code in data["one_of"] for code in mine) else "no"
    if "under" in data:
        return "yes" if any(value[: len(branch)] == branch for branch in data["under"]) else "no"
    if "from" in data and value < D(data["from"]):
        return "no"
    return "no" if "to" in data and value > D(data["to"]) else "yes"


def test_ten_thousand_pairs_are_judged_as_a_literal_reading_does_whatever_the_order_of_parts() -> None:
    chance = random.Random(4)
    seen = set()
    for _ in range(10_000):
        data, facts = some_condition(chance), some_facts(chance)
        condition = parse_condition(data)
        found = judge(condition, facts)
        assert found.name.lower() == literally(data, facts)
        assert parse_condition(condition_json(condition)) == condition
        assert judge(parse_condition(shuffled(data, chance)), facts) is found
        assert len(reasons(condition, facts)) == len(list(leaves(condition)))
        seen.add(found)
    assert seen == set(Tri)


def shuffled(data: Any, chance: random.Random) -> Any:
    for word in ("all", "any"):
        if word in data:
            parts = [shuffled(part, chance) for part in data[word]]
            chance.shuffle(parts)
            return {word: parts}
    return {"not": shuffled(data["not"], chance)} if "not" in data else data


def test_a_smallest_change_really_qualifies_and_no_part_of_it_can_be_left_out() -> None:
    chance = random.Random(5)
    helped = 0
    for _ in range(4_000):
        data, facts = some_condition(chance), some_facts(chance)
        condition = parse_condition(data)
        found = smallest_change(condition, facts)
        if found is None:
            continue
        assert judge(condition, found.applied(facts)) is Tri.YES
        assert all(step.effort is not Effort.NEVER for step in found.steps)
        for step in found.steps:
            less = Change(tuple(other for other in found.steps if other is not step))
            assert judge(condition, less.applied(facts)) is not Tri.YES
        again = smallest_change(parse_condition(shuffled(data, chance)), facts)
        assert again == found
        helped += bool(found.steps)
    assert helped > 800


def test_no_change_of_one_field_is_missed() -> None:
    """Whoever can be helped by one field alone is helped, and by no harder one: tried with every value there is."""
    chance = random.Random(6)
    every: dict[str, list[Any]] = {
        name: [D(n) for n in range(8)]
        for name in NAMES
        if FIELDS.get(name, field_of(name)).kind is Kind.NUMBER  # type: ignore[union-attr]
    }
    every["firm.tax_grade"] = CODES["firm.tax_grade"]
    every["need.security"] = [
        frozenset(code for code, taken in zip(CODES["need.security"], mask, strict=True) if taken)
        for mask in product([False, True], repeat=3)
    ]
    for _ in range(1_500):
        condition, facts = parse_condition(some_condition(chance)), some_facts(chance)
        if judge(condition, facts) is Tri.YES:
            continue
        found = smallest_change(condition, facts)
        for name, values in every.items():
            field = field_of(name)
            assert field is not None
            had = facts.get(name, Missing.NOT_TOLD)
            effort = Effort.TELL if isinstance(had, Missing) else field.effort
            for value in values:
                if field.effort is Effort.TIME and isinstance(had, Decimal) and value <= had:
                    continue
                if judge(condition, {**facts, name: value}) is Tri.YES:
                    assert found is not None, (condition_json(condition), name, value)
                    assert max(step.effort for step in found.steps) <= effort


def test_nothing_asked_is_satisfied_by_everybody() -> None:
    assert judge(NOTHING_ASKED, {}) is Tri.YES
    assert smallest_change(NOTHING_ASKED, {}) == Change(())
