"""Whole statements with every expected figure worked out by hand beside it (tests/cases/fundflow)."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from xinqiao.domain.fundflow.compute import compute
from xinqiao.domain.fundflow.model import Context
from xinqiao.domain.fundflow.parse import parse_rows

CASES = Path(__file__).parents[2] / "cases" / "fundflow"
NAMES = sorted(path.stem for path in CASES.glob("*.json"))


def _lines():
    for name in NAMES:
        for id_ in json.loads((CASES / f"{name}.json").read_text())["expected"]:
            yield pytest.param(name, id_, id=f"{name}-{id_}")


def _computed(name):
    case = json.loads((CASES / f"{name}.json").read_text())
    context = {k: date.fromisoformat(v) if k == "as_of" else v for k, v in case["context"].items()}
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return case, compute(parse_rows(csv.DictReader(file)), Context(**context))


@pytest.mark.parametrize(("name", "id_"), list(_lines()))
def test_a_hand_computed_line_agrees_to_the_last_digit(name, id_):
    case, computed = _computed(name)
    *_, expected = case["expected"][id_]
    found = computed[id_].as_json()
    if isinstance(expected, dict):
        assert found["values"] == expected
    elif isinstance(expected, str) and expected.isupper():
        reasons = found["null_reason"]
        assert set(reasons.values()) == {expected} if isinstance(reasons, dict) else reasons == expected
    else:
        assert found["value"] == expected
        assert found["null_reason"] is None
