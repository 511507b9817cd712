"""The enterprise's pages of items: the card with the stated values, the two steps, the records, nobody else's."""

import re
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import Cast
from tests.hub.items_cast import CERTIFICATE, HOUSE, MARRIAGE, POWER, TAX, ItemCast, house, marriage
from tests.hub.portals.conftest import Visitor
from tests.hub.portals.test_enterprise import fields

from xinqiao import catalogue
from xinqiao.hub.apps.consents.models import Artefact
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery
from xinqiao.hub.apps.items.scopes import asked_scope, granted_value


@pytest.fixture
def items(cast: Cast) -> ItemCast:
    return ItemCast(cast)


def address(name: str, *args: object) -> str:
    return reverse(f"enterprise:{name}", args=args)


def ticked(row: ItemAuthorisation, **changes: str | list[str]) -> dict[str, str | list[str]]:
    asked = row.asked
    form: dict[str, str | list[str]] = {
        "decision": "confirm", "version": str(row.version), "item": [one["item"] for one in asked["items"]],
        "claim": [one["digest"] for one in asked["claims"]], "days": "30", "queries": "6", "own": "on", "written": "on",
    }  # fmt: skip
    return {**form, **changes}


def signed(client: Client, row: ItemAuthorisation, form: dict[str, str | list[str]]) -> int:
    """Both steps of the page, as a browser takes them."""
    first = client.post(address("item", row.id), form)
    assert first.status_code == 200, first.content.decode()[-800:]
    return client.post(address("item_confirm", row.id), fields(first.content.decode())).status_code


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["items", "item"])
def test_the_pages_open_in_both_languages(
    items: ItemCast, visitor: Visitor, name: str, language: str
) -> None:
    row = items.requested(items.stated(HOUSE, house()))
    items.confirm(items.requested())
    where = address(name, row.id) if name == "item" else address(name)
    response = visitor(items.cast.owner).get(where, {"lang": language})
    page = response.content.decode()
    assert (response.status_code, page.count("<h1")) == (200, 1)
    assert response.headers["Cache-Control"] == "no-store"
    assert " style=" not in page
    assert not re.search(r"\son[a-z]+=", page)


def test_the_deciding_page_shows_the_stated_values_and_the_warning_and_later_ones_do_not(
    items: ItemCast, visitor: Visitor
) -> None:
    row = items.requested(items.stated(HOUSE, house()), items.stated(MARRIAGE, marriage()))
    client = visitor(items.cast.owner)
    page = client.get(address("item", row.id)).content.decode()
    assert CERTIFICATE in page
    assert "已婚" in page
    assert "不良后果" in page
    assert 'name="written"' in page
    assert "checked" not in re.findall(r'<input[^>]*name="own"[^>]*>', page)[0]
    assert signed(client, row, ticked(row)) == 302
    assert ItemAuthorisation.objects.get(id=row.id).state == "confirmed"
    after = client.get(address("item", row.id)).content.decode()
    assert "0000077" not in after
    assert CERTIFICATE not in Artefact.objects.get(owner_id=row.id).shown_text


def test_the_card_keeps_what_is_called_and_what_is_collected_apart(items: ItemCast, visitor: Visitor) -> None:
    row = items.requested(grants=frozenset({TAX, POWER}))
    page = visitor(items.cast.owner).get(address("item", row.id)).content.decode()
    called, collected = page.index("接口事项"), page.index("归集事项")
    assert called < page.index("历史欠税") < collected < page.index('value="electricity_fee"')


def test_a_part_is_agreed_to_and_the_rest_is_not(items: ItemCast, visitor: Visitor) -> None:
    row = items.requested(items.stated(MARRIAGE, marriage()))
    form = ticked(row, claim=[], days="7", queries="1", own="off", written="off")
    assert signed(visitor(items.cast.owner), row, form) == 302
    done = ItemAuthorisation.objects.get(id=row.id)
    assert (done.state, done.partly, done.max_queries) == ("confirmed", True, 1)


