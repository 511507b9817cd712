"""The fund campaign: many applications for the last yuan, paid and withdrawn at the same moment, through the real services.

Each round takes a fresh fund that suffices for some of the applications. All are reviewed at once; then each of those that
hold money is paid by two people and withdrawn by its firm at the same moment. Afterwards the rows are added up:

* the fund: Σ set aside + Σ paid never exceeds it, and exactly as many hold money as it suffices for (case D4);
* once: no application is paid twice, none is paid and withdrawn (case D8), each race has one winner (cases D6, D7);
* bookkeeping: the columns of the line, the rows beneath and the entries of the ledger agree.

``naive=True`` sets money aside by a handler that reads what is left, decides, and writes the sum it computed. The same
judge must find it overspending, or it would find nothing anywhere.
"""

import random
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from xinqiao.campaigns.stage import start_django
from xinqiao.clock import Clock, SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.identifiers import uscc_check
from xinqiao.hub.actors import (
    AgentScope,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    PersonRole,
    SystemActor,
)

if TYPE_CHECKING:  # Django's models can be imported only once a hub is set up
    from xinqiao.hub.apps.policies.models import Claim, PolicyVersion

EACH_FEN = 600_000
CLAIMS = 8


@dataclass(slots=True)
class Tally:
    """Figures of a whole run."""

    paid: int = 0
    withdrawn: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    overspent: int = 0
    not_used: int = 0
    twice: int = 0
    bookkeeping: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def violations(self) -> int:
        """All kinds together."""
        return self.overspent + self.not_used + self.twice + self.bookkeeping


