"""Sessions: one signed request, then tags. What a tag can and cannot do, and that it ends at once."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.test import override_settings
from tests.hub.dossiers_cast import GRANT, collect, new_lake
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import PUBLIC, QUERIES, Desk
from tests.hub.items_cast import ItemCast

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Unauthenticated
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.fundflow.jobs import SweepJob
from xinqiao.hub.apps.fundflow.models import IdempotencyKey
from xinqiao.hub.apps.identity.models import Institution, InstitutionKey, QuerySession, SeenNonce
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.gateway.auth import Sessions
from xinqiao.hub.gateway.table import TABLE
from xinqiao.trust.httpsig import sign_request, verify_response
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.keys import OpenKey
from xinqiao.trust.mac import SESSION_TYPE, MacKey, SessionKeys, session_keys
from xinqiao.trust.suites import INTERNATIONAL, SM

DOSSIERS = "/api/v1/dossiers/queries"
SESSIONS = "/api/v1/sessions"


@dataclass
class Line:
    """An institution's session, and what is asked in it."""

    desk: Desk
    row: ItemAuthorisation
    keys: SessionKeys
    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def body(self, **changes: Json) -> bytes:
        """A query's body."""
        asked: dict[str, Json] = {
            "authorisation_id": self.row.id,
            "purpose": "loan_application",
            "operator": {"name": "丁一", "department": "公司业务部"},
            **changes,
        }
        return canonical_bytes(asked)

    def headers(
        self, content: bytes, *, key: str | None = None, nonce: str | None = None, by: MacKey | None = None,
        target: str = DOSSIERS,
    ) -> dict[str, str]:  # fmt: skip
        """The headers of a tagged request."""
        found = {
            "Content-Type": "application/json", "Idempotency-Key": key or secrets.token_urlsafe(18),
        }  # fmt: skip
        sign_request(
            "POST", PUBLIC + target, found, content, by or self.keys.request, self.desk.cast.now,
            nonce or secrets.token_hex(16),
        )  # fmt: skip
        return found

    def send(self, headers: dict[str, str], content: bytes) -> httpx.Response:
        """Send exactly this."""
        return self.desk.raw("POST", DOSSIERS, headers, content)

    def query(self, *, key: str | None = None, nonce: str | None = None, **changes: Json) -> httpx.Response:
        """Ask, and check that the answer is tagged and bound to the request."""
        content = self.body(**changes)
        headers = self.headers(content, key=key, nonce=nonce)
        answer = self.send(headers, content)
        self.sent.append((headers, content))
        self.check(answer, headers)
        return answer

    def check(self, answer: httpx.Response, headers: dict[str, str]) -> None:
        """Raises Unauthenticated."""
        pairs = [(name.decode(), value.decode()) for name, value in answer.headers.raw]
        signature = headers["Signature"].removeprefix("xq=:").removesuffix(":")
        verify_response(
            answer.status_code, pairs, answer.content,
            lambda kid: self.keys.answer if kid == self.keys.answer.kid else None,
            self.desk.cast.now, request_signature=signature,
        )  # fmt: skip


def opened(desk: Desk) -> SessionKeys:
    """Open a session as any HTTP tool would."""
    key = OpenKey.generate()
    answer = desk.post(SESSIONS, {"one_time_key": key.public.to_jwk()})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["alg"], told["expires_in"], told["operations"]) == ("hmac-sha256", 300, ["queryDossier"])
    secret = open_sealed(told["sealed"], key, typ=SESSION_TYPE, facts={"session": told["id"]})
    return session_keys(told["id"], desk.key.suite, secret)


@pytest.fixture
def line(world: World, tmp_path: Path) -> Iterator[Line]:
    with override_settings(XINQIAO_LAKE=tmp_path / "lake"):
        collect(new_lake(tmp_path / "lake"), "P1", [{}, {}])
        items = ItemCast(world.cast)
        row = items.confirm(items.requested(grants=frozenset({GRANT})))
        yield Line(world.bank, row, opened(world.bank))


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code", "ok"))


def uses(line: Line) -> int:
    return ItemAuthorisation.objects.get(id=line.row.id).uses


def test_a_tagged_query_is_released_recorded_and_answered_with_a_tag(world: World, line: Line) -> None:
    answer = line.query()
    assert outcome(answer) == (200, "ok"), answer.text
    told, use = answer.json(), world.leaves()[-1]
    assert (use.type, use.ids["institution"]) == ("USE", world.bank.institution_id)
    assert (told["use_leaf"]["index"], told["use_leaf"]["hash"]) == (use.index, use.hash.hex())
    assert use.facts["dossier"] == told["digest"]
    assert uses(line) == 1
    # a signed query gives the same dossier
    signed = world.bank.post(DOSSIERS, json.loads(line.body()), key=secrets.token_urlsafe(18)).json()
    assert (signed["digest"], signed["product"]) == (told["digest"], told["product"])


