"""Dossiers through the gateway: only what was granted, recorded before it goes out, kept no longer than allowed."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from django.test import override_settings
from tests.hub.cast import OWNER_USCC
from tests.hub.dossiers_cast import CANARY, GAS, GRANT, POWER, SECRET_CANARY, collect, new_lake
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import Desk
from tests.hub.items_cast import TAX, ItemCast

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.items import ItemGrant
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.dossiers import jobs
from xinqiao.hub.apps.dossiers.models import Dossier
from xinqiao.hub.apps.items import selectors
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.gateway.handlers_dossier import takes_zstd
from xinqiao.hub.gateway.http import Incoming
from xinqiao.hub.gateway.schemas_items import DossierAnswer
from xinqiao.hub.runtime import runtime
from xinqiao.lake.store import Lake
from xinqiao.trust.findings import Findings
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.leaf import instant_text
from xinqiao.trust.order import BusinessOrder

DOSSIERS = "/api/v1/dossiers/queries"


@dataclass
class Scene:
    """The world with a lake in it: three electricity bills of the owner, none of another firm's."""

    world: World
    items: ItemCast
    lake: Lake

    def granted(self, *grants: ItemGrant, **changes: object) -> ItemAuthorisation:
        """Asked and wholly confirmed."""
        return self.items.confirm(self.items.requested(grants=frozenset(grants or {GRANT}), **changes))

    def query(
        self, row: ItemAuthorisation, *, desk: Desk | None = None, key: str | None = None,
        coding: str | None = None, **changes: Json,
    ) -> httpx.Response:  # fmt: skip
        """Ask for the dossier."""
        body: dict[str, Json] = {
            "authorisation_id": row.id,
            "purpose": "loan_application",
            "operator": {"name": "丁一", "department": "公司业务部"},
            **changes,
        }
        who = desk or self.world.bank
        content = canonical_bytes(body)
        headers = who.signed("POST", DOSSIERS, content, idempotency_key=key or secrets.token_urlsafe(18))
        if coding is not None:
            headers["Accept-Encoding"] = coding
        return who.checked(who.raw("POST", DOSSIERS, headers, content), headers)

    def uses(self, row: ItemAuthorisation) -> int:
        """How many were counted."""
        return ItemAuthorisation.objects.get(id=row.id).uses


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Iterator[Scene]:
    with override_settings(XINQIAO_LAKE=tmp_path / "lake"):
        lake = new_lake(tmp_path / "lake")
        collect(lake, "P1", [{}, {}, {}])
        yield Scene(world, ItemCast(world.cast), lake)


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code", "ok"))


def test_a_dossier_is_released_recorded_and_proved(scene: Scene) -> None:
    row = scene.granted(GRANT, ItemGrant(GAS, frozenset({"billed_amount"})))
    answer = scene.query(row)
    assert outcome(answer) == (200, "ok"), answer.text
    told = answer.json()
    found = DossierAnswer.model_validate(told)
    power, gas = found.product.items
    assert found.product.sub == OWNER_USCC
    assert (power.item, power.availability, power.fields) == (POWER, "present", ["billed_amount", "period"])
    assert [one.values for one in power.records] == [
        {"period": f"2026-0{month}", "billed_amount": str(CANARY)} for month in (1, 2, 3)
    ]
    assert (power.records[0].source, power.records[0].batch, power.records[0].as_of) == (
        "power-co", "P1", "2026-10-31",
    )  # fmt: skip
    assert (gas.availability, gas.records) == ("not_collected", [])
    # every byte of it is in the statement, the leaf and the record by its digest
    digest = hashlib.sha256(canonical_bytes(told["product"])).hexdigest()
    claims = verify_jws(
        found.statement, runtime.hub_keys(), typ=ArtefactType.DOSSIER, at=scene.world.cast.now
    )
    assert (claims["digest"], claims["sub"], found.digest) == (digest, OWNER_USCC, digest)
    permit, use = scene.world.leaves()[-2:]
    assert (permit.type, use.type, use.facts["dossier"]) == ("PERMIT", "USE", digest)
    assert use.facts["products"] == [POWER, GAS]
    assert (use.index, use.hash.hex()) == (found.use_leaf.index, found.use_leaf.hash)
    record = scene.world.bank.get(f"/api/v1/items/queries/{found.id}").json()
    assert (record["state"], record["kind"], record["item"], record["answer_digest"]) == (
        "released", "collected", "dossier", digest,
    )  # fmt: skip
    assert record["fields"] == [f"{POWER}.billed_amount", f"{POWER}.period", f"{GAS}.billed_amount"]
    (seen,) = selectors.queries(scene.world.cast.owner)
    assert (seen.id, seen.institution.name) == (found.id, "岚江农商银行")
    assert selectors.queries(scene.world.cast.stranger) == []
    assert scene.uses(row) == 1


