"""Files that take repair results back: the record is in the answers again, the rest is told why, each row can be undone."""

# ruff: noqa: F811 - fixtures are named as arguments

import csv
from collections.abc import Callable
from datetime import date
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC
from tests.hub.portals.conftest import browser, text_of  # noqa: F401 - fixtures
from tests.hub.redress.bench import DOCUMENT, PENALTY, Bench, penalty
from tests.hub.redress.test_imports import HEADER, ROW, SECURITY, apply, read, reasons

from xinqiao.domain.errors import Code, Conflict, Forbidden
from xinqiao.domain.repair_results import Unmatched
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress import import_selectors as selectors
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import RepairImport, Suppression
from xinqiao.trust.leaf import parse_leaf

BACK = f"{OWNER_USCC},{DOCUMENT},撤销修复,2026-11-10"


def undo(bench: Bench, made: RepairImport, line: int = 2, **changes: object) -> None:
    given = {"actor": bench.desk, "import_id": made.id, "line": line, "reason": "弄错了", "at": bench.now}
    services.undo_result(**{**given, **changes})  # type: ignore[arg-type]


def states(bench: Bench, made: RepairImport) -> list[str]:
    return [one.state for one in selectors.repair_import(bench.desk, made.id)[1]]


def last_act() -> str:
    leaf = parse_leaf(bytes(Leaf.objects.filter(type="CORRECT").order_by("-index")[0].body))
    return str(leaf.facts["act"])


@pytest.fixture
def first(bench: Bench) -> RepairImport:
    """A repair that was taken over, its record out of the lake."""
    bench.hold(penalty())
    made = read(bench, ROW)
    apply(bench, made)
    assert services.push_to_lake(at=bench.now) == 1
    assert bench.lines() == []
    return made


def test_a_row_takes_the_former_result_back_and_all_hear_of_it(bench: Bench, first: RepairImport) -> None:
    made = read(bench, BACK)
    (row,) = made.rows.all()
    assert (row.reason, row.record_ref, row.item) == ("", first.rows.get().record_ref, PENALTY)
    assert bench.lines() == []
    apply(bench, made)
    assert len(bench.lines()) == 1
    assert PENALTY in bench.lake.records(OWNER_USCC)
    assert not Suppression.objects.filter(ended_at=None).exists()
    assert last_act() == "result_withdrawn"
    assert (states(bench, made), states(bench, first)) == (["applied"], ["undone"])
    told = Notice.objects.filter(kind="repair_import_revoked")
    assert {one.audience_kind for one in told} == {"enterprise", "source"}
    entries = services.repair_results(at=bench.now)["results"]["entries"]  # type: ignore[index,call-overload]
    assert [one["reason"] for one in entries] == ["repaired", "restored"]  # type: ignore[index,call-overload]
    apply(bench, made)
    assert Suppression.objects.count() == 2, "nothing is applied twice"


def test_a_row_that_took_back_is_undone_once_and_can_be_taken_back_again(bench: Bench, first: RepairImport) -> None:  # fmt: skip
    made = read(bench, BACK)
    with pytest.raises(Conflict):
        undo(bench, made)
    apply(bench, made)
    with pytest.raises(Forbidden):
        undo(bench, made, actor=SECURITY)
    undo(bench, made)
    assert bench.lines() == []
    assert (states(bench, made), last_act()) == (["undone"], "withdrawal_undone")
    assert services.push_to_lake(at=bench.now) == 1
    with pytest.raises(Conflict) as caught:
        undo(bench, made)
    assert caught.value.code is Code.CONFLICT_STATE
    apply(bench, made)
    assert bench.lines() == [], "what was undone stays so"
    later = read(bench, BACK.replace("11-10", "11-12"))
    apply(bench, later)
    assert len(bench.lines()) == 1
    assert (states(bench, made), states(bench, later)) == (["undone"], ["applied"])


