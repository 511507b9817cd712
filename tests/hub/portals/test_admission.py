"""The operator lets institutions in, connects their nodes and changes the nodes' keys: works, refused, repeated."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import Cast, uscc

from xinqiao.domain.errors import Conflict, Forbidden, Invalid
from xinqiao.hub.actors import AuditorActor, InstitutionRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Institution, Member, Node, NodeKey, User
from xinqiao.hub.apps.identity.node_address import node_base_url
from xinqiao.trust.keys import SigningKey

type Browser = Callable[[str], Client]

USCC = uscc("91330600MA2XQF006")
DAYS = {"not_before": "2026-11-21", "not_after": "2027-11-21"}


def form(**changes: Any) -> dict[str, Any]:
    """A good institution."""
    return {
        "name": "澄湖农村商业银行股份有限公司", "short_name": "澄湖银行", "uscc": USCC,
        "takes_part": ["user", "provider"], "display_name": "沈岚", "username": "chenghu.shen", "department": "科技部",
        **changes,
    }  # fmt: skip


def node_form(**changes: Any) -> dict[str, Any]:
    """A good node."""
    return {
        "name": "青屿银行二号节点", "base_url": "https://node2.qingyu.test/", "node_id": "nod-" + "2" * 32,
        "jwk": json.dumps(SigningKey.generate().public.to_jwk()), **DAYS, **changes,
    }  # fmt: skip


def rows() -> tuple[int, ...]:
    """How much there is of everything a refusal must leave alone; its own leaf is another matter (test_denials)."""
    tables = (Institution, Member, User, Node, NodeKey)
    return (*(table.objects.count() for table in tables), Leaf.objects.exclude(type="DENY").count())


def provider_id() -> str:
    return Institution.objects.get(is_provider=True).id


NEW = "/o/institutions/new"


# -- institutions ------------------------------------------------------------------------------------------------------


def test_an_institution_comes_with_its_first_administrator_who_can_log_in(
    cast: Cast, browser: Browser
) -> None:
    client, leaves = browser("ops"), Leaf.objects.count()
    assert reverse("operator:institution_new") == NEW
    assert NEW in client.get(reverse("operator:institutions")).content.decode()
    assert client.get(NEW).status_code == 200
    answer = client.post(NEW, form())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    made = Institution.objects.get(uscc=USCC)
    assert (made.name, made.short_name, made.is_user, made.is_provider) == (
        "澄湖农村商业银行股份有限公司", "澄湖银行", True, True,
    )  # fmt: skip
    member = Member.objects.get(institution=made)
    assert (member.roles, member.pending_roles) == ([InstitutionRole.INSTITUTION_ADMIN], None)
    acts = [json.loads(bytes(leaf.body))["facts"]["act"] for leaf in Leaf.objects.order_by("index")[leaves:]]
    assert acts == ["institution_registered", "member_added"]
    shown = re.search(r'请当面交给本人： <span class="xq-mono">([\w-]+)</span>', answer.content.decode())
    assert shown
    password = shown[1]
    again = client.get(reverse("operator:institution", args=[made.id])).content.decode()
    assert password not in again
    login = Client().post(reverse("public:staff_login"), {"username": "chenghu.shen", "password": password})
    assert login.headers["Location"] == reverse("institution:home")


def test_a_taken_log_in_leaves_nothing_behind_and_keeps_what_was_typed(cast: Cast, browser: Browser) -> None:
    before = rows()
    answer = browser("ops").post(NEW, form(username="bank"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "这个登录名已经有人用" in page
    for typed in ("澄湖农村商业银行股份有限公司", "沈岚", "科技部", USCC):
        assert f'value="{typed}"' in page, typed
    assert page.count("checked") == 2
    assert rows() == before


def test_a_form_sent_twice_registers_once_and_says_so(cast: Cast, browser: Browser) -> None:
    client = browser("ops")
    client.post(NEW, form())
    before = rows()
    again = client.post(NEW, form())
    assert again.status_code == 422
    assert "这家机构已经登记过" in again.content.decode()
    assert rows() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"uscc": USCC[:-1] + ("0" if USCC[-1] != "0" else "1")}, "校验位不对"),
        ({"uscc": "123"}, "格式不对"),
        ({"uscc": ""}, "请填写"),
        ({"name": ""}, "请填写"),
        ({"name": "澄湖" * 61}, "最多 120 个字"),
        ({"name": "澄湖\u200b银行"}, "看不见或不允许的字符"),
        ({"short_name": "澄" * 41}, "最多 40 个字"),
        ({"short_name": "澄湖\u200b"}, "看不见或不允许的字符"),
        ({"takes_part": []}, "至少选一项"),
        ({"takes_part": ["owner"]}, "至少选一项"),
        ({"username": ""}, "请填写"),
        ({"username": "u" * 81}, "最多 80 个字"),
        ({"display_name": " "}, "请填写"),
        ({"department": "部" * 81}, "最多 80 个字"),
    ],
)
def test_a_wrong_institution_is_said_at_its_field_and_nothing_is_written(
    cast: Cast, browser: Browser, changes: dict[str, Any], said: str
) -> None:
    before = rows()
    answer = browser("ops").post(NEW, form(**changes))
    page = answer.content.decode()
    assert (answer.status_code, said in page) == (422, True)
    (name,) = changes
    assert f'href="#f-{name}"' in page
    assert f'id="f-{name}"' in page
    assert rows() == before


@pytest.mark.parametrize(("who", "status"), [("sec", 403), ("aud", 403), ("bank", 403)])
def test_only_the_administrator_lets_institutions_in(
    cast: Cast, browser: Browser, who: str, status: int
) -> None:
    client, before = browser(who), rows()
    assert client.get(NEW).status_code == status
    assert client.post(NEW, form()).status_code == status
    if who != "bank":
        assert NEW not in client.get(reverse("operator:institutions")).content.decode()
    assert rows() == before


def test_the_verb_itself_refuses_the_wrong_people_and_an_institution_that_does_nothing(cast: Cast) -> None:
    words: dict[str, Any] = {
        "uscc": USCC, "name": "甲", "short_name": "甲", "is_user": True, "is_provider": False, "username": "u",
        "password": "x" * 16, "display_name": "甲", "department": "", "at": cast.now,
    }  # fmt: skip
    before = rows()
    with pytest.raises(Forbidden):
        identity.admit_institution(actor=cast.security, **words)
    with pytest.raises((Forbidden, AssertionError)):
        identity.admit_institution(actor=AuditorActor("x"), **words)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        identity.admit_institution(actor=cast.operator, **{**words, "is_user": False})
    assert rows() == before


# -- nodes -------------------------------------------------------------------------------------------------------------


def test_a_node_is_registered_at_its_provider_and_leads_to_its_page(cast: Cast, browser: Browser) -> None:
    client, bank = browser("ops"), provider_id()
    address = reverse("operator:node_new", args=[bank])
    assert address == f"/o/institutions/{bank}/nodes/new"
    assert address in client.get(reverse("operator:institution", args=[bank])).content.decode()
    page = client.get(address).content.decode()
    assert bank in page  # what the bank's own program asks for
    leaves = Leaf.objects.count()
    answer = client.post(address, node_form())
    assert answer.headers["Location"] == reverse("operator:node", args=["nod-" + "2" * 32])
    made = Node.objects.get(id="nod-" + "2" * 32)
    assert (made.institution_id, made.base_url) == (bank, "https://node2.qingyu.test")
    assert Leaf.objects.count() == leaves + 1
    key = NodeKey.objects.get(node=made)
    assert key.kid in client.get(reverse("operator:node", args=[made.id])).content.decode()
    other = client.post(address, node_form(node_id=""))  # the platform makes an id
    assert re.fullmatch(r"/o/nodes/nod-[0-9a-f]{32}", other.headers["Location"])


def test_a_node_sent_twice_is_registered_once(cast: Cast, browser: Browser) -> None:
    client, address, once = browser("ops"), reverse("operator:node_new", args=[provider_id()]), node_form()
    client.post(address, once)
    before = rows()
    for again, said in ((once, "这把密钥已经登记过"), (node_form(), "这个编号已经登记过")):
        answer = client.post(address, again)
        page = answer.content.decode()
        assert (answer.status_code, said in page) == (422, True)
        assert 'value="青屿银行二号节点"' in page
    assert rows() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "请填写"),
        ({"name": "节" * 121}, "最多 120 个字"),
        ({"base_url": ""}, "请填写"),
        ({"base_url": "node.test"}, "写成 https://"),
        ({"base_url": "ftp://node.test"}, "写成 https://"),
        ({"base_url": "https://"}, "写成 https://"),
        ({"base_url": "https://node.test:x"}, "写成 https://"),
        ({"base_url": "https://a:b@node.test"}, "写成 https://"),
        ({"base_url": "https://node.test/?a=1"}, "写成 https://"),
        ({"base_url": "https://node.test/#x"}, "写成 https://"),
        ({"base_url": "https://节点.test"}, "写成 https://"),
        ({"base_url": "https://node.test/" + "a" * 200}, "写成 https://"),
        ({"node_id": "NOD 1"}, "小写字母、数字和横线"),
        ({"node_id": "n/../x"}, "小写字母、数字和横线"),
        ({"jwk": "{"}, "不是一个 JSON 对象"),
        ({"jwk": "[]"}, "不是一个 JSON 对象"),
        ({"jwk": '{"kty":"RSA"}'}, "认不出这把公钥"),
        ({"not_before": "tomorrow"}, "写成 2026-12-31"),
        ({"not_after": "2026-11-20"}, "结束要晚于开始"),
    ],
)
def test_a_wrong_node_is_said_at_its_field_and_nothing_is_written(
    cast: Cast, browser: Browser, changes: dict[str, str], said: str
) -> None:
    before = rows()
    answer = browser("ops").post(reverse("operator:node_new", args=[provider_id()]), node_form(**changes))
    page = answer.content.decode()
    assert (answer.status_code, said in page) == (422, True)
    assert f'href="#f-{next(iter(changes))}"' in page
    assert rows() == before


def test_everything_wrong_with_a_node_is_said_at_once(cast: Cast, browser: Browser) -> None:
    wrong = node_form(name="", base_url="node.test", jwk="{", not_after="")
    page = browser("ops").post(reverse("operator:node_new", args=[provider_id()]), wrong).content.decode()
    assert "有 4 处要改" in page


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://node.test/base/", True),
        ("http://localhost:9001", True),
        ("http://127.0.0.1:9001", True),
        ("http://[::1]:9001", True),
        ("http://node.test", False),
        ("http://localhost.evil.test", False),
    ],
)
def test_a_real_platform_calls_nodes_over_tls_only(settings, address: str, good: bool) -> None:  # type: ignore[no-untyped-def]
    settings.DEMO = False
    if good:
        assert node_base_url(address) == address.rstrip("/")
    else:
        with pytest.raises(Invalid) as refused:
            node_base_url(address)
        assert refused.value.facts == {"field": "base_url", "reason": "NO_TLS"}


def test_the_page_says_that_a_real_platform_wants_tls(cast: Cast, browser: Browser, settings) -> None:  # type: ignore[no-untyped-def]
    settings.DEMO = False
    answer = browser("ops").post(
        reverse("operator:node_new", args=[provider_id()]), node_form(base_url="http://node.test")
    )
    assert (answer.status_code, "要用 https" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize("pasted", ["whole", "set", "half", "escaped"])
def test_a_private_key_is_never_echoed(cast: Cast, browser: Browser, pasted: str) -> None:
    secret = SigningKey.generate().to_jwk(private=True)
    text = json.dumps(secret)
    text = {
        "whole": text, "set": json.dumps({"keys": [secret]}), "half": text[:-1],
        "escaped": text.replace('"d"', '"\\u0064"'),
    }[pasted]  # fmt: skip
    for who, address, posted in (
        ("ops", reverse("operator:node_new", args=[provider_id()]), node_form(jwk=text)),
        ("sec", reverse("operator:node_key_add", args=[cast.node.id]), {"jwk": text, **DAYS}),
    ):
        answer = browser(who).post(address, posted)
        page = answer.content.decode()
        assert (answer.status_code, "里面有私钥" in page) == (422, True)
        assert str(secret["d"]) not in page


@pytest.mark.parametrize("who", ["sec", "aud", "bank"])
def test_only_the_administrator_connects_nodes(cast: Cast, browser: Browser, who: str) -> None:
    client, before = browser(who), rows()
    address = reverse("operator:node_new", args=[provider_id()])
    assert client.get(address).status_code == 403
    assert client.post(address, node_form()).status_code == 403
    if who != "bank":
        page = client.get(reverse("operator:institution", args=[provider_id()])).content.decode()
        assert address not in page
    assert rows() == before


def test_a_node_belongs_to_an_institution_that_is_there_and_provides(cast: Cast, browser: Browser) -> None:
    client, before = browser("ops"), rows()
    absent = reverse("operator:node_new", args=["ins-" + "1" * 32])
    user_only = reverse("operator:node_new", args=[cast.bank.institution_id])
    for address, status in ((absent, 404), (user_only, 409)):
        assert client.get(address).status_code == status
        assert client.post(address, node_form()).status_code == status
    page = client.get(reverse("operator:institution", args=[cast.bank.institution_id])).content.decode()
    assert user_only not in page
    assert rows() == before


# -- keys of nodes -----------------------------------------------------------------------------------------------------


def test_the_security_officer_adds_the_new_key_and_revokes_the_old_one(cast: Cast, browser: Browser) -> None:
    client, here = browser("sec"), reverse("operator:node", args=[cast.node.id])
    add = reverse("operator:node_key_add", args=[cast.node.id])
    assert f'action="{add}"' in client.get(here).content.decode()
    fresh, old = SigningKey.generate().public, cast.fake.key.kid
    version, leaves = identity.directory_version(), Leaf.objects.filter(type="KEY").count()
    assert client.post(add, {"jwk": json.dumps(fresh.to_jwk()), **DAYS}).headers["Location"] == here
    assert {row.kid for row in NodeKey.objects.filter(status="active")} == {fresh.kid, old}
    again = client.post(add, {"jwk": json.dumps(fresh.to_jwk()), **DAYS})
    assert (again.status_code, "这把密钥已经登记过" in again.content.decode()) == (422, True)
    assert fresh.kid in again.content.decode()  # nothing that was pasted is lost
    revoke = reverse("operator:node_key_revoke", args=[cast.node.id, old])
    assert f'action="{revoke}"' in client.get(here).content.decode()
    assert client.post(revoke).headers["Location"] == here
    assert NodeKey.objects.get(kid=old).status == "revoked"
    assert f'action="{revoke}"' not in client.get(here).content.decode()
    assert (identity.directory_version(), Leaf.objects.filter(type="KEY").count()) == (
        version + 2,
        leaves + 2,
    )
    assert client.post(revoke).status_code == 409
    assert (identity.directory_version(), Leaf.objects.filter(type="KEY").count()) == (
        version + 2,
        leaves + 2,
    )
    with pytest.raises(Conflict):
        identity.revoke_node_key(actor=cast.security, kid=old, at=cast.now)


@pytest.mark.parametrize("who", ["ops", "aud", "bank"])
def test_nobody_else_touches_a_nodes_keys(cast: Cast, browser: Browser, who: str) -> None:
    client, before = browser(who), rows()
    add = reverse("operator:node_key_add", args=[cast.node.id])
    revoke = reverse("operator:node_key_revoke", args=[cast.node.id, cast.fake.key.kid])
    if who != "bank":
        page = client.get(reverse("operator:node", args=[cast.node.id])).content.decode()
        assert f'action="{add}"' not in page
        assert f'action="{revoke}"' not in page
    good = {"jwk": json.dumps(SigningKey.generate().public.to_jwk()), **DAYS}
    assert client.post(add, good).status_code == 403
    assert client.post(revoke).status_code == 403
    assert NodeKey.objects.get().status == "active"
    assert rows() == before


def test_an_absent_node_and_another_nodes_key_are_not_there(cast: Cast, browser: Browser) -> None:
    client = browser("sec")
    good = {"jwk": json.dumps(SigningKey.generate().public.to_jwk()), **DAYS}
    absent = "nod-" + "9" * 32
    for posted in (good, {**good, "jwk": "{"}):
        assert client.post(reverse("operator:node_key_add", args=[absent]), posted).status_code == 404
    other = identity.register_node(
        actor=cast.system, institution_id=provider_id(), name="二号", base_url="https://two.test",
        jwk=SigningKey.generate().public.to_jwk(), not_before=cast.now, not_after=cast.now + timedelta(days=9), at=cast.now,
    )  # fmt: skip
    before = rows()
    for node, kid in (
        (absent, cast.fake.key.kid),
        (other.id, cast.fake.key.kid),
        (cast.node.id, "no-such-key"),
    ):
        address = reverse("operator:node_key_revoke", args=[node, kid])
        assert client.post(address).status_code == 404
    assert NodeKey.objects.filter(status="revoked").count() == 0
    assert rows() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"jwk": "{"}, "不是一个 JSON 对象"),
        ({"jwk": '{"kty":"RSA"}'}, "认不出这把公钥"),
        ({"not_before": "0001-01-01"}, "写成 2026-12-31"),
        ({"not_after": "2026-11-21"}, "结束要晚于开始"),
    ],
)
def test_a_wrong_key_keeps_what_was_typed(
    cast: Cast, browser: Browser, changes: dict[str, str], said: str
) -> None:
    before = rows()
    good = {"jwk": json.dumps(SigningKey.generate().public.to_jwk()), **DAYS}
    answer = browser("sec").post(reverse("operator:node_key_add", args=[cast.node.id]), {**good, **changes})
    page = answer.content.decode()
    assert (answer.status_code, said in page) == (422, True)
    assert 'value="2027-11-21"' in page or "not_after" in changes
    assert rows() == before
