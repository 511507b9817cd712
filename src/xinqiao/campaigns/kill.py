"""The kill campaign: SIGKILL to the real hub, node and portal processes while firms confirm and withdraw and a bank asks.

``xinqiao serve`` (data plane) and ``xinqiao provider`` run as processes; confirming and withdrawing run in a third one,
the *desk*, which calls the services a portal calls and acknowledges on a pipe after the commit. At random moments one,
two or all three are killed, waited for and started again, while the callers go on. What nobody answered is asked again
with the same idempotency key. The campaign keeps its own history of what was acknowledged, outside of what is killed,
and in the end compares it with the database, the audit log and the node's own store:

* no acknowledged confirmation, withdrawal or release is lost, and each is exactly what was answered (I1);
* every released product has exactly one USE leaf, and every USE leaf a released query (I5);
* an unanswered query, asked again, had at most one effect (I10);
* no USE stands after a withdrawal (I3), none began after one was acknowledged (I4);
* every permit ends exactly once, and the node consumed no permit the hub did not issue (I11);
* the exported log verifies offline (I2).
"""

import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.campaigns.caller import Answer, Caller, Question, Unanswered, digest_of
from xinqiao.campaigns.processes import Town
from xinqiao.campaigns.stage import Prepared, Stage, start_django
from xinqiao.clock import SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.trust.keys import SigningKey

VICTIMS = ("hub", "node", "desk")
CALLERS = 3
#: Permits without an end are closed after 45 s; the end of the campaign waits for the last of them.
DRAIN_SECONDS = 75.0


@dataclass(slots=True)
class Release:
    """An acknowledged release: what the caller holds."""

    query_id: str
    leaf_index: int
    leaf_hash: str
    product_digest: str
    began: float


@dataclass(slots=True)
class Case:
    """One authorisation and what was acknowledged about it."""

    id: str
    confirmed: bool = False
    withdrawn_at: float | None = None
    withdrawal: Prepared | None = None
    releases: list[Release] = field(default_factory=list)
    open: list[Question] = field(default_factory=list)


class Desk:
    """The process that confirms and withdraws; a line to it, a line back after the commit."""

    def __init__(self, town: Town, stage: Stage) -> None:
        self._town = town
        self._stage = stage

    def start(self) -> None:
        """Start it and hand it the cast."""
        process = self._town.start("desk", ["xinqiao.campaigns.kill", "--desk"], talking=True)
        self._say(json.dumps(self._stage.state()))
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the desk did not come up")

    def _say(self, line: str) -> None:
        stream = self._town.processes["desk"].stdin
        assert stream is not None
        stream.write(line.encode() + b"\n")
        stream.flush()

    def do(self, *words: str) -> bool:
        """Ask for an act; True when it was acknowledged. Raises Unanswered when the desk died meanwhile."""
        try:
            process = self._town.processes["desk"]
            self._say(" ".join(words))
            assert process.stdout is not None
            line = process.stdout.readline()
        except (OSError, KeyError, ValueError) as error:
            raise Unanswered("desk") from error
        if not line.endswith(b"\n"):
            raise Unanswered("desk")
        return line == b"ack\n"


def serve_desk() -> None:
    """The desk's own side: runs until it is killed or its input ends."""
    import django

    django.setup()
    from xinqiao.domain.errors import XinqiaoError

    stage = Stage.restore(json.loads(sys.stdin.readline()), SystemClock())
    print("ready", flush=True)  # noqa: T201 - the protocol of the pipe
    for line in sys.stdin:
        act, authorisation_id, *rest = line.split()
        try:
            if act == "confirm":
                stage.confirm(authorisation_id)
            else:
                stage.withdraw(Prepared(authorisation_id, *rest))
            print("ack", flush=True)  # noqa: T201
        except XinqiaoError as error:
            print(f"no {error.code}", flush=True)  # noqa: T201


