"""The literal engine and the engine over columns are two readings of one law: they must never differ."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from bench.statement import statement
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.provider.engine.agree import campaign, disagreements
from tests.provider.engine.nasty import Case, nasty
from xinqiao.domain.fundflow.clean import order_rows
from xinqiao.domain.fundflow.compute import compute as literal_compute
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.provider import engine
from xinqiao.provider.engine.cleaning import _Chain, clean
from xinqiao.provider.engine.columns import columns_of

REALISTIC = Context(as_of=date(2026, 10, 31), months=36, related=frozenset({"演示客户003有限公司"}))


def test_every_line_of_every_nasty_account_is_equal_to_the_last_digit() -> None:
    accounts, found = campaign(first=0, count=110)
    assert accounts >= 150
    assert found == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.randoms(use_true_random=False), st.sampled_from([1, 2, 5, 25]), st.sampled_from([1, 6, 13, 36]))
def test_small_statements_agree_at_several_lengths(random: Random, largest: int, months: int) -> None:
    case = nasty(random, largest + 1)
    assert disagreements(case, (months,)) == []


@pytest.mark.parametrize("seed", [100_003, 100_019, 100_043])
def test_long_statements_agree_at_every_length(seed: int) -> None:
    assert disagreements(nasty(Random(seed), largest=600), (1, 6, 12, 24, 36)) == []


@pytest.mark.parametrize(
    "as_of", [date(2026, 10, 31), date(2026, 10, 30), date(2025, 2, 28), date(2024, 1, 15)]
)
def test_a_plausible_account_agrees_on_every_day_asked_for(as_of: date) -> None:
    case = Case(statement(1200, 36), {}, replace(REALISTIC, as_of=as_of))
    assert disagreements(case, (12, 24)) == []


def test_one_prepared_account_answers_for_any_length_as_a_fresh_one_does() -> None:
    parsed = parse_rows(statement(900, 36, seed=4))
    prepared = engine.prepare(parsed, REALISTIC)
    account = parsed.accounts[0]
    for months in (36, 3, 24, 3, 36):
        fresh = engine.run(parsed, replace(REALISTIC, months=months))[account]
        assert engine.compute(prepared, account, months) == fresh


def test_all_lines_come_in_the_order_of_the_dictionary() -> None:
    parsed = parse_rows(statement(300, 12))
    (values,) = engine.run(parsed, REALISTIC).values()
    assert list(values) == [line.id for line in LINES if line.implemented]


def test_only_the_asked_lines_are_returned_in_the_order_asked() -> None:
    parsed = parse_rows(statement(300, 12))
    prepared = engine.prepare(parsed, REALISTIC)
    assert list(engine.compute(prepared, parsed.accounts[0], ids=["B01", "F02"])) == ["B01", "F02"]


def test_an_unknown_line_is_refused() -> None:
    parsed = parse_rows(statement(60, 12))
    with pytest.raises(KeyError):
        engine.compute(engine.prepare(parsed, REALISTIC), parsed.accounts[0], ids=["Z99"])


def test_sums_beyond_the_exact_range_of_bins_are_still_exact() -> None:
    rows = [{**row, "amount": "9999999999999.99", "balance_after": ""} for row in statement(40, 12)]
    case = Case(rows, {}, REALISTIC)
    assert disagreements(case, (12,)) == []


def test_sums_that_leave_64_bits_are_still_exact() -> None:
    amounts = {"in": "9999999999999.99", "out": "1.00"}
    rows = [
        {**row, "amount": amounts[row["direction"]], "balance_after": ""} for row in statement(20_000, 12)
    ]
    parsed = parse_rows(rows)
    account = parsed.accounts[0]
    into = sum(row.amount for row in parsed.rows if row.sign > 0)
    assert into > 2**63
    prepared = engine.prepare(parsed, replace(REALISTIC, months=36))
    shown = engine.compute(prepared, account, ids=["F01"])["F01"].values["gross_in"]
    assert shown == f"{into // 100}.{into % 100:02d}"


@pytest.mark.filterwarnings("error")
def test_an_account_beyond_64_bits_is_handed_over_without_a_word_and_beside_others() -> None:
    rows = [
        {
            **row,
            "amount": "9999999999999.99",
            "direction": "in",
            "booked_at": f"2026-10-05 {row['booked_at'][11:]}",
        }
        for row in statement(10_000, 1)
    ]
    others = statement(60, 12, seed=2, account="6222000000000009")
    others[0]["counterparty_account"] = rows[0]["account_no"]
    parsed = parse_rows(rows + others)
    prepared = engine.prepare(parsed, REALISTIC)
    for account in parsed.accounts:
        alone = literal_compute(parsed, REALISTIC, account=account, ids=["F01", "A02"])
        assert engine.compute(prepared, account, ids=["F01", "A02"]) == alone


def test_the_file_order_of_a_statement_does_not_matter_when_times_differ() -> None:
    text = statement(400, 24)
    times = {row["booked_at"] for row in text}
    assert len(times) == len(text)
    forward = engine.run(parse_rows(text), REALISTIC)
    assert engine.run(parse_rows(text[::-1]), REALISTIC) == forward


def test_days_without_times_are_put_in_order_alike_however_broken_their_chain_is() -> None:
    random = Random(11)
    for _ in range(40):
        rows = [
            {
                "account_no": "1", "booked_at": f"2026-10-0{day}", "txn_id": f"{day}-{number}",
                "direction": random.choice(("in", "out")), "amount": f"{random.randrange(1, 5)}",
                "balance_after": f"{random.randrange(-6, 12)}" if random.randrange(6) else "",
            }
            for day in range(1, 4)
            for number in range(random.randrange(2, 40))
        ]  # fmt: skip
        parsed = parse_rows(rows)
        literal = [row.index for row in order_rows(parsed.rows)]
        columns, accounts = columns_of(parsed)
        cleaned = clean(columns, len(accounts), date(2026, 10, 31).toordinal()).rows
        assert [cleaned.txn.values[code] for code in cleaned.txn.codes] == [
            rows[i]["txn_id"] for i in literal
        ]


def test_a_broken_day_costs_the_columns_no_more_than_its_length() -> None:
    class Counted(int):
        compared = 0
        __hash__ = int.__hash__

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return int(self) == other

    n = 3000
    balances = [Counted(i * 1000 % 7919) for i in range(n)]
    ordered = _Chain([1] * n, balances, [True] * n).arrange(-1, list(range(n)))
    assert sorted(ordered) == list(range(n))
    assert Counted.compared < 10 * n


def test_discounted_bills_count_in_both_directions() -> None:
    head = {"account_no": "1", "summary_text": "贴现"}
    rows = [
        {**head, "booked_at": "2026-10-05", "direction": "in", "amount": "300.00"},
        {**head, "booked_at": "2026-10-06", "direction": "in", "amount": "100.00", "summary_text": "货款"},
        {**head, "booked_at": "2026-10-07", "direction": "out", "amount": "20.00"},
    ]
    case = Case(rows, {}, REALISTIC)
    assert disagreements(case, (1,)) == []
    share = engine.run(parse_rows(rows), REALISTIC)["1"]["C09"].values["discount_share"]
    assert share == "0.8000"  # (300 + 20) / 400
