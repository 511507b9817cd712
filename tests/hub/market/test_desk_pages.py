"""Through the pages: one person designs a product, another reviews it, a third one's bank sees nothing of it."""

# ruff: noqa: F811 - fixtures are named as arguments

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.market.desk import Makers, said
from tests.hub.portals.conftest import browser, text_of, visitor  # noqa: F401 - fixtures

from xinqiao.domain.market.product_json import parse_terms
from xinqiao.hub.apps.market import selectors, services
from xinqiao.hub.apps.market.models import Product, ProductVersion
from xinqiao.hub.portals.institution.product_form import ProductForm, choices

pytestmark = pytest.mark.django_db
type Browser = Callable[[str], Client]

TYPED: dict[str, str | list[str]] = {
    "name": "云税贷", "kind": "credit", "security": "", "amount_min": "1", "amount_max": "200", "months_min": "3", "months_max": "24",
    "rate_min": "3.85", "rate_max": "5.2", "methods": ["interest_first", "equal_instalments"], "day_count": "monthly",
    "sla_days": "3", "regions": "14", "industries": ["C"], "sizes": ["micro", "small"], "zones": ["first_loan"],
    "f0-kind": "guarantee", "f0-basis": "yearly_rate", "f0-value": "0.5", "f1-kind": "assessment", "f1-basis": "once_fen",
    "f1-value": "300", "firm.tax_grade": ["A", "B"],
    "c0-field": "firm.age_months", "c0-op": "from", "c0-value": "24", "c0-group": "all",
    "c1-field": "records.water_fee", "c1-op": "from", "c1-value": "1", "c1-group": "any",
    "c2-field": "fundflow.F01", "c2-op": "from", "c2-value": "100000", "c2-group": "any",
    "materials": "营业执照\n近半年水费单", "policy_links": "https://policy.example/1", "valid_to": "2030-12-31",
}  # fmt: skip


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def _press(client: Client, row: ProductVersion, act: str, words: str = "") -> int:
    page = client.get(reverse("institution:product_version", args=[row.id])).content.decode()
    sent = {"act": act, "version": _hidden(page, "version"), "words": words}
    return client.post(reverse("institution:product_act", args=[row.id]), sent).status_code


def test_a_product_from_the_empty_form_to_the_public(makers: Makers, browser: Browser) -> None:
    writer, second = browser("maker"), browser("second")
    address = reverse("institution:product_new")
    key = _hidden(writer.get(address).content.decode(), "key")
    answer = writer.post(address, {**TYPED, "key": key})
    assert answer.status_code == 302
    writer.post(address, {**TYPED, "key": key})
    assert Product.objects.count() == 1
    row = ProductVersion.objects.get()
    terms = selectors.terms_of(row)
    assert (terms.amount_fen, [str(one) for one in terms.rate]) == (
        (1_000_000, 200_000_000),
        ["0.0385", "0.052"],
    )
    page = text_of(writer.get(answer["Location"]))
    for word in (
        "成立的月数不低于 24",
        "满足其中一条",
        "纳税信用级别是：A、B",
        "担保费：每年预收，贷款金额的 0.50%",
        "英文预览",
    ):
        assert word in page
    assert _press(writer, row, "submit") == 302
    assert "要由另一个人复核" in text_of(writer.get(answer["Location"]))
    assert "等第二个人复核" in text_of(second.get(reverse("institution:products")))
    assert _press(second, row, "publish") == 302
    assert "在售" in text_of(second.get(reverse("institution:products")))
    assert _press(second, row, "suspend", "额度用完") == 302
    assert _press(second, row, "resume") == 302


def test_what_was_typed_stays_with_a_sentence_at_the_field(makers: Makers, browser: Browser) -> None:
    writer = browser("maker")
    for changed, words, field in (
        ({"amount_max": "两百"}, "请填数字", "f-amount_max"),
        ({"rate_min": "6"}, "下限不能高于上限", "f-rate_max"),
        ({"regions": "山西"}, "有不认识的代码", "f-regions"),
        ({"name": ""}, "请填写", "f-name"),
        ({"f0-value": "30"}, "超出了允许的范围", "f-charges"),
        ({"c0-value": "两年"}, "请填数字", "f-condition"),
        ({"rate_min": "3.85001"}, "请填数字", "f-rate_min"),
        ({"valid_to": "2030-02-30"}, "", "f-valid_to"),
    ):
        sent = {**TYPED, **changed, "key": "form-0001"}
        answer = writer.post(reverse("institution:product_new"), sent)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f'href="#{field}"' in page
        assert words in page
        assert 'value="5.2"' in page
    assert not Product.objects.exists()