def test_the_secret_is_kept_encrypted_and_forgotten_with_its_time(world: World, line: Line) -> None:
    kept = QuerySession.objects.get()
    key = OpenKey.generate()
    again = world.bank.post(SESSIONS, {"one_time_key": key.public.to_jwk()}).json()
    secret = open_sealed(again["sealed"], key)
    stored = QuerySession.objects.get(id=again["id"])
    assert stored.id != kept.id
    assert secret.hex() not in stored.secret
    world.cast.clock.advance(timedelta(minutes=6))
    world.loop.run(world.gateway.writer.do(SweepJob()))
    assert not QuerySession.objects.exists()


def test_the_same_message_twice_is_refused_the_same_key_again_is_answered_once_more(
    world: World, line: Line
) -> None:
    first = line.query(key="one-and-the-same")
    headers, content = line.sent[-1]
    again = line.send(headers, content)
    assert outcome(again) == (401, "REPLAYED")
    retried = line.query(key="one-and-the-same")
    assert retried.content == first.content
    headers, content = line.sent[-1]
    assert outcome(line.send(headers, content)) == (401, "REPLAYED")
    assert [leaf.facts["code"] for leaf in world.leaves("DENY")] == ["REPLAYED", "REPLAYED"]
    assert uses(line) == 1
    # the first nonce stands beside its key, that of the retry among the nonces
    assert IdempotencyKey.objects.get(key="one-and-the-same").nonce != ""
    assert SeenNonce.objects.filter(scope=line.keys.request.kid).count() == 1
    assert outcome(line.query(key="one-and-the-same", items=[GRANT.item])) == (422, "IDEMPOTENCY_MISMATCH")


def test_a_refusal_that_is_sent_again_is_a_replay_too(world: World, line: Line) -> None:
    answer = line.query(purpose="post_loan")
    assert outcome(answer) == (403, "PURPOSE_MISMATCH")
    assert outcome(line.send(*line.sent[-1])) == (401, "REPLAYED")
    assert [leaf.facts["code"] for leaf in world.leaves("DENY")] == ["PURPOSE_MISMATCH", "REPLAYED"]


def test_a_message_is_a_replay_also_after_a_restart(world: World, line: Line) -> None:
    line.query()
    world.gateway.sessions = Sessions(world.gateway.reader)
    assert outcome(line.send(*line.sent[-1])) == (401, "REPLAYED")
    assert outcome(line.query()) == (200, "ok")


def test_another_institution_gets_nothing_by_its_own_session(world: World, line: Line) -> None:
    line.query()
    others = Line(world.outsider, line.row, opened(world.outsider))
    answer = others.query()
    assert outcome(answer) == (403, "CONSENT_GRANTEE_MISMATCH")
    assert uses(line) == 1
    # nor by naming a session that is not its own
    mixed = MacKey(line.keys.request.kid, INTERNATIONAL, "hmac-sha256", b"\0" * 32)
    content = others.body()
    forged = others.send(others.headers(content, by=mixed), content)
    assert outcome(forged) == (401, "SIGNATURE_INVALID")
    assert world.leaves("DENY")[-1].ids["institution"] == world.bank.institution_id


@pytest.mark.parametrize(
    "change", ["body", "key", "answer key", "target", "token too", "no digest", "signature"]
)
def test_a_tag_holds_everything(world: World, line: Line, change: str) -> None:
    content = line.body()
    by = line.keys.answer if change == "answer key" else None
    headers = line.headers(content, by=by, target=QUERIES if change == "target" else DOSSIERS)
    match change:
        case "body":
            content = line.body(items=[GRANT.item])
        case "key":
            headers["Idempotency-Key"] = "another-key-1"
        case "token too":
            headers["Authorization"] = f"Bearer {world.bank.token}"
        case "no digest":
            del headers["Content-Digest"]
        case "signature":
            headers["Signature"] = "xq=:" + "A" * 86 + "==:"
    before = len(world.leaves("DENY"))
    answer = line.send(headers, content)
    assert outcome(answer) == (401, "SIGNATURE_INVALID")
    assert len(world.leaves("DENY")) == before + 1
    assert uses(line) == 0
    with pytest.raises(Unauthenticated):
        line.check(answer, headers)  # and nobody can take it for an answer of the session