def test_what_is_not_exact_changes_nothing_and_says_why(bench: Bench, first: RepairImport) -> None:
    bench.hold(penalty(document_no="澄市监罚〔2026〕13号"))
    made = read(
        bench,
        BACK.replace("〔2026〕", "[2026]"),
        BACK.replace("12号", "13号"),
        BACK.replace("11-10", "10-01"),
        BACK.replace("撤销修复", "好像撤销了"),
    )
    assert reasons(made) == ["close", "not_in_force", "early", "decision"]
    elsewhere = services.read_results(
        actor=bench.desk, platform="信用某省", file_name="x.csv", chunks=[f"{HEADER}\n{BACK}\n".encode()], at=bench.now
    ).row  # fmt: skip
    assert reasons(elsewhere) == ["elsewhere"]
    for one in (made, elsewhere):
        apply(bench, one)
    assert len(bench.lines()) == 1, "the thirteenth was never hidden, the twelfth still is"
    assert Suppression.objects.filter(ended_at=None).count() == 1


def test_what_was_decided_here_is_revoked_here(bench: Bench) -> None:
    bench.hold(penalty())
    bench.granted()
    made = read(bench, BACK)
    apply(bench, made)
    assert (reasons(made), bench.lines()) == (["here"], [])


def test_one_file_may_repair_and_take_back_and_an_old_file_does_not_repair_again(bench: Bench) -> None:
    bench.hold(penalty())
    both = read(bench, ROW, BACK)
    assert reasons(both) == ["", Unmatched.NOT_IN_FORCE]
    apply(bench, both)
    assert (reasons(both), len(bench.lines())) == (["", ""], 1)
    old = read(bench, ROW.replace("准予", "同意"))
    apply(bench, old)
    assert (reasons(old), len(bench.lines())) == ([Unmatched.WITHDRAWN], 1)
    new = read(bench, ROW.replace("11-01", "11-15"))
    apply(bench, new)
    assert (reasons(new), bench.lines()) == ([""], [])


def test_a_term_that_ended_meanwhile_stays_ended(bench: Bench) -> None:
    bench.hold(penalty(decided_on=date(2025, 12, 20)))
    made = read(bench, ROW)
    apply(bench, made)
    back = read(bench, BACK)
    bench.cast.clock.set(bench.now.replace(year=2027))
    apply(bench, back)
    assert bench.lines() == [], "its publication is over by the clock"
    assert states(bench, back) == ["applied"]


def test_the_page_and_the_receipt_say_what_became_of_each_row(
    bench: Bench, first: RepairImport, browser: Callable[[str], Client]
) -> None:
    made, desk = read(bench, BACK, BACK.replace("12号", "=13号")), browser("ops")
    address = reverse("operator:repair_import", args=[made.id])
    assert "撤销修复的恢复公示" in text_of(desk.get(address))
    act = reverse("operator:repair_import_act", args=[made.id])
    assert desk.post(act, {"act": "apply", "version": "1"}).status_code == 302
    page = text_of(desk.get(address))
    assert "恢复公示" in page
    assert "没有正在生效的" in page
    receipt = reverse("operator:repair_import_receipt", args=[made.id])
    answer = desk.get(receipt)
    assert f"{made.number}.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row[3], row[6], row[8], row[9]) for row in rows[1:]] == [
        ("2", "撤销修复", "已转入", ""),
        ("3", "撤销修复", "未转入", "没有正在生效的、从文件转入的这条修复"),
    ]
    assert rows[1][2] == made.digest
    assert browser("aud").get(receipt).status_code == 200
    assert browser("bank").get(receipt).status_code == 403
    absent = reverse("operator:repair_import_receipt", args=["rim-" + "0" * 32])
    assert desk.get(absent).status_code == 404
    assert desk.post(act, {"act": "undo", "line": "2", "words": "弄错了", "version": "2"}).status_code == 302
    assert bench.lines() == []
