"""Pages of quality and coordination: figures with formulas, own place, drill to batches, tickets, monthly reports."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.collection.sources import ITEM, NOT_OURS, OTHER_ITEM, make_suppliers
from tests.hub.portals.conftest import text_of
from tests.hub.quality.supply import PERFECT, TEN, Supply, found
from tests.hub.quality.test_tickets import opened

from xinqiao.domain.period import business_day
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.quality.models import QualityReport, Ticket
from xinqiao.hub.apps.quality.services import watch_supply
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws

type Browser = Callable[[str], Client]


@pytest.fixture
def supply(cast: Cast, tmp_path: Path, settings: Settings, browser: Browser) -> Supply:
    """Two sources with a batch each, and the desk."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    made = Supply(
        make_suppliers(cast),
        OperatorActor(User.objects.get(username="ops").id, frozenset({OperatorRole.ADMIN})),
    )
    made.bring(found(("330100", TEN), ("", PERFECT)))
    made.bring(found(("330200", PERFECT)), actor=made.suppliers.stranger, item=NOT_OURS)
    return made


def page(client: Client, name: str, *args: str, **query: str) -> str:
    answer = client.get(reverse(name, args=list(args)), query)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


# -- the operator ------------------------------------------------------------------------------------------------------


def test_the_dashboard_shows_figures_with_formulas_and_leads_down_to_batches(
    supply: Supply, browser: Browser
) -> None:
    whole = page(browser("ops"), "operator:quality")
    assert "填了的必填格" in whole
    assert "54 ÷ 必填格 56" in whole
    assert all(word in whole for word in ("澄州医保局", "澜县水务", "浙江省 330100", "地区不详", "平均时滞"))
    mine = supply.suppliers.steward.source_id
    narrow = page(browser("ops"), "operator:quality", source=mine, item=ITEM, region="330100")
    assert "89.10" in narrow
    assert "38 ÷ 必填格 40" in narrow
    assert "330200" not in narrow
    (batch,) = supply.suppliers.engine.asked[:1]
    assert batch.number in narrow
    assert batch.number not in page(
        browser("ops"), "operator:quality", source=supply.suppliers.stranger.source_id
    )
    empty = page(browser("ops"), "operator:quality", region="-", source=supply.suppliers.stranger.source_id)
    assert "这个月还没有数" in empty
    assert "没有量到" in empty
    assert page(browser("aud"), "operator:quality", month="nonsense") != ""


def test_the_league_is_the_operators(supply: Supply, browser: Browser) -> None:
    table = page(browser("ops"), "operator:league")
    assert table.index("澜县水务") < table.index("澄州医保局")
    assert "近 12 个月" in page(browser("ops"), "operator:league", span="year", item=ITEM)
    assert browser("ybj.supplier").get(reverse("operator:league")).status_code == 403


def test_a_report_is_made_read_and_taken_away(supply: Supply, browser: Browser) -> None:
    client = browser("ops")
    assert "还没有月报" in page(client, "operator:quality_reports")
    early = client.post(reverse("operator:quality_report_make"), {"month": "2026-11"})
    assert early.status_code == 422
    supply.pass_days(12)
    answer = client.post(reverse("operator:quality_report_make"), {"month": "2026-11"})
    row = QualityReport.objects.get()
    assert answer.headers["Location"] == reverse("operator:quality_report", args=[row.id])
    whole = client.get(answer.headers["Location"]).content.decode()
    assert all(
        word in whole for word in ("QR-202611-1", row.digest, "澄州医保局", "使用与成效反馈", "还没有采集")
    )
    assert row.number in page(client, "operator:quality_reports")
    bundle = json.loads(client.get(reverse("operator:quality_report_json", args=[row.id])).content)
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    said = verify_jws(bundle["signed"], keys, typ=ArtefactType.QUALITY_REPORT, at=supply.now)
    assert (said["digest"], said["number"]) == (bundle["digest"], "QR-202611-1")
    assert bundle["report"] == row.document
    pdf = client.get(reverse("operator:quality_report_pdf", args=[row.id]))
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert b"/ByteRange" in pdf.content
    assert client.get(reverse("operator:quality_report", args=["qrp-nothing"])).status_code == 404
    assert (
        browser("sec").post(reverse("operator:quality_report_make"), {"month": "2026-11"}).status_code == 403
    )
    assert (
        browser("aud").post(reverse("operator:quality_report_make"), {"month": "2026-11"}).status_code == 403
    )


