"""What a node does for the hub: ownership checks, entrustments, terminations, products. No HTTP here.

Each verb gets the parsed body and the verified message; it records what it did in the node's own ledger, in the same
durable commit that stores the message's nonce. A permit is consumed before anything is computed.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from xinqiao import __version__
from xinqiao.clock import SHANGHAI, Clock
from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import Entrustment
from xinqiao.domain.errors import Code, Forbidden, Invalid, NotFound, Unauthenticated, XinqiaoError
from xinqiao.domain.fundflow.model import RULES_VERSION
from xinqiao.domain.fundflow.normal import normal_account, normal_name
from xinqiao.domain.identifiers import mask_account
from xinqiao.domain.period import parse_instant
from xinqiao.provider.compute import Computer
from xinqiao.provider.config import NodeConfig, StoreKind
from xinqiao.provider.directory import TrustStore
from xinqiao.provider.faults import Hooks
from xinqiao.provider.gate import Admitted, Gate, UnknownInstitution, verify_artefact
from xinqiao.provider.product import ProductMaker
from xinqiao.provider.records import (
    Entry,
    Event,
    Ownership,
    Records,
    mark_nonce,
    micros,
    put_entrustment,
    put_entry,
    put_nonce,
    put_ownership,
    put_permit,
    put_termination,
)
from xinqiao.provider.state import State
from xinqiao.provider.stores.base import AccountRecord, StoreError, TransactionStore
from xinqiao.trust.httpsig import VerifiedMessage
from xinqiao.trust.jws import ArtefactType
from xinqiao.trust.keys import SigningKey

_KINDS = frozenset({"basic", "general", "payment"})
#: Repeated messages remembered, so that each is recorded once.
REPEATED_KEPT = 4096
#: What banks call an account that can be queried.
_OPEN = frozenset({"active", "normal", "open", "正常"})
_CLOSED = frozenset({"closed", "cancelled", "销户", "已销户"})


async def _nothing_newer() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status and a JSON body."""

    status: int
    body: dict[str, Json]


@dataclass(slots=True)
class Case:
    """One signed message being dealt with, and what has become of it so far."""

    message: VerifiedMessage
    #: what the ledger may say of it: opaque ids and kinds
    facts: dict[str, str | int | None] = field(default_factory=dict)
    #: its nonce was durably stored by the verb itself
    settled: bool = False
    #: it is a second sight of a message, not of a permit
    repeated: bool = False


def _code(uscc: str) -> str:
    return uscc.strip().upper()


