"""Peers of a portrait: the figures of all firms at once, and the few numbers about groups of them that are kept."""

from xinqiao.lake.portrait.cells import Made, Peers
from xinqiao.lake.portrait.make import FEWEST, Making, make_peers, rules_of

__all__ = ["FEWEST", "Made", "Making", "Peers", "make_peers", "rules_of"]
