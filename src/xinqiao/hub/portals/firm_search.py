"""Finding firms in the register, as the portals of staff do it: as many as a page holds, so often in a minute."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.http import urlencode

from xinqiao.domain.errors import Code, TooMany
from xinqiao.hub.apps.identity.register import firms_called, firms_numbered
from xinqiao.hub.rate import PerMinute
from xinqiao.lake.firms import Hit
from xinqiao.ui.i18n import gettext as _

LIMIT = 20
#: Searches of one person in a minute: enough to work, too few to copy a register (abuse cases B5, B7).
SEARCHES_PER_MINUTE = 60
_searches = PerMinute(SEARCHES_PER_MINUTE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A firm of the register: ``note`` says by which former name it was found."""

    uscc: str
    name: str
    note: str
    status: str
    place: str
    industry: str
    href: str


def status_word(status: str) -> str:
    """A registration status as registers write it, in the reader's language; any other word as it stands."""
    words = {
        "存续": _("存续"), "歇业": _("歇业"), "注销": _("注销"), "吊销": _("吊销"), "吊销未注销": _("吊销未注销"),
    }  # fmt: skip
    return words.get(status, status)


def search_register(who: str, text: str, at: datetime, *, numbers_only: bool = False) -> list[Listed]:
    """Firms by a name, a part of it, its pinyin, a former name, or any number it ever had.

    Raises:
        TooMany: ``RATE_LIMITED``.
        Invalid: ``FILE_UNREADABLE``: the register's file is none.
    """
    if not _searches.allows(who, at):
        raise TooMany(Code.RATE_LIMITED, "too many searches", facts={"retry_after": 60})
    hits = firms_numbered(text) if numbers_only else firms_called(text, limit=LIMIT)
    return [_listed(hit) for hit in hits[:LIMIT]]


def _listed(hit: Hit) -> Listed:
    firm = hit.firm
    note = _("曾用名 {name}").format(name=hit.by_name) if hit.by_old_name else ""
    return Listed(
        firm.uscc, firm.name, note, status_word(firm.status), firm.division, firm.industry, f"?{urlencode({'q': firm.uscc})}"
    )  # fmt: skip
