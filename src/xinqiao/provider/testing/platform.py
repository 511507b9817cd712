"""The hub's and an institution's side of the conversation with a node: keys, artefacts, signed requests."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import (
    Authorisation,
    Entrustment,
    Permit,
    Product,
    Purpose,
    QueryKind,
    Reader,
    Scope,
    authorisation_claims,
    entrustment_claims,
    permit_claims,
)
from xinqiao.domain.period import format_instant
from xinqiao.provider.testing.bank import FIRM, Holder
from xinqiao.trust.httpsig import sign_request
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import OpenKey, SigningKey
from xinqiao.trust.packing import unpack

HUB_ID = "hub-test"
HUB_URL = "http://hub.test"
NODE_ID = "nod-" + "1" * 32
NODE_URL = "http://node.test"
INSTITUTION = "ins-" + "9" * 32


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed request, as bytes and headers."""

    url: str
    headers: dict[str, str]
    content: bytes
    signature: str


@dataclass
class Platform:
    """The hub's side of the conversation: its key, one institution's key, and the artefacts they sign."""

    clock: Clock
    key: SigningKey = field(default_factory=SigningKey.generate)
    institution_key: SigningKey = field(default_factory=SigningKey.generate)
    one_time: OpenKey = field(default_factory=OpenKey.generate)
    base_url: str = NODE_URL
    node: str = NODE_ID

    def anchor(self) -> dict[str, Json]:
        """The anchor file's content."""
        return {"id": HUB_ID, "name": "信桥（测试）", "keys": [dict(self.key.public.to_jwk())]}

    def directory(self, *, version: int = 1, institutions: Mapping[str, SigningKey] | None = None) -> str:
        """A signed directory naming the institution (or the given ones)."""
        listed = {INSTITUTION: self.institution_key} if institutions is None else institutions
        now = int(self.clock.now().timestamp())
        claims: dict[str, Json] = {
            "iss": HUB_ID, "iat": now, "exp": now + 86_400, "version": version,
            "hub": self.anchor(), "nodes": [],
            "institutions": [
                {"id": one, "name": "远山银行", "keys": [dict(key.public.to_jwk())]} for one, key in listed.items()
            ],
        }  # fmt: skip
        return sign_jws(claims, self.key, ArtefactType.DIRECTORY)

    def request(
        self, path: str, content: bytes, *, key: SigningKey | None = None, nonce: str | None = None,
        media: str = "application/json",
    ) -> Sent:  # fmt: skip
        """Sign any bytes for an address of the node."""
        headers = {"Content-Type": media}
        url = self.base_url + path
        signature = sign_request(
            "POST", url, headers, content, key or self.key, self.clock.now(), nonce or secrets.token_hex(16)
        )
        return Sent(url, headers, content, signature)

    def entrustment_claims(self, holder: Holder = FIRM, **changes: str) -> dict[str, Json]:
        """The payload of an entrustment of the holder's account to the node."""
        entrustment = Entrustment(
            id=changes.get("id", "etr-" + holder.link[4:]), subject=changes.get("subject", holder.uscc),
            provider=changes.get("provider", self.node), account=changes.get("account", holder.link),
            products=frozenset(Product), agreement_version="1", signed_at=self.clock.now(),
        )  # fmt: skip
        return entrustment_claims(
            entrustment, issuer=HUB_ID, signatory="usr-" + "1" * 32, agreement_digest="0" * 64
        )

    def termination(self, holder: Holder = FIRM, **changes: str) -> str:
        """The end of the holder's entrustment."""
        claims: dict[str, Json] = {
            "artefact": "withdrawal", "v": 1, "iss": HUB_ID, "aud": changes.get("aud", self.node),
            "kind": changes.get("kind", "entrustment"), "id": changes.get("id", "etr-" + holder.link[4:]),
            "account": changes.get("account", holder.link), "signed_at": format_instant(self.clock.now()),
        }  # fmt: skip
        return sign_jws(claims, self.key, ArtefactType.WITHDRAWAL)

    def authorisation(
        self, *, accounts: frozenset[str] = frozenset({FIRM.link}), months: int = 24, balance: bool = True,
        reader: Reader = Reader.INSTITUTION_KEY, products: frozenset[Product] = frozenset(Product),
        days: int = 30,
    ) -> tuple[str, Authorisation]:  # fmt: skip
        """A signed authorisation of the institution, and as the domain reads it."""
        now = self.clock.now()
        scope = Scope(accounts, products, months, days, 6, balance, Purpose.LOAN_APPLICATION)
        granted = Authorisation(
            id="aut-" + "5" * 32, subject=FIRM.uscc, institution=INSTITUTION, scope=scope,
            valid_from=now, valid_to=now + timedelta(days=days),
        )  # fmt: skip
        claims = authorisation_claims(
            granted, issuer=HUB_ID, signatory="usr-" + "1" * 32, signed_at=now, shown_digest="0" * 64, reader=reader
        )  # fmt: skip
        token = sign_jws(claims, self.key, ArtefactType.AUTHORISATION)
        return token, Authorisation.from_claims(claims)

    def statement(
        self, *, key: SigningKey | None = None, jkt: str | None = None, months: int = 24, account: str = FIRM.link,
        age: timedelta = timedelta(0),
    ) -> str:  # fmt: skip
        """The institution's own signed query."""
        claims: dict[str, Json] = {
            "iss": INSTITUTION, "jti": secrets.token_hex(16), "authorisation_id": "aut-" + "5" * 32,
            "account": account, "product": str(Product.REPORT), "months": months,
            "purpose": str(Purpose.LOAN_APPLICATION), "jkt": jkt or self.one_time.public.kid,
            "iat": int((self.clock.now() - age).timestamp()),
        }  # fmt: skip
        return sign_jws(claims, key or self.institution_key, ArtefactType.QUERY)

    def permit(
        self, entrusted: Entrustment, *, authorisation: Authorisation | None = None, statement: str | None = None,
        reader: Reader | None = None,
    ) -> Permit:  # fmt: skip
        """A fresh permit: a self query, or an institution's when an authorisation is given. Change it by ``replace``."""
        now = self.clock.now()
        asked = authorisation is not None
        digest = hashlib.sha256(statement.encode("ascii")).hexdigest() if statement else "0" * 64
        return Permit(
            jti=secrets.token_hex(16), hub=HUB_ID, node=self.node, institution=INSTITUTION if asked else None,
            subject=entrusted.subject, account=entrusted.account, product=Product.REPORT, months=24,
            include_balance=True, purpose=Purpose.LOAN_APPLICATION if asked else None,
            query_kind=QueryKind.INSTITUTION if asked else QueryKind.SELF,
            reader=reader or (Reader.INSTITUTION_KEY if statement else Reader.HUB_DISPLAY),
            authorisation_id=authorisation.id if authorisation else None,
            authorisation_digest=authorisation.artefact_digest if authorisation else None,
            entrustment_id=entrusted.id, entrustment_digest=entrusted.digest,
            enc_jwk={name: str(value) for name, value in self.one_time.public.to_jwk().items()},
            request_digest=digest, issued_at=now, expires_at=now + timedelta(seconds=30),
        )  # fmt: skip

    def product_body(
        self, permit: Permit, *, authorisation: str | None = None, statement: str | None = None
    ) -> dict[str, Json]:
        """The body of ``POST /node/v1/products``."""
        token = sign_jws(permit_claims(permit), self.key, ArtefactType.PERMIT)
        return {"permit": token, "authorisation": authorisation, "query": statement}

    def opened(self, answer: Mapping[str, Json], node_key: SigningKey) -> dict[str, Json]:
        """Open a product with the one-time key and check the node's signature inside."""
        inner = open_sealed(str(answer["product"]), self.one_time, typ=ArtefactType.PRODUCT)
        return verify_jws(
            unpack(inner, max_bytes=1 << 20), {node_key.kid: node_key.public}, typ=ArtefactType.PRODUCT,
            at=self.clock.now(), max_bytes=1 << 20,
        )  # fmt: skip
