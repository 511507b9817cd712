"""The institution's pages of credit reports: ask, make, read, take away, look up; nobody else's, nothing stored."""

import json
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.items_cast import TAX, ItemCast
from tests.hub.portals.conftest import Visitor, text_of
from tests.hub.reports.conftest import WATER, make_holdings

from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.reports.models import CreditReport, ReportQuery
from xinqiao.hub.portals.institution import credit
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws

type Browser = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credit, "holdings_of", lambda uscc: make_holdings())


@pytest.fixture
def granted(cast: Cast) -> ItemAuthorisation:
    items = ItemCast(cast)
    return items.confirm(items.requested(grants=frozenset({TAX, WATER}), report=True))


def address(name: str, *args: object) -> str:
    return reverse(f"institution:{name}", args=args)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_in_both_languages(
    granted: ItemAuthorisation,
    browser: Browser,
    language: str,
) -> None:
    client = browser("bank")
    client.post(address("credit_report", granted.id))
    asked = ReportQuery.objects.get()
    for where in (
        address("credit"),
        address("credit_new"),
        address("credit_one", granted.id),
        address("credit_record", asked.id),
    ):
        response = client.get(where, {"lang": language})
        page = response.content.decode()
        assert (response.status_code, page.count("<h1")) == (200, 1), where
        assert response.headers["Cache-Control"] == "no-store"
        assert " style=" not in page


def test_a_report_is_made_read_and_leaves_only_its_number(
    granted: ItemAuthorisation, browser: Browser
) -> None:
    client = browser("bank")
    response = client.post(address("credit_report", granted.id))
    page, row = text_of(response), CreditReport.objects.get()
    for words in (row.number, row.verify_code, "某桥加固", "企业没有授权看这一项", "可以向数源调用，这份报告没有调用", "只列本机构的查询", "企业没有声明"):  # fmt: skip
        assert words in page, words
    assert "W0001" not in page
    assert "no-store" in response.headers["Cache-Control"]
    record = text_of(client.get(address("credit_record", ReportQuery.objects.get().id)))
    assert row.digest in record
    assert "某桥加固" not in record
    for session in Session.objects.all():
        assert "某桥加固" not in str(session.get_decoded())


def test_json_and_pdf_are_reports_of_their_own(granted: ItemAuthorisation, browser: Browser) -> None:
    client = browser("bank")
    bundle = json.loads(client.post(address("credit_json", granted.id)).content)
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(
        bundle["signed"], keys, typ=ArtefactType.CREDIT_REPORT, at=runtime.clock.now(), max_bytes=1 << 20
    )
    assert claims == bundle["report"]
    assert claims["institution"]["id"] == granted.institution_id
    paper = client.post(address("credit_pdf", granted.id))
    assert paper.content.startswith(b"%PDF-")
    assert CreditReport.objects.count() == 2
    assert ItemAuthorisation.objects.get(id=granted.id).uses == 2


def test_a_refusal_leads_to_its_record_and_both_sides_see_it(
    granted: ItemAuthorisation,
    cast: Cast,
    browser: Browser,
    visitor: Visitor,
) -> None:
    ItemCast(cast).withdraw(granted)
    client = browser("bank")
    response = client.post(address("credit_report", granted.id))
    asked = ReportQuery.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, address("credit_record", asked.id))
    assert "CONSENT_REVOKED" in text_of(client.get(address("credit_record", asked.id)))
    ledger = text_of(visitor(cast.owner).get(reverse("enterprise:ledger")))
    assert "要的信用报告" in ledger
    assert "CONSENT_REVOKED" in ledger


def test_the_firms_ledger_shows_the_use(
    granted: ItemAuthorisation,
    cast: Cast,
    browser: Browser,
    visitor: Visitor,
) -> None:
    browser("bank").post(address("credit_report", granted.id))
    ledger = text_of(visitor(cast.owner).get(reverse("enterprise:ledger")))
    assert "生成了您的信用报告" in ledger
    assert CreditReport.objects.get().number in ledger
    ours = text_of(visitor(cast.owner).get(reverse("enterprise:credit")))
    assert CreditReport.objects.get().number not in ours


def test_anybodys_code_page_knows_it_and_tells_no_content(
    granted: ItemAuthorisation, browser: Browser
) -> None:
    browser("bank").post(address("credit_report", granted.id))
    row = CreditReport.objects.get()
    page = text_of(Client().post(reverse("public:verify"), {"code": row.verify_code, "digest": row.digest}))
    assert row.number in page
    assert "远山农机" not in page


