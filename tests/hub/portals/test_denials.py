"""What somebody known is refused at a portal leaves exactly one DENY leaf; looking around does not fill the log."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from tests.hub.cast import ACCOUNT_NO, OWNER_USCC, Cast
from tests.hub.portals.conftest import Browser, Visitor

from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.portals import denials
from xinqiao.trust.leaf import Leaf as ParsedLeaf
from xinqiao.trust.leaf import parse_leaf

ABSENT = "aut-" + "0" * 32


def denied() -> list[ParsedLeaf]:
    """The DENY leaves in order."""
    return [parse_leaf(bytes(row.body)) for row in Leaf.objects.filter(type="DENY").order_by("index")]


def test_a_refused_act_leaves_one_leaf_with_code_and_place_and_nothing_else(
    cast: Cast, visitor: Visitor
) -> None:
    row = cast.requested()
    sent = {"decision": "refuse", "version": str(row.version)}
    assert visitor(cast.reader).post(f"/e/authorisations/{row.id}", sent).status_code == 403
    (leaf,) = denied()
    assert dict(leaf.facts) == {"code": "SUBJECT_NOT_AUTHORISED", "act": "enterprise:consent"}
    assert dict(leaf.ids) == {"subject": cast.reader.enterprise_id, "object": cast.reader.person_id}


def test_a_foreign_and_an_absent_object_leave_the_same(cast: Cast, visitor: Visitor) -> None:
    row = cast.requested()
    stranger = visitor(cast.stranger)
    for name in (row.id, ABSENT):
        assert stranger.get(f"/e/authorisations/{name}").status_code == 404
        assert stranger.post(f"/e/authorisations/{name}", {"decision": "refuse"}).status_code == 404
    leaves = denied()
    assert len(leaves) == 4
    assert len({(str(dict(leaf.ids)), str(dict(leaf.facts))) for leaf in leaves}) == 1


def test_a_move_that_is_not_allowed_now_leaves_one(cast: Cast, visitor: Visitor) -> None:
    account = cast.bound()
    owner = visitor(cast.owner)
    assert owner.post(f"/e/accounts/{account.id}/unbind").status_code == 302
    assert owner.post(f"/e/accounts/{account.id}/unbind").status_code == 409
    assert [leaf.facts["code"] for leaf in denied()] == ["ILLEGAL_MOVE"]


def test_a_refusal_that_a_page_says_inside_its_form_leaves_one_too(
    cast: Cast, visitor: Visitor, browser: Browser
) -> None:
    cast.bound()
    form = {"node": cast.node.id, "account_no": ACCOUNT_NO, "kind": "basic"}
    assert visitor(cast.owner).post("/e/accounts/bind", form).status_code == 422
    assert visitor(cast.reader).post("/e/accounts/bind", form).status_code == 422
    member = {"username": "bank", "display_name": "丁一", "department": "", "role": ["query_operator"]}
    assert browser("bank").post(reverse("institution:person_add"), member).status_code == 422
    codes = [leaf.facts["code"] for leaf in denied()]
    assert codes == ["CONFLICT_DUPLICATE", "SUBJECT_NOT_AUTHORISED", "CONFLICT_DUPLICATE"]


def test_a_refused_query_has_the_leaf_of_its_decision_and_no_second(
    node: Cast, browser: Browser, visitor: Visitor
) -> None:
    account = node.bound()
    row = node.confirmed(account)  # only the institution's own key may open it
    asked = {"account": account.id, "product": "FLOW_REPORT", "months": "99"}
    Authorisation.objects.filter(id=row.id).update(reader="institution_key")
    asked["months"] = "12"
    response = browser("bank").post(reverse("institution:query", args=[row.id]), asked)
    assert response.status_code == 302
    assert [leaf.facts["act"] for leaf in denied()] == ["query"]
    node.withdraw(node.owner, row)
    browser("bank").post(reverse("institution:query", args=[row.id]), asked)
    assert [leaf.facts["act"] for leaf in denied()] == ["query", "query"]


def test_wrong_words_pages_without_objects_and_mistyped_addresses_leave_nothing(
    cast: Cast, visitor: Visitor, browser: Browser
) -> None:
    owner, bank = visitor(cast.owner), browser("bank")
    row = cast.requested()
    assert owner.post("/e/me/agents", {"name": ""}).status_code in (302, 422)
    assert owner.get("/i/").status_code == 403
    assert owner.get("/e/no-such-page").status_code == 404
    assert (
        owner.post(f"/e/authorisations/{row.id}", {"decision": "refuse", "version": "99"}).status_code == 412
    )
    assert Client().get(f"/e/authorisations/{ABSENT}").status_code == 302
    assert bank.get(reverse("institution:firms"), {"q": OWNER_USCC}).status_code == 200
    assert denied() == []


def test_looking_at_address_after_address_is_bounded_and_acting_is_not(cast: Cast, visitor: Visitor) -> None:
    stranger = visitor(cast.stranger)
    for _ in range(denials.LOOKS_PER_MINUTE + 5):
        assert stranger.get(f"/e/authorisations/{ABSENT}").status_code == 404
    assert len(denied()) == denials.LOOKS_PER_MINUTE
    assert stranger.post(f"/e/authorisations/{ABSENT}", {"decision": "refuse"}).status_code == 404
    assert len(denied()) == denials.LOOKS_PER_MINUTE + 1
    assert visitor(cast.owner).get(f"/e/authorisations/{ABSENT}").status_code == 404
    assert len(denied()) == denials.LOOKS_PER_MINUTE + 2  # somebody else's minute is their own
    cast.clock.advance(timedelta(seconds=60))
    assert stranger.get(f"/e/authorisations/{ABSENT}").status_code == 404
    assert len(denied()) == denials.LOOKS_PER_MINUTE + 3


def test_a_refusal_is_told_even_when_it_cannot_be_recorded(
    cast: Cast, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(denials, "record_denial", away)
    assert visitor(cast.owner).get(f"/e/authorisations/{ABSENT}").status_code == 404
