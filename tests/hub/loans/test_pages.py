"""Through the pages: a manager reports, the firm reads its next payment, nobody else's pages exist."""

# ruff: noqa: F811 - fixtures are named as arguments

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC
from tests.hub.loans.desk import Lenders
from tests.hub.loans.test_monthly import as_csv, line
from tests.hub.portals.conftest import browser, text_of, visitor  # noqa: F401 - fixtures

from xinqiao.demo.loans import tell_loans
from xinqiao.domain.period import add_months
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.loans import selectors
from xinqiao.hub.apps.loans.models import LoanContract, LoanFile, LoanStep

pytestmark = pytest.mark.django_db
type Browser = Callable[[str], Client]
type Visitor = Callable[[EnterpriseActor], Client]


def typed(lenders: Lenders, **changed: str) -> dict[str, str]:
    day = add_months(lenders.today, -2)
    return {
        "contract_no": "页面-1", "uscc": OWNER_USCC, "amount": "1200000.00", "signed_on": day.isoformat(),
        "annual_rate": "3.85", "method": "interest_first", "guarantee_fee_rate": "0.5", "credit_loan": "yes", **changed,
    }  # fmt: skip


def hidden(page: str, act: str) -> dict[str, str]:
    form = page[: page.index(f'name="act" value="{act}"') + 400]
    values = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', form)[-1] for name in ("version", "act", "key")
    }
    return {**values, "act": act}


def test_a_loan_is_reported_by_form_and_read_by_its_firm(
    lenders: Lenders, browser: Browser, visitor: Visitor
) -> None:
    manager = browser("lender")
    wrong = manager.post(reverse("institution:loan_new"), typed(lenders, annual_rate="385"))
    assert wrong.status_code == 422
    assert "年利率：不是利率" in wrong.content.decode()
    answer = manager.post(reverse("institution:loan_new"), typed(lenders))
    row = LoanContract.objects.get()
    page, report = (
        reverse("institution:loan", args=[row.id]),
        reverse("institution:loan_report", args=[row.id]),
    )
    assert (answer.status_code, answer["Location"]) == (302, page)
    sent = {
        **hidden(manager.get(page).content.decode(), "draw"), "amount": "1200000.00", "months": "12",
        "drawn_on": row.signed_on.isoformat(),
    }  # fmt: skip
    assert manager.post(report, sent).status_code == 302
    assert manager.post(report, sent).status_code == 302  # the same form once more is the same drawdown
    assert LoanStep.objects.filter(event="draw").count() == 1
    shown = text_of(manager.get(page))
    for words in ("1,200,000.00 元", "4.35%", "还款计划", "逾期"):
        assert words in shown
    pay = {**hidden(manager.get(page).content.decode(), "event"), "event": "repay", "amount": "7700.00", "on": lenders.today.isoformat()}  # fmt: skip
    assert manager.post(report, pay).status_code == 302
    stale = {**pay, "key": "another-key"}
    assert manager.post(report, stale).status_code == 412
    bad = {**hidden(manager.get(page).content.decode(), "event"), "event": "settle", "amount": "1.00", "on": lenders.today.isoformat()}  # fmt: skip
    refused = manager.post(report, bad)
    assert refused.status_code == 409
    assert "还有本金没有还清" in refused.content.decode()
    firm = visitor(lenders.cast.owner)
    mine = text_of(firm.get(reverse("enterprise:loans")))
    assert "3,850" in mine
    assert "页面-1" in mine
    one = text_of(firm.get(reverse("enterprise:loan", args=[row.id])))
    assert "4.35%" in one
    assert "还款计划" in one


