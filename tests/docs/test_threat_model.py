"""The abuse cases of the first release each have an outcome and tests that exist."""

import re
import runpy

import pytest
from tests.docs.code import ROOT, has_test

SECURITY = ROOT / "docs" / "security"
MADE = runpy.run_path(str(SECURITY / "abuse_cases.py"))
CASES = MADE["cases"]()

#: What the first release must show; the list does not shrink with the file.
FIRST = [
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "A6",
    "A8",
    "A10",
    "A12",
    "A13",
    "B1",
    "B2",
    "B4",
    "B7",
    "B8",
    "B9",
    "C9",
    "E9",
]


def test_the_table_is_fresh() -> None:
    page = (SECURITY / "threat-model.md").read_text(encoding="utf-8")
    assert page == MADE["page"](), "run: python docs/security/abuse_cases.py"


def test_every_case_of_the_first_release_is_there_and_marked() -> None:
    assert [name for name, case in CASES.items() if case["first"]] == FIRST


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_an_outcome_and_at_least_one_test_and_all_of_them_exist(name: str) -> None:
    case = CASES[name]
    assert case["abuse"]
    assert case["outcome"]
    assert case["tests"]
    assert [one for one in case["tests"] if not has_test(one)] == []
    assert len(set(case["tests"])) == len(case["tests"])


def test_the_check_of_tests_can_fail() -> None:
    assert not has_test("tests/docs/test_threat_model.py::test_that_is_not_there")
    assert not has_test("tests/docs/test_gone.py::test_the_table_is_fresh")
    assert has_test("tests/docs/test_threat_model.py::test_the_table_is_fresh")


def test_every_test_named_after_a_case_is_in_the_table() -> None:
    """Names like ``test_a5_…`` claim a case; a case nobody lists would be lost to a reader."""
    claimed = {
        f"{path.relative_to(ROOT)}::{name}": case.upper()
        for path in (ROOT / "tests").rglob("test_*.py")
        if "fundflow" not in path.parts  # there A15 is an indicator
        for name, case in re.findall(r"def (test_([abcde][1-9]\d?)_\w+)", path.read_text(encoding="utf-8"))
    }
    assert claimed
    assert sorted(set(claimed.values()) - set(CASES)) == []
