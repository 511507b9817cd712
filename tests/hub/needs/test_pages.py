"""The pages of needs: a firm publishes from its phone, reads why, chooses; its adviser works the queue."""

import pytest
from django.test import Client
from tests.hub.needs.stage import Stage
from tests.hub.needs.test_matching import on_offer

from xinqiao.hub.apps.identity.models import EnterprisePerson, User
from xinqiao.hub.apps.needs.models import Contact, MatchOverride, Need, NeedRecipient, RecipientState
from xinqiao.hub.portals.access import PERSON_KEY

pytestmark = pytest.mark.django_db

TYPED = {
    "key": "form-of-the-page-1", "amount": "150", "months": "12", "purpose": "working_capital", "security": ["credit"],
    "rate": "4.35", "contact": "甲一 138****0000", "zones": ["green"], "act": "submit", "agreed": "on",
}  # fmt: skip


def firm(stage: Stage, who: str = "owner") -> Client:
    """A browser of somebody of a firm."""
    actor, client = getattr(stage.cast, who), Client()
    client.force_login(User.objects.get(id=actor.user_id))
    session = client.session
    session[PERSON_KEY] = EnterprisePerson.objects.get(id=actor.person_id).id
    session.save()
    return client


def desk(user_id: str) -> Client:
    """A browser of one of the platform's people."""
    client = Client()
    client.force_login(User.objects.get(id=user_id))
    return client


def published(stage: Stage, **changed: object) -> Need:
    """A need that was published on the page."""
    answer = firm(stage).post("/e/needs/new", {**TYPED, **changed})
    assert answer.status_code == 302, answer.content.decode()
    return Need.objects.get(id=answer["Location"].rsplit("/", 1)[1])


def test_a_firm_publishes_and_reads_at_once_what_fits(stage: Stage) -> None:
    version = on_offer(stage)
    client = firm(stage)
    empty = client.get("/e/needs/new").content.decode()
    assert 'name="amount"' in empty
    assert "平台已经知道的" in empty
    started = client.get(f"/e/needs/new?product={version.product_id}").content.decode()
    assert version.name in started
    assert 'value="12"' in started
    need = published(stage, product=version.product_id)
    assert (need.amount_fen, str(need.rate), need.state) == (150_000_000, "0.043500", "assigned")
    assert need.product_version_id == version.id
    page = client.get(f"/e/needs/{need.id}").content.decode()
    assert version.name in page
    assert "最小的改动" in page
    assert "选定这家" in page
    assert "顾问跟进" in client.get("/e/needs").content.decode()
    assert f"/e/needs/{need.id}" in client.get("/e/").content.decode()


def test_a_draft_is_saved_and_what_is_missing_is_named(stage: Stage) -> None:
    client = firm(stage)
    saved = client.post("/e/needs/new", {"key": "form-of-the-page-2", "amount": "20", "act": "save"})
    need = Need.objects.get()
    assert (saved.status_code, need.state) == (302, "draft")
    form = client.get(f"/e/needs/{need.id}/edit").content.decode()
    assert 'value="20"' in form
    bad = client.post(f"/e/needs/{need.id}/edit", {**TYPED, "version": "1", "contact": ""})
    assert bad.status_code == 422
    assert "请留一个能找到您的联系方式" in bad.content.decode()
    need.refresh_from_db()
    wrong = client.post(f"/e/needs/{need.id}/edit", {**TYPED, "version": str(need.version), "amount": "很多"})
    assert wrong.status_code == 422
    assert "请填数字，单位是万元" in wrong.content.decode()
    assert "很多" in wrong.content.decode()
    done = client.post(f"/e/needs/{need.id}/edit", {**TYPED, "version": str(need.version)})
    assert (done.status_code, Need.objects.get().state) == (302, "assigned")


def test_a_foreign_need_looks_like_none_and_an_agent_without_the_right_changes_nothing(stage: Stage) -> None:
    need = published(stage)
    for path in ("", "/edit"):
        assert firm(stage, "stranger").get(f"/e/needs/{need.id}{path}").status_code == 404
    assert firm(stage, "stranger").post(f"/e/needs/{need.id}/act", {"act": "cancel"}).status_code == 404
    reader = firm(stage, "reader")
    page = reader.get(f"/e/needs/{need.id}").content.decode()
    assert "取消需求" not in page
    refused = reader.post(f"/e/needs/{need.id}/act", {"act": "cancel", "version": str(need.version)})
    assert (refused.status_code, Need.objects.get().state) == (403, "assigned")
    assert firm(stage).post(f"/e/needs/{need.id}/act", {"act": "cancel", "version": "1"}).status_code == 412


