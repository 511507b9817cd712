"""The release protocol for items: permit, call, release, as for products (``fundflow.release``), with the same locks.

What differs: no entrustment, because the department gives by its office and the subject's authorisation alone; a budget
before a verification; and nothing of an interface answer is kept, so a lost one is asked for again as a new query.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import PERMIT_TTL
from xinqiao.domain.consent.decision import refuse
from xinqiao.domain.errors import Code
from xinqiao.domain.items import ItemAsk, ItemDecision, ItemKind, ItemPermit, decide_item
from xinqiao.domain.verification import BudgetRules, Verified, check_budget
from xinqiao.hub.apps.audit.services import Entry, LeafRef, Refs
from xinqiao.hub.apps.fundflow.idempotency import finish_key, free_key, take_key
from xinqiao.hub.apps.fundflow.jobs import ABANDONED_AFTER
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.release import (
    count_use,
    deny_release,
    plain_denial,
    rendered,
    seen_before,
)
from xinqiao.hub.apps.fundflow.rows import remember_nonce
from xinqiao.hub.apps.fundflow.transaction import Step, Tx
from xinqiao.hub.apps.items.rows import (
    RESULT_KEPT,
    Held,
    ItemRequest,
    Source,
    abandoned,
    end,
    held,
    history,
    insert,
    permitted_by,
    source_of,
    still_permitted,
    tell_budget,
    withdrawn_since,
)
from xinqiao.hub.apps.items.scopes import all_terms, product_of


@dataclass(frozen=True, slots=True)
class ItemPermitted:
    """The first transaction is durable: the node may be asked."""

    ask: ItemRequest
    permit: ItemPermit
    leaf: LeafRef
    authorisation_jws: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemDelivered:
    """What the node sent, verified. ``result`` is ``yes`` or ``not`` of a verification, else empty."""

    answer: str = field(repr=False)
    answer_digest: str
    receipt: str = field(repr=False)
    receipt_digest: str
    answer_no: str
    result: str = ""


@dataclass(frozen=True, slots=True)
class ItemReleased:
    """A use, durable in the log before anybody sees a byte of the answer."""

    ask: ItemRequest
    delivered: ItemDelivered = field(repr=False)
    permit: str = field(repr=False)
    leaf: LeafRef
    uses_left: int


type ItemPermitResult = ItemPermitted | Refused | Repeated
type ItemReleaseResult = ItemReleased | Refused


def _judge(tx: Tx, ask: ItemRequest, grant: Held | None, source: Source | None) -> ItemDecision:
    question = ItemAsk(
        authorisation_id=ask.authorisation_id,
        subject=grant.value.subject if grant else "",
        institution=ask.institution_id,
        item=ask.item,
        fields=ask.item_fields,
        purpose=ask.purpose,
        claim=ask.claim,
    )
    decision = decide_item(
        question,
        authorisation=grant.value if grant else None,
        terms=all_terms().get(ask.item),
        at=tx.at,
    )
    if decision.allowed and (source is None or not source.active):
        return ItemDecision.of(refuse(Code.PROVIDER_UNAVAILABLE, "no_source_for_item"))
    return decision


def _refs(
    ask: ItemRequest, grant: Held | None, source: Source | None, *, permit: str | None, query: str
) -> Refs:
    return Refs(
        subject=grant.enterprise_id if grant else None,
        institution=ask.institution_id,
        node=source.node_id if source and grant else None,
        authorisation=grant.value.id if grant else None,
        query=query,
        permit=permit,
    )


def _facts(ask: ItemRequest) -> dict[str, Json]:
    return {
        "product": product_of(ask.item, ask.claim),
        "fields": [*sorted(ask.item_fields)],
        "purpose": str(ask.purpose),
        "reader": str(ask.reader),
    }


@dataclass(frozen=True, slots=True)
class ItemPermitJob:
    """Transaction 1: nonce, idempotency key, decision, budget; a PERMIT leaf and a query row, or a DENY leaf."""

    ask: ItemRequest
    hub_id: str
    rules: BudgetRules = field(default_factory=BudgetRules)

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation named by the ask, if it can be one."""
        return (self.ask.authorisation_id,) if self.ask.authorisation_id.startswith("ita-") else ()

    def run(self, tx: Tx) -> Step[ItemPermitResult]:
        """Decide; see the class."""
        ask = self.ask
        if ask.nonce is not None and not remember_nonce(tx, ask.nonce):
            return (
                yield from plain_denial(tx, Code.REPLAYED, "nonce_seen", "item_query", ask.institution_id)
            )
        if tx.audit_failing:
            return Refused(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint", {"retry_after": 10})
        if ask.idempotency is not None:
            seen = take_key(tx, ask.idempotency, ask.query_id)
            if seen is not None:
                # a released answer went out once and was not kept
                return (
                    yield from seen_before(
                        tx, seen, withdrawn_since, "never_stored", "item_query", ask.institution_id
                    )
                )
        grant = held(tx, ask.authorisation_id)
        source = source_of(tx, ask.item)
        decision = _judge(tx, ask, grant, source)
        if decision.allowed and grant is not None and ask.kind is ItemKind.VERIFICATION:
            decision = self._within_budget(tx, grant)
        if not decision.allowed:
            return (yield from self._deny(tx, decision, grant, source))
        assert grant is not None
        assert source is not None
        permit = self._permit(tx, grant, source)
        refs = _refs(ask, grant, source, permit=permit.jti, query=ask.query_id)
        # before the leaf, so that the next job of the same batch finds it in its budget
        insert(tx, ask, grant, source, jti=permit.jti)
        (leaf,) = yield [Entry("PERMIT", tx.at, _facts(ask), refs)]
        permitted_by(tx, ask.query_id, leaf)
        return ItemPermitted(ask, permit, leaf, grant.artefact)

    def _within_budget(self, tx: Tx, grant: Held) -> ItemDecision:
        ask = self.ask
        now = Verified(tx.at, ask.institution_id, grant.enterprise_id, ask.item, ask.guess)
        past = history(tx, now, grant.enterprise_id, self.rules)
        return ItemDecision.of(check_budget(now, past, rules=self.rules))

    def _permit(self, tx: Tx, grant: Held, source: Source) -> ItemPermit:
        ask = self.ask
        return ItemPermit(
            jti=f"prm-{secrets.token_hex(16)}",
            hub=self.hub_id,
            node=source.node_id,
            institution=ask.institution_id,
            subject=grant.value.subject,
            kind=ask.kind,
            item=ask.item,
            fields=ask.item_fields,
            claim=ask.claim,
            purpose=ask.purpose,
            authorisation_id=grant.value.id,
            authorisation_digest=grant.value.artefact_digest,
            enc_jwk=ask.enc_jwk,
            request_digest=ask.request_digest,
            issued_at=tx.at,
            expires_at=tx.at + PERMIT_TTL,
        )

    def _deny(
        self, tx: Tx, decision: ItemDecision, grant: Held | None, source: Source | None
    ) -> Step[ItemPermitResult]:
        ask = self.ask
        assert decision.code is not None
        facts: dict[str, Json] = {**_facts(ask), "code": str(decision.code), "act": "item_query"}
        refs = _refs(ask, grant, source, permit=None, query=ask.query_id)
        (leaf,) = yield [Entry("DENY", tx.at, facts, refs)]
        insert(tx, ask, grant, source, denied=decision, end_leaf=leaf)
        refused = Refused(
            decision.code, decision.reason, decision.facts, decision.nearest, leaf, ask.query_id
        )
        if decision.code is Code.VERIFICATION_BUDGET:
            assert grant is not None
            tell_budget(tx, ask.institution_id, grant.enterprise_id, ask.item)
            # it passes with time: the same key may try again
            free_key(tx, ask.query_id)
            return refused
        return rendered(tx, ask.idempotency, refused)


@dataclass(frozen=True, slots=True)
class ItemReleaseJob:
    """Transaction 2: decide again with the present instant; a USE leaf and a counted use, or a DENY leaf."""

    permitted: ItemPermitted
    permit_jws: str = field(repr=False)
    delivered: ItemDelivered

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation of the permit."""
        return (self.permitted.ask.authorisation_id,)

    def run(self, tx: Tx) -> Step[ItemReleaseResult]:
        """Decide again; see the class."""
        ask, jti = self.permitted.ask, self.permitted.permit.jti
        if not still_permitted(tx, ask.query_id):
            return Refused(Code.PROVIDER_TIMEOUT, "closed_meanwhile", query_id=ask.query_id)
        grant, source = held(tx, ask.authorisation_id), source_of(tx, ask.item)
        if tx.audit_failing:
            decision = ItemDecision.of(refuse(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint"))
        else:
            decision = _judge(tx, ask, grant, source)
        refs = _refs(ask, grant, source, permit=jti, query=ask.query_id)
        if not decision.allowed:
            return (yield from deny_release(tx, ask, decision, _facts(ask), refs, self.permit_jws, end))
        assert grant is not None
        count_use(tx, "items_itemauthorisation", grant.value.id)
        uses = grant.value.uses + 1
        # the result of a verification is kept for two years, the log for ever: it is not in the leaf
        facts: dict[str, Json] = {
            **_facts(ask),
            "answer_no": self.delivered.answer_no,
            "answer_digest": self.delivered.answer_digest,
            "receipt": self.delivered.receipt_digest,
            "uses": uses,
        }
        (leaf,) = yield [Entry("USE", tx.at, facts, refs)]
        left = grant.value.max_queries - uses
        self._close(tx, leaf, left)
        if ask.idempotency is not None:
            finish_key(tx, ask.idempotency, status=200, object_id=ask.query_id)
        return ItemReleased(ask, self.delivered, self.permit_jws, leaf, left)

    def _close(self, tx: Tx, leaf: LeafRef, left: int) -> None:
        sent = self.delivered
        tx.cursor.execute(
            tx.dialect.sql(
                "UPDATE items_itemquery SET state = 'released', permit = %s, end_leaf = %s, end_leaf_hash = %s,"
                " uses_left = %s, answer_digest = %s, answer_no = %s, receipt = %s, result = %s, answered_at = %s"
                " WHERE id = %s AND state = 'permitted'"
            ),
            (
                self.permit_jws,
                leaf.index,
                leaf.hash,
                left,
                sent.answer_digest,
                sent.answer_no,
                sent.receipt,
                sent.result,
                tx.dialect.time(leaf.at),
                self.permitted.ask.query_id,
            ),
        )


@dataclass(frozen=True, slots=True)
class ItemFailJob:
    """The source failed, or the process that asked it died: a FAIL leaf, no use, and the key is free again."""

    query_id: str
    authorisation_id: str
    item: str
    permit_jti: str
    code: Code
    reason: str = ""
    permit_jws: str = field(default="", repr=False)

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation of the permit."""
        return (self.authorisation_id,)

    def run(self, tx: Tx) -> Step[LeafRef | None]:
        """``None`` when the query has ended otherwise meanwhile."""
        if not still_permitted(tx, self.query_id):
            return None
        grant, source = held(tx, self.authorisation_id), source_of(tx, self.item)
        assert grant is not None
        refs = Refs(
            subject=grant.enterprise_id,
            institution=grant.value.institution,
            node=source.node_id if source else None,
            authorisation=self.authorisation_id,
            query=self.query_id,
            permit=self.permit_jti,
        )
        facts: dict[str, Json] = {"code": str(self.code), "product": self.item}
        (leaf,) = yield [Entry("FAIL", tx.at, facts, refs)]
        end(
            tx,
            self.query_id,
            state="failed",
            code=str(self.code),
            reason=self.reason,
            permit=self.permit_jws,
            leaf=leaf,
        )
        if self.code is Code.VERIFICATION_BUDGET:
            tell_budget(tx, grant.value.institution, grant.enterprise_id, self.item)
        free_key(tx, self.query_id)
        return leaf


@dataclass(frozen=True, slots=True)
class ItemSweepJob:
    """Forget results whose two years are over, and find queries whose process died; returns what closes those."""

    older_than: timedelta = ABANDONED_AFTER

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[list[ItemFailJob]]:
        """See the class."""
        tx.cursor.execute(
            tx.dialect.sql(
                "UPDATE items_itemquery SET result = '', claim = '', guess = '' WHERE result <> '' AND answered_at <= %s"
            ),
            (tx.dialect.time(tx.at - RESULT_KEPT),),
        )
        found = abandoned(tx, tx.at - self.older_than)
        yield from ()  # no leaf
        return [
            ItemFailJob(query_id, authorisation_id, item, jti, Code.PROVIDER_TIMEOUT, "abandoned")
            for query_id, authorisation_id, item, jti in found
        ]
