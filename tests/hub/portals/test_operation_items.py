"""The operator's page of items: who serves what, how it goes, what guessing used up; moving an item, with its leaf."""

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import Cast
from tests.hub.items_cast import ARREARS, HOUSE, ItemCast, house
from tests.hub.portals.test_institution import Browser

from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.items.models import ItemQuery, ItemSource
from xinqiao.trust.leaf import parse_leaf

PAGE = "operator:items"


@pytest.fixture
def items(cast: Cast) -> ItemCast:
    return ItemCast(cast)


def move(client: Client, item: str, node: str, seen: str = "") -> int:
    return client.post(reverse("operator:item_source", args=[item]), {"node": node, "seen": seen}).status_code


def test_the_page_is_for_the_platforms_people_only(cast: Cast, browser: Browser) -> None:
    for who, status in (("ops", 200), ("aud", 200), ("sec", 200), ("bank", 403)):
        for language in ("zh", "en"):
            assert browser(who).get(reverse(PAGE), {"lang": language}).status_code == status
    page = browser("ops").get(reverse(PAGE)).content.decode()
    assert page.count('name="seen"') == 20
    assert 'name="seen"' not in browser("aud").get(reverse(PAGE)).content.decode()


def test_an_item_is_registered_moved_and_both_are_in_the_log(items: ItemCast, browser: Browser) -> None:
    client, node = browser("ops"), items.cast.node.id
    assert move(client, ARREARS, node) == 302
    assert ItemSource.objects.get(item=ARREARS).node_id == node
    leaf = parse_leaf(bytes(Leaf.objects.order_by("-index").first().body))
    assert (leaf.type, leaf.facts["act"], leaf.facts["item"], leaf.facts["from"]) == (
        "ADMIN",
        "item_source",
        ARREARS,
        None,
    )
    assert leaf.facts["by"] == items.cast.operator.user_id
    before = Leaf.objects.count()
    assert move(client, ARREARS, node, seen=node) == 302  # the same again changes nothing
    assert Leaf.objects.count() == before
    assert items.cast.node.name in client.get(reverse(PAGE)).content.decode()


def test_who_may_not_what_is_stale_and_what_is_absent(items: ItemCast, browser: Browser) -> None:
    node = items.cast.node.id
    for who in ("aud", "sec"):
        assert move(browser(who), ARREARS, node) == 403
    client = browser("ops")
    assert move(client, ARREARS, node, seen="nod-" + "9" * 32) == 412
    assert move(client, ARREARS, "nod-" + "9" * 32) == 404
    assert move(client, "water_fee", node) == 422
    assert move(client, "nothing", node) == 422
    assert not ItemSource.objects.exists()


def test_counts_refusals_and_budgets_without_the_names_of_firms(items: ItemCast, browser: Browser) -> None:
    row = items.confirm(items.requested(items.stated(HOUSE, house())))
    common = {
        "authorisation": row, "enterprise_id": row.enterprise_id, "institution_id": row.institution_id,
        "fields": ["uscc"], "purpose": row.purpose, "operator_name": "丁一", "asked_at": items.cast.now,
    }  # fmt: skip
    for n in range(3):
        ItemQuery.objects.create(
            id=f"itq-{n}", kind="verification", item=HOUSE, state="released", result="not", end_leaf=1,
            permit_jti=f"p{n}", answer_digest="d", guess=f"{n}" * 64, **common,
        )  # fmt: skip
    ItemQuery.objects.create(
        id="itq-9", kind="verification", item=HOUSE, state="denied", code="VERIFICATION_BUDGET", **common
    )
    page = browser("ops").get(reverse(PAGE)).content.decode()
    assert "最多 3 次；1 处已用完" in page
    assert "VERIFICATION_BUDGET" in page
    assert "岚江" in page
    assert "远山农机" not in page
