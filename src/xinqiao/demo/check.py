"""The main journey, headless, against freshly started processes: the enterprise over the portal's own forms, the bank
through the SDK, verification with the offline verifier. One field per step; ``ok`` only if all hold.
"""

import html
import json
import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx

from xinqiao.client import Anchor, Client, Operator, Report
from xinqiao.demo.check_items import ItemJourney
from xinqiao.demo.processes import Running
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Product, Purpose
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.keyfile import load_or_create_keyfile
from xinqiao.trust.verify import verify_file

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


OFFICER = Operator(name="林知远（演示）", department="小企业信贷部")


class CheckFailed(Exception):
    """A step did not hold; the text says which and why."""


def _require(condition: object, why: str) -> None:
    if not condition:
        raise CheckFailed(why)


@dataclass(slots=True)
class Portal:
    """A browser without a screen: cookies, hidden fields, forms."""

    base: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.base, follow_redirects=True, timeout=30.0, trust_env=False)

    def get(self, path: str) -> str:
        """A page."""
        answer = self.http.get(path)
        _require(answer.status_code == 200, f"GET {path}: {answer.status_code}")
        return answer.text

    def submit(self, page: str, path: str, fields: dict[str, str | list[str]]) -> httpx.Response:
        """Send a form of ``page`` with its hidden fields and ``fields``."""
        hidden: dict[str, list[str]] = {}
        for name, value in _HIDDEN.findall(page):
            kept = hidden.setdefault(name, [])
            if html.unescape(value) not in kept:
                kept.append(html.unescape(value))
        data: dict[str, str | list[str]] = {
            **hidden,
            "csrfmiddlewaretoken": hidden["csrfmiddlewaretoken"][0],
            **fields,
        }
        return self.http.post(path, data=data, headers={"Origin": self.base, "Referer": self.base + path})


