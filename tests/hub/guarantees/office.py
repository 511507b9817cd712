"""A guarantor of 10 million in net assets, another one, and the way of a guarantee up to each state."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.hub.cases.house import House
from tests.hub.cast import uscc

from xinqiao.domain.guarantees.terms import NATIONAL, Agreement
from xinqiao.domain.market.case import CaseEvent
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import InstitutionActor, InstitutionRole, SystemActor
from xinqiao.hub.apps.cases import services as cases
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.guarantees import batch, claims, clock, register, services
from xinqiao.hub.apps.guarantees.models import BatchAgreement, Claim, Guarantee
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.institutions import register_institution
from xinqiao.hub.apps.identity.selectors import institution_actor

FEE = Decimal("0.005")


@dataclass
class Office:
    """Who takes part, and a guarantee in each state. Names are invented."""

    house: House
    officer: InstitutionActor
    idle: InstitutionActor
    rival: InstitutionActor

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.house.now

    @property
    def bank(self) -> InstitutionActor:
        """Who handles cases at the first bank."""
        return self.house.manager

    def case(self) -> Case:
        """A case the bank approved: 1.2 million for twelve months."""
        return self.house.approved()

    def applied(self, case: Case | None = None, key: str = "gua-form-1", fen: int = 90_000_000) -> Guarantee:
        """The bank asked for 0.9 million."""
        return services.apply_for_case(
            actor=self.bank, case_id=(case or self.case()).id, guarantor_id=self.officer.institution_id, key=key,
            asked=services.Asked(fen, 12, "请担保"), at=self.now,
        )  # fmt: skip

    def reviewing(self, row: Guarantee | None = None) -> Guarantee:
        """Being looked at."""
        row = row or self.applied()
        return services.review(
            actor=self.officer, guarantee_id=row.id, expected_revision=row.revision, at=self.now
        )

    def approved(self, row: Guarantee | None = None, group: str = "") -> Guarantee:
        """Promised, at 0.5 % a year and the national shares."""
        row = self.reviewing(row)
        return services.approve(
            actor=self.officer, guarantee_id=row.id, expected_revision=row.revision, at=self.now,
            promise=services.Promise(row.amount_fen, FEE, NATIONAL, group),
        )  # fmt: skip

    def lend(self, case: Case) -> None:
        """The case is signed and drawn."""
        case = Case.objects.get(id=case.id)
        case = cases.contract_case(
            actor=self.bank, case_id=case.id, expected_version=case.version, at=self.now
        )
        cases.moved_by_loan(actor=self.bank, case_id=case.id, event=CaseEvent.DRAW, at=self.now)

    def in_force(self) -> Guarantee:
        """The loan is out."""
        row = self.approved()
        assert row.case is not None
        self.lend(row.case)
        assert clock.keep_up(at=self.now) == 1
        return Guarantee.objects.get(id=row.id)

    def claimed(self, row: Guarantee | None = None, fen: int = 50_000_001) -> Guarantee:
        """The firm does not pay; the bank asks."""
        row = row or self.in_force()
        claims.claim(
            actor=self.bank, guarantee_id=row.id, amount_fen=fen, overdue_since=business_day(self.now), words="",
            key="claim-form-1", expected_revision=row.revision, at=self.now,
        )  # fmt: skip
        return Guarantee.objects.get(id=row.id)

    def compensated(self) -> Guarantee:
        """Paid."""
        row = self.claimed()
        self.pay(row)
        return Guarantee.objects.get(id=row.id)

    def pay(self, row: Guarantee, fen: int = 50_000_001) -> Claim:
        """The guarantor pays what was claimed."""
        return claims.compensate(
            actor=self.officer,
            guarantee_id=row.id,
            amount_fen=fen,
            expected_revision=row.revision,
            at=self.now,
        )

    def agreement(
        self, *, quota: int = 500_000_000, cap: str = "0.03", agreed: bool = True
    ) -> BatchAgreement:
        """An agreement with the first bank."""
        day = business_day(self.now)
        said = Agreement(
            valid=(day, day + timedelta(days=365)), amount_most_fen=200_000_000, months_most=24, quota_fen=quota,
            cap=Decimal(cap), fee_rate=FEE, ratios=NATIONAL,
        )  # fmt: skip
        row = batch.propose(
            actor=self.officer,
            institution_id=self.bank.institution_id,
            agreement=said,
            key="batch-form-1",
            at=self.now,
        )
        if agreed:
            row = batch.answer(
                actor=self.bank, agreement_id=row.id, agrees=True, expected_revision=row.revision, at=self.now
            )
        return row


def make_office(house: House) -> Office:
    """Two guarantors with net assets of 10 million yuan each."""

    def member(name: str, institution: str, *roles: InstitutionRole) -> InstitutionActor:
        made = identity.add_member(
            actor=SystemActor("test"), institution_id=institution, username=name, password="long-enough-password",
            display_name=name, department="担保部", roles=frozenset(roles), at=house.now,
        )  # fmt: skip
        return institution_actor(made)

    def guarantor(body: str, name: str) -> str:
        row = register_institution(
            actor=house.cast.operator, uscc=uscc(body), name=name, short_name=name[:4], is_user=True,
            is_provider=False, at=house.now,
        )  # fmt: skip
        register.register_guarantor(
            actor=house.cast.operator, institution_id=row.id, licence="云担保 0001", net_assets_fen=1_000_000_000,
            as_of=date(2026, 9, 30), mainly_small=True, at=house.now,
        )  # fmt: skip
        return row.id

    own = guarantor("91330100MA2XQG001", "云岭融资担保有限公司")
    other = guarantor("91330100MA2XQG002", "白石融资担保有限公司")
    return Office(
        house=house, officer=member("danbao", own, InstitutionRole.GUARANTEE_OFFICER),
        idle=member("xianren", own, InstitutionRole.AUDITOR), rival=member("danbao2", other, InstitutionRole.GUARANTEE_OFFICER),
    )  # fmt: skip
