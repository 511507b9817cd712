"""Through the pages: bank, guarantor and firm see the same guarantee from three sides, strangers nothing."""

# ruff: noqa: F811 - fixtures are named as arguments

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.guarantees.office import Office
from tests.hub.portals.conftest import Visitor, browser, text_of, visitor  # noqa: F401 - fixtures

from xinqiao.hub.apps.guarantees import clock
from xinqiao.hub.apps.guarantees.models import BatchAgreement, Guarantee

pytestmark = pytest.mark.django_db
type Browser = Callable[[str], Client]
RATIOS = {
    "ratio-guarantor": "40", "ratio-bank": "20", "ratio-national_fund": "20", "ratio-re_guarantor": "20", "ratio-government": "",
}  # fmt: skip


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def _press(client: Client, row: Guarantee, act: str, **said: str) -> int:
    page = client.get(reverse("institution:guarantee", args=[row.id])).content.decode()
    sent = {"act": act, "version": _hidden(page, "version"), "key": f"press-{act}-form", **said}
    return client.post(reverse("institution:guarantee_act", args=[row.id]), sent).status_code


def test_three_sides_of_one_guarantee(office: Office, browser: Browser) -> None:
    case = office.case()
    bank, guarantor = browser("kehu"), browser("danbao")
    address = reverse("institution:guarantee_new", args=[case.id])
    page = bank.get(address).content.decode()
    sent = {
        "guarantor": office.officer.institution_id,
        "amount": "90",
        "months": "12",
        "key": _hidden(page, "key"),
    }
    for wrong, words in (
        ({"amount": "九十"}, "请填数字"), ({"amount": "0"}, "金额不能是零"), ({"months": "0"}, "1 到 600"), ({"amount": "1e2"}, "请填数字"),
    ):  # fmt: skip
        answer = bank.post(address, {**sent, **wrong})
        assert answer.status_code == 422
        assert words in text_of(answer)
    answer = bank.post(address, sent)
    assert answer.status_code == 302
    row = Guarantee.objects.get()
    assert "远山农机" in text_of(guarantor.get(reverse("institution:guarantees")))
    assert _press(guarantor, row, "review") == 302
    for wrong, words in (
        ({"ratio-bank": "21"}, "正好是 100%"),
        ({"ratio-guarantor": ""}, "正好是 100%"),
        ({"fee_rate": "十"}, "0 到 10"),
    ):
        said = {"amount": "90", "fee_rate": "0.5", **RATIOS, **wrong}
        assert _press(guarantor, row, "approve", **said) == 422, words
    assert _press(guarantor, row, "approve", amount="90", fee_rate="0.5", **RATIOS) == 302
    office.lend(case)
    clock.keep_up(at=office.now)
    assert _press(bank, row, "claim", amount="50", overdue_since="2026-11-21") == 302
    assert _press(guarantor, row, "compensate", amount="50.000001") == 422
    assert _press(guarantor, row, "compensate", amount="50") == 302
    assert _press(guarantor, row, "recover", amount="12.5") == 302
    page = text_of(bank.get(reverse("institution:guarantee", args=[row.id])))
    for word in ("200,000.00", "担保机构代偿", "追偿收回", "还没有收回 375,000.00"):
        assert word in page
    assert "本年指标" in text_of(guarantor.get(reverse("institution:guarantees"), {"state": "recovering"}))


def test_the_firm_asks_and_takes_it_to_its_bank(office: Office, visitor: Visitor) -> None:
    owner = visitor(office.house.cast.owner)
    case = office.house.accepted()
    address = reverse("enterprise:guarantee_new")
    page = owner.get(address).content.decode()
    sent = {
        "guarantor": office.officer.institution_id,
        "amount": "90",
        "months": "12",
        "words": "买两台机床",
        "key": _hidden(page, "key"),
    }
    assert owner.post(address, {**sent, "amount": ""}).status_code == 422
    answer = owner.post(address, sent)
    row = Guarantee.objects.get()
    assert answer["Location"] == reverse("enterprise:guarantee", args=[row.id])
    assert "等担保机构答复" in text_of(owner.get(answer["Location"]))
    row = office.approved(row)
    page = owner.get(answer["Location"]).content.decode()
    assert "把担保意向交给银行" in page
    pressed = {"case": case.id, "version": _hidden(page, "version")}
    target = reverse("enterprise:guarantee_present", args=[row.id])
    assert owner.post(target, {**pressed, "case": "cas-absent"}).status_code == 404
    assert owner.post(target, pressed).status_code == 302
    assert owner.post(target, pressed).status_code == 412
    assert "云岭融资担保有限公司" in text_of(owner.get(reverse("enterprise:guarantees")))