class FundRace:
    """Rounds on the hub this process is set up for. :func:`run` sets one up; tests bring their own."""

    def __init__(self, clock: Clock, *, naive: bool, seed: int) -> None:
        self._clock, self._naive = clock, naive
        self._random = random.Random(seed)  # noqa: S311 - schedules, not secrets
        self._tag = secrets.token_hex(4)
        self._officer, self._payer = self._department()
        self._firms = [self._firm(number) for number in range(CLAIMS)]
        self.tally = Tally()

    def _department(self) -> tuple[InstitutionActor, InstitutionActor]:
        from xinqiao.hub.apps.identity.institutions import add_member, register_institution
        from xinqiao.hub.apps.identity.selectors import institution_actor
        from xinqiao.hub.apps.policies.services import register_department

        at, system = self._clock.now(), SystemActor("campaign")
        body = f"1133{int(self._tag, 16) % 10**4:04d}MB2XQP00"
        body += "1"
        made = register_institution(
            actor=system, uscc=body + uscc_check(body), name="演示财政局", short_name="演示财政局", is_user=False, is_provider=False, at=at
        )  # fmt: skip
        register_department(actor=system, institution_id=made.id, at=at)
        people = [
            institution_actor(
                add_member(
                    actor=system, institution_id=made.id, username=f"{self._tag}-{role}", password=secrets.token_urlsafe(12),
                    display_name=role, department="", roles=frozenset({InstitutionRole(role)}), at=at,
                )
            )
            for role in ("policy_officer", "fund_officer")
        ]  # fmt: skip
        return people[0], people[1]

    def _firm(self, number: int) -> EnterpriseActor:
        from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson, User
        from xinqiao.hub.ids import Prefix, new_id

        at = self._clock.now()
        body = f"9133{int(self._tag, 16) % 10**4:04d}MA2XQ{number:04d}"
        firm = Enterprise.objects.create(
            id=new_id(Prefix.ENTERPRISE),
            uscc=body + uscc_check(body),
            name=f"演示企业{number}",
            created_at=at,
        )
        user = User.objects.create_user(f"{self._tag}-firm-{number}", kind="enterprise")
        person = EnterprisePerson.objects.create(
            id=new_id(Prefix.PERSON), enterprise=firm, user=user, name_enc="", name_masked="甲*", id_no_index=f"{self._tag}{number}",
            role="legal_rep", valid_from=at,
        )  # fmt: skip
        return EnterpriseActor(user.id, firm.id, person.id, frozenset(AgentScope), PersonRole.LEGAL_REP)

    # -- a round ----------------------------------------------------------------------------------------------------

    def round(self, number: int) -> None:
        """One fund, all reviews at once, then payments against withdrawals; then judge."""
        from xinqiao.hub.apps.policies import claims

        enough = self._random.randint(1, CLAIMS - 1)
        version = self._policy(number, enough)
        rows = self._claims(version)
        self._at_once([self._review(row) for row in rows])
        held = self._held(version)
        if not self._naive:
            for row in held:
                claims.confirm(
                    actor=self._payer, claim_id=row.id, expected_revision=row.revision, at=self._clock.now()
                )
            self._at_once([act for row in self._held(version) for act in self._ends(row)])
        self._judge(version, enough)

    def _policy(self, number: int, enough: int) -> "PolicyVersion":
        from django.db import transaction

        from xinqiao.hub.apps.policies import services
        from xinqiao.hub.apps.policies.fund import set_fund
        from xinqiao.hub.apps.policies.models import PolicyVersion
        from xinqiao.hub.apps.policies.selectors import terms_of

        at = self._clock.now()
        budget = EACH_FEN * enough + self._random.randrange(EACH_FEN)
        terms: dict[str, Json] = {
            "title": "竞争", "kind": "grant", "summary": "竞争", "document_no": "0", "each": f"{EACH_FEN // 100}.00",
            "budget": f"{budget // 100}.{budget % 100:02d}", "notice_days": 0,
        }  # fmt: skip
        row = services.create_policy(actor=self._officer, terms=terms, key=f"{self._tag}-{number:08d}", at=at)
        with transaction.atomic():
            set_fund(row, terms_of(row), actor=self._officer, at=at)
        return PolicyVersion.objects.select_related("policy").get(id=row.id)

    def _claims(self, version: "PolicyVersion") -> list["Claim"]:
        """Applications that were taken on, one of each firm; how they came there is not what is raced for."""
        from xinqiao.hub.apps.policies.models import Claim
        from xinqiao.hub.ids import Prefix, new_id

        at = self._clock.now()
        made = [
            Claim(
                id=new_id(Prefix.POLICY_CLAIM), number=f"ZS-{secrets.token_hex(8)}", policy=version.policy, version=version,
                enterprise_id=firm.enterprise_id, key=secrets.token_hex(8), state="accepted", said={}, amount_fen=EACH_FEN,
                applied_at=at,
            )
            for firm in self._firms
        ]  # fmt: skip
        return Claim.objects.bulk_create(made)

    def _held(self, version: "PolicyVersion") -> list["Claim"]:
        from xinqiao.hub.apps.policies.models import Claim

        return list(Claim.objects.filter(policy_id=version.policy_id, reservation__state="held"))

    def _review(self, row: "Claim") -> Callable[[], object]:
        from xinqiao.hub.apps.policies import claims

        if self._naive:
            return lambda: self._naive_hold(row)
        return lambda: claims.review(
            actor=self._officer, claim_id=row.id, expected_revision=row.revision, at=self._clock.now()
        )

    def _naive_hold(self, row: "Claim") -> None:
        """Read, decide, then write the sum: each step right, the whole wrong."""
        from xinqiao.hub.apps.policies.models import FundLine, Reservation

        line = FundLine.objects.get(policy_id=row.policy_id)
        if line.left_fen < EACH_FEN:
            return
        time.sleep(self._random.uniform(0, 0.002))
        FundLine.objects.filter(policy_id=row.policy_id).update(reserved_fen=line.reserved_fen + EACH_FEN)
        Reservation.objects.create(claim=row, line=line, amount_fen=EACH_FEN)

    def _ends(self, row: "Claim") -> list[Callable[[], object]]:
        """Two who pay, with vouchers of their own, and the firm that withdraws."""
        from xinqiao.hub.apps.policies import claims

        firm = next(one for one in self._firms if one.enterprise_id == row.enterprise_id)
        at = self._clock.now()

        def pay() -> object:
            return claims.pay(
                actor=self._payer,
                claim_id=row.id,
                voucher=secrets.token_hex(8),
                expected_revision=row.revision,
                at=at,
            )

        def withdraw() -> object:
            return claims.withdraw(actor=firm, claim_id=row.id, expected_revision=row.revision, at=at)

        ends = [pay, pay, withdraw]
        self._random.shuffle(ends)
        return ends

    def _at_once(self, acts: list[Callable[[], object]]) -> None:
        from django.db import connections

        barrier = threading.Barrier(len(acts))

        def one(act: Callable[[], object]) -> str:
            try:
                barrier.wait(30)
                act()
            except XinqiaoError as error:
                return str(error.facts.get("reason", error.code))
            finally:
                connections.close_all()
            return ""

        with ThreadPoolExecutor(len(acts)) as pool:
            found = [pool.submit(one, act) for act in acts]
            self.tally.refused.update(code for each in found if (code := each.result(60)))

    # -- the judge --------------------------------------------------------------------------------------------------

    def _judge(self, version: "PolicyVersion", enough: int) -> None:
        from django.db.models import Sum

        from xinqiao.hub.apps.policies.models import Claim, FundEntry, FundLine, Payment, Reservation

        line = FundLine.objects.get(policy_id=version.policy_id)
        held = (
            Reservation.objects.filter(line=line, state="held").aggregate(Sum("amount_fen"))[
                "amount_fen__sum"
            ]
            or 0
        )
        paid = Payment.objects.filter(line=line).aggregate(Sum("amount_fen"))["amount_fen__sum"] or 0
        kinds = Counter(FundEntry.objects.filter(line=line).values_list("kind", flat=True))
        granted = Reservation.objects.filter(line=line).count()
        states = Counter(Claim.objects.filter(policy_id=version.policy_id).values_list("state", flat=True))
        self.tally.paid += states["paid"]
        self.tally.withdrawn += states["withdrawn"]
        self.tally.overspent += held + paid > line.total_fen or granted > enough
        self.tally.not_used += granted < enough
        self.tally.twice += (
            kinds["pay"] != states["paid"] or kinds["pay"] + kinds["release"] > kinds["reserve"]
        )
        wrong = (line.reserved_fen, line.paid_fen) != (held, paid)
        if not self._naive:
            wrong |= kinds["reserve"] != granted or line.taken != states["paid"] or bool(held)
        self.tally.bookkeeping += wrong
        if (granted != enough or wrong) and len(self.tally.examples) < 5:
            self.tally.examples.append(
                f"{version.policy_id}: {granted} of {enough}, {dict(kinds)}, {dict(states)}"
            )


