"""Compare the two engines on one statement."""

import sys
from dataclasses import fields, replace
from random import Random

from tests.provider.engine.nasty import Case, nasty
from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.compute import compute_books
from xinqiao.domain.fundflow.facts import Facts
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.parse import parse_rows
from xinqiao.provider import engine


def disagreements(case: Case, months: tuple[int, ...] = ()) -> list[str]:
    """Every key on which the engines differ, as text; empty when they agree."""
    parsed = parse_rows(case.rows, parity=case.parity)
    prepared = engine.prepare(parsed, case.context)
    found: list[str] = []
    for n in {case.context.months, *months}:
        context = replace(case.context, months=n)
        statement = Statement(parsed, context)
        for account in parsed.accounts:
            literal = compute_books(statement.books(account))
            fast = engine.compute(prepared, account, n)
            if list(fast) != list(literal):
                found.append(f"lines differ: {sorted(set(fast) ^ set(literal))}")
            for line, value in literal.items():
                if fast[line].as_json() != value.as_json() or list(fast[line].values) != list(value.values):
                    found.append(
                        f"{line} account {account} N={n}: fast {_show(fast[line])} literal {_show(value)}"
                    )
            found += _facts(
                account, gather_facts(statement.books(account)), engine.facts(prepared, account, n)
            )
    return found


def _facts(account: str, literal: Facts, fast: Facts) -> list[str]:
    """Parts of the products' facts that differ."""
    return [
        f"FACTS {part.name} account {account}: fast {getattr(fast, part.name)} literal {getattr(literal, part.name)}"
        for part in fields(Facts)
        if part.name != "indicators" and getattr(fast, part.name) != getattr(literal, part.name)
    ]


def _show(value: object) -> str:
    return f"{value.values} {dict(value.null_reasons)} {value.alone} cov {value.coverage}"  # type: ignore[attr-defined]


def campaign(first: int, count: int, largest: int = 120) -> tuple[int, list[str]]:
    """Seeds first to first + count - 1; returns the number of accounts and the disagreements."""
    accounts, found = 0, []
    for seed in range(first, first + count):
        case = nasty(Random(seed), largest)
        accounts += len({row["account_no"] for row in case.rows})
        found += [f"seed {seed}: {text}" for text in disagreements(case)]
    return accounts, found


if __name__ == "__main__":
    # A campaign: python -m tests.provider.engine.agree FIRST_SEED COUNT [ROWS]
    first, count, *rest = (int(argument) for argument in sys.argv[1:])
    accounts, differences = campaign(first, count, *rest)
    print(f"{accounts} accounts, {len(differences)} differences")
    print("\n".join(differences[:20]))
    sys.exit(bool(differences))
