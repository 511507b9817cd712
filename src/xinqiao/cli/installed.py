"""What commands need that work on an installed hub: its settings, and a database that is ready."""

import sys
from collections.abc import Sequence

from xinqiao.cli.findings import Finding, State, as_table


def settings_ready() -> bool:
    """Read the hub's settings; else say on standard error what is wrong with them."""
    from xinqiao.cli.hub_checks import load_settings

    return _good(load_settings())


def database_ready() -> bool:
    """As :func:`settings_ready`, and the tables are there; nothing is made where they are not.

    A command that made the database of a mistyped ``XINQIAO_HOME`` would put people into a hub that nobody serves.
    """
    if not settings_ready():
        return False
    from xinqiao.cli.hub_checks import database

    found, readable = database()
    return _good(found, readable=readable)


def _good(findings: Sequence[Finding], *, readable: bool = True) -> bool:
    if readable and all(finding.state is not State.BAD for finding in findings):
        return True
    print(as_table([f for f in findings if f.state is not State.OK]), file=sys.stderr)
    return False
