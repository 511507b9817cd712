"""Whether the institution of a case may have an item of its firm now, by an authorisation the firm gave."""

from datetime import datetime

from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.models import ItemAuthorisation


def is_authorised(case: Case, item: str, at: datetime) -> bool:
    """Whether an authorisation in force of this firm for this institution covers the item."""
    rows = ItemAuthorisation.objects.filter(
        enterprise_id=case.enterprise_id,
        institution_id=case.institution_id,
        valid_to__gt=at,
        withdrawn_at=None,
    )
    for row_id in rows.values_list("id", flat=True):
        found = items.authorisation(SystemActor("cases"), row_id, at=at)
        if found.live and found.granted is not None and item in found.granted.items:
            return True
    return False
