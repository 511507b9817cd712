"""The firm's own credit report with its own fund-flow product inside, where the firm chose it."""

import json

import pytest
from django.test.client import Client
from django.urls import reverse
from tests.hub.cast import Cast
from tests.hub.portals.conftest import Visitor, text_of
from tests.hub.reports.conftest import make_holdings

from xinqiao.domain.report import beside_of
from xinqiao.hub.apps.fundflow.models import Query
from xinqiao.hub.apps.reports.models import CreditReport
from xinqiao.hub.portals.enterprise import credit
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws


@pytest.fixture(autouse=True)
def _lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "holdings_of", lambda uscc: make_holdings())


def ask(client: Client, name: str, account: str, months: str = "12"):
    return client.post(reverse(f"enterprise:{name}"), {"account": account, "months": months})


def test_the_product_stands_in_page_paper_and_document_and_each_is_a_recorded_self_query(
    cast: Cast, visitor: Visitor
) -> None:
    client, account = visitor(cast.owner), cast.bound().id
    assert "由开户行现在就算" in text_of(client.get(reverse("enterprise:credit")))
    page = text_of(ask(client, "credit_report", account))
    query = Query.objects.get()
    assert (query.kind, query.state) == ("self", "released")
    for words in ("资金流（自查）", "经营流入", query.report_no, "某桥加固"):
        assert words in page, words
    assert ask(client, "credit_pdf", account).content.startswith(b"%PDF-")
    bundle = json.loads(ask(client, "credit_json", account).content)
    own = bundle["report"]["own_fundflow"]
    assert (own["mode"], own["months"], own["code"]) == ("self_query", 12, None)
    node_key = cast.fake.key.public
    signed = verify_jws(
        own["signed"], {node_key.kid: node_key}, typ=ArtefactType.PRODUCT, at=cast.now, max_bytes=1 << 20
    )
    assert signed["product"] == own["product"]
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(
        bundle["signed"], keys, typ=ArtefactType.CREDIT_REPORT, at=cast.now, max_bytes=1 << 21
    )
    assert claims == bundle["report"]
    read = beside_of(bundle["report"]).own_product
    assert read is not None
    assert read.product == own["product"]
    assert (Query.objects.count(), CreditReport.objects.count()) == (3, 3)


def test_without_the_choice_no_bank_is_asked(cast: Cast, visitor: Visitor) -> None:
    cast.bound()
    page = text_of(ask(visitor(cast.owner), "credit_report", ""))
    assert "资金流（自查）" not in page
    assert not Query.objects.exists()


def test_a_bank_that_does_not_answer_takes_nothing_from_the_report(cast: Cast, visitor: Visitor) -> None:
    account = cast.bound().id
    cast.fake.answers["/node/v1/products"] = lambda body: (500, {"detail": "broken"})
    client = visitor(cast.owner)
    page = text_of(ask(client, "credit_report", account))
    assert "没有得到答复（PROVIDER_" in page
    assert "某桥加固" in page
    assert ask(client, "credit_pdf", account).content.startswith(b"%PDF-")
    assert {row.state for row in Query.objects.all()} == {"failed"}


def test_an_account_of_somebody_else_makes_no_report(cast: Cast, visitor: Visitor) -> None:
    foreign = cast.bound("6222000033334444", cast.stranger).id
    client = visitor(cast.owner)
    answers = [ask(client, "credit_report", one) for one in (foreign, "acc-" + "0" * 32)]
    assert [one.status_code for one in answers] == [404, 404]
    assert text_of(answers[0]) == text_of(answers[1])
    assert ask(client, "credit_report", foreign, "x").status_code == 422
    assert not CreditReport.objects.exists()
