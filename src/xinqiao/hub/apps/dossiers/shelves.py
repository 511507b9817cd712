"""What a gateway knows of dossiers between requests: where one should lie, and how one that is missing is made.

A hint is no decision: the job decides under the lock and then looks only whether the hint names the very view it
allows. So a wrong or missing hint costs time and nothing else.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import replace
from functools import cache
from pathlib import Path

from django.conf import settings

from xinqiao.clock import Clock
from xinqiao.domain.errors import Invalid
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.dossiers.models import Dossier
from xinqiao.hub.apps.dossiers.product import Product, Shelf, Spec, document, made, stamp_of, view_of
from xinqiao.hub.apps.redress.standing import standing_rows, standing_version
from xinqiao.hub.runtime import runtime
from xinqiao.lake.store import Lake
from xinqiao.lake.store.dossier import token

KNOWN = 50_000
#: Seconds. Publishing a batch makes several files durable and takes longer.
LOOK_EACH = 0.01


@cache
def _opened(folder: str) -> Lake:
    return Lake.open(Path(folder))


def lake() -> Lake | None:
    """The lake, once something was collected."""
    try:
        return _opened(str(settings.XINQIAO_LAKE))
    except Invalid:
        return None


class Shelves:
    """One for a gateway; its threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked = float("-inf"), 0
        self._lake: Lake | None = None
        self._hints: OrderedDict[tuple[str, frozenset[str]], tuple[str, Spec, str]] = OrderedDict()
        self._tokens: OrderedDict[tuple[str, str], tuple[int, str]] = OrderedDict()

    def where(self, authorisation_id: str, items: frozenset[str]) -> Shelf | None:
        """Where the dossier of a query like this one lay last time, with the token it must have now."""
        with self._lock:
            hint = self._hints.get((authorisation_id, items))
        return None if hint is None else self._shelf(*hint)

    def remember(self, authorisation_id: str, items: frozenset[str], subject: str, spec: Spec) -> None:
        """Keep what the job found out about an authorisation."""
        self._put(self._hints, (authorisation_id, items), (subject, spec, view_of(spec)))

    def shelf(self, subject: str, spec: Spec) -> Shelf:
        """The place of a view, with the token of the lake as it is now."""
        return self._shelf(subject, spec, view_of(spec))

    def _shelf(self, subject: str, spec: Spec, view: str) -> Shelf:
        held = self._lake = self._lake or lake()  # once there is one, it stays
        version = self._version(held)
        with self._lock:
            known = self._tokens.get((subject, view))
        if known is None or known[0] != version:
            known = version, _token(held, subject, spec)
            self._put(self._tokens, (subject, view), known)
        return Shelf(subject, view, known[1])

    def _version(self, held: Lake | None) -> int:
        """The lake's version, looked up on the disk no oftener than a batch can follow a batch."""
        now = time.monotonic()
        looked, version = self._looked
        if now - looked > LOOK_EACH:
            version = held.manifest().version if held is not None else 0
            self._looked = now, version
        return version

    def make(self, subject: str, spec: Spec, *, clock: Clock) -> Product | Shelf:
        """Read the lake and make the dossier; only its place when it lies there already, up to date.

        Token and stamp are taken before the records and their standing, so what comes between them makes the dossier old,
        never wrong.
        """
        at = clock.now()
        stamp = stamp_of(runtime.catalogue, spec, standing_version(subject), business_day(at))
        shelf = replace(self.shelf(subject, spec), stamp=stamp)
        if Dossier.objects.filter(subject=subject, view=shelf.view, token=shelf.kept_as).exists():
            return shelf
        held = lake()
        rows = held.records(subject, items=sorted(spec)) if held is not None else {}
        records = standing_rows(subject, rows, at=at)
        told = document(
            runtime.catalogue, settings.XINQIAO_HUB_ID, subject, spec, records, _collected(held, spec)
        )
        return made(told, shelf, spec, key=runtime.hub_key, at=at)

    def _put[K, V](self, kept: OrderedDict[K, V], key: K, value: V) -> None:
        with self._lock:
            kept[key] = value
            kept.move_to_end(key)
            if len(kept) > KNOWN:
                kept.popitem(last=False)


def _collected(held: Lake | None, spec: Spec) -> frozenset[str]:
    return frozenset(spec) & frozenset(held.manifest().states if held is not None else ())


def _token(held: Lake | None, subject: str, spec: Spec) -> str:
    """Changes when a batch or a compaction may have touched the view, when an item is collected for the first time, and
    with the catalogue.
    """
    about = [f"collected:{item}" for item in _collected(held, spec)]
    segments = held.version(subject, items=sorted(spec)) if held is not None else ""
    return token([*about, f"segments:{segments}", f"catalogue:{runtime.catalogue.id}"])
