"""Rows of other platforms' repair results: what is read, what is a match, and what waits for a person."""

from dataclasses import replace
from datetime import date

import pytest

from xinqiao.domain.repair_results import (
    Candidate,
    Former,
    ResultRow,
    Unmatched,
    match,
    match_withdrawal,
    read_row,
    takes_back,
)

TODAY = date(2026, 11, 21)
USCC = "91330100MA2XQA001" + "0"
NUMBER = "澄市监罚〔2026〕12号"
REF = "a" * 64
CELLS = {"uscc": "", "document": NUMBER, "decision": "准予修复", "decided_on": "2026-11-01"}


def _cells(**changes: str) -> dict[str, str]:
    from xinqiao.domain.identifiers import uscc_check

    body = USCC[:17]
    return {**CELLS, "uscc": body + uscc_check(body), **changes}


def _row(**changes: object) -> ResultRow:
    given = {"uscc": USCC, "document": NUMBER, "record": "", "decided_on": date(2026, 11, 1), **changes}
    return ResultRow(**given)  # type: ignore[arg-type]


def _record(**changes: object) -> Candidate:
    given = {
        "item": "x", "ref": REF, "numbers": frozenset({NUMBER}), "determined_on": date(2026, 5, 20), **changes,
    }  # fmt: skip
    return Candidate(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"uscc": "91330100MA2XQA0019"}, Unmatched.USCC),
        ({"uscc": ""}, Unmatched.USCC),
        ({"decision": "不予修复"}, Unmatched.NOT_GRANTED),
        ({"decision": "未修复"}, Unmatched.NOT_GRANTED),
        ({"decision": "好像修复了"}, Unmatched.DECISION),
        ({"document": ""}, Unmatched.DOCUMENT),
        ({"document": "远山农机有限公司"}, Unmatched.DOCUMENT),
        ({"document": "1" * 201}, Unmatched.DOCUMENT),
        ({"record": "abc"}, Unmatched.DOCUMENT),
        ({"decided_on": "2026-02-30"}, Unmatched.DATE),
        ({"decided_on": "2026-11-22"}, Unmatched.DATE),
    ],
)
def test_what_is_no_sound_row_says_why(changes: dict[str, str], why: Unmatched) -> None:
    assert read_row(_cells(**changes), today=TODAY) is why


def test_a_row_says_a_number_or_the_record_itself() -> None:
    for changes in (
        {},
        {"document": "", "record": REF},
        {"decided_on": "2026-11-21", "decision": "repaired"},
    ):
        assert isinstance(read_row(_cells(**changes), today=TODAY), ResultRow)


def test_one_exact_record_is_a_match_and_nothing_else_is() -> None:
    one, other = _record(), _record(ref="b" * 64, numbers=frozenset({"澄市监罚〔2026〕13号"}))
    assert match(_row(), [one, other]) is one
    assert match(_row(document="", record="b" * 64), [one, other]) is other
    assert match(_row(record="b" * 64), [one, other]) is Unmatched.CLOSE, "number and record disagree"
    assert match(_row(), []) is Unmatched.NO_FIRM
    assert match(_row(document="澄市监罚〔2026〕1号"), [one, other]) is Unmatched.NO_RECORD
    assert match(_row(), [one, _record(ref="b" * 64)]) is Unmatched.SEVERAL
    assert match(_row(decided_on=date(2026, 5, 19)), [one]) is Unmatched.EARLY
    assert match(_row(), [_record(gone=True)]) is Unmatched.GONE


@pytest.mark.parametrize(
    "written", ["澄市监罚[2026]12号", "澄市监罚（2026）12号", "澄市监罚〔２０２６〕 12 号"]
)
def test_a_number_that_is_written_otherwise_waits_for_a_person(written: str) -> None:
    assert match(_row(document=written), [_record()]) is Unmatched.CLOSE


@pytest.mark.parametrize("word", ["撤销修复", "恢复公示", "restored", "revoked"])
def test_a_decision_may_take_a_repair_back(word: str) -> None:
    row = read_row(_cells(decision=word), today=TODAY)
    assert isinstance(row, ResultRow)
    assert row.withdraws
    assert takes_back(f" {word} ")
    assert not _row().withdraws
    assert not takes_back("准予修复")


def test_only_the_platform_it_came_from_takes_exactly_one_repair_back() -> None:
    one = Former(REF, frozenset({NUMBER}), date(2026, 10, 1), "信用中国")
    other = replace(one, ref="b" * 64, numbers=frozenset({"澄市监罚〔2026〕13号"}))
    row = replace(_row(), withdraws=True)
    assert match_withdrawal(row, [one, other], "信用中国") is one
    assert match_withdrawal(replace(row, document="", record="b" * 64), [one, other], "信用中国") is other
    assert match_withdrawal(row, [], "信用中国") is Unmatched.NOT_IN_FORCE
    assert match_withdrawal(replace(row, document="澄市监罚(2026)12号"), [one], "信用中国") is Unmatched.CLOSE
    assert match_withdrawal(row, [one, replace(one, ref="c" * 64)], "信用中国") is Unmatched.SEVERAL
    assert match_withdrawal(row, [one], "信用某省") is Unmatched.ELSEWHERE
    assert match_withdrawal(row, [replace(one, platform="")], "信用中国") is Unmatched.HERE
    assert match_withdrawal(replace(row, decided_on=date(2026, 9, 30)), [one], "信用中国") is Unmatched.EARLY
    assert match_withdrawal(replace(row, decided_on=one.decided_on), [one], "信用中国") is one
