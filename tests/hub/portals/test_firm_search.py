"""Finding a firm in the register: institutions go on to its data account, the operator to what is held about it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, STRANGER_USCC, Cast, uscc
from tests.hub.reports.conftest import holdings  # noqa: F401 - a fixture

from xinqiao.domain.period import parse_date
from xinqiao.domain.renames import NamePeriod
from xinqiao.domain.report import RecordStatus
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.portals import firm_search
from xinqiao.hub.portals.operation import firms
from xinqiao.lake.firms import Firm, FirmIndex

type Browser = Callable[[str], Client]
#: The mark of a data account, as the pages show it.
ACCOUNT = "有数据账户</span>"
NEWCOMER = uscc("91330100MA2XQY009")


@pytest.fixture(autouse=True)
def _fresh_minute() -> None:
    firm_search._searches.clear()


@pytest.fixture
def register(tmp_path: Path, settings: object) -> None:
    """Three firms, one of them renamed, two of them under one number of old."""
    settings.XINQIAO_FIRMS = tmp_path / "firms.sqlite3"  # type: ignore[attr-defined]
    former = (NamePeriod("青禾农具厂", None, parse_date("2020-01-01")),)
    with FirmIndex.create(tmp_path / "firms.sqlite3") as index:
        index.add(
            [
                Firm(OWNER_USCC, "远山农机有限公司", former, "330100", "C3572", "存续", registration_no="330100000000011"),
                Firm(STRANGER_USCC, "澄湖五金商行", (), "330200", "F5174", "存续", registration_no="330200000000022"),
                Firm(NEWCOMER, "新来五金有限公司", (), "330100", "F5174", "存续", registration_no="330200000000022"),
            ]
        )  # fmt: skip


@pytest.fixture
def held(holdings: Holdings, monkeypatch: pytest.MonkeyPatch) -> Holdings:  # noqa: F811
    """What the lake would give about the owner's firm, and nothing about others."""
    nothing = replace(holdings, records={})
    monkeypatch.setattr(firms, "holdings_of", lambda code: holdings if code == OWNER_USCC else nothing)
    return holdings


def institution(browser: Browser, q: str, who: str = "bank") -> str:
    response = browser(who).get(reverse("institution:firms"), {"q": q})
    assert response.status_code in (200, 422)
    return response.content.decode()


# -------------------------------------------------------------------------------------------------- institutions


@pytest.mark.parametrize("typed", ["农机", "yuanshan", "青禾", "远山 有限"])
def test_a_name_in_any_writing_finds_the_firm(cast: Cast, browser: Browser, register: None, typed: str) -> None:  # fmt: skip
    page = institution(browser, typed)
    assert "远山农机有限公司" in page
    assert f"?q={OWNER_USCC}" in page
    assert ACCOUNT not in page
    assert "澄湖五金商行" not in page


def test_a_former_name_is_said(cast: Cast, browser: Browser, register: None) -> None:
    assert "曾用名 青禾农具厂" in institution(browser, "青禾农具")


def test_an_old_number_of_one_firm_is_that_firm_and_of_two_a_choice(cast: Cast, browser: Browser, register: None) -> None:  # fmt: skip
    one = institution(browser, "330100000000011")
    assert ACCOUNT in one
    assert "远山农机有限公司" in one
    two = institution(browser, "330200000000022")
    assert ACCOUNT not in two
    assert "澄湖五金商行" in two
    assert "新来五金有限公司" in two


def test_a_wrong_code_is_still_wrong_and_nothing_near_it_is_proposed(cast: Cast, browser: Browser, register: None) -> None:  # fmt: skip
    wrong = OWNER_USCC[:-1] + ("0" if OWNER_USCC[-1] != "0" else "1")
    page = institution(browser, wrong)
    assert "校验" in page
    assert "远山农机有限公司" not in page


def test_without_a_register_names_find_only_firms_asked_before(cast: Cast, browser: Browser) -> None:
    page = institution(browser, "五金")
    assert "澄湖五金商行" not in page
    assert "企业名录里" not in page


