"""Through the pages: a firm on its phone, its bank, another bank, an adviser and the desk, each with what it may see."""

# ruff: noqa: F811 - fixtures are named as arguments

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tests.hub.cases.house import PDF, House
from tests.hub.portals.conftest import Visitor, browser, text_of, visitor  # noqa: F401 - fixtures

from xinqiao.hub.apps.cases import services
from xinqiao.hub.apps.cases.models import Case, CaseAction, CaseComplaint, CaseFile, CaseRating
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.needs import recipients
from xinqiao.hub.apps.needs.models import Need

pytestmark = pytest.mark.django_db
type Browser = Callable[[str], Client]


def _press(client: Client, portal: str, row: Case, act: str, **sent: Any) -> Any:
    row.refresh_from_db()
    body = {"act": act, "version": row.version, **sent}
    return client.post(reverse(f"{portal}:case_act", args=[row.id]), body)


def _page(client: Client, portal: str, row: Case) -> str:
    return text_of(client.get(reverse(f"{portal}:case", args=[row.id])))


def test_from_the_queue_to_the_contract(house: House, browser: Browser, visitor: Visitor) -> None:
    row, bank, firm = house.dispatched(), browser("kehu"), visitor(house.cast.owner)
    queue = text_of(bank.get(reverse("institution:cases")))
    assert "先办这些" in queue
    assert row.number in queue
    assert "受理以后可见" in _page(bank, "institution", row)
    assert _press(bank, "institution", row, "accept").status_code == 302
    assert "甲一 138****0000" in _page(bank, "institution", row)
    assert _press(bank, "institution", row, "investigate").status_code == 302
    asked = {
        "kind-1": "upload",
        "words-1": "近三个月的销售合同",
        "kind-2": "confirm",
        "words-2": "客户没有变化",
    }
    assert _press(bank, "institution", row, "ask", **asked).status_code == 302
    page = _page(firm, "enterprise", row)
    assert "请您补件" in page
    assert "近三个月的销售合同" in page
    upload, confirm = CaseAction.objects.order_by("seq")
    refused = _press(firm, "enterprise", row, "supply")
    assert (refused.status_code, "还有 2 项没有办" in text_of(refused)) == (409, True)
    wrong = {"action": upload.id, "can": "yes", "files": SimpleUploadedFile("a.exe", b"MZ")}
    assert _press(firm, "enterprise", row, "answer", **wrong).status_code == 415
    right = {**wrong, "files": SimpleUploadedFile("合同.pdf", PDF)}
    assert _press(firm, "enterprise", row, "answer", **right).status_code == 302
    assert _press(firm, "enterprise", row, "answer", action=confirm.id, can="no").status_code == 422
    assert _press(firm, "enterprise", row, "answer", action=confirm.id, can="yes").status_code == 302
    assert _press(firm, "enterprise", row, "supply").status_code == 302
    sent = CaseFile.objects.get()
    taken = bank.get(reverse("institution:case_file", args=[sent.id]))
    assert (taken.content, taken["Content-Disposition"]) == (PDF, f'attachment; filename="{sent.id}.pdf"')
    assert browser("kehu2").get(reverse("institution:case_file", args=[sent.id])).status_code == 404
    for offer in (
        {"amount": "1200000", "rate": "x", "months": "12"},
        {"amount": "0", "rate": "3.85", "months": "12"},
    ):
        kept = _press(bank, "institution", row, "approve", **offer)
        assert kept.status_code == 422
        assert f'value="{offer["amount"]}"' in kept.content.decode()
    offer = {"amount": "1200000", "rate": "3.85", "months": "12"}
    assert _press(bank, "institution", row, "approve", **offer).status_code == 302
    assert "年利率 3.85%" in _page(firm, "enterprise", row)
    assert _press(bank, "institution", row, "contract").status_code == 302
    assert _press(firm, "enterprise", row, "rate", stars="5", words="很快").status_code == 302
    assert CaseRating.objects.get().stars == 5
    assert "5 星，满分 5 星" in _page(firm, "enterprise", row)


def test_a_refusal_shows_its_reason_and_needs_one(house: House, browser: Browser, visitor: Visitor) -> None:
    row, bank = house.dispatched(), browser("kehu")
    bare = _press(bank, "institution", row, "decline", reason="other", words="")
    assert (bare.status_code, "写明原因" in text_of(bare)) == (422, True)
    assert _press(bank, "institution", row, "decline", reason="region", words="").status_code == 302
    page = _page(visitor(house.cast.owner), "enterprise", row)
    assert "不在服务地区" in page
    assert "机构未受理" in page


def test_messages_stay_between_the_two(house: House, browser: Browser, visitor: Visitor) -> None:
    row, firm = house.accepted(), visitor(house.cast.owner)
    page = firm.get(reverse("enterprise:case", args=[row.id])).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    for _ in range(2):
        assert _press(firm, "enterprise", row, "say", text="只给银行看的话", key=key[1]).status_code == 302
    assert "只给银行看的话" in _page(browser("kehu"), "institution", row)
    assert (
        _press(browser("kehu"), "institution", row, "say", text="收到", key="form-bank-1").status_code == 302
    )
    assert _press(browser("kehu"), "institution", row, "say", text="", key="form-bank-2").status_code == 422
    for name in ("guwen1", "ops", "aud"):
        looked = _page(browser(name), "operator", row)
        assert row.number in looked
        assert "只给银行看的话" not in looked
    assert browser("kehu2").get(reverse("institution:case", args=[row.id])).status_code == 404
    assert "没有这样的申请" in text_of(browser("kehu2").get(reverse("institution:cases")))


