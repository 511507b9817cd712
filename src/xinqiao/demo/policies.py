"""A policy department of the demonstration with four policies: written by one person, reviewed by another, a firm paid.

The first invented firm lets itself be found, applies for the interest subsidy of a loan of 1.2 million yuan over 180 days
and gets 6,000.00 yuan; its grant stands in public notice. Names, numbers and documents are made up (演示数据).
"""

import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from xinqiao.demo.ids import invented_uscc
from xinqiao.demo.story import Firm, Teller
from xinqiao.domain.canonical import Json
from xinqiao.domain.period import business_day

if TYPE_CHECKING:
    from xinqiao.hub.actors import EnterpriseActor, InstitutionActor

UNIT, UNIT_USCC = "云陵省惠企服务中心（演示）", invented_uscc(serial=9002, kind="11")
_PEOPLE = (
    ("writer", "许澄（演示政策专员）", ("policy_officer",)),
    ("reviewer", "罗岫（演示政策专员）", ("policy_officer", "institution_admin")),
    ("fund", "纪原（演示资金专员）", ("fund_officer",)),
)
_CLEAN: Json = {"field": "records.dishonest_judgment_debtor", "to": "0"}


def policies(day: date) -> tuple[dict[str, Json], ...]:
    """The four of them, with the year before and after ``day`` as their period."""
    year = timedelta(days=365)
    period: dict[str, Json] = {
        "covers_from": (day - year).isoformat(), "covers_to": (day + year).isoformat(), "open_to": (day + year).isoformat(),
        "contact": "云陵省惠企服务中心（演示）",
    }  # fmt: skip
    return (
        {
            "title": "小微企业贷款贴息（演示）", "kind": "interest_subsidy", "document_no": "云惠〔演示〕1号", "rate": "0.01",
            "summary": "给按时付息、没有失信记录的企业，贴一个百分点的利息。", "most_days": 360, "budget": "5000000.00",
            "firm_cap": "100000.00", "claim_cap": "50000.00", "loan_most": "10000000.00", "loan_rate": "0.06",
            "notice_days": 0, "condition": _CLEAN, "materials": ["贷款合同"], **period,
        },
        {
            "title": "担保费补贴（演示）", "kind": "guarantee_fee", "document_no": "云惠〔演示〕2号", "share": "0.5", "most_days": 365,
            "days_in_year": 365, "summary": "找担保机构担保的贷款，补一半担保费。", "budget": "2000000.00", "claim_cap": "30000.00",
            "condition": {"all": [_CLEAN, {"field": "firm.size", "one_of": ["micro", "small"]}]}, "materials": ["担保合同"], **period,
        },
        {
            "title": "应急转贷周转金（演示）", "kind": "turnover", "document_no": "云惠〔演示〕3号", "rate": "0.0002", "most_days": 15,
            "summary": "老贷款到期、新贷款还没放，先借您周转，最多 15 天。", "budget": "20000000.00", "claim_cap": "5000000.00",
            "mode": "full", "materials": ["银行同意续贷的书面材料"], "notice_days": 0, "condition": _CLEAN, **period,
        },
        {
            "title": "数字化改造奖补（演示）", "kind": "grant", "document_no": "云惠〔演示〕4号", "each": "3000.00", "budget": "600000.00",
            "quota": 200, "summary": "完成数字化改造的企业，每户 3,000 元，确认就能申请。", "mode": "automatic", "condition": _CLEAN, **period,
        },
    )  # fmt: skip


