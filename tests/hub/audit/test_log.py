"""The log as the hub keeps it, checked by the offline verifier: index, chain, proofs, exports, health, tampering."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from tests.hub.cast import Cast

from xinqiao.clock import AdjustableClock
from xinqiao.domain.errors import Code, Forbidden, NotFound, Unavailable
from xinqiao.hub.apps.audit import evidence
from xinqiao.hub.apps.audit.models import Commitment, Leaf, LogHead, TreeNode
from xinqiao.hub.apps.audit.selectors import write_ledger
from xinqiao.hub.apps.audit.services import (
    Entry,
    Refs,
    append_leaf,
    append_many,
    audit_health,
    make_checkpoint,
    record_denial,
    require_audit,
)
from xinqiao.hub.runtime import runtime
from xinqiao.trust.commitments import opens
from xinqiao.trust.leaf import parse_leaf
from xinqiao.trust.merkle import MemoryTree, verify_consistency, verify_inclusion
from xinqiao.trust.verify import verify_file


def fill(count: int, clock: AdjustableClock) -> None:
    with transaction.atomic():
        append_many(
            [Entry("STATEMENT", clock.now(), {"n": n}, Refs(object=f"o-{n % 7}")) for n in range(count)]
        )


@pytest.mark.django_db
def test_leaves_are_numbered_without_gaps_and_chained(clock: AdjustableClock) -> None:
    fill(3, clock)
    fill(2, clock)

    rows = list(Leaf.objects.order_by("index"))

    assert [row.index for row in rows] == [0, 1, 2, 3, 4]
    leaves = [parse_leaf(bytes(row.body)) for row in rows]
    assert [leaf.prev for leaf in leaves[1:]] == [bytes(row.hash) for row in rows[:-1]]
    assert all(leaf.hash == bytes(row.hash) for leaf, row in zip(leaves, rows, strict=True))


@pytest.mark.django_db(transaction=True)
def test_a_leaf_without_a_transaction_is_refused(clock: AdjustableClock) -> None:
    with pytest.raises(RuntimeError):
        append_leaf(type="STATEMENT", at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_effect_leaves_no_leaf_and_no_gap(clock: AdjustableClock) -> None:
    fill(1, clock)
    with transaction.atomic():
        append_leaf(type="STATEMENT", at=clock.now())
        transaction.set_rollback(True)
    fill(1, clock)
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == [0, 1]


@pytest.mark.django_db
def test_the_log_never_runs_backwards(clock: AdjustableClock) -> None:
    with transaction.atomic():
        append_leaf(type="STATEMENT", at=clock.now())
        ref = append_leaf(type="STATEMENT", at=clock.now() - timedelta(seconds=3))
    assert ref.at == clock.now()


@pytest.mark.django_db
def test_personal_values_are_committed_and_can_be_opened_until_the_salt_is_deleted(
    clock: AdjustableClock,
) -> None:
    with transaction.atomic():
        ref = append_leaf(type="BIND", at=clock.now(), personal={"account_no": "6222000011112222"})
    leaf = parse_leaf(bytes(Leaf.objects.get(index=ref.index).body))
    row = Commitment.objects.get(leaf_index=ref.index, name="account_no")
    salt = runtime.reveal(row.salt_enc, table="commitment", column="account_no", row=str(ref.index))

    assert opens(leaf.commitments["account_no"], b"6222000011112222", bytes.fromhex(salt))
    assert not opens(leaf.commitments["account_no"], b"6222000011112223", bytes.fromhex(salt))
    assert b"6222" not in bytes(Leaf.objects.get(index=ref.index).body)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700])
def test_kept_nodes_and_tiles_prove_every_leaf_like_a_whole_tree(clock: AdjustableClock, size: int) -> None:
    fill(size, clock)
    make_checkpoint(at=clock.now())
    hashes = [bytes(value) for value in Leaf.objects.order_by("index").values_list("hash", flat=True)]
    tree = MemoryTree(hashes)

    for index in {0, size // 2, size - 1, min(255, size - 1)}:
        proven = evidence.prove(index)
        assert proven.proof == tree.inclusion(index)
        assert verify_inclusion(index, size, hashes[index], proven.proof, tree.root())
    assert TreeNode.objects.filter(level=8).count() == size // 256


@pytest.mark.django_db
def test_a_later_head_continues_an_earlier_one(clock: AdjustableClock) -> None:
    fill(300, clock)
    first = make_checkpoint(at=clock.now())
    fill(300, clock)
    second = make_checkpoint(at=clock.now())
    assert first is not None
    assert second is not None
    proof = evidence.consistency(first.size, second.size)
    assert verify_consistency(300, 600, bytes(first.root), bytes(second.root), proof.proof)
    with pytest.raises(NotFound):
        evidence.consistency(600, 601)


@pytest.mark.django_db
def test_a_checkpoint_is_made_once_for_a_size(clock: AdjustableClock) -> None:
    assert make_checkpoint(at=clock.now()) is None
    fill(1, clock)
    assert make_checkpoint(at=clock.now()) is not None
    assert make_checkpoint(at=clock.now()) is None


def test_the_whole_journey_verifies_offline(cast: Cast, tmp_path: Path) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding, months_back=6)
    cast.append(cast.owner, row, cast.scope(binding))
    row.refresh_from_db()
    cast.withdraw(cast.owner, row)
    file = tmp_path / "log"
    with file.open("wb") as out:
        write_ledger(cast.auditor, out, at=cast.now)

    report = verify_file(file, trusted_keys=runtime.hub_verify_keys())

    assert report.ok, report.problems
    assert report.leaves == LogHead.objects.get().size


def test_each_party_can_prove_its_own_ledger_and_only_that(cast: Cast, tmp_path: Path) -> None:
    cast.withdraw(cast.owner, cast.confirmed(cast.bound()))
    for actor, column, party in (
        (cast.owner, "subject_id", cast.owner.enterprise_id),
        (cast.bank, "institution_id", cast.bank.institution_id),
    ):
        file = tmp_path / party
        with file.open("wb") as out:
            write_ledger(actor, out, at=cast.now)
        report = verify_file(file, trusted_keys=runtime.hub_verify_keys())
        assert report.ok, report.problems
        assert report.leaves == Leaf.objects.filter(**{column: party}).count()
    with pytest.raises(Forbidden), (tmp_path / "x").open("wb") as out:
        write_ledger(cast.operator, out, at=cast.now)


def _swap(sql: str, *parameters: object) -> Callable[[], None]:
    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    return change


@pytest.mark.parametrize(
    "tamper",
    [
        _swap('DELETE FROM audit_leaf WHERE "index" = 4'),
        _swap(
            'UPDATE audit_leaf SET body = (SELECT body FROM audit_leaf WHERE "index" = 3) WHERE "index" = 4'
        ),
        _swap("UPDATE audit_checkpoint SET root = root, note = replace(note, '1', '2')"),
    ],
    ids=["a leaf deleted", "a leaf replaced", "a head changed"],
)
def test_a_log_changed_in_the_database_does_not_verify(
    cast: Cast, tmp_path: Path, tamper: Callable[[], None]
) -> None:
    cast.confirmed(cast.bound())
    make_checkpoint(at=cast.now)
    tamper()
    file = tmp_path / "log"
    with file.open("wb") as out:
        evidence.export_log(out, at=cast.now)
    assert not verify_file(file, trusted_keys=runtime.hub_verify_keys()).ok


@pytest.mark.django_db
def test_releases_stop_when_the_log_has_had_no_checkpoint_for_five_minutes(clock: AdjustableClock) -> None:
    require_audit(clock.now())
    fill(2, clock)
    limit = clock.now() + timedelta(seconds=300)
    require_audit(limit)
    with pytest.raises(Unavailable) as refused:
        require_audit(limit + timedelta(seconds=1))
    assert refused.value.code is Code.AUDIT_UNAVAILABLE
    make_checkpoint(at=limit)
    require_audit(limit + timedelta(hours=9))
    assert audit_health(limit).checkpoint_size == 2


@pytest.mark.django_db(transaction=True)
def test_a_refusal_writes_exactly_one_leaf(clock: AdjustableClock) -> None:
    record_denial(code="NOT_FOUND", act="getAuthorisation", at=clock.now(), refs=Refs(institution="ins-1"))
    leaf = parse_leaf(bytes(Leaf.objects.get().body))
    assert (leaf.type, leaf.facts["code"], leaf.ids) == ("DENY", "NOT_FOUND", {"institution": "ins-1"})


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_never_skip_or_share_an_index(
    clock: AdjustableClock, tmp_path: Path
) -> None:
    threads, each = 6, 15
    errors: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(each):
                with transaction.atomic():
                    append_leaf(type="STATEMENT", at=clock.now())
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=write) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert errors == []
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(range(threads * each))
    file = tmp_path / "log"
    with file.open("wb") as out:
        evidence.export_log(out, at=clock.now())
    assert verify_file(file, trusted_keys=runtime.hub_verify_keys()).ok
