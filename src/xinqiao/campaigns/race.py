"""The race campaign: one withdrawal against many queries, in-process, through the real services and the real writer.

Each round takes a fresh authorisation and a pool of threads, one of which withdraws while the others query: permit,
a pause where the node would compute, release. Afterwards the audit log and the threads' own clocks are compared:

* I3, log order: no USE leaf of the authorisation stands after its REVOKE leaf;
* I4, real time: no query that began after the withdrawal was acknowledged was released, and no product was handed
  out after the acknowledgement whose leaf stands after the withdrawal's;
* bookkeeping: USE leaves, released answers and the counter agree; every permit has exactly one end.

``naive=True`` runs a handler that decides outside the lock and writes the leaf afterwards, the habit this design
exists to avoid. The same checker must find violations there, or it would find none anywhere.
"""

import hashlib
import random
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xinqiao.campaigns.stage import Stage, start_django
from xinqiao.clock import SystemClock
from xinqiao.domain.canonical import Json

if TYPE_CHECKING:  # Django's models can be imported only once a hub is set up
    from xinqiao.hub.apps.fundflow.protocol import Ask, Delivered


@dataclass(slots=True)
class Outcome:
    """What one query saw: when it began and was answered, and the leaf of its use if it was released."""

    began: int
    ended: int = 0
    leaf: int | None = None
    code: str = ""


@dataclass(slots=True)
class Tally:
    """Figures of a whole run."""

    released: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    log_order: int = 0
    real_time: int = 0
    bookkeeping: int = 0
    crossed: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def violations(self) -> int:
        """All kinds together."""
        return self.log_order + self.real_time + self.bookkeeping