def test_the_firm_chooses_and_cancels_on_the_page(stage: Stage) -> None:
    version = on_offer(stage)
    need = published(stage)
    client = firm(stage)

    def do(**posted: str) -> int:
        version_now = Need.objects.get(id=need.id).version
        return client.post(f"/e/needs/{need.id}/act", {"version": str(version_now), **posted}).status_code

    assert do(act="list", product=version.product_id) == 302
    row = stage.cast.confirmed(stage.cast.bound())
    assert row.authorisation_no is not None
    assert row.authorisation_no in client.get(f"/e/needs/{need.id}").content.decode()
    bank = stage.cast.bank.institution_id
    assert do(act="bind", institution=bank, kind="fundflow", authorisation=row.id) == 302
    assert "撤回授权" in client.get(f"/e/needs/{need.id}").content.decode()
    assert do(act="unlist", institution=bank) == 302
    assert NeedRecipient.objects.get().state == RecipientState.REMOVED
    assert (do(act="again"), do(act="nonsense")) == (302, 404)
    assert do(act="cancel", words="不需要了") == 302
    assert "企业取消" in client.get(f"/e/needs/{need.id}").content.decode()
    assert do(act="cancel") == 409


def test_an_adviser_works_a_need_from_the_queue_to_the_visit(stage: Stage) -> None:
    version = on_offer(stage)
    need = published(stage)
    client = desk(str(need.adviser_id))
    other = desk(stage.other.user_id if need.adviser_id == stage.adviser.user_id else stage.adviser.user_id)
    assert need.number in client.get("/o/needs").content.decode()
    assert need.number not in client.get("/o/needs?region=99").content.decode()
    page = client.get(f"/o/needs/{need.id}").content.decode()
    assert "甲一 138****0000" in page
    assert "为什么" in page
    assert "甲一 138****0000" not in other.get(f"/o/needs/{need.id}").content.decode()

    def do(browser: Client = client, **posted: str) -> int:
        now = Need.objects.get(id=need.id).version
        return browser.post(f"/o/needs/{need.id}/act", {"version": str(now), **posted}).status_code

    assert do(other, act="contact", channel="phone", words="你好", key="contact-key-1") == 403
    assert do(act="contact", channel="phone", words="确认了用途", key="contact-key-1") == 302
    assert do(act="forward", product=version.product_id, words="") == 422
    assert do(act="forward", product=version.product_id, words="最快") == 302
    assert do(act="propose", product=version.product_id, words="最快") == 302
    assert (Contact.objects.count(), MatchOverride.objects.count()) == (1, 1)
    assert "融资顾问放到前面：最快" in firm(stage).get(f"/e/needs/{need.id}").content.decode()
    assert do(act="again") == 302
    assert do(act="close", code="financed") == 302
    done = client.get(f"/o/needs/{need.id}").content.decode()
    assert "拿到了融资" in done
    assert "记下回访" in done
    visit = Need.objects.get(id=need.id).visits.get()
    assert do(act="visit", visit=str(visit.id), stars="5", words="很快") == 302
    figures = client.get("/o/needs/advisers").content.decode()
    assert "5.0" in figures
    assert "1 / 1" in figures
    assert do(act="nonsense") == 404


def test_a_draft_is_not_on_the_desk_and_the_auditor_only_reads(stage: Stage) -> None:
    draft = stage.draft("need-form-x1")
    client = desk(stage.adviser.user_id)
    assert client.get(f"/o/needs/{draft.id}").status_code == 404
    need = published(stage)
    auditor = desk(stage.cast.auditor.user_id)
    assert auditor.get(f"/o/needs/{need.id}").status_code == 200
    assert (
        auditor.post(f"/o/needs/{need.id}/act", {"act": "take", "version": str(need.version)}).status_code
        == 403
    )
