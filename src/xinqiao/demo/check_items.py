"""The journey of items: asked by the bank's key, agreed to on the portal's own forms, answered by the department's node."""

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from xinqiao.client import Client
from xinqiao.client.exchange import Ask
from xinqiao.clock import SystemClock
from xinqiao.demo import department
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import OpenKey, SigningKey

FIELDS = ["arrears_amount", "status", "tax_authority", "uscc"]
#: The grid of the department's node, in milliseconds: no yes or no comes sooner.
GRID_MS = 300
_OPERATOR: dict[str, Json] = {"name": "林知远（演示）", "department": "小企业信贷部"}


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
    institution: str
    key: SigningKey
    portal: Forms
    hub_home: Path
    authorisation: str = ""
    salts: dict[str, str] = field(default_factory=dict)

    def walk(self) -> dict[str, Json]:
        """Ask, agree, call, verify three ways, guess too often, withdraw, be refused."""
        firm = department.CLAIMANT
        self._login(firm)
        guesses = [firm.house | {"certificate_no": f"云陵（演示）不动产权第{n:07d}号"} for n in (1, 2, 3)]
        stranger = guesses[0] | {"owner_name": "查无此人（演示）"}
        claims = [(department.HOUSE, firm.house), (department.MARRIAGE, firm.marriage)]
        claims += [(department.HOUSE, guess) for guess in (stranger, *guesses[1:])]
        self._ask(claims)
        self._agree()
        opened = self._call()
        records = cast("list[dict[str, dict[str, str]]]", opened["records"])
        _require(records and records[0]["values"]["uscc"] == firm.uscc, "the answer is about somebody else")
        _require("演示数据" in records[0]["values"]["tax_authority"], "the record is not marked")
        _require(opened["demo"] is True, "the answer is not marked")
        married, _ = self._verify(*claims[1])
        answers = [self._verify(*claim) for claim in (claims[0], claims[2], claims[3])]
        _require(married == "yes", "the marriage was not confirmed")
        _require([said for said, _ in answers] == ["yes", "not", "not"], f"answers {answers}")
        sizes = {size for _, (size, _) in answers}
        _require(len(sizes) == 1, f"sizes differ: {sizes}")
        fastest = min(took for _, (_, took) in answers)
        _require(fastest >= GRID_MS, f"an answer came before its tick: {fastest} ms")
        fourth = self._refusal(claims[4])
        _require(fourth == "VERIFICATION_BUDGET", f"a fourth guess: {fourth}")
        self._withdraw()
        gone = self._refusal(claims[0])
        _require(gone == "CONSENT_REVOKED", f"after the withdrawal: {gone}")
        self._nothing_kept(records[0]["values"]["arrears_amount"])
        return {
            "records": len(records), "answers": [said for said, _ in answers], "bytes": sizes.pop(),
            "fourth_guess": fourth, "after_withdrawal": gone,
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
            "decision": "confirm", "item": [department.ARREARS], "claim": sorted(self.salts), "days": "30",
            "queries": "8", "own": "on",
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

    # --- the bank ---------------------------------------------------------------------------------------------------

    def _post(self, path: str, body: dict[str, Json]) -> tuple[dict[str, Json], tuple[int, int]]:
        started = time.perf_counter()
        ask = Ask("POST", path, body=canonical_bytes(body), key=secrets.token_urlsafe(18))
        got = self.client.run(self.client.operations.ask(ask))
        took = round((time.perf_counter() - started) * 1000)
        return strict_object(got.body), (len(got.body), took)

    def _ask(self, claims: list[tuple[str, department.Row]]) -> None:
        asked: list[Json] = []
        salts = []
        for item, values in claims:
            salts.append(secrets.token_hex(32))
            asked.append({"item": item, "values": {**values}, "salt": salts[-1]})
        body: dict[str, Json] = {
            "subject_uscc": department.CLAIMANT.uscc, "purpose": "loan_application", "business_ref": "CHECK-ITEMS-1",
            "operator": _OPERATOR, "items": [{"item": department.ARREARS, "fields": [*FIELDS]}], "claims": asked,
            "valid": {"days": 30}, "frequency": {"max": 8},
        }  # fmt: skip
        found, _ = self._post("/api/v1/items/authorisation-requests", body)
        self.authorisation = str(found["id"])
        got = self.client.run(
            self.client.operations.ask(Ask("GET", f"/api/v1/items/authorisations/{self.authorisation}"))
        )
        view = json.loads(got.body)
        self.salts = {one["digest"]: "" for one in view["asked_claims"]}
        self._salt_of = {
            canonical_bytes({**values}): salt for (_, values), salt in zip(claims, salts, strict=True)
        }

    _salt_of: dict[bytes, str] = field(default_factory=dict)

    def _statement(self, asked: dict[str, Json]) -> str:
        claims: dict[str, Json] = {
            "iss": self.institution, "jti": secrets.token_hex(12), "iat": int(SystemClock().now().timestamp()),
            "authorisation_id": self.authorisation, "purpose": "loan_application", **asked,
        }  # fmt: skip
        return sign_jws(claims, self.key, ArtefactType.ITEM_QUERY)

    def _call(self) -> dict[str, Json]:
        key = OpenKey.generate()
        asked: dict[str, Json] = {"item": department.ARREARS, "fields": [*FIELDS]}
        body: dict[str, Json] = {
            **asked, "authorisation_id": self.authorisation, "purpose": "loan_application", "operator": _OPERATOR,
            "one_time_key": {**key.public.to_jwk()},
            "statement": self._statement({**asked, "claim": None, "jkt": key.kid}),
        }  # fmt: skip
        found, _ = self._post("/api/v1/items/queries", body)
        signed = open_sealed(str(found["answer"]), key).decode("ascii")
        return strict_object(unb64(signed.split(".")[1]))

    def _verify(self, item: str, values: department.Row) -> tuple[str, tuple[int, int]]:
        salt = self._salt_of[canonical_bytes({**values})]
        digest = _digest(item, values, salt)
        asked: dict[str, Json] = {"item": item, "fields": [*sorted(values)], "claim": digest, "jkt": None}
        body: dict[str, Json] = {
            "authorisation_id": self.authorisation, "purpose": "loan_application", "operator": _OPERATOR,
            "claim": {"item": item, "values": {**values}, "salt": salt}, "statement": self._statement(asked),
        }  # fmt: skip
        found, measured = self._post("/api/v1/verifications", body)
        said = strict_object(unb64(str(found["answer"]).split(".")[1]))
        return str(said["answer"]), (len(str(found["answer"])), measured[1])

    def _refusal(self, claim: tuple[str, department.Row]) -> str:
        try:
            self._verify(*claim)
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


def _digest(item: str, values: department.Row, salt: str) -> str:
    from xinqiao import catalogue
    from xinqiao.domain.verification import claim_digest, read_claim

    known = catalogue.load()
    today = SystemClock().now().date()
    return claim_digest(read_claim(known, known.items[item], values, on=today), salt)


def _require(condition: object, why: str) -> None:
    if not condition:
        raise AssertionError(why)
