"""Reading by whole columns gives what reading row by row gives, and refuses what it refuses."""

from dataclasses import replace
from datetime import date
from random import Random

import pyarrow as pa
import pytest
from bench.statement import statement

from tests.provider.engine.nasty import nasty
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.fundflow.model import COLUMNS, Context
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.provider import engine

CONTEXT = Context(as_of=date(2026, 10, 31), months=12)


def table_of(rows: list[dict[str, str]]) -> pa.Table:
    """Text columns, null for an empty text as a database gives it."""
    return pa.table(
        {name: pa.array([row.get(name) or None for row in rows], pa.string()) for name in COLUMNS}
    )


def one_row(**changes: str) -> list[dict[str, str]]:
    return [
        {
            "account_no": "1",
            "booked_at": "2026-09-01 10:00:00",
            "direction": "in",
            "amount": "100.00",
            **changes,
        },
        {"account_no": "1", "booked_at": "2026-09-02", "direction": "out", "amount": "1"},
    ]


@pytest.mark.parametrize("seed", range(60))
def test_a_table_and_its_rows_give_the_same_figures(seed: int) -> None:
    case = nasty(Random(300_000 + seed), 40)
    from_rows = engine.run(parse_rows(case.rows, parity=case.parity), case.context)
    prepared = engine.prepare_table(table_of(case.rows), case.context, parity=case.parity)
    assert {key: engine.compute(prepared, key) for key in prepared.accounts} == from_rows


@pytest.mark.parametrize(
    "changes",
    [
        {"booked_at": "2026-09-01T10:00:00"},
        {"booked_at": "2026-09-01T02:00:00Z"},
        {"booked_at": " 2026-09-01 10:00:00 "},
        {"booked_at": "1950-01-01"},
        {"booked_at": "2199-12-31 23:59:59"},
        {"amount": "100"},
        {"amount": " 100.5"},
        {"balance_after": "-0.01"},
        {"account_no": " 1 "},
        {"direction": "in "},
        {"currency": "rmb"},
    ],
)
def test_every_allowed_form_of_a_value_is_read_alike(changes: dict[str, str]) -> None:
    rows = one_row(**changes)
    prepared = engine.prepare_table(table_of(rows), CONTEXT)
    assert engine.compute(prepared, "1") == engine.run(parse_rows(rows), CONTEXT)["1"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("booked_at", "2026-02-30"),
        ("booked_at", "2026-13-01 00:00:00"),
        ("booked_at", "9999-12-31"),
        ("booked_at", "2200-01-01 00:00:00"),
        ("booked_at", "1949-12-31"),
        ("booked_at", "2026-09-01 24:00:00"),
        ("booked_at", "2026/09/01"),
        ("booked_at", "2026-09-0１"),
        ("amount", "1.005"),
        ("amount", "1e3"),
        ("amount", "0"),
        ("amount", "-5"),
        ("amount", "99999999999999.00"),
        ("balance_after", "1,000"),
        ("direction", "credit"),
        ("account_no", " - "),
    ],
)
def test_a_value_against_the_rules_refuses_the_table_and_names_row_and_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        engine.prepare_table(table_of(one_row(**{field: value})), CONTEXT)
    assert refused.value.code is Code.FILE_VALUE
    assert refused.value.facts == {"row": 1, "field": field}


def test_a_table_in_several_pieces_is_one_table() -> None:
    whole = table_of(statement(300, 12))
    pieces = pa.concat_tables([whole.slice(0, 7), whole.slice(7, 200), whole.slice(207)])
    account = whole["account_no"][0].as_py()
    assert engine.compute(engine.prepare_table(pieces, CONTEXT), account) == engine.compute(
        engine.prepare_table(whole, CONTEXT), account
    )


def test_an_empty_table_has_no_accounts() -> None:
    assert engine.prepare_table(table_of([]), CONTEXT).accounts == {}


def test_accounts_of_a_batch_are_each_looked_at_alone() -> None:
    accounts = [f"622200000000000{i}" for i in range(4)]
    rows = [row for i, account in enumerate(accounts) for row in statement(150, 12, seed=i, account=account)]
    rows[3]["counterparty_account"] = accounts[1]
    context = replace(CONTEXT, bound=frozenset(accounts))
    figures = engine.figures_table(table_of(rows), context).to_pylist()
    for account in accounts:
        own = [row for row in rows if row["account_no"] == account]
        alone = engine.run(parse_rows(own), context)[account]
        expected = {
            (line, key): None if shown is None else str(shown)
            for line, value in alone.items()
            for key, shown in value.values.items()
        }
        assert {
            (f["id"], f["key"]): f["value"] for f in figures if f["account"] == account and f["key"]
        } == expected