class Race:
    """Rounds on the hub this process is set up for. :func:`run` sets one up; tests bring their own."""

    def __init__(self, stage: Stage, *, queries: int, naive: bool, seed: int) -> None:
        from xinqiao.hub.apps.fundflow.writer import ReleaseWriter

        self._stage = stage
        self._queries = queries
        self._naive = naive
        self._random = random.Random(seed)  # noqa: S311 - schedules, not secrets
        self._writer = ReleaseWriter(stage.clock)
        self._pool = ThreadPoolExecutor(queries + 1, thread_name_prefix="race")
        self.tally = Tally()
        #: Seconds a round's queries take here, by experience; the withdrawal falls anywhere within them.
        self._span = 0.01

    def close(self) -> None:
        """Stop the threads and close their database connections."""
        from django.db import connections

        barrier = threading.Barrier(self._queries + 1)

        def close_mine() -> None:
            barrier.wait(30)  # so that every thread of the pool gets exactly one of these
            connections.close_all()

        for closing in [self._pool.submit(close_mine) for _ in range(self._queries + 1)]:
            closing.result(60)
        self._pool.shutdown()
        self._writer.close()

    def round(self, number: int) -> None:
        """One authorisation, one withdrawal, many queries; then judge."""
        authorisation_id = self._stage.request(f"R-{number}-{secrets.token_hex(4)}")
        self._stage.confirm(authorisation_id)
        prepared = self._stage.prepare_withdrawal(authorisation_id)
        barrier = threading.Barrier(self._queries + 1)
        # Pauses of different sizes put the withdrawal before, among and after the releases.
        pauses = [self._random.uniform(0, 0.004) for _ in range(self._queries)]
        late = self._random.uniform(0, self._span)

        def withdraw() -> tuple[int, int]:
            barrier.wait(30)
            time.sleep(late)
            began = time.perf_counter_ns()
            self._stage.withdraw(prepared)
            return began, time.perf_counter_ns()

        query = self._naive_query if self._naive else self._query

        def ask(pause: float) -> Outcome:
            barrier.wait(30)
            return query(authorisation_id, pause)

        withdrawal = self._pool.submit(withdraw)
        asking = [self._pool.submit(ask, pause) for pause in pauses]
        began, acknowledged = withdrawal.result(60)
        outcomes = [one.result(60) for one in asking]
        took = (max(one.ended for one in outcomes) - min(one.began for one in outcomes)) / 1e9
        self._span = min(2.0, 0.9 * self._span + 0.1 * took)
        self._judge(authorisation_id, outcomes, began, acknowledged)

    # -- the two handlers -------------------------------------------------------------------------------------------

    def _query(self, authorisation_id: str, pause: float) -> Outcome:
        """The real protocol: permit, node, release."""
        from django.conf import settings

        from xinqiao.hub.apps.fundflow.protocol import Permitted, Released
        from xinqiao.hub.apps.fundflow.release import PermitJob, ReleaseJob

        outcome = Outcome(time.perf_counter_ns())
        ask = _ask(self._stage, authorisation_id)
        permitted = self._writer.submit(PermitJob(ask, settings.XINQIAO_HUB_ID)).result(60)
        if isinstance(permitted, Permitted):
            time.sleep(pause)
            released = self._writer.submit(ReleaseJob(permitted, "permit", _delivered(ask.query_id))).result(
                60
            )
            if isinstance(released, Released):
                outcome.leaf = released.leaf_index
            else:
                outcome.code = str(released.code)
        else:
            outcome.code = str(getattr(permitted, "code", "unexpected"))
        outcome.ended = time.perf_counter_ns()
        return outcome

    def _naive_query(self, authorisation_id: str, pause: float) -> Outcome:
        """Read, decide, ask the node, then write: each step right, the whole wrong."""
        from django.db import connection, transaction

        from xinqiao.domain.consent import AuthState
        from xinqiao.hub.apps.audit.services import Refs, append_leaf
        from xinqiao.hub.apps.consents.models import Authorisation

        outcome = Outcome(time.perf_counter_ns())
        row = Authorisation.objects.get(id=authorisation_id)
        if row.state != AuthState.CONFIRMED or row.uses >= row.max_queries:
            outcome.code = "CONSENT_REVOKED"
            outcome.ended = time.perf_counter_ns()
            return outcome
        time.sleep(pause)
        refs = Refs(
            subject=row.enterprise_id,
            institution=row.institution_id,
            authorisation=row.id,
            query=f"qry-{secrets.token_hex(16)}",
        )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE consents_authorisation SET uses = uses + 1 WHERE id = %s", [row.id])
            leaf = append_leaf(type="USE", at=self._stage.clock.now(), facts={"naive": True}, refs=refs)
        outcome.leaf = leaf.index
        outcome.ended = time.perf_counter_ns()
        return outcome

    # -- the judge ----------------------------------------------------------------------------------------------------

    def _judge(self, authorisation_id: str, outcomes: list[Outcome], began: int, acknowledged: int) -> None:
        from xinqiao.hub.apps.audit.models import Leaf
        from xinqiao.hub.apps.consents.models import Authorisation
        from xinqiao.trust.leaf import parse_leaf

        leaves = [
            parse_leaf(bytes(row.body))
            for row in Leaf.objects.filter(object_id=authorisation_id).order_by("index")
        ]
        revoke = next(leaf.index for leaf in leaves if leaf.type == "REVOKE")
        uses = {leaf.index for leaf in leaves if leaf.type == "USE"}
        released = {one.leaf for one in outcomes if one.leaf is not None}
        late_uses = sorted(index for index in uses if index > revoke)
        self.tally.log_order += len(late_uses)
        for one in outcomes:
            after = one.leaf is not None and (
                one.began > acknowledged or (one.ended > acknowledged and one.leaf > revoke)
            )
            self.tally.real_time += after
            self.tally.released += one.leaf is not None
            self.tally.crossed += began < one.ended and one.began < acknowledged
            if one.leaf is None:
                self.tally.refused[one.code] += 1
        counted = Authorisation.objects.values_list("uses", flat=True).get(id=authorisation_id)
        ends = Counter(
            leaf.ids["permit"]
            for leaf in leaves
            if leaf.type in ("USE", "DENY", "FAIL") and "permit" in leaf.ids
        )
        permits = {leaf.ids["permit"] for leaf in leaves if leaf.type == "PERMIT"}
        unbalanced = not self._naive and (ends.keys() != permits or set(ends.values()) - {1} != set())
        wrong = released != uses or counted != len(uses) or unbalanced
        self.tally.bookkeeping += wrong
        if (late_uses or wrong) and len(self.tally.examples) < 5:
            self.tally.examples.append(f"{authorisation_id}: REVOKE at {revoke}, USE at {late_uses}")


