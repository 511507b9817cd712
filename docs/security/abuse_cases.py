"""Fills the table of ``threat-model.md`` from ``abuse-cases.toml``: ``python docs/security/abuse_cases.py``."""

import sys
import tomllib
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent
PAGE = HERE / "threat-model.md"
BEGIN, END = "<!-- cases: made by abuse_cases.py -->", "<!-- end of cases -->"


class Case(TypedDict):
    """One abuse case of the file."""

    who: str
    abuse: str
    outcome: str
    tests: list[str]
    first: bool


def cases() -> dict[str, Case]:
    """All cases by their id."""
    raw = tomllib.loads((HERE / "abuse-cases.toml").read_text(encoding="utf-8"))
    return {name: {"first": False, **case} for name, case in raw.items()}


def table() -> str:
    """Every case with its outcome and the tests that show it."""
    lines = ["| 编号 | 谁 | 做什么 | 必须得到 | 由哪些测试证明 |", "| --- | --- | --- | --- | --- |"]
    for name, case in cases().items():
        shown = "<br>".join(f"`{t.removeprefix('tests/').replace('::', ' ')}`" for t in case["tests"])
        mark = f"**{name}**" if case["first"] else name
        lines.append(f"| {mark} | {case['who']} | {case['abuse']} | {case['outcome']} | {shown} |")
    return "\n".join(lines)


def page() -> str:
    """The page with a fresh table."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