class Campaign:
    """One run on a town that is up."""

    def __init__(self, town: Town, stage: Stage, key: SigningKey, seed: int) -> None:
        self.town = town
        self.stage = stage
        self.desk = Desk(town, stage)
        self.random = random.Random(seed)  # noqa: S311 - schedules, not secrets
        self.cases: list[Case] = []
        self.figures: Counter[str] = Counter()
        self.problems: list[str] = []
        self._key = key
        self._lock = threading.Lock()
        self._stop = threading.Event()

    # -- those who work -----------------------------------------------------------------------------------------------

    def work_desk(self) -> None:
        """Request, confirm, later withdraw; over and over."""
        number = 0
        while not self._stop.is_set():
            number += 1
            case = Case(self.stage.request(f"K-{number}-{self.random.getrandbits(40):x}"))
            if not self._insist("confirm", case):
                continue
            case.withdrawal = self.stage.prepare_withdrawal(case.id)
            with self._lock:
                self.cases.append(case)
            self._stop.wait(self.random.uniform(0.05, 1.5))
            self._insist("withdraw", case)
            if number % 10 == 0:
                self._checkpoint()

    def _insist(self, act: str, case: Case) -> bool:
        """Do an act until it was acknowledged, or is seen to have been done by the time the desk died."""
        while not self._stop.is_set():
            try:
                words = [act, case.id]
                if act == "withdraw":
                    assert case.withdrawal is not None
                    words += [case.withdrawal.factor_id, case.withdrawal.shown_digest]
                acknowledged = self.desk.do(*words)
            except Unanswered:
                self.figures[f"{act}_unanswered"] += 1
                self._stop.wait(0.2)
                done = self._done(act, case)
                self.figures[f"{act}_unanswered_but_done"] += done
                if done:
                    return True
                if act == "withdraw" and not self._stop.is_set():
                    case.withdrawal = self.stage.prepare_withdrawal(case.id)
                continue
            if acknowledged:
                self.figures[f"{act}_acknowledged"] += 1
                if act == "confirm":
                    case.confirmed = True
                else:
                    case.withdrawn_at = time.monotonic()
                return True
            if self._done(act, case):
                return True
            self.problems.append(f"{act} of {case.id} was refused")
            return False
        return False

    def _done(self, act: str, case: Case) -> bool:
        from xinqiao.hub.apps.consents.models import Authorisation

        state = Authorisation.objects.values_list("state", flat=True).get(id=case.id)
        return state in (("confirmed", "withdrawn") if act == "confirm" else ("withdrawn",))

    def work_caller(self, number: int) -> None:
        """Ask, and ask again with the same key what nobody answered."""
        chance = random.Random(number)  # noqa: S311
        caller = Caller(self.town.hub_url, self.stage.bank_id, self._key, self.stage.clock)
        while not self._stop.is_set():
            with self._lock:
                case = chance.choice(self.cases[-4:]) if self.cases else None
            if case is None:
                self._stop.wait(0.05)
                continue
            question = caller.question(case.id, self.stage.account_id)
            self._settle(caller, case, question)

    def _settle(self, caller: Caller, case: Case, question: Question) -> None:
        began = time.monotonic()
        first = True
        # a statement is good for five minutes; the hub is back long before
        while time.monotonic() - began < 200:
            try:
                answer = caller.ask(question)
            except Unanswered:
                self.figures["query_unanswered"] += first
                first = False
                if self._stop.wait(0.1):
                    break
                continue
            if answer.status == 200:
                self._released(case, answer, began, again=not first)
                return
            if answer.status in (403, 410):
                self.figures[f"query_{answer.json().get('code')}"] += 1
                return
            if answer.status == 409 or answer.status >= 500:
                # still under way in a process that died, or a node that is down: the same key again
                self.figures[f"query_again_after_{answer.json().get('code')}"] += 1
                # patient, so that a node that starts again does not meet an open circuit
                if self._stop.wait(0.8):
                    break
                continue
            if answer.status == 401:
                # the token or the nonce of another life
                caller.forget_token()
                self.figures[f"query_again_after_{answer.json().get('code')}"] += 1
                if self._stop.wait(0.1):
                    break
                continue
            self.problems.append(f"unexpected {answer.status}: {answer.body[:200]!r}")
            return
        case.open.append(question)

    def _released(self, case: Case, answer: Answer, began: float, *, again: bool) -> None:
        self.figures["query_released"] += 1
        self.figures["query_released_after_unanswered"] += again
        found = answer.json()
        leaf = found["use_leaf"]
        assert isinstance(leaf, dict)
        index = leaf["index"]
        assert isinstance(index, int)
        release = Release(str(found["id"]), index, str(leaf["hash"]), digest_of(answer), began)
        with self._lock:
            case.releases.append(release)

    def _checkpoint(self) -> None:
        from xinqiao.hub.apps.audit.services import make_checkpoint

        make_checkpoint(at=self.stage.clock.now())

    # -- the one who kills ----------------------------------------------------------------------------------------------

    def kill_once(self) -> None:
        """Kill one, two or all three at a random moment, and start them again."""
        time.sleep(self.random.uniform(0.02, 2.0))
        victims = self.random.sample(VICTIMS, self.random.choice((1, 1, 1, 2, 3)))
        for name in victims:
            self.town.kill(name)
            self.figures[f"killed_{name}"] += 1
        self.up(victims)

    def up(self, names: list[str]) -> None:
        """Start programs and wait for them."""
        if "hub" in names:
            self.town.start_hub()
        if "node" in names:
            self.town.start_node()
        if "desk" in names:
            self.desk.start()
        for name in names:
            if name != "desk":
                self.town.wait(name)

    def run(self, kills: int) -> None:
        """Work while killing, then let what is open come to its end."""
        workers = [threading.Thread(target=self.work_desk, daemon=True)]
        workers += [threading.Thread(target=self.work_caller, args=(n,), daemon=True) for n in range(CALLERS)]
        for worker in workers:
            worker.start()
        # something must be at stake before the first kill, and after the last
        self._await_releases(3)
        for _ in range(kills):
            self.kill_once()
        self._await_releases(self.figures["query_released"] + 3)
        self._stop.set()
        for worker in workers:
            worker.join(30)
        self._drain()

    def _await_releases(self, count: int) -> None:
        deadline = time.monotonic() + 20
        while self.figures["query_released"] < count and time.monotonic() < deadline:
            time.sleep(0.05)

    def _drain(self) -> None:
        """Ask once more what is open, then wait until the hub has closed what its dead predecessors left."""
        from xinqiao.hub.apps.fundflow.models import Query

        self._checkpoint()
        deadline = time.monotonic() + DRAIN_SECONDS
        while Query.objects.filter(state="permitted").exists() and time.monotonic() < deadline:
            time.sleep(1)
        self._checkpoint()

    # -- the judge --------------------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Compare the callers' history with the database, the log and the node's store."""
        from xinqiao.hub.apps.audit.evidence import export_log
        from xinqiao.hub.apps.audit.models import Leaf
        from xinqiao.hub.apps.consents.models import Authorisation
        from xinqiao.hub.apps.fundflow.models import Query
        from xinqiao.hub.runtime import runtime
        from xinqiao.trust.leaf import parse_leaf
        from xinqiao.trust.verify import verify_file

        leaves = {row.index: parse_leaf(bytes(row.body)) for row in Leaf.objects.order_by("index")}
        bad = self.problems.append
        if sorted(leaves) != list(range(len(leaves))):
            bad("the log has a gap")
        uses = [leaf for leaf in leaves.values() if leaf.type == "USE"]
        by_query = Counter(leaf.ids["query"] for leaf in uses)
        for query_id, count in by_query.items():
            if count != 1:
                bad(f"{count} USE leaves for {query_id}")
        released = {row.id: row for row in Query.objects.filter(state="released").defer("cipher")}
        if released.keys() != by_query.keys():
            bad("USE leaves and released queries differ")
        if Query.objects.filter(state="permitted").exists():
            bad("a permit was left without an end")
        held = [release.query_id for case in self.cases for release in case.releases]
        if len(set(held)) != len(held):
            bad("one release was handed out for two questions")
        revoked = {leaf.ids["authorisation"]: leaf.index for leaf in leaves.values() if leaf.type == "REVOKE"}
        granted = {leaf.ids["authorisation"] for leaf in leaves.values() if leaf.type == "GRANT"}
        for leaf in uses:
            if revoked.get(leaf.ids["authorisation"], leaf.index) < leaf.index:
                bad(f"use {leaf.index} after the withdrawal of {leaf.ids['authorisation']}")
        counted = dict(Authorisation.objects.values_list("id", "uses"))
        per_grant = Counter(leaf.ids["authorisation"] for leaf in uses)
        for case in self.cases:
            if case.confirmed and case.id not in granted:
                bad(f"the acknowledged confirmation of {case.id} is lost")
            if case.withdrawn_at is not None and case.id not in revoked:
                bad(f"the acknowledged withdrawal of {case.id} is lost")
            if counted[case.id] != per_grant[case.id]:
                bad(f"{case.id} counts {counted[case.id]} uses, the log {per_grant[case.id]}")
            for release in case.releases:
                stored = leaves.get(release.leaf_index)
                if stored is None or stored.type != "USE" or stored.hash.hex() != release.leaf_hash:
                    bad(f"the acknowledged release {release.query_id} is not in the log as answered")
                elif stored.facts["product_digest"] != release.product_digest:
                    bad(f"the leaf of {release.query_id} names another product")
                if case.withdrawn_at is not None and release.began > case.withdrawn_at:
                    bad(f"{release.query_id} began after an acknowledged withdrawal")
        permits = {leaf.ids["permit"] for leaf in leaves.values() if leaf.type == "PERMIT"}
        ends = Counter(
            leaf.ids["permit"]
            for leaf in leaves.values()
            if leaf.type in ("USE", "DENY", "FAIL") and "permit" in leaf.ids
        )
        if ends.keys() != permits or set(ends.values()) - {1}:
            bad("permits and their ends do not match one to one")
        consumed = self._consumed()
        if not consumed <= permits:
            bad(f"the node consumed {len(consumed - permits)} permits the hub did not issue")
        path = self.town.folder / "log.jsonl"
        with path.open("wb") as out:
            export_log(out, at=self.stage.clock.now())
        report = verify_file(path, trusted_keys=runtime.hub_verify_keys())
        if not report.ok:
            bad(f"the exported log does not verify: {report.problems[:3]}")
        self.figures["leaves"], self.figures["use_leaves"] = len(leaves), len(uses)
        self.figures["permits"], self.figures["consumed_at_the_node"] = len(permits), len(consumed)

    def _consumed(self) -> set[str]:
        self.town.kill("node")
        connection = sqlite3.connect(self.town.folder / "node" / "node.sqlite3")
        try:
            return {str(row[0]) for row in connection.execute("SELECT jti FROM permit")}
        finally:
            connection.close()


