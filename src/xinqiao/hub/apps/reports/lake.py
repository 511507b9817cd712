"""What the lake holds about a firm, as the report's rules take it, with the standing each record has now."""

from pathlib import Path

from django.conf import settings

from xinqiao.domain.report import Supply
from xinqiao.hub.apps.collection.gathered import gathered
from xinqiao.hub.apps.collection.held import held_records, opened
from xinqiao.hub.apps.items.selectors import served
from xinqiao.hub.apps.redress.standing import standing, standing_version
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.runtime import runtime
from xinqiao.lake.store import Lake


def has_lake() -> bool:
    """Whether anything was ever collected here."""
    return (Path(settings.XINQIAO_LAKE) / "lake.json").exists()


def opened_lake() -> Lake:
    """The lake of this platform. Raises Invalid ``LAKE_INVALID`` when there is none."""
    return opened(settings.XINQIAO_LAKE)


def holdings_of(uscc: str) -> Holdings:
    """Records and supplies of one firm, at this moment; what is called or verified is supplied by its node."""
    collected = gathered()
    supplies = {item: Supply((name,), None) for item, name in served().items()}
    supplies |= {item: Supply(found.sources, found.newest) for item, found in collected.items()}
    version = standing_version(uscc)
    held = held_records(uscc) if collected else {}
    return Holdings(runtime.catalogue, standing(uscc, held, at=runtime.clock.now()), supplies, version)
