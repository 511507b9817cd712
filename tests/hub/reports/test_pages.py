"""The pages of credit reports: the firm's own, and what anybody may look up."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.portals.conftest import Visitor, text_of, visitor  # noqa: F401 - a fixture

from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import CreditReport
from xinqiao.hub.portals.enterprise import credit
from xinqiao.hub.portals.public import firms
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws


@pytest.fixture(autouse=True)
def _lake(holdings: Holdings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lake would give, and nobody has looked in this minute."""
    for module in (credit, firms):
        monkeypatch.setattr(module, "holdings_of", lambda uscc: holdings)
    firms._looks.clear()


def test_the_firm_reads_its_report_with_all_kinds_of_nothing(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    client = visitor(cast.owner)
    assert client.get(reverse("enterprise:credit")).status_code == 200
    response = client.post(reverse("enterprise:credit_report"))
    page = text_of(response)
    assert response.status_code == 200
    row = CreditReport.objects.get()
    for words in (row.number, row.verify_code, "某桥加固", "1,200,000.00", "有异议", "演示数源 报来的数据里没有这家企业", "平台还没有归集这一项"):  # fmt: skip
        assert words in page, words
    assert response.content.decode().count("<h1") == 1
    assert "no-store" in response.headers["Cache-Control"]


def test_reading_needs_a_post_and_a_log_in(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    assert visitor(cast.owner).get(reverse("enterprise:credit_report")).status_code == 405
    assert Client().post(reverse("enterprise:credit_report")).status_code == 302
    assert not CreditReport.objects.exists()


def test_the_json_is_signed_and_says_the_same(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    response = visitor(cast.owner).post(reverse("enterprise:credit_json"))
    bundle = json.loads(response.content)
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(
        bundle["signed"], keys, typ=ArtefactType.CREDIT_REPORT, at=cast.clock.now(), max_bytes=1 << 20
    )
    assert claims == bundle["report"]
    assert CreditReport.objects.get().digest == bundle["digest"]


def test_the_pdf_is_a_signed_paper_of_its_own_number(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    response = visitor(cast.owner).post(reverse("enterprise:credit_pdf"))
    assert response.content.startswith(b"%PDF-")
    assert b"/ByteRange" in response.content
    assert CreditReport.objects.get().number in response.headers["Content-Disposition"]


def test_the_public_page_of_codes_knows_credit_reports(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    visitor(cast.owner).post(reverse("enterprise:credit_report"))
    row = CreditReport.objects.get()
    page = text_of(Client().post(reverse("public:verify"), {"code": row.verify_code, "digest": row.digest}))
    assert row.number in page
    assert "信用报告" in page
    assert "某桥加固" not in page


def test_anybody_sees_what_is_public_and_not_whether_there_is_more(cast: Cast) -> None:
    page = text_of(Client().get(reverse("public:firm", args=[OWNER_USCC])))
    assert "某桥加固" in page
    assert "W0001" not in page
    assert "水费" not in page


def test_a_code_is_found_without_an_index_and_others_are_not(cast: Cast) -> None:
    client = Client()
    assert OWNER_USCC in text_of(client.get(reverse("public:firms"), {"q": OWNER_USCC.lower()}))
    assert "没有找到" in text_of(client.get(reverse("public:firms"), {"q": "远山"}))
    assert client.get(reverse("public:firm", args=["91330100MA2XQA0010"])).status_code == 404


def test_looking_is_counted_by_visitor(cast: Cast) -> None:
    client = Client()
    answers = [
        client.get(reverse("public:firms"), {"q": "远"}).status_code
        for _ in range(firms.LOOKS_PER_MINUTE + 1)
    ]
    assert answers[:-1] == [200] * firms.LOOKS_PER_MINUTE
    assert answers[-1] == 429
