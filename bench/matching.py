"""Matching one need with all products, and one policy with all firms.

``XINQIAO_BENCH_PRODUCTS`` (10,000), ``XINQIAO_BENCH_FIRMS`` (3,000,000), ``XINQIAO_BENCH_POLICIES`` (100). The peers: the
same judgement, reasons and scores pair by pair over plain objects; DuckDB's plain count with the same filter over a table of
the same columns in memory.
"""

import os
import random
import time
from decimal import Decimal

import duckdb
import numpy as np

from bench._table import BenchRow, interleaved, p50, verdict
from xinqiao.domain.canonical import Json
from xinqiao.domain.market.conditions import Condition, Facts, Missing, judge, parse_condition, reasons
from xinqiao.domain.market.matching import Need, Offer, Weights, fit_of, hard_conditions
from xinqiao.lake.judging.firms import NOT_KNOWN, FirmTable
from xinqiao.lake.judging.matching import MatchBook

PRODUCTS = int(os.environ.get("XINQIAO_BENCH_PRODUCTS", "10000"))
FIRMS = int(os.environ.get("XINQIAO_BENCH_FIRMS", "3000000"))
POLICIES = int(os.environ.get("XINQIAO_BENCH_POLICIES", "100"))
SEED = 20261121
REGIONS = [
    f"{province}{city:02}{county:02}"
    for province in (14, 13, 61)
    for city in range(1, 12)
    for county in range(1, 14)
]
INDUSTRIES = [f"{letter}{number:02}" for letter in "ABCDEFGHIJKL" for number in range(1, 12)]
SIZES, GRADES = ["micro", "small", "medium", "large"], ["A", "B", "M", "C", "D"]


def rows() -> list[BenchRow]:
    """The figures of matching."""
    return [*_products(), *_firms()]


# -- one need, all products --------------------------------------------------------------------------------------------


def _condition(chance: random.Random) -> Json:
    asked: list[Json] = [
        {"field": "firm.region", "under": [chance.choice(["14", "1401", "1402", "13"])]},
        {"field": "firm.size", "one_of": [*chance.sample(SIZES, 2)]},
        {"field": "firm.age_months", "from": str(chance.randrange(60))},
        {"not": {"field": "records.dishonest_debtor", "from": "1"}},
        {
            "any": [
                {"field": "firm.tax_grade", "one_of": ["A", "B"]},
                {"field": "fundflow.F01", "from": str(chance.randrange(1_000_000))},
            ]
        },
    ]
    return {"all": asked}


def _offer(chance: random.Random, number: int) -> Offer:
    low, high = sorted(chance.randrange(1, 500) * 1_000_000 for _ in range(2))
    short, long = sorted(chance.randrange(1, 61) for _ in range(2))
    cheap, dear = sorted(Decimal(chance.randrange(250, 1_500)).scaleb(-4) for _ in range(2))
    decided = chance.randrange(0, 40)
    return Offer(
        f"prd-{number:06}", (low, high), (short, long), (cheap, dear), chance.choice(["credit", "mortgage"]),
        chance.randrange(1, 25), parse_condition(_condition(chance)), chance.random() < 0.3,
        chance.randrange(decided + 1), decided,
    )  # fmt: skip


def _products() -> list[BenchRow]:
    chance, weights = random.Random(SEED), Weights()
    offers = [_offer(chance, number) for number in range(PRODUCTS)]
    book = MatchBook(offers)
    need = Need(150_000_000, 12, "working_capital", frozenset({"credit"}), Decimal("0.06"))
    firm: Facts = {
        "firm.region": "140105",
        "firm.size": "small",
        "firm.age_months": Decimal(30),
        "records.dishonest_debtor": Decimal(0),
        "firm.tax_grade": "M",
        "fundflow.F01": Missing.NOT_AUTHORISED,
    }

    def objects() -> list[tuple[int, int]]:
        facts = {**firm, **need.facts()}
        found = []
        for offer in offers:
            condition = hard_conditions(need, offer)
            outcome = judge(condition, facts)
            reasons(condition, facts)
            found.append((int(outcome), fit_of(need, offer, weights).score(weights)))
        return sorted(found, reverse=True)

    table = book.match(need, firm, weights)
    ours = [(int(table.verdicts[place]), int(table.scores[place])) for place in table.order]
    if ours != objects():
        raise RuntimeError("the two ways of matching differ")
    many, plain = (p50(one) for one in interleaved([lambda: book.match(need, firm, weights), objects]))
    return [
        BenchRow(
            "G11", f"one need against {PRODUCTS:,} products, verdicts, all reasons, scores, order",
            f"{many * 1000:.2f} ms", f"plain objects {plain * 1000:.0f} ms", f"{plain / many:.0f}×",
            "≥ 30×, ≤ 2 ms", "≥ 100×", verdict(plain / many >= 30 and many <= 0.002, plain / many >= 100),
        )
    ]  # fmt: skip


