"""What a department's node does for the hub: answers of interface items, and verifications. No HTTP here.

Both verbs: check everything again, consume the permit durably, look, sign. A verification has one path for every
outcome, and from its permit on everything it says goes out at a tick of the grid.
"""

import asyncio
import hmac
import sqlite3
import time
from collections.abc import Mapping
from datetime import datetime

from xinqiao import catalogue as catalogues
from xinqiao.clock import SHANGHAI, Pace
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.errors import Code, Forbidden, Invalid
from xinqiao.domain.items import ItemKind, ItemPermit
from xinqiao.domain.verification import (
    Answer as Outward,
)
from xinqiao.domain.verification import (
    BudgetRules,
    Claim,
    claim_digest,
    compare,
    guess_key,
    next_slot,
    normal_record,
    read_claim,
)
from xinqiao.provider.config import ItemsConfig
from xinqiao.provider.gate import UnknownInstitution
from xinqiao.provider.items.answer import item_answer, records_json, verification_answer
from xinqiao.provider.items.gate import AdmittedItem, ItemGate
from xinqiao.provider.items.memory import guess_secret, put_item_permit
from xinqiao.provider.items.store import ItemStore, key_field
from xinqiao.provider.records import Event
from xinqiao.provider.service import Answer, Case, NodeService, appender, members, text_of
from xinqiao.provider.stores.base import StoreError