def text_of(body: Mapping[str, Json], name: str, longest: int = 16_384) -> str:
    """A text member of bounded length. Raises ``INVALID``."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Invalid(Code.INVALID, f"{name} is missing", facts={"field": name})
    return value


def members(body: Mapping[str, Json], names: set[str]) -> None:
    """Refuse members nobody judges. Raises ``UNKNOWN_FIELD``."""
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
        self.computer = Computer(store, cache_mb=config.cache_mb, kept_figures=config.kept_figures)
        self.maker = ProductMaker(
            config=config, key=key, trust=trust, clock=clock, computer=self.computer, hooks=hooks
        )
        #: set by whoever can reach the hub; False means there is nothing newer
        self.refresh_directory: Callable[[], Awaitable[bool]] = _nothing_newer
        self._repeated: OrderedDict[str, None] = OrderedDict()

    def close(self) -> None:
        """Finish writing, then let go of files."""
        self.state.close()
        self.store.close()

    # --- recording ------------------------------------------------------------------------------------------------

    def _until(self, message: VerifiedMessage) -> int:
        return int(message.forget_after.timestamp()) + 1

    def settle(self, connection: sqlite3.Connection, case: Case) -> None:
        """Store the nonce in the transaction of the verb. Raises REPLAYED."""
        put_nonce(connection, case.message.keyid, case.message.nonce, self._until(case.message))

    def check_fresh(self, case: Case) -> None:
        """Refuse a message that was dealt with before, whatever became of it. Raises REPLAYED.

        Only an early answer: of two that arrive at once the unique key lets one through.
        """
        if self.records.is_seen(case.message.keyid, case.message.nonce):
            case.repeated = True
            raise Unauthenticated(Code.REPLAYED, "this message was seen before")

    async def refused(self, case: Case, error: XinqiaoError) -> XinqiaoError:
        """Record a refusal once, with the nonce of its message; returns what to answer.

        A message that is sent again and again is recorded at its first repetition and counted no further: whoever can
        copy one message must not be able to fill the ledger.
        """
        message = case.message
        if case.repeated:
            if message.nonce in self._repeated:
                return error
            self._repeated[message.nonce] = None
            if len(self._repeated) > REPEATED_KEPT:
                self._repeated.popitem(last=False)
        event = Event.FAILED if case.settled or error.status >= 500 else Event.REFUSED
        entry = self.entry(event, error.code.value, **case.facts)

        def write(connection: sqlite3.Connection) -> bool:
            fresh = mark_nonce(connection, message.keyid, message.nonce, self._until(message))
            put_entry(connection, entry)
            return fresh

        with contextlib.suppress(XinqiaoError):  # a no must go out even if the disk is full
            fresh = await self.state.writer.write(write)
            if not fresh and not case.settled and not case.repeated:
                return Unauthenticated(Code.REPLAYED, "this message was seen before")
        return error

    def entry(self, event: Event, code: str = "", /, **facts: str | int | None) -> Entry:
        """A ledger line of this moment."""
        known: dict[str, object] = {name: value for name, value in facts.items() if value is not None}
        return Entry(self.clock.now(), event, code, **known)  # type: ignore[arg-type]  # names are Entry's own

    # --- verbs ----------------------------------------------------------------------------------------------------

    async def check_ownership(self, body: dict[str, Json], case: Case) -> Answer:
        """Does this account exist here, in this name and code, of an eligible kind, open? (fund-flow rules 4)"""
        members(body, {"link", "uscc", "name", "account_no", "account_kind"})
        link, uscc = text_of(body, "link", 40), _code(text_of(body, "uscc", 18))
        name, number = text_of(body, "name", 200), text_of(body, "account_no", 40)
        kind = text_of(body, "account_kind", 16)
        account = await asyncio.to_thread(self.store.find_account, number)
        if account is None and (plain := normal_account(number)) not in ("", number):
            account = await asyncio.to_thread(self.store.find_account, plain)
        number = account.account_no if account else number
        result = self._verdict(account, name=name, uscc=uscc, kind=kind)
        at = self.clock.now()
        # The bank knows what kind its account is; what the customer chose on the form is only a claim.
        found = Ownership(link, uscc, name, number, account.kind if account else kind, at)

        def write(connection: sqlite3.Connection) -> None:
            self.settle(connection, case)
            if result == "pass":
                put_ownership(connection, found)
            put_entry(connection, Entry(at, Event.OWNERSHIP, result, link=link))

        await self.state.writer.write(write)
        self.records.forget(link)
        answer: dict[str, Json] = {"link": link, "result": result}
        if result == "pass" and account is not None:
            answer |= {
                "masked": mask_account(number),
                "account_kind": account.kind,
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
        if normal_name(account.name) != normal_name(name) or _code(account.uscc) != uscc:
            return "name_mismatch"
        if account.status.strip().lower() in _CLOSED:
            return "closed"
        if kind not in _KINDS or account.kind not in _KINDS or account.status.strip().lower() not in _OPEN:
            return "not_eligible"
        return "pass"

    async def store_entrustment(self, body: dict[str, Json], case: Case) -> Answer:
        """Keep the node's own copy of a signed 委托提供协议."""
        members(body, {"entrustment"})
        token = text_of(body, "entrustment")
        at = self.clock.now()
        claims = verify_artefact(token, self.trust.hub_keys, ArtefactType.ENTRUSTMENT, at)
        entrustment = Entrustment.from_claims(claims)
        if entrustment.provider != self.config.id:
            raise Forbidden(Code.AUDIENCE_MISMATCH, "an entrustment of another provider")
        owned = self.records.ownership(entrustment.account)
        if owned is None or owned.uscc != entrustment.subject:
            raise Forbidden(Code.ENTRUSTMENT_MISSING, "no passed ownership check for this account")

        def write(connection: sqlite3.Connection) -> int:
            self.settle(connection, case)
            stored, new = put_entrustment(connection, entrustment, token, micros(at))
            if new:
                put_entry(connection, Entry(at, Event.ENTRUSTED, link=entrustment.account))
            return stored

        stored_at = await self.state.writer.write(write)
        self.records.forget(entrustment.account)
        return Answer(201, {"digest": entrustment.digest, "stored_at": stored_at})

    async def store_termination(self, body: dict[str, Json], case: Case) -> Answer:
        """Keep the end of an entrustment: from now on its permits are refused here too."""
        members(body, {"termination"})
        token = text_of(body, "termination")
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
            self.settle(connection, case)
            new = put_termination(
                connection, digest=digest_hex(claims), entrustment=identity, token=token, effective_at=effective,
                at=micros(at),
            )  # fmt: skip
            if new:
                put_entry(connection, Entry(at, Event.TERMINATED, link=link))

        await self.state.writer.write(write)
        self.records.forget(link)
        return Answer(200, {"ended": identity})

    async def product(self, body: dict[str, Json], case: Case) -> Answer:
        """Check, consume, compute, seal, sign. The only way a byte of a product leaves the bank."""
        members(body, {"permit", "authorisation", "query"})
        token = text_of(body, "permit")
        permit = self.gate.read_permit(token)
        authorisation, query = body.get("authorisation"), body.get("query")
        if not (authorisation is None or isinstance(authorisation, str)) or not (
            query is None or isinstance(query, str)
        ):
            raise Invalid(Code.INVALID, "artefacts are text", facts={"field": "authorisation"})
        case.facts = {
            "jti": permit.jti, "link": permit.account, "institution": permit.institution,
            "product": str(permit.product), "months": permit.months,
        }  # fmt: skip
        try:
            admitted = self.gate.admit(permit, token, authorisation, query)
        except UnknownInstitution:
            # a newer directory may know it: ask once, then believe the answer
            if not await self.refresh_directory():
                raise
            admitted = self.gate.admit(permit, token, authorisation, query)
        started = time.perf_counter_ns()

        def consume(connection: sqlite3.Connection) -> None:
            self.settle(connection, case)
            put_permit(connection, permit, micros(self.clock.now()))

        await self.state.writer.write(consume)  # durable before anything is computed
        case.settled = True
        answer, report_no = await self._computed(admitted)
        size = len(str(answer["product"]))
        self.hooks.count_bytes(size)
        served = self.entry(
            Event.SERVED, **case.facts, report_no=report_no, bytes=size, micros=(time.perf_counter_ns() - started) // 1000,
        )  # fmt: skip
        self.state.writer.later(appender(served))
        return Answer(200, answer)

    async def _computed(self, admitted: Admitted) -> tuple[dict[str, Json], str]:
        if self.store.is_ready():
            account, bound = self._looked_up(admitted)
            if self.computer.is_warm(account, bound):
                return self.maker.make(admitted, account, bound)
        # Looking at files and reading rows takes tens of milliseconds: other requests go on meanwhile.
        return await asyncio.to_thread(lambda: self.maker.make(admitted, *self._looked_up(admitted)))

    def _looked_up(self, admitted: Admitted) -> tuple[AccountRecord, tuple[str, ...]]:
        account = self.store.find_account(admitted.ownership.account_no)
        if account is None:
            raise NotFound("the account is gone")
        if _code(account.uscc) != admitted.permit.subject:
            # a number that the bank gave to somebody else since it was bound
            raise Forbidden(Code.ENTRUSTMENT_MISSING, "the account has another holder now")
        return account, self.records.bound_accounts(admitted.permit.subject)

    # --- what anybody may see -----------------------------------------------------------------------------------

    def health(self) -> dict[str, Json]:
        """The unsigned health answer: no data, no names but the node's own."""
        now = self.clock.now()
        midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        directory = self.trust.directory
        as_of = None
        if directory is None or now >= directory.expires_at:
            status = "no_directory"
        else:
            status = "ok"
        try:
            as_of = self.store.data_as_of()
            if as_of is None and self.config.store.kind is not StoreKind.NONE:
                status = "no_data"
        except StoreError:
            status = "store_unavailable"
        return {
            "status": status,
            "name": self.config.name,
            "node": self.config.id,
            "version": __version__,
            "rules_version": RULES_VERSION,
            "data_as_of": as_of.isoformat() if as_of else None,
            "permits_served_today": self.records.served_since(midnight),
            "directory_version": directory.version if directory else None,
        }


def appender(entry: Entry) -> Callable[[sqlite3.Connection], None]:
    """A job of the writer that adds one line to the ledger."""

    def write(connection: sqlite3.Connection) -> None:
        put_entry(connection, entry)

    return write
