"""The institution's pages of items: ask, follow, see withdrawals, queries and refusals; nobody else's, and no content."""

import csv
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, STRANGER_USCC, Cast, uscc
from tests.hub.items_cast import ARREARS, HOUSE, ItemCast, house
from tests.hub.portals.test_institution import Browser

from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery

PAGES = ("items", "item_new", "item_records", "item_records_csv")


@pytest.fixture
def items(cast: Cast) -> ItemCast:
    return ItemCast(cast)


def address(name: str, *args: object) -> str:
    return reverse(f"institution:{name}", args=args)


def form(**changes: str | list[str]) -> dict[str, str | list[str]]:
    filled: dict[str, str | list[str]] = {
        "uscc": OWNER_USCC, "purpose": "loan_application", "business_ref": "SQ-9", "days": "30", "queries": "3",
        "field": [f"{ARREARS}.uscc", f"{ARREARS}.status", "shareholder_contribution.uscc"], "message": "请确认",
    }  # fmt: skip
    return {**filled, **changes}


def queried(row: ItemAuthorisation, name: str, **changes: object) -> ItemQuery:
    values: dict[str, object] = {
        "id": name, "kind": "interface", "authorisation": row, "enterprise_id": row.enterprise_id,
        "institution_id": row.institution_id, "item": ARREARS, "fields": ["uscc"], "purpose": row.purpose,
        "operator_name": "=丁一", "asked_at": row.requested_at, "state": "released", "end_leaf": 3,
        "permit_jti": name, "answer_digest": "d", "answer_no": f"IA-{name}",
    }  # fmt: skip
    return ItemQuery.objects.create(**{**values, **changes})


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_for_the_institution_and_for_nobody_else(
    cast: Cast, browser: Browser, name: str
) -> None:
    for language in ("zh", "en"):
        assert browser("bank").get(address(name), {"lang": language}).status_code == 200
    assert browser("ops").get(address(name)).status_code == 403
    assert Client().get(address(name)).headers["Location"].startswith(reverse("public:staff_login"))


def test_asking_leads_to_the_request_and_the_firm_is_told(items: ItemCast, browser: Browser) -> None:
    client = browser("bank")
    answer = client.post(address("item_new"), form())
    row = ItemAuthorisation.objects.get()
    assert answer.headers["Location"] == address("item", row.id)
    assert {one["item"]: one["fields"] for one in row.asked["items"]} == {
        ARREARS: ["status", "uscc"],
        "shareholder_contribution": ["uscc"],
    }
    page = client.get(address("item", row.id)).content.decode()
    assert "等企业答复" in page
    assert "历史欠税" in client.get(address("items")).content.decode()
    assert client.get(address("items") + "?q=SQ-9").content.decode().count("SQ-9") >= 1
    assert "SQ-9" not in client.get(address("items") + "?q=nothing").content.decode().split("</head>")[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"uscc": "91330100MA2XQA0010"},
        {"uscc": uscc("91330900MA2XQC009")},
        {"field": []},
        {"field": ["no_such_item.uscc"]},
        {"field": [f"{ARREARS}.nothing"]},
        {"field": [f"{HOUSE}.owner_name"]},
        {"purpose": "curiosity"},
        {"days": "31"},
        {"queries": "x"},
        {"business_ref": " "},
    ],
)
def test_what_cannot_be_asked_stays_in_the_form(items: ItemCast, browser: Browser, changes) -> None:
    answer = browser("bank").post(address("item_new"), form(**changes))
    assert answer.status_code == 422
    assert "请确认" in answer.content.decode()
    assert not ItemAuthorisation.objects.exists()


def test_the_same_business_and_the_wrong_role_are_refused(items: ItemCast, browser: Browser) -> None:
    client = browser("bank")
    assert client.post(address("item_new"), form()).status_code == 302
    before = Leaf.objects.filter(type="DENY").count()
    assert client.post(address("item_new"), form()).status_code == 422
    assert Leaf.objects.filter(type="DENY").count() == before + 1
    assert browser("provider").post(address("item_new"), form(business_ref="P")).status_code == 403
    assert ItemAuthorisation.objects.count() == 1


def test_another_institutions_object_reads_like_an_absent_one(items: ItemCast, browser: Browser) -> None:
    row = items.confirm(items.requested())
    one = queried(row, "itq-" + "1" * 32)
    outsider = browser("outsider")
    for page, own, absent in (
        ("item", row.id, "ita-" + "0" * 32),
        ("item_record", one.id, "itq-" + "0" * 32),
    ):
        assert browser("bank").get(address(page, own)).status_code == 200
        foreign, missing = outsider.get(address(page, own)), outsider.get(address(page, absent))
        assert foreign.status_code == missing.status_code == 404
    assert row.request_no not in outsider.get(address("items")).content.decode()
    assert "IA-" not in outsider.get(address("item_records_csv")).content.decode()


def test_what_was_given_withdrawn_and_refused_is_seen(items: ItemCast, browser: Browser) -> None:
    claim = items.stated(HOUSE, house())
    row = items.confirm(items.requested(claim))
    queried(row, "itq-" + "1" * 32)
    queried(
        row, "itq-" + "2" * 32, state="denied", code="SCOPE_EXCEEDED", answer_no="", permit_jti=None,
        nearest={"item": ARREARS, "fields": ["uscc"], "claim": None, "purpose": "loan_application"},
    )  # fmt: skip
    queried(row, "itq-" + "3" * 32, kind="verification", item=HOUSE, result="not", answer_no="VF-1")
    client = browser("bank")
    page = client.get(address("item", row.id)).content.decode()
    assert "同意核验" in page
    assert "超出授权范围" in page or "SCOPE_EXCEEDED" in page
    assert "答复：否" in page
    items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    assert "企业已撤回，不能再查" in client.get(address("item", row.id)).content.decode()
    refused = client.get(address("item_record", "itq-" + "2" * 32)).content.decode()
    assert "最近的、能放行的请求" in refused
    records = client.get(address("item_records") + "?state=denied").content.decode()
    assert "itq-" + "2" * 32 in records
    assert "itq-" + "1" * 32 not in records
    text = client.get(address("item_records_csv")).content.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text)))
    assert len(rows) == 4
    assert {one[9] for one in rows[1:]} == {"'=丁一"}
    assert {one[3] for one in rows[1:]} == {OWNER_USCC}
    assert STRANGER_USCC not in text


def test_a_strangers_authorisation_does_not_tell_whose_it_is(items: ItemCast, browser: Browser) -> None:
    row = items.confirm(items.requested())
    queried(
        row, "itq-" + "4" * 32, authorisation=None, institution_id=items.cast.outsider.institution_id,
        state="denied", code="CONSENT_GRANTEE_MISMATCH", answer_no="",
    )  # fmt: skip
    client = browser("outsider")
    for page in (
        client.get(address("item_records")),
        client.get(address("item_record", "itq-" + "4" * 32)),
        client.get(address("item_records_csv")),
    ):
        assert page.status_code == 200
        assert OWNER_USCC not in page.content.decode()
        assert "远山农机" not in page.content.decode()