def test_without_the_persons_tick_nothing_is_confirmed(items: ItemCast, visitor: Visitor) -> None:
    row = items.requested(items.stated(MARRIAGE, marriage()))
    assert signed(visitor(items.cast.owner), row, ticked(row, own="off", written="off")) == 422
    assert ItemAuthorisation.objects.get(id=row.id).state == "requested"


def test_refusing_and_withdrawing(items: ItemCast, visitor: Visitor) -> None:
    client = visitor(items.cast.owner)
    row = items.requested()
    client.post(address("item", row.id), {"decision": "refuse", "version": str(row.version)})
    assert ItemAuthorisation.objects.get(id=row.id).state == "refused"
    given = items.confirm(items.requested())
    first = client.get(address("item_withdraw", given.id))
    assert client.post(address("item_withdraw", given.id), fields(first.content.decode())).status_code == 302
    assert ItemAuthorisation.objects.get(id=given.id).state == "withdrawn"


def test_another_enterprise_and_an_agent_without_the_right_get_nowhere(
    items: ItemCast, visitor: Visitor
) -> None:
    row = items.requested()
    stranger, reader = visitor(items.cast.stranger), visitor(items.cast.reader)
    absent = "ita-" + "0" * 32
    assert (
        stranger.get(address("item", row.id)).status_code
        == stranger.get(address("item", absent)).status_code
        == 404
    )
    assert signed(reader, row, ticked(row)) == 403
    assert ItemAuthorisation.objects.get(id=row.id).state == "requested"


def test_what_was_not_asked_for_cannot_be_ticked(items: ItemCast, visitor: Visitor) -> None:
    row = items.requested()
    client = visitor(items.cast.owner)
    for changes in ({"item": ["deferred_tax"]}, {"claim": ["f" * 64]}, {"item": []}, {"days": "x"}):
        assert client.post(address("item", row.id), ticked(row, **changes)).status_code == 422


def test_every_query_is_in_the_firms_records(items: ItemCast, visitor: Visitor) -> None:
    row = items.confirm(items.requested())
    common = {
        "authorisation": row, "enterprise_id": row.enterprise_id, "institution_id": row.institution_id,
        "fields": ["uscc"], "purpose": row.purpose, "operator_name": "丁一", "asked_at": items.cast.now,
    }  # fmt: skip
    ItemQuery.objects.create(
        id="itq-1", kind="verification", item=HOUSE, state="released", result="not", end_leaf=1, permit_jti="p",
        answer_digest="d", **common,
    )  # fmt: skip
    ItemQuery.objects.create(
        id="itq-2", kind="interface", item=MARRIAGE, state="denied", code="SCOPE_EXCEEDED", **common
    )
    ItemQuery.objects.create(
        id="itq-3",
        kind="collected",
        item="dossier",
        state="released",
        end_leaf=2,
        answer_digest="d",
        **common,
    )
    page = visitor(items.cast.owner).get(address("items")).content.decode()
    assert "答复：否" in page
    assert "归集的企业档案" in page
    assert "SCOPE_EXCEEDED" in page
    assert "答复：否" not in visitor(items.cast.stranger).get(address("items")).content.decode()


