"""What one check of ``xinqiao doctor`` found, and how findings are shown. The checks themselves are beside it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from xinqiao.cli.terminal import padded, width


class State(StrEnum):
    """How a thing stands. Only ``BAD`` makes the command fail."""

    OK = "ok"
    NOTE = "note"  # works, or will be made by the first start; an operator should know
    BAD = "bad"  # the hub would not start, would refuse people, or is not safe


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: what was looked at, how it stands, and what to do, Chinese first."""

    check: str
    state: State
    said: str
    step: str = ""


def ok(check: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(check, State.OK, said)


def note(check: str, said: str, step: str = "") -> Finding:
    """Worth knowing."""
    return Finding(check, State.NOTE, said, step)


def bad(check: str, said: str, step: str) -> Finding:
    """To be put right."""
    return Finding(check, State.BAD, said, step)


_MARKS = {State.OK: "✓ 正常 ok", State.NOTE: "· 留意 note", State.BAD: "✗ 有误 bad"}


def as_table(findings: Sequence[Finding]) -> str:
    """The form for people: one line per check, the next step under it."""
    wide = max((width(f.check) for f in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{padded(_MARKS[finding.state], 12)}  {padded(finding.check, wide)}  {finding.said}")
        if finding.step:
            lines.append(f"{' ' * 12}  {' ' * wide}  → {finding.step}")
    count = sum(f.state is State.BAD for f in findings)
    lines += ["", f"{count} 处有误 to be put right" if count else "没有发现问题 nothing is wrong"]
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """The form for programs: ``ok`` and the list of ``findings``."""
    good = all(f.state is not State.BAD for f in findings)
    return json.dumps({"ok": good, "findings": [asdict(f) for f in findings]}, ensure_ascii=False, indent=1)
