"""Building a demonstration in a folder: data of the banks, homes of the nodes, an empty hub filled, credentials.

Everything lives under one folder that can be deleted. A folder that is already built is used as it is.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from xinqiao.clock import SHANGHAI
from xinqiao.demo import department, real_data
from xinqiao.demo.dossiers import public_sources, write_public_catalogue
from xinqiao.demo.files import write_bank, write_truth
from xinqiao.demo.generator import generate_province
from xinqiao.demo.model import Province
from xinqiao.demo.seed import NodePlan, Seeded, connect_department, seed_hub
from xinqiao.domain.canonical import Json
from xinqiao.provider.setup import NodeSetup, write_home

HUB_ID = "hub-demo"
HUB_NAME = "信桥 · 云陵省演示"
REAL_FIRMS = 12


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Where a demonstration lives and what it is made of."""

    folder: Path
    hub_port: int
    node_ports: dict[str, int]
    seed: int = 7
    firms: int = 24
    database_url: str = ""
    data_dir: Path | None = None
    test_hooks: bool = False
    host: str = "localhost"
    bind: str = "127.0.0.1"

    @property
    def hub_url(self) -> str:
        """The address of the hub. A name, not a number: browsers give passkeys to names only."""
        return f"http://{self.host}:{self.hub_port}"

    def node_url(self, bank: str) -> str:
        """The address of a bank's node."""
        return f"http://{self.host}:{self.node_ports[bank]}"

    def node_home(self, bank: str) -> Path:
        """The folder of a bank's node."""
        return self.folder / "nodes" / bank

    @property
    def catalogue_dir(self) -> Path:
        """Items of the public sets, as a province's extension; there once :func:`prepare` found the sets."""
        return self.folder / "catalogue"

    def hub_environ(self) -> dict[str, str]:
        """The environment of the hub's programs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XINQIAO_", "XQ_"))}
        kept |= {
            "XINQIAO_HOME": str(self.folder / "hub"),
            "XINQIAO_PUBLIC_URL": self.hub_url,
            "XINQIAO_HUB_ID": HUB_ID,
            "XINQIAO_HUB_NAME": HUB_NAME,
            "XINQIAO_DEMO": "1",
            "XINQIAO_TEST_HOOKS": "1" if self.test_hooks else "0",
            "DJANGO_SETTINGS_MODULE": "xinqiao.hub.project.settings",
        }
        if self.catalogue_dir.is_dir():
            kept["XINQIAO_CATALOGUE_DIR"] = str(self.catalogue_dir)
        if self.database_url:
            kept["XINQIAO_DATABASE_URL"] = self.database_url
        return kept

    @property
    def credentials(self) -> Path:
        """The file that says how to log in."""
        return self.folder / "credentials.json"


def yesterday() -> date:
    """The last full day in Shanghai: what a bank's nightly export covers."""
    now = datetime.now(UTC)  # house: allow now - the demonstration's data end where the real day does
    return (now.astimezone(SHANGHAI) - timedelta(days=1)).date()


def make_province(plan: DemoPlan, as_of: date) -> Province:
    """The generated province, and the real data where their folder is given."""
    province = generate_province(seed=plan.seed, as_of=as_of, firms=plan.firms)
    if real_data.available(plan.data_dir) and plan.data_dir is not None:
        statements = real_data.berka_accounts(plan.data_dir, as_of=as_of, limit=REAL_FIRMS)
        firms = real_data.registry_firms(plan.data_dir, statements, bank="chenghu")
        province.firms += firms
        for statement in statements[: len(firms)]:
            province.rows["chenghu"] += statement
        province.notes.append(
            "澄湖银行节点的部分账户来自公开研究数据，日期已平移，币种 CZK，按 1:1 折算，仅供演示。"
        )
    return province


def prepare(plan: DemoPlan) -> None:
    """What must be in the folder before the hub's settings are read."""
    write_public_catalogue(plan.data_dir, plan.catalogue_dir)


def build(plan: DemoPlan) -> dict[str, object]:
    """Build what is missing and return the credentials. Needs Django set up with :meth:`DemoPlan.hub_environ`."""
    if plan.credentials.exists():
        found: dict[str, object] = json.loads(plan.credentials.read_text(encoding="utf-8"))
        return found
    at = datetime.now(UTC)  # house: allow now
    province = make_province(plan, yesterday())
    from django.core.management import call_command

    from xinqiao.hub.apps.identity.services import anchor

    call_command("migrate", interactive=False, verbosity=0)
    nodes, portals = _nodes(plan, province, anchor())
    seeded = seed_hub(
        province,
        nodes,
        institutions_dir=plan.folder / "institutions",
        at=at,
        more_sources=public_sources(plan.data_dir) if plan.catalogue_dir.is_dir() else (),
    )
    write_truth(province, plan.folder / "truth.json")
    credentials = _credentials(plan, province, seeded, nodes, portals)
    if department.KEY in plan.node_ports:
        node = _department(plan, province, anchor())
        unit = connect_department(node, at)
        credentials["department"] = {
            "id": node.node_id, "name": node.name, "institution": unit, "url": node.base_url,
            "home": str(plan.node_home(department.KEY)), "items": [*department.ITEMS],
            "firm": {"uscc": department.CLAIMANT.uscc, "name": department.CLAIMANT.name},
            "person": {"name": department.CLAIMANT.person, "id_no": department.CLAIMANT.id_no},
        }  # fmt: skip
    text = json.dumps(credentials, ensure_ascii=False, indent=1)
    plan.credentials.touch(mode=0o600)
    plan.credentials.write_text(text, encoding="utf-8")
    return credentials


