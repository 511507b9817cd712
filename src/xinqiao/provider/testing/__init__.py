"""A node to test against: a small invented bank, the hub's and an institution's keys, and the messages they send.

Used by the node's tests and free for the hub's and the client's. It speaks only what the protocol says, so a test may
also send what the protocol forbids. Everything here is invented; nothing of it is imported by the running program.
"""

from xinqiao.provider.testing.bank import (
    AS_OF,
    CLOSED,
    FIRM,
    HOLDERS,
    OTHER,
    SPECIAL,
    Canaries,
    Holder,
    account_rows,
    bank_rows,
    text_table,
    write_small_bank,
)
from xinqiao.provider.testing.node import START, NodeFixture, free_port, make_home, node_process
from xinqiao.provider.testing.platform import HUB_ID, HUB_URL, INSTITUTION, NODE_ID, NODE_URL, Platform, Sent

__all__ = [
    "AS_OF",
    "CLOSED",
    "FIRM",
    "HOLDERS",
    "HUB_ID",
    "HUB_URL",
    "INSTITUTION",
    "NODE_ID",
    "NODE_URL",
    "OTHER",
    "SPECIAL",
    "START",
    "Canaries",
    "Holder",
    "NodeFixture",
    "Platform",
    "Sent",
    "account_rows",
    "bank_rows",
    "free_port",
    "make_home",
    "node_process",
    "text_table",
    "write_small_bank",
]
