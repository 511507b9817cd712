"""Puts the province into an empty hub: institutions, people, keys, nodes and the demonstration's identities.

Runs inside a process that has the hub's settings. Everything goes through the services an operator uses, with two
operators so that four-eyes holds here too; only the demonstration identities are written as the verifier keeps them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from xinqiao.demo import department
from xinqiao.demo.ids import invented_uscc
from xinqiao.demo.model import Bank, Firm, Province
from xinqiao.demo.products import seed_products
from xinqiao.domain.period import business_day
from xinqiao.trust.keyfile import load_or_create_keyfile
from xinqiao.trust.keys import Jwk

KEY_LIFE = timedelta(days=825)


@dataclass(frozen=True, slots=True)
class Login:
    """A way in for somebody of the demonstration."""

    role: str
    username: str
    password: str
    name: str


@dataclass(frozen=True, slots=True)
class SeededBank:
    """An institution as the hub knows it, with its people and its signing key."""

    bank: Bank
    institution_id: str
    key_file: Path
    logins: tuple[Login, ...]


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node that is to be connected: its id is chosen beforehand because the node is configured with it."""

    bank: str
    node_id: str
    name: str
    base_url: str
    jwk: Jwk


@dataclass(frozen=True, slots=True)
class SeededSource:
    """A data source as the hub knows it, with its people."""

    source_id: str
    code: str
    name: str
    items: tuple[str, ...]
    logins: tuple[Login, ...]


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a demonstration has to print and to write down."""

    staff: tuple[Login, ...]
    banks: tuple[SeededBank, ...]
    sources: tuple[SeededSource, ...]
    guarantor: Login


def _password() -> str:
    return secrets.token_urlsafe(12)


def _staff(at: datetime) -> tuple[Login, ...]:
    from xinqiao.hub.actors import OperatorRole, SystemActor
    from xinqiao.hub.apps.identity.services import add_operator

    made = []
    for username, name, roles in (
        ("operator", "运营甲（演示）", {OperatorRole.ADMIN, OperatorRole.SERVICE}),
        ("security", "安全员乙（演示）", {OperatorRole.SECURITY}),
        ("adviser1", "顾问丁（演示）", {OperatorRole.ADVISER}),
        ("adviser2", "顾问戊（演示）", {OperatorRole.ADVISER}),
        ("auditor", "审计员丙（演示）", set[OperatorRole]()),
    ):
        login = Login(username, username, _password(), name)
        user = add_operator(
            actor=SystemActor("demo"), login=username, password=login.password, name=name,
            roles=frozenset(roles), auditor=not roles, at=at,
        )  # fmt: skip
        if username == "operator":  # looks at Django's admin too, where nothing can be changed
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        made.append(login)
    return tuple(made)


_PEOPLE = (
    ("query_operator", "经办", "林知远", ("query_operator", "product_manager", "customer_manager")),
    ("query_reviewer", "复核", "孟晓", ("query_reviewer", "query_operator")),
    ("institution_admin", "管理", "沈岚", ("institution_admin", "provider_admin")),
    ("auditor", "审计", "吕衡", ("auditor",)),
)


def _bank(bank: Bank, folder: Path, at: datetime) -> SeededBank:
    from xinqiao.hub.actors import InstitutionRole, OperatorActor, OperatorRole, SystemActor
    from xinqiao.hub.apps.identity.institutions import (
        add_member,
        approve_key,
        propose_key,
        register_institution,
    )
    from xinqiao.hub.apps.identity.models import User

    admin = OperatorActor(User.objects.get(username="operator").id, frozenset({OperatorRole.ADMIN}))
    security = OperatorActor(User.objects.get(username="security").id, frozenset({OperatorRole.SECURITY}))
    institution = register_institution(
        actor=admin, uscc=bank.uscc, name=bank.name, short_name=bank.short_name, is_user=bank.is_user,
        is_provider=bank.is_provider, at=at, is_demo=True,
    )  # fmt: skip
    logins = []
    for role, word, name, roles in _PEOPLE:
        login = Login(role, f"{bank.key}.{role}", _password(), f"{name}（演示{word}）")
        add_member(
            actor=SystemActor("demo"), institution_id=institution.id, username=login.username,
            password=login.password, display_name=login.name, department=bank.department,
            roles=frozenset(InstitutionRole(r) for r in roles), at=at,
        )  # fmt: skip
        logins.append(login)
    key_file = folder / bank.key / "signing.json"
    key = load_or_create_keyfile(key_file)
    propose_key(
        actor=admin, institution_id=institution.id, jwk=key.public.to_jwk(), not_before=at - timedelta(days=1),
        not_after=at + KEY_LIFE, at=at,
    )  # fmt: skip
    approve_key(actor=security, kid=key.public.kid, at=at)
    return SeededBank(bank, institution.id, key_file, tuple(logins))


#: Code, name, short name, kind, items of a data source.
type SourcePlan = tuple[str, str, str, str, tuple[str, ...]]

#: The sources a visitor is shown the log-ins of; those of the others are in the credentials.
SHOWN_SOURCES = ("yibao", "shuiwu")

_SOURCES: tuple[SourcePlan, ...] = (
    ("yibao", "云陵省医疗保障局（演示）", "演示医保局", "department",
     ("medical_insurance_basic", "medical_insurance_arrears", "medical_insurance_change",
      "designated_private_medical_institution", "designated_retail_pharmacy")),
    ("shuiwu", "云陵水务有限公司（演示）", "演示水务", "utility", ("water_fee",)),
    ("gongdian", "云陵供电公司（演示）", "演示供电", "utility", ("electricity_fee",)),
    ("ranqi", "云陵燃气有限公司（演示）", "演示燃气", "utility", ("gas_fee",)),
    ("fayuan", "云陵省高级人民法院（演示）", "演示法院", "department", ("dishonest_judgment_debtor",)),
    ("zhishi", "云陵省知识产权局（演示）", "演示知识产权局", "department", ("ip_pledge",)),
    ("nongye", "云陵省农业农村厅（演示）", "演示农业农村厅", "department",
     ("agri_insurance", "agri_subsidy", "large_grower_list")),
    ("ziyuan", "云陵省公共资源交易中心（演示）", "演示交易中心", "centre", ("public_resource_transaction",)),
    ("zhujian", "云陵省住房和城乡建设厅（演示）", "演示住建厅", "department", ("construction_qualification",)),
    ("weijian", "云陵省卫生健康委员会（演示）", "演示卫健委", "department", ("medical_qualification",)),
    ("jiaoyu", "云陵省教育厅（演示）", "演示教育厅", "department", ("education_qualification",)),
)  # fmt: skip


def _source(
    code: str, name: str, short: str, kind: str, items: tuple[str, ...], *, at: datetime
) -> SeededSource:
    from xinqiao.hub.actors import SourceRole, SystemActor
    from xinqiao.hub.apps.identity.services import add_source_member, register_source

    steward = Login("steward", f"{code}.steward", _password(), "沈砚（演示数据管理员）")
    member = register_source(
        actor=SystemActor("demo"), code=code, name=name, short_name=short, kind=kind, division="", items=items,
        username=steward.username, password=steward.password, display_name=steward.name, at=at, is_demo=True,
    )  # fmt: skip
    logins = [steward]
    if code in SHOWN_SOURCES:  # a password takes its time to hash; one person is enough where nobody comes by
        supplier = Login("supplier", f"{code}.supplier", _password(), "陆言（演示报送员）")
        add_source_member(
            actor=SystemActor("demo"), source_id=member.source_id, username=supplier.username,
            password=supplier.password, display_name=supplier.name, roles=frozenset({SourceRole.SUPPLIER}), at=at,
        )  # fmt: skip
        logins.append(supplier)
    return SeededSource(member.source_id, code, name, items, tuple(logins))


_GUARANTOR_USCC = invented_uscc(serial=9002, kind="91")


def _guarantor(at: datetime) -> Login:
    """A guarantor of 50 million in net assets, and the one person of it a visitor meets."""
    from xinqiao.hub.actors import InstitutionRole, SystemActor
    from xinqiao.hub.apps.guarantees.register import register_guarantor
    from xinqiao.hub.apps.identity.institutions import add_member, register_institution

    row = register_institution(
        actor=SystemActor("demo"), uscc=_GUARANTOR_USCC, name="云陵融资担保有限公司（演示）", short_name="云陵担保",
        is_user=True, is_provider=False, at=at, is_demo=True,
    )  # fmt: skip
    register_guarantor(
        actor=SystemActor("demo"), institution_id=row.id, licence="演示 0001", net_assets_fen=5_000_000_000,
        as_of=business_day(at).replace(day=1), mainly_small=True, at=at,
    )  # fmt: skip
    login = Login("guarantee_officer", "danbao.officer", _password(), "邵宁（演示担保经办）")
    add_member(
        actor=SystemActor("demo"), institution_id=row.id, username=login.username, password=login.password,
        display_name=login.name, department="担保业务部", at=at,
        roles=frozenset({InstitutionRole.GUARANTEE_OFFICER, InstitutionRole.QUERY_OPERATOR}),
    )  # fmt: skip
    return login


def _identity(firm: Firm) -> None:
    from xinqiao.hub.apps.identity.models import DemoIdentity

    DemoIdentity.objects.update_or_create(
        uscc=firm.uscc,
        defaults={
            "enterprise_name": firm.name,
            "region": firm.region,
            "industry": firm.industry,
            "people": [{"name": firm.legal_rep, "id_no": firm.legal_rep_id_no, "role": "legal_rep"}],
        },
    )


def connect_node(plan: NodePlan, institution_id: str, at: datetime, *, has_accounts: bool = True) -> None:
    """Enter a node and its key in the hub's directory."""
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity.institutions import register_node

    register_node(
        actor=SystemActor("demo"), institution_id=institution_id, name=plan.name, base_url=plan.base_url,
        jwk=plan.jwk, not_before=at - timedelta(days=1), not_after=at + KEY_LIFE, at=at, node_id=plan.node_id,
        is_demo=True, has_accounts=has_accounts,
    )  # fmt: skip


