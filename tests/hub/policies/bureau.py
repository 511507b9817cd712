"""The people of a policy department, and the way of a policy and of an application up to each state."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.hub.cast import Cast, uscc

from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import InstitutionActor, InstitutionRole, SystemActor
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.selectors import institution_actor
from xinqiao.hub.apps.policies import claims, services
from xinqiao.hub.apps.policies.models import Claim, FundLine, PolicyVersion

KEY = "form-0001"


def written(**changed: Json) -> dict[str, Json]:
    """An interest subsidy as its department would write it."""
    return {
        "title": "小微企业贷款贴息", "kind": "interest_subsidy", "summary": "给小微企业的贷款贴息。", "document_no": "云财金〔2026〕1号",
        "rate": "0.01", "most_days": 360, "budget": "20000.00", "firm_cap": "12000.00", "claim_cap": "10000.00",
        "regions": ["33"], "materials": ["贷款合同"], "covers_from": "2026-01-01", "covers_to": "2026-12-31",
        "open_to": "2026-12-31", "contact": "金融科", **changed,
    }  # fmt: skip


def loan(
    contract: str = "LJ-001", start: str = "2026-03-01", end: str = "2026-08-28", **changed: Json
) -> dict[str, Json]:
    """120 万 over 180 days: a subsidy of 6,000.00 yuan."""
    balances: list[Json] = [{"from": start, "to": end, "balance": "1200000.00"}]
    return {
        "lender": "岚江农商银行", "contract_no": contract, "principal": "1200000.00", "annual_rate": "0.0385", "balances": balances,
        **changed,
    }  # fmt: skip


@dataclass
class Bureau:
    """Who acts, and what was done up to each state."""

    cast: Cast
    writer: InstitutionActor
    second: InstitutionActor
    fund: InstitutionActor
    head: InstitutionActor
    foreign: InstitutionActor

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    def draft(self, key: str = KEY, **changed: Json) -> PolicyVersion:
        """A policy nobody but its writer looked at."""
        return services.create_policy(actor=self.writer, terms=written(**changed), key=key, at=self.now)

    def submitted(self, row: PolicyVersion | None = None, key: str = KEY, **changed: Json) -> PolicyVersion:
        """A version in review."""
        row = row or self.draft(key, **changed)
        return services.submit_version(
            actor=self.writer, version_id=row.id, expected_revision=row.revision, at=self.now
        )

    def published(self, row: PolicyVersion | None = None, key: str = KEY, **changed: Json) -> PolicyVersion:
        """A version in force."""
        row = self.submitted(row, key, **changed)
        return services.publish_version(
            actor=self.second, version_id=row.id, expected_revision=row.revision, at=self.now
        )

    def applied(
        self, row: PolicyVersion | None = None, key: str = KEY, said: dict[str, Json] | None = None
    ) -> Claim:
        """An application of the owner's firm; its policy is made where none is given."""
        row = row or self.published()
        return claims.apply(
            actor=self.cast.owner,
            policy_id=row.policy_id,
            said=loan() if said is None else said,
            key=key,
            at=self.now,
        )

    def accepted(self, claim: Claim | None = None) -> Claim:
        """Taken on."""
        claim = claim or self.applied()
        return claims.accept(
            actor=self.writer, claim_id=claim.id, expected_revision=claim.revision, at=self.now
        )

    def reviewed(self, claim: Claim | None = None) -> Claim:
        """Money is set aside."""
        claim = self.accepted(claim)
        return claims.review(
            actor=self.writer, claim_id=claim.id, expected_revision=claim.revision, at=self.now
        )

    def noticed(self, claim: Claim | None = None) -> Claim:
        """In public notice."""
        claim = self.reviewed(claim)
        return claims.confirm(
            actor=self.fund, claim_id=claim.id, expected_revision=claim.revision, at=self.now
        )

    def payable(self, claim: Claim | None = None) -> Claim:
        """The notice has ended."""
        claim = self.noticed(claim)
        self.cast.clock.advance(timedelta(days=9))
        assert claims.end_terms(at=self.now) == 1
        claim.refresh_from_db()
        return claim

    def paid(self, claim: Claim | None = None, voucher: str = "GK-0001") -> Claim:
        """Paid."""
        claim = self.payable(claim)
        return claims.pay(
            actor=self.fund, claim_id=claim.id, voucher=voucher, expected_revision=claim.revision, at=self.now
        )

    def line(self, claim: Claim) -> tuple[int, int, int]:
        """Set aside, paid and counted of the fund."""
        found = FundLine.objects.get(policy_id=claim.policy_id)
        return found.reserved_fen, found.paid_fen, found.taken


def make_bureau(cast: Cast) -> Bureau:
    """Let two departments in and give the first its people."""
    made = []
    for body, name in (("11330000MB2XQP001", "云陵省财政厅"), ("11330100MB2XQP002", "云栖市经信局")):
        row = identity.register_institution(
            actor=SystemActor("test"), uscc=uscc(body), name=name, short_name=name, is_user=False, is_provider=False,
            at=cast.now,
        )  # fmt: skip
        services.register_department(actor=SystemActor("test"), institution_id=row.id, at=cast.now)
        made.append(row.id)

    def member(name: str, place: int, *roles: InstitutionRole) -> InstitutionActor:
        found = identity.add_member(
            actor=SystemActor("test"), institution_id=made[place], username=name, password="long-enough-password",
            display_name=name, department="金融科", roles=frozenset(roles), at=cast.now,
        )  # fmt: skip
        return institution_actor(found)

    officer, payer = InstitutionRole.POLICY_OFFICER, InstitutionRole.FUND_OFFICER
    Enterprise.objects.filter(id__in=[cast.owner.enterprise_id, cast.stranger.enterprise_id]).update(
        region="330100"
    )
    return Bureau(
        cast, member("pol-writer", 0, officer, payer), member("pol-second", 0, officer), member("pol-fund", 0, payer),
        member("pol-head", 0, InstitutionRole.INSTITUTION_ADMIN), member("pol-foreign", 1, officer, payer),
    )  # fmt: skip