def _nodes(
    plan: DemoPlan, province: Province, anchor: Mapping[str, Json]
) -> tuple[list[NodePlan], dict[str, tuple[str, str]]]:
    plans, portals = [], {}
    for bank in province.banks:
        if not bank.is_provider:
            continue
        home = plan.node_home(bank.key)
        node_id, password = f"nod-{secrets.token_hex(16)}", secrets.token_urlsafe(12)
        write_bank(province, bank, home / "data")
        setup = NodeSetup(
            node_id=node_id, institution=bank.key, name=bank.short_name, bank_name=bank.name,
            public_url=plan.node_url(bank.key), hub_id=HUB_ID, hub_url=plan.hub_url, demo=True,
            users=(("node", f"节点管理员（演示）· {bank.short_name}", password),),
        )  # fmt: skip
        jwk = write_home(home, setup, dict(anchor))
        plans.append(NodePlan(bank.key, node_id, bank.short_name, plan.node_url(bank.key), jwk))
        portals[bank.key] = ("node", password)
    return plans, portals


def _department(plan: DemoPlan, province: Province, anchor: Mapping[str, Json]) -> NodePlan:
    home, url = plan.node_home(department.KEY), plan.node_url(department.KEY)
    node_id = f"nod-{secrets.token_hex(16)}"
    department.write_items(province, home / "items")
    setup = NodeSetup(
        node_id=node_id, institution=department.KEY, name=department.NAME, bank_name="", public_url=url,
        hub_id=HUB_ID, hub_url=plan.hub_url, demo=True, items_folder="items",
    )  # fmt: skip
    return NodePlan(department.KEY, node_id, department.NAME, url, write_home(home, setup, dict(anchor)))


def _credentials(
    plan: DemoPlan,
    province: Province,
    seeded: Seeded,
    nodes: list[NodePlan],
    portals: dict[str, tuple[str, str]],
) -> dict[str, object]:
    node_of = {node.bank: node for node in nodes}
    bank_of = {b.bank.key: b for b in seeded.banks}
    return {
        "note": "演示数据：企业、银行、人名均为虚构（或来自公开测试数据并已遮盖）。Demonstration data.",
        "notes": province.notes,
        "hub": {
            "id": HUB_ID,
            "url": plan.hub_url,
            "openapi": f"{plan.hub_url}/openapi.json",
            "directory": f"{plan.hub_url}/api/v1/directory",
            "enterprise_login": f"{plan.hub_url}/login",
            "staff_login": f"{plan.hub_url}/login/staff",
        },
        "enterprises": [
            {
                "uscc": firm.uscc,
                "name": firm.name,
                "origin": firm.origin,
                "person": {"name": firm.legal_rep, "id_no": firm.legal_rep_id_no, "role": "legal_rep"},
                "accounts": [
                    {
                        "bank": account.bank,
                        "node_id": node_of[account.bank].node_id,
                        "account_no": account.account_no,
                        "kind": account.kind,
                        "currency": account.currency,
                    }
                    for account in firm.accounts
                ],
            }
            for firm in province.firms
        ],
        "institutions": [
            {
                "key": bank.bank.key,
                "id": bank.institution_id,
                "name": bank.bank.name,
                "short_name": bank.bank.short_name,
                "uscc": bank.bank.uscc,
                "is_provider": bank.bank.is_provider,
                "is_user": bank.bank.is_user,
                "signing_key_file": str(bank.key_file),
                "users": [asdict(login) for login in bank.logins],
            }
            for bank in seeded.banks
        ],
        "nodes": [
            {
                "id": node.node_id,
                "bank": node.bank,
                "name": node.name,
                "institution": bank_of[node.bank].institution_id,
                "url": node.base_url,
                "home": str(plan.node_home(node.bank)),
                "portal": {"login": portals[node.bank][0], "password": portals[node.bank][1]},
            }
            for node in nodes
        ],
        "sources": [
            {
                "id": source.source_id,
                "code": source.code,
                "name": source.name,
                "items": list(source.items),
                "users": [asdict(login) for login in source.logins],
            }
            for source in seeded.sources
        ],
        "operators": [asdict(login) for login in seeded.staff if login.role != "auditor"],
        "guarantor": asdict(seeded.guarantor),
        "auditor": next(asdict(login) for login in seeded.staff if login.role == "auditor"),
    }