def test_strangers_find_nothing(office: Office, browser: Browser, visitor: Visitor) -> None:
    row, clerk = office.applied(), browser("jingban")
    for stranger in (browser("danbao2"), browser("kehu2")):
        for name in ("guarantee", "guarantee_act"):
            for address in (row.id, "gua-absent"):
                method = stranger.get if name == "guarantee" else stranger.post
                assert method(reverse(f"institution:{name}", args=[address])).status_code == 404
    assert (
        visitor(office.house.cast.stranger).get(reverse("enterprise:guarantee", args=[row.id])).status_code
        == 404
    )
    page = clerk.get(reverse("institution:guarantee", args=[row.id]))
    assert (page.status_code, "下一步" in text_of(page)) == (200, False)
    assert clerk.post(
        reverse("institution:guarantee_act", args=[row.id]), {"act": "nonsense"}
    ).status_code == 404  # fmt: skip
    assert row.case is not None
    theirs = reverse("institution:guarantee_new", args=[row.case.id])
    assert browser("kehu2").get(theirs).status_code == 404


def test_an_agreement_is_proposed_and_agreed(office: Office, browser: Browser) -> None:
    guarantor, bank, case = browser("danbao"), browser("kehu"), office.case()
    address = reverse("institution:guarantee_agreements")
    page = guarantor.get(address).content.decode()
    sent = {
        "institution": office.bank.institution_id, "valid_from": "2026-11-01", "valid_to": "2027-11-01", "amount_most": "200",
        "months": "24", "quota": "1000", "cap": "3", "fee_rate": "0.5", "key": _hidden(page, "key"), **RATIOS,
    }  # fmt: skip
    for wrong, words in (
        ({"valid_to": "2026-11-01"}, "结束日要晚于开始日"), ({"quota": "100"}, "总额度不能小于"), ({"cap": "0"}, "代偿上限请填"),
        ({"ratio-bank": "19"}, "正好是 100%"), ({"months": "x"}, "1 到 600"), ({"valid_from": ""}, "请选日期"),
    ):  # fmt: skip
        answer = guarantor.post(address, {**sent, **wrong})
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert guarantor.post(address, sent).status_code == 302
    row = BatchAgreement.objects.get()
    assert "提出协议" not in text_of(bank.get(address))
    act = reverse("institution:guarantee_agreement_act", args=[row.id])
    assert bank.post(act, {"act": "agree", "version": "1"}).status_code == 302
    assert bank.post(act, {"act": "agree", "version": "1"}).status_code == 412
    assert browser("kehu2").post(act, {"act": "end", "version": "2"}).status_code == 404
    target = reverse("institution:guarantee_new", args=[case.id])
    page = bank.get(target).content.decode()
    assert "见贷即保" in page
    assert bank.post(target, {"agreement": row.id, "key": _hidden(page, "key")}).status_code == 302
    assert Guarantee.objects.get().state == "approved"
    assert bank.post(act, {"act": "end", "version": "2"}).status_code == 302
    assert bank.post(act, {"act": "nonsense", "version": "3"}).status_code == 404


def test_the_guarantor_states_its_assets(office: Office, browser: Browser) -> None:
    guarantor, address = browser("danbao"), reverse("institution:guarantee_assets")
    good = {"net_assets": "2000", "as_of": "2026-10-31"}
    assert guarantor.post(address, {**good, "as_of": "2026-01-01"}).status_code == 422
    assert guarantor.post(address, {**good, "net_assets": ""}).status_code == 422
    assert guarantor.post(address, good).status_code == 302
    page = text_of(guarantor.get(reverse("institution:guarantees")))
    assert "2,000.00 万元" in page
    assert browser("kehu").post(address, good).status_code == 404
