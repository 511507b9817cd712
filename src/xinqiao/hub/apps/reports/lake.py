"""What the lake holds about a firm, as the report's rules take it, with the standing each record has now."""

from xinqiao.domain.report import Supply
from xinqiao.hub.apps.collection.gathered import gathered
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.redress.standing import standing
from xinqiao.hub.apps.reports.services import Holdings
from xinqiao.hub.runtime import runtime


def holdings_of(uscc: str) -> Holdings:
    """Records and supplies of one firm, at this moment."""
    supplies = {item: Supply(found.sources, found.newest) for item, found in gathered().items()}
    held = held_records(uscc) if supplies else {}
    return Holdings(runtime.catalogue, standing(uscc, held, at=runtime.clock.now()), supplies)