@dataclass(slots=True)
class Journey:
    """The steps, in order; each returns what is printed about it."""

    credentials: dict[str, Json]
    running: Running
    firm: dict[str, Json]
    account: dict[str, Json]
    bank: dict[str, Json]
    folder: Path
    portal: Portal = field(init=False)
    client: Client = field(init=False)
    authorisation: str = ""
    link: str = ""
    bundle: Path = field(init=False)
    ledger: Path = field(init=False)

    def __post_init__(self) -> None:
        hub = cast("dict[str, str]", self.credentials["hub"])
        self.portal = Portal(hub["url"])
        key = load_or_create_keyfile(Path(str(self.bank["signing_key_file"])))
        anchor = Anchor.read(self.running.plan.node_home("lanjiang") / "hub-anchor.json")
        self.client = Client(hub["url"], str(self.bank["id"]), key, anchor=anchor)
        self.bundle, self.ledger = self.folder / "report.json", self.folder / "ledger.jsonl"

    # --- the enterprise -------------------------------------------------------------------------------------------

    def login(self) -> dict[str, Json]:
        """Log in with legal-person identity; the data account is opened."""
        person = cast("dict[str, str]", self.firm["person"])
        page = self.portal.get("/login")
        fields: dict[str, str | list[str]] = {
            "uscc": str(self.firm["uscc"]), "enterprise_name": str(self.firm["name"]),
            "person_name": person["name"], "id_no": person["id_no"], "next": "",
        }  # fmt: skip
        wrong = self.portal.submit(page, "/login", {**fields, "person_name": "冒名"})
        _require(wrong.status_code == 401, f"a wrong identity was let in: {wrong.status_code}")
        answer = self.portal.submit(page, "/login", fields)
        _require(answer.status_code == 200 and str(self.firm["name"]) in answer.text, "log-in failed")
        return {"enterprise": str(self.firm["uscc"]), "origin": str(self.firm["origin"])}

    def bind(self) -> dict[str, Json]:
        """Bind the account: the bank checks that it is the firm's own."""
        page = self.portal.get("/e/accounts/bind")
        wrong = self.portal.submit(
            page, "/e/accounts/bind",
            {"node": str(self.account["node_id"]), "account_no": "99010000000000000", "kind": "basic"},
        )  # fmt: skip
        _require(wrong.status_code == 422, f"an unknown account was accepted: {wrong.status_code}")
        answer = self.portal.submit(
            page, "/e/accounts/bind",
            {
                "node": str(self.account["node_id"]), "account_no": str(self.account["account_no"]),
                "kind": str(self.account["kind"]),
            },
        )  # fmt: skip
        found = re.search(r"/e/accounts/(acc-[0-9a-f]+)/sign", answer.text)
        _require(found, f"no agreement was presented: {answer.status_code}")
        assert found is not None
        self.link = found.group(1)
        self._page = answer.text
        return {"account": self.link}

    _page: str = ""

    def entrust(self) -> dict[str, Json]:
        """Sign the entrustment with the second factor; the bank gets its copy."""
        answer = self.portal.submit(self._page, f"/e/accounts/{self.link}/sign", {})
        _require(answer.status_code == 200 and "已绑定" in answer.text, f"not bound: {answer.status_code}")
        return {"bound": True}

    def request(self) -> dict[str, Json]:
        """The institution asks through its own key."""
        asked = self.client.request_authorisation(
            subject_uscc=str(self.firm["uscc"]), purpose=Purpose.LOAN_APPLICATION, business_ref="CHECK-0001",
            operator=OFFICER, products=(Product.REPORT, Product.SUMMARY), months=24, valid_days=30, max_queries=3,
        )  # fmt: skip
        self.authorisation = asked.id
        return {"authorisation": asked.id, "request_no": asked.request_no, "state": str(asked.state)}

    def confirm(self) -> dict[str, Json]:
        """The firm agrees to a part: 12 of 24 months, 2 of 3 queries."""
        path = f"/e/authorisations/{self.authorisation}"
        page = self.portal.get(path)
        sign = self.portal.submit(
            page, path,
            {
                "decision": "confirm", "account": [self.link], "months": "12", "days": "30", "queries": "2",
                "balance": "on", "product": ["FLOW_REPORT", "FLOW_SUMMARY"],
            },
        )  # fmt: skip
        _require(
            sign.status_code == 200 and "shown_digest" in sign.text, f"no text to sign: {sign.status_code}"
        )
        answer = self.portal.submit(sign.text, f"{path}/confirm", {})
        _require(answer.status_code == 200, f"not confirmed: {answer.status_code}")
        again = self.portal.submit(sign.text, f"{path}/confirm", {})
        _require(again.status_code in (403, 404, 409, 412), f"a factor worked twice: {again.status_code}")
        state = self.client.authorisation(self.authorisation)
        _require(str(state.state) in ("partly", "active"), f"state {state.state}")
        return {"state": str(state.state), "months": 12}

    # --- the institution ------------------------------------------------------------------------------------------

    def _query(self, months: int = 12) -> Report:
        return self.client.query(
            self.authorisation, self.link, Product.REPORT, months, Purpose.LOAN_APPLICATION, OFFICER
        )

    def query(self) -> dict[str, Json]:
        """Query: computed in the account's bank, sealed to a one-time key, opened here only."""
        started = time.perf_counter()
        report = self._query()
        seconds = time.perf_counter() - started
        report.save(self.bundle)
        self._product = report.product
        wider = self._refusal(lambda: self._query(months=24))
        _require(wider == "SCOPE_EXCEEDED", f"more months: {wider}")
        return {"report_no": report.report_no, "milliseconds": round(seconds * 1000), "wider": wider}

    _product: dict[str, Json] = field(default_factory=dict)

    def report(self) -> dict[str, Json]:
        """The report says whom, which period, and holds every section."""
        head = cast("dict[str, Json]", self._product["head"])
        _require(head["uscc"] == self.firm["uscc"], "the report is about somebody else")
        sections = [
            "overview",
            "monthly",
            "cash",
            "counterparties",
            "concentration",
            "obligations",
            "features",
        ]
        missing = [name for name in sections if name not in self._product]
        _require(not missing, f"sections missing: {missing}")
        text = json.dumps(self._product, ensure_ascii=False)
        _require(str(self.account["account_no"]) not in text, "the account number crossed")
        monthly = cast("list[Json]", self._product["monthly"])
        return {"sections": [*sections], "months": len(monthly), "bytes": len(text.encode())}

    def verify_offline(self) -> dict[str, Json]:
        """The saved report verifies without network or database; one changed byte does not."""
        good = verify_file(self.bundle)
        _require(good.ok, f"the bundle does not verify: {good.problems}")
        content = self.bundle.read_bytes()
        spoiled = self.folder / "spoiled.json"
        middle = content.index(b"eyJ") + 40
        spoiled.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        _require(not verify_file(spoiled).ok, "a changed byte was not found")
        return {"kind": str(good.kind), "ok": True, "tampered_found": True}

    def withdraw(self) -> dict[str, Json]:
        """The firm withdraws."""
        path = f"/e/authorisations/{self.authorisation}/withdraw"
        page = self.portal.get(path)
        answer = self.portal.submit(page, path, {})
        _require(
            answer.status_code == 200 and "已撤回" in answer.text, f"not withdrawn: {answer.status_code}"
        )
        return {"withdrawn": True}

    def refused(self) -> dict[str, Json]:
        """After the acknowledged withdrawal nothing is released."""
        code = self._refusal(lambda: self._query())
        _require(code == "CONSENT_REVOKED", f"after the withdrawal: {code}")
        return {"code": code}

    @staticmethod
    def _refusal(ask: Callable[[], object]) -> str:
        try:
            ask()
        except XinqiaoError as error:
            return error.code.value
        return "RELEASED"

    # --- afterwards -----------------------------------------------------------------------------------------------

    def ledger_shows(self) -> dict[str, Json]:
        """The firm's ledger shows the use and the refusals; its export verifies offline."""
        page = self.portal.get("/e/ledger?span=all")
        _require("看了您的" in page and "没有放行" in page, "the ledger page lacks the use or the refusal")
        deadline = time.monotonic() + 25  # a checkpoint is signed every ten seconds
        while True:
            answer = self.portal.http.get("/e/ledger/export")
            if answer.status_code == 200:
                self.ledger.write_bytes(answer.content)
                report = verify_file(self.ledger)
                kinds = [
                    line.count(b'"type":"USE"') + line.count(b'\\"type\\":\\"USE\\"')
                    for line in answer.content.splitlines()
                ]
                if (
                    report.ok
                    and sum(kinds) >= 1
                    and b"REVOKE" in answer.content
                    and b"DENY" in answer.content
                ):
                    break
            if time.monotonic() > deadline:
                raise CheckFailed(f"the ledger export does not verify or is incomplete: {answer.status_code}")
            time.sleep(1)
        return {"verified": True, "leaves": report.leaves, "use": True, "refusal": True}

    def rows_stay(self) -> dict[str, Json]:
        """Neither the account number nor any counterparty of the account is in anything the hub keeps."""
        import duckdb

        node = next(
            n
            for n in cast("list[dict[str, str]]", self.credentials["nodes"])
            if n["id"] == self.account["node_id"]
        )
        rows = duckdb.execute(
            "SELECT DISTINCT counterparty_name, counterparty_account FROM read_parquet(?) WHERE account_no = ?",
            [f"{node['home']}/data/transactions/*.parquet", str(self.account["account_no"])],
        ).fetchall()
        # Names the hub knows by right (enterprises, institutions) may also stand in a statement.
        public = {
            str(party["name"])
            for kind in ("enterprises", "institutions")
            for party in cast("list[dict[str, Json]]", self.credentials[kind])
        }
        canaries = {
            text.encode() for row in rows for text in row if text and len(text) > 5 and text not in public
        }
        canaries.add(str(self.account["account_no"]).encode())
        hub = self.running.plan.folder / "hub"
        if (hub / "hub.sqlite3").exists():
            with sqlite3.connect(hub / "hub.sqlite3") as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        kept = [p for p in hub.rglob("*") if p.is_file()] + list(
            (self.running.plan.folder / "logs").glob("*.log")
        )
        hits = [(p.name, c.decode()) for p in kept for c in canaries if c in p.read_bytes()]
        _require(not hits, f"data of the bank found at the hub: {hits[:5]}")
        return {"canaries": len(canaries), "files": len(kept), "hits": 0}

    def items(self) -> dict[str, Json]:
        """Another firm's items, called and verified at the department's node (abuse cases E1 and E2 among them)."""
        portal = Portal(self.portal.base)
        return ItemJourney(self.client, portal, self.running.plan.folder / "hub").walk()

    def redress(self) -> dict[str, Json]:
        """An objection that led to a correction, and a repair that was granted, as everybody's pages show them."""
        from xinqiao.demo.check_redress import RedressJourney  # needs the hub's settings

        return RedressJourney(self.credentials, lambda: Portal(self.portal.base)).walk()


