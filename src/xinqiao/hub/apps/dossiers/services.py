"""Verbs of the cache of dossiers: what nobody may read any more is removed, and so is what is too much."""

from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Sum

from xinqiao.domain.consent import AuthState
from xinqiao.hub.apps.dossiers.models import Dossier
from xinqiao.hub.apps.items.models import ItemAuthorisation

_AT_ONCE = 500


def sweep_dossiers(*, at: datetime, limit_bytes: int | None = None) -> int:
    """Remove dossiers of firms without a live authorisation of items, then the longest unused beyond the limit.

    Safe to run twice at once and while dossiers are given: one that is missing is made again. Returns how many went.
    """
    live = ItemAuthorisation.objects.filter(
        enterprise__uscc=OuterRef("subject"),
        state=AuthState.CONFIRMED.value,
        withdrawn_at__isnull=True,
        valid_from__lte=at,
        valid_to__gt=at,
        uses__lt=F("max_queries"),
    )
    gone = 0
    while count := _remove(Dossier.objects.filter(~Exists(live))):
        gone += count
    most = limit_bytes if limit_bytes is not None else settings.DOSSIER_CACHE_BYTES
    while (Dossier.objects.aggregate(total=Sum("stored"))["total"] or 0) > most:
        gone += _remove(_oldest_beyond(most))
    return gone


def _oldest_beyond(most: int) -> models.QuerySet[Dossier]:
    over = (Dossier.objects.aggregate(total=Sum("stored"))["total"] or 0) - most
    chosen: list[int] = []
    for row_id, stored in Dossier.objects.order_by("used_at", "id").values_list("id", "stored")[:_AT_ONCE]:
        if over <= 0:
            break
        chosen.append(row_id)
        over -= stored
    return Dossier.objects.filter(id__in=chosen)


def _remove(rows: models.QuerySet[Dossier]) -> int:
    """A few hundred in a transaction of their own, so that no release waits long for the lock."""
    with transaction.atomic():
        chosen = list(rows.values_list("id", flat=True)[:_AT_ONCE])
        count, _ = Dossier.objects.filter(id__in=chosen).delete()
    return count
