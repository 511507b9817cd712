"""How many rows of a batch replaced an earlier value: counted when no batch waits, so that it holds up none.

Until then a receipt says ``null``. A batch is counted once, when every earlier batch of its item is done, so the figure
does not depend on which worker was faster; one that a compaction met first is never counted and stays ``null``.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, OuterRef

from xinqiao.hub.apps.collection.gathered import gathered
from xinqiao.hub.apps.collection.held import opened
from xinqiao.hub.apps.collection.models import Batch

#: Batches in one go; a batch that comes meanwhile ends it.
AT_ONCE = 50


def count_replaced(*, at: datetime) -> int:
    """Count the batches nobody has counted yet, oldest first; how many. Safe to run twice at once.

    Raises:
        Invalid: ``LAKE_INVALID``. OSError: the disk; what was counted stays.
    """
    if not gathered():
        return 0
    from xinqiao.lake.superseding import count_superseding  # the engine of columns: only where it is needed

    lake, count = opened(Path(settings.XINQIAO_LAKE)), 0
    earlier = Batch.objects.waiting().filter(item=OuterRef("item"), seq__lt=OuterRef("seq"))
    due = Batch.objects.uncounted().filter(~Exists(earlier)).order_by("seq")
    for row_id, item, number in list(due.values_list("id", "item", "number")[:AT_ONCE]):
        rows = count_superseding(lake, item, number)
        count += Batch.objects.filter(id=row_id, counted_at=None).update(rows_superseding=rows, counted_at=at)
        if Batch.objects.waiting().exists():
            break
    return count