STEPS = (
    "login", "bind", "entrust", "request", "confirm", "query", "report", "verify_offline", "withdraw", "refused",
    "ledger_shows", "rows_stay", "items", "redress",
)  # fmt: skip


def _choose(credentials: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """A firm with real data where there is one, else the first generated one."""
    firms = cast("list[dict[str, Json]]", credentials["enterprises"])
    firm = next((f for f in firms if f["origin"] == "registry"), firms[0])
    return firm, cast("list[dict[str, Json]]", firm["accounts"])[0]


def run_journey(found: dict[str, object], running: Running) -> dict[str, Json]:
    """Walk every step; stop at the first that does not hold."""
    credentials = cast("dict[str, Json]", found)
    firm, account = _choose(credentials)
    banks = cast("list[dict[str, Json]]", credentials["institutions"])
    bank = next(b for b in banks if b["key"] == "yuanshan")
    journey = Journey(credentials, running, firm, account, bank, running.plan.folder)
    result: dict[str, Json] = {
        "ok": False,
        "database": "postgresql" if running.plan.database_url else "sqlite",
        "real_data": firm["origin"] == "registry",
    }
    for step in STEPS:
        started = time.perf_counter()
        try:
            said = getattr(journey, step)()
        except Exception as error:  # noqa: BLE001 - whatever it is, the check has failed and says where
            result[step] = {"ok": False, "error": f"{type(error).__name__}: {error}"}
            result["log"] = running.tail("hub", 1500)
            return result
        result[step] = {"ok": True, "ms": round((time.perf_counter() - started) * 1000), **said}
    result["ok"] = True
    return result
