"""Writing and reading rows of ``fundflow_query`` on the release path."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from xinqiao.domain.consent import Decision, Product, Purpose, QueryKind, Reader
from xinqiao.domain.errors import Code
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.fundflow.protocol import Ask, Delivered, Nonce, Released, nearest_json
from xinqiao.hub.apps.fundflow.sql import Account, Grant
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.dbapi import insert_rows, read_time, rows_where

#: How long a client that lost the answer may ask for the same bytes again.
CIPHER_TTL = timedelta(minutes=10)

_COLUMNS = (
    "id, kind, via, authorisation_id, enterprise_id, institution_id, binding_id, node_id, product, months, purpose,"
    " reader, operator_name, operator_department, state, code, reason, nearest, permit_jti, permit, request_digest,"
    " permit_leaf, end_leaf, end_leaf_hash, product_digest, receipt, report_no, asked_at, answered_at"
)
_INSERT = f"INSERT INTO fundflow_query ({_COLUMNS}) VALUES ({', '.join(['%s'] * 29)})"  # noqa: S608 - constants


def insert_query(
    tx: Tx,
    ask: Ask,
    grant: Grant | None,
    account: Account | None,
    *,
    jti: str | None = None,
    permit_leaf: LeafRef | None = None,
    denied: Decision | None = None,
    end_leaf: LeafRef | None = None,
) -> None:
    """Write the row of a query that was permitted, or refused at once."""
    # A stranger's object is in the leaf, where its owner sees it, but the asker's own record does not lead to it.
    own_grant = grant if grant and grant.value.institution == ask.institution_id else None
    enterprise_id = whose(ask, grant, account)
    own_account = account if account and account.enterprise_id == enterprise_id else None
    tx.cursor.execute(
        tx.dialect.sql(_INSERT),
        (
            ask.query_id,
            str(ask.kind),
            ask.via,
            own_grant.value.id if own_grant else None,
            enterprise_id,
            ask.institution_id,
            own_account.id if own_account else None,
            own_account.node_id if own_account else None,
            str(ask.product),
            min(ask.months, 32_767),
            str(ask.purpose) if ask.purpose else "",
            str(ask.reader),
            ask.operator_name,
            ask.department,
            "denied" if denied else "permitted",
            str(denied.code) if denied and denied.code else "",
            denied.reason if denied else "",
            tx.dialect.json(nearest_json(denied.nearest)) if denied else None,
            jti,
            "",
            ask.request_digest,
            permit_leaf.index if permit_leaf else None,
            end_leaf.index if end_leaf else None,
            end_leaf.hash if end_leaf else "",
            "",
            "",
            "",
            tx.dialect.time(tx.at),
            tx.dialect.time(tx.at) if denied else None,
        ),
    )


def whose(ask: Ask, grant: Grant | None, account: Account | None) -> str | None:
    """The enterprise a query is about, so that it can see the attempt: the grant's, else the account's."""
    if ask.enterprise_id is not None:
        return ask.enterprise_id
    if grant is not None:
        return grant.enterprise_id
    return account.enterprise_id if account is not None else None


def still_permitted(tx: Tx, query_id: str) -> bool:
    """Lock a query's row and say whether it still waits for its end."""
    tx.cursor.execute(
        tx.dialect.sql("SELECT state FROM fundflow_query WHERE id = %s", lock="FOR UPDATE"), (query_id,)
    )
    row = tx.cursor.fetchone()
    return row is not None and row[0] == "permitted"


def end_query(
    tx: Tx, query_id: str, *, state: str, code: str, reason: str, permit: str, leaf: LeafRef
) -> None:
    """Close a permitted query as denied or failed."""
    tx.cursor.execute(
        tx.dialect.sql(
            "UPDATE fundflow_query SET state = %s, code = %s, reason = %s, permit = %s, end_leaf = %s,"
            " end_leaf_hash = %s, answered_at = %s WHERE id = %s AND state = 'permitted'"
        ),
        (state, code, reason, permit, leaf.index, leaf.hash, tx.dialect.time(leaf.at), query_id),
    )


def release_query(
    tx: Tx,
    query_id: str,
    *,
    permit: str,
    delivered: Delivered,
    leaf: LeafRef,
    uses_left: int | None,
    verify_code: str,
    keep: bool,
) -> None:
    """Close a permitted query as released. ``keep``: store the sealed product for a client that lost the answer."""
    tx.cursor.execute(
        tx.dialect.sql(
            "UPDATE fundflow_query SET state = 'released', permit = %s, end_leaf = %s, end_leaf_hash = %s,"
            " uses_left = %s, product_digest = %s, receipt = %s, cipher = %s, cipher_expires_at = %s, report_no = %s,"
            " verify_code = %s, answered_at = %s WHERE id = %s AND state = 'permitted'"
        ),
        (
            permit,
            leaf.index,
            leaf.hash,
            uses_left,
            delivered.product_digest,
            delivered.receipt,
            delivered.product if keep else None,
            tx.dialect.time(leaf.at + CIPHER_TTL) if keep else None,
            delivered.report_no,
            verify_code,
            tx.dialect.time(leaf.at),
            query_id,
        ),
    )


