"""A little history for a fresh demonstration, so that its pages have something to show. Told through the services.

Nothing here writes a table by hand: accounts are bound, requests made, confirmed, used and refused by the same verbs
the portals call, with the simulated face check that exists in demonstrations only.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from xinqiao.demo import department
from xinqiao.demo.cases import tell_cases
from xinqiao.demo.guarantees import tell_guarantees
from xinqiao.demo.loans import tell_loans
from xinqiao.demo.needs import tell_needs
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Product, Purpose, Reader, Scope
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.items import ItemGrant
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor, InstitutionRole
from xinqiao.hub.apps.consents import selectors, services
from xinqiao.hub.apps.consents.summary import WhatYouSee, what_you_entrust, what_you_see
from xinqiao.hub.apps.fundflow.services import add_statement, display_query, self_query
from xinqiao.hub.apps.identity.factors import FactorMethod
from xinqiao.hub.apps.identity.selectors import enterprise_actor
from xinqiao.hub.apps.identity.services import (
    begin_second_factor,
    finish_simulated_face,
    invite_enterprise,
    login_enterprise,
)
from xinqiao.hub.apps.identity.verifier import IdentityClaim
from xinqiao.hub.apps.items.authorisations import confirm_items
from xinqiao.hub.apps.items.requests import request_items
from xinqiao.hub.apps.items.scopes import asked_scope
from xinqiao.hub.apps.items.selectors import record
from xinqiao.hub.apps.items.summary import what_you_authorise
from xinqiao.hub.apps.reports.declarations import declare
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.protocol import ReportRequest
from xinqiao.hub.apps.reports.services import issue_for_institution
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.ui.i18n import Language

type Firm = dict[str, Json]

#: What a bank asks for: two items called at the department, three collected ones.
_ITEMS = {
    department.ARREARS: {"uscc", "tax_type", "arrears_amount", "status"},
    department.PENSION: {"uscc", "period", "insured_count", "status"},
    "water_fee": {"uscc", "period", "usage_m3", "arrears_amount", "late_count_24m", "account_status"},
    "electricity_fee": {
        "uscc",
        "period",
        "usage_kwh",
        "arrears_amount",
        "default_count_24m",
        "account_status",
    },
    "medical_insurance_basic": {"uscc", "period", "insured_count", "status"},
}


#: What the first firm says of itself; nobody verifies it, and reports say so.
_DECLARED = {
    "main_products": "按客户订单生产和销售，含送货安装",
    "staff": "18",
    "premises_kind": "租赁",
    "premises_area": "1200",
    "customer_kinds": "企业；个人消费者",
    "sales_regions": "本省及邻省",
    "usual_credit_days": "60",
    "financing_purposes": "购买原材料和货物",
    "financing_amount": "1200000",
    "financing_months": "12",
    "security_offered": "信用",
}


@dataclass(slots=True)
class Teller:
    """Does what people would do, one after another."""

    client: NodeClient

    def now(self) -> datetime:
        return runtime.clock.now()

    def login(self, firm: Firm) -> EnterpriseActor:
        """The legal representative logs in; the first time opens the data account."""
        person = cast("dict[str, str]", firm["person"])
        claim = IdentityClaim(str(firm["uscc"]), str(firm["name"]), person["name"], person["id_no"], "story")
        return enterprise_actor(login_enterprise(claim=claim, at=self.now()).person)

    def factor(self, actor: EnterpriseActor, seen: WhatYouSee, object_id: str) -> str:
        """The simulated face check over a text."""
        challenge = begin_second_factor(
            user_id=actor.user_id, action=seen.act, object_id=object_id, shown_digest=seen.digest,
            method=FactorMethod.SIMULATED_FACE, at=self.now(),
        )  # fmt: skip
        return finish_simulated_face(user_id=actor.user_id, factor_id=challenge.id, at=self.now())

    def bind(self, actor: EnterpriseActor, account: dict[str, Json]) -> str:
        """Choose, check, sign, deliver."""
        binding = services.start_binding(
            actor=actor, node_id=str(account["node_id"]), account_no=str(account["account_no"]),
            kind=str(account["kind"]), client=self.client, at=self.now(),
        )  # fmt: skip
        row = selectors.binding_row(actor, binding.id)
        seen = what_you_entrust(row, language=Language.ZH)
        signed = services.sign_entrustment(
            actor=actor, binding_id=row.id, second_factor_id=self.factor(actor, seen, row.id),
            shown_digest=seen.digest, expected_version=row.version, at=self.now(),
        )  # fmt: skip
        services.deliver_entrustment(entrustment_id=signed.id, client=self.client, at=self.now())
        return row.id

    def ask(
        self, who: InstitutionActor, firm: Firm, *, purpose: Purpose, ref: str, months: int, days: int, queries: int,
        reader: Reader, message: str = "",
    ) -> str:  # fmt: skip
        """An institution asks."""
        return services.request_authorisation(
            actor=who, subject_uscc=str(firm["uscc"]), purpose=purpose, business_ref=ref,
            products=frozenset({Product.REPORT}), months=months, valid_days=days, max_queries=queries,
            include_balance=True, reader=reader, message=message, at=self.now(),
        ).id  # fmt: skip

    def confirm(self, actor: EnterpriseActor, authorisation_id: str, accounts: set[str], months: int) -> None:
        """The subject agrees, to ``months`` of what was asked."""
        row = selectors.authorisation(actor, authorisation_id, at=self.now())
        asked = row.asked
        chosen = Scope(
            accounts=frozenset(accounts), products=asked.products, months_back=months, valid_days=asked.valid_days,
            max_queries=asked.max_queries, include_balance=True, purpose=asked.purpose,
        )  # fmt: skip
        record = selectors.authorisation_row(actor, row.id)
        seen = what_you_see(record, chosen, selectors.bindings_for(actor, accounts), language=Language.ZH)
        services.confirm_authorisation(
            actor=actor, authorisation_id=row.id, chosen=chosen, second_factor_id=self.factor(actor, seen, row.id),
            shown_digest=seen.digest, expected_version=row.version, at=self.now(),
        )  # fmt: skip

    def ask_items(
        self, who: InstitutionActor, firm: Firm, *, purpose: Purpose, ref: str, items: dict[str, set[str]], queries: int,
        message: str = "",
    ) -> str:  # fmt: skip
        """An institution asks for items and for credit reports made of them."""
        grants = frozenset(ItemGrant(item, frozenset(fields)) for item, fields in items.items())
        return request_items(
            actor=who, subject_uscc=str(firm["uscc"]), purpose=purpose, business_ref=ref, grants=grants, claims=[],
            valid_days=30, max_queries=queries, report=True, message=message, at=self.now(),
        ).id  # fmt: skip

    def confirm_items(self, actor: EnterpriseActor, authorisation_id: str) -> None:
        """The subject agrees to the whole."""
        row = record(actor, authorisation_id)
        chosen = asked_scope(row)
        seen = what_you_authorise(row, chosen, language=Language.ZH)
        confirm_items(
            actor=actor, authorisation_id=row.id, chosen=chosen, own_consent=False, written_consent=False,
            second_factor_id=self.factor(actor, seen, row.id), shown_digest=seen.digest, expected_version=row.version,
            at=self.now(),
        )  # fmt: skip

    def read_report(self, who: InstitutionActor, authorisation_id: str, purpose: Purpose) -> None:
        """A credit report is made and read once."""
        ask = ReportRequest(
            new_id(Prefix.REPORT_QUERY), who.institution_id, (authorisation_id,), purpose, who.operator_name,
            who.department, who.via,
        )  # fmt: skip
        issue_for_institution(actor=who, ask=ask, holdings_of=holdings_of, client=self.client)


def _operator(bank: dict[str, Json], name: str, department: str, via: str) -> InstitutionActor:
    return InstitutionActor(
        user_id=None, institution_id=str(bank["id"]), roles=frozenset({InstitutionRole.QUERY_OPERATOR}),
        operator_name=name, department=department, via="portal" if via == "portal" else "api",
    )  # fmt: skip


def tell(credentials: dict[str, object]) -> None:
    """Give a fresh demonstration its first days."""
    told = Teller(NodeClient())
    firms = cast("list[Firm]", credentials["enterprises"])
    banks = {str(b["key"]): b for b in cast("list[dict[str, Json]]", credentials["institutions"])}
    chenghu = _operator(banks["chenghu"], "孟晓（演示）", "小企业金融部", "portal")
    yuanshan = _operator(banks["yuanshan"], "林知远（演示）", "小企业信贷部", "api")
    first, second = firms[0], firms[1]

    owner = told.login(first)
    accounts = [told.bind(owner, account) for account in cast("list[dict[str, Json]]", first["accounts"])]
    self_query(actor=owner, binding_id=accounts[0], product=Product.REPORT, months=12, client=told.client)
    add_statement(
        actor=owner,
        text="2026 年 2 月厂房搬迁，停产 9 天，水电由原房东代缴。",
        binding_id=accounts[0],
        at=told.now(),
    )
    if runtime.declared_form is not None:
        declare(actor=owner, cells=_DECLARED, shared=True, committed=True, expected_version=0, at=told.now())
    watched = told.ask(
        chenghu, first, purpose=Purpose.POST_LOAN, ref="CH-2026-0871", months=24, days=180, queries=6,
        reader=Reader.HUB_DISPLAY,
    )  # fmt: skip
    told.confirm(owner, watched, {accounts[0]}, 12)
    for months in (12, 24):  # the second one is more than was agreed to: it is refused and recorded
        with contextlib.suppress(XinqiaoError):
            display_query(
                actor=chenghu, authorisation_id=watched, account_id=accounts[0], product=Product.REPORT, months=months,
                client=told.client,
            )  # fmt: skip
    told.ask(
        yuanshan, first, purpose=Purpose.LOAN_APPLICATION, ref="YS-2026-11-3382", months=24, days=30, queries=3,
        reader=Reader.INSTITUTION_KEY, message="您 11 月 18 日申请的 120.00 万元流动资金贷款。",
    )  # fmt: skip

    told.ask_items(
        yuanshan, first, purpose=Purpose.LOAN_APPLICATION, ref="YS-2026-11-3382", items=_ITEMS, queries=8,
        message="请授权调用欠税和养老保险信息，并用水电气费和它们生成信用报告。",
    )  # fmt: skip
    reported = told.ask_items(
        chenghu, first, purpose=Purpose.CREDIT_REVIEW, ref="CH-2026-0871", items=_ITEMS, queries=20
    )
    told.confirm_items(owner, reported)
    told.read_report(chenghu, reported, Purpose.CREDIT_REVIEW)

    neighbour = told.login(second)
    told.bind(neighbour, cast("list[dict[str, Json]]", second["accounts"])[0])
    told.ask(
        chenghu, second, purpose=Purpose.CREDIT_REVIEW, ref="CH-2026-0903", months=24, days=60, queries=2,
        reader=Reader.HUB_DISPLAY,
    )  # fmt: skip
    tell_needs(owner, neighbour)
    tell_cases(owner, neighbour)
    tell_guarantees(neighbour)
    tell_loans(owner)
    invite_enterprise(
        actor=chenghu,
        uscc=str(firms[2]["uscc"]),
        message="请登录开通数据账户，方便我行审查您的授信申请。",
        at=told.now(),
    )
    told.client.close()
