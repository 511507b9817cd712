"""What a node does for the hub: ownership checks, entrustments, terminations, products. No HTTP here.

Each verb gets the parsed body and the verified message; it records what it did in the node's own ledger, in the same
durable commit that stores the message's nonce. A permit is consumed before anything is computed.
"""

import asyncio
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from xinqiao import __version__
from xinqiao.clock import SHANGHAI, Clock
from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import Entrustment, Product, QueryKind
from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, XinqiaoError
from xinqiao.domain.fundflow.model import RULES_VERSION
from xinqiao.domain.fundflow.normal import normal_account, normal_name
from xinqiao.domain.fundflow.products import TEMPLATE_VERSION, ReportHead, head_section
from xinqiao.domain.fundflow.products import Product as HeadProduct
from xinqiao.domain.fundflow.products import QueryKind as HeadKind
from xinqiao.domain.identifiers import mask_account
from xinqiao.domain.period import parse_instant
from xinqiao.provider.compute import Computer
from xinqiao.provider.config import NodeConfig
from xinqiao.provider.directory import TrustStore
from xinqiao.provider.faults import Fault, Hooks
from xinqiao.provider.gate import Admitted, Gate, verify_artefact
from xinqiao.provider.records import (
    Entry,
    Event,
    Ownership,
    Records,
    micros,
    put_entrustment,
    put_entry,
    put_nonce,
    put_ownership,
    put_permit,
    put_termination,
)
from xinqiao.provider.state import State
from xinqiao.provider.stores.base import AccountRecord, TransactionStore
from xinqiao.trust.httpsig import VerifiedMessage
from xinqiao.trust.jwe import seal
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey

_KINDS = frozenset({"basic", "general", "payment"})
#: What banks call an account that can be queried.
_OPEN = frozenset({"active", "normal", "open", "正常"})
_CLOSED = frozenset({"closed", "cancelled", "销户", "已销户"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status and a JSON body."""

    status: int
    body: dict[str, Json]


def _text(body: Mapping[str, Json], name: str, longest: int = 16_384) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Invalid(Code.INVALID, f"{name} is missing", facts={"field": name})
    return value


def _members(body: Mapping[str, Json], names: set[str]) -> None:
    unknown = sorted(set(body) - names)
    if unknown:
        raise Invalid(Code.UNKNOWN_FIELD, "unknown members", facts={"fields": unknown})


class NodeService:
    """The node's verbs."""

    def __init__(
        self, *, config: NodeConfig, key: SigningKey, state: State, store: TransactionStore, trust: TrustStore,
        clock: Clock, hooks: Hooks,
    ) -> None:  # fmt: skip
        self.config = config
        self.key = key
        self.state = state
        self.store = store
        self.trust = trust
        self.clock = clock
        self.hooks = hooks
        self.records = Records(state)
        self.gate = Gate(node=config.id, hub=config.hub.id, trust=trust, records=self.records, clock=clock)
        self.computer = Computer(store, cache_mb=config.cache_mb)

    # --- recording ------------------------------------------------------------------------------------------------

    def _until(self, message: VerifiedMessage) -> int:
        return int(message.forget_after.timestamp()) + 1

    async def refuse(self, message: VerifiedMessage | None, error: XinqiaoError, entry: Entry) -> None:
        """Record a refusal, and the nonce of the message it answers."""

        def write(connection: sqlite3.Connection) -> None:
            if message is not None and error.code is not Code.REPLAYED:
                put_nonce(connection, message.keyid, message.nonce, self._until(message))
            put_entry(connection, entry)

        await self.state.writer.write(write)

    def entry(self, event: Event, code: str = "", **facts: str | int | None) -> Entry:
        """A ledger line of this moment."""
        known: dict[str, object] = {name: value for name, value in facts.items() if value is not None}
        return Entry(self.clock.now(), event, code, **known)  # type: ignore[arg-type]  # names are Entry's own

    # --- verbs ----------------------------------------------------------------------------------------------------

    async def check_ownership(self, body: dict[str, Json], message: VerifiedMessage) -> Answer:
        """Does this account exist here, in this name and code, of an eligible kind, open? (fund-flow rules 4)"""
        _members(body, {"link", "uscc", "name", "account_no", "account_kind"})
        link, uscc = _text(body, "link", 40), _text(body, "uscc", 18)
        name, number = _text(body, "name", 200), _text(body, "account_no", 40)
        kind = _text(body, "account_kind", 16)
        account = self.store.find_account(number)
        result = self._verdict(account, name=name, uscc=uscc, kind=kind)
        at = self.clock.now()
        found = Ownership(link, uscc, name, number, kind, at)

        def write(connection: sqlite3.Connection) -> None:
            put_nonce(connection, message.keyid, message.nonce, self._until(message))
            if result == "pass":
                put_ownership(connection, found)
            put_entry(connection, Entry(at, Event.OWNERSHIP, result, link=link))

        await self.state.writer.write(write)
        self.records.forget(link)
        answer: dict[str, Json] = {"link": link, "result": result}
        if result == "pass" and account is not None:
            answer |= {
                "masked": mask_account(number),
                "bank_name": account.bank_name or self.config.bank_name,
                "cnaps": account.cnaps,
                "currency": account.currency,
                "status": account.status,
                "opened_on": account.opened_on.isoformat() if account.opened_on else None,
            }
        return Answer(200, answer)

    @staticmethod
    def _verdict(account: AccountRecord | None, *, name: str, uscc: str, kind: str) -> str:
        if account is None:
            return "not_found"
        # One answer for a wrong name and a wrong code: the check must not tell who holds an account.
        if normal_name(account.name) != normal_name(name) or account.uscc.strip().upper() != uscc:
            return "name_mismatch"
        if account.status.strip().lower() in _CLOSED:
            return "closed"
        if kind not in _KINDS or account.kind not in _KINDS or account.status.strip().lower() not in _OPEN:
            return "not_eligible"
        return "pass"

    async def store_entrustment(self, body: dict[str, Json], message: VerifiedMessage) -> Answer:
        """Keep the node's own copy of a signed 委托提供协议."""
        _members(body, {"entrustment"})
        token = _text(body, "entrustment")
        at = self.clock.now()
        claims = verify_artefact(token, self.trust.hub_keys, ArtefactType.ENTRUSTMENT, at)
        entrustment = Entrustment.from_claims(claims)
        if entrustment.provider != self.config.id:
            raise Forbidden(Code.AUDIENCE_MISMATCH, "an entrustment of another provider")
        owned = self.records.ownership(entrustment.account)
        if owned is None or owned.uscc != entrustment.subject:
            raise Forbidden(Code.ENTRUSTMENT_MISSING, "no passed ownership check for this account")

        def write(connection: sqlite3.Connection) -> int:
            put_nonce(connection, message.keyid, message.nonce, self._until(message))
            stored = put_entrustment(connection, entrustment, token, micros(at))
            put_entry(connection, Entry(at, Event.ENTRUSTED, link=entrustment.account))
            return stored

        stored_at = await self.state.writer.write(write)
        self.records.forget(entrustment.account)
        return Answer(201, {"digest": entrustment.digest, "stored_at": stored_at})

    async def store_termination(self, body: dict[str, Json], message: VerifiedMessage) -> Answer:
        """Keep the end of an entrustment: from now on its permits are refused here too."""
        _members(body, {"termination"})
        token = _text(body, "termination")
        at = self.clock.now()
        claims = verify_artefact(token, self.trust.hub_keys, ArtefactType.WITHDRAWAL, at)
        identity, link = str(claims.get("id")), str(claims.get("account"))
        if claims.get("aud") != self.config.id or claims.get("kind") != "entrustment":
            raise Forbidden(Code.AUDIENCE_MISMATCH, "a termination for another provider")
        known = self.records.entrustment_by_id(identity)
        if known is None or known.account != link:
            raise NotFound("no such entrustment here")
        effective = micros(parse_instant(str(claims.get("signed_at"))))

        def write(connection: sqlite3.Connection) -> None:
            put_nonce(connection, message.keyid, message.nonce, self._until(message))
            put_termination(
                connection, digest=digest_hex(claims), entrustment=identity, token=token, effective_at=effective,
                at=micros(at),
            )  # fmt: skip
            put_entry(connection, Entry(at, Event.TERMINATED, link=link))

        await self.state.writer.write(write)
        self.records.forget(link)
        return Answer(200, {"ended": identity})

    async def product(self, body: dict[str, Json], message: VerifiedMessage) -> Answer:
        """Check, consume, compute, seal, sign. The only way a byte of a product leaves the bank."""
        _members(body, {"permit", "authorisation", "query"})
        token = _text(body, "permit")
        permit = self.gate.read_permit(token)
        authorisation, query = body.get("authorisation"), body.get("query")
        if not (authorisation is None or isinstance(authorisation, str)) or not (
            query is None or isinstance(query, str)
        ):
            raise Invalid(Code.INVALID, "artefacts are text", facts={"field": "authorisation"})
        try:
            admitted = self.gate.admit(permit, token, authorisation, query)
        except XinqiaoError as error:
            entry = self.entry(
                Event.REFUSED, error.code.value, jti=permit.jti, link=permit.account, institution=permit.institution,
                product=str(permit.product), months=permit.months,
            )  # fmt: skip
            await self.refuse(message, error, entry)
            error.facts["recorded"] = True
            raise
        started = time.perf_counter_ns()

        def consume(connection: sqlite3.Connection) -> None:
            put_nonce(connection, message.keyid, message.nonce, self._until(message))
            put_permit(connection, permit, micros(self.clock.now()))

        await self.state.writer.write(consume)  # durable before anything is computed
        answer, report_no = await self._computed(admitted)
        size = len(str(answer["product"]))
        self.hooks.count_bytes(size)
        served = self.entry(
            Event.SERVED, jti=permit.jti, link=permit.account, institution=permit.institution,
            product=str(permit.product), months=permit.months, report_no=report_no, bytes=size,
            micros=(time.perf_counter_ns() - started) // 1000,
        )  # fmt: skip
        self.state.writer.submit(_appender(served))
        return Answer(200, answer)

    async def _computed(self, admitted: Admitted) -> tuple[dict[str, Json], str]:
        account = self.store.find_account(admitted.ownership.account_no)
        if account is None:
            raise NotFound("the account is gone")
        bound = self.records.bound_accounts(admitted.permit.subject)
        if self.computer.is_warm(account, bound):
            return self._sealed(admitted, account, bound)
        # Reading rows takes tens of milliseconds: other requests go on meanwhile.
        return await asyncio.to_thread(self._sealed, admitted, account, bound)

    def _sealed(
        self, admitted: Admitted, account: AccountRecord, bound: tuple[str, ...]
    ) -> tuple[dict[str, Json], str]:
        permit, now = admitted.permit, self.clock.now()
        body = self.computer.body(
            account,
            bound,
            product=permit.product,
            months=permit.months,
            include_balance=permit.include_balance,
        )
        report_no = f"FR-{now.astimezone(SHANGHAI):%Y%m%d}-{secrets.token_hex(6).upper()}"
        head = self._head(admitted, account, report_no, now)
        kind = HeadProduct.REPORT if permit.product is Product.REPORT else HeadProduct.SUMMARY
        product: dict[str, Json] = {"head": head_section(head, body.facts, kind), **body.product}
        stamp = int(now.timestamp())
        subject = permit.subject
        if self.hooks.fault is Fault.WRONG_SUBJECT:
            subject = "91990102MADEM9999X"
        inner: dict[str, Json] = {
            "iss": self.config.id, "aud": permit.institution or permit.hub, "iat": stamp, "jti": permit.jti,
            "sub": subject, "account": permit.account, "kind": str(permit.product), "months": permit.months,
            "report_no": report_no, "product": product,
        }  # fmt: skip
        signed = sign_jws(inner, self.key, ArtefactType.PRODUCT)
        sealed = seal(
            signed.encode("ascii"), admitted.seal_key, typ=ArtefactType.PRODUCT, facts={"jti": permit.jti}
        )
        parameters = body.facts.parameters
        receipt: dict[str, Json] = {
            "iss": self.config.id, "aud": permit.hub, "iat": stamp, "jti": permit.jti, "sub": subject,
            "account": permit.account, "product": str(permit.product), "months": permit.months,
            "request": "0" * 64 if self.hooks.fault is Fault.WRONG_NONCE else admitted.permit_digest,
            "product_digest": hashlib.sha256(sealed.encode("ascii")).hexdigest(),
            "report_no": report_no, "rules_version": RULES_VERSION, "template_version": TEMPLATE_VERSION,
            "period_from": parameters.period_from.isoformat(),
            "period_to": parameters.period_to.isoformat(),
            "computed_at": now.astimezone(UTC).isoformat(timespec="microseconds"),
        }  # fmt: skip
        token = sign_jws(receipt, self.key, ArtefactType.RECEIPT)
        if self.hooks.fault is Fault.STALE and self.hooks.last_receipt:
            token = self.hooks.last_receipt
        self.hooks.last_receipt = token
        return {"receipt": token, "product": sealed}, report_no

    def _head(self, admitted: Admitted, account: AccountRecord, report_no: str, now: datetime) -> ReportHead:
        permit, authorisation = admitted.permit, admitted.authorisation
        own = permit.query_kind is QueryKind.SELF
        return ReportHead(
            report_no=report_no,
            generated_at=now,
            provider=self.config.bank_name or self.config.name,
            query_kind=HeadKind.SELF if own else HeadKind.INSTITUTION,
            institution=None if permit.institution is None else self.trust.name_of(permit.institution),
            purpose=None if permit.purpose is None else str(permit.purpose),
            authorisation_no=permit.authorisation_id,
            valid_to=authorisation.valid_to if authorisation else None,
            subject_name=account.name,
            uscc=permit.subject,
            account_masked=mask_account(normal_account(account.account_no)),
            account_kind=account.kind,
            bank_name=account.bank_name or self.config.bank_name,
            cnaps=account.cnaps or None,
            opened_on=account.opened_on,
            account_status=account.status,
            currency=account.currency,
        )

    # --- what anybody may see -----------------------------------------------------------------------------------

    def health(self) -> dict[str, Json]:
        """The unsigned health answer: no data, no names but the node's own."""
        now = self.clock.now()
        midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        as_of = self.store.data_as_of()
        directory = self.trust.directory
        return {
            "status": "ok" if directory is not None and now < directory.expires_at else "no_directory",
            "name": self.config.name,
            "node": self.config.id,
            "version": __version__,
            "rules_version": RULES_VERSION,
            "data_as_of": as_of.isoformat() if as_of else None,
            "permits_served_today": self.records.served_since(midnight),
            "directory_version": directory.version if directory else None,
        }


def _appender(entry: Entry) -> Callable[[sqlite3.Connection], None]:
    def write(connection: sqlite3.Connection) -> None:
        put_entry(connection, entry)

    return write


#: How often the directory is asked for again.
DIRECTORY_EVERY = timedelta(seconds=60)