def test_searching_is_counted_by_person(cast: Cast, browser: Browser, register: None, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(firm_search._searches, "_most", 2)
    client = browser("bank")
    answers = [client.get(reverse("institution:firms"), {"q": "农机"}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert browser("outsider").get(reverse("institution:firms"), {"q": "农机"}).status_code == 200


# ------------------------------------------------------------------------------------------------------ operator


@pytest.mark.parametrize("who", ["ops", "sec", "aud"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_staff_find_a_firm_and_see_how_much_is_held_and_no_record(
    cast: Cast, browser: Browser, register: None, held: Holdings, who: str, language: str
) -> None:
    client = browser(who)
    found = client.get(reverse("operator:firms"), {"q": "农机", "lang": language}).content.decode()
    address = reverse("operator:firm", args=[OWNER_USCC])
    assert address in found
    page = client.get(address, {"lang": language}).content.decode()
    assert page.count("<h1") == 1
    for words in ("远山农机有限公司", "public_resource_transaction", "water_fee", "演示数源", "B-1", "2026-09-01"):  # fmt: skip
        assert words in page, words
    for words in ("某桥加固", "某路养护", "1,200,000", "W0001"):
        assert words not in page, words


def test_a_look_is_recorded_and_the_firm_can_find_it(cast: Cast, browser: Browser, held: Holdings) -> None:
    before = Leaf.objects.count()
    browser("ops").get(reverse("operator:firm", args=[OWNER_USCC]))
    leaf = Leaf.objects.order_by("-index")[0]
    told = json.loads(bytes(leaf.body))
    assert Leaf.objects.count() == before + 1
    assert (told["type"], told["facts"]["act"], told["facts"]["items"]) == ("ADMIN", "firm_looked_up", 2)
    assert told["ids"]["subject"] == cast.owner.enterprise_id
    assert OWNER_USCC not in bytes(leaf.body).decode()
    browser("ops").get(reverse("operator:firm", args=[NEWCOMER]))
    assert "subject" not in json.loads(bytes(Leaf.objects.order_by("-index")[0].body))["ids"]


def test_records_that_go_out_to_nobody_are_counted_apart(cast: Cast, browser: Browser, held: Holdings, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    first, second = held.records["public_resource_transaction"]
    rows = {"public_resource_transaction": [replace(first, status=RecordStatus.REPAIRED), second]}
    monkeypatch.setattr(firms, "holdings_of", lambda code: replace(held, records=rows))
    page = browser("ops").get(reverse("operator:firm", args=[OWNER_USCC])).content.decode()
    assert "不对外 1" in page
    assert "有异议 1" in page


def test_of_a_firm_nothing_is_held_about_it_is_said(cast: Cast, browser: Browser, held: Holdings) -> None:
    page = browser("ops").get(reverse("operator:firm", args=[STRANGER_USCC])).content.decode()
    assert "归集到的数据里没有这家企业" in page
    assert ACCOUNT in page


def test_a_code_no_register_knows_leads_on_and_a_wrong_one_does_not(cast: Cast, browser: Browser) -> None:
    client = browser("ops")
    page = client.get(reverse("operator:firms"), {"q": NEWCOMER.lower()}).content.decode()
    assert reverse("operator:firm", args=[NEWCOMER]) in page
    assert "没有找到" in client.get(reverse("operator:firms"), {"q": "远山"}).content.decode()
    assert client.get(reverse("operator:firm", args=[NEWCOMER[:-1] + "#"])).status_code == 422


def test_only_the_platforms_own_staff(cast: Cast, browser: Browser) -> None:
    for name, args in (("firms", []), ("firm", [OWNER_USCC])):
        address = reverse(f"operator:{name}", args=args)
        assert browser("bank").get(address).status_code == 403
        assert Client().get(address).headers["Location"].startswith(reverse("public:staff_login"))
        assert browser("ops").post(address).status_code == 405
