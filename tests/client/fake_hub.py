"""A platform with one node in a few lines, made of trust primitives: strict, signing, and spoilable step by step.

It checks every request as the real one does (token, signature, nonce, idempotency, statement) and answers with real
signatures and a really sealed product. ``spoil`` replaces one part of the next answers. All names are invented.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx
from tests.client import fake_credit
from tests.client.ids import ACCOUNT, AUTHORISATION, BASE, HUB, INSTITUTION, LOG, NODE, USCC

from xinqiao.client import Anchor
from xinqiao.clock import AdjustableClock
from xinqiao.domain.canonical import Json, canonical_bytes, digest_hex
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
from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.domain.period import format_instant
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.httpsig import sign_response, verify_request
from xinqiao.trust.jwe import seal
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import SealKey, SigningKey
from xinqiao.trust.packing import pack

#: Stands in the product and nowhere else: found in a log or a file, it is a leak.
CANARY = "CANARY-7c1f-月均经营流入"


class Refusal(Exception):
    """An answer that is a problem document."""

    def __init__(self, status: int, code: str, **extra: Json) -> None:
        super().__init__(code)
        self.status, self.code, self.extra = status, code, extra


@dataclass
class FakeHub:
    """State and knobs. ``next_errors`` are raised one after the other instead of answering a signed operation."""

    clock: AdjustableClock
    institution_key: SigningKey
    hub_key: SigningKey = field(default_factory=SigningKey.generate)
    node_key: SigningKey = field(default_factory=SigningKey.generate)
    base: str = BASE
    tokens: dict[str, datetime] = field(default_factory=dict)
    nonces: set[tuple[str, str]] = field(default_factory=set)
    assertions: set[str] = field(default_factory=set)
    answers: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    next_errors: list[Exception] = field(default_factory=list)
    spoil: dict[str, Callable[..., object]] = field(default_factory=dict)
    uses: int = 0
    directory_version: int = 3
    also_listed: list[SigningKey] = field(default_factory=list)
    product: dict[str, Json] | None = None
    last_released: dict[str, Json] | None = None

    def __post_init__(self) -> None:
        now = self.clock.now()
        entrustment = Entrustment(
            id="etr-" + "5" * 32, subject=USCC, provider=NODE, account=ACCOUNT,
            products=frozenset(Product), agreement_version="1", signed_at=now - timedelta(days=30),
        )  # fmt: skip
        claims = entrustment_claims(entrustment, issuer=HUB, signatory="usr-x", agreement_digest="a" * 64)
        self.entrustment = replace(entrustment, digest=digest_hex(claims))
        self.entrustment_jws = sign_jws(claims, self.hub_key, ArtefactType.ENTRUSTMENT)
        scope = Scope(frozenset({ACCOUNT}), frozenset(Product), 24, 30, 3, True, Purpose.LOAN_APPLICATION)
        given = Authorisation(
            AUTHORISATION, USCC, INSTITUTION, scope, now - timedelta(days=1), now + timedelta(days=29)
        )
        claims = authorisation_claims(
            given, issuer=HUB, signatory="usr-x", signed_at=now - timedelta(days=1),
            shown_digest="b" * 64, reader=Reader.INSTITUTION_KEY, business_ref="YS-1",
        )  # fmt: skip
        self.authorisation = replace(given, artefact_digest=digest_hex(claims))
        self.authorisation_jws = sign_jws(claims, self.hub_key, ArtefactType.AUTHORISATION)

    @property
    def anchor(self) -> Anchor:
        return Anchor.of(HUB, self.hub_key.public, name="演示平台")

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    # -- the wire ---------------------------------------------------------------------------------------------------

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.calls.append((request.method, path))
        bound: str | None = None
        try:
            if path not in _OPEN:
                bound = self._caller(request)
                if self.next_errors:
                    raise self.next_errors.pop(0)
            status, content, kind = self._answer(request)
        except Refusal as no:
            kind, status = "application/problem+json", no.status
            content = json.dumps(
                {"type": f"urn:xinqiao:error:{no.code}", "title": "不行", "status": status, "code": no.code,
                 "detail": "told by the platform", "step": "请重试", "trace_id": "f" * 32, **no.extra}
            ).encode()  # fmt: skip
        headers = {"Content-Type": kind}
        if status == 429:
            headers["Retry-After"] = "1"
        sign_response(status, headers, content, self.hub_key, self.clock.now(), request_signature=bound)
        response = httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))
        spoil = self.spoil.get("response")
        if spoil is not None and path not in _OPEN:
            spoiled = spoil(response, content)
            assert isinstance(spoiled, httpx.Response)
            return spoiled
        return response

    def _caller(self, request: httpx.Request) -> str:
        now = self.clock.now()
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens or now >= self.tokens[token]:
            raise Refusal(401, "UNAUTHENTICATED")
        pairs = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        keys = {self.institution_key.kid: self.institution_key.public}
        try:
            seen = verify_request(request.method, str(request.url), pairs, request.content, keys.get, now)
        except XinqiaoError as error:
            raise Refusal(401, str(error.code)) from error
        if (seen.keyid, seen.nonce) in self.nonces:
            raise Refusal(401, "REPLAYED")
        self.nonces.add((seen.keyid, seen.nonce))
        return seen.signature_b64

    def _answer(self, request: httpx.Request) -> tuple[int, bytes, str]:
        path, body = request.url.path, request.content
        if path == "/api/v1/ledger":
            return 200, b'{"party":"me"}\n', "application/jsonl"
        key = request.headers.get("idempotency-key")
        if request.method == "POST" and path not in _OPEN:
            if key is None:
                raise Refusal(400, "IDEMPOTENCY_KEY_REQUIRED")
            seen = self.answers.get(key)
            if seen is not None:
                if seen[0] != hashlib.sha256(body).hexdigest():
                    raise Refusal(422, "IDEMPOTENCY_MISMATCH")
                return seen[1], seen[2], "application/json"
        status, answer = self._operation(request, strict_object(body) if body else {})
        content = canonical_bytes(answer)
        if key is not None:
            self.answers[key] = (hashlib.sha256(body).hexdigest(), status, content)
        return status, content, "application/json"

    def _operation(self, request: httpx.Request, body: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        path, now = request.url.path, self.clock.now()
        match path.rsplit("/", 1):
            case _ if path == "/oauth/token":
                return 200, self._token(str(body["client_assertion"]))
            case _ if path == "/api/v1/directory":
                return 200, {"directory": self.directory()}
            case _ if path == "/api/v1/checkpoints/latest":
                return 200, {"size": 9, "root": "00", "note": "note", "at": format_instant(now)}
            case _ if path == "/api/v1/products/verify":
                known = self.last_released or {}
                good = body.get("verify_code") == known.get("verify_code", "?")
                return 200, {
                    "authentic": good, "report_no": known.get("report_no") if good else None, "product": None,
                    "released_at": None, "leaf_index": None, "digest_matches": None,
                }  # fmt: skip
            case _ if path == "/api/v1/authorisation-requests":
                detail = body["authorization_details"]
                assert isinstance(detail, list)
                return 201, {
                    "id": AUTHORISATION, "request_no": "AR-20261121-0001", "state": "requested",
                    "request_expires_at": format_instant(now + timedelta(days=15)), "links": {"self": "/"},
                }  # fmt: skip
            case _ if path == "/api/v1/invitations":
                return 201, {
                    "id": "inv-" + "6" * 32,
                    "uscc": body["uscc"],
                    "state": "open",
                    "created_at": format_instant(now),
                }
            case ["/api/v1/enterprises", uscc]:
                return 200, {"uscc": uscc, "has_data_account": True, "name": "云栖禾木家具有限公司（演示）"}
            case ["/api/v1/authorisations", found]:
                if found != AUTHORISATION:
                    raise Refusal(404, "NOT_FOUND")
                return 200, self.view()
            case _ if path == "/api/v1/authorisations":
                return 200, {"items": [self.view()], "next_cursor": None}
            case _ if path.startswith(("/api/v1/items/", "/api/v1/credit-reports", "/api/v1/portraits")):
                return self._credit(request, path)
            case _ if path == "/api/v1/fundflow/queries" and request.method == "POST":
                return 200, self._query(body)
            case _ if path == "/api/v1/fundflow/queries":
                return 200, {"items": [self.record()] if self.last_released else [], "next_cursor": None}
            case ["/api/v1/fundflow/queries", found]:
                if not self.last_released or found != self.last_released["id"]:
                    raise Refusal(404, "NOT_FOUND")
                return 200, self.record() | {
                    "nearest": None, "permit": None, "receipt": None, "product_digest": None,
                    "verify_code": None, "leaf_hash": None, "sealed": None,
                }  # fmt: skip
            case _:
                raise Refusal(404, "NOT_FOUND")

    def _credit(self, request: httpx.Request, path: str) -> tuple[int, dict[str, Json]]:
        now = self.clock.now()
        mine = fake_credit.item_authorisation(now, self.uses)
        match path.removeprefix("/api/v1/"), request.method:
            case "items/authorisations", "GET":
                return 200, {"items": [mine], "next_cursor": None}
            case found, "GET" if found == f"items/authorisations/{fake_credit.ITEMS}":
                return 200, mine
            case "credit-reports", "POST":
                self.uses += 1
                said = self._spoilt("document", fake_credit.document(now))
                return 201, fake_credit.answer(now, self._spoilt("report_key", self.hub_key), said)
            case "portraits", "POST":
                self.uses += 1
                said = self._spoilt("portrait", fake_credit.portrait(now))
                return 201, fake_credit.portrait_answer(now, self._spoilt("report_key", self.hub_key), said)
            case "credit-reports", "GET":
                return 200, {"items": []}
            case _:
                raise Refusal(404, "NOT_FOUND")

    # -- what it says -----------------------------------------------------------------------------------------------

    def _token(self, assertion: str) -> dict[str, Json]:
        head, payload, signature = assertion.split(".")
        claims, now = strict_object(unb64(payload)), self.clock.now()
        signed = f"{head}.{payload}".encode()
        exp, jti = claims["exp"], str(claims["jti"])
        assert isinstance(exp, int)
        good = self.institution_key.public.verify(signed, unb64(signature))
        mine = claims["iss"] == claims["sub"] == INSTITUTION and claims["aud"] == f"{self.base}/oauth/token"
        if (
            not good
            or not mine
            or not now.timestamp() < exp <= now.timestamp() + 300
            or jti in self.assertions
        ):
            raise Refusal(401, "SIGNATURE_INVALID")
        self.assertions.add(jti)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = now + timedelta(seconds=300)
        bound_to = self._spoilt("jkt", self.institution_key.kid)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 300, "cnf": {"jkt": bound_to}}

    def directory(self) -> str:
        now = int(self.clock.now().timestamp())

        def keys(key: SigningKey) -> list[Json]:
            return [{**key.public.to_jwk(), "nbf": now - 9_000_000, "exp": now + 9_000_000}]

        claims: dict[str, Json] = {
            "iss": HUB, "iat": now, "exp": now + 86_400, "version": self.directory_version,
            "hub": {"id": HUB, "name": "演示平台", "keys": [one for key in (self.hub_key, *self.also_listed) for one in keys(key)]},
            "nodes": [{"id": NODE, "institution": "ins-" + "9" * 32, "name": "青屿银行", "base_url": "https://node.test", "keys": keys(self.node_key)}],
            "institutions": [{"id": INSTITUTION, "name": "远山银行", "keys": keys(self.institution_key)}],
        }  # fmt: skip
        return sign_jws(claims, self.hub_key, ArtefactType.DIRECTORY)

    def view(self) -> dict[str, Json]:
        given, now = self.authorisation, self.clock.now()
        artefacts: list[Json] = [
            {"seq": 1, "type": "authorisation", "jws": self.authorisation_jws, "digest": given.artefact_digest,
             "signed_at": format_instant(given.valid_from)},
            {"seq": 0, "type": "entrustment", "jws": self.entrustment_jws, "digest": self.entrustment.digest,
             "signed_at": format_instant(self.entrustment.signed_at)},
        ]  # fmt: skip
        return {
            "id": AUTHORISATION, "request_no": "AR-20261121-0001", "authorisation_no": "AU-20261121-0047",
            "subject_uscc": USCC, "subject_name": "云栖禾木家具有限公司（演示）", "purpose": "loan_application",
            "business_ref": "YS-2026-11-3382", "state": "active", "requested_at": format_instant(now - timedelta(days=2)),
            "request_expires_at": format_instant(now + timedelta(days=13)), "uses": self.uses, "reader": "institution_key",
            "requested": {"datatypes": ["FLOW_REPORT"], "accounts": None, "months": 24, "valid_days": 30, "max_queries": 3, "include_balance": True},
            "granted": {"datatypes": ["FLOW_REPORT", "FLOW_SUMMARY"],
                        "accounts": [{"link": ACCOUNT, "masked": "6217 **** 3017", "bank_name": "青屿银行", "node": NODE, "live": True}],
                        "months": 24, "max_queries": 3, "include_balance": True, "valid_from": format_instant(given.valid_from),
                        "valid_to": format_instant(given.valid_to), "partly": False},
            "decided_at": format_instant(given.valid_from), "refusal_reason": None, "withdrawn_at": None,
            "artefacts": artefacts, "allowed_actions": ["query"],
        }  # fmt: skip

    def record(self) -> dict[str, Json]:
        now, known = format_instant(self.clock.now()), self.last_released or {}
        return {
            "id": known["id"], "kind": "institution", "state": "released", "code": None, "reason": None,
            "authorisation_id": AUTHORISATION, "account": ACCOUNT, "product": "FLOW_REPORT", "months": 24,
            "purpose": "loan_application", "reader": "institution_key", "operator": "林知远", "department": "小企业信贷部",
            "asked_at": now, "answered_at": now, "report_no": known["report_no"], "uses_left": 2, "leaf_index": 41,
        }  # fmt: skip

    def refusal(
        self, code: Code, nearest: dict[str, Json] | None, *, key: SigningKey | None = None
    ) -> Refusal:
        """A refused query as the platform answers it."""
        claims: dict[str, Json] = {
            "artefact": "refusal", "v": 1, "iss": HUB, "sub": INSTITUTION, "query": None, "code": str(code),
            "reason": "scope_exceeded", "nearest": nearest, "leaf": None, "signed_at": format_instant(self.clock.now()),
        }  # fmt: skip
        token = sign_jws(claims, key or self.hub_key, ArtefactType.REFUSAL)
        leaf: Json = {"index": 77, "hash": "00", "log": LOG}
        return Refusal(
            403, str(code), reason="scope_exceeded", nearest=nearest, denial_leaf=leaf, refusal=token,
            facts={"items": ["months:36"]},
        )  # fmt: skip

    def _spoilt[V](self, name: str, value: V) -> V:
        change = self.spoil.get(name)
        if change is None:
            return value
        return change(value)  # type: ignore[return-value]

    def _query(self, body: dict[str, Json]) -> dict[str, Json]:
        now, statement = self.clock.now(), str(body["statement"])
        claims = verify_jws(
            statement, {self.institution_key.kid: self.institution_key.public}, typ=ArtefactType.QUERY, at=now
        )
        jwk = body["one_time_key"]
        assert isinstance(jwk, dict)
        seal_key = SealKey.from_jwk(jwk)
        assert claims["jkt"] == seal_key.kid
        assert "d" not in jwk
        months = body["months"]
        assert isinstance(months, int)
        permit = Permit(
            jti=secrets.token_hex(16), hub=HUB, node=NODE, institution=INSTITUTION, subject=USCC,
            account=str(body["account"]), product=Product(str(body["product"])), months=months, include_balance=True,
            purpose=Purpose(str(body["purpose"])), query_kind=QueryKind.INSTITUTION, reader=Reader.INSTITUTION_KEY,
            authorisation_id=AUTHORISATION, authorisation_digest=self.authorisation.artefact_digest,
            entrustment_id=self.entrustment.id, entrustment_digest=self.entrustment.digest,
            enc_jwk={name: str(value) for name, value in seal_key.to_jwk().items()},
            request_digest=hashlib.sha256(statement.encode()).hexdigest(), issued_at=now,
            expires_at=now + timedelta(seconds=30),
        )  # fmt: skip
        permit = self._spoilt("permit", permit)
        permit_jws = sign_jws(permit_claims(permit), self.hub_key, ArtefactType.PERMIT)
        sealed, receipt = self._node(permit, permit_jws, SealKey.from_jwk({**permit.enc_jwk}))
        self.uses += 1
        self.last_released = {
            "id": "qry-" + secrets.token_hex(16), "state": "released", "product": sealed, "receipt": receipt,
            "permit": permit_jws, "use_leaf": {"index": 41, "hash": "ab", "log": LOG}, "uses_left": 3 - self.uses,
            "report_no": "FR-20261121-000000000001", "verify_code": "7KQ4-M2XD-39TF-AAAA", "released_at": format_instant(now),
        }  # fmt: skip
        return self._spoilt("released", dict(self.last_released))

    def _node(self, permit: Permit, permit_jws: str, to: SealKey) -> tuple[str, str]:
        product: dict[str, Json] = self.product or {"head": {"uscc": USCC, "note": CANARY}, "overview": {}}
        stamp = int(self.clock.now().timestamp())
        inner: dict[str, Json] = {
            "iss": NODE, "aud": INSTITUTION, "iat": stamp, "jti": permit.jti, "sub": permit.subject,
            "account": permit.account, "kind": str(permit.product), "months": permit.months,
            "report_no": "FR-20261121-000000000001", "product": product,
        }  # fmt: skip
        inner = self._spoilt("inner", inner)
        signed = sign_jws(inner, self._spoilt("node_key", self.node_key), ArtefactType.PRODUCT)
        sealed = seal(pack(signed), to, typ=ArtefactType.PRODUCT, facts={"jti": permit.jti})
        sealed = self._spoilt("sealed", sealed)
        receipt: dict[str, Json] = {
            "iss": NODE, "aud": HUB, "iat": stamp, "jti": permit.jti, "sub": permit.subject, "account": permit.account,
            "product": str(permit.product), "months": permit.months,
            "request": hashlib.sha256(permit_jws.encode()).hexdigest(),
            "product_digest": hashlib.sha256(sealed.encode()).hexdigest(),
            "content_digest": hashlib.sha256(canonical_bytes(product)).hexdigest(),
            "report_no": "FR-20261121-000000000001",
        }  # fmt: skip
        receipt = self._spoilt("receipt", receipt)
        return sealed, sign_jws(receipt, self.node_key, ArtefactType.RECEIPT)


_OPEN = ("/oauth/token", "/api/v1/directory", "/api/v1/checkpoints/latest", "/api/v1/products/verify")
