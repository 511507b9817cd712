"""Which pipeline this process uses. Apart from it, so that a page that needs none does not load its engine of columns."""

from functools import cache

from xinqiao.hub.apps.collection.engine import Engine


@cache
def the_engine() -> Engine:
    """The engine of this process."""
    from xinqiao.hub.apps.collection.lake_engine import LakeEngine

    return LakeEngine()
