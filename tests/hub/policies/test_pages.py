"""Through the pages: a policy is written and reviewed, found, applied for, paid; strangers see nothing."""

# ruff: noqa: F811 - fixtures are named as arguments

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tests.hub.policies.bureau import Bureau
from tests.hub.portals.conftest import browser, text_of, visitor  # noqa: F401 - fixtures

from xinqiao.domain.policies.policy_json import parse_policy
from xinqiao.hub.apps.policies import claims, finding, selectors
from xinqiao.hub.apps.policies.models import Claim, Policy, PolicyVersion
from xinqiao.hub.portals.institution.policy_form import PolicyForm
from xinqiao.hub.portals.public import products

pytestmark = pytest.mark.django_db
type Browser = Callable[[str], Client]

TYPED: dict[str, str | list[str]] = {
    "title": "小微企业贷款贴息", "document_no": "云财金〔2026〕1号", "summary": "给小微企业的贷款贴息。", "kind": "interest_subsidy",
    "mode": "simple", "rate": "1", "most_days": "360", "days_in_year": "360", "claim_cap": "1", "firm_cap": "1.2",
    "loan_most": "500", "loan_rate": "5", "budget": "2", "covers_from": "2026-01-01", "covers_to": "2026-12-31",
    "open_to": "2026-12-31", "regions": "33", "materials": "贷款合同",
    "c0-field": "records.water_fee", "c0-op": "from", "c0-value": "0", "c0-group": "all",
}  # fmt: skip
SAID = {
    "lender": "岚江农商银行", "contract_no": "LJ-001", "principal": "1200000", "annual_rate": "3.85",
    "b0-from": "2026-03-01", "b0-last": "2026-08-27", "b0-balance": "1,200,000.00",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_minute() -> Iterator[None]:
    products._looks.clear()
    yield
    products._looks.clear()


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def _press(client: Client, page: str, row: PolicyVersion | Claim, **sent: str) -> int:
    seen = _hidden(client.get(reverse(f"institution:{page}", args=[row.id])).content.decode(), "version")
    return client.post(
        reverse(f"institution:{page}_act", args=[row.id]), {"version": seen, **sent}
    ).status_code


def test_from_the_empty_form_to_the_money(
    bureau: Bureau, browser: Browser, visitor: Callable[..., Client]
) -> None:
    writer, second, fund = browser("pol-writer"), browser("pol-second"), browser("pol-fund")
    assert writer.get(reverse("institution:home"))["Location"] == reverse("institution:policies")
    address = reverse("institution:policy_new")
    key = _hidden(writer.get(address).content.decode(), "key")
    answer = writer.post(address, {**TYPED, "key": key})
    assert answer.status_code == 302
    writer.post(address, {**TYPED, "key": key})
    assert Policy.objects.count() == 1
    row = PolicyVersion.objects.get()
    page = text_of(writer.get(answer["Location"]))
    for word in (
        "每天的贷款余额 × 1.00% ÷ 360",
        "一户企业最多",
        "不超过 5,000,000.00",
        "可以得到",
        "英文预览",
    ):
        assert word in page
    version_page = writer.get(answer["Location"]).content.decode()
    post = {"version": _hidden(version_page, "version"), "act": "submit"}
    assert writer.post(reverse("institution:policy_act", args=[row.id]), post).status_code == 302
    row.refresh_from_db()
    post = {"version": str(row.revision), "act": "publish"}
    assert writer.post(reverse("institution:policy_act", args=[row.id]), post).status_code == 403
    assert second.post(reverse("institution:policy_act", args=[row.id]), post).status_code == 302
    anybody = Client(HTTP_ACCEPT_LANGUAGE="zh-CN")
    assert "小微企业贷款贴息" in text_of(
        anybody.get(reverse("public:policies"), {"region": "33", "kind": "interest_subsidy"})
    )
    assert "没有符合的政策" in text_of(anybody.get(reverse("public:policies"), {"region": "14"}))
    page = text_of(anybody.get(reverse("public:policy", args=[row.policy_id])))
    for word in ("5,000.00", "180 天", "资金", "申请"):
        assert word in page

    firm = visitor(bureau.cast.owner)
    assert firm.post(reverse("enterprise:policy_consent"), {"on": "yes", "version": "0"}).status_code == 302
    finding.evaluate(at=bureau.now)
    page = text_of(firm.get(reverse("enterprise:policies")))
    for word in ("小微企业贷款贴息", "5,000.00", "满足", "申请到"):
        assert word in page
    address = reverse("enterprise:policy_apply", args=[row.policy_id])
    key = _hidden(firm.get(address).content.decode(), "key")
    wrong = firm.post(address, {**SAID, "annual_rate": "5.01", "key": key})
    assert wrong.status_code == 422
    assert "贷款利率高于政策支持的上限" in text_of(wrong)
    paper = SimpleUploadedFile("合同.pdf", b"%PDF-1.7 contract")
    answer = firm.post(address, {**SAID, "key": key, "evidence": paper})
    assert answer.status_code == 302
    claim = Claim.objects.get()
    assert claim.amount_fen == 600_000
    assert "已经申请" in text_of(firm.get(reverse("enterprise:policies")))

    def step(client: Client, **sent: str) -> int:
        claim.refresh_from_db()
        return client.post(
            reverse("institution:policy_claim_act", args=[claim.id]), {"version": str(claim.revision), **sent}
        ).status_code

    page = text_of(second.get(reverse("institution:policy_claim", args=[claim.id])))
    for word in ("LJ-001", "合同.pdf", "6,000.00", "受理"):
        assert word in page
    assert step(second, act="accept") == 302
    assert step(second, act="ask", words=" ") == 422
    assert step(second, act="ask", words="合同缺盖章页") == 302
    page = firm.get(answer["Location"])
    assert "合同缺盖章页" in text_of(page)
    again = {**SAID, "act": "supply", "version": _hidden(page.content.decode(), "version")}
    assert firm.post(reverse("enterprise:policy_claim_act", args=[claim.id]), again).status_code == 302
    assert step(second, act="review") == 302
    assert step(second, act="confirm") == 403
    assert step(fund, act="confirm") == 302
    assert "公示中" in text_of(anybody.get(reverse("public:policy", args=[row.policy_id])))
    bureau.cast.clock.advance(timedelta(days=7))
    assert claims.end_terms(at=bureau.now) == 1
    fund, second = browser("pol-fund"), browser("pol-second")
    assert step(fund, act="pay", voucher="") == 422
    assert step(fund, act="pay", voucher="GK-0001") == 302
    firm = visitor(bureau.cast.owner)
    page = text_of(firm.get(answer["Location"]))
    assert "已拨付" in page
    assert "GK-0001" in page
    claim.refresh_from_db()
    rate = {"act": "feedback", "version": str(claim.revision), "stars": "5", "words": "很快"}
    assert firm.post(reverse("enterprise:policy_claim_act", args=[claim.id]), rate).status_code == 302
    assert "很快" in text_of(second.get(reverse("institution:policy_claim", args=[claim.id])))
    assert step(fund, act="give_back", amount="7000.00", key="back-0001") == 409
    assert step(fund, act="give_back", amount="6000.00", key="back-0002") == 302
    page = text_of(fund.get(reverse("institution:policy_version", args=[row.id])))
    for word in ("设定资金", "预留", "拨付", "退回"):
        assert word in page


def test_what_was_typed_stays_with_a_sentence_at_the_field(bureau: Bureau, browser: Browser) -> None:
    writer = browser("pol-writer")
    for changed, words, field in (
        ({"budget": "两万"}, "请填数字", "f-budget"),
        ({"rate": ""}, "请填写", "f-rate"),
        ({"quota": "x"}, "请填数字", "f-quota"),
        ({"open_to": "2020-01-01", "open_from": "2021-01-01"}, "下限不能高于上限", "f-open_to"),
        ({"c0-value": "两年"}, "请填数字", "f-condition"),
    ):
        answer = writer.post(reverse("institution:policy_new"), {**TYPED, **changed, "key": "form-0001"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f'href="#{field}"' in page
        assert words in page
    assert not Policy.objects.exists()


def test_a_draft_comes_back_into_its_form(bureau: Bureau, browser: Browser) -> None:
    row = bureau.draft(
        quota=5,
        loan_most="5000000.00",
        condition={"all": [{"field": "firm.tax_grade", "one_of": ["A", "B"]}]},
    )
    assert parse_policy(PolicyForm.of(row.terms).terms()) == selectors.terms_of(row)
    writer, address = browser("pol-writer"), reverse("institution:policy_edit", args=[row.id])
    sent = {**TYPED, "title": "改名", "version": _hidden(writer.get(address).content.decode(), "version")}
    assert writer.post(address, sent).status_code == 302
    assert writer.post(address, sent).status_code == 412
    row.refresh_from_db()
    assert row.title == "改名"
    published = bureau.published(key="form-0002")
    page = writer.get(reverse("institution:policy_version", args=[published.id])).content.decode()
    answer = writer.post(
        reverse("institution:policy_revise", args=[published.policy_id]), {"key": _hidden(page, "key")}
    )
    assert answer.status_code == 302
    assert PolicyVersion.objects.get(policy_id=published.policy_id, no=2).state == "draft"


def test_who_may_not(bureau: Bureau, browser: Browser, visitor: Callable[..., Client]) -> None:
    claim = bureau.applied()
    foreign, bank, stranger = browser("pol-foreign"), browser("bank"), visitor(bureau.cast.stranger)
    for client in (foreign, bank):
        for name, place in (("policy_version", claim.version_id), ("policy_claim", claim.id)):
            absent = client.get(reverse(f"institution:{name}", args=["plc-" + "0" * 32]))
            theirs = client.get(reverse(f"institution:{name}", args=[place]))
            assert theirs.status_code == absent.status_code == 404
        assert (
            client.post(
                reverse("institution:policy_claim_act", args=[claim.id]), {"act": "accept"}
            ).status_code
            == 404
        )
    assert bank.get(reverse("institution:policy_new")).status_code == 403
    assert "只有登记为政策部门" in text_of(bank.get(reverse("institution:policies")))
    assert stranger.get(reverse("enterprise:policy_claim", args=[claim.id])).status_code == 404
    assert (
        stranger.post(
            reverse("enterprise:policy_claim_act", args=[claim.id]), {"act": "withdraw"}
        ).status_code
        == 404
    )
    owner, writer = visitor(bureau.cast.owner), browser("pol-writer")
    assert (
        owner.post(reverse("enterprise:policy_claim_act", args=[claim.id]), {"act": "steal"}).status_code
        == 404
    )
    assert (
        owner.post(reverse("enterprise:policy_claim_act", args=[claim.id]), {"act": "withdraw"}).status_code
        == 412
    )
    assert (
        writer.post(reverse("institution:policy_claim_act", args=[claim.id]), {"act": "accept"}).status_code
        == 412
    )
    absent = reverse("enterprise:policy_apply", args=["pol-" + "0" * 32])
    assert owner.get(absent).status_code == 404
    risk = bureau.published(key="form-0009", kind="risk_compensation", share="0.4", rate=None, most_days=None)
    assert owner.get(reverse("enterprise:policy_apply", args=[risk.policy_id])).status_code == 404
    assert (
        owner.post(reverse("enterprise:policy_consent"), {"on": "perhaps", "version": "0"}).status_code == 422
    )
