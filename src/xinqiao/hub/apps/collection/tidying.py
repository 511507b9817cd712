"""Compaction as time does it: items whose batches lie in many files are put together while no batch waits.

A firm is looked for in one file of every batch that was not compacted, so without this every delivery would make every
dossier a little slower for ever. An item waits until its batches' replaced rows are counted (``replaced``), which
compaction would make impossible.
"""

from collections import Counter
from pathlib import Path

from django.conf import settings

from xinqiao.domain.errors import Code, Conflict
from xinqiao.hub.apps.collection.gathered import gathered
from xinqiao.hub.apps.collection.held import opened
from xinqiao.hub.apps.collection.models import Batch

#: More batches than this in one bucket are worth a compaction.
BATCHES = 4
#: What it may take of a machine that answers people meanwhile.
MEMORY, THREADS = "1GB", 1


def tidy_lake() -> list[str]:
    """Compact the items that need it, one after another until a batch waits; which they were. Safe to run twice at once.

    Raises:
        Unavailable: ``LAKE_FULL``; what was done so far stays, the rest is unchanged.
    """
    if not gathered():
        return []
    from xinqiao.lake.store.manifest import DELTA  # the engine of columns: only where it is needed

    lake, done = opened(Path(settings.XINQIAO_LAKE)), []
    for item, state in sorted(lake.manifest().states.items()):
        lying = Counter(segment.bucket for segment in state.segments if segment.kind == DELTA)
        if max(lying.values(), default=0) <= BATCHES:
            continue
        if Batch.objects.uncounted().filter(item=item).exists():
            continue
        if Batch.objects.waiting().exists():
            break
        try:
            lake.compact(item, memory=MEMORY, threads=THREADS)
        except Conflict as busy:
            if busy.code is not Code.LAKE_BUSY:
                raise
            break  # somebody else is at it
        done.append(item)
    return done
