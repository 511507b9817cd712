"""Dossier queries that are committed together: each decides as if it were alone, in some order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from tests.hub.dossiers_cast import GRANT, collect, new_lake
from tests.hub.gateway.conftest import World
from tests.hub.items_cast import ItemCast

from xinqiao.domain.consent import Purpose
from xinqiao.hub.apps.audit.services import log_writer
from xinqiao.hub.apps.dossiers.jobs import DossierJob, DossierReleased, DossierRequest, DossierResult
from xinqiao.hub.apps.dossiers.product import Product
from xinqiao.hub.apps.dossiers.shelves import Shelves
from xinqiao.hub.apps.fundflow.idempotency import Idempotency, keep_done
from xinqiao.hub.apps.fundflow.models import IdempotencyKey
from xinqiao.hub.apps.fundflow.protocol import Nonce, Refused
from xinqiao.hub.apps.fundflow.sql import Dialect
from xinqiao.hub.apps.fundflow.transaction import Step, Tx, run_jobs
from xinqiao.hub.apps.items.models import ItemAuthorisation, ItemQuery
from xinqiao.hub.apps.items.rows import count_uses, held
from xinqiao.hub.dbapi import rows_where, vendor_of
from xinqiao.hub.ids import Prefix, new_id


@dataclass
class Together:
    """A firm's dossier made and kept, and jobs that ask for it in one transaction."""

    world: World
    items: ItemCast
    made: dict[str, Product] = field(default_factory=dict)

    def granted(self, **changes: object) -> ItemAuthorisation:
        """Asked and wholly confirmed."""
        return self.items.confirm(self.items.requested(grants=frozenset({GRANT}), **changes))

    def job(
        self, row: ItemAuthorisation, *, key: str = "", nonce: str = "", fingerprint: str = "f" * 64
    ) -> DossierJob:
        """One query of the bank, with the dossier in its hands."""
        bank, query_id = self.world.cast.bank.institution_id, new_id(Prefix.ITEM_QUERY)
        idempotency = Idempotency(
            bank, "queryDossier", key or query_id, fingerprint, lambda refused: (403, str(refused.code))
        )
        ask = DossierRequest(
            query_id, bank, row.id, frozenset(), Purpose.LOAN_APPLICATION, "丁一", "公司业务部", "d" * 64,
            idempotency, Nonce("kid", nonce or query_id, self.world.cast.now),
        )  # fmt: skip
        subject, spec = row.enterprise.uscc, {GRANT.item: GRANT.fields}
        if subject not in self.made:
            found = Shelves().make(subject, spec, clock=self.world.cast.clock)
            assert isinstance(found, Product)
            self.made[subject] = found
        return DossierJob(ask, made=self.made[subject])

    def run(self, jobs: Sequence[object]) -> list[DossierResult]:
        """All in one transaction."""
        vendor = vendor_of(connection)
        with transaction.atomic(), connection.cursor() as cursor:
            tx = Tx(cursor, Dialect(vendor), self.world.cast.now, audit_failing=False)
            return run_jobs(tx, log_writer(vendor), jobs)  # type: ignore[arg-type]


@pytest.fixture
def together(world: World, tmp_path: Path) -> Iterator[Together]:
    with override_settings(XINQIAO_LAKE=tmp_path / "lake"):
        collect(new_lake(tmp_path / "lake"), "P1", [{}, {}])
        yield Together(world, ItemCast(world.cast))


def said(results: Sequence[DossierResult]) -> list[str]:
    return [str(one.code) if isinstance(one, Refused) else type(one).__name__ for one in results]


def test_each_counts_its_own_use_and_the_last_one_is_taken_once(together: Together) -> None:
    row, other = together.granted(max_queries=2), together.granted()
    results = together.run([together.job(one) for one in (row, other, row, row)])
    assert said(results) == ["DossierReleased", "DossierReleased", "DossierReleased", "CONSENT_EXHAUSTED"]
    left = [one.uses_left for one in results if isinstance(one, DossierReleased)]
    assert left == [1, 5, 0]
    assert [ItemAuthorisation.objects.get(id=one.id).uses for one in (row, other)] == [2, 1]
    leaves = [leaf.type for leaf in together.world.leaves()][-7:]
    assert sorted(leaves) == ["DENY", *["PERMIT"] * 3, *["USE"] * 3]
    assert ItemQuery.objects.filter(state="released").count() == 3


