"""A small invented department: tax arrears, pensions, real estate and marriages, with planted canaries; and its hub's side."""

import csv
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx

from xinqiao import catalogue as catalogues
from xinqiao.clock import SHANGHAI, Pace
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose
from xinqiao.domain.identifiers import resident_check
from xinqiao.domain.items import (
    ClaimGrant,
    ItemAuthorisation,
    ItemGrant,
    ItemKind,
    ItemPermit,
    ItemScope,
    ItemTerms,
    PersonConsent,
    authorisation_claims,
    grant,
    permit_claims,
)
from xinqiao.domain.verification import claim_digest, read_claim
from xinqiao.provider.setup import NodeSetup, write_home
from xinqiao.provider.testing.bank import FIRM
from xinqiao.provider.testing.node import NodeFixture
from xinqiao.provider.testing.platform import HUB_ID, HUB_URL, INSTITUTION
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import SigningKey

ARREARS, PENSION = "historical_tax_arrears", "pension_contribution"
HOUSE, MARRIAGE = "real_estate_registration", "legal_rep_marital_status"
CATALOGUE = catalogues.load()
SALT = "5a" * 32


def a_person_id(serial: int) -> str:
    """A number in good form (an old birthday, a serial of the tests)."""
    body = f"11010219000101{serial:03d}"
    return body + resident_check(body)


@dataclass(frozen=True, slots=True)
class Marks:
    """Texts planted in the records, found nowhere outside a sealed answer."""

    owner: str = "演示业主甲"
    owner_id: str = field(default_factory=lambda: a_person_id(901))
    certificate: str = "演示（2026）不动产权第0000901号"
    arrears: str = "87654.32"
    authority: str = "金丝雀税务所"

    @property
    def all(self) -> tuple[str, ...]:
        """Every planted text."""
        return (self.owner, self.owner_id, self.certificate, self.arrears, self.authority)


def arrears_row(marks: Marks, **changes: str) -> dict[str, str]:
    """One settled arrears of the firm."""
    return {
        "ent_name": FIRM.name, "uscc": FIRM.uscc, "tax_type": "vat", "period_start": "2025-01-01",
        "period_end": "2025-03-31", "arrears_amount": marks.arrears, "due_date": "2025-04-20",
        "cleared_on": "2025-05-06", "status": "cleared", "tax_authority": marks.authority,
    } | changes  # fmt: skip


def house(marks: Marks, **changes: str) -> dict[str, str]:
    """What an owner states about a house."""
    return {
        "owner_name": marks.owner, "owner_id_type": "01", "owner_id_no": marks.owner_id,
        "certificate_no": marks.certificate,
    } | changes  # fmt: skip


def marriage(marks: Marks, **changes: str) -> dict[str, str]:
    """What a legal representative states about himself."""
    return {
        "legal_rep_name": marks.owner, "legal_rep_id_no": marks.owner_id, "marital_status": "20",
    } | changes  # fmt: skip


