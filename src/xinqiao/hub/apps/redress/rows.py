"""The standing of a firm's records as the release path asks for it: inside its transaction, with the row held."""

from datetime import datetime

from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.dbapi import read_time


def standing_held(tx: Tx, uscc: str) -> tuple[int, datetime | None]:
    """The version of a firm's standing and when it last changed; until the transaction ends nobody changes it.

    A repair is decided either before this, and what was made earlier is not given; or after the release is in the log.
    """
    tx.cursor.execute(
        tx.dialect.sql("SELECT version, changed_at FROM redress_standing WHERE uscc = %s", lock="FOR SHARE"),
        (uscc,),
    )
    row = tx.cursor.fetchone()
    if row is None:
        return 0, None
    version, changed_at = row
    assert isinstance(version, int)
    return version, read_time(changed_at)
