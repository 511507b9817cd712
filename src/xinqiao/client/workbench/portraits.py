"""Portraits at the workbench: made for one page, checked, and forgotten with it as a report is."""

import json

from starlette.responses import Response

from xinqiao import catalogue as catalogues
from xinqiao.client.workbench.credit import item_name, refused
from xinqiao.client.workbench.desk import see_other
from xinqiao.client.workbench.sessions import HeldPortrait
from xinqiao.client.workbench.visit import Visit, download, once_of, page
from xinqiao.domain.errors import Code, Gone, XinqiaoError
from xinqiao.ui.report.portrait import build_portrait_view
from xinqiao.ui.report.words import purpose_word


def make(visit: Visit) -> Response:
    """Have a portrait made and lead to its page; a no is said above the list of credit reports."""
    user, once = visit.session.user, once_of(visit.form)
    assert user is not None
    with visit.session.lock:  # pressed twice: the second waits and finds the portrait of the first
        held = visit.session.portrait
        if held is not None and held.once == once:
            return see_other(f"/portraits/{held.portrait.id}")
        found = visit.client.items.authorisation(visit.path("id"))
        try:
            made = visit.client.credit.portrait(
                [found.id], found.purpose, user.operator, idempotency_key=once
            )
        except XinqiaoError as error:
            return refused(visit, error)
        visit.session.portrait = HeldPortrait(made, visit.now, once)
    return see_other(f"/portraits/{made.id}")


def _held(visit: Visit) -> HeldPortrait | None:
    return visit.session.held_portrait(visit.path("id"), visit.now)


def show(visit: Visit) -> Response:
    """The portrait, checked against the platform's signature."""
    held = _held(visit)
    if held is None:
        return page(visit, "report_gone", "credit", {}, status=410)
    names = {item: item_name(item) for item in catalogues.load().items}
    context: dict[str, object] = {
        "portrait": held.portrait,
        "view": build_portrait_view(held.portrait.portrait(), names),
        "purpose": purpose_word(str(held.portrait.document.get("purpose"))),
    }
    return page(visit, "portrait", "credit", context)


def as_json(visit: Visit) -> Response:
    """The document beside the platform's signature over it, for the institution's own systems."""
    held = _held(visit)
    if held is None:
        raise Gone(Code.GONE_EXPIRED, "the portrait is no longer in memory")
    made = held.portrait
    bundle = {
        "portrait": made.document,
        "signed": made.signed,
        "digest": made.digest,
        "leaf": {"index": made.use_leaf.index, "hash": made.use_leaf.hash},
    }
    return download(
        json.dumps(bundle, ensure_ascii=False, indent=1).encode(), f"{made.number}.json", "application/json"
    )