@dataclass(slots=True)
class Policies:
    """Tells the story: the department, its policies, what is found, one payment, one public notice."""

    credentials: dict[str, object]

    def tell(self) -> dict[str, object]:
        """Everything; the log-ins of the department's people, to be kept with the others."""
        from xinqiao.hub.apps.policies import finding
        from xinqiao.hub.node_client import NodeClient
        from xinqiao.hub.runtime import runtime

        at = runtime.clock.now()
        people, logins = self._department(at)
        made = [
            self._publish(people, terms, f"demo-policy-{n}", at)
            for n, terms in enumerate(policies(business_day(at)))
        ]
        owner = Teller(NodeClient()).login(cast("list[Firm]", self.credentials["enterprises"])[0])
        at = runtime.clock.now()  # the first log-in is what makes the owner somebody who may act
        self._paid(people, owner, made[0], at)
        self._in_notice(people, owner, made[3], at)
        finding.set_consent(actor=owner, on=True, expected_version=0, at=at)
        finding.evaluate(at=at)
        return {"name": UNIT, "users": logins}

    def _department(self, at: datetime) -> tuple[dict[str, "InstitutionActor"], list[dict[str, str]]]:
        from xinqiao.demo.seed import Login
        from xinqiao.hub.actors import InstitutionRole, SystemActor
        from xinqiao.hub.apps.identity.institutions import add_member, register_institution
        from xinqiao.hub.apps.identity.selectors import institution_actor
        from xinqiao.hub.apps.policies.services import register_department

        demo = SystemActor("demo")
        unit = register_institution(
            actor=demo,
            uscc=UNIT_USCC,
            name=UNIT,
            short_name=UNIT,
            is_user=False,
            is_provider=False,
            at=at,
            is_demo=True,
        )
        register_department(actor=demo, institution_id=unit.id, at=at)
        people, logins = {}, []
        for key, name, roles in _PEOPLE:
            login = Login(key, f"huiqi.{key}", secrets.token_urlsafe(12), name)
            member = add_member(
                actor=demo, institution_id=unit.id, username=login.username, password=login.password, display_name=name,
                department="惠企科（演示）", roles=frozenset(InstitutionRole(role) for role in roles), at=at,
            )  # fmt: skip
            people[key] = institution_actor(member)
            logins.append(asdict(login))
        return people, logins

    def _publish(
        self, people: dict[str, "InstitutionActor"], terms: dict[str, Json], key: str, at: datetime
    ) -> str:
        from xinqiao.hub.apps.policies import services

        row = services.create_policy(actor=people["writer"], terms=terms, key=key, at=at)
        row = services.submit_version(
            actor=people["writer"], version_id=row.id, expected_revision=row.revision, at=at
        )
        row = services.publish_version(
            actor=people["reviewer"], version_id=row.id, expected_revision=row.revision, at=at
        )
        return row.policy_id

    def _paid(
        self, people: dict[str, "InstitutionActor"], owner: "EnterpriseActor", policy: str, at: datetime
    ) -> None:
        from xinqiao.hub.apps.policies import claims

        last = business_day(at)
        said: dict[str, Json] = {
            "lender": "岚江农商银行（演示）", "contract_no": "YS-2026-0001", "principal": "1200000.00", "annual_rate": "0.0385",
            "balances": [
                {"from": (last - timedelta(days=180)).isoformat(), "to": last.isoformat(), "balance": "1200000.00"}
            ],
        }  # fmt: skip
        row = claims.apply(actor=owner, policy_id=policy, said=said, key="demo-claim-1", at=at)
        for verb in (claims.accept, claims.review):
            row = verb(actor=people["writer"], claim_id=row.id, expected_revision=row.revision, at=at)
        row = claims.confirm(actor=people["fund"], claim_id=row.id, expected_revision=row.revision, at=at)
        claims.pay(
            actor=people["fund"], claim_id=row.id, voucher="YS-GK-0001", expected_revision=row.revision, at=at
        )

    def _in_notice(
        self, people: dict[str, "InstitutionActor"], owner: "EnterpriseActor", policy: str, at: datetime
    ) -> None:
        from xinqiao.hub.apps.policies import claims

        row = claims.apply(actor=owner, policy_id=policy, said={}, key="demo-claim-2", at=at)
        for verb in (claims.accept, claims.review):
            row = verb(actor=people["writer"], claim_id=row.id, expected_revision=row.revision, at=at)
        claims.confirm(actor=people["fund"], claim_id=row.id, expected_revision=row.revision, at=at)
