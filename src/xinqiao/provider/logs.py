"""Technical logs of the node: structured lines on standard error, fields from a list of allowed names only.

No account number, name, amount or text of a transaction can reach a log line, because no field for it exists.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "trace",
        "code",
        "status",
        "error",
        "node",
        "port",
        "version",
        "seconds",
        "count",
    }
)


def keep_allowed(_logger: object, _name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list."""
    return {name: value for name, value in fields.items() if name in ALLOWED}


def configure_logs() -> None:
    """Use the allow-list for everything this process logs."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
