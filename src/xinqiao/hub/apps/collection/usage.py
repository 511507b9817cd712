"""What the apps above collection are told through the outbox: a batch has ended, records were read.

That records were read is told without about whom: the announcement has a key of its own, and is emptied as soon as it was
counted (``quality.usage``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.notices.services import announce
from xinqiao.hub.ids import Prefix, new_id

#: A batch was judged, returned, withdrawn or given up. Payload: ``batch``.
SETTLED = "collection.settled"
#: Records were shown. Payload: ``kind``, ``month``, ``institution``, ``items`` (item → names of sources).
USED = "collection.used"


def announce_use(
    *, kind: str, shown: Mapping[str, Iterable[str]], at: datetime, institution_id: str = ""
) -> None:
    """Say that collected records were shown to somebody, in the open transaction.

    Args:
        kind: ``own_report`` (a firm about itself) or ``report`` (an institution). Dossiers have records of their own.
        shown: items of which something was shown, with the names of the sources it came from.
        at: when.
        institution_id: who read; empty for a firm about itself.
    """
    items: dict[str, Json] = {item: [*sorted(sources)] for item, sources in shown.items()}
    if not items:
        return
    payload: dict[str, Json] = {
        "kind": kind, "month": f"{business_day(at):%Y-%m}", "institution": institution_id, "items": items,
    }  # fmt: skip
    announce(topic=USED, key=new_id(Prefix.EVENT), payload=payload, at=at)
