"""Credit reports at the workbench: made for one page, with the institution's own fund-flow products opened beside.

The platform cannot open a product, so it cannot put its figures in: here, where the key is, the two stand side by side.
Both live in the session's memory and go the same way as every report: with the page, the log-out, or time.
"""

import json

from starlette.responses import Response

from xinqiao import catalogue as catalogues
from xinqiao.client.credit import OpenedReport
from xinqiao.client.item_results import ItemAuthorisationSummary
from xinqiao.client.problems import problem_of
from xinqiao.client.workbench.desk import see_other
from xinqiao.client.workbench.sessions import HeldCredit
from xinqiao.client.workbench.visit import Visit, download, new_once, once_of, page
from xinqiao.client.workbench.words import LIVE, account_words, product_word
from xinqiao.domain.catalogue.model import SharingMode
from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code, Gone, XinqiaoError
from xinqiao.ui import i18n
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.beside import Names, build_beside
from xinqiao.ui.report.credit import build_credit_view
from xinqiao.ui.report.words import purpose_word
from xinqiao.ui.report_view import build_view

#: Fund-flow reports beside one credit report.
MOST_BESIDE = 3


def item_name(item: str) -> str:
    """An item's name in the language in force; its id when this program's list does not have it."""
    found = catalogues.load().items.get(item)
    if found is None:
        return item
    return (found.name_en or found.name) if i18n.language() is i18n.Language.EN else found.name


def _field_labels(item: str, names: list[str]) -> str:
    found = catalogues.load().items.get(item)
    fields = found.fields if found else ()
    english = i18n.language() is i18n.Language.EN
    labels = {one.name: (one.label_en or one.label) if english else one.label for one in fields}
    return _("、").join(labels.get(name, name) for name in names)


def _calls(row: ItemAuthorisationSummary) -> list[tuple[str, str]]:
    """The items of an authorisation that are called at their sources."""
    items = catalogues.load().items
    called = (one for one in row.items if one in items)
    return [(one, item_name(one)) for one in called if items[one].mode is SharingMode.NATIONAL_INTERFACE]


def _usable(row: ItemAuthorisationSummary) -> bool:
    return row.report and row.state in LIVE


def listing(visit: Visit) -> Response:
    """What reports can be made under, and those made and refused."""
    return _listing(visit, "")


def refused(visit: Visit, error: XinqiaoError) -> Response:
    """The list, with a no above it."""
    problem, said = problem_of(error), words(error.code)
    told = f"{(problem.title if problem else '') or said.title}{_('：')}{(problem.step if problem else '') or said.step}"
    return _listing(visit, f"{told} {error.code}", status=error.status)


def _listing(visit: Visit, problem: str, *, status: int = 200) -> Response:
    rows = visit.client.items.authorisations(limit=100).items
    context: dict[str, object] = {
        "rows": [(row, _calls(row)) for row in rows if _usable(row)],
        "others": [row for row in rows if not _usable(row)],
        "made": visit.client.credit.records(limit=20),
        "once": new_once(),
        "purpose_word": purpose_word,
        "problem": problem,
        "title_of": title_of,
    }
    return page(visit, "credit", "credit", context, status=status)


def title_of(code: str) -> str:
    """What a code of the platform means; the code itself when this program does not know it."""
    return words(Code(code)).title if code in set(Code) else code


def make(visit: Visit) -> Response:
    """Have a report made and lead to its page; a no is said above the list."""
    user, form = visit.session.user, visit.form
    assert user is not None
    once, authorisation_id = once_of(form), visit.path("id")
    with visit.session.lock:  # pressed twice: the second waits and finds the report of the first
        held = visit.session.credit
        if held is not None and held.once == once:
            return see_other(f"/credit/{held.report.id}")
        found = visit.client.items.authorisation(authorisation_id)
        wanted = [item for item, _name in _calls(found) if form.text(f"call-{item}", most=5) == "on"]
        try:
            report = visit.client.credit.report(
                [authorisation_id], found.purpose, user.operator, calls=wanted, idempotency_key=once
            )
        except XinqiaoError as error:
            return refused(visit, error)
        visit.session.credit = HeldCredit(report, visit.now, once)
    return see_other(f"/credit/{report.id}")


