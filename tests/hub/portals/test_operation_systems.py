"""The operator's page of the platform's own systems: registered by one person, let in by another, ended at once."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import Cast
from tests.hub.portals.conftest import text_of
from tests.hub.portals.test_institution import Browser

from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound
from xinqiao.hub.actors import OperatorActor, OperatorRole, SystemActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import DeskKey
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.leaf import parse_leaf

PAGE = "operator:systems"


def form(key: SigningKey | None = None, **changes: str) -> dict[str, str]:
    jwk = json.dumps((key or SigningKey.generate()).public.to_jwk())
    return {"name": "客服系统", "jwk": jwk, "not_before": "2026-11-01", "not_after": "2027-11-01", **changes}


def register(client: Client, **changes: str) -> DeskKey:
    assert client.post(reverse("operator:system_propose"), form(**changes)).status_code == 302
    return DeskKey.objects.get()


def press(client: Client, verb: str, desk_id: str) -> int:
    return client.post(reverse(f"operator:system_{verb}", args=[desk_id])).status_code


def last_leaf() -> tuple[str, str]:
    leaf = parse_leaf(bytes(Leaf.objects.order_by("-index").first().body))
    return leaf.type, str(leaf.facts["act"])


def test_the_page_is_for_the_platforms_people_only(cast: Cast, browser: Browser) -> None:
    for who, status in (("ops", 200), ("aud", 200), ("sec", 200), ("bank", 403)):
        for language in ("zh", "en"):
            response = browser(who).get(reverse(PAGE), {"lang": language})
            assert response.status_code == status
            assert response.content.decode().count("<h1") == 1
    assert 'name="jwk"' in browser("ops").get(reverse(PAGE)).content.decode()
    for who in ("aud", "sec"):
        assert 'name="jwk"' not in browser(who).get(reverse(PAGE)).content.decode()


def test_one_registers_another_lets_in_and_each_step_is_a_leaf(cast: Cast, browser: Browser) -> None:
    row = register(browser("ops"))
    assert (row.status, row.added_by, row.approved_by) == ("proposed", cast.operator.user_id, "")
    assert last_leaf() == ("KEY", "desk_key_proposed")
    page = text_of(browser("sec").get(reverse(PAGE)))
    assert row.kid in page  # the whole fingerprint is there to be compared
    assert "客服系统的新密钥等安全管理员同意" in text_of(browser("ops").get(reverse("operator:home")))
    assert reverse("operator:system_approve", args=[row.id]) not in browser("ops").get(reverse(PAGE)).content.decode()  # fmt: skip
    assert press(browser("ops"), "approve", row.id) == 403
    assert press(browser("aud"), "approve", row.id) == 403
    assert press(browser("sec"), "approve", row.id) == 302
    row.refresh_from_db()
    assert row.status == "active"
    assert row.approved_by not in ("", row.added_by)
    assert last_leaf() == ("KEY", "desk_key_approved")
    assert press(browser("sec"), "approve", row.id) == 409
    assert press(browser("ops"), "revoke", row.id) == 403
    assert press(browser("sec"), "revoke", row.id) == 302
    assert last_leaf() == ("KEY", "desk_key_revoked")
    assert press(browser("sec"), "revoke", row.id) == 409
    assert press(browser("sec"), "approve", row.id) == 409
    for verb in ("approve", "revoke"):
        assert press(browser("sec"), verb, "dsk-" + "0" * 32) == 404


def test_what_is_wrong_stands_at_its_field_and_nothing_is_registered(cast: Cast, browser: Browser) -> None:
    client, key = browser("ops"), SigningKey.generate()
    secret = json.dumps(key.to_jwk(private=True))
    for changes, words in (
        ({"name": ""}, "1 到 80 个字"),
        ({"name": "x" * 81}, "1 到 80 个字"),
        ({"jwk": "{}"}, "认不出这把公钥"),
        ({"jwk": secret}, "这里面有私钥"),
        ({"not_after": "2026-10-01"}, "结束要晚于开始"),
    ):
        response = client.post(reverse("operator:system_propose"), form(**changes))
        assert response.status_code == 422
        assert words in text_of(response)
        assert str(key.to_jwk(private=True)["d"]) not in response.content.decode()
    assert client.post(reverse("operator:system_propose"), form(key)).status_code == 302
    again = client.post(reverse("operator:system_propose"), form(key, name="又一个"))
    assert (again.status_code, "已经登记过" in text_of(again)) == (422, True)
    assert DeskKey.objects.count() == 1
    for who in ("sec", "aud"):
        assert browser(who).post(reverse("operator:system_propose"), form()).status_code == 403


def test_nobody_agrees_with_himself_and_the_console_needs_no_second(cast: Cast) -> None:
    at, both = cast.now, OperatorActor("usr-both", frozenset({OperatorRole.ADMIN, OperatorRole.SECURITY}))
    given = {"not_before": at, "not_after": at.replace(year=at.year + 1), "at": at}
    row = identity.propose_desk_key(
        actor=both, name="x", jwk=SigningKey.generate().public.to_jwk(), **given
    )  # fmt: skip
    with pytest.raises(Forbidden) as refused:
        identity.approve_desk_key(actor=both, desk_id=row.id, at=at)
    assert refused.value.code is Code.ROLE_FORBIDDEN
    with pytest.raises(NotFound):
        identity.approve_desk_key(actor=both, desk_id="dsk-" + "0" * 32, at=at)
    assert identity.approve_desk_key(actor=SystemActor("cli"), desk_id=row.id, at=at).status == "active"
    waits = identity.propose_desk_key(
        actor=both, name="y", jwk=SigningKey.generate().public.to_jwk(), **given
    )  # fmt: skip
    assert identity.revoke_desk_key(actor=both, desk_id=waits.id, at=at).status == "revoked"
    with pytest.raises(Conflict):
        identity.approve_desk_key(actor=SystemActor("cli"), desk_id=waits.id, at=at)
