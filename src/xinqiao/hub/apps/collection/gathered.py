"""Which items this platform gathers, from whom, and how fresh: what a report says beside records and instead of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Max

from xinqiao.domain.collection import IN_THE_LAKE
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity.models import Source

_TAKEN = sorted(state.value for state in IN_THE_LAKE)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Names of the sources that supplied an item, and the newest day a batch speaks of, else came."""

    sources: tuple[str, ...]
    newest: date


def gathered() -> Mapping[str, Gathered]:
    """Items with at least one batch in the lake."""
    rows = (
        Batch.objects.filter(state__in=_TAKEN)
        .values_list("item", "source__name")
        .annotate(as_of=Max("data_as_of"), received=Max("received_at"))
        .order_by("item", "source__name")
    )
    found: dict[str, Gathered] = {}
    for item, name, as_of, received in rows:
        day = as_of or business_day(received)
        known = found.get(item)
        if known is None:
            found[item] = Gathered((name,), day)
        else:
            found[item] = Gathered((*known.sources, name), max(known.newest, day))
    return found


def source_names() -> Mapping[str, str]:
    """Codes of all sources, with their names: records in the lake carry the code."""
    return dict(Source.objects.values_list("code", "name"))
