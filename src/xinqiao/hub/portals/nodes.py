"""The portals' one client for nodes: connections are pooled per process."""

from functools import cache

from xinqiao.hub.node_client import NodeClient


@cache
def node_client() -> NodeClient:
    """The client, made at first use (after a fork, never before)."""
    return NodeClient()
