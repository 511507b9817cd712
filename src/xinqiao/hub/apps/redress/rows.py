"""The standing of a firm's records as the release path asks for it: inside its transaction, with the row held."""

from collections.abc import Sequence
from datetime import datetime

from xinqiao.hub.apps.fundflow.transaction import Tx
from xinqiao.hub.dbapi import read_time, rows_where

#: Version and when it last changed.
type Standing = tuple[int, datetime | None]
#: Of a firm whose records nobody ever marked or hid.
NONE: Standing = (0, None)

_HELD = "SELECT uscc, version, changed_at FROM redress_standing WHERE uscc IN {} ORDER BY uscc"


def standing_held(tx: Tx, uscc: str) -> Standing:
    """The version of a firm's standing and when it last changed; until the transaction ends nobody changes it.

    A repair is decided either before this, and what was made earlier is not given; or after the release is in the log.
    """
    return standings_held(tx, [uscc]).get(uscc, NONE)


def standings_held(tx: Tx, firms: Sequence[str]) -> dict[str, Standing]:
    """The same of several firms, held in the one order of their codes; a firm without a row is left out."""
    select = tx.dialect.sql(_HELD, lock="FOR SHARE")
    rows = rows_where(tx.cursor, select, [(uscc,) for uscc in sorted(firms)], tx.dialect.markers)
    found: dict[str, Standing] = {}
    for uscc, version, changed_at in rows:
        assert isinstance(version, int)
        found[str(uscc)] = version, read_time(changed_at)
    return found