def beside(visit: Visit) -> Response:
    """Query a fund-flow report under one of this institution's authorisations of the same firm, and open it beside."""
    user, form, held = visit.session.user, visit.form, _held(visit)
    assert user is not None
    with visit.session.lock:
        once = once_of(form)
        if once not in held.onces and len(held.beside) < MOST_BESIDE:
            found = visit.client.authorisation(form.text("authorisation", most=60))
            if found.subject_uscc != held.report.subject_uscc:
                raise Gone(Code.GONE_EXPIRED, "of another firm than the report")
            months = found.granted.months if found.granted else 1
            opened = visit.client.query(
                found.id, form.text("account", most=60), Product.REPORT, months, found.purpose, user.operator,
                idempotency_key=once,
            )  # fmt: skip
            held.beside.append(opened)
            held.onces.add(once)
    return see_other(f"/credit/{held.report.id}#beside")


def _held(visit: Visit) -> HeldCredit:
    held = visit.session.credit_report(visit.path("id"), visit.now)
    if held is None:
        raise Gone(Code.GONE_EXPIRED, "the report is no longer in memory")
    return held


def show(visit: Visit) -> Response:
    """The report, checked against the platform's signature, with what was opened beside it."""
    held = visit.session.credit_report(visit.path("id"), visit.now)
    if held is None:
        return page(visit, "report_gone", "credit", {}, status=410)
    report = held.report
    names = Names(item_name, lambda item, fields: _field_labels(item, [*fields]), product_word, purpose_word)
    document = report.document
    purpose = purpose_word(str(document.get("purpose")))
    context: dict[str, object] = {
        "report": report,
        "head": _head(report),
        "view": build_credit_view(report.chapters(catalogues.load())),
        "beside": build_beside(report.beside(), names, own=False),
        "purpose": purpose,
        "opened": [(one, build_view(one.product)) for one in held.beside],
        "offers": _offers(visit, report) if len(held.beside) < MOST_BESIDE else [],
        "once": new_once(),
    }
    return page(visit, "credit_report", "credit", context)


def _head(report: OpenedReport) -> dict[str, object]:
    """What the page part of a report asks of its head."""
    reader = report.document.get("institution")
    return {
        "own": False,
        "number": report.number,
        "version": report.version,
        "verify_code": report.verify_code,
        "valid_until": report.valid_until,
        "catalogue": str(report.document.get("catalogue", "")),
        "institution_name": str(reader.get("name", "")) if isinstance(reader, dict) else "",
    }


def _offers(visit: Visit, report: OpenedReport) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Live fund-flow authorisations of the firm that this institution can open: id, number, accounts."""
    offers = []
    for held in report.beside().holdings:
        found = visit.client.authorisation(held.authorisation_id)
        whole = found.granted is not None and Product.REPORT in found.granted.datatypes
        if not whole or found.granted is None or "query" not in found.allowed_actions:
            continue
        accounts = [(one.link, account_words(one)) for one in found.granted.accounts if one.live]
        if accounts:
            offers.append((found.id, held.authorisation_no, accounts))
    return offers


def as_json(visit: Visit) -> Response:
    """The document beside the platform's signature over it, for the institution's own systems."""
    report = _held(visit).report
    bundle = {
        "report": report.document,
        "signed": report.signed,
        "digest": report.digest,
        "leaf": {"index": report.use_leaf.index, "hash": report.use_leaf.hash},
    }
    return download(
        json.dumps(bundle, ensure_ascii=False, indent=1).encode(), f"{report.number}.json", "application/json"
    )
