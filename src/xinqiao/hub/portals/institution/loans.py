"""The institution's book of loans: how it stands on a day, one loan with its plan, reports by form and by monthly file."""

import secrets
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, XinqiaoError
from xinqiao.domain.loans.monthly import COLUMNS, NEEDED, fraction
from xinqiao.domain.loans.plan import Method
from xinqiao.domain.loans.said import NEEDS, read_contract, read_draw, read_event
from xinqiao.domain.loans.states import LOAN, FiveClass, LoanEvent, LoanState
from xinqiao.domain.machine import Role
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.loans import monthly, selectors, services
from xinqiao.hub.apps.loans.models import LoanContract
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.import_words import refusal as file_refusal
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.loan_words import class_word, event_word, facts_of, method_word, refusal, row_reason
from xinqiao.hub.portals.posted import seen_version, start_of_typed_day
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _

ACCEPT = ".csv,.xlsx"
#: What each field of the form of a contract is: of the texts that the reader of reports takes.
_CONTRACT = (
    "contract_no", "uscc", "case_no", "amount", "signed_on", "annual_rate", "method", "guarantee_fee_rate", "guarantor",
    "fees", "renews", "credit_loan", "first_loan",
)  # fmt: skip
_EVENT = (
    "event", "on", "amount", "interest", "months", "rate", "five_class", "draw", "renewed_by", "note", "key",
)  # fmt: skip
_TYPED = (*_EVENT, "act", "drawn_on", "due_on")


def may_report(actor: InstitutionActor) -> bool:
    """Whether forms are shown; the services decide."""
    return InstitutionRole.CUSTOMER_MANAGER in actor.roles


def _day(visit: Visit[InstitutionActor]) -> date:
    """The day to look at: what was typed, today where it is no day or still to come."""
    today = business_day(visit.at)
    try:
        typed = business_day(start_of_typed_day(visit.request.GET.get("day", ""), field="day"))
    except Invalid:
        return today
    return min(typed, today)


def _form_key() -> str:
    return f"page-{secrets.token_hex(12)}"


def _texts(request: HttpRequest, names: tuple[str, ...]) -> dict[str, str]:
    """A form as the texts of a report; rates are typed in percent."""
    found = {name: request.POST.get(name, "").strip() for name in names}
    for name in ("annual_rate", "guarantee_fee_rate", "rate"):
        if found.get(name):
            found[name] = fraction(found[name], name)
    return found


