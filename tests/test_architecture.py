"""Rules of the house that the import contracts cannot say, each a small walk over the syntax trees.

An exception is made visible with a comment ``# house: allow <rule>`` on the line, with the reason beside it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src" / "xinqiao"
FILES = sorted(p for p in SRC.rglob("*.py") if "migrations" not in p.parts)


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def _offences(path: Path, rule: str, names: set[str]) -> list[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    return [
        f"{path.relative_to(SRC)}:{node.lineno} {name}"
        for node, name in _calls(ast.parse(text))
        if name in names and f"house: allow {rule}" not in lines[node.lineno - 1]
    ]


def test_now_comes_from_the_clock_only() -> None:
    names = {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "timezone.now", "time.time"}
    offences = [o for p in FILES if p.name != "clock.py" for o in _offences(p, "now", names)]
    assert offences == []


def test_the_domain_does_no_arithmetic_in_floats() -> None:
    offences = [o for p in FILES if "domain" in p.parts for o in _offences(p, "float", {"float"})]
    assert offences == []


def test_portals_and_gateway_reach_rows_through_selectors_and_services_only() -> None:
    offences = []
    for path in FILES:
        if not {"portals", "gateway"} & set(path.parts):
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and node.attr == "objects":
                line = text.splitlines()[node.lineno - 1]
                if "house: allow objects" not in line:
                    offences.append(f"{path.relative_to(SRC)}:{node.lineno}")
    assert offences == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_every_module_says_what_lives_in_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8").strip()
    assert not text or ast.get_docstring(ast.parse(text)), "a module docstring is missing"


def test_files_stay_readable() -> None:
    """Over 500 lines a file is two ideas; data tables are exempt."""
    long = [
        f"{p.relative_to(SRC)}: {n}"
        for p in FILES
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 500 and "data" not in p.stem
    ]
    assert long == []


def test_no_transaction_wraps_whole_requests() -> None:
    """``ATOMIC_REQUESTS`` would put network calls and page rendering inside a transaction (reliability 5.2)."""
    assert [p for p in FILES if '"ATOMIC_REQUESTS": True' in p.read_text(encoding="utf-8")] == []