def test_every_address_is_closed_to_other_tenants_like_absent(
    house: House, browser: Browser, visitor: Visitor
) -> None:
    row = house.asked()
    for client, portal in ((browser("kehu2"), "institution"), (visitor(house.cast.stranger), "enterprise")):
        for name, method in (("case", "get"), ("case_act", "post")):
            theirs, absent = (
                getattr(client, method)(reverse(f"{portal}:{name}", args=[case_id]), {"act": "withdraw", "version": "1"})
                for case_id in (row.id, "cas-" + "0" * 32)
            )  # fmt: skip
            assert theirs.status_code == absent.status_code == 404
            assert text_of(theirs).replace(row.id, "") == text_of(absent).replace("cas-" + "0" * 32, "")
    row.refresh_from_db()
    assert row.state == "supplement"


def test_a_colleague_without_the_role_sees_and_does_not_act(house: House, browser: Browser) -> None:
    row = house.dispatched()
    page = browser("jingban").get(reverse("institution:case", args=[row.id])).content.decode()
    assert "客户经理" in page
    assert 'value="accept"' not in page
    assert _press(browser("jingban"), "institution", row, "accept").status_code == 403


def test_a_stale_form_is_told_so(house: House, browser: Browser) -> None:
    row, bank = house.dispatched(), browser("kehu")
    address = reverse("institution:case_act", args=[row.id])
    assert bank.post(address, {"act": "accept", "version": "1"}).status_code == 302
    assert bank.post(address, {"act": "accept", "version": "1"}).status_code == 412
    assert bank.post(address, {"act": "no such thing", "version": "2"}).status_code == 404


def test_a_complaint_from_the_firm_to_its_answer(house: House, browser: Browser, visitor: Visitor) -> None:
    row, firm = house.accepted(), visitor(house.cast.owner)
    assert (
        _press(firm, "enterprise", row, "complain", text="三周没有回音", key="form-complain").status_code
        == 302
    )
    made = CaseComplaint.objects.get()
    User.objects.filter(username="ops").update(roles=["service"])
    desk = browser("ops")
    assert "三周没有回音" in text_of(desk.get(reverse("operator:cases")))
    assert (
        _press(desk, "operator", row, "take_up", complaint=made.id, version=made.version).status_code == 302
    )
    made.refresh_from_db()
    empty = _press(desk, "operator", row, "answer", complaint=made.id, version=made.version, text="")
    assert empty.status_code == 422
    answered = {"complaint": made.id, "version": made.version, "text": "已催办，今天答复"}
    assert _press(browser("guwen1"), "operator", row, "answer", **answered).status_code == 403
    assert _press(browser("aud"), "operator", row, "answer", **answered).status_code == 403
    assert _press(desk, "operator", row, "answer", **answered).status_code == 302
    assert "已催办，今天答复" in _page(firm, "enterprise", row)
    assert "三周没有回音" not in _page(browser("kehu"), "institution", row)


def test_lists_filter_and_page(house: House, browser: Browser, visitor: Visitor) -> None:
    row = house.dispatched()
    bank = browser("kehu")
    for query, found in (
        ("?show=new", True),
        ("?show=over", False),
        ("?show=nonsense", True),
        ("?q=FA-", True),
        ("?q=xx", False),
    ):
        assert (row.number in text_of(bank.get(reverse("institution:cases") + query))) is found
    assert row.number in text_of(browser("guwen1").get(reverse("operator:cases")))
    firm = visitor(house.cast.owner)
    assert row.number in text_of(firm.get(reverse("enterprise:cases")))
    assert "全部申请" in text_of(firm.get(reverse("enterprise:home")))
    assert "还没有融资申请" in text_of(visitor(house.cast.stranger).get(reverse("enterprise:cases")))


def test_the_words_follow_the_language(house: House, browser: Browser) -> None:
    row = services.decline_case(
        actor=house.manager, case_id=house.dispatched().id, reason="capacity", words="", expected_version=1, at=house.now
    )  # fmt: skip
    page = browser("kehu").get(reverse("institution:case", args=[row.id]) + "?lang=en")
    assert "Not taken up" in text_of(page)


def test_a_listed_institution_is_sent_to_from_the_pages_of_the_need(
    house: House, browser: Browser, visitor: Visitor
) -> None:
    firm, adviser = visitor(house.cast.owner), browser("guwen1")
    for product, client, portal in ((house.product, firm, "enterprise"), (house.other, adviser, "operator")):
        need = Need.objects.get(id=house.need.id)
        recipients.list_recipient(
            actor=house.cast.owner, need_id=need.id, product_id=product.product_id, expected_version=need.version,
            at=house.now,
        )  # fmt: skip
        page = client.get(reverse(f"{portal}:need", args=[need.id])).content.decode()
        assert reverse(f"{portal}:case_dispatch") in page
        need.refresh_from_db()
        bank = product.product.institution_id
        sent = {"need": need.id, "institution": bank, "version": need.version}
        answer = client.post(reverse(f"{portal}:case_dispatch"), sent)
        made = Case.objects.get(institution_id=bank)
        assert (answer.status_code, answer["Location"]) == (302, reverse(f"{portal}:case", args=[made.id]))
        assert client.post(reverse(f"{portal}:case_dispatch"), sent)["Location"] == answer["Location"]
    assert Case.objects.count() == 2
    stranger = visitor(house.cast.stranger)
    assert stranger.post(reverse("enterprise:case_dispatch"), sent).status_code == 404
    assert browser("aud").post(reverse("operator:case_dispatch"), sent).status_code == 403
