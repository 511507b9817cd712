"""What became of cases, as matching and the advisers' figures ask it. Nothing here names a firm or an institution."""

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Q

from xinqiao.domain.market.case import CaseState
from xinqiao.hub.apps.cases.models import SIGNED, Case
from xinqiao.hub.apps.needs.facts import industry_of
from xinqiao.hub.apps.needs.matching import History

#: Decisions of so long back, the newest of them, speak for a product (this platform's bounds).
REACH, MOST = timedelta(days=730), 2000
_DRAWN = sorted(state.value for state in SIGNED - {CaseState.CONTRACTED})
_REFUSED = [CaseState.DECLINED.value, CaseState.REJECTED.value]
_ENDED = [*_REFUSED, CaseState.LAPSED.value, CaseState.CANCELLED.value]


def history(uscc: str, at: datetime) -> History:
    """Approved and decided cases of similar firms, by product; similar is of the same section of industry.

    Empty for a firm whose industry is not known. What was approved stays so, whatever came of it.
    """
    section = industry_of(uscc)[:1]
    if not section:
        return {}
    decided = Q(approved_fen__isnull=False) | Q(state__in=_REFUSED)
    rows = Case.objects.filter(decided, dispatched_at__gte=at - REACH).order_by("-dispatched_at", "-id")
    found = list(rows.values_list("product_id", "approved_fen", "enterprise__uscc")[:MOST])
    similar = {firm for firm in {row[2] for row in found} if industry_of(firm)[:1] == section}
    counted = Counter(row[0] for row in found if row[2] in similar)
    approved = Counter(row[0] for row in found if row[2] in similar and row[1] is not None)
    return {product: (approved[product], number) for product, number in counted.items()}


def outcomes() -> dict[tuple[str, str], bool]:
    """Whether the case of a need for a product ended with money, by need and product; what is open is left out."""
    rows = Case.objects.filter(state__in=[*_DRAWN, *_ENDED]).order_by("dispatched_at", "id")
    told: dict[tuple[str, str], bool] = {}
    for need_id, product_id, state in rows.values_list("need_id", "product_id", "state"):
        told[need_id, product_id] = told.get((need_id, product_id), False) or state in _DRAWN
    return told
