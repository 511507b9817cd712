"""Data sources at the interface: keys with four eyes, tokens of their own kind, files whole and in pieces."""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from pytest_django import Settings
from tests.hub.cast import YEARS
from tests.hub.collection.sources import FILE, ITEM, NOT_OURS, PARTLY, Suppliers, make_suppliers
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import PUBLIC, Desk

from xinqiao.client import Anchor, SourceClient, supply
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Conflict, Forbidden, Invalid, NotFound
from xinqiao.hub.actors import OperatorActor, OperatorRole, SourceActor, SystemActor
from xinqiao.hub.apps.collection.models import Batch, Upload
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.identity.models import SourceKey
from xinqiao.hub.gateway import handlers_collection
from xinqiao.trust.httpsig import sign_request
from xinqiao.trust.keys import SigningKey

BATCHES, UPLOADS = "/api/v1/collection/batches", "/api/v1/collection/uploads"
SYSTEM = SystemActor("test")
SECURITY = OperatorActor("usr-security", frozenset({OperatorRole.SECURITY}))


@dataclass
class SourceDesk(Desk):
    """A source's system."""

    def carry(
        self, method: str, target: str, content: bytes, kind: str = "application/octet-stream"
    ) -> httpx.Response:
        """Send bytes, signed."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        sign_request(
            method, PUBLIC + target, headers, content, self.key, self.cast.now, secrets.token_hex(16)
        )
        return self.checked(self.raw(method, target, headers, content), headers)

    def whole(self, content: bytes = FILE, **params: str) -> httpx.Response:
        """A file in one piece."""
        query = urlencode({"item": ITEM, "file_name": "w.csv", **params})
        return self.carry("POST", f"{BATCHES}?{query}", content)

    def begin(self, content: bytes, **changes: Json) -> httpx.Response:
        """Announce a file."""
        body = {"item": ITEM, "file_name": "w.csv", "size": len(content), "key": "w.csv:1", **changes}
        return self.post(UPLOADS, body)


def key_of(source_id: str, world: World, by: SourceActor | SystemActor = SYSTEM) -> SigningKey:
    """A proposed key."""
    key = SigningKey.generate()
    identity.propose_source_key(
        actor=by, source_id=source_id, jwk=key.public.to_jwk(), not_before=world.cast.now - timedelta(days=1),
        not_after=world.cast.now + YEARS, at=world.cast.now,
    )  # fmt: skip
    return key


def desk_of(source_id: str, world: World) -> SourceDesk:
    """A source whose key counts and whose system has a token."""
    key = key_of(source_id, world)
    identity.approve_source_key(actor=SYSTEM, kid=key.kid, at=world.cast.now)
    desk = SourceDesk(world.cast, world.loop, world.app, source_id, key)
    assert desk.login().status_code == 200
    return desk


@pytest.fixture
def town(world: World, tmp_path: Path, settings: Settings) -> Suppliers:
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    return make_suppliers(world.cast)


@pytest.fixture
def ours(world: World, town: Suppliers) -> SourceDesk:
    return desk_of(town.steward.source_id, world)


@pytest.fixture
def theirs(world: World, town: Suppliers) -> SourceDesk:
    return desk_of(town.stranger.source_id, world)


def test_a_key_counts_once_the_security_officer_agreed(world: World, town: Suppliers) -> None:
    source = town.steward.source_id
    with pytest.raises(Forbidden):
        key_of(source, world, by=town.supplier)
    with pytest.raises(NotFound):
        key_of(source, world, by=town.stranger)
    key = key_of(source, world, by=town.steward)
    desk = SourceDesk(world.cast, world.loop, world.app, source, key)
    assert desk.login().status_code == 401
    with pytest.raises(Forbidden):
        identity.approve_source_key(
            actor=OperatorActor("usr-admin", frozenset({OperatorRole.ADMIN})), kid=key.kid, at=world.cast.now
        )
    SourceKey.objects.filter(kid=key.kid).update(proposed_by=SECURITY.user_id)
    with pytest.raises(Forbidden):
        identity.approve_source_key(actor=SECURITY, kid=key.kid, at=world.cast.now)
    SourceKey.objects.filter(kid=key.kid).update(proposed_by="somebody")
    identity.approve_source_key(actor=SECURITY, kid=key.kid, at=world.cast.now)
    with pytest.raises(Conflict):
        identity.approve_source_key(actor=SECURITY, kid=key.kid, at=world.cast.now)
    assert desk.login().status_code == 200
    assert desk.whole().status_code == 202
    with pytest.raises(NotFound):
        identity.revoke_source_key(actor=town.stranger, kid=key.kid, at=world.cast.now)
    identity.revoke_source_key(actor=town.steward, kid=key.kid, at=world.cast.now)
    with pytest.raises(Conflict):
        identity.revoke_source_key(actor=town.steward, kid=key.kid, at=world.cast.now)
    assert desk.get(BATCHES).status_code == 401
    acts = [
        leaf.facts["act"] for leaf in world.leaves("KEY") if str(leaf.facts["act"]).startswith("source_key")
    ]
    assert acts == ["source_key_proposed", "source_key_approved", "source_key_revoked"]


def test_the_same_key_is_nobody_elses(world: World, town: Suppliers) -> None:
    key = key_of(town.steward.source_id, world)
    with pytest.raises(Conflict):
        identity.propose_source_key(
            actor=SYSTEM, source_id=town.stranger.source_id, jwk=key.public.to_jwk(), not_before=world.cast.now,
            not_after=world.cast.now + YEARS, at=world.cast.now,
        )  # fmt: skip
    with pytest.raises(NotFound):
        key_of("src-absent", world)


def test_a_file_is_sent_judged_and_its_receipt_read(ours: SourceDesk, town: Suppliers) -> None:
    sent = ours.whole(data_as_of="2026-01-31")
    assert sent.status_code == 202
    body = sent.json()
    assert (body["state"], body["repeated"], body["data_as_of"]) == ("received", False, "2026-01-31")
    assert Batch.objects.get(id=body["id"]).channel == "api"
    again = ours.whole(data_as_of="2026-01-31").json()
    assert (again["id"], again["repeated"]) == (body["id"], True)
    town.work(PARTLY)
    found = ours.get(f"{BATCHES}/{body['id']}").json()
    assert (found["state"], found["refused"], found["rows"]) == ("partly_accepted", 3, 10)
    assert found["receipt"]["by_field"]["uscc"] == {"BAD_USCC": 2}
    corrected = ours.whole(FILE + b"91330100MA2XQA0013,2\n", corrects=body["id"]).json()
    assert corrected["corrects"] == body["id"]
    listed = ours.get(f"{BATCHES}?limit=1").json()
    assert [row["id"] for row in listed["items"]] == [corrected["id"]]
    rest = ours.get(f"{BATCHES}?limit=1&cursor={listed['next_cursor']}").json()
    assert ([row["id"] for row in rest["items"]], rest["next_cursor"]) == ([body["id"]], None)


def test_a_file_in_pieces_goes_on_where_it_stopped(ours: SourceDesk, town: Suppliers) -> None:
    content = FILE * 40
    begun = ours.begin(content).json()
    assert (begun["received"], begun["piece_bytes"]) == (0, handlers_collection.PIECE_BYTES)
    place = f"{UPLOADS}/{begun['id']}"
    assert ours.carry("PUT", f"{place}?offset=0", content[:500]).json()["received"] == 500
    twice = ours.carry("PUT", f"{place}?offset=0", content[:500])
    assert (twice.status_code, twice.json()["code"]) == (409, "CONFLICT_STATE")
    assert ours.begin(content).json() == {**begun, "received": 500}
    early = ours.carry("POST", place, b"", kind="application/json")
    assert early.status_code == 409
    ours.carry("PUT", f"{place}?offset=500", content[500:])
    done = ours.carry("POST", place, b"", kind="application/json")
    assert (done.status_code, done.json()["size"]) == (202, len(content))
    assert not Upload.objects.exists()


def test_another_source_finds_nothing(ours: SourceDesk, theirs: SourceDesk, town: Suppliers) -> None:
    batch = ours.whole().json()["id"]
    begun = ours.begin(FILE).json()["id"]
    town.work(PARTLY)
    absent = theirs.get(f"{BATCHES}/bat-{'0' * 32}").json()
    for answer in (
        theirs.get(f"{BATCHES}/{batch}"),
        theirs.get(f"/api/v1/collection/refused-rows/{batch}"),
        theirs.carry("PUT", f"{UPLOADS}/{begun}?offset=0", FILE),
        theirs.carry("POST", f"{UPLOADS}/{begun}", b"", kind="application/json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, absent["code"])
    assert theirs.get(BATCHES).json()["items"] == []
    wrong = theirs.whole(corrects=batch)
    assert (wrong.status_code, wrong.json()["facts"]["field"]) == (422, "corrects")


@pytest.mark.parametrize(
    ("params", "content", "status", "code"),
    [
        ({"item": NOT_OURS}, FILE, 403, "ITEM_NOT_SUPPLIED"),
        ({"item": "no_such_item"}, FILE, 403, "ITEM_NOT_SUPPLIED"),
        ({"file_name": "w.exe"}, FILE, 415, "MEDIA_TYPE_UNSUPPORTED"),
        ({"data_as_of": "2026-02-30"}, FILE, 422, "INVALID"),
        ({"data_as_of": "2999-01-01"}, FILE, 422, "INVALID"),
        ({"surprise": "1"}, FILE, 422, "UNKNOWN_FIELD"),
        ({}, b"", 422, "FILE_EMPTY"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    ours: SourceDesk, params: dict[str, str], content: bytes, status: int, code: str
) -> None:
    answer = ours.whole(content, **params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Batch.objects.exists()


def test_a_piece_has_its_limit_and_its_kind(ours: SourceDesk) -> None:
    target = f"{BATCHES}?{urlencode({'item': ITEM, 'file_name': 'w.csv'})}"
    headers = {"Authorization": f"Bearer {ours.token}", "Content-Type": "application/octet-stream"}
    big = ours.raw("POST", target, headers, b"x" * (handlers_collection.PIECE_BYTES + 1))
    assert (big.status_code, big.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert ours.carry("POST", target, FILE, kind="text/csv").status_code == 415


def test_a_strangers_body_is_not_read(ours: SourceDesk) -> None:
    """Without a token nothing of a large body is taken into memory."""
    asked = []

    async def send(message: dict[str, object]) -> None:
        asked.append(message)

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    scope = {
        "type": "http", "method": "POST", "path": BATCHES, "raw_path": BATCHES.encode(), "query_string": b"",
        "headers": [(b"authorization", b"Bearer nonsense"), (b"content-type", b"application/octet-stream")],
        "client": ("203.0.113.9", 1),
    }  # fmt: skip
    ours.loop.run(ours.app(scope, receive, send))  # type: ignore[arg-type]
    assert asked[0]["status"] == 401


def test_tokens_of_one_kind_are_none_of_the_other(world: World, ours: SourceDesk) -> None:
    """An institution's token sends nothing, a source's token asks nothing."""
    bank = SourceDesk(
        world.cast, world.loop, world.app, world.bank.institution_id, world.bank.key, world.bank.token
    )
    assert bank.whole().status_code == 401
    assert ours.get("/api/v1/authorisations").status_code == 401
    assert json.loads(ours.get(BATCHES).content)["items"] == []


def test_a_suspended_source_is_out_at_once(world: World, ours: SourceDesk) -> None:
    identity.set_source_status(actor=SYSTEM, source_id=ours.institution_id, active=False, at=world.cast.now)
    assert ours.get(BATCHES).status_code == 401
    assert ours.login().status_code == 401


def test_a_repeated_message_is_refused_with_one_leaf(world: World, ours: SourceDesk) -> None:
    headers = ours.signed("GET", BATCHES)
    assert ours.raw("GET", BATCHES, headers, b"").status_code == 200
    again = ours.raw("GET", BATCHES, headers, b"")
    assert (again.status_code, again.json()["code"]) == (401, "REPLAYED")
    assert [leaf.facts["act"] for leaf in world.leaves("DENY")] == ["listBatches"]


class Carried:
    """The sources' client against the application: its steps carried out without a socket."""

    def __init__(self, desk: SourceDesk) -> None:
        self.breaks = 0

        def sent(request: httpx.Request) -> httpx.Response:
            answer = desk.raw(
                request.method, request.url.raw_path.decode(), dict(request.headers), request.content
            )
            return httpx.Response(
                answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
            )

        def handle(request: httpx.Request) -> httpx.Response:
            answer = sent(request)
            if request.method == "PUT" and self.breaks:
                self.breaks -= 1
                assert answer.status_code == 200
                raise httpx.ReadError("the line broke after the piece had arrived")
            return answer

        self.client = SourceClient(
            PUBLIC, desk.institution_id, desk.key, anchor=Anchor.from_json(anchor()), clock=desk.cast.clock,
            transport=httpx.MockTransport(handle), sleep=lambda _: None,
        )  # fmt: skip