def test_a_draft_comes_back_into_its_form_as_it_was_typed(makers: Makers, browser: Browser) -> None:
    writer = browser("maker")
    writer.post(reverse("institution:product_new"), {**TYPED, "key": "form-0001"})
    row = ProductVersion.objects.get()
    form = ProductForm.of(row.terms)
    assert parse_terms(form.terms()) == selectors.terms_of(row)
    address = reverse("institution:product_edit", args=[row.id])
    page = writer.get(address).content.decode()
    assert 'value="3.85"' in page
    sent = {**TYPED, "rate_max": "4.9", "version": _hidden(page, "version")}
    assert writer.post(address, sent).status_code == 302
    assert writer.post(address, sent).status_code == 412
    assert str(selectors.terms_of(ProductVersion.objects.get()).rate[1]) == "0.049"


def test_a_condition_of_a_system_that_rows_cannot_show_is_kept(makers: Makers, browser: Browser) -> None:
    condition = {"not": {"field": "firm.industry", "under": ["C13"]}}
    row = makers.draft(condition=condition)  # type: ignore[arg-type]  # a dict of literals
    writer, address = browser("maker"), reverse("institution:product_edit", args=[row.id])
    page = writer.get(address).content.decode()
    assert "行业不属于：C13 农副食品加工业" in page
    sent = {**TYPED, "name": "改名", "version": _hidden(page, "version")}
    assert writer.post(address, sent).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.terms["condition"]) == ("改名", condition)


def test_a_new_version_stands_beside_the_old_one(makers: Makers, browser: Browser) -> None:
    first, writer = makers.published(), browser("maker")
    page = writer.get(reverse("institution:product_version", args=[first.id])).content.decode()
    answer = writer.post(
        reverse("institution:product_revise", args=[first.product_id]), {"key": _hidden(page, "key")}
    )
    assert answer.status_code == 302
    second = ProductVersion.objects.get(no=2)
    services.save_draft(
        actor=makers.writer, version_id=second.id, terms=said(rate_max="0.049", sla_days=2),
        expected_revision=second.revision, at=makers.now,
    )  # fmt: skip
    page = text_of(writer.get(reverse("institution:product_version", args=[second.id])))
    for word in ("和第 1 版比，改了什么", "3.85% 至 5.20%", "3.85% 至 4.90%", "受理后 2 个工作日内答复"):
        assert word in page


def test_who_may_not(makers: Makers, browser: Browser) -> None:
    row = makers.submitted()
    foreign, clerk, writer = browser("foreign"), browser("bank"), browser("maker")
    for name, args in (("product_version", [row.id]), ("product_edit", [row.id])):
        absent = foreign.get(reverse(f"institution:{name}", args=["pvr-" + "0" * 32]))
        theirs = foreign.get(reverse(f"institution:{name}", args=args))
        assert theirs.status_code == absent.status_code == 404
    assert foreign.post(reverse("institution:product_revise", args=[row.product_id])).status_code == 404
    assert (
        foreign.post(reverse("institution:product_act", args=[row.id]), {"act": "publish"}).status_code == 404
    )
    assert writer.post(reverse("institution:product_act", args=[row.id]), {"act": "steal"}).status_code == 404
    assert _press(writer, row, "publish") == 403
    assert _press(writer, row, "suspend", "x") == 409
    assert (
        writer.post(reverse("institution:product_act", args=[row.id]), {"act": "recall"}).status_code == 412
    )
    assert clerk.get(reverse("institution:product_new")).status_code == 403


def test_everything_the_form_offers_has_words(makers: Makers) -> None:
    offered = choices()
    assert len(offered["items"]) >= 37
    assert all(word and "{" not in word for found in offered.values() for _value, word in found)
