"""The platform's file of peers: opened once in each thread, counted anew by the worker when the lake has changed."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from xinqiao.catalogue.size import size_rule
from xinqiao.domain.errors import Conflict
from xinqiao.domain.period import business_day
from xinqiao.domain.portrait import FIGURES, MONTHS, month_text, months_to
from xinqiao.domain.portrait.measure import month_of
from xinqiao.hub.apps.identity.register import has_register
from xinqiao.hub.apps.reports.lake import has_lake, opened_lake
from xinqiao.lake.firms import FirmIndex
from xinqiao.lake.portrait import Making, Peers, make_peers, rules_of
from xinqiao.lake.store.locks import exclusive

#: Months that may still change: supplies of a month come up to 45 days after it, corrections somewhat later.
OPEN_MONTHS = 3
#: When something came, a month that may still change is counted again no sooner than this, an older one than that.
AGAIN, OLD_AGAIN = timedelta(hours=20), timedelta(days=7)


class _Opened(threading.local):
    peers: Peers | None = None
    file: tuple[str, int, int] | None = None


_opened = _Opened()


def peers() -> Peers | None:
    """The file of peers, or ``None`` before anything was counted. Raises Invalid ``FILE_UNREADABLE``."""
    path = Path(settings.XINQIAO_PEERS)
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    file = (str(path), found.st_dev, found.st_ino)
    if _opened.file != file:
        if _opened.peers is not None:
            _opened.peers.close()
        _opened.peers, _opened.file = None, None
        _opened.peers = Peers.open(path)
        _opened.file = file
    return _opened.peers


def last_month(at: datetime) -> str:
    """The last whole month in Shanghai at an instant."""
    return month_text(month_of(business_day(at)) - 1)


def refresh_peers(*, at: datetime, most: int = MONTHS) -> list[str]:
    """Count what is missing or may have changed, the newest first and at most so many; the months that were counted.

    Nothing without a register and a lake; nothing while another process counts. A month is counted again when the
    definitions are others, and from time to time when something came into the lake since.
    """
    if not has_register() or not has_lake() or not _stale(peers(), at):
        return []
    path = Path(settings.XINQIAO_PEERS)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            exclusive(path.with_name(f"{path.name}.lock"), wait_seconds=0),
            Peers.create(path) as kept,
            FirmIndex.open(settings.XINQIAO_FIRMS) as register,
        ):
            stale = _stale(kept, at)[:most]  # asked again: another process may have just been at it
            making = Making(size_rule(), at, settings.PEERS_LEAST)
            for month in stale:  # one by one: a worker that is stopped keeps what is done
                make_peers(opened_lake(), register, kept, [month], making)
            return stale
    except Conflict:
        return []


def _stale(kept: Peers | None, at: datetime) -> list[str]:
    months = months_to(last_month(at), MONTHS)
    made, rules = kept.made() if kept else {}, rules_of(FIGURES, settings.PEERS_LEAST)
    version = opened_lake().manifest().version

    def is_stale(month: str) -> bool:
        known = made.get(month)
        if known is None or known.rules != rules:
            return True
        wait = AGAIN if month in months[-OPEN_MONTHS:] else OLD_AGAIN
        return known.lake != version and at - known.at >= wait

    # the newest first: that is the month people look at
    return [month for month in reversed(months) if is_stale(month)]