def test_the_desk_asks_and_ends(supply: Supply, browser: Browser) -> None:
    client, source = browser("ops"), supply.suppliers.steward.source_id
    assert "选一个数源单位" in page(client, "operator:ticket_new")
    assert "水费" in page(client, "operator:ticket_new", source=source)
    new = reverse("operator:ticket_new")
    form = {"source": source, "item": ITEM, "kind": "standards", "text": "单位与目录不一致"}
    for wrong, said in (
        ({"text": ""}, "写明要办什么"), ({"kind": "x"}, "选一类"), ({"item": NOT_OURS}, "选这个数源报送的一项"),
    ):  # fmt: skip
        answer = client.post(new, {**form, **wrong})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    answer = client.post(new, form)
    row = Ticket.objects.get()
    assert answer.headers["Location"] == reverse("operator:ticket", args=[row.id])
    again = client.post(new, form)
    assert (again.status_code, "没有办结" in again.content.decode()) == (422, True)
    shown = page(client, "operator:ticket", row.id)
    assert "单位与目录不一致" in shown
    assert "平台运营开单" in shown
    stale = client.post(reverse("operator:ticket", args=[row.id]), {"version": "9", "reason": "x"})
    assert stale.status_code == 412
    empty = client.post(reverse("operator:ticket", args=[row.id]), {"version": "1", "reason": " "})
    assert empty.status_code == 422
    client.post(reverse("operator:ticket", args=[row.id]), {"version": "1", "reason": "已说明"})
    row.refresh_from_db()
    assert row.state == "closed"
    assert "已说明" in page(client, "operator:ticket", row.id)
    assert row.number in page(client, "operator:tickets", show="ended", source=source)
    for name in ("sec", "aud"):
        assert browser(name).get(new).status_code == 403
        assert row.number in page(browser(name), "operator:tickets", show="ended")


def test_escalated_tickets_wait_on_the_overview_and_the_answer_is_a_notice(
    supply: Supply, browser: Browser
) -> None:
    row = opened(supply)
    supply.pass_days(6)
    watch_supply(at=supply.now)
    assert "1 张协调工单已升级" in page(browser("ops"), "operator:home")
    client = browser("ybj.steward")
    day = business_day(supply.now) + timedelta(days=2)
    row.refresh_from_db()
    client.post(
        reverse("source:ticket", args=[row.id]), {"version": str(row.version), "promised_on": day.isoformat(), "text": ""}
    )  # fmt: skip
    notices = page(browser("ops"), "operator:notices")
    assert f"答复了协调工单 {row.number}" in notices
    browser("ops").post(reverse("operator:notices_read_all"))
    assert "都读过了" in page(browser("ops"), "operator:notices")
    assert browser("aud").post(reverse("operator:notices_read_all")).status_code == 403


# -- the source --------------------------------------------------------------------------------------------------------


def test_a_source_sees_its_figures_its_place_and_nobody_elses(supply: Supply, browser: Browser) -> None:
    own = page(browser("ybj.supplier"), "source:quality")
    assert "排第 2 名，共 2 家" in own
    assert "46 ÷ 必填格 48" in own
    assert "澜县水务" not in own
    assert "330200" not in own
    assert "促成多少贷款，平台还没有采集" in own
    said = json.loads(browser("ybj.supplier").get(reverse("source:quality_json")).content)
    assert (said["place"], said["of"], list(said["items"])) == (2, 2, [ITEM])
    assert said["use"][OTHER_ITEM] == {"own_report": 0, "report": 0, "dossier": 0, "institutions": 0}
    assert said["effect"] == {"loans": None, "state": "not_collected"}
    assert "排第 1 名" in page(browser("lanshui.steward"), "source:quality")


def test_the_published_month_shows_the_own_part(supply: Supply, browser: Browser) -> None:
    supply.pass_days(12)
    browser("ops").post(reverse("operator:quality_report_make"), {"month": "2026-11"})
    own = page(browser("ybj.supplier"), "source:quality", month="2026-11")
    assert "QR-202611-1" in own
    assert "澜县水务" not in own
    assert "数据质量月报 QR-202611-1 已发布" in page(browser("ybj.supplier"), "source:notices")


def test_a_ticket_is_answered_by_the_steward_of_that_source(supply: Supply, browser: Browser) -> None:
    row = opened(supply)
    address = reverse("source:ticket", args=[row.id])
    assert row.number in page(browser("ybj.supplier"), "source:tickets")
    assert "由数据管理员答复" in page(browser("ybj.supplier"), "source:ticket", row.id)
    day = (business_day(supply.now) + timedelta(days=2)).isoformat()
    form = {"version": "1", "promised_on": day, "text": "下周补齐"}
    assert browser("ybj.supplier").post(address, form).status_code == 403
    foreign, absent = browser("lanshui.steward"), reverse("source:ticket", args=["tkt-" + "0" * 32])
    assert foreign.get(address).status_code == foreign.post(address, form).status_code == 404
    assert text_of(foreign.get(address)).replace(row.id, "") == text_of(foreign.get(absent)).replace(
        "tkt-" + "0" * 32, ""
    )
    client = browser("ybj.steward")
    for wrong, said in (
        ({"promised_on": "soon"}, "写成 2026-10-31"),
        ({"text": "长" * 501}, "最多 500 个字"),
    ):
        answer = client.post(address, {**form, **wrong})
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert client.post(address, form).headers["Location"] == address
    assert client.post(address, form).status_code == 412
    shown = page(client, "source:ticket", row.id)
    assert "改答复" in shown
    assert "下周补齐" in shown