def connect_department(plan: NodePlan, at: datetime) -> str:
    """Register the department, its node and the items it serves, and the firm that is verified; returns its id."""
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity.institutions import register_institution
    from xinqiao.hub.apps.identity.models import DemoIdentity
    from xinqiao.hub.apps.items.sources import register_source

    unit = register_institution(
        actor=SystemActor("demo"), uscc=department.UNIT_USCC, name=department.UNIT, short_name=department.UNIT,
        is_user=False, is_provider=True, at=at, is_demo=True,
    )  # fmt: skip
    connect_node(plan, unit.id, at, has_accounts=False)
    for item in department.ITEMS:
        register_source(actor=SystemActor("demo"), item=item, node_id=plan.node_id, at=at)
    firm = department.CLAIMANT
    DemoIdentity.objects.update_or_create(
        uscc=firm.uscc,
        defaults={
            "enterprise_name": firm.name,
            "people": [{"name": firm.person, "id_no": firm.id_no, "role": "legal_rep"}],
        },
    )
    return unit.id


def seed_hub(
    province: Province,
    nodes: list[NodePlan],
    *,
    institutions_dir: Path,
    at: datetime,
    more_sources: Sequence[SourcePlan] = (),
) -> Seeded:
    """Fill an empty hub with the province."""
    staff = _staff(at)
    banks = tuple(_bank(bank, institutions_dir, at) for bank in province.banks)
    by_key = {seeded.bank.key: seeded.institution_id for seeded in banks}
    for plan in nodes:
        connect_node(plan, by_key[plan.bank], at)
    for firm in province.firms:
        _identity(firm)
    seed_products(by_key, at)
    sources = tuple(_source(*planned, at=at) for planned in (*_SOURCES, *more_sources))
    return Seeded(staff, banks, sources, _guarantor(at))
