"""The page and the document of a portrait: what is there, why the rest is not, and whom it may be shown."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.portals.conftest import Visitor, text_of, visitor  # noqa: F401 - a fixture
from tests.hub.reports.test_portraits import known, platform  # noqa: F401 - fixtures

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.portrait import FIGURES
from xinqiao.hub.actors import AgentScope
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import EnterprisePerson
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport
from xinqiao.hub.apps.reports.oversight import look_at_holdings
from xinqiao.hub.apps.reports.peers import refresh_peers
from xinqiao.hub.apps.reports.services import issue_own
from xinqiao.hub.portals.enterprise import portrait
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws


@pytest.fixture(autouse=True)
def _lake(known: Holdings, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(portrait, "holdings_of", lambda uscc: known)


def page_of(client: Client, **query: str) -> str:
    response = client.get(reverse("enterprise:portrait"), query)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    return text_of(response)


def test_the_page_shows_figures_with_their_definitions_and_the_reasons_of_the_others(cast: Cast, visitor: Visitor) -> None:  # noqa: F811  # fmt: skip
    page = page_of(visitor(cast.owner))
    for words in ("企业画像", "参保人数", "42", "P01 · v1", "1,000", "不是评分", "平台还没有归集", "只在授权后现场调用"):  # fmt: skip
        assert words in page, words
    assert page.count("<h1") == 1
    popovers = re.findall(r'popovertarget="([^"]+)"', page)
    assert len(popovers) == len(set(popovers))
    assert set(popovers) <= set(re.findall(r'id="([^"]+)"', page))


def test_without_a_register_the_page_says_why_nothing_is_compared(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    page = page_of(visitor(cast.owner))
    assert page.count("平台没有配企业名录") == 2, "in the first sentence too"
    assert "现在没有能比" not in page
    assert "还没有能对照的信用报告" in page


def test_peers_are_named_by_their_group_and_never_by_a_firm(cast: Cast, visitor: Visitor, platform: Path) -> None:  # noqa: F811  # fmt: skip
    client = visitor(cast.owner)
    assert "还没有统计出来" in page_of(client)
    refresh_peers(at=cast.clock.now())
    page = page_of(client)
    for words in ("I65 软件和信息技术服务业 · 浙江省 330100 · 小型", "11 家有这个数，名录里 11 家", "低于下四分位", "暂定，按参保 42 人"):  # fmt: skip
        assert words in page, words
    assert "演示1号" not in page
    data = json.loads(re.findall(r"<template>(.*?)</template>", page)[0])
    assert (data["mean"][-1], data["low"][-1], data["high"][-1], data["low"][0]) == (1000, 1200, 1800, None)


def test_quarters_are_another_way_to_see_the_same(cast: Cast, visitor: Visitor, known: Holdings, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811  # fmt: skip
    page = page_of(visitor(cast.owner), by="quarter")
    assert 'data-chart="band"' not in page
    assert 'aria-current="true">按季' in page


def test_what_changed_since_the_last_report_is_listed(cast: Cast, visitor: Visitor, known: Holdings) -> None:  # noqa: F811  # fmt: skip
    without = {item: rows for item, rows in known.records.items() if item != "water_fee"}
    issued = issue_own(actor=cast.owner, holdings=replace(known, records=without), at=cast.clock.now())
    page = page_of(visitor(cast.owner))
    assert issued.head.number in page
    assert "新有记录" in page
    assert "0 → 1" in page


def test_the_document_says_the_same_and_its_digest_is_in_the_leaf(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    response = visitor(cast.owner).post(reverse("enterprise:portrait_json"))
    bundle = json.loads(response.content)
    told = bundle["portrait"]
    assert f"{told['number']}.json" in response.headers["Content-Disposition"]
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    at = cast.clock.now()
    assert verify_jws(bundle["signed"], keys, typ=ArtefactType.PORTRAIT, at=at, max_bytes=1 << 20) == told
    assert bundle["digest"] == hashlib.sha256(canonical_bytes(told)).hexdigest()
    leaf = json.loads(bytes(Leaf.objects.get(index=bundle["leaf"]["index"]).body))
    assert leaf["facts"]["digest"] == bundle["digest"]
    assert [one["id"] for one in told["figures"]] == [figure.id for figure in FIGURES]
    figures = {one["key"]: one for one in told["figures"]}
    assert (figures["insured_count"]["value"], figures["insured_count"]["null_reason"]) == ("42", None)
    assert (figures["gas"]["value"], figures["gas"]["null_reason"]) == (None, "NOT_COLLECTED")
    assert told["is_score"] is False


def test_only_the_firm_itself_and_who_may_query_for_it(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    address = reverse("enterprise:portrait")
    assert Client().get(address).status_code == 302
    assert visitor(cast.owner).post(address).status_code == 405
    EnterprisePerson.objects.filter(id=cast.clerk.person_id).update(scopes=[AgentScope.AUTHORISE.value])
    assert visitor(cast.clerk).get(address).status_code == 403
    assert "42" in page_of(visitor(cast.owner))


def test_the_page_is_english_for_who_reads_english(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    client = visitor(cast.owner)
    page = page_of(client, lang="en")
    assert "Insured employees" in page
    assert "Not collected" in page


def test_looks_stand_in_the_firms_own_record_and_in_nobody_elses(cast: Cast, visitor: Visitor, known: Holdings) -> None:  # noqa: F811  # fmt: skip
    at = cast.clock.now()
    page_of(visitor(cast.owner))
    issued = issue_own(actor=cast.owner, holdings=known, at=at)
    look_at_holdings(actor=cast.operator, uscc=OWNER_USCC, holdings=known, at=at)
    page = text_of(visitor(cast.owner).get(reverse("enterprise:ledger")))
    for words in ("您看了自己的企业画像", f"您生成了信用报告 {issued.head.number}", "平台工作人员看了平台存有您企业的哪些事项", "4 项 · 没有显示记录的内容"):  # fmt: skip
        assert words in page, words
    other = text_of(visitor(cast.stranger).get(reverse("enterprise:ledger")))
    assert "平台工作人员" not in other
    assert issued.head.number not in other


def test_the_paper_is_signed_and_its_digest_is_that_of_a_recorded_look(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    before, client, address = Leaf.objects.count(), visitor(cast.owner), reverse("enterprise:portrait_pdf")
    response = client.post(address)
    row = CreditReport.objects.get()
    assert response.content.startswith(b"%PDF-")
    assert b"/ByteRange" in response.content
    assert f"{row.number}.pdf" in response.headers["Content-Disposition"]
    assert "no-store" in response.headers["Cache-Control"]
    (leaf,) = Leaf.objects.order_by("index")[before:]
    told = json.loads(bytes(leaf.body))
    assert (told["type"], told["facts"]["act"], told["facts"]["number"]) == (
        "SELF_USE",
        "portrait",
        row.number,
    )
    assert (told["facts"]["digest"], leaf.index) == (row.digest, row.leaf_index)
    assert client.get(address).status_code == 405
    EnterprisePerson.objects.filter(id=cast.clerk.person_id).update(scopes=[AgentScope.AUTHORISE.value])
    assert visitor(cast.clerk).post(address).status_code == 403
    assert CreditReport.objects.count() == 1


def test_who_holds_the_paper_checks_it_on_the_public_page(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    client = visitor(cast.owner)
    client.post(reverse("enterprise:portrait_pdf"))
    row = CreditReport.objects.get()
    address = reverse("public:verify")
    page = text_of(Client().post(address, {"code": row.verify_code.lower(), "digest": row.digest}))
    for words in (row.number, "企业画像", "一致，内容没有被改过"):
        assert words in page, words
    assert "42" not in page.replace(row.verify_code.lower(), "").replace(row.digest, "").replace(
        row.number, ""
    )
    wrong = text_of(Client().post(address, {"code": row.verify_code, "digest": "0" * 64}))
    assert "内容对不上" in wrong
    assert row.verify_code in page_of(client)
    assert row.number in text_of(client.get(reverse("enterprise:ledger")))
    assert row.number not in text_of(client.get(reverse("enterprise:credit")))
