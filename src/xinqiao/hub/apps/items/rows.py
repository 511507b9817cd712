"""Statements of the release path of items, and the values they load. Raw SQL like the fund-flow's, and as short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import AuthState, Purpose, Reader
from xinqiao.domain.errors import Code
from xinqiao.domain.items import ItemAuthorisation, ItemDecision, ItemKind, ItemScope
from xinqiao.domain.period import business_day
from xinqiao.domain.verification import BudgetRules, Verified
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.protocol import Nonce, nearest_json
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.dbapi import padded, read_time, read_time_or_none, rows_where
from xinqiao.hub.ids import Prefix
from xinqiao.trust.encoding import strict_object, unb64

#: Results of verifications are kept this long (credit rules 8, proposed).
RESULT_KEPT = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class ItemRequest:
    """One query as it arrived, already authenticated. ``guess`` is empty and ``claim`` ``None`` for an interface item.

    ``reader``: who can open the answer, the institution with its own key or, for a credit report, the hub in memory.
    """

    query_id: str
    institution_id: str
    authorisation_id: str
    item: str
    item_fields: frozenset[str]
    purpose: Purpose
    operator_name: str
    department: str
    request_digest: str
    claim: str | None = None
    guess: str = ""
    reader: Reader = Reader.INSTITUTION_KEY
    enc_jwk: dict[str, str] | None = field(default=None, repr=False)
    idempotency: Idempotency | None = None
    nonce: Nonce | None = None

    @property
    def kind(self) -> ItemKind:
        """What is asked."""
        return ItemKind.INTERFACE if self.claim is None else ItemKind.VERIFICATION


@dataclass(frozen=True, slots=True)
class Held:
    """An authorisation as it stands under the lock."""

    value: ItemAuthorisation
    enterprise_id: str
    artefact: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """The node that serves an item."""

    node_id: str
    active: bool


@lru_cache(maxsize=20_000)
def _granted(artefact: str) -> ItemAuthorisation:
    # The hub's own artefact out of the hub's own table: its signature was made here and is checked by the node.
    return ItemAuthorisation.from_claims(strict_object(unb64(artefact.split(".")[1])))


_HELD = (
    "SELECT a.institution_id, a.enterprise_id, e.uscc, a.state, a.uses, a.withdrawn_at, a.artefact, a.purpose, a.id"
    " FROM items_itemauthorisation a JOIN identity_enterprise e ON e.id = a.enterprise_id WHERE a.id IN {}"
)


def held(tx: Tx, authorisation_id: str) -> Held | None:
    """Load an authorisation; a request that was not answered yet counts as one that grants nothing."""
    return held_all(tx, [authorisation_id]).get(authorisation_id)


def held_all(tx: Tx, authorisation_ids: Sequence[str]) -> dict[str, Held]:
    """Load authorisations; what there is none of is left out."""
    rows = rows_where(tx.cursor, _HELD, [(one,) for one in authorisation_ids], tx.dialect.markers)
    return {str(row[8]): _held(row) for row in rows}


def _held(row: Sequence[object]) -> Held:
    artefact, state, uses = str(row[6]), AuthState(str(row[3])), row[4]
    assert isinstance(uses, int)
    if artefact:
        value = replace(_granted(artefact), state=state, uses=uses, withdrawn_at=read_time_or_none(row[5]))
    else:
        never = datetime.min.replace(tzinfo=UTC)
        nothing = ItemScope(frozenset(), frozenset(), Purpose(str(row[7])), 1, 1)
        value = ItemAuthorisation(str(row[8]), str(row[2]), str(row[0]), nothing, never, never, state=state)
    return Held(value, str(row[1]), artefact)


def count_uses(tx: Tx, uses: Mapping[str, int]) -> int:
    """Count uses of authorisations, conditionally: the last of a number can be taken once only.

    Returns how many of the authorisations had them left.
    """
    counted = 0
    for number in sorted(set(uses.values())):
        names = padded([name for name, many in uses.items() if many == number])
        tx.cursor.execute(
            tx.dialect.sql(
                "UPDATE items_itemauthorisation SET uses = uses + %s WHERE state = 'confirmed' AND withdrawn_at IS NULL"  # noqa: S608
                f" AND uses + %s <= max_queries AND id IN ({', '.join(['%s'] * len(names))})"
            ),
            (number, number, *names),
        )
        counted += tx.cursor.rowcount
    return counted


def source_of(tx: Tx, item: str) -> Source | None:
    """The node registered for an item."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT s.node_id, n.status FROM items_itemsource s JOIN identity_node n ON n.id = s.node_id"
            " WHERE s.item = %s"
        ),
        (item,),
    )
    row = tx.cursor.fetchone()
    return None if row is None else Source(str(row[0]), row[1] == "active")


