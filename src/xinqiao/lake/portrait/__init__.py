"""Peers of a portrait: the figures of all firms at once, and the few numbers about groups of them that are kept."""

from xinqiao.lake.portrait.cells import Made, Peers
from xinqiao.lake.portrait.make import Making, make_peers

__all__ = ["Made", "Making", "Peers", "make_peers"]
