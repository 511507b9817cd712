"""The journey of items: asked by the bank's key, agreed to on the portal's own forms, answered by the department's node."""

import io
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from xinqiao import catalogue
from xinqiao.client import Client, ItemAnswer, Operator, StatedClaim, state_claim
from xinqiao.clock import SHANGHAI, SystemClock
from xinqiao.demo import department
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.report import Availability
from xinqiao.trust.verify import verify_stream

FIELDS = ["arrears_amount", "status", "tax_authority", "uscc"]
#: The grid of the department's node, in milliseconds: no yes or no comes sooner.
GRID_MS = 300
LOAN = Purpose.LOAN_APPLICATION
OFFICER = Operator(name="林知远（演示）", department="小企业信贷部")


class Page(Protocol):
    """What the portal answers to a form."""

    @property
    def status_code(self) -> int: ...
    @property
    def text(self) -> str: ...


class Forms(Protocol):
    """The portal as its forms show it."""

    def get(self, path: str) -> str: ...
    def submit(self, page: str, path: str, fields: dict[str, str | list[str]]) -> Page: ...


@dataclass(slots=True)
class ItemJourney:
    """One firm, one bank, one department; raises ``AssertionError`` naming what did not hold."""

    client: Client
    portal: Forms
    hub_home: Path
    authorisation: str = ""
    claims: list[StatedClaim] = field(default_factory=list, repr=False)

    def walk(self) -> dict[str, Json]:
        """Ask, agree, call, be given more, verify three ways, guess too often, have a report made, withdraw, be refused."""
        firm = department.CLAIMANT
        self._login(firm)
        guesses = [firm.house | {"certificate_no": f"云陵（演示）不动产权第{n:07d}号"} for n in (1, 2, 3)]
        stranger = guesses[0] | {"owner_name": "查无此人（演示）"}
        claims = [_stated(department.HOUSE, firm.house), _stated(department.MARRIAGE, firm.marriage)]
        claims += [_stated(department.HOUSE, guess) for guess in (stranger, *guesses[1:])]
        self._ask(claims)
        self._agree()
        opened = self._call()
        records = [one.values for one in opened.records]
        _require(records and records[0]["uscc"] == firm.uscc, "the answer is about somebody else")
        _require("演示数据" in records[0]["tax_authority"], "the record is not marked")
        self._append()
        married, _ = self._verify(claims[1])
        answers = [self._verify(claim) for claim in (claims[0], claims[2], claims[3])]
        _require(married == "yes", "the marriage was not confirmed")
        _require([said for said, _ in answers] == ["yes", "not", "not"], f"answers {answers}")
        sizes = {size for _, (size, _) in answers}
        _require(len(sizes) == 1, f"sizes differ: {sizes}")
        fastest = min(took for _, (_, took) in answers)
        _require(fastest >= GRID_MS, f"an answer came before its tick: {fastest} ms")
        fourth = self._refusal(claims[4])
        _require(fourth == "VERIFICATION_BUDGET", f"a fourth guess: {fourth}")
        self._told()
        report = self._report()
        self._withdraw()
        gone = self._refusal(claims[0])
        _require(gone == "CONSENT_REVOKED", f"after the withdrawal: {gone}")
        self._nothing_kept(records[0]["arrears_amount"])
        return {
            "records": len(records), "answers": [said for said, _ in answers], "bytes": sizes.pop(),
            "fourth_guess": fourth, "after_withdrawal": gone, "credit_report": report,
        }  # fmt: skip

    # --- the firm ---------------------------------------------------------------------------------------------------

    def _login(self, firm: department.Claimant) -> None:
        answer = self.portal.submit(
            self.portal.get("/login"),
            "/login",
            {
                "uscc": firm.uscc, "enterprise_name": firm.name, "person_name": firm.person, "id_no": firm.id_no,
                "next": "",
            },
        )  # fmt: skip
        _require(answer.status_code == 200 and firm.name in answer.text, "log-in failed")

    def _agree(self) -> None:
        path = f"/e/items/{self.authorisation}"
        page = self.portal.get(path)
        _require("不良后果" in page, "the page does not warn")
        _require(department.CLAIMANT.certificate in page, "the page does not show what is stated")
        fields: dict[str, str | list[str]] = {
            "decision": "confirm", "item": [department.ARREARS], "claim": sorted(one.digest for one in self.claims), "days": "30",
            "queries": "8", "own": "on", "report": "on",
        }  # fmt: skip
        spoken = self.portal.submit(page, path, fields)
        unwritten = self.portal.submit(spoken.text, f"{path}/confirm", {})
        _require(unwritten.status_code == 422, f"agreed without the written form: {unwritten.status_code}")
        sign = self.portal.submit(page, path, fields | {"written": "on"})
        answer = self.portal.submit(sign.text, f"{path}/confirm", {})
        _require(answer.status_code == 200 and "生效中" in answer.text, f"not agreed: {answer.status_code}")

    def _withdraw(self) -> None:
        path = f"/e/items/{self.authorisation}/withdraw"
        answer = self.portal.submit(self.portal.get(path), path, {})
        _require(
            answer.status_code == 200 and "您已撤回" in answer.text, f"not withdrawn: {answer.status_code}"
        )
        listed = self.portal.get("/e/items")
        _require("答复：是" in listed and "VERIFICATION_BUDGET" in listed, "the records are incomplete")

    def _append(self) -> None:
        path = f"/e/items/{self.authorisation}/append"
        fields: dict[str, str | list[str]] = {"item": [department.ARREARS], "days": "30", "queries": "12"}
        sign = self.portal.submit(self.portal.get(path), path, fields)
        answer = self.portal.submit(sign.text, f"{path}/confirm", {})
        _require(answer.status_code == 200, f"not appended: {answer.status_code}")

    def _told(self) -> None:
        """What happened stands in the firm's ledger and notices."""
        ledger = self.portal.get("/e/ledger")
        _require("您给" in ledger and "VERIFICATION_BUDGET" in ledger, "the ledger is incomplete")
        _require("核验您的信息次数已满" in self.portal.get("/e/me/notices"), "the budget was not told")

    # --- the bank ---------------------------------------------------------------------------------------------------

    def _ask(self, claims: list[StatedClaim]) -> None:
        made = self.client.items.request(
            subject_uscc=department.CLAIMANT.uscc, purpose=LOAN, business_ref="CHECK-ITEMS-1", operator=OFFICER,
            items={department.ARREARS: FIELDS}, claims=claims, max_queries=12, report=True,
        )  # fmt: skip
        self.authorisation = made.id
        self.claims = claims

    def _call(self) -> ItemAnswer:
        answer = self.client.items.call(self.authorisation, department.ARREARS, FIELDS, LOAN, OFFICER)
        believed = self.client.operations.believed
        found = verify_stream(
            io.BytesIO(answer.bundle()), trusted_keys=believed.trusted_keys(), owners=believed.owners()
        )
        _require(found.ok, f"the answer's proof: {found.problems}")
        return answer

    def _verify(self, claim: StatedClaim) -> tuple[str, tuple[int, int]]:
        started = time.perf_counter()
        said = self.client.items.verify(self.authorisation, claim, LOAN, OFFICER)
        return str(said.result), (len(said.sealed), round((time.perf_counter() - started) * 1000))

    def _report(self) -> str:
        """A credit report under the same authorisation: the arrears called for it, the answers as yes and no."""
        made = self.client.credit.report([self.authorisation], LOAN, OFFICER)
        sections = {one.item.id: one for one in made.chapters(catalogue.load()).sections}
        arrears = sections[department.ARREARS]
        _require(arrears.availability is Availability.SHOWN, f"the arrears are {arrears.availability}")
        locked = sections[department.PENSION].availability
        _require(locked is Availability.NOT_AUTHORISED, f"what was not granted is {locked}")
        answers = [one.yes for one in made.beside().answers]
        _require(sorted(answers) == [False, False, True, True], f"answers in the report: {answers}")
        found = self.client.verify_product(verify_code=made.verify_code, digest=made.digest)
        _require(found.authentic and found.report_no == made.number, "the code is not known")
        return made.number

    def _refusal(self, claim: StatedClaim) -> str:
        try:
            self._verify(claim)
        except XinqiaoError as error:
            return error.code.value
        return "RELEASED"

    def _nothing_kept(self, amount: str) -> None:
        """No value of a record or a claim in anything the hub keeps."""
        firm = department.CLAIMANT
        kept = [path for path in self.hub_home.rglob("*") if path.is_file()]
        for mark in (firm.certificate, amount, "云陵省税务局"):
            hits = [path.name for path in kept if mark.encode() in path.read_bytes()]
            _require(not hits, f"a value was found at the hub: {hits}")


def _stated(item: str, values: department.Row) -> StatedClaim:
    return state_claim(catalogue.load(), item, values, on=SystemClock().now().astimezone(SHANGHAI).date())


def _require(condition: object, why: str) -> None:
    if not condition:
        raise AssertionError(why)
