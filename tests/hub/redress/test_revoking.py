"""Undoing a repair that was granted on a false promise: seen again at that moment, wherever the lake is by then."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client as Browser
from django.urls import reverse
from tests.hub.cast import OWNER_USCC
from tests.hub.redress.bench import PENALTY, Bench, penalty

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import Repair, Suppression
from xinqiao.hub.apps.redress.standing import standing_version


def revoked(bench: Bench, row: Repair, **changes: object) -> Repair:
    given = {
        "actor": bench.unit, "repair_id": row.id, "reason": "承诺已履行，经查没有", "expected_version": row.version,
        "at": bench.now,
    }  # fmt: skip
    return services.revoke_repair(**{**given, **changes})  # type: ignore[arg-type]


def kinds(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("audience_kind", flat=True))


@pytest.mark.parametrize("pushed", [False, True])
@pytest.mark.parametrize("compacted", [False, True])
def test_the_record_is_seen_again_from_that_moment(bench: Bench, pushed: bool, compacted: bool) -> None:
    bench.hold(penalty())
    seen = [(line.cells, line.source, line.as_of) for line in bench.lines()]
    row = bench.granted()
    if pushed:
        assert services.push_to_lake(at=bench.now) == 1
    if compacted:
        bench.lake.compact(full=True)
    assert bench.lines() == []
    before = standing_version(OWNER_USCC)
    bench.cast.clock.advance(timedelta(seconds=1))
    done = revoked(bench, row)
    assert (done.state, done.answer) == ("revoked", "承诺已履行，经查没有")
    assert sorted((line.cells, line.source, line.as_of) for line in bench.lines()) == sorted(seen)
    assert standing_version(OWNER_USCC) > before
    (hidden, told) = Suppression.objects.order_by(F("repair").asc(nulls_last=True))
    assert (hidden.ended_at, told.reason, told.record_ref) == (bench.now, "restored", hidden.record_ref)
    leaf = json.loads(bytes(Leaf.objects.get(index=told.leaf_index).body))
    assert (leaf["facts"]["act"], leaf["facts"]["state"]) == ("repair_revoke", "revoked")
    assert kinds("repair_revoked") == {"enterprise", "operator"}
    entries = services.repair_results(at=bench.now)["results"]["entries"]  # type: ignore[index,call-overload]
    assert [one["reason"] for one in entries] == ["repaired", "restored"]  # type: ignore[index,call-overload,union-attr]
    # nothing takes it out of the lake again, and nothing puts it back twice
    assert services.push_to_lake(at=bench.now) == 0
    assert len(bench.lines()) == 1
    assert bench.lake.check() == []


def test_receivers_of_the_item_are_told(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.granted()
    append_leaf(
        type="USE", at=bench.now, facts={"product": PENALTY},
        refs=Refs(subject=row.enterprise_id, institution=bench.cast.bank.institution_id, authorisation="ita-x"),
    )  # fmt: skip
    revoked(bench, row)
    assert kinds("record_restored") == {"institution"}


def test_a_term_that_is_over_stays_over(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.granted()
    bench.cast.clock.advance(timedelta(days=365))
    assert revoked(bench, row).state == "revoked"
    assert bench.lines() == []
    assert services.expire_published(at=bench.now) == 1


def test_what_its_source_withdrew_or_sent_again_is_left_alone(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.granted()
    services.push_to_lake(at=bench.now)
    bench.hold(penalty(content="罚款 4000 元"))
    assert bench.lines() == []
    revoked(bench, row)
    (line,) = bench.lines()
    assert "罚款 4000 元" in [cell.text for cell in line.cells]


def test_it_may_be_repaired_anew_and_revoked_once(bench: Bench) -> None:
    bench.hold(penalty())
    row = revoked(bench, bench.granted())
    with pytest.raises(Conflict) as caught:
        revoked(bench, row)
    assert caught.value.code is Code.ILLEGAL_MOVE
    again = bench.applied(key="repair-key-0002", evidence=[bench.proof(content=b"%PDF-1.7 another")])
    accepted = services.accept_repair(
        actor=bench.unit, repair_id=again.id, expected_version=again.version, at=bench.now
    )
    services.grant_repair(
        actor=bench.unit, repair_id=again.id, answer="补缴", expected_version=accepted.version, at=bench.now
    )
    assert bench.lines() == []
    assert Suppression.objects.filter(ended_at=None).count() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (lambda bench: {"actor": bench.clerk}, Forbidden),
        (lambda bench: {"actor": bench.stranger}, NotFound),
        (lambda bench: {"repair_id": "rep-" + "0" * 32}, NotFound),
        (lambda bench: {"expected_version": 99}, Stale),
        (lambda bench: {"reason": "  "}, Invalid),
    ],
)
def test_nobody_else_nothing_stale_and_never_without_a_reason(
    bench: Bench, changes: Callable[[Bench], dict[str, object]], error: type[Exception]
) -> None:
    bench.hold(penalty())
    row = bench.granted()
    services.push_to_lake(at=bench.now)
    version, leaves = bench.lake.manifest().version, Leaf.objects.count()
    with pytest.raises(error):
        revoked(bench, row, **changes(bench))
    assert (bench.lake.manifest().version, Leaf.objects.count(), bench.lines()) == (version, leaves, [])
    assert Repair.objects.get().state == "repaired"


def test_only_a_granted_one_is_revoked_and_the_page_offers_it_then(bench: Bench) -> None:
    bench.hold(penalty())
    row = bench.accepted()
    with pytest.raises(Conflict):
        revoked(bench, row)
    browser = Browser(HTTP_ACCEPT_LANGUAGE="zh-CN")
    browser.force_login(User.objects.get(username="scjg.steward"))
    page = reverse("source:repair", args=[row.id])
    assert "撤销修复即刻生效" not in browser.get(page).content.decode()
    granted = services.grant_repair(
        actor=bench.unit, repair_id=row.id, answer="义务已履行", expected_version=row.version, at=bench.now
    )
    text = browser.get(page).content.decode()
    assert "撤销修复即刻生效" in text
    assert "义务已履行" in text
    answer = browser.post(
        reverse("source:repair_act", args=[row.id]),
        {"act": "revoke", "words": "经查凭证是伪造的", "version": granted.version},
    )
    assert answer.status_code == 302
    assert "修复已撤销" in browser.get(page).content.decode()
    assert len(bench.lines()) == 1
