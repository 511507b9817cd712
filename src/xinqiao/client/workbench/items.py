"""Items at the workbench: ask for them, follow, call, verify a claim, read the answer, the records.

A claim is stated here, where its salt is made and stays. An answer lives in the session's memory for the page it is
shown on, like a report.
"""

from collections.abc import Callable
from datetime import date

from starlette.responses import Response

from xinqiao.client.claims import StatedClaim
from xinqiao.client.item_answer import ItemAnswer
from xinqiao.client.item_results import ItemAuthorisation, ItemQuerySummary
from xinqiao.client.problems import problem_of
from xinqiao.client.workbench.desk import see_other
from xinqiao.client.workbench.sessions import Held
from xinqiao.client.workbench.visit import Visit, download, new_once, once_of, page
from xinqiao.client.workbench.words import row_note
from xinqiao.domain.consent import VisibleState
from xinqiao.domain.errors import Code, Gone, Invalid, NotFound, XinqiaoError
from xinqiao.domain.items import ItemKind, ItemTerms
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import field_label, field_labels, item_name, kind_words, shown_value
from xinqiao.ui.report.words import purpose_word

type Asking = Callable[[ItemAuthorisation, str], ItemAnswer]

#: What opens nothing any more: its claims are forgotten.
_OVER = (VisibleState.REFUSED, VisibleState.LAPSED, VisibleState.WITHDRAWN, VisibleState.EXPIRED)


def listing(visit: Visit) -> Response:
    """Every request and authorisation of items, by state."""
    state = visit.query("state")
    wanted = VisibleState(state) if state in set(VisibleState) else None
    found = visit.client.items.authorisations(state=wanted, cursor=visit.query("after") or None, limit=50)
    catalogue = visit.bench.config.catalogue
    context = {
        "rows": [
            (row, row_note(row, visit.now), _("、").join(item_name(catalogue, one) for one in row.items))
            for row in found.items
        ],
        "next": found.next_cursor,
        "state": state if wanted else "",
        "states": [(str(one), f"authorisation.{one}") for one in VisibleState],
        "purpose_word": purpose_word,
    }
    return page(visit, "items", "items", context)


# -- following, calling, verifying ----------------------------------------------------------------------------------


def show(visit: Visit) -> Response:
    """One authorisation: asked and granted, its records, the forms to call and to verify."""
    found = visit.client.items.authorisation(visit.path("id"))
    book = visit.bench.config.claims
    if found.state in _OVER:
        book.forget(found.id)
    records = visit.client.items.records(authorisation_id=found.id, limit=50).items
    return page(visit, "item", "items", _context(visit, found, records) | {"sent": visit.query("sent")})


def _context(visit: Visit, found: ItemAuthorisation, records: list[ItemQuerySummary]) -> dict[str, object]:
    catalogue = visit.bench.config.catalogue
    kept = {one.digest: one for one in visit.bench.config.claims.claims(found.id)}
    granted = found.granted_claims if found.granted_claims is not None else found.asked_claims
    grants = found.granted_items if found.granted_items is not None else found.asked_items
    kinds = {name: ItemTerms.of(item).kind for name, item in catalogue.items.items()}
    calls = [one for one in grants if kinds.get(one.item) is not ItemKind.COLLECTED]
    return {
        "found": found,
        "may_query": "query" in found.allowed_actions,
        "left": max(0, found.max_queries - found.uses),
        "calls": [
            (one.item, item_name(catalogue, one.item), _named(visit, one.item, one.fields)) for one in calls
        ],
        "claims": [
            (
                one.digest,
                item_name(catalogue, one.item),
                _stated(visit, kept.get(one.digest)),
                one.digest in kept,
            )
            for one in granted
        ],
        # what the platform holds itself is read in the credit report, not called
        "collected": [
            (item_name(catalogue, one.item), _("、").join(field_labels(catalogue, one.item, one.fields)))
            for one in grants
            if kinds.get(one.item) is ItemKind.COLLECTED
        ],
        "withheld": _withheld(visit, found),
        "records": [
            (one, item_name(catalogue, one.item), kind_words(one.kind), outcome(one)) for one in records
        ],
        "once": new_once(),
        "purpose_word": purpose_word,
    }


def _named(visit: Visit, item: str, names: list[str]) -> list[tuple[str, str]]:
    fields = (
        visit.bench.config.catalogue.items[item].fields if item in visit.bench.config.catalogue.items else ()
    )
    labels = {field.name: field_label(field) for field in fields}
    return [(name, labels.get(name, name)) for name in names]


def _stated(visit: Visit, claim: StatedClaim | None) -> list[tuple[str, str]]:
    """The kept values of a claim with their labels; nothing when they are not kept here."""
    if claim is None:
        return []
    catalogue = visit.bench.config.catalogue
    return [
        (field_label(field), shown_value(catalogue, field, claim.values[field.name]))
        for field in catalogue.items[claim.item].fields
        if field.name in claim.values
    ]


def _withheld(visit: Visit, found: ItemAuthorisation) -> list[str]:
    """What was asked for and not granted, in words."""
    if found.granted_items is None or found.granted_claims is None:
        return []
    catalogue = visit.bench.config.catalogue
    lost = []
    for one in found.asked_items:
        missing = set(one.fields) - set(found.fields_of(one.item))
        if missing:
            labels = _("、").join(field_labels(catalogue, one.item, missing))
            lost.append(f"{item_name(catalogue, one.item)}{_('：')}{labels}")
    digests = {one.digest for one in found.granted_claims}
    return lost + [item_name(catalogue, one.item) for one in found.asked_claims if one.digest not in digests]