@pytest.fixture
def sdk(ours: SourceDesk) -> Carried:
    return Carried(ours)


def test_the_sdk_sends_whole_and_in_pieces_over_a_broken_line(
    sdk: Carried, town: Suppliers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "w.csv"
    small.write_bytes(FILE)
    first = sdk.client.send(small, ITEM)
    assert sdk.client.send(small, ITEM).repeated
    monkeypatch.setattr(supply, "WHOLE_BYTES", 100)
    monkeypatch.setattr(handlers_collection, "PIECE_BYTES", 900)
    big, seen = tmp_path / "big.csv", []
    big.write_bytes(FILE * 50)
    sdk.breaks = 1
    second = sdk.client.send(
        big, ITEM, corrects=first.id, progress=lambda done, size: seen.append((done, size))
    )
    assert (second.size, second.corrects) == (len(FILE) * 50, first.id)
    assert seen[-1] == (second.size, second.size)
    town.work(PARTLY)
    town.work(PARTLY)
    done = sdk.client.wait(first.id)
    assert done.done
    assert done.receipt is not None
    assert [one.id for one in sdk.client.batches(item=ITEM)] == [second.id, first.id]
    with pytest.raises(NotFound):
        sdk.client.batch("bat-" + "0" * 32)
    with pytest.raises(Invalid):
        sdk.client.send(tmp_path / "absent.csv", ITEM)
    with pytest.raises(Forbidden):
        sdk.client.send(small, NOT_OURS)
    sdk.client.close()