def released_again(tx: Tx, query_id: str) -> Released | Code:
    """The answer of a release once more, or why not: nothing is handed out after a withdrawal (abuse case A12)."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT q.cipher, q.cipher_expires_at, q.receipt, q.permit, q.end_leaf, q.end_leaf_hash, q.uses_left,"
            " q.report_no, q.verify_code, q.answered_at, a.withdrawn_at, a.valid_to FROM fundflow_query q"
            " JOIN consents_authorisation a ON a.id = q.authorisation_id WHERE q.id = %s AND q.state = 'released'"
        ),
        (query_id,),
    )
    row = tx.cursor.fetchone()
    if row is None:
        return Code.GONE_EXPIRED
    if row[10] is not None:
        return Code.GONE_REVOKED
    if row[0] is None or tx.at >= read_time(row[1]) or tx.at >= read_time(row[11]):
        return Code.GONE_EXPIRED
    leaf_index, uses_left = row[4], row[6]
    assert isinstance(leaf_index, int)
    assert uses_left is None or isinstance(uses_left, int)
    return Released(
        query_id=query_id,
        product=str(row[0]),
        receipt=str(row[2]),
        permit=str(row[3]),
        leaf_index=leaf_index,
        leaf_hash=str(row[5]),
        uses_left=uses_left,
        report_no=str(row[7]),
        verify_code=str(row[8]),
        released_at=read_time(row[9]),
    )


def abandoned(tx: Tx, before: datetime) -> list[tuple[str, str | None, str | None]]:
    """Queries permitted before an instant and never ended: their process died (commit-unknown, reliability 5.11).

    With each its authorisation and its permit.
    """
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT id, authorisation_id, permit_jti FROM fundflow_query"
            " WHERE state = 'permitted' AND asked_at < %s ORDER BY asked_at"
        ),
        (tx.dialect.time(before),),
    )
    return [
        (str(row[0]), None if row[1] is None else str(row[1]), None if row[2] is None else str(row[2]))
        for row in tx.cursor.fetchall()
    ]


def reload_ask(tx: Tx, query_id: str) -> Ask | None:
    """The ask of a stored query, as far as its end needs it."""
    tx.cursor.execute(
        tx.dialect.sql(
            "SELECT kind, via, authorisation_id, enterprise_id, institution_id, binding_id, product, months, purpose,"
            " reader FROM fundflow_query WHERE id = %s"
        ),
        (query_id,),
    )
    row = tx.cursor.fetchone()
    if row is None:
        return None
    months = row[7]
    assert isinstance(months, int)
    return Ask(
        query_id=query_id,
        kind=QueryKind(str(row[0])),
        via=str(row[1]),
        institution_id=None if row[4] is None else str(row[4]),
        enterprise_id=None if row[3] is None else str(row[3]),
        authorisation_id=None if row[2] is None else str(row[2]),
        account="" if row[5] is None else str(row[5]),
        product=Product(str(row[6])),
        months=months,
        purpose=Purpose(str(row[8])) if row[8] else None,
        reader=Reader(str(row[9])),
        operator_name="",
        department="",
        request_digest="",
        enc_jwk={},
    )


def known_nonces(tx: Tx, nonces: Sequence[Nonce]) -> set[tuple[str, str]]:
    """Which of some nonces were seen before."""
    select = (
        "SELECT n.scope, n.nonce FROM {} AS v JOIN identity_seennonce n"
        " ON n.scope = v.column1 AND n.nonce = v.column2"
    )
    pairs = [(one.keyid, one.nonce) for one in nonces]
    return {
        (str(scope), str(nonce)) for scope, nonce in rows_where(tx.cursor, select, pairs, tx.dialect.markers)
    }


def keep_nonces(tx: Tx, nonces: Sequence[Nonce]) -> None:
    """Store nonces that were not known. Raises the driver's IntegrityError: another process has just stored one."""
    insert_rows(
        tx.cursor,
        "INSERT INTO identity_seennonce (scope, nonce, expires_at)",
        [(one.keyid, one.nonce, tx.dialect.time(one.expires_at)) for one in nonces],
        tx.dialect.markers,
    )


def remember_nonce(tx: Tx, nonce: Nonce) -> bool:
    """Store a nonce; False at the second sight, also after a restart."""
    tx.cursor.execute(
        tx.dialect.sql(
            "INSERT INTO identity_seennonce (scope, nonce, expires_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        ),
        (nonce.keyid, nonce.nonce, tx.dialect.time(nonce.expires_at)),
    )
    return tx.cursor.rowcount == 1
