"""Credit reports at the institution: checked before they are believed, shown once, the products opened beside them."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from starlette.testclient import TestClient
from tests.client import fake_credit
from tests.client.fake_hub import ACCOUNT, AUTHORISATION, USCC, FakeHub
from tests.client.test_workbench import bench, kept_home, lin, once_of, token_of  # noqa: F401 - fixtures

from xinqiao import catalogue
from xinqiao.client import Client, Operator, problem_of
from xinqiao.clock import AdjustableClock
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Invalid, ProviderFault
from xinqiao.domain.portrait import Nil
from xinqiao.domain.portrait.reading import portrait_of_document
from xinqiao.domain.report import Availability
from xinqiao.trust.keys import SigningKey

LIN = Operator(name="林知远", department="小企业信贷部")


def test_a_report_is_believed_checked_and_read_as_values(client: Client) -> None:
    report = client.credit.report([fake_credit.ITEMS], Purpose.LOAN_APPLICATION, LIN)
    assert (report.subject_uscc, report.uses_left) == (USCC, 4)
    sections = report.chapters(catalogue.load()).sections
    assert [one.availability for one in sections] == [Availability.SHOWN, Availability.NOT_CALLED]
    assert (sections[0].objected, sections[0].lines[0].cells[0].value) == (True, "98765.43")
    assert sections[1].item.name == "某地方事项"
    assert report.beside().holdings[0].authorisation_id == AUTHORISATION
    assert fake_credit.ARREARS not in repr(report)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("report_key", lambda _key: SigningKey.generate()),
        ("document", lambda said: said | {"number": "CR-2"}),
        ("document", lambda said: said | {"purpose": "post_loan"}),
        ("document", lambda said: said | {"institution": {"id": "ins-" + "9" * 32, "name": "x"}}),
        ("document", lambda said: said | {"institution": None, "reader": "subject"}),
    ],
)
def test_what_is_not_the_platforms_word_to_us_is_not_believed(
    client: Client, hub: FakeHub, part, change
) -> None:
    hub.spoil[part] = change
    with pytest.raises(ProviderFault) as error:
        client.credit.report([fake_credit.ITEMS], Purpose.LOAN_APPLICATION, LIN)
    assert error.value.code is Code.HUB_INVALID
    assert problem_of(error.value) is None


def make(lin: TestClient):  # noqa: F811
    page = lin.get("/credit")
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page), "call-historical_tax_arrears": "on"}
    return lin.post(f"/credit/{fake_credit.ITEMS}/make", data=form)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_offers_what_can_be_made(lin: TestClient, language: str) -> None:  # noqa: F811
    page = lin.get("/credit", params={"lang": language}).text
    assert page.count("<h1") == 1
    assert "金丝雀家具有限公司（演示）" in page
    assert 'name="call-historical_tax_arrears"' in page
    assert "call-water_fee" not in page


def test_the_report_is_shown_once_and_goes_with_the_page(lin: TestClient) -> None:  # noqa: F811
    page = make(lin)
    assert page.url.path == f"/credit/{fake_credit.ASKED}"
    for words in (
        fake_credit.ARREARS,
        "有异议",
        "可以向数源调用，这份报告没有调用",
        "AU-20261121-0047",
        "远山银行",
    ):
        assert words in page.text, words
    bundle = json.loads(lin.get(f"{page.url.path}/json").content)
    assert bundle["report"]["number"] == "CR-20261121-0001"
    lin.get("/records")
    gone = lin.get(page.url.path)
    assert gone.status_code == 410
    assert fake_credit.ARREARS not in gone.text


def test_a_report_left_open_is_forgotten(lin: TestClient, clock: AdjustableClock) -> None:  # noqa: F811
    from datetime import timedelta

    address = make(lin).url.path
    clock.advance(timedelta(minutes=16))
    assert lin.get(address).status_code == 410


def test_pressing_twice_makes_one(lin: TestClient, hub: FakeHub) -> None:  # noqa: F811
    page = lin.get("/credit")
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page)}
    for _ in range(2):
        assert lin.post(f"/credit/{fake_credit.ITEMS}/make", data=form).status_code == 200
    assert hub.uses == 1


def test_the_institutions_own_product_is_opened_beside_the_report(lin: TestClient) -> None:  # noqa: F811
    page = make(lin)
    assert f'value="{ACCOUNT}"' in page.text
    forms = re.findall(r'action="(/credit/[^"]+/beside)"', page.text)
    form = {
        "csrfmiddlewaretoken": token_of(page), "once": once_of(page), "authorisation": AUTHORISATION, "account": ACCOUNT
    }  # fmt: skip
    both = lin.post(forms[0], data=form)
    assert fake_credit.ARREARS in both.text
    assert both.text.count("<h1") == 1
    assert "月均经营流入" in both.text


def test_a_portrait_is_believed_checked_and_read_as_values(client: Client) -> None:
    made = client.credit.portrait([fake_credit.ITEMS], Purpose.LOAN_APPLICATION, LIN)
    known, late = made.portrait().readings[1:]
    assert (known.value, known.objected, known.figure.zh) == (Decimal("876.54"), True, "水电气欠费")
    assert (late.figure.id, late.figure.zh, late.reason) == ("P99", "以后的数", Nil.NOT_AUTHORISED)
    assert "876.54" not in repr(made)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("report_key", lambda _key: SigningKey.generate()),
        ("portrait", lambda said: said | {"number": "EP-2"}),
        ("portrait", lambda said: said | {"institution": None, "reader": "subject"}),
    ],
)
def test_a_portrait_that_is_not_the_platforms_word_to_us_is_not_believed(
    client: Client, hub: FakeHub, part, change
) -> None:
    hub.spoil[part] = change
    with pytest.raises(ProviderFault) as error:
        client.credit.portrait([fake_credit.ITEMS], Purpose.LOAN_APPLICATION, LIN)
    assert error.value.code is Code.HUB_INVALID


@pytest.mark.parametrize(
    ("member", "value"),
    [("figures", [{}]), ("month", None), ("not_stored", [1]), ("subject", "x"), ("place", {"industry": 3})],
)
def test_a_portrait_that_lacks_what_it_must_say_names_the_member(member: str, value) -> None:
    said = fake_credit.portrait(datetime(2026, 11, 21, tzinfo=UTC))
    portrait_of_document(said)
    with pytest.raises(Invalid):
        portrait_of_document(said | {member: value})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_portrait_is_shown_once_and_goes_with_the_page(lin: TestClient, hub: FakeHub, language: str) -> None:  # noqa: F811  # fmt: skip
    page = lin.get("/credit", params={"lang": language})
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page)}
    for _ in range(2):  # pressed twice
        shown = lin.post(f"/credit/{fake_credit.ITEMS}/portrait", data=form)
    assert hub.uses == 1
    assert shown.url.path == f"/portraits/{fake_credit.ASKED}"
    assert shown.text.count("<h1") == 1
    for words in ("876.54", "EP-20261121-0001", "以后的数", "CCCC-DDDD"):
        assert words in shown.text, words
    bundle = json.loads(lin.get(f"{shown.url.path}/json").content)
    assert bundle["portrait"]["number"] == "EP-20261121-0001"
    lin.get("/records")
    gone = lin.get(shown.url.path)
    assert (gone.status_code, "876.54" in gone.text) == (410, False)
    assert lin.get(f"{shown.url.path}/json").status_code == 410


def test_nobody_sees_it_without_logging_in(bench: TestClient) -> None:  # noqa: F811
    for path in ("/credit", f"/credit/{fake_credit.ASKED}", f"/portraits/{fake_credit.ASKED}"):
        assert bench.get(path, follow_redirects=False).status_code == 303