def write_items(folder: Path, marks: Marks) -> None:
    """The items folder of the small department."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / f"{ARREARS}.csv", [arrears_row(marks)])
    write_csv(folder / f"{HOUSE}.csv", [house(marks, usage="residential", area_sqm="88.50")])
    write_csv(folder / f"{MARRIAGE}.csv", [marriage(marks)])
    (folder / "manifest.json").write_text(json.dumps({"data_as_of": "2026-11-20"}), encoding="utf-8")


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows under the names of their fields."""
    names = sorted({name for row in rows for name in row})
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class TestClock:
    """A monotonic clock that moves only when told, and remembers how long was slept."""

    __test__ = False
    now: float = 1_000.0  # house: allow float - seconds of a monotonic clock
    slept: list[float] = field(default_factory=list)  # house: allow float

    def pace(self) -> Pace:
        """The pace of a node that lives by this clock."""
        return Pace(lambda: self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:  # house: allow float
        """Pass the time at once."""
        self.slept.append(seconds)
        self.now += seconds


class DepartmentFixture(NodeFixture):
    """A department's node in this process, and an institution that holds an authorisation of the firm."""

    def __init__(self, home: Path, *, marks: Marks | None = None, limits: str = "") -> None:
        self.marks = marks or Marks()
        self.monotonic = TestClock()
        self._limits = limits
        super().__init__(home, pace=self.monotonic.pace())

    def _make_home(self, users: tuple[tuple[str, str, str], ...]) -> None:
        setup = NodeSetup(
            node_id=self.hub.node, institution="ins-" + "2" * 32, name="演示省税务与登记部门（演示数据）", bank_name="",
            public_url=self.hub.base_url, hub_id=HUB_ID, hub_url=HUB_URL, demo=True, items_folder="items", users=users,
        )  # fmt: skip
        write_home(self.home, setup, self.hub.anchor())
        path = self.home / "provider.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("[items]\n", f"[items]\n{self._limits}"), encoding="utf-8")
        write_items(self.home / "items", self.marks)

    # --- the hub's and the institution's side -----------------------------------------------------------------------

    def digest(self, item: str, values: Mapping[str, str], salt: str = SALT) -> str:
        """The digest of a claim."""
        today = self.clock.now().astimezone(SHANGHAI).date()
        return claim_digest(read_claim(CATALOGUE, CATALOGUE.items[item], values, on=today), salt)

    def authorisation(
        self,
        *claims: tuple[str, Mapping[str, str]],
        persons: frozenset[PersonConsent] | None = None,
        report: bool = False,
    ) -> tuple[str, ItemAuthorisation]:
        """The firm's signed authorisation: the arrears, the claims that are named, perhaps reports."""
        now = self.clock.now()
        fields = ItemTerms.of(CATALOGUE.items[ARREARS]).fields - {"late_fee"}
        scope = ItemScope(
            grants=frozenset({ItemGrant(ARREARS, fields)}),
            claims=frozenset(
                ClaimGrant(item, frozenset(values), self.digest(item, values)) for item, values in claims
            ),
            purpose=Purpose.LOAN_APPLICATION,
            valid_days=30,
            max_queries=30,
            report=report,
        )
        if persons is None:
            persons = frozenset(
                {PersonConsent("psn-1", frozenset({HOUSE, MARRIAGE}), written=True, text_digest="d" * 64)}
            )
        held = grant(
            id="ita-" + "5" * 32, subject=FIRM.uscc, institution=INSTITUTION, scope=scope, persons=persons, at=now
        )  # fmt: skip
        payload = authorisation_claims(
            held, issuer=HUB_ID, signatory="psn-1", signed_at=now, shown_digest="0" * 64
        )
        token = sign_jws(payload, self.hub.key, ArtefactType.ITEM_AUTHORISATION)
        return token, ItemAuthorisation.from_claims(payload)

    def statement(
        self, item: str, fields: frozenset[str], claim: str | None, *, key: SigningKey | None = None, **changes: Json
    ) -> str:  # fmt: skip
        """The institution's own signed statement."""
        body: dict[str, Json] = {
            "iss": INSTITUTION, "jti": secrets.token_hex(16), "authorisation_id": "ita-" + "5" * 32, "item": item,
            "fields": [*sorted(fields)], "claim": claim, "purpose": str(Purpose.LOAN_APPLICATION),
            "jkt": None if claim else self.hub.one_time.public.kid, "iat": int(self.clock.now().timestamp()),
        }  # fmt: skip
        return sign_jws(body | changes, key or self.hub.institution_key, ArtefactType.ITEM_QUERY)

    def permit(
        self, held: ItemAuthorisation, item: str, fields: frozenset[str], claim: str | None, statement: str
    ) -> ItemPermit:
        """A fresh permit."""
        now = self.clock.now()
        one_time = {name: str(value) for name, value in self.hub.one_time.public.to_jwk().items()}
        return ItemPermit(
            jti=secrets.token_hex(16), hub=HUB_ID, node=self.hub.node, institution=INSTITUTION, subject=FIRM.uscc,
            kind=ItemKind.VERIFICATION if claim else ItemKind.INTERFACE, item=item, fields=fields, claim=claim,
            purpose=Purpose.LOAN_APPLICATION, authorisation_id=held.id, authorisation_digest=held.artefact_digest,
            enc_jwk=None if claim else one_time, issued_at=now, expires_at=now + timedelta(seconds=30),
            request_digest=hashlib.sha256(statement.encode("ascii")).hexdigest(),
        )  # fmt: skip

    def item_body(
        self, *, item: str = ARREARS, fields: frozenset[str] = frozenset({"uscc", "arrears_amount"}), **changes: object
    ) -> dict[str, Json]:  # fmt: skip
        """A whole query of an interface item; ``changes`` are of the permit."""
        token, held = self.authorisation()
        statement = self.statement(item, fields, None)
        permit = replace(self.permit(held, item, fields, None, statement), **changes)  # type: ignore[arg-type]
        signed = sign_jws(permit_claims(permit), self.hub.key, ArtefactType.ITEM_PERMIT)
        return {"permit": signed, "authorisation": token, "query": statement}

    def verification_body(
        self, item: str, values: Mapping[str, str], *, agreed: Mapping[str, str] | None = None,
        persons: frozenset[PersonConsent] | None = None,
    ) -> dict[str, Json]:  # fmt: skip
        """A whole verification; ``agreed`` is the tuple the firm agreed to, where it is another."""
        agreed = agreed or values
        token, held = self.authorisation((item, agreed), persons=persons)
        claim, fields = self.digest(item, agreed), frozenset(agreed)
        statement = self.statement(item, fields, claim)
        permit = self.permit(held, item, fields, claim, statement)
        signed = sign_jws(permit_claims(permit), self.hub.key, ArtefactType.ITEM_PERMIT)
        return {
            "permit": signed,
            "authorisation": token,
            "query": statement,
            "claim": {"values": {**values}, "salt": SALT},
        }

    def ask_item(self, **changes: object) -> httpx.Response:
        """Ask for an interface item."""
        return self.post("/node/v1/items", self.item_body(**changes))  # type: ignore[arg-type]

    def verify(self, item: str, values: Mapping[str, str], **changes: object) -> httpx.Response:
        """Ask yes or no."""
        return self.post("/node/v1/verifications", self.verification_body(item, values, **changes))  # type: ignore[arg-type]

    def opened_item(self, answer: Mapping[str, Json]) -> dict[str, Json]:
        """Open an answer with the one-time key and check the node's signature inside."""
        inner = open_sealed(str(answer["answer"]), self.hub.one_time, typ=ArtefactType.ITEM_ANSWER)
        return self.signed(inner.decode("ascii"), ArtefactType.ITEM_ANSWER)

    def signed(self, token: str, typ: ArtefactType) -> dict[str, Json]:
        """The payload of something the node signed."""
        key = self.service.key
        return verify_jws(token, {key.kid: key.public}, typ=typ, at=self.clock.now(), max_bytes=1 << 20)
