"""Faults a test or a demonstration may ask for (``--test-hooks`` only): how a broken or hostile node behaves.

Abuse case C9: whatever a node answers, the hub forwards nothing of a bad answer. These are the bad answers.
"""

import gzip
import threading
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong with the next products."""

    NONE = "none"
    UNSIGNED = "unsigned"
    WRONG_SUBJECT = "wrong_subject"
    STALE = "stale"
    WRONG_NONCE = "wrong_nonce"
    HTML = "html"
    GZIP_BOMB = "gzip_bomb"
    SLOW = "slow"
    STALL = "stall"
    HUGE = "huge"
    ERROR_200 = "error_200"
    WRONG_LENGTH = "wrong_length"
    DOWN = "down"


class Hooks:
    """The switch and the counters."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self.fault = Fault.NONE
        self._lock = threading.Lock()
        self.requests = 0
        self.product_bytes_out = 0
        self.last_receipt: str | None = None

    def count_request(self) -> None:
        """One more request reached the node."""
        with self._lock:
            self.requests += 1

    def count_bytes(self, size: int) -> None:
        """Bytes of a sealed product that left."""
        with self._lock:
            self.product_bytes_out += size


def gzip_bomb() -> bytes:
    """About 20 KB that inflate to 20 MB."""
    return gzip.compress(b" " * (20 << 20), 9)