# -- one policy, all firms ---------------------------------------------------------------------------------------------


def _table(chance: np.random.Generator) -> FirmTable:
    table = FirmTable(FIRMS)
    skew = chance.random(FIRMS) ** 2
    table.add_codes("firm.region", (skew * len(REGIONS)).astype(np.int32), REGIONS)
    table.add_codes("firm.industry", chance.integers(0, len(INDUSTRIES), FIRMS, dtype=np.int32), INDUSTRIES)
    table.add_codes("firm.size", chance.choice(4, FIRMS, p=[0.8, 0.15, 0.04, 0.01]).astype(np.int32), SIZES)
    # the last place is "not known"
    table.add_codes("firm.tax_grade", chance.integers(0, len(GRADES) + 1, FIRMS, dtype=np.int32), GRADES)
    table.add_numbers("firm.age_months", chance.integers(0, 400, FIRMS))
    debts = chance.integers(0, 100, FIRMS)
    table.add_numbers("records.dishonest_debtor", np.where(debts > 95, debts - 95, 0))
    turnover = chance.integers(0, 10**9, FIRMS)
    table.add_numbers("fundflow.F01", np.where(chance.random(FIRMS) < 0.7, NOT_KNOWN, turnover))
    return table


def _policy(chance: random.Random) -> Condition:
    return parse_condition(
        {
            "all": [
                {"field": "firm.region", "under": [chance.choice(["14", "1401", "13", "61"])]},
                {"field": "firm.industry", "under": [*chance.sample("ABCDEFGHIJKL", 4)]},
                {"field": "firm.size", "one_of": ["micro", "small"]},
                {"field": "firm.age_months", "from": str(chance.randrange(12, 60))},
                {"field": "records.dishonest_debtor", "to": "0"},
            ]
        }
    )


def _filter(policy: Json) -> str:
    """The same filter as SQL over the same columns: texts as DuckDB's enumerations, which compare as numbers."""
    assert isinstance(policy, dict)
    parts = []
    for leaf in policy["all"]:  # type: ignore[union-attr]
        assert isinstance(leaf, dict)
        name = '"' + str(leaf["field"]) + '"'
        if "under" in leaf:
            branches = " OR ".join(f"starts_with({name}, '{branch}')" for branch in leaf["under"])  # type: ignore[union-attr]
            parts.append(f"({branches})")
        elif "one_of" in leaf:
            parts.append(f"{name} IN ({', '.join(repr(code) for code in leaf['one_of'])})")  # type: ignore[union-attr]
        else:
            parts.append(f"{name} >= {leaf['from']}" if "from" in leaf else f"{name} <= {leaf['to']}")
    return " AND ".join(parts)


def _firms() -> list[BenchRow]:
    from xinqiao.domain.market.conditions import condition_json

    table, chance = _table(np.random.default_rng(SEED)), random.Random(SEED)
    policies = [_policy(chance) for _ in range(POLICIES)]
    plain = duckdb.connect()
    plain.execute("SET threads = " + str(len(os.sched_getaffinity(0))))
    columns: dict[str, object] = {}
    for name, codes in table.codes.items():
        columns[name] = np.array([*codes.codes, ""], dtype=object)[codes.places]
    for name, numbers in table.numbers.items():
        columns[name] = numbers.values
    picked = ", ".join(f'"{name}"' for name in columns)
    data = columns  # noqa: F841 - DuckDB finds it by its name
    plain.execute(f"CREATE TABLE firm AS SELECT {picked} FROM data")
    question = f"SELECT count(*) FROM firm WHERE {_filter(condition_json(policies[0]))}"
    fits = table.counted(policies[0]).fits
    answer = plain.execute(question).fetchall()[0][0]
    if fits != answer:
        raise RuntimeError(f"{fits} firms here, {answer} there")
    ours, theirs = (
        p50(one)
        for one in interleaved(
            [lambda: table.counted(policies[0]), lambda: plain.execute(question).fetchall()]
        )
    )
    start = time.perf_counter()
    total = sum(table.counted(policy).fits for policy in policies)
    night = time.perf_counter() - start
    return [
        BenchRow(
            "G12", f"one policy over {FIRMS:,} firms, three verdicts ({fits:,} fit)", f"{ours * 1000:.1f} ms",
            f"DuckDB's count {theirs * 1000:.1f} ms", f"{theirs / ours:.2f}×", "≥ 0.5×", "≥ 1×",
            verdict(theirs / ours >= 0.5, theirs / ours >= 1),
        ),
        BenchRow(
            "G12n", f"a night: {POLICIES} policies × {FIRMS:,} firms ({total:,} fit)", f"{night:.1f} s",
            "the limit", f"{60 / night:.0f}×", "≤ 60 s", "", verdict(night <= 60, False),
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    from bench._table import render

    print(render(rows()))