def test_of_one_key_or_one_nonce_the_first_is_answered(together: Together) -> None:
    row = together.granted()
    results = together.run(
        [
            together.job(row, key="same-key-1"),
            together.job(row, key="same-key-1"),
            together.job(row, key="same-key-1", fingerprint="e" * 64),
            together.job(row, nonce="same-nonce"),
            together.job(row, nonce="same-nonce"),
        ]
    )
    assert said(results) == [
        "DossierReleased", "IDEMPOTENCY_IN_FLIGHT", "IDEMPOTENCY_MISMATCH", "DossierReleased", "REPLAYED",
    ]  # fmt: skip
    assert ItemAuthorisation.objects.get(id=row.id).uses == 2
    assert IdempotencyKey.objects.filter(key="same-key-1").get().state == "done"
    # and what one transaction kept the next one knows
    again = together.run([together.job(row, nonce="same-nonce"), together.job(row, key="same-key-1")])
    assert said(again) == ["REPLAYED", "DossierReleased"]
    first, repeated = results[0], again[1]
    assert isinstance(first, DossierReleased)
    assert isinstance(repeated, DossierReleased)
    assert (repeated.query_id, repeated.leaf.index) == (first.query_id, first.leaf.index)
    assert ItemAuthorisation.objects.get(id=row.id).uses == 2


def test_another_kind_of_job_sees_what_was_counted_before_it(together: Together) -> None:
    row = together.granted()

    class Look:
        locks: tuple[str, ...] = ()

        def run(self, tx: Tx) -> Step[int]:
            found = held(tx, row.id)
            yield from ()
            return found.value.uses if found else -1

    looked, *rest = together.run([Look(), together.job(row), together.job(row)])
    assert looked == 2  # type: ignore[comparison-overlap]
    assert said(rest) == ["DossierReleased", "DossierReleased"]


def test_a_key_that_another_process_took_meanwhile_writes_nothing(together: Together) -> None:
    """What was free when it was read is not any more: all of it goes back, nobody is answered."""
    row = together.granted()
    one = together.job(row, key="taken-meanwhile")
    vendor = vendor_of(connection)

    def meanwhile() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            tx = Tx(cursor, Dialect(vendor), together.world.cast.now, audit_failing=False)
            gathered = one.gather(tx, [one])
            assert gathered.take_done(one.ask.idempotency, one.ask.query_id)
            keep_done(tx, [(one.ask.idempotency, "itq-other")], status=200)
            gathered.write(tx)

    with pytest.raises(IntegrityError):
        meanwhile()
    assert not IdempotencyKey.objects.filter(key="taken-meanwhile").exists()
    assert ItemAuthorisation.objects.get(id=row.id).uses == 0


def test_uses_beyond_the_number_are_not_counted(together: Together) -> None:
    rows = [together.granted(max_queries=number) for number in (1, 2, 3)]
    with transaction.atomic(), connection.cursor() as cursor:
        tx = Tx(cursor, Dialect(vendor_of(connection)), together.world.cast.now, audit_failing=False)
        assert count_uses(tx, {row.id: 2 for row in rows}) == 2
    assert [ItemAuthorisation.objects.get(id=row.id).uses for row in rows] == [0, 2, 2]


@pytest.mark.parametrize("number", [1, 2, 3, 127, 130])
def test_rows_of_a_list_are_found_once_each(together: Together, number: int) -> None:
    names = [(f"k{place}",) for place in range(number)]
    pairs = [(f"k{place}", f"v{place}") for place in range(number)]
    with connection.cursor() as cursor:
        table = "(SELECT 'k0' AS a, 'v0' AS b UNION ALL SELECT 'k2', 'v2') AS t"
        found = rows_where(cursor, f"SELECT a FROM {table} WHERE a IN {{}}", names)
        joined = rows_where(
            cursor,
            f"SELECT t.a FROM {{}} AS v JOIN {table} ON t.a = v.column1 AND t.b = v.column2",
            pairs,
        )
    wanted = ["k0", "k2"] if number > 2 else ["k0"]
    assert sorted(str(row[0]) for row in found) == wanted
    assert sorted(str(row[0]) for row in joined) == wanted
