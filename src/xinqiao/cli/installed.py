"""What commands need that work on an installed hub: its settings, and a database that is ready."""

import sys
from collections.abc import Sequence

from xinqiao.cli.findings import Finding, State, as_table


def settings_ready() -> bool:
    """Read the hub's settings; else say on standard error what is wrong with them."""
    from xinqiao.cli.hub_checks import load_settings

    found = load_settings()
    return _told(found, good=all(finding.state is State.OK for finding in found))


def database_ready() -> bool:
    """As :func:`settings_ready`, and the tables are there; nothing is made where they are not.

    A command that made the database of a mistyped ``XINQIAO_HOME`` would put people into a hub that nobody serves.
    """
    if not settings_ready():
        return False
    from xinqiao.cli.hub_checks import database

    found, readable = (
        database()
    )  # what else it found, ``xinqiao doctor`` tells; only absent tables stop a command
    return _told(found, good=readable)


def _told(findings: Sequence[Finding], *, good: bool) -> bool:
    if not good:
        print(as_table([f for f in findings if f.state is not State.OK]), file=sys.stderr)
    return good