def test_another_institution_and_the_firm_find_nothing(
    granted: ItemAuthorisation,
    cast: Cast,
    browser: Browser,
    visitor: Visitor,
) -> None:
    browser("bank").post(address("credit_report", granted.id))
    asked = ReportQuery.objects.get().id
    outsider = browser("outsider")
    for name, ours in (("credit_one", granted.id), ("credit_record", asked)):
        found = outsider.get(address(name, ours))
        absent = outsider.get(address(name, ours[:4] + "0" * 32))
        assert (found.status_code, len(found.content)) == (404, len(absent.content))
    for name in ("credit_report", "credit_pdf", "credit_json"):
        assert outsider.post(address(name, granted.id)).status_code == 404
    assert visitor(cast.owner).get(address("credit")).status_code == 403
    assert CreditReport.objects.count() == 1


def test_an_address_never_holds_a_report_and_the_form_needs_its_role(
    granted: ItemAuthorisation,
    browser: Browser,
) -> None:
    client = browser("bank")
    assert client.get(address("credit_report", granted.id)).headers["Location"] == address(
        "credit_one", granted.id
    )
    assert client.get(address("credit_pdf", granted.id)).status_code == 405


def test_a_firm_is_asked_for_a_report_and_sees_what_it_means(
    cast: Cast,
    browser: Browser,
    visitor: Visitor,
) -> None:
    form = {
        "uscc": OWNER_USCC, "purpose": "loan_application", "business_ref": "SX-9", "item": ["water_fee", "ip_pledge"],
        "days": "30", "queries": "5", "message": "",
    }  # fmt: skip
    client = browser("bank")
    response = client.post(address("credit_new"), form)
    row = ItemAuthorisation.objects.get()
    assert response.headers["Location"] == address("credit_one", row.id)
    assert row.asked["report"] is True
    card = text_of(visitor(cast.owner).get(reverse("enterprise:item", args=[row.id])))
    assert "可以用上面的内容生成信用报告" in card
    assert "不含信用报告" not in card
    again = client.post(address("credit_new"), form)
    assert again.status_code == 422
    assert "已有一件等答复的申请" in again.content.decode()
    assert client.post(address("credit_new"), {**form, "item": ["no_such"]}).status_code == 422


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_portrait_is_made_read_and_leaves_only_its_number(
    granted: ItemAuthorisation, cast: Cast, browser: Browser, visitor: Visitor, language: str
) -> None:
    client = browser("bank")
    assert (
        'formaction="' + address("credit_portrait_pdf", granted.id)
        in client.get(address("credit_one", granted.id)).content.decode()
    )
    client.get(address("credit"), {"lang": language})
    response = client.post(address("credit_portrait", granted.id))
    page, row = text_of(response), CreditReport.objects.get()
    words = ("企业没有授权", "平台还没有归集", "只说现在") if language == "zh" else ("Not authorised",)
    for one in (row.number, row.verify_code, *words):
        assert one in page, one
    assert "您" not in page
    assert "no-store" in response.headers["Cache-Control"]
    assert page.count("<h1") == 1
    record = text_of(client.get(address("credit_record", ReportQuery.objects.get().id)))
    assert row.digest in record
    ledger = text_of(visitor(cast.owner).get(reverse("enterprise:ledger")))
    assert "生成了您的企业画像" in ledger
    assert client.get(address("credit_portrait", granted.id)).headers["Location"] == address(
        "credit_one", granted.id
    )


def test_a_portraits_pdf_and_json_are_portraits_of_their_own(
    granted: ItemAuthorisation, browser: Browser
) -> None:
    client = browser("bank")
    bundle = json.loads(client.post(address("credit_portrait_json", granted.id)).content)
    keys = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(
        bundle["signed"], keys, typ=ArtefactType.PORTRAIT, at=runtime.clock.now(), max_bytes=1 << 20
    )
    assert claims == bundle["portrait"]
    assert claims["reader"] == "institution"
    paper = client.post(address("credit_portrait_pdf", granted.id))
    assert paper.content.startswith(b"%PDF-")
    assert b"/ByteRange" in paper.content
    assert CreditReport.objects.filter(kind="portrait").count() == 2
    assert ItemAuthorisation.objects.get(id=granted.id).uses == 2


def test_a_refused_portrait_leads_to_its_record_and_a_strangers_to_nothing(
    granted: ItemAuthorisation, cast: Cast, browser: Browser, visitor: Visitor
) -> None:
    ItemCast(cast).withdraw(granted)
    client, outsider = browser("bank"), browser("outsider")
    response = client.post(address("credit_portrait", granted.id))
    page = text_of(client.get(response.headers["Location"]))
    assert "CONSENT_REVOKED" in page
    assert "本机构要的是企业画像" in page
    assert "要的企业画像" in text_of(visitor(cast.owner).get(reverse("enterprise:ledger")))
    for name in ("credit_portrait", "credit_portrait_pdf", "credit_portrait_json"):
        assert outsider.post(address(name, granted.id)).status_code == 404
    assert not CreditReport.objects.exists()
