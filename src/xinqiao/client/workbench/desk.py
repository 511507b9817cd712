"""Pages of the daily work: log-in, desk, enterprises, requests."""

from collections.abc import Sequence
from datetime import datetime

from starlette.responses import RedirectResponse, Response

from xinqiao.client.problems import problem_of
from xinqiao.client.results import Authorisation, AuthorisationSummary, Enterprise, QuerySummary
from xinqiao.client.workbench.sessions import COOKIE
from xinqiao.client.workbench.visit import Visit, new_once, once_of, page
from xinqiao.client.workbench.words import (
    LIVE,
    account_words,
    asked_words,
    product_word,
    products_words,
    purposes,
    row_note,
)
from xinqiao.domain.consent import Product, Purpose, VisibleState
from xinqiao.domain.errors import Code, Invalid, TooMany, Unauthenticated, XinqiaoError
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.words import purpose_word

SHOWN = 100


def see_other(address: str) -> Response:
    """After a POST, the page to look at."""
    return RedirectResponse(address, status_code=303)


def login(visit: Visit) -> Response:
    """GET the form, POST name and password."""
    if visit.request.method == "GET":
        return see_other("/") if visit.session.user else page(visit, "login", "", {"login": "", "errors": []})
    name = visit.form.text("login", most=60)
    try:
        session = visit.bench.sessions.log_in(
            name, visit.form.fields.get("password", ""), replacing=visit.session
        )
    except (Unauthenticated, TooMany) as error:
        said = words(error.code).title if error.code is Code.LOGIN_LOCKED else _("用户名或密码不对")
        return page(visit, "login", "", {"login": name, "errors": [(said, "f-login")]}, status=error.status)
    answer = see_other("/")
    answer.set_cookie(
        COOKIE,
        session.token,
        httponly=True,
        samesite="strict",
        path="/",
        secure=visit.request.url.scheme == "https",
    )
    return answer


def logout(visit: Visit) -> Response:
    """End the session and forget its report."""
    visit.bench.sessions.end(visit.session)
    answer = see_other("/login")
    answer.delete_cookie(COOKIE, path="/")
    return answer


def home(visit: Visit) -> Response:
    """What can be done now, with the panel of the chosen authorisation."""
    rows = visit.client.authorisations(limit=SHOWN).items
    which = visit.query("show") or "live"
    chosen_rows = [row for row in rows if _shown(row, which)]
    wanted = visit.query("id")
    first = next((row for row in chosen_rows if row.id == wanted), chosen_rows[0] if chosen_rows else None)
    found = visit.client.authorisation(first.id) if first else None
    records = visit.client.queries(limit=SHOWN).items
    context: dict[str, object] = {
        "rows": [(row, row_note(row, visit.now)) for row in chosen_rows],
        "which": which,
        "chips": [
            ("live", _("可查询"), sum(row.state in LIVE for row in rows)),
            ("waiting", _("待企业确认"), sum(row.state is VisibleState.REQUESTED for row in rows)),
            ("all", _("全部"), len(rows)),
        ],
        "chosen": found,
        "panel": _panel(found) if found else None,
        "counts": _counts(records, visit.now),
        "as_of": fmt.moment(visit.now),
        "purpose_word": purpose_word,
    }
    return page(visit, "desk", "desk", context)


def _counts(records: Sequence[QuerySummary], at: datetime) -> list[tuple[str, str, str, Definition]]:
    """The figures of the desk: label, count, a note, what is counted."""
    span = _("最近 {n} 条").format(n=SHOWN) if len(records) >= SHOWN else ""
    told = (
        ("released", "W01", _("已放行"), "", _("放行给本机构的产品，用本机构的密钥打开的和由平台代为显示的都在内。"),
         _("计数：状态为已放行的查询")),
        ("denied", "W02", _("没有放行"), "", _("没有任何数据给出，不占次数。"),
         _("计数：状态为未放行的查询")),
        ("failed", "W03", _("数源未应答"), "", _("可以再查，不占次数"),
         _("计数：状态为数源未应答的查询")),
    )  # fmt: skip
    return [
        (label, fmt.count(sum(one.state == state for one in records)), note,
         Definition(key, 1, label, sentence, formula, span, fmt.moment(at)))
        for state, key, label, note, sentence, formula in told
    ]  # fmt: skip


def _shown(row: AuthorisationSummary, which: str) -> bool:
    match which:
        case "live":
            return row.state in LIVE
        case "waiting":
            return row.state is VisibleState.REQUESTED
        case _:
            return True


def _panel(found: Authorisation) -> dict[str, object]:
    granted = found.granted
    return {
        "may_query": "query" in found.allowed_actions,
        "accounts": [(one, account_words(one)) for one in granted.accounts] if granted else [],
        "products": products_words(granted.datatypes) if granted else "",
        "asked": asked_words(found),
        "left": max(0, granted.max_queries - found.uses) if granted else 0,
    }


# -- enterprises ----------------------------------------------------------------------------------------------------


