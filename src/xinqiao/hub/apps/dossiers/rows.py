"""Records of dossier queries: rows of the table of item queries, written once and whole, so that the ledgers of firm
and institution show them beside the rest.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xinqiao.domain.items import ItemDecision
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.dossiers.product import Product
from xinqiao.hub.apps.fundflow.protocol import nearest_json
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.apps.items.rows import Held
from xinqiao.hub.dbapi import read_time

if TYPE_CHECKING:
    from xinqiao.hub.apps.dossiers.jobs import DossierRequest

#: Stands where the record of another query names its one item; its fields are ``item.field``.
DOSSIER = "dossier"

_COLUMNS = (
    "id, kind, authorisation_id, enterprise_id, institution_id, node_id, item, fields, claim, guess, purpose,"
    " operator_name, operator_department, state, code, reason, nearest, permit_jti, permit, request_digest, permit_leaf,"
    " end_leaf, end_leaf_hash, uses_left, answer_digest, answer_no, receipt, result, asked_at, answered_at"
)
_INSERT = f"INSERT INTO items_itemquery ({_COLUMNS})"


def insert(
    tx: Tx,
    ask: "DossierRequest",
    grant: Held | None,
    names: str,
    leaf: LeafRef,
    *,
    permit_leaf: LeafRef | None = None,
    product: Product | None = None,
    left: int | None = None,
    denied: ItemDecision | None = None,
) -> None:
    """Write the record of a dossier that was released or refused. ``names``: what it was about, as JSON."""
    # A stranger's object is in the leaf, where its owner sees it, but the asker's own record does not lead to it.
    own = grant if grant and grant.value.institution == ask.institution_id else None
    now = tx.dialect.time(tx.at)
    tx.later(
        _INSERT,
        (
            ask.query_id,
            "collected",
            own.value.id if own else None,
            grant.enterprise_id if grant else None,
            ask.institution_id,
            None,
            DOSSIER,
            names,
            "",
            "",
            str(ask.purpose),
            ask.operator_name,
            ask.department,
            "denied" if denied else "released",
            str(denied.code) if denied and denied.code else "",
            denied.reason if denied else "",
            tx.dialect.json(nearest_json(denied.nearest)) if denied else None,
            # The permit went to no node that could come back with it: it stands in the two leaves, and an index of
            # random permits would be one more page to write for each query.
            None,
            "",
            ask.request_digest,
            permit_leaf.index if permit_leaf else None,
            leaf.index,
            leaf.hash,
            left,
            product.digest if product else "",
            product.shelf.view if product else "",
            product.statement if product else "",
            "",
            now,
            now,
        ),
    )


@dataclass(frozen=True, slots=True)
class Before:
    """What a record says of a dossier that was released."""

    view: str
    digest: str
    leaf: LeafRef
    uses_left: int
    items: frozenset[str]


def released_before(tx: Tx, query_id: str) -> Before | None:
    """The record of a released dossier."""
    tx.settle()  # the same key may be in this very batch
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT answer_no, answer_digest, end_leaf, end_leaf_hash, answered_at, uses_left, fields FROM items_itemquery"
            " WHERE id = %s AND kind = 'collected' AND state = 'released'"
        ),
        (query_id,),
    )
    row = tx.cursor.fetchone()
    if row is None:
        return None
    view, digest, index, hashed, at, left, names = row
    assert isinstance(index, int)
    assert isinstance(left, int)
    return Before(str(view), str(digest), LeafRef(index, str(hashed), read_time(at)), left, _items(names))


def _items(names: object) -> frozenset[str]:
    told = json.loads(names) if isinstance(names, str) else names
    return frozenset(str(name).partition(".")[0] for name in told) if isinstance(told, list) else frozenset()