def run(
    kills: int, database: str | None = None, *, seed: int = 1, folder: Path | None = None
) -> dict[str, Json]:
    """Set a town up, kill ``kills`` times, judge. ``database``: ``postgresql://…`` of an empty database, else SQLite."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-kill-") as made:
        town = Town(folder or Path(made), database)
        os.environ.update(town.environ())
        start_django(town.hub_home, database)
        from django.db import connections

        from xinqiao.hub.apps.identity.services import anchor

        started = time.monotonic()
        try:
            place = town.make_node(anchor(), "ins-" + "0" * 32)
            stage = Stage(SystemClock(), node=place, bind=False)
            key = stage.bank_key()
            campaign = Campaign(town, stage, key, seed)
            campaign.up(["hub", "node"])
            stage.account_id = stage.bind()
            campaign.up(["desk"])
            campaign.run(kills)
            campaign.judge()
            vendor = connections["default"].vendor
        finally:
            town.stop_all()
            connections.close_all()
    return {
        "database": vendor,
        "kills": kills,
        "seed": seed,
        "figures": {name: campaign.figures[name] for name in sorted(campaign.figures)},
        "authorisations": len(campaign.cases),
        "problems": [*campaign.problems[:20]],
        "seconds": int(time.monotonic() - started),
        "ok": not campaign.problems,
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--desk"]:
        serve_desk()
