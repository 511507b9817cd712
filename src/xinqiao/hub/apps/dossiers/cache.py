"""The statements of the table of dossiers, raw like the rest of the release path."""

from datetime import timedelta

from xinqiao.hub.apps.dossiers.product import Product, Shelf
from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.dbapi import read_time

#: A use is noted at most this often: noting each would make every read a write of its own.
NOTED_EACH = timedelta(hours=1)

_FIND = (
    "SELECT token, content, size, digest, statement, made_at, used_at FROM dossiers_dossier"
    " WHERE subject = %s AND view = %s"
)


def find(tx: Tx, subject: str, view: str) -> Product | None:
    """What is kept of a view, up to date or not."""
    tx.cursor.execute(tx.dialect.sql(_FIND), (subject, view))
    row = tx.cursor.fetchone()
    if row is None:
        return None
    token, content, size, digest, statement, made_at, used_at = row
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