def _definitions(day: date) -> dict[str, Definition]:
    """What the four sums of the book count."""
    said = {
        "balance": (_("融资余额"), _("本机构报告的贷款还欠的本金。"), _("各笔放款 − 已还本金；机构报告过余额的，取较新的一个")),
        "overdue": (_("逾期率"), _("有任何一期没有还清的贷款占多少。"), _("有逾期的贷款余额 ÷ 融资余额")),
        "overdue_90": (_("逾期 90 天以上余额"), _("最早没有还清的一期已经过了 90 天。"), _("逾期天数 ＞ 90 的贷款余额之和")),
        "bad": (_("不良率"), _("五级分类由本机构报告，平台不改。"), _("次级、可疑、损失三类的余额 ÷ 融资余额")),
    }  # fmt: skip
    return {
        name: Definition(
            f"L{number:02}", 1, title, sentence, formula, _("本机构报告的全部贷款"), fmt.day(day)
        )
        for number, (name, (title, sentence, formula)) in enumerate(said.items(), start=1)
    }


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """The book as it stands on a day."""
    get, day = visit.request.GET, _day(visit)
    wanted = selectors.Wanted(get.get("state", ""), get.get("text", "").strip()[:80], get.get("after", ""))
    rows, more = selectors.book(visit.actor, wanted, day)
    kept = {"state": wanted.state, "text": wanted.text, "day": get.get("day", "")}
    follow = (
        urlencode({**{name: text for name, text in kept.items() if text}, "after": rows[-1].contract.id})
        if more
        else ""
    )
    context = {
        "rows": [(one, class_word(one.position.five_class)) for one in rows], "day": day, "wanted": wanted,
        "totals": selectors.totals(visit.actor, day), "defs": _definitions(day), "states": [state.value for state in LoanState],
        "next_href": f"?{follow}" if more else "", "may": may_report(visit.actor),
    }  # fmt: skip
    return desk_page(visit, "institution/loans.html", "loans", context)


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Report a contract."""
    if not may_report(visit.actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "no customer manager")
    typed, error, status = {name: visit.request.POST.get(name, "") for name in _CONTRACT}, "", 200
    if visit.request.method == "POST":
        try:
            said = read_contract(_texts(visit.request, _CONTRACT))
            row = services.report_contract(actor=visit.actor, said=said, at=visit.at)
            return _to(row)
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            error, status = refusal(refused), refused.status
    context = {
        "typed": typed, "error": error, "methods": [(one.value, method_word(one)) for one in Method],
        "today": business_day(visit.at),
    }  # fmt: skip
    return desk_page(visit, "institution/loan_new.html", "loans", context, status=status)


def _to(row: LoanContract) -> HttpResponse:
    return HttpResponseRedirect(reverse("institution:loan", args=[row.id]))


@require_GET
@institution_page
def one(visit: Visit[InstitutionActor], loan_id: str) -> HttpResponse:
    """One loan as it stands on a day."""
    return _page(visit, selectors.contract(visit.actor, loan_id))


def _page(
    visit: Visit[InstitutionActor], row: LoanContract, *, error: str = "", status: int = 200,
    typed: Mapping[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    day = _day(visit)
    seen, allowed = selectors.whole(row, day), LOAN.allowed(LoanState(row.state), Role.INSTITUTION)
    context = {
        "row": row, "seen": seen, "day": day, "today": business_day(visit.at), "facts": facts_of(row),
        "five_class": class_word(seen.position.five_class), "case": selectors.case_of(row),
        "story": [(_shape(one.event), event_word(one.event), one) for one in reversed(seen.steps)],
        "may": may_report(visit.actor), "error": error, "typed": dict.fromkeys(_TYPED, "") | dict(typed or {}), "key": _form_key(),
        "may_draw": LoanEvent.DRAW in allowed and row.drawn_fen < row.amount_fen,
        "events": [(event.value, event_word(event)) for event in allowed if event in NEEDS],
        "classes": [("", "–"), *((one.value, class_word(one)) for one in FiveClass)],
    }  # fmt: skip
    return desk_page(visit, "institution/loan.html", "loans", context, status=status)


def _shape(event: str) -> tuple[str, str]:
    """The class and the icon of a step in the story."""
    shapes = {
        "sign": ("ask", "signature"), "draw": ("give", "coin-yuan"), "fall_overdue": ("", "alert-triangle"),
        "settle": ("give", "circle-check"), "write_off": ("", "x"),
    }  # fmt: skip
    return shapes.get(event, ("", "receipt"))


@require_POST
@institution_page
def report(visit: Visit[InstitutionActor], loan_id: str) -> HttpResponse:
    """Report a drawdown or an event of a loan."""
    row, request = selectors.contract(visit.actor, loan_id), visit.request
    try:
        revision = seen_version(request, row.revision) if not _sent_before(row, request) else None
        if request.POST.get("act") == "draw":
            names = ("key", "amount", "drawn_on", "months", "due_on")
            services.report_drawdown(
                actor=visit.actor, contract_id=row.id, said=read_draw(_texts(request, names)), at=visit.at,
                expected_revision=revision,
            )  # fmt: skip
        else:
            services.report_event(
                actor=visit.actor, contract_id=row.id, said=read_event(_texts(request, _EVENT)), at=visit.at,
                expected_revision=revision,
            )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(request, refused)
        typed = {name: request.POST.get(name, "") for name in _TYPED}
        return _page(visit, row, error=refusal(refused), status=refused.status, typed=typed)
    return _to(row)


def _sent_before(row: LoanContract, request: HttpRequest) -> bool:
    return row.steps.filter(key=request.POST.get("key", "")).exists()


@require_http_methods(["GET", "POST"])
@institution_page
def files(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Monthly files. POST takes another one and leads to it."""
    error, status, request = "", 200, visit.request
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise Invalid(Code.FILE_EMPTY, "no file", facts={"field": "file"})
            sent = monthly.send_file(
                actor=visit.actor, file_name=file.name or "", chunks=file.chunks(1 << 16), at=visit.at
            )
            again = "?repeated=1" if sent.repeated else ""
            return HttpResponseRedirect(reverse("institution:loan_file", args=[sent.row.id]) + again)
        except (Forbidden, NotFound):
            raise
        except XinqiaoError as refused:
            record_refusal(request, refused)
            error, status = file_refusal(refused), refused.status
    context = {
        "rows": monthly.files(visit.actor), "may": may_report(visit.actor), "error": error, "accept": ACCEPT,
        "columns": [(names[0], name in NEEDED) for name, names in COLUMNS.items()],
        "most_rows": monthly.MOST_ROWS, "most_mb": monthly.MOST_BYTES >> 20,
    }  # fmt: skip
    return desk_page(visit, "institution/loan_files.html", "loans", context, status=status)


@require_GET
@institution_page
def file(visit: Visit[InstitutionActor], file_id: str) -> HttpResponse:
    """One monthly file with the rows that were not taken."""
    row, lines = monthly.one_file(visit.actor, file_id)
    context = {
        "row": row, "lines": [(line, row_reason(line)) for line in lines], "repeated": "repeated" in visit.request.GET,
    }  # fmt: skip
    return desk_page(visit, "institution/loan_file.html", "loans", context)


@require_GET
@institution_page
def refused_rows(visit: Visit[InstitutionActor], file_id: str) -> HttpResponse:
    """The rows to correct and send again."""
    row, lines = monthly.one_file(visit.actor, file_id)
    name = f"xinqiao-refused-{row.number}.csv"
    return attachment(monthly.refused_file(lines), "text/csv; charset=utf-8", name)


@require_GET
@institution_page
def template(visit: Visit[InstitutionActor]) -> HttpResponse:
    """An empty monthly file."""
    return attachment(monthly.template_file(), "text/csv; charset=utf-8", "xinqiao-loans.csv")
