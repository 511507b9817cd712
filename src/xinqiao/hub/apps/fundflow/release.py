"""The release protocol: permit, end, and everything a query may become, one code path for API, portal and self query.

:class:`PermitJob` is the first transaction, :class:`ReleaseJob` the second, with the call to the node between them and
outside of both. The decision is ``domain.consent``'s and is taken twice, each time under the lock of the authorisation,
because a check outside the lock lets uses through after a withdrawal (design 4, reliability 5.1). Withdrawal takes the
same lock and waits for nobody.

Not here: transport (``gateway``, ``services``), the check of a node's answer (``answer``), the thread that commits in
groups (``writer``).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import (
    PERMIT_TTL,
    Decision,
    Permit,
    QueryAsk,
    QueryKind,
    Reader,
    decide,
    decide_self,
)
from xinqiao.domain.consent.decision import refuse
from xinqiao.domain.errors import Code
from xinqiao.domain.items import ItemDecision
from xinqiao.hub.apps.audit.services import Entry, LeafRef, Refs
from xinqiao.hub.apps.fundflow.idempotency import Idempotency, Seen, finish_key, free_key, take_key
from xinqiao.hub.apps.fundflow.protocol import (
    Ask,
    Delivered,
    PermitResult,
    Permitted,
    Refused,
    Released,
    ReleaseResult,
    Repeated,
    new_verify_code,
)
from xinqiao.hub.apps.fundflow.rows import (
    end_query,
    insert_query,
    release_query,
    released_again,
    remember_nonce,
    still_permitted,
    whose,
)
from xinqiao.hub.apps.fundflow.sql import Account, Grant
from xinqiao.hub.apps.fundflow.transaction import Step, Tx


def judge(tx: Tx, ask: Ask, grant: Grant | None, account: Account | None) -> Decision:
    """May this query be answered now? Reads nothing that is not locked or loaded in this transaction."""
    entrustment = account.entrustment if account else None
    bound = account.bound if account else False
    question = QueryAsk(
        authorisation_id=ask.authorisation_id,
        subject=grant.value.subject if grant else account.subject if account else "",
        institution=ask.institution_id or "",
        account=ask.account,
        product=ask.product,
        months=ask.months,
        purpose=ask.purpose,
        fields=ask.fields,
    )
    if ask.kind is QueryKind.SELF:
        if account is None or account.enterprise_id != ask.enterprise_id:
            return refuse(Code.NOT_FOUND, "no_such_account")
        decision = decide_self(question, entrustment=entrustment, account_bound=bound, at=tx.at)
    else:
        decision = _judge_institution(tx, ask, question, grant, account)
    if decision.allowed and account is not None and not account.node_active:
        return refuse(Code.PROVIDER_UNAVAILABLE, "node_suspended")
    return decision


def _judge_institution(
    tx: Tx, ask: Ask, question: QueryAsk, grant: Grant | None, account: Account | None
) -> Decision:
    authorisation = grant.value if grant else None
    entrustment = account.entrustment if account else None
    bound = account.bound if account else False
    decision = decide(
        question, authorisation=authorisation, entrustment=entrustment, account_bound=bound, at=tx.at
    )
    if grant is None:
        return decision
    if decision.code is Code.SCOPE_EXCEEDED and ask.account not in grant.value.scope.accounts:
        # only now is it worth asking which other account could be the nearest request
        live = tx.dialect.live_accounts(tx.cursor, grant.value.id)
        return decide(
            question,
            authorisation=authorisation,
            entrustment=entrustment,
            account_bound=bound,
            at=tx.at,
            live_accounts=live,
        )
    if decision.allowed and ask.reader is Reader.HUB_DISPLAY and grant.reader is Reader.INSTITUTION_KEY:
        # the card said that only the institution's own key opens it
        return refuse(Code.SCOPE_EXCEEDED, "reader_not_agreed", {"items": [f"reader:{ask.reader}"]})
    return decision


def query_refs(
    ask: Ask, grant: Grant | None, account: Account | None, *, permit: str | None, query: str | None
) -> Refs:
    enterprise_id = whose(ask, grant, account)
    own = account if account and account.enterprise_id == enterprise_id else None
    return Refs(
        subject=enterprise_id,
        institution=ask.institution_id,
        node=own.node_id if own else None,
        account=own.id if own else None,
        entrustment=own.entrustment.id if own and own.entrustment else None,
        authorisation=grant.value.id if grant else None,
        query=query,
        permit=permit,
    )


def _facts(ask: Ask) -> dict[str, Json]:
    return {
        "product": str(ask.product),
        "months": ask.months,
        "purpose": str(ask.purpose) if ask.purpose else None,
        "reader": str(ask.reader),
    }


def rendered(tx: Tx, key: Idempotency | None, refused: Refused) -> Refused:
    """Keep a refusal under its idempotency key, as the bytes that go out."""
    if key is None:
        return refused
    status, body = key.render(refused)
    finish_key(tx, key, status=status, body=body)
    return replace(refused, body=body)


# --- what products and items do alike ---------------------------------------------------------------------------


def plain_denial(tx: Tx, code: Code, reason: str, act: str, institution_id: str | None) -> Step[Refused]:
    """A no about the message rather than about the consent: a leaf without a query row."""
    facts: dict[str, Json] = {"code": str(code), "act": act}
    (leaf,) = yield [Entry("DENY", tx.at, facts, Refs(institution=institution_id))]
    return Refused(code, reason, leaf=leaf)


def seen_before[R](
    tx: Tx,
    seen: Seen,
    again: Callable[[Tx, str], R | Code],
    gone: str,
    act: str,
    institution_id: str | None,
) -> Step[R | Refused | Repeated]:
    """The answer to a key that was taken before; ``again`` gives what was released once more, or why it cannot."""
    match seen.code:
        case None if not seen.object_id:
            return Repeated(seen.status, seen.body)
        case None:
            found = again(tx, seen.object_id)
            if isinstance(found, Code):
                return (yield from plain_denial(tx, found, gone, act, institution_id))
            return found
        case Code.IDEMPOTENCY_IN_FLIGHT:
            return (yield from plain_denial(tx, seen.code, "idempotency_key", act, institution_id))
        case code:
            return Refused(code, "idempotency_key")


def count_use(tx: Tx, table: str, authorisation_id: str) -> None:
    """Count a use, conditionally: the last of a number can be taken once only. ``table`` is one of ours."""
    tx.cursor.execute(
        tx.dialect.sql(
            f"UPDATE {table} SET uses = uses + 1"  # noqa: S608 - a constant of the caller
            " WHERE id = %s AND state = 'confirmed' AND withdrawn_at IS NULL AND uses < max_queries"
        ),
        (authorisation_id,),
    )
    if tx.cursor.rowcount != 1:
        raise RuntimeError("an authorisation changed under its lock")


class Asked(Protocol):
    """What the end of a query reads of it."""

    @property
    def query_id(self) -> str: ...
    @property
    def idempotency(self) -> Idempotency | None: ...


class EndQuery(Protocol):
    """Closes the row of a permitted query."""

    def __call__(
        self, tx: Tx, query_id: str, *, state: str, code: str, reason: str, permit: str, leaf: LeafRef
    ) -> None: ...


def deny_release(
    tx: Tx,
    ask: Asked,
    decision: Decision | ItemDecision,
    about: dict[str, Json],
    refs: Refs,
    permit_jws: str,
    end: EndQuery,
) -> Step[Refused]:
    """The second transaction says no: a leaf, the closed row, the answer kept under its key."""
    assert decision.code is not None
    code = Code.REVOKED_BEFORE_RELEASE if decision.code is Code.CONSENT_REVOKED else decision.code
    facts: dict[str, Json] = {**about, "code": str(code), "act": "release"}
    (leaf,) = yield [Entry("DENY", tx.at, facts, refs)]
    end(
        tx,
        ask.query_id,
        state="denied",
        code=str(code),
        reason=decision.reason,
        permit=permit_jws,
        leaf=leaf,
    )
    refused = Refused(code, decision.reason, decision.facts, None, leaf, ask.query_id)
    if code is Code.AUDIT_UNAVAILABLE:
        free_key(tx, ask.query_id)
        return refused
    return rendered(tx, ask.idempotency, refused)


@dataclass(frozen=True, slots=True)
class PermitJob:
    """Transaction 1: nonce, idempotency key, decision; a PERMIT leaf and a query row, or a DENY leaf."""

    ask: Ask
    hub_id: str

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation named by the ask."""
        return (self.ask.authorisation_id,) if self.ask.authorisation_id else ()

    def run(self, tx: Tx) -> Step[PermitResult]:
        """Decide; see the class."""
        ask = self.ask
        if ask.nonce is not None and not remember_nonce(tx, ask.nonce):
            return (yield from plain_denial(tx, Code.REPLAYED, "nonce_seen", "query", ask.institution_id))
        if tx.audit_failing:
            return Refused(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint", {"retry_after": 10})
        if ask.idempotency is not None:
            seen = take_key(tx, ask.idempotency, ask.query_id)
            if seen is not None:
                return (
                    yield from seen_before(
                        tx, seen, released_again, "no_longer_available", "query", ask.institution_id
                    )
                )
        grant = tx.dialect.grant(tx.cursor, ask.authorisation_id) if ask.authorisation_id else None
        account = tx.dialect.account(tx.cursor, ask.account)
        decision = judge(tx, ask, grant, account)
        if not decision.allowed:
            return (yield from self._deny(tx, decision, grant, account))
        assert account is not None
        permit = self._permit(tx, grant, account)
        refs = query_refs(ask, grant, account, permit=permit.jti, query=ask.query_id)
        facts: dict[str, Json] = {**_facts(ask), "kind": str(ask.kind)}
        (leaf,) = yield [Entry("PERMIT", tx.at, facts, refs)]
        insert_query(tx, ask, grant, account, jti=permit.jti, permit_leaf=leaf)
        artefact = ""
        if grant is not None:
            artefact = tx.dialect.artefact(tx.cursor, grant.value.id, grant.value.artefact_digest)
        return Permitted(ask, permit, account.enterprise_id, account.node_id, leaf, artefact)

    def _permit(self, tx: Tx, grant: Grant | None, account: Account) -> Permit:
        ask, entrustment = self.ask, account.entrustment
        assert entrustment is not None
        return Permit(
            jti=f"prm-{secrets.token_hex(16)}",
            hub=self.hub_id,
            node=account.node_id,
            institution=ask.institution_id,
            subject=account.subject,
            account=account.id,
            product=ask.product,
            months=ask.months,
            # the subject reads everything about itself, an institution only what the grant includes
            include_balance=grant is None or grant.include_balance,
            purpose=ask.purpose,
            query_kind=ask.kind,
            reader=ask.reader,
            authorisation_id=grant.value.id if grant else None,
            authorisation_digest=grant.value.artefact_digest if grant else None,
            entrustment_id=entrustment.id,
            entrustment_digest=entrustment.digest,
            enc_jwk=ask.enc_jwk,
            request_digest=ask.request_digest,
            issued_at=tx.at,
            expires_at=tx.at + PERMIT_TTL,
        )

    def _deny(
        self, tx: Tx, decision: Decision, grant: Grant | None, account: Account | None
    ) -> Step[PermitResult]:
        ask = self.ask
        assert decision.code is not None
        facts: dict[str, Json] = {**_facts(ask), "code": str(decision.code), "act": "query"}
        refs = query_refs(ask, grant, account, permit=None, query=ask.query_id)
        (leaf,) = yield [Entry("DENY", tx.at, facts, refs)]
        insert_query(tx, ask, grant, account, denied=decision, end_leaf=leaf)
        refused = Refused(
            decision.code, decision.reason, decision.facts, decision.nearest, leaf, ask.query_id
        )
        return rendered(tx, ask.idempotency, refused)


@dataclass(frozen=True, slots=True)
class ReleaseJob:
    """Transaction 2: decide again with the present instant; a USE leaf and a counted use, or a DENY leaf.

    The caller holds the sealed product back until this result is there, because then the leaf is durable.
    """

    permitted: Permitted
    permit_jws: str = field(repr=False)
    delivered: Delivered

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation of the permit."""
        return (self.permitted.ask.authorisation_id,) if self.permitted.ask.authorisation_id else ()

    def run(self, tx: Tx) -> Step[ReleaseResult]:
        """Decide again; see the class."""
        ask, jti = self.permitted.ask, self.permitted.permit.jti
        if not still_permitted(tx, ask.query_id):
            # it took so long that it was closed as abandoned: that end stands
            return Refused(Code.PROVIDER_TIMEOUT, "closed_meanwhile", query_id=ask.query_id)
        grant = tx.dialect.grant(tx.cursor, ask.authorisation_id) if ask.authorisation_id else None
        account = tx.dialect.account(tx.cursor, ask.account)
        if tx.audit_failing:
            decision = refuse(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint")
        else:
            decision = judge(tx, ask, grant, account)
        refs = query_refs(ask, grant, account, permit=jti, query=ask.query_id)
        if not decision.allowed:
            return (yield from deny_release(tx, ask, decision, _facts(ask), refs, self.permit_jws, end_query))
        uses, left = self._count(tx, grant)
        facts: dict[str, Json] = {
            **_facts(ask),
            "report_no": self.delivered.report_no,
            "product_digest": self.delivered.product_digest,
            "receipt": self.delivered.receipt_digest,
            "uses": uses,
        }
        kind = "SELF_USE" if ask.kind is QueryKind.SELF else "USE"
        (leaf,) = yield [Entry(kind, tx.at, facts, refs)]
        code = new_verify_code()
        # without an idempotency key nobody can ask again, and what the hub could open is never kept
        keep = ask.idempotency is not None and ask.reader is Reader.INSTITUTION_KEY
        release_query(
            tx,
            ask.query_id,
            permit=self.permit_jws,
            delivered=self.delivered,
            leaf=leaf,
            uses_left=left,
            verify_code=code,
            keep=keep,
        )
        if ask.idempotency is not None:
            finish_key(tx, ask.idempotency, status=200, object_id=ask.query_id)
        return Released(
            query_id=ask.query_id,
            product=self.delivered.product,
            receipt=self.delivered.receipt,
            permit=self.permit_jws,
            leaf_index=leaf.index,
            leaf_hash=leaf.hash,
            uses_left=left,
            report_no=self.delivered.report_no,
            verify_code=code,
            released_at=leaf.at,
        )

    def _count(self, tx: Tx, grant: Grant | None) -> tuple[int | None, int | None]:
        """Count the use, conditionally: the last of a number can be taken once only."""
        if grant is None:
            return None, None
        count_use(tx, "consents_authorisation", grant.value.id)
        uses = grant.value.uses + 1
        return uses, grant.value.scope.max_queries - uses
