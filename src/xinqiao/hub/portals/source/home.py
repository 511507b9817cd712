"""The overview: did it arrive, what must I correct, what is late."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from xinqiao.hub.actors import SourceActor
from xinqiao.hub.apps.collection import selectors as collection
from xinqiao.hub.apps.collection.selectors import Wanted
from xinqiao.hub.portals.access import Visit, source_page
from xinqiao.hub.portals.source.cards import BatchCard, SupplyCard
from xinqiao.hub.portals.source.shell import may_send, source_page_of
from xinqiao.ui.i18n import gettext as _


@require_GET
@source_page
def start(visit: Visit[SourceActor]) -> HttpResponse:
    """What waits for me, what I supply, what I sent last."""
    actor = visit.actor
    supplies = [SupplyCard.of(one) for one in collection.supplies(actor, at=visit.at)]
    open_ones = [
        BatchCard.of(row) for _seq, row in collection.batches(actor, Wanted(show="correct"), limit=5)
    ]
    failed = [BatchCard.of(row) for _seq, row in collection.batches(actor, Wanted(show="failed"), limit=5)]
    late = [card for card in supplies if card.late]
    said = [
        _("{n} 批要改").format(n=len(open_ones)) if open_ones else "",
        _("{n} 批没有处理完").format(n=len(failed)) if failed else "",
        _("{n} 项晚了").format(n=len(late)) if late else "",
    ]
    context = {
        "hint": _("，").join(part for part in said if part) or _("都到了，没有要改的。"),
        "to_correct": open_ones,
        "failed": failed,
        "late": late,
        "supplies": supplies,
        "recent_cards": [BatchCard.of(row) for _seq, row in collection.batches(actor, Wanted(), limit=8)],
        "may_send": may_send(actor),
    }
    return source_page_of(visit, "source/home.html", "home", context)
