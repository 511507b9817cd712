"""What the node remembers of item permits: that one was consumed, and the guesses of a day."""

import secrets
import sqlite3
from datetime import datetime

from xinqiao.domain.errors import Code, TooMany, Unauthenticated
from xinqiao.domain.items import ItemPermit
from xinqiao.domain.verification import BudgetRules, Verified, check_budget
from xinqiao.provider.records import instant, micros
from xinqiao.provider.state import State


def guess_secret(state: State) -> bytes:
    """The key under which guesses are recognised again; made at first use and kept in the node's database."""

    def make(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT OR IGNORE INTO fact VALUES ('guess_secret', ?)", (secrets.token_hex(32),))
        row = connection.execute("SELECT value FROM fact WHERE name = 'guess_secret'").fetchone()
        return str(row[0])

    return bytes.fromhex(state.writer.submit(make).result(30))


def put_item_permit(
    connection: sqlite3.Connection, permit: ItemPermit, guess: str, at: datetime, rules: BudgetRules
) -> None:
    """Consume a permit, a verification's within its budget; in one transaction, so that two at once count as two.

    ``guess`` is empty for an interface item.

    Raises:
        Unauthenticated: ``REPLAYED``. TooMany: ``VERIFICATION_BUDGET`` with ``retry_after``; nothing is consumed.
    """
    if guess:
        ask = Verified(at, permit.institution, permit.subject, permit.item, guess)
        decision = check_budget(ask, _history(connection, ask, rules), rules=rules)
        if not decision.allowed:
            raise TooMany(Code.VERIFICATION_BUDGET, decision.reason, facts=decision.facts)
    made = connection.execute(
        "INSERT OR IGNORE INTO item_permit VALUES (?,?,?,?,?,?,?)",
        (
            permit.jti,
            permit.authorisation_id,
            permit.institution,
            permit.subject,
            permit.item,
            guess,
            micros(at),
        ),
    )
    if made.rowcount != 1:
        raise Unauthenticated(Code.REPLAYED, "this permit was used before")


def _history(connection: sqlite3.Connection, ask: Verified, rules: BudgetRules) -> list[Verified]:
    rows = connection.execute(
        "SELECT consumed_at, institution, subject, item, guess FROM item_permit"
        " WHERE guess <> '' AND consumed_at > ? AND (institution = ? OR (subject = ? AND item = ?))",
        (micros(ask.at - rules.window), ask.institution, ask.subject, ask.item),
    )
    return [Verified(instant(int(at)), *map(str, rest)) for at, *rest in rows.fetchall()]