def test_what_was_not_granted_is_nowhere_in_it(scene: Scene) -> None:
    answer = scene.query(scene.granted())
    assert SECRET_CANARY not in answer.text
    assert "meter_no" not in answer.text
    kept = Dossier.objects.get()
    text = pa.CompressedInputStream(pa.BufferReader(kept.content), "zstd").read()
    assert SECRET_CANARY.encode() not in text


def test_zstd_is_one_document_in_three_frames_and_the_same(scene: Scene) -> None:
    row = scene.granted()
    plain = scene.query(row).json()
    packed = scene.query(row, coding="gzip, zstd;q=0.9")
    assert packed.headers["content-encoding"] == "zstd"
    found = json.loads(pa.CompressedInputStream(pa.BufferReader(packed.content), "zstd").read())
    assert (found["product"], found["digest"]) == (plain["product"], plain["digest"])
    assert found["uses_left"] == plain["uses_left"] - 1
    assert "content-encoding" not in scene.query(row, coding="zstd;q=0, gzip").headers


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [("zstd", True), ("gzip, ZSTD;q=0.5", True), ("zstd; q=0", False), ("gzip", False), ("*", False), (None, False)],
)  # fmt: skip
def test_who_takes_zstd(accepted: str | None, takes: bool) -> None:
    headers = [] if accepted is None else [("accept-encoding", accepted)]
    assert takes_zstd(Incoming("POST", b"/", b"", headers, "")) is takes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"items": [GAS]}, (403, "SCOPE_EXCEEDED")),
        ({"items": [POWER, GAS]}, (403, "SCOPE_EXCEEDED")),
        ({"items": [TAX.item]}, (403, "SCOPE_EXCEEDED")),
        ({"items": ["no_such_item"]}, (403, "SCOPE_EXCEEDED")),
        ({"purpose": "post_loan"}, (403, "PURPOSE_MISMATCH")),
        ({"authorisation_id": "ita-" + "9" * 32}, (403, "CONSENT_MISSING")),
        ({"authorisation_id": "aut-" + "9" * 32}, (403, "CONSENT_MISSING")),
        ({"items": [POWER], "strange": 1}, (422, "UNKNOWN_FIELD")),
    ],
)
def test_every_no_gives_nothing_and_is_recorded_once(scene: Scene, changes, expected) -> None:
    row = scene.granted(GRANT, TAX)
    before = len(scene.world.leaves("DENY"))
    answer = scene.query(row, **changes)
    assert outcome(answer) == expected
    assert str(CANARY) not in answer.text
    assert len(scene.world.leaves("DENY")) == before + (expected[0] == 403)
    assert scene.uses(row) == 0
    assert not Dossier.objects.exists()


def test_an_authorisation_of_called_items_alone_holds_no_dossier(scene: Scene) -> None:
    assert outcome(scene.query(scene.granted(TAX))) == (403, "SCOPE_EXCEEDED")


def test_a_part_of_what_was_granted_may_be_asked_for(scene: Scene) -> None:
    row = scene.granted(GRANT, ItemGrant(GAS, frozenset({"billed_amount"})))
    told = scene.query(row, items=[GAS]).json()
    assert [one["item"] for one in told["product"]["items"]] == [GAS]


def test_personal_fields_without_the_persons_consent_are_refused_whole(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later list calls a granted field personal: the firm's yes does not cover the person."""
    row = scene.granted()
    known = all_terms()
    stricter = {**known, POWER: replace(known[POWER], personal=frozenset({"billed_amount"}))}
    monkeypatch.setattr(jobs, "all_terms", lambda: stricter)
    assert outcome(scene.query(row)) == (403, "PERSON_CONSENT_MISSING")
    assert not Dossier.objects.exists()


def test_another_institution_cannot_use_it_or_see_it(scene: Scene) -> None:
    row = scene.granted()
    assert outcome(scene.query(row, desk=scene.world.outsider)) == (403, "CONSENT_GRANTEE_MISMATCH")
    found = scene.query(row).json()
    foreign = scene.world.outsider.get(f"/api/v1/items/queries/{found['id']}")
    assert foreign.status_code == 404
    (theirs,) = ItemQuery.objects.filter(state="denied")
    assert theirs.authorisation_id is None


def test_the_last_use_is_the_last(scene: Scene) -> None:
    row = scene.granted(max_queries=1)
    assert scene.query(row).json()["uses_left"] == 0
    assert outcome(scene.query(row)) == (403, "CONSENT_EXHAUSTED")
    assert scene.uses(row) == 1


def test_expired_and_withdrawn_give_nothing(scene: Scene) -> None:
    row = scene.granted()
    assert scene.query(row).status_code == 200
    scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    assert outcome(scene.query(row)) == (403, "CONSENT_REVOKED")
    late = scene.granted(valid_days=1)
    scene.world.cast.clock.advance(timedelta(days=1))
    make_checkpoint(at=scene.world.cast.now)
    scene.world.bank.login()
    assert outcome(scene.query(late)) == (403, "CONSENT_EXPIRED")


def test_a_withdrawal_while_the_lake_is_read_wins(scene: Scene) -> None:
    row = scene.granted()

    async def withdraw(_query: str) -> None:
        await asyncio.to_thread(lambda: scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id)))

    scene.world.gateway.sync_points["before_making"] = withdraw
    answer = scene.query(row)
    assert outcome(answer) == (403, "CONSENT_REVOKED")
    assert str(CANARY) not in answer.text
    assert not scene.world.leaves("USE")
    assert not Dossier.objects.exists()


