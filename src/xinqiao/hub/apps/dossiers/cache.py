"""The statements of the table of dossiers, raw like the rest of the release path."""

from collections.abc import Sequence
from datetime import timedelta

from xinqiao.hub.apps.dossiers.product import Product, Shelf
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.dbapi import read_time, rows_where

#: A use is noted at most this often: noting each would make every read a write of its own.
NOTED_EACH = timedelta(hours=1)

_FIND = (
    "SELECT d.subject, d.view, d.token, d.content, d.size, d.digest, d.statement, d.made_at, d.used_at"
    " FROM {} AS v JOIN dossiers_dossier d ON d.subject = v.column1 AND d.view = v.column2"
)


def find(tx: Tx, subject: str, view: str) -> Product | None:
    """What is kept of a view, up to date or not."""
    return find_all(tx, [(subject, view)]).get((subject, view))


def find_all(tx: Tx, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Product]:
    """What is kept of several views; what is not kept is left out."""
    rows = rows_where(tx.cursor, _FIND, places, tx.dialect.markers)
    return {(str(row[0]), str(row[1])): _product(tx, row) for row in rows}


def _product(tx: Tx, row: Sequence[object]) -> Product:
    subject, view = str(row[0]), str(row[1])
    token, content, size, digest, statement, made_at, used_at = row[2:]
    assert isinstance(content, bytes)
    assert isinstance(size, int)
    if tx.at - read_time(used_at) >= NOTED_EACH:
        tx.cursor.execute(
            tx.dialect.sql("UPDATE dossiers_dossier SET used_at = %s WHERE subject = %s AND view = %s"),
            (tx.dialect.time(tx.at), subject, view),
        )
    shelf = Shelf(subject, view, str(token))
    return Product(shelf, content, size, str(digest), str(statement), read_time(made_at))


def keep(tx: Tx, product: Product) -> None:
    """Keep a dossier in the place of an older one of its view."""
    shelf = product.shelf
    tx.cursor.execute(
        tx.dialect.sql(
            "INSERT INTO dossiers_dossier"
            " (subject, view, token, content, size, stored, digest, statement, made_at, used_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (subject, view) DO UPDATE SET token = excluded.token, content = excluded.content,"
            " size = excluded.size, stored = excluded.stored, digest = excluded.digest,"
            " statement = excluded.statement, made_at = excluded.made_at, used_at = excluded.used_at"
        ),
        (
            shelf.subject,
            shelf.view,
            shelf.kept_as,
            product.content,
            product.size,
            len(product.content),
            product.digest,
            product.statement,
            tx.dialect.time(product.made_at),
            tx.dialect.time(tx.at),
        ),
    )