def test_a_session_is_for_the_operations_it_names(world: World, line: Line) -> None:
    for operation in TABLE:
        assert operation.tagged is (operation.id == "queryDossier")
        # whose handlers keep the nonce beside the key in their own transaction
        assert not operation.tagged or (operation.idempotent and operation.stores_nonce)
    content = canonical_bytes({"one_time_key": {**OpenKey.generate().public.to_jwk()}})
    headers = line.headers(content, target=SESSIONS)
    del headers["Idempotency-Key"]
    sign_request(
        "POST", PUBLIC + SESSIONS, headers, content, line.keys.request, world.cast.now, secrets.token_hex(16)
    )
    assert outcome(world.bank.raw("POST", SESSIONS, headers, content)) == (401, "UNAUTHENTICATED")


def test_an_unknown_session_is_a_strangers(world: World, line: Line) -> None:
    keys = session_keys("ses-" + "0" * 32, INTERNATIONAL, secrets.token_bytes(32))
    content = line.body()
    before = len(world.leaves())
    assert outcome(line.send(line.headers(content, by=keys.request), content)) == (401, "UNAUTHENTICATED")
    assert len(world.leaves()) == before


def test_it_ends_with_its_time(world: World, line: Line) -> None:
    assert outcome(line.query()) == (200, "ok")
    world.cast.clock.advance(timedelta(seconds=299))
    make_checkpoint(at=world.cast.now)
    assert outcome(line.query()) == (200, "ok")
    world.cast.clock.advance(timedelta(seconds=1))
    make_checkpoint(at=world.cast.now)
    content = line.body()
    assert outcome(line.send(line.headers(content), content)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("change", ["key", "institution", "right", "key over", "closed"])
def test_it_ends_at_once_with_key_institution_and_right(world: World, line: Line, change: str) -> None:
    """The gateway knows the session still; the transaction that would release sees that it counts no more."""
    assert outcome(line.query()) == (200, "ok")
    key = InstitutionKey.objects.filter(kid=world.bank.key.kid)
    bank = Institution.objects.filter(id=world.bank.institution_id)
    match change:
        case "key":
            key.update(status="revoked")
        case "institution":
            bank.update(status="suspended")
        case "right":
            bank.update(is_user=False)
        case "key over":
            key.update(not_after=world.cast.now)
        case _:
            QuerySession.objects.all().delete()
    assert outcome(line.query()) == (401, "UNAUTHENTICATED")
    assert [leaf.facts["code"] for leaf in world.leaves("DENY")] == ["UNAUTHENTICATED"]
    assert uses(line) == 1


def test_a_withdrawal_in_between_wins(world: World, line: Line) -> None:
    assert outcome(line.query(key="before-the-end")) == (200, "ok")
    ItemCast(world.cast).withdraw(ItemAuthorisation.objects.get(id=line.row.id))
    assert outcome(line.query()) == (403, "CONSENT_REVOKED")
    assert outcome(line.query(key="before-the-end")) == (410, "GONE_REVOKED")


def test_without_a_checkpoint_nothing_is_given(world: World, line: Line) -> None:
    assert outcome(line.query()) == (200, "ok")
    fresh = Line(line.desk, line.row, line.keys)
    world.cast.clock.advance(timedelta(minutes=5, seconds=1))
    fresh.keys = opened(world.bank) if world.bank.login().status_code == 200 else line.keys
    assert outcome(fresh.query(key="while-failing")) == (503, "AUDIT_UNAVAILABLE")
    make_checkpoint(at=world.cast.now)
    world.cast.clock.advance(timedelta(seconds=2))  # the writer looks at the log's health once a second
    assert outcome(fresh.query(key="while-failing")) == (200, "ok")


def test_opening_is_signed_and_good_once(world: World, line: Line) -> None:
    content = canonical_bytes({"one_time_key": {**OpenKey.generate().public.to_jwk()}})
    headers = world.bank.signed("POST", SESSIONS, content)
    assert world.bank.raw("POST", SESSIONS, headers, content).status_code == 201
    again = world.bank.raw("POST", SESSIONS, headers, content)
    assert outcome(again) == (401, "REPLAYED")
    assert world.leaves("DENY")[-1].facts["act"] == "openSession"


def test_keys_of_a_session_differ_by_direction_name_and_suite() -> None:
    secret = bytes(range(32))
    made = [
        key.sign(b"x")
        for suite in (INTERNATIONAL, SM)
        for name in ("ses-a", "ses-b")
        for key in session_keys(name, suite, secret)
    ]
    assert len(set(made)) == 8
    assert session_keys("ses-a", SM, secret).request.http_alg == "hmac-sm3"
    assert not session_keys("ses-a", SM, secret).request.verify(b"x", b"")
    with pytest.raises(ValueError, match="32 bytes"):
        session_keys("ses-a", SM, b"short")