def test_the_book_on_another_day_and_by_state(lenders: Lenders, browser: Browser) -> None:
    row = lenders.in_state("overdue")
    manager, address = browser("lender"), reverse("institution:loans")
    now = text_of(manager.get(address))
    assert "远山农机" in now
    before = row.signed_on.isoformat()
    then = text_of(manager.get(address, {"day": before}))
    assert f'value="{before}"' in then
    days = (lenders.today - add_months(row.signed_on, 1)).days
    assert f"{days} 天" in now
    assert f"{days} 天" not in then
    assert "没有贷款" in text_of(manager.get(address, {"state": "settled"}))
    assert row.contract_no in text_of(manager.get(address, {"text": row.contract_no, "day": "昨天"}))


def test_a_month_is_sent_and_its_refused_rows_come_back(lenders: Lenders, browser: Browser) -> None:
    manager, address = browser("lender"), reverse("institution:loan_files")
    data = as_csv(line(lenders), line(lenders, contract_no="M-2", five_class="良好"))
    answer = manager.post(address, {"file": SimpleUploadedFile("十一月.csv", data)})
    assert answer.status_code == 302
    sent = LoanFile.objects.get()
    page = text_of(manager.get(answer["Location"]))
    assert "五级分类：看不懂这个词" in page
    back = manager.get(reverse("institution:loan_refused", args=[sent.id]))
    assert "M-2" in back.content.decode()
    again = manager.post(address, {"file": SimpleUploadedFile("十一月.csv", data)})
    assert "什么都没有改变" in text_of(manager.get(again["Location"]))
    assert manager.post(address, {}).status_code == 422
    wrong = manager.post(address, {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")})
    assert wrong.status_code == 422
    assert "合同编号" in manager.get(reverse("institution:loan_template")).content.decode()
    assert "十一月.csv" in text_of(manager.get(address))


def test_nobody_else_has_these_pages(lenders: Lenders, browser: Browser, visitor: Visitor) -> None:
    row = lenders.in_state("outstanding")
    sent = browser("lender").post(
        reverse("institution:loan_files"), {"file": SimpleUploadedFile("a.csv", as_csv(line(lenders)))}
    )
    assert sent.status_code == 302
    file_id = LoanFile.objects.get().id
    other, stranger, clerk = browser("lendother"), visitor(lenders.cast.stranger), browser("lendclerk")
    places = [("loan", row.id), ("loan_file", file_id), ("loan_refused", file_id)]
    for name, which in places:
        assert other.get(reverse(f"institution:{name}", args=[which])).status_code == 404
    assert other.post(reverse("institution:loan_report", args=[row.id]), {}).status_code == 404
    assert stranger.get(reverse("enterprise:loan", args=[row.id])).status_code == 404
    assert "没有贷款" in text_of(stranger.get(reverse("enterprise:loans"))) or "还没有贷款" in text_of(
        stranger.get(reverse("enterprise:loans"))
    )
    # who only queries reads the book of his bank and reports nothing
    page = clerk.get(reverse("institution:loan", args=[row.id]))
    assert page.status_code == 200
    assert 'name="act"' not in page.content.decode()
    assert clerk.get(reverse("institution:loan_new")).status_code == 403
    on = lenders.today.isoformat()
    event = {
        "version": str(row.revision),
        "act": "event",
        "event": "fall_overdue",
        "on": on,
        "key": "clerk-1",
    }
    assert clerk.post(reverse("institution:loan_report", args=[row.id]), event).status_code == 403


def test_the_demonstrations_two_loans(lenders: Lenders, visitor: Visitor) -> None:
    assert tell_loans(lenders.cast.owner) == 2
    assert tell_loans(lenders.cast.owner) == 2  # told again, they are the same two
    shown = selectors.book(lenders.cast.owner, selectors.Wanted(), lenders.today)[0]
    stands = {one.contract.contract_no: (one.contract.state, one.position.overdue_fen) for one in shown}
    assert stands == {"示范借字-001": ("outstanding", 0), "示范借字-002": ("overdue", 105_000)}
    assert "示范借字-001" in text_of(visitor(lenders.cast.owner).get(reverse("enterprise:loans")))
