"""Notices at both portals: told, read, marked; each party its own; a notice leads somewhere that exists."""

import re

import pytest
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.portals.conftest import Browser, Visitor

from xinqiao.hub.apps.consents.services import record_closure, refuse_authorisation
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.notices.services import mark_all_read

ABSENT = "ntc-" + "0" * 32


@pytest.fixture
def told(cast: Cast) -> Cast:
    """The bank was answered twice; the owner was asked twice, an account was bound and closed."""
    account = cast.bound()
    row = cast.confirmed(account)
    cast.withdraw(cast.owner, row)
    record_closure(actor=cast.system, binding_id=account.id, at=cast.now)
    return cast


def rows_of(page: str) -> tuple[int, int]:
    """How many notices a page lists, and how many of them are unread."""
    return page.count('class="xq-li"'), page.count("未读</span>")


def test_an_institution_reads_its_notices_and_marks_them(told: Cast, browser: Browser) -> None:
    bank = browser("bank")
    page = bank.get(reverse("institution:notices")).content.decode()
    assert rows_of(page) == (2, 2)
    assert "远山农机有限公司同意了授权" in page
    assert "远山农机有限公司撤回了授权" in page
    assert re.search(r'href="/i/notices".*?<span class="xq-count">2<', page, re.S)
    first = Notice.objects.for_viewer(told.bank).order_by("-created_at", "-id")[0]
    answer = bank.post(reverse("institution:notice_read", args=[first.id]))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("institution:notices"))
    first.refresh_from_db()
    assert first.read_at == told.now
    assert rows_of(bank.get(reverse("institution:notices")).content.decode()) == (2, 1)
    bank.post(reverse("institution:notices_read_all"))
    page = bank.get(reverse("institution:notices")).content.decode()
    assert rows_of(page) == (2, 0)
    assert "全部标为已读" not in page
    assert 'class="xq-count"' not in page.split("/i/notices")[1].split("</a>")[0]


def test_an_enterprise_reads_its_notices_and_marks_them(told: Cast, visitor: Visitor) -> None:
    owner = visitor(told.owner)
    assert "全部通知，3 条未读" in owner.get(reverse("enterprise:me")).content.decode()
    page = owner.get(reverse("enterprise:notices")).content.decode()
    assert rows_of(page) == (3, 3)
    for words in ("岚江农商银行向您申请授权", "绑定成功", "已销户"):
        assert words in page
    owner.post(reverse("enterprise:notices_read_all"))
    assert rows_of(owner.get(reverse("enterprise:notices")).content.decode()) == (3, 0)
    assert "全部通知<" in owner.get(reverse("enterprise:me")).content.decode()


def test_the_notice_of_somebody_else_is_absent(told: Cast, browser: Browser, visitor: Visitor) -> None:
    owners = Notice.objects.for_viewer(told.owner)[0]
    banks = Notice.objects.for_viewer(told.bank)[0]
    outsider, stranger = browser("outsider"), visitor(told.stranger)
    for one in (owners.id, banks.id, ABSENT):
        assert outsider.post(reverse("institution:notice_read", args=[one])).status_code == 404
        assert stranger.post(reverse("enterprise:notice_read", args=[one])).status_code == 404
    outsider.post(reverse("institution:notices_read_all"))
    stranger.post(reverse("enterprise:notices_read_all"))
    assert not Notice.objects.filter(read_at__isnull=False).exists()
    assert outsider.get(reverse("institution:notice_read", args=[banks.id])).status_code == 405


def test_nobody_told_anything_is_said_so(cast: Cast, browser: Browser, visitor: Visitor) -> None:
    for client, address in (
        (browser("outsider"), reverse("institution:notices")),
        (visitor(cast.stranger), reverse("enterprise:notices")),
    ):
        page = client.get(address).content.decode()
        assert "还没有通知" in page
        assert "全部标为已读" not in page
        assert "No notices yet" in client.get(address, {"lang": "en"}).content.decode()


def test_every_notice_leads_to_a_page_that_exists(told: Cast, browser: Browser, visitor: Visitor) -> None:
    row = told.requested(ref="SQ-0009")
    refuse_authorisation(actor=told.owner, authorisation_id=row.id, expected_version=row.version, at=told.now)
    clients = {"institution": browser("bank"), "enterprise": visitor(told.owner)}
    for notice in Notice.objects.all():
        assert clients[notice.audience_kind].get(notice.link).status_code == 200, notice.link
    assert (
        browser("bank").get(f"/i/firms?q={OWNER_USCC}").status_code == 200
    )  # of an invitation that was accepted


def test_what_came_after_the_look_is_not_marked(told: Cast) -> None:
    later = Notice.objects.for_viewer(told.bank)[0]
    Notice.objects.filter(id=later.id).update(created_at=told.now.replace(year=2027))
    assert mark_all_read(actor=told.bank, at=told.now) == 1