def _ask(stage: Stage, authorisation_id: str) -> "Ask":
    from xinqiao.domain.consent import Product, Purpose, QueryKind, Reader
    from xinqiao.hub.apps.fundflow.protocol import Ask

    query_id = f"qry-{secrets.token_hex(16)}"
    return Ask(
        query_id=query_id,
        kind=QueryKind.INSTITUTION,
        via="api",
        institution_id=stage.bank_id,
        enterprise_id=None,
        authorisation_id=authorisation_id,
        account=stage.account_id,
        product=Product.REPORT,
        months=12,
        purpose=Purpose.LOAN_APPLICATION,
        reader=Reader.INSTITUTION_KEY,
        operator_name="丁一",
        department="公司业务部",
        request_digest=_digest(query_id),
        enc_jwk={"kty": "OKP", "crv": "X25519", "x": "A" * 43},
    )


def _delivered(query_id: str) -> "Delivered":
    """What a node would have sent; the race is about the transactions around it."""
    from xinqiao.hub.apps.fundflow.protocol import Delivered

    return Delivered(
        "sealed", _digest(f"p{query_id}"), "receipt", _digest(f"r{query_id}"), f"FR-{query_id[4:20]}"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def race(
    stage: Stage,
    rounds: int,
    *,
    queries: int = 16,
    naive: bool = False,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Json]:
    """Run ``rounds`` on a hub that is set up; the figures of the run. ``ok`` says that nothing was violated."""
    runner = Race(stage, queries=queries, naive=naive, seed=seed)
    started = time.monotonic()
    try:
        for number in range(rounds):
            runner.round(number)
            if number % 30 == 0:
                _checkpoint(stage)
            if progress is not None:
                progress(number + 1)
    finally:
        runner.close()
    tally = runner.tally
    return {
        "rounds": rounds,
        "queries_per_round": queries,
        "naive": naive,
        "seed": seed,
        "released": tally.released,
        "refused": {str(code): tally.refused[code] for code in sorted(tally.refused)},
        "overlapping_the_withdrawal": tally.crossed,
        "violations_log_order": tally.log_order,
        "violations_real_time": tally.real_time,
        "violations_bookkeeping": tally.bookkeeping,
        "examples": [*tally.examples],
        "seconds": int(time.monotonic() - started),
        "ok": tally.violations == 0,
    }


def _checkpoint(stage: Stage) -> None:
    # the worker would do it every ten seconds; without one the hub stops releasing after five minutes
    from xinqiao.hub.apps.audit.services import make_checkpoint

    make_checkpoint(at=stage.clock.now())


def run(
    rounds: int,
    database: str | None = None,
    *,
    queries: int = 16,
    naive: bool = False,
    seed: int = 1,
    home: Path | None = None,
) -> dict[str, Json]:
    """Set a hub up in a throwaway home (or on the empty database named) and race on it.

    Args:
        database: ``postgresql://…`` of an empty database; None takes SQLite in the home.
    """
    with tempfile.TemporaryDirectory(prefix="xinqiao-race-") as folder:
        start_django(home or Path(folder), database)
        from django.db import connections

        figures = race(Stage(SystemClock()), rounds, queries=queries, naive=naive, seed=seed)
        vendor = connections["default"].vendor
        connections.close_all()
    return {"database": vendor, **figures}