class ItemService:
    """The verbs about items of one node."""

    def __init__(self, node: NodeService, config: ItemsConfig, *, pace: Pace | None = None) -> None:
        self._node = node
        self._config = config
        self._pace = pace or Pace()
        self._catalogue = catalogues.load(extensions=config.extensions)
        self.store = ItemStore(config, self._catalogue)
        self._gate = ItemGate(
            node=node.config.id, hub=node.config.hub.id, trust=node.trust, catalogue=self._catalogue, clock=node.clock
        )  # fmt: skip
        self._rules = BudgetRules(
            distinct_guesses=config.distinct_guesses,
            per_pair=config.per_pair,
            per_institution=config.per_institution,
        )
        self._secret = guess_secret(node.state)

    def close(self) -> None:
        """Let go of the records."""
        self.store.close()

    def health(self) -> dict[str, Json]:
        """What anybody may know: which items are served, to which day."""
        try:
            served: list[Json] = [*self.store.items()]
            return {"items": served, "items_as_of": self.store.data_as_of()}
        except StoreError:
            return {"status": "store_unavailable"}

    async def item(self, body: dict[str, Json], case: Case) -> Answer:
        """Records of one interface item about one subject, sealed to the institution's one-time key."""
        members(body, {"permit", "authorisation", "query"})
        admitted = await self._admitted(body, case, ItemKind.INTERFACE)
        started = time.perf_counter_ns()
        await self._consume(admitted.permit, "", case)
        rows = await asyncio.to_thread(self.store.rows, admitted.item.id, admitted.permit.subject)
        now = self._node.clock.now()
        answer, number = item_answer(
            self._node.config,
            self._node.key,
            admitted,
            records_json(self._catalogue, admitted, rows, now=now),
            as_of=self.store.data_as_of(),
            now=now,
        )
        size = len(str(answer["answer"]))
        self._node.hooks.count_bytes(size)
        self._record(case, number, size, started)
        return Answer(200, answer)

    async def verification(self, body: dict[str, Json], case: Case) -> Answer:
        """Yes or no about one consented tuple."""
        arrived, asked_at = self._pace.now(), self._node.clock.now()
        members(body, {"permit", "authorisation", "query", "claim"})
        admitted = await self._admitted(body, case, ItemKind.VERIFICATION)
        claim = self._claim(body.get("claim"), admitted, asked_at)
        started = time.perf_counter_ns()
        try:
            await self._consume(admitted.permit, guess_key(claim, self._secret), case)
            result = await asyncio.to_thread(self._compared, admitted.item, claim)
            answer, number = verification_answer(
                self._node.config,
                self._node.key,
                admitted,
                result,
                asked_at=asked_at,
                size=self._config.answer_bytes,
                now=self._node.clock.now(),
            )
        finally:
            # also a failure, or its time would tell how far the search had come
            ready = self._pace.now()
            # house: allow float - seconds of a monotonic clock
            await self._pace.until(next_slot(arrived, ready, self._config.grid_ms / 1000))
        self._record(case, number, self._config.answer_bytes, started)
        return Answer(200, answer)

    # --- the steps --------------------------------------------------------------------------------------------------

    async def _admitted(self, body: dict[str, Json], case: Case, kind: ItemKind) -> AdmittedItem:
        token = text_of(body, "permit")
        authorisation = text_of(body, "authorisation")
        query = None if body.get("query") is None else text_of(body, "query")
        permit = self._gate.read_permit(token, kind)
        case.facts = {
            "jti": permit.jti, "link": permit.authorisation_id, "institution": permit.institution,
            "product": permit.item,
        }  # fmt: skip
        if not self.store.serves(permit.item):
            raise Forbidden(
                Code.SCOPE_EXCEEDED, "item_not_served_here", facts={"items": [f"item:{permit.item}"]}
            )
        try:
            return self._gate.admit(permit, token, authorisation, query)
        except UnknownInstitution:
            # a newer directory may know it: ask once, then believe the answer
            if not await self._node.refresh_directory():
                raise
            return self._gate.admit(permit, token, authorisation, query)

    def _claim(self, stated: Json, admitted: AdmittedItem, now: datetime) -> Claim:
        """The tuple in normal form, and only if it is the consented one about the consenting subject.

        Raises:
            Invalid: not in the form of a claim. Forbidden: ``SCOPE_EXCEEDED`` for any other tuple.
        """
        if not isinstance(stated, dict) or set(stated) != {"values", "salt"}:
            raise Invalid(Code.INVALID, "a claim has values and a salt", facts={"field": "claim"})
        values, salt = stated["values"], stated["salt"]
        if not isinstance(values, dict) or not isinstance(salt, str) or not _all_text(values):
            raise Invalid(Code.INVALID, "a claim is text", facts={"field": "claim"})
        texts = {name: str(value) for name, value in values.items()}
        claim = read_claim(self._catalogue, admitted.item, texts, on=now.astimezone(SHANGHAI).date())
        permit = admitted.permit
        same = hmac.compare_digest(claim_digest(claim, salt), permit.claim or "")
        about = claim.values.get("uscc", permit.subject) == permit.subject
        if not same or not about or claim.fields != permit.fields:
            raise Forbidden(
                Code.SCOPE_EXCEEDED, "claim_not_authorised", facts={"items": [f"claim:{permit.item}"]}
            )
        return claim

    async def _consume(self, permit: ItemPermit, guess: str, case: Case) -> None:
        """Durable before anything is looked up."""
        at = self._node.clock.now()

        def consume(connection: sqlite3.Connection) -> None:
            self._node.settle(connection, case)
            put_item_permit(connection, permit, guess, at, self._rules)

        await self._node.state.writer.write(consume)
        case.settled = True

    def _compared(self, item: Item, claim: Claim) -> Outward:
        rows = self.store.rows(item.id, claim.values[key_field(item, ItemKind.VERIFICATION)])
        on = self._node.clock.now().astimezone(SHANGHAI).date()
        return compare(claim, [normal_record(self._catalogue, item, row.cells, on=on) for row in rows])

    def _record(self, case: Case, number: str, size: int, started: int) -> None:
        took = (time.perf_counter_ns() - started) // 1000
        served = self._node.entry(Event.SERVED, **case.facts, report_no=number, bytes=size, micros=took)
        self._node.state.writer.later(appender(served))


def _all_text(values: Mapping[str, Json]) -> bool:
    return all(isinstance(value, str) and len(value) <= 500 for value in values.values())