def outcome(record: ItemQuerySummary) -> str:
    """What became of a call or verification, beside its state."""
    if record.result is not None:
        return _("答复：是") if record.result == "yes" else _("答复：否")
    if record.code is None:
        return ""
    return words(Code(record.code)).title if record.code in set(Code) else record.code


def call(visit: Visit) -> Response:
    """Call an interface item with the ticked fields, open it here, and lead to the answer."""
    form, authorisation_id = visit.form, visit.path("id")
    item = form.text("item", most=60)
    fields = sorted(
        name.removeprefix("f.") for name, value in form.fields.items() if name.startswith("f.") and value
    )

    def ask(found: ItemAuthorisation, once: str) -> ItemAnswer:
        assert visit.session.user is not None
        if not fields:
            raise Invalid(Code.INVALID, "no field was chosen", facts={"field": "fields"})
        return visit.client.items.call(
            authorisation_id, item, fields, found.purpose, visit.session.user.operator, idempotency_key=once
        )

    return _answered(visit, ask)


def verify(visit: Visit) -> Response:
    """Verify a kept claim, and lead to the answer."""
    authorisation_id, digest = visit.path("id"), visit.form.text("claim", most=64)
    kept = {one.digest: one for one in visit.bench.config.claims.claims(authorisation_id)}

    def ask(found: ItemAuthorisation, once: str) -> ItemAnswer:
        assert visit.session.user is not None
        if digest not in kept:
            raise NotFound("the claim is not kept here")
        return visit.client.items.verify(
            authorisation_id, kept[digest], found.purpose, visit.session.user.operator, idempotency_key=once
        )

    return _answered(visit, ask)


def _answered(visit: Visit, ask: Asking) -> Response:
    once = once_of(visit.form)
    with visit.session.lock:  # pressed twice: the second waits and finds the answer of the first
        held = visit.session.held
        if held is not None and held.once == once:
            return see_other(f"/answers/{held.report.id}")
        found = visit.client.items.authorisation(visit.path("id"))
        try:
            answer = ask(found, once)
        except XinqiaoError as error:
            return _not_released(visit, error, found)
        visit.session.held = Held(answer, found.id, visit.now, once)
    return see_other(f"/answers/{answer.id}")


def _not_released(visit: Visit, error: XinqiaoError, found: ItemAuthorisation) -> Response:
    """A refusal, a fault of the source, or a platform that cannot be reached."""
    problem, said = problem_of(error), words(error.code)
    decided = problem is not None and problem.status in (403, 409, 410, 429)
    nearest = problem.nearest_item if problem else None
    catalogue = visit.bench.config.catalogue
    labels = _("、").join(field_labels(catalogue, nearest.item, nearest.fields)) if nearest else ""
    context: dict[str, object] = {
        "kind": "refused" if decided else ("source" if error.status in (502, 504) and problem else "hub"),
        "title": (problem.title if problem else "") or said.title,
        "step": (problem.step if problem else "") or said.step,
        "code": str(error.code),
        "trace": problem.trace_id if problem else "",
        "leaf": problem.leaf if problem else None,
        "nearest": nearest,
        "nearest_words": f"{item_name(catalogue, nearest.item)}{_('：')}{labels}" if nearest else "",
        "found": found,
        "once": new_once(),
    }
    return page(visit, "item_not_released", "items", context, status=error.status)


# -- the answer -----------------------------------------------------------------------------------------------------


def _held(visit: Visit) -> ItemAnswer | None:
    held = visit.session.report(visit.path("id"), visit.now)
    return held.report if held is not None and isinstance(held.report, ItemAnswer) else None


def answer(visit: Visit) -> Response:
    """The opened answer, once; leaving the page forgets it."""
    found = _held(visit)
    if found is None:
        return page(visit, "report_gone", "items", {}, status=410)
    catalogue = visit.bench.config.catalogue
    item = catalogue.items.get(found.item)
    fields = [field for field in item.fields if field.name in found.fields] if item else []
    context: dict[str, object] = {
        "answer": found,
        "name": item_name(catalogue, found.item),
        "as_of": _told_time(found.data_as_of),
        "keep_until": _told_time(found.keep_until),
        "records": [
            (
                [(field_label(f), shown_value(catalogue, f, one.values.get(f.name, ""))) for f in fields],
                one.objected,
            )
            for one in found.records
        ],
    }
    return page(visit, "item_answer", "items", context)


def _told_time(text: str | None) -> str:
    """A day or an instant as a department told it; anything else as if it had said nothing."""
    try:
        if not text:
            return ""
        return fmt.day(date.fromisoformat(text)) if len(text) == 10 else fmt.moment(text)
    except ValueError:
        return ""


def bundle(visit: Visit) -> Response:
    """The answer with everything that proves it, for ``xinqiao verify``."""
    found = _held(visit)
    if found is None:
        raise Gone(Code.GONE_EXPIRED, "the answer is no longer in memory")
    return download(found.bundle(), f"{found.answer_no}.xq.json", "application/json")


def records(visit: Visit) -> Response:
    """Calls, verifications and refusals of this institution."""
    state = visit.query("state")
    state = state if state in ("released", "denied", "failed") else ""
    found = visit.client.items.records(state=state or None, cursor=visit.query("after") or None, limit=50)
    catalogue = visit.bench.config.catalogue
    context = {
        "rows": [
            (one, item_name(catalogue, one.item), kind_words(one.kind), outcome(one)) for one in found.items
        ],
        "next": found.next_cursor,
        "state": state,
        "purpose_word": purpose_word,
    }
    return page(visit, "item_records", "items", context)