def firms(visit: Visit) -> Response:
    """Find an enterprise by its code."""
    typed = visit.query("q")
    found: Enterprise | None = None
    error = ""
    theirs: list[AuthorisationSummary] = []
    if typed:
        try:
            code = validate_uscc(typed)
            found = visit.client.find_enterprise(code)
            theirs = visit.client.authorisations(subject_uscc=code, limit=20).items
        except Invalid as wrong:
            error = words(wrong.code).step
    context = {"typed": typed, "found": found, "error": error, "rows": [(row, row_note(row, visit.now)) for row in theirs],
               "once": new_once(), "invited": visit.query("invited")}  # fmt: skip
    return page(visit, "firms", "firms", context)


def invite(visit: Visit) -> Response:
    """Invite an enterprise without a data account."""
    assert visit.session.user is not None
    uscc = validate_uscc(visit.form.text("uscc", most=40))
    made = visit.client.invite(
        uscc,
        operator=visit.session.user.operator,
        message=visit.form.text("message"),
        idempotency_key=once_of(visit.form),
    )
    return see_other(f"/firms?q={made.uscc}&invited=1")


# -- requests -------------------------------------------------------------------------------------------------------


def requests(visit: Visit) -> Response:
    """Every request and authorisation, by state."""
    state = visit.query("state")
    wanted = VisibleState(state) if state in set(VisibleState) else None
    found = visit.client.authorisations(state=wanted, cursor=visit.query("after") or None, limit=50)
    context = {
        "rows": [(row, row_note(row, visit.now)) for row in found.items],
        "next": found.next_cursor,
        "state": state if wanted else "",
        "states": [(str(one), f"authorisation.{one}") for one in VisibleState],
        "purpose_word": purpose_word,
    }
    return page(visit, "requests", "requests", context)


def new_request(visit: Visit) -> Response:
    """GET the form, POST the request."""
    if visit.request.method == "GET":
        start = _START | {"uscc": visit.query("uscc")}
        return _request_form(visit, start, [])
    assert visit.session.user is not None
    form = visit.form
    try:
        asked = visit.client.request_authorisation(
            subject_uscc=validate_uscc(form.text("uscc", most=40)),
            purpose=Purpose(form.choice("purpose", set(Purpose))),
            business_ref=form.text("business_ref", most=80),
            operator=visit.session.user.operator,
            products=_PRODUCTS[form.choice("products", set(_PRODUCTS))],
            months=form.number("months", 1, 36),
            valid_days=form.number("days", 1, 3650),
            max_queries=form.number("times", 1, 10_000),
            include_balance=form.text("balance") == "yes",
            message=form.text("message", most=300),
            idempotency_key=once_of(visit.form),
        )
    except XinqiaoError as error:
        if error.status not in (404, 409, 422):
            raise
        problem, said = problem_of(error), words(error.code)
        field = str(error.facts.get("field") or error.facts.get("items") or "")
        text = f"{(problem.title if problem else '') or said.title}：{(problem.step if problem else '') or said.step}"
        return _request_form(
            visit, _START | form.fields, [(f"{text} {field}".strip(), "f-uscc")], status=error.status
        )
    return see_other(f"/requests/{asked.id}?sent=1")


#: What the form starts with: the usual request, nothing more.
_START = {
    "uscc": "", "purpose": "loan_application", "business_ref": "", "months": "24", "days": "30", "times": "3",
    "balance": "yes", "products": "report", "message": "",
}  # fmt: skip
_PRODUCTS = {
    "report": (Product.REPORT,),
    "summary": (Product.SUMMARY,),
    "both": (Product.REPORT, Product.SUMMARY),
}


def _request_form(
    visit: Visit, values: dict[str, str], errors: list[tuple[str, str]], *, status: int = 200
) -> Response:
    context = {"values": values, "errors": errors, "purposes": purposes(), "once": new_once()}
    return page(visit, "request_new", "requests", context, status=status)


def request(visit: Visit) -> Response:
    """One authorisation: what was asked and granted, its history, and the form to query."""
    found = visit.client.authorisation(visit.path("id"))
    records = visit.client.queries(authorisation_id=found.id, limit=50).items
    return page(visit, "request", "requests", request_context(found, records) | {"sent": visit.query("sent")})


def request_context(found: Authorisation, records: list[QuerySummary]) -> dict[str, object]:
    """What the page of one authorisation shows."""
    granted = found.granted
    months = [m for m in (3, 6, 12, 24, 36) if granted and m <= granted.months]
    if granted and granted.months not in months:
        months.append(granted.months)
    return {
        "found": found,
        "panel": _panel(found),
        "months": months,
        "records": [(one, product_word(one.product), words_of(one)) for one in records],
        "once": new_once(),
        "purpose_word": purpose_word,
        "product_word": product_word,
    }


def words_of(record: QuerySummary) -> str:
    """Why a query was not released; empty for a release."""
    if record.code is None:
        return ""
    return words(Code(record.code)).title if record.code in set(Code) else record.code
