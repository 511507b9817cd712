"""Another platform's repair results through the desk's pages, and taking an applied row back."""

# ruff: noqa: F811 - fixtures are named as arguments

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC
from tests.hub.portals.conftest import browser, text_of  # noqa: F401 - fixtures
from tests.hub.redress.bench import PENALTY, Bench, penalty
from tests.hub.redress.test_imports import HEADER, ROW, SECURITY, apply, read, reasons

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import RepairImport, Suppression
from xinqiao.trust.leaf import parse_leaf

type Browser = Callable[[str], Client]

LISTING = "operator:repair_imports"


def _undo(bench: Bench, made: RepairImport, **changes: object) -> None:
    given = {"actor": bench.desk, "import_id": made.id, "line": 2, "reason": "那边已经撤销", "at": bench.now}
    services.undo_result(**{**given, **changes})  # type: ignore[arg-type]


def test_an_applied_row_is_taken_back_once_and_with_a_reason(bench: Bench) -> None:
    bench.hold(penalty())
    made = read(bench, ROW, ROW.replace("12号", "99号"))
    with pytest.raises(Conflict):
        _undo(bench, made)
    apply(bench, made)
    assert services.push_to_lake(at=bench.now) == 1
    assert PENALTY not in bench.lake.records(OWNER_USCC)
    with pytest.raises(Forbidden):
        _undo(bench, made, actor=SECURITY)
    for wrong in ({"line": 77}, {"import_id": "rim-" + "0" * 32}):
        with pytest.raises(NotFound):
            _undo(bench, made, **wrong)
    with pytest.raises(Invalid):
        _undo(bench, made, reason=" ")
    with pytest.raises(Conflict):
        _undo(bench, made, line=3)
    assert bench.lines() == []
    _undo(bench, made)
    assert len(bench.lines()) == 1
    assert not Suppression.objects.filter(ended_at=None).exists()
    last = parse_leaf(bytes(Leaf.objects.filter(type="CORRECT").order_by("-index")[0].body))
    assert (last.facts["act"], last.facts["line"]) == ("result_undone", 2)
    told = Notice.objects.filter(kind="repair_import_undone")
    assert {one.audience_kind for one in told} == {"enterprise", "source"}
    with pytest.raises(Conflict) as caught:
        _undo(bench, made)
    assert caught.value.code is Code.CONFLICT_STATE
    apply(bench, made)
    assert (reasons(made), len(bench.lines())) == (["", "no_record"], 1), "what was taken back stays so"


def _send(client: Client, content: bytes, platform: str = "信用中国"):
    file = SimpleUploadedFile("结果.csv", content)
    return client.post(reverse(LISTING), {"platform": platform, "file": file})


def test_the_desk_reads_sees_applies_and_takes_back(bench: Bench, browser: Browser) -> None:
    bench.hold(penalty())
    desk = browser("ops")
    assert "还没有读过" in text_of(desk.get(reverse(LISTING)))
    content = f"{HEADER}\n{ROW}\n{ROW.replace('〔2026〕', '[2026]')}\n".encode()
    answer = _send(desk, content)
    made = RepairImport.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("operator:repair_import", args=[made.id]),
    )
    page = text_of(desk.get(answer["Location"]))
    assert "转入对上的 1 条" in page
    assert "写法相近" in page
    assert len(bench.lines()) == 1
    act = reverse("operator:repair_import_act", args=[made.id])
    assert desk.post(act, {"act": "apply", "version": "1"}).status_code == 302
    assert bench.lines() == []
    assert desk.post(act, {"act": "apply", "version": "1"}).status_code == 412
    assert desk.post(act, {"act": "nothing", "version": "2"}).status_code == 404
    assert "已转入" in text_of(desk.get(answer["Location"]))
    again = _send(desk, content)
    assert again["Location"].endswith(f"{made.id}?repeated=1")
    assert "这个文件读过了" in text_of(desk.get(again["Location"]))
    assert desk.post(act, {"act": "undo", "line": "2", "words": "", "version": "2"}).status_code == 422
    assert desk.post(act, {"act": "undo", "line": "2", "words": "弄错了", "version": "2"}).status_code == 302
    assert "已取回" in text_of(desk.get(answer["Location"]))
    assert "信用中国" in text_of(desk.get(reverse(LISTING)))


def test_what_is_wrong_with_a_file_is_said_and_others_are_kept_out(bench: Bench, browser: Browser) -> None:
    bench.hold(penalty())
    desk = browser("ops")
    for content, platform, words in (
        ("企业,结果\n甲,乙\n".encode(), "信用中国", "缺少的列：统一社会信用代码、修复结果、修复日期"),
        (f"{HEADER}\n{ROW}\n".encode(), " ", "写明是哪个平台"),
    ):
        answer = _send(desk, content, platform)
        assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert desk.post(reverse(LISTING), {"platform": "信用中国"}).status_code == 422
    for other in ("scjg.steward", "scjg.supplier"):
        assert browser(other).get(reverse(LISTING)).status_code in (302, 403, 404)
    watcher = browser("aud")
    assert watcher.get(reverse(LISTING)).status_code == 200
    assert _send(watcher, f"{HEADER}\n{ROW}\n".encode()).status_code == 403
    assert not RepairImport.objects.exists()