def test_requests_for_items_are_in_the_inbox_and_their_uses_in_the_ledger(
    items: ItemCast, visitor: Visitor
) -> None:
    client = visitor(items.cast.owner)
    waiting = items.requested()
    home = client.get(reverse("enterprise:home")).content.decode()
    assert address("item", waiting.id) in home
    assert address("item", waiting.id) in client.get(reverse("enterprise:consents")).content.decode()
    row = items.confirm(waiting)
    common = {
        "authorisation": row, "enterprise_id": row.enterprise_id, "institution_id": row.institution_id,
        "fields": ["uscc"], "purpose": row.purpose, "operator_name": "丁一", "asked_at": items.cast.now,
    }  # fmt: skip
    ItemQuery.objects.create(
        id="itq-1", kind="verification", item=HOUSE, state="released", result="yes", end_leaf=1, permit_jti="p",
        answer_digest="d", uses_left=4, **common,
    )  # fmt: skip
    ItemQuery.objects.create(
        id="itq-2", kind="interface", item=MARRIAGE, state="denied", code="SCOPE_EXCEEDED", **common
    )
    ItemQuery.objects.create(
        id="itq-3", kind="interface", item=MARRIAGE, state="failed", code="PROVIDER_TIMEOUT", **common
    )
    verified = f"核验了您的{catalogue.load().items[HOUSE].name}"
    ledger = client.get(reverse("enterprise:ledger")).content.decode()
    assert verified in ledger
    assert "答复：是" in ledger
    assert "SCOPE_EXCEEDED" in ledger
    assert "申请调用或核验事项" in ledger
    only = client.get(reverse("enterprise:ledger") + "?kind=deny").content.decode()
    assert verified not in only
    assert (
        "岚江农商银行" not in visitor(items.cast.stranger).get(reverse("enterprise:ledger")).content.decode()
    )


def test_more_is_given_in_two_steps_and_nothing_is_narrowed(items: ItemCast, visitor: Visitor) -> None:
    client = visitor(items.cast.owner)
    row = items.confirm(items.requested(), None)
    page = client.get(address("item_append", row.id))
    assert page.status_code == 200
    form = {"version": str(row.version), "item": ["historical_tax_arrears"], "days": "30", "queries": "9"}
    step = client.post(address("item_append", row.id), form)
    assert (
        client.post(address("item_append_confirm", row.id), fields(step.content.decode())).status_code == 302
    )
    after = ItemAuthorisation.objects.get(id=row.id)
    assert (after.seq, after.max_queries) == (2, 9)
    stale = client.post(address("item_append", row.id), form)
    assert stale.status_code == 412
    fresh = {**form, "version": str(after.version)}
    for changes in ({"item": ["deferred_tax"]}, {"days": "x"}):
        assert client.post(address("item_append", row.id), {**fresh, **changes}).status_code == 422
    nothing = client.post(address("item_append", row.id), {**fresh, "item": [], "days": "1", "queries": "1"})
    done = client.post(address("item_append_confirm", row.id), fields(nothing.content.decode()))
    assert done.status_code == 422
    assert visitor(items.cast.stranger).get(address("item_append", row.id)).status_code == 404
    assert client.get(address("item_append", items.requested().id)).status_code == 302


def test_credit_reports_left_out_at_first_are_added_by_a_tick_where_they_were_asked_for(
    items: ItemCast, visitor: Visitor
) -> None:
    request = items.requested(grants=frozenset({TAX}), report=True)
    scope = replace(asked_scope(request), report=False)
    row = items.confirm(request, scope)
    client = visitor(items.cast.owner)
    assert 'name="report"' in client.get(address("item_append", row.id)).content.decode()
    form = {"version": str(row.version), "item": [], "days": "1", "queries": "1", "report": "on"}
    step = client.post(address("item_append", row.id), form)
    done = client.post(address("item_append_confirm", row.id), fields(step.content.decode()))
    assert done.status_code == 302
    after = granted_value(ItemAuthorisation.objects.get(id=row.id))
    assert after is not None
    assert after.scope == replace(scope, report=True)
    unasked = items.confirm(items.requested(grants=frozenset({TAX})))
    assert 'name="report"' not in client.get(address("item_append", unasked.id)).content.decode()
    form |= {"version": str(unasked.version), "queries": "9"}
    step = client.post(address("item_append", unasked.id), form)
    done = client.post(address("item_append_confirm", unasked.id), fields(step.content.decode()))
    assert (done.status_code, "SCOPE_EXCEEDED" in done.content.decode()) == (422, True)
