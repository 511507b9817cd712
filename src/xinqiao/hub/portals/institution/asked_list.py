"""A list of what the institution asked firms for, of either kind: filtered by state and text, fifty a page."""

from collections.abc import Callable, Mapping

from django.utils.http import urlencode

from xinqiao.domain.consent import VisibleState
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents.rows import AuthorisationRow
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.portals.access import Visit
from xinqiao.hub.portals.institution.shell import cursor, may_query
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.states import state_word

PAGE = 50


def asked_list[R: (AuthorisationRow, ItemAuthorisationRow)](
    visit: Visit[InstitutionActor],
    rows_of: Callable[..., list[R]],
    counts_of: Callable[..., Mapping[VisibleState, int]],
) -> tuple[list[R], dict[str, object]]:
    """The rows of the page the address names, and what its filter and its pager show."""
    get, actor = visit.request.GET, visit.actor
    wanted, text = get.get("state", ""), get.get("q", "").strip()
    state = VisibleState(wanted) if wanted in VisibleState else None
    after, first = cursor(visit.request)
    rows = rows_of(actor, at=visit.at, state=state, text=text, after=after, limit=PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    counts = counts_of(actor, at=visit.at)
    chips = [("", _("全部"), sum(counts.values()))]
    chips += [
        (s.value, state_word(f"authorisation.{s.value}").word, counts[s]) for s in VisibleState if counts[s]
    ]
    kept = {name: value for name, value in (("state", state.value if state else ""), ("q", text)) if value}
    return rows, {
        "chips": chips,
        "state": state.value if state else "",
        "q": text,
        "total": counts[state] if state and not text else sum(counts.values()) if not text else None,
        "first": first,
        "start_href": f"?{urlencode(kept)}" if after else "",
        "next_href": f"?{urlencode({**kept, 'after': rows[-1].id, 'n': str(first + PAGE)})}" if more else "",
        "may_query": may_query(actor),
    }
