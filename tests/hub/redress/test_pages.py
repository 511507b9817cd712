"""Through the pages: a firm objects and applies, the source answers and decides, the platform oversees."""

# ruff: noqa: F811 - fixtures are named as arguments

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.portals.conftest import Visitor, browser, text_of, visitor  # noqa: F401 - fixtures
from tests.hub.redress.bench import DOCUMENT, PDF, PENALTY, WATER, Bench, penalty

from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.redress.models import Evidence, Objection, Repair, Suppression
from xinqiao.hub.portals.public import firms
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws

type Browser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    """The simulated face check stands in for a passkey; nobody has looked at a firm in this minute."""
    settings.DEMO = True
    firms._looks.clear()


def _proof(content: bytes = PDF, name: str = "缴款凭证.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def _query(bench: Bench) -> str:
    return f"?item={PENALTY}&record={bench.ref()}"


def _hidden(page: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page):
        found.setdefault(name, []).append(value)
    return found


def _object(client: Client, bench: Bench, **changes: object) -> Any:
    given = {
        "item": PENALTY, "record": bench.ref(), "key": "form-key-0001", "field": "content", "kind": "wrong_value",
        "reason": "金额多写了一个零", "evidence": _proof(),
    }  # fmt: skip
    return client.post(reverse("enterprise:objection_new"), {**given, **changes})


def test_a_firm_objects_and_everybody_concerned_sees_it(
    bench: Bench,
    visitor: Visitor,
    browser: Browser,
) -> None:
    bench.hold(penalty())
    firm = visitor(bench.cast.owner)
    page = firm.get(reverse("enterprise:redress")).content.decode()
    assert "正确的不良记录花钱消不掉" in page
    assert reverse("enterprise:objection_new") + f"?item={PENALTY}&amp;record={bench.ref()}" in page
    form = text_of(firm.get(reverse("enterprise:objection_new") + _query(bench)))
    assert "罚款 5000 元" in form
    answer = _object(firm, bench)
    row = Objection.objects.get()
    assert answer.headers["Location"] == reverse("enterprise:objection", args=[row.id])
    assert "待平台受理" in text_of(firm.get(answer.headers["Location"]))
    assert _object(firm, bench).headers["Location"] == answer.headers["Location"], "sent twice, one objection"
    report = firm.post(reverse("enterprise:credit_report")).content.decode()
    assert "有异议" in report

    desk, unit = browser("ops"), browser("scjg.steward")
    assert unit.get(reverse("source:objection", args=[row.id])).status_code == 404
    assert row.number in text_of(desk.get(reverse("operator:redress")))
    shown = desk.get(reverse("operator:objection", args=[row.id])).content.decode()
    to = reverse("operator:objection_act", args=[row.id])
    assert desk.post(to, {"act": "forward", "version": _hidden(shown)["version"][0]}).status_code == 302
    assert text_of(unit.get(reverse("source:redress"))).count(row.number) == 1
    seen = unit.get(reverse("source:objection", args=[row.id])).content.decode()
    assert "金额多写了一个零" in seen
    assert "去报送更正" in seen
    file = unit.get(reverse("source:evidence", args=[Evidence.objects.get(objection=row).id]))
    assert (file.content, file.headers["Content-Type"]) == (PDF, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("attachment;")

    to, version = reverse("source:objection_act", args=[row.id]), _hidden(seen)["version"][0]
    early = unit.post(to, {"act": "correct", "version": version, "answer": "改好了"})
    assert (early.status_code, "记录还没有更正" in early.content.decode()) == (409, True)
    bench.hold(penalty(content="罚款 500 元"))
    assert "更正已经入库" in text_of(unit.get(reverse("source:objection", args=[row.id])))
    assert unit.post(to, {"act": "correct", "version": version, "answer": "改好了"}).status_code == 302
    done = text_of(firm.get(reverse("enterprise:objection", args=[row.id])))
    assert "已更正" in done
    assert "改好了" in done
    assert "罚款 500 元" in done


def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(bench: Bench, visitor: Visitor) -> None:
    bench.hold(penalty())
    firm = visitor(bench.cast.owner)
    for changes, status, word in (
        ({"reason": ""}, 422, "写 1 到 500 个字"),
        ({"evidence": _proof(b"MZ program")}, 415, "证明材料请用 PDF、PNG 或 JPEG"),
        ({"evidence": _proof(PDF * 300_000)}, 413, "每份证明不超过 5 MB"),
        ({"evidence": _proof(b"")}, 422, "空的"),
    ):
        answer = _object(firm, bench, **changes)
        page = answer.content.decode()
        assert (answer.status_code, word in page) == (status, True), changes
        assert 'value="form-key-0001"' in page
    assert not Objection.objects.exists()


def test_pages_of_others_look_absent_and_the_clerk_cannot_act(
    bench: Bench,
    visitor: Visitor,
    browser: Browser,
) -> None:
    bench.hold(penalty())
    row, wanted = bench.at_source(), bench.applied()
    for name, one in (("objection", row), ("repair", wanted)):
        for client, portal in (
            (visitor(bench.cast.stranger), "enterprise"),
            (browser("lanshui.steward"), "source"),
        ):
            absent = client.get(reverse(f"{portal}:{name}", args=["x"]))
            foreign = client.get(reverse(f"{portal}:{name}", args=[one.id]))
            assert (foreign.status_code, absent.status_code) == (404, 404)
            act = client.post(
                reverse(f"{portal}:{name}_act", args=[one.id]), {"act": "withdraw", "version": 1}
            )
            assert act.status_code == 404
    assert (
        visitor(bench.cast.stranger).get(reverse("enterprise:repair_new") + _query(bench)).status_code == 404
    )
    clerk = browser("scjg.supplier")
    page = clerk.get(reverse("source:objection", args=[row.id])).content.decode()
    assert "核查和答复" not in page
    refused = clerk.post(
        reverse("source:objection_act", args=[row.id]),
        {"act": "uphold", "version": row.version, "answer": "一致"},
    )
    assert refused.status_code == 403
    auditor = browser("aud")
    assert auditor.get(reverse("operator:objection", args=[row.id])).status_code == 200
    for name, one in (("objection", row), ("repair", wanted)):
        assert (
            auditor.post(
                reverse(f"operator:{name}_act", args=[one.id]), {"act": "accept", "version": 1}
            ).status_code
            == 403
        )
    reader = visitor(bench.cast.reader)
    assert "您没有“声明与异议”的权限" in text_of(reader.get(reverse("enterprise:redress")))
    assert _object(reader, bench, key="form-key-9999").status_code == 403


def test_the_newest_records_come_first_and_every_one_can_be_reached(bench: Bench, visitor: Visitor) -> None:
    months = [f"2026-{month:02d}" for month in range(1, 10)]
    bench.hold(*({"uscc": OWNER_USCC, "account_no": "W1", "period": month} for month in months), item=WATER)
    client, address = visitor(bench.cast.owner), reverse("enterprise:redress")
    page = text_of(client.get(address))
    assert "全部 9 条" in page
    assert page.count("提异议</a>") == 6
    whole = text_of(client.get(address, {"item": WATER}))
    assert whole.count("提异议</a>") == 9
    assert all(month in whole for month in months)
    assert client.get(address, {"item": "gas_fee"}).status_code == 404


def test_a_stale_form_is_told_and_an_unknown_act_is_absent(
    bench: Bench,
    visitor: Visitor,
    browser: Browser,
) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    firm, unit, desk = visitor(bench.cast.owner), browser("scjg.steward"), browser("ops")
    for client, portal in ((firm, "enterprise"), (unit, "source"), (desk, "operator")):
        to = reverse(f"{portal}:objection_act", args=[row.id])
        assert client.post(to, {"act": "withdraw", "version": row.version + 1}).status_code in (404, 412)
        assert client.post(to, {"act": "burn", "version": row.version}).status_code == 404
    assert Objection.objects.get().state == "at_source"


def test_the_firm_has_the_last_word_beside_the_record_on_page_and_paper(
    bench: Bench,
    visitor: Visitor,
    browser: Browser,
) -> None:
    bench.hold(penalty(), penalty(document_no="澄市监罚〔2026〕13号"))
    firm, unit = visitor(bench.cast.owner), browser("scjg.steward")
    ref = next(line.ref for line in bench.lines() if line.cells[1].text == DOCUMENT)
    row = bench.at_source(record_ref=ref)
    unit.post(
        reverse("source:objection_act", args=[row.id]),
        {"act": "uphold", "version": row.version, "answer": "与决定书一致"},
    )
    to = reverse("enterprise:objection_act", args=[row.id])
    long = firm.post(to, {"act": "state", "version": row.version + 1, "text": "字" * 301})
    assert (long.status_code, "写 1 到 300 个字" in long.content.decode()) == (422, True)
    assert (
        firm.post(to, {"act": "state", "version": row.version + 1, "text": "已于当月缴清"}).status_code == 302
    )
    page = text_of(firm.post(reverse("enterprise:credit_report")))
    assert "企业对这条记录的声明，未经核实：" in page
    assert "已于当月缴清" in page
    bundle = json.loads(firm.post(reverse("enterprise:credit_json")).content)
    lines = [
        line
        for chapter in bundle["report"]["chapters"]
        for section in chapter["sections"]
        if section["item"] == PENALTY
        for line in section["lines"]
    ]
    assert sorted(one["text"] for line in lines for one in line["statements"]) == ["已于当月缴清"]
    assert firm.post(reverse("enterprise:credit_pdf")).content.startswith(b"%PDF")
    assert firm.post(to, {"act": "unstate", "version": row.version + 2}).status_code == 302
    assert "已于当月缴清" not in text_of(firm.post(reverse("enterprise:credit_report")))


def _applied(firm: Client, bench: Bench) -> Repair:
    """The two steps of applying, as a browser takes them."""
    given = {
        "item": PENALTY, "record": bench.ref(), "key": "repair-key-0001", "performed": "on",
        "explanation": "罚款已缴清", "evidence": _proof(),
    }  # fmt: skip
    page = firm.post(reverse("enterprise:repair_new"), given).content.decode()
    assert "信用承诺书" in page
    fields = {name: values if len(values) > 1 else values[0] for name, values in _hidden(page).items()}
    answer = firm.post(reverse("enterprise:repair_confirm"), fields)
    row = Repair.objects.get()
    assert answer.headers["Location"] == reverse("enterprise:repair", args=[row.id])
    return row


def test_from_the_application_to_the_moment_it_is_in_no_answer(
    bench: Bench,
    visitor: Visitor,
    browser: Browser,
) -> None:
    bench.hold(penalty())
    firm, unit, desk = visitor(bench.cast.owner), browser("scjg.steward"), browser("ops")
    form = text_of(firm.get(reverse("enterprise:repair_new") + _query(bench)))
    assert "从 2026-08-20 起可以申请" in form
    assert DOCUMENT in firm.get(reverse("public:firm", args=[OWNER_USCC])).content.decode()
    row = _applied(firm, bench)
    assert row.evidence.count() == 1
    to = reverse("operator:repair_act", args=[row.id])
    assert "平台可以代为受理" in text_of(desk.get(reverse("operator:repair", args=[row.id])))
    assert desk.post(to, {"act": "repair", "version": row.version, "words": "同意"}).status_code == 404
    assert desk.post(to, {"act": "return", "version": row.version, "words": "凭证看不清"}).status_code == 302
    back = text_of(firm.get(reverse("enterprise:repair", args=[row.id])))
    assert "凭证看不清" in back
    to = reverse("enterprise:repair_act", args=[row.id])
    more = {
        "act": "resubmit",
        "version": row.version + 1,
        "explanation": "重新扫描",
        "evidence": _proof(b"%PDF-2 x"),
    }
    assert firm.post(to, more).status_code == 302
    to = reverse("source:repair_act", args=[row.id])
    assert unit.post(to, {"act": "accept", "version": row.version + 2}).status_code == 302
    assert unit.post(to, {"act": "extend", "version": row.version + 3, "words": "要核实"}).status_code == 302
    empty = unit.post(to, {"act": "repair", "version": row.version + 4, "words": ""})
    assert (empty.status_code, Suppression.objects.count()) == (422, 0)
    page = unit.get(reverse("source:repair", args=[row.id])).content.decode()
    assert "情况复杂，延长一次" not in page
    assert unit.post(to, {"act": "repair", "version": row.version + 4, "words": "已缴清"}).status_code == 302

    firms._looks.clear()
    for seen in (
        firm.post(reverse("enterprise:credit_report")).content.decode(),
        firm.post(reverse("enterprise:credit_json")).content.decode(),
        firm.get(reverse("public:firm", args=[OWNER_USCC])).content.decode(),
    ):
        assert DOCUMENT not in seen
    assert "已修复" in text_of(firm.get(reverse("enterprise:repair", args=[row.id])))
    assert firm.get(reverse("enterprise:repair_new") + _query(bench)).status_code == 404
    made = json.loads(desk.get(reverse("operator:repair_results")).content)
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    assert verify_jws(made["signed"], keys, typ=ArtefactType.REPAIR_RESULTS, at=bench.now) == made["results"]
    assert [entry["record"] for entry in made["results"]["entries"]] == [row.record_ref]


def test_all_that_is_missing_stands_on_the_page_at_once(bench: Bench, visitor: Visitor) -> None:
    bench.hold(penalty(decided_on=bench.now.date() - timedelta(days=5)))
    firm = visitor(bench.cast.owner)
    given = {
        "item": PENALTY,
        "record": bench.ref(),
        "key": "repair-key-0001",
        "explanation": "还没有缴",
        "evidence": "",
    }
    answer = firm.post(reverse("enterprise:repair_new"), given)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "还没有满最短公示期" in page
    assert "附上至少一份证明" in page
    kept = firm.post(reverse("enterprise:repair_new"), {**given, "evidence": _proof()}).content.decode()
    assert "已经收到 1 份" in kept
    assert _hidden(kept)["kept"] == [Evidence.objects.get().id]


def test_a_water_bill_cannot_be_repaired_and_a_withdrawn_application_is_over(
    bench: Bench,
    visitor: Visitor,
) -> None:
    bench.hold({"uscc": OWNER_USCC, "account_no": "W1", "period": "2026-10"}, item="water_fee")
    bench.hold(penalty())
    firm = visitor(bench.cast.owner)
    water = f"?item=water_fee&record={bench.ref('water_fee')}"
    assert firm.get(reverse("enterprise:repair_new") + water).status_code == 404
    assert firm.get(reverse("enterprise:objection_new") + water).status_code == 200
    row = _applied(firm, bench)
    to = reverse("enterprise:repair_act", args=[row.id])
    assert firm.post(to, {"act": "withdraw", "version": row.version}).status_code == 302
    again = firm.post(to, {"act": "withdraw", "version": row.version + 1})
    assert (again.status_code, "现在的状态不能这样做" in again.content.decode()) == (409, True)


def test_refusals_leave_their_leaf(bench: Bench, browser: Browser) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    before = Leaf.objects.filter(type="DENY").count()
    browser("scjg.steward").post(
        reverse("source:objection_act", args=[row.id]),
        {"act": "correct", "version": row.version, "answer": "好了"},
    )
    assert Leaf.objects.filter(type="DENY").count() == before + 1


def test_the_platform_sees_clocks_and_counts(bench: Bench, browser: Browser, cast: Cast) -> None:
    bench.hold(penalty())
    row = bench.at_source()
    cast.clock.advance(timedelta(days=23))
    page = text_of(browser("ops").get(reverse("operator:redress") + "?show=late"))
    assert row.number in page
    assert "已逾期 3 天" in page
    assert row.number not in text_of(browser("ops").get(reverse("operator:redress") + "?q=nobody"))
    assert "1 件异议或修复已逾期" in text_of(browser("ops").get(reverse("operator:home")))
    to = reverse("operator:objection_act", args=[row.id])
    assert "未能查明" in text_of(browser("ops").get(reverse("operator:objection", args=[row.id])))
    done = browser("ops").post(to, {"act": "leave_open", "version": row.version, "words": "双方说法不一"})
    assert done.status_code == 302
