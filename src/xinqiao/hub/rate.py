"""How often somebody may do something in a minute, counted in this process."""

import threading
from collections import OrderedDict
from datetime import datetime

#: Of more people than this, those who came longest ago are forgotten: memory stays bounded.
_PEOPLE = 4_096


class PerMinute:
    """At most ``most`` times in any minute by each; of what is refused nothing is counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, list[datetime]] = OrderedDict()

    def allows(self, who: str, at: datetime) -> bool:
        """Whether once more is within the rate; then it is counted."""
        with self._lock:
            recent = [one for one in self._seen.pop(who, []) if 0 <= (at - one).total_seconds() < 60]
            within = len(recent) < self._most
            self._seen[who] = [*recent, at] if within else recent
            while len(self._seen) > _PEOPLE:
                self._seen.popitem(last=False)
            return within

    def clear(self) -> None:
        """Forget everybody, for tests."""
        with self._lock:
            self._seen.clear()