def race(clock: Clock, rounds: int, *, naive: bool = False, seed: int = 1) -> dict[str, Json]:
    """Run ``rounds`` on a hub that is set up; the figures of the run. ``ok`` says that nothing was violated."""
    runner, started = FundRace(clock, naive=naive, seed=seed), time.monotonic()
    for number in range(rounds):
        runner.round(number)
        if number % 30 == 0:
            _checkpoint(clock.now())
    tally = runner.tally
    return {
        "rounds": rounds,
        "applications_per_round": CLAIMS,
        "naive": naive,
        "seed": seed,
        "paid": tally.paid,
        "withdrawn": tally.withdrawn,
        "refused": {code: tally.refused[code] for code in sorted(tally.refused)},
        "violations_overspent": tally.overspent,
        "violations_not_used": tally.not_used,
        "violations_twice": tally.twice,
        "violations_bookkeeping": tally.bookkeeping,
        "examples": [*tally.examples],
        "seconds": int(time.monotonic() - started),
        "ok": tally.violations == 0,
    }


def _checkpoint(at: datetime) -> None:
    from xinqiao.hub.apps.audit.services import make_checkpoint

    make_checkpoint(at=at)


def run(rounds: int, database: str | None = None, *, naive: bool = False, seed: int = 1) -> dict[str, Json]:
    """Set a hub up in a throwaway home (or on the empty database named) and race on it."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-fund-") as folder:
        start_django(Path(folder), database)
        from django.db import connections

        figures = race(SystemClock(), rounds, naive=naive, seed=seed)
        vendor = connections["default"].vendor
        connections.close_all()
    return {"database": vendor, **figures}