def test_the_same_key_gives_the_same_bytes_and_counts_once(scene: Scene) -> None:
    row = scene.granted()
    first = scene.query(row, key="same-key-0001")
    leaves = len(scene.world.leaves())
    second = scene.query(row, key="same-key-0001")
    assert (first.status_code, first.content) == (200, second.content)
    assert (scene.uses(row), len(scene.world.leaves())) == (1, leaves)
    assert outcome(scene.query(row, key="same-key-0001", items=[POWER])) == (422, "IDEMPOTENCY_MISMATCH")
    refused = scene.query(row, key="same-key-0002", items=[GAS])
    assert scene.query(row, key="same-key-0002", items=[GAS]).content == refused.content
    scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    assert outcome(scene.query(row, key="same-key-0001")) == (410, "GONE_REVOKED")


def test_the_same_key_after_the_lake_changed_is_gone(scene: Scene) -> None:
    row = scene.granted()
    assert scene.query(row, key="same-key-0001").status_code == 200
    collect(scene.lake, "P2", [{"billed_amount": CANARY + 1}])
    assert scene.query(row).status_code == 200
    assert outcome(scene.query(row, key="same-key-0001")) == (410, "GONE_EXPIRED")


def test_a_message_sent_twice_is_refused(scene: Scene) -> None:
    row, bank = scene.granted(), scene.world.bank
    body = canonical_bytes(
        {
            "authorisation_id": row.id,
            "purpose": "loan_application",
            "operator": {"name": "丁一", "department": "公司业务部"},
        }
    )
    headers = bank.signed("POST", DOSSIERS, body, idempotency_key="once-only-0001")
    assert bank.raw("POST", DOSSIERS, headers, body).status_code == 200
    assert outcome(bank.raw("POST", DOSSIERS, headers, body)) == (401, "REPLAYED")
    assert scene.uses(row) == 1


def test_the_cache_is_read_and_follows_the_lake(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    row = scene.granted()
    reads: list[str] = []
    whole = Lake.records
    monkeypatch.setattr(
        Lake, "records", lambda lake, who, **how: reads.append(who) or whole(lake, who, **how)
    )
    first, again = scene.query(row).json(), scene.query(row).json()
    assert (first["product"], len(reads), Dossier.objects.count()) == (again["product"], 1, 1)
    collect(scene.lake, "P2", [{"billed_amount": CANARY + 1}])
    renewed = scene.query(row).json()
    assert renewed["product"]["items"][0]["records"][-1]["values"]["billed_amount"] == str(CANARY + 1)
    assert (len(reads), Dossier.objects.count()) == (2, 1)
    collect(scene.lake, "G1", [{}], item=GAS)
    assert scene.query(row).json()["digest"] == renewed["digest"]
    assert len(reads) == 2, "a batch of an item outside the view made it anew"
    scene.lake.compact(full=True)
    assert scene.query(row).json()["product"] == renewed["product"]
    other = scene.granted(business_ref="B-2")
    assert scene.query(other).json()["digest"] == scene.query(row).json()["digest"]
    assert Dossier.objects.count() == 1, "the same view of the same firm is kept once"


def test_without_a_lake_nothing_was_collected(world: World, tmp_path: Path) -> None:
    with override_settings(XINQIAO_LAKE=tmp_path / "none"):
        scene = Scene(world, ItemCast(world.cast), new_lake(tmp_path / "another"))
        told = scene.query(scene.granted()).json()
        assert told["product"]["items"][0]["availability"] == "not_collected"


def test_nothing_is_released_when_the_log_cannot_be_checked(scene: Scene) -> None:
    row = scene.granted()
    scene.world.cast.clock.advance(timedelta(seconds=301))
    scene.world.bank.login()
    assert outcome(scene.query(row)) == (503, "AUDIT_UNAVAILABLE")
    assert scene.uses(row) == 0


def test_the_offline_verifier_finds_nothing_wrong(scene: Scene) -> None:
    row = scene.granted(max_queries=2)
    assert [scene.query(row).status_code for _ in range(3)] == [200, 200, 403]
    scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    scene.query(row)
    found = Findings()
    order = BusinessOrder(found)
    for leaf in scene.world.leaves():
        order.feed(leaf.index, instant_text(leaf.at), leaf.type, leaf.ids, leaf.facts)
    order.finish()
    assert found.problems == []
