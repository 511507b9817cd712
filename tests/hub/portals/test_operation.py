"""The operator portal: what needs a person, who may press what, and that the auditor only looks."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.hub.cast import Cast, uscc
from tests.hub.portals.conftest import text_of

from xinqiao.domain.errors import Forbidden
from xinqiao.hub.actors import AuditorActor
from xinqiao.hub.apps.audit.models import Checkpoint, Leaf
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Institution, InstitutionKey, Member, Node, User
from xinqiao.hub.apps.notices.models import OutboxEvent
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.verify import verify_file

type Browser = Callable[[str], Client]
PAGES = ("home", "nodes", "institutions", "checkpoints", "refusals", "health")


def proposed(cast: Cast) -> InstitutionKey:
    """A key the bank's administrator proposed."""
    return identity.propose_key(
        actor=cast.bank,
        institution_id=cast.bank.institution_id,
        jwk=SigningKey.generate().public.to_jwk(),
        not_before=cast.now - timedelta(days=1),
        not_after=cast.now + timedelta(days=365),
        at=cast.now,
    )


def denied(node: Cast, browser: Browser) -> None:
    """One refused query of the bank."""
    account = node.bound()
    granted = node.confirmed(account, months_back=6)
    Authorisation.objects.filter(id=granted.id).update(reader="hub_display")
    form = {"account": account.id, "months": "24", "product": "FLOW_REPORT"}
    browser("bank").post(reverse("institution:query", args=[granted.id]), form)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["ops", "sec", "aud"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_for_operators_and_the_auditor(
    node: Cast, browser: Browser, name: str, who: str, language: str
) -> None:
    denied(node, browser)
    make_checkpoint(at=node.now)
    response = browser(who).get(reverse(f"operator:{name}"), {"lang": language})
    assert response.status_code == 200
    assert response.content.decode().count("<h1") == 1
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", PAGES)
def test_institutions_get_403_and_strangers_the_log_in(cast: Cast, browser: Browser, name: str) -> None:
    address = reverse(f"operator:{name}")
    assert browser("bank").get(address).status_code == 403
    assert Client().get(address).headers["Location"].startswith(reverse("public:staff_login"))


def test_an_absent_node_and_an_absent_institution_are_404(cast: Cast, browser: Browser) -> None:
    client = browser("ops")
    answers = [client.get(reverse("operator:node", args=["nod-" + digit * 32])) for digit in ("1", "2")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert text_of(answers[0]) == text_of(answers[1])
    assert client.get(reverse("operator:institution", args=["ins-" + "1" * 32])).status_code == 404
    assert client.post(reverse("operator:node_check", args=["nod-" + "1" * 32])).status_code == 404


def test_the_auditor_sees_no_buttons_and_every_act_is_refused(cast: Cast, browser: Browser) -> None:
    key, client = proposed(cast), browser("aud")
    bank = cast.bank.institution_id
    acts = {
        reverse("operator:node_status", args=[cast.node.id]): {"active": "0"},
        reverse("operator:node_check", args=[cast.node.id]): {},
        reverse("operator:institution_status", args=[bank]): {"active": "0"},
        reverse("operator:key_approve", args=[key.kid]): {},
        reverse("operator:key_revoke", args=[key.kid]): {},
        reverse("operator:member_approve", args=[str(cast.bank.user_id)]): {},
    }
    for page in (reverse("operator:institution", args=[bank]), reverse("operator:node", args=[cast.node.id])):
        shown = client.get(page).content.decode()
        assert not any(f'action="{act}"' in shown for act in acts)
    leaves = Leaf.objects.count()
    for act, form in acts.items():
        assert client.post(act, form).status_code == 403, act
    key.refresh_from_db()
    assert key.status == "proposed"
    assert Node.objects.get().status == "active"
    assert Institution.objects.get(id=bank).status == "active"
    assert Leaf.objects.filter(type="DENY").count() == len(
        acts
    )  # each refusal is in the log, and nothing else is
    assert Leaf.objects.count() == leaves + len(acts)


def test_the_services_never_take_an_auditor_for_a_manager(cast: Cast) -> None:
    with pytest.raises((Forbidden, AssertionError)):
        identity.set_node_status(
            actor=AuditorActor(cast.auditor.user_id),  # type: ignore[arg-type]
            node_id=cast.node.id,
            active=False,
            at=cast.now,
        )
    assert Node.objects.get().status == "active"


def test_only_the_security_officer_approves_a_key(cast: Cast, browser: Browser) -> None:
    key = proposed(cast)
    address = reverse("operator:key_approve", args=[key.kid])
    here = reverse("operator:institution", args=[cast.bank.institution_id])
    assert browser("ops").post(address).status_code == 403
    assert "等安全管理员同意" in browser("sec").get(reverse("operator:home")).content.decode()
    assert "核对无误，启用" in browser("sec").get(here).content.decode()
    assert "核对无误，启用" not in browser("ops").get(here).content.decode()
    assert browser("sec").post(address, {"next": here}).headers["Location"] == here
    key.refresh_from_db()
    assert key.status == "active"
    assert browser("sec").post(address).status_code == 409
    foreign = browser("sec").post(
        reverse("operator:key_approve", args=["x"]), {"next": "https://evil.test/o/"}
    )
    assert foreign.status_code == 404


@pytest.mark.parametrize("wanted", ["https://evil.test/", "//evil.test", "/i/", "/o\\@evil.test"])
def test_a_button_never_leads_out_of_the_portal(cast: Cast, browser: Browser, wanted: str) -> None:
    key = proposed(cast)
    response = browser("sec").post(reverse("operator:key_approve", args=[key.kid]), {"next": wanted})
    assert response.headers["Location"] == reverse("operator:institutions")


def test_an_operator_is_the_second_person_for_an_institution_with_one_administrator(
    cast: Cast, browser: Browser
) -> None:
    form = {"username": "new.one", "display_name": "丁一", "role": ["query_operator"]}
    browser("bank").post(reverse("institution:person_add"), form)
    user = User.objects.get(username="new.one")
    assert browser("sec").post(reverse("operator:member_approve", args=[user.id])).status_code == 403
    assert browser("ops").post(reverse("operator:member_approve", args=[user.id])).status_code == 302
    assert Member.objects.get(user=user).roles == ["query_operator"]


def test_a_suspended_institution_is_shut_out_at_once_and_let_back_in(cast: Cast, browser: Browser) -> None:
    bank, address = browser("bank"), reverse("operator:institution_status", args=[cast.bank.institution_id])
    assert bank.get(reverse("institution:home")).status_code == 200
    browser("ops").post(address, {"active": "0"})
    assert bank.get(reverse("institution:home")).status_code == 302  # to the log-in: no actor any more
    browser("ops").post(address, {"active": "1"})
    assert bank.get(reverse("institution:home")).status_code == 200


def test_a_node_is_checked_now_suspended_and_connected_again(
    node: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.client, "health", lambda base_url: None)  # nothing came back
    client, address = browser("ops"), reverse("operator:node", args=[node.node.id])
    assert "未检查" in client.get(address).content.decode()
    client.post(reverse("operator:node_check", args=[node.node.id]))
    assert "离线" in client.get(address).content.decode()
    assert "节点没有应答" in client.get(reverse("operator:home")).content.decode()
    identity.record_node_health(
        node_id=node.node.id, health={"version": "1.2.3", "data_as_of": "<b>2026</b>"}, at=node.now
    )
    page = client.get(address).content.decode()
    assert "在线" in page
    assert "1.2.3" in page
    assert "<b>2026</b>" not in page
    told = Node.objects.get().last_health
    assert browser("sec").post(reverse("operator:node_check", args=[node.node.id])).status_code == 403
    assert Node.objects.get().last_health == told
    node.clock.advance(timedelta(minutes=10))
    assert "未检查" in client.get(address).content.decode()
    client.post(reverse("operator:node_status", args=[node.node.id]), {"active": "0"})
    assert "已暂停" in client.get(address).content.decode()
    client.post(reverse("operator:node_status", args=[node.node.id]), {"active": "1"})
    assert Node.objects.get().status == "active"


def test_what_waits_for_a_person_stands_on_the_overview(cast: Cast, browser: Browser) -> None:
    identity.record_node_health(node_id=cast.node.id, health={"status": "ok"}, at=cast.now)
    make_checkpoint(at=cast.now)
    quiet = browser("ops").get(reverse("operator:home")).content.decode()
    assert "没有要人处理的事" in quiet
    OutboxEvent.objects.create(
        id="evt-1", topic="termination", key="acc-1", payload={}, created_at=cast.now, available_at=cast.now,
        attempts=12, parked_at=cast.now, last_error="PROVIDER_TIMEOUT: no answer",
    )  # fmt: skip
    cast.requested()
    cast.clock.advance(timedelta(seconds=301))
    busy = browser("ops").get(reverse("operator:home")).content.decode()
    for words in ("1 件投递停下来等人", "PROVIDER_TIMEOUT: no answer", "平台已停止放行"):
        assert words in busy, words
    health = browser("ops").get(reverse("operator:health")).content.decode()
    assert "停止放行中" in health
    assert "termination" in health
    assert "平台暂停放行" in browser("aud").get(reverse("operator:checkpoints")).content.decode()


def test_a_stopped_delivery_is_sent_again_by_a_person_and_the_log_says_so(
    cast: Cast, browser: Browser
) -> None:
    event = OutboxEvent.objects.create(
        id="evt-1", topic="termination", key="acc-1", payload={}, created_at=cast.now, available_at=cast.now,
        attempts=12, parked_at=cast.now, last_error="PROVIDER_TIMEOUT",
    )  # fmt: skip
    address = reverse("operator:event_resume", args=[event.id])
    for who in ("aud", "sec"):
        assert browser(who).post(address).status_code == 403
        assert address not in browser(who).get(reverse("operator:health")).content.decode()
    leaves = Leaf.objects.count()
    assert address in browser("ops").get(reverse("operator:health")).content.decode()
    assert browser("ops").post(address).status_code == 302
    event.refresh_from_db()
    assert (event.parked_at, event.attempts, event.available_at) == (None, 0, cast.now)
    assert Leaf.objects.count() == leaves + 1
    assert browser("ops").post(address).status_code == 404


def test_refusals_are_counted_by_cause_institution_and_day(node: Cast, browser: Browser) -> None:
    denied(node, browser)
    page = browser("ops").get(reverse("operator:refusals")).content.decode()
    for words in ("1 次没有放行，0 次数源未应答", "SCOPE_EXCEEDED", "岚江农商银行", "100.0%"):
        assert words in page, words
    assert "远山农机" not in page  # causes and institutions, not firms
    node.clock.advance(timedelta(days=31))
    assert "没有未放行的查询" in browser("ops").get(reverse("operator:refusals")).content.decode()
    empty = (
        browser("ops").get(reverse("operator:refusals"), {"span": "90", "state": "failed"}).content.decode()
    )
    assert "数源都应答了" in empty


def test_checkpoints_say_whether_their_signature_is_good(cast: Cast, browser: Browser) -> None:
    make_checkpoint(at=cast.now)
    client = browser("aud")
    assert "核验通过" in client.get(reverse("operator:checkpoints")).content.decode()
    checkpoint = Checkpoint.objects.get()
    Checkpoint.objects.update(root=bytes(32))
    assert "核验不通过" in client.get(reverse("operator:checkpoints")).content.decode()
    Checkpoint.objects.update(root=checkpoint.root, note=checkpoint.note.replace("—", "-"))
    assert "核验不通过" in client.get(reverse("operator:checkpoints")).content.decode()


def test_the_log_is_exported_by_the_auditor_alone_and_verifies(
    cast: Cast, browser: Browser, tmp_path: Path
) -> None:
    assert browser("ops").get(reverse("operator:log")).status_code == 403
    response = browser("aud").get(reverse("operator:log"))
    file = tmp_path / "log.jsonl"
    file.write_bytes(response.content)
    assert verify_file(file).ok


def test_a_consistency_proof_is_given_and_nonsense_is_answered_kindly(cast: Cast, browser: Browser) -> None:
    client, size = browser("aud"), Leaf.objects.count()
    good = client.get(reverse("operator:checkpoints"), {"old": "2", "new": str(size)})
    assert good.status_code == 200
    assert "个哈希" in good.content.decode()
    proof = json.loads(client.get(reverse("operator:consistency"), {"old": "2", "new": str(size)}).content)
    assert (proof["from"], proof["to"]) == (2, size)
    for old, new in (("9", "3"), ("0", "3"), ("1", str(size + 100)), ("a", "2"), ("1", ""), ("²", "3")):
        wrong = client.get(reverse("operator:checkpoints"), {"old": old, "new": new})
        assert wrong.status_code == 422
        assert f'value="{old}"' in wrong.content.decode()
    assert client.get(reverse("operator:consistency"), {"old": "x", "new": "1"}).status_code == 404


def test_the_lists_ask_the_database_no_more_for_more_rows(node: Cast, browser: Browser) -> None:
    denied(node, browser)
    client = browser("ops")
    names = ("home", "nodes", "institutions", "refusals")
    before = {name: _queries(client, name) for name in names}
    for k in range(4):
        body = f"9133060{k}MA2XQF00{k}"
        institution = identity.register_institution(
            actor=node.system, uscc=uscc(body), name=f"银行{k}", short_name=f"银行{k}", is_user=True, is_provider=True,
            at=node.now,
        )  # fmt: skip
        identity.register_node(
            actor=node.system, institution_id=institution.id, name=f"节点{k}", base_url=f"http://n{k}.test",
            jwk=SigningKey.generate().public.to_jwk(), not_before=node.now - timedelta(days=1),
            not_after=node.now + timedelta(days=9), at=node.now,
        )  # fmt: skip
    many = {name: _queries(client, name) for name in names}
    for name in names:
        assert many[name] <= before[name], name
        assert before[name] <= 40, name


def test_the_overview_asks_nothing_twice(cast: Cast, browser: Browser) -> None:
    make_checkpoint(at=cast.now)
    client = browser("ops")
    for name in ("home", "health"):
        client.get(reverse(f"operator:{name}"))
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse(f"operator:{name}"))
        asked = [query["sql"] for query in seen.captured_queries]
        assert sorted({sql for sql in asked if asked.count(sql) > 1}) == [], name


def _queries(client: Client, name: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(reverse(f"operator:{name}")).status_code == 200
    return len(seen)