def history(tx: Tx, ask: Verified, enterprise_id: str, rules: BudgetRules) -> list[Verified]:
    """Verifications of the window that were permitted: of the institution, and of the subject's item by anybody."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT asked_at, institution_id, enterprise_id, item, guess FROM items_itemquery"
            " WHERE kind = 'verification' AND permit_jti IS NOT NULL AND asked_at > %s"
            " AND (institution_id = %s OR (enterprise_id = %s AND item = %s))"
        ),
        (tx.dialect.time(ask.at - rules.window), ask.institution, enterprise_id, ask.item),
    )
    return [Verified(read_time(at), *map(str, rest)) for at, *rest in tx.cursor.fetchall()]


_COLUMNS = (
    "id, kind, authorisation_id, enterprise_id, institution_id, node_id, item, fields, claim, guess, purpose,"
    " operator_name, operator_department, state, code, reason, nearest, permit_jti, permit, request_digest, permit_leaf,"
    " end_leaf, end_leaf_hash, answer_digest, answer_no, receipt, result, asked_at, answered_at"
)
_INSERT = f"INSERT INTO items_itemquery ({_COLUMNS}) VALUES ({', '.join(['%s'] * 29)})"  # noqa: S608 - constants


def insert(
    tx: Tx,
    ask: ItemRequest,
    grant: Held | None,
    source: Source | None,
    *,
    jti: str | None = None,
    denied: ItemDecision | None = None,
    end_leaf: LeafRef | None = None,
) -> None:
    """Write the row of a query that was permitted, or refused at once."""
    # A stranger's object is in the leaf, where its owner sees it, but the asker's own record does not lead to it.
    own = grant if grant and grant.value.institution == ask.institution_id else None
    tx.cursor.execute(
        tx.dialect.sql(_INSERT),
        (
            ask.query_id,
            str(ask.kind),
            own.value.id if own else None,
            grant.enterprise_id if grant else None,
            ask.institution_id,
            source.node_id if source and own else None,
            ask.item,
            tx.dialect.json([*sorted(ask.item_fields)]),
            ask.claim or "",
            ask.guess,
            str(ask.purpose),
            ask.operator_name,
            ask.department,
            "denied" if denied else "permitted",
            str(denied.code) if denied and denied.code else "",
            denied.reason if denied else "",
            tx.dialect.json(nearest_json(denied.nearest)) if denied else None,
            jti,
            "",
            ask.request_digest,
            None,
            end_leaf.index if end_leaf else None,
            end_leaf.hash if end_leaf else "",
            "",
            "",
            "",
            "",
            tx.dialect.time(tx.at),
            tx.dialect.time(tx.at) if denied else None,
        ),
    )


def permitted_by(tx: Tx, query_id: str, leaf: LeafRef) -> None:
    """Name the leaf of a permit in its row."""
    tx.cursor.execute(
        tx.dialect.sql("UPDATE items_itemquery SET permit_leaf = %s WHERE id = %s"), (leaf.index, query_id)
    )


def still_permitted(tx: Tx, query_id: str) -> bool:
    """Lock a query's row and say whether it still waits for its end."""
    tx.cursor.execute(
        tx.dialect.sql("SELECT state FROM items_itemquery WHERE id = %s", lock="FOR UPDATE"), (query_id,)
    )
    row = tx.cursor.fetchone()
    return row is not None and row[0] == "permitted"


def end(tx: Tx, query_id: str, *, state: str, code: str, reason: str, permit: str, leaf: LeafRef) -> None:
    """Close a permitted query as denied or failed."""
    tx.cursor.execute(
        tx.dialect.sql(
            "UPDATE items_itemquery SET state = %s, code = %s, reason = %s, permit = %s, end_leaf = %s,"
            " end_leaf_hash = %s, answered_at = %s WHERE id = %s AND state = 'permitted'"
        ),
        (state, code, reason, permit, leaf.index, leaf.hash, tx.dialect.time(leaf.at), query_id),
    )


def withdrawn_since(tx: Tx, query_id: str) -> Code:
    """Why a released answer cannot be had again: it was never kept, or the consent is gone besides."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT a.withdrawn_at FROM items_itemquery q JOIN items_itemauthorisation a ON a.id = q.authorisation_id"
            " WHERE q.id = %s"
        ),
        (query_id,),
    )
    row = tx.cursor.fetchone()
    return Code.GONE_REVOKED if row is not None and row[0] is not None else Code.GONE_EXPIRED


def abandoned(tx: Tx, before: datetime) -> list[tuple[str, str, str, str]]:
    """Queries permitted before an instant and never ended, with authorisation, item and permit: their process died."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT id, authorisation_id, item, permit_jti FROM items_itemquery"
            " WHERE state = 'permitted' AND asked_at < %s ORDER BY asked_at"
        ),
        (tx.dialect.time(before),),
    )
    return [(str(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in tx.cursor.fetchall()]


def tell_budget(tx: Tx, institution_id: str, enterprise_id: str, item: str) -> None:
    """Say to both parties that a budget is spent: once a day for each pair and item, however often it is tried."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT i.name, e.name FROM identity_institution i, identity_enterprise e WHERE i.id = %s AND e.id = %s"
        ),
        (institution_id, enterprise_id),
    )
    row = tx.cursor.fetchone()
    assert row is not None
    told: tuple[tuple[str, str, str, dict[str, Json], str], ...] = (
        (
            "institution",
            institution_id,
            "items_budget",
            {"enterprise": str(row[1]), "item": item},
            "/i/items/records",
        ),
        (
            "enterprise",
            enterprise_id,
            "items_budget_firm",
            {"institution": str(row[0]), "item": item},
            "/e/items",
        ),
    )
    for audience, audience_id, kind, facts, link in told:
        said = f"{kind} {institution_id} {enterprise_id} {item} {business_day(tx.at)}"
        tx.cursor.execute(
            tx.dialect.sql(
                "INSERT INTO notices_notice (id, audience_kind, audience_id, kind, facts, link, created_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
            ),
            (
                f"{Prefix.NOTICE}-{sha256(said.encode()).hexdigest()[:32]}",
                audience,
                audience_id,
                kind,
                tx.dialect.json(facts),
                link,
                tx.dialect.time(tx.at),
            ),
        )
