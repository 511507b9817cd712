"""Records of uses and refusals: the list and its CSV, one record, the released reports, the ledger for verification."""

import csv
from datetime import datetime, timedelta
from io import StringIO

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from xinqiao.domain.errors import Code
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.fundflow import figures
from xinqiao.hub.apps.fundflow import selectors as fundflow
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.files import attachment, ledger_file
from xinqiao.hub.portals.institution.cards import code_title, officer_words, queried_account
from xinqiao.hub.portals.institution.shell import cursor, desk_page, may_query
from xinqiao.hub.portals.words import nearest_words, product_short, purpose_short
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.states import state_word

PAGE = 50
CSV_MOST = 10_000
SPANS = {"7": 7, "30": 30, "90": 90, "365": 365, "all": 0}


class Filter:
    """What the address asks for: state, time and operator; anything unknown is as if it were not there."""

    def __init__(self, request: HttpRequest, at: datetime, operators: list[str]) -> None:
        get = request.GET
        self.state = get.get("state", "") if get.get("state", "") in figures.STATES else ""
        self.span = get.get("span", "90") if get.get("span", "90") in SPANS else "90"
        self.operator = get.get("operator", "") if get.get("operator", "") in operators else ""
        self.since = at - timedelta(days=SPANS[self.span]) if SPANS[self.span] else None

    def address(self, **changes: str) -> str:
        """The query string with changes, empty members left out."""
        values = {"state": self.state, "span": self.span, "operator": self.operator, **changes}
        return urlencode({name: value for name, value in values.items() if value})


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Who asked what, when, how it ended, where the proof is."""
    operators = figures.record_operators(visit.actor)
    chosen = Filter(visit.request, visit.at, operators)
    after, first = cursor(visit.request)
    rows = fundflow.records(
        visit.actor, state=chosen.state or None, operator=chosen.operator or None, since=chosen.since, after=after,
        limit=PAGE + 1,
    )  # fmt: skip
    counts = figures.record_counts(visit.actor, since=chosen.since, operator=chosen.operator or None)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    chips = [("", _("全部"), sum(counts.values()))]
    chips += [
        (s, state_word(f"query.{s}").word, counts[s])
        for s in figures.STATES
        if counts[s] or s == chosen.state
    ]
    context = {
        "rows": [(row, product_short(row.product), _why(row), officer_words(row)) for row in rows],
        "chips": [(f"?{chosen.address(state=key)}", word, n, key == chosen.state) for key, word, n in chips],
        "chosen": chosen,
        "operators": [("", _("全部经办")), *((name, name) for name in operators)],
        "total": counts[chosen.state] if chosen.state else sum(counts.values()),
        "first": first,
        "csv_address": chosen.address(),
        "start_href": f"?{chosen.address()}" if after else "",
        "next_href": f"?{chosen.address(after=rows[-1].id, n=str(first + PAGE))}" if more else "",
    }
    return desk_page(visit, "institution/records.html", "records", context)


def _purpose(row: fundflow.QueryRow) -> str:
    return purpose_short(row.purpose) if row.purpose else ""


def _why(row: fundflow.QueryRow) -> str:
    if row.state in ("denied", "failed"):
        return code_title(row.code)
    return row.report_no


@require_GET
@institution_page
def detail(visit: Visit[InstitutionActor], query_id: str) -> HttpResponse:
    """One record. Of a released report the content is not here: it was shown once and not kept."""
    row = fundflow.query(visit.actor, query_id)
    authorisation = None
    # A provider's administrator sees what its node served; the authorisation behind it is another institution's.
    if row.authorisation_id is not None and row.institution_id == visit.actor.institution_id:
        authorisation = consents.authorisation(visit.actor, row.authorisation_id, at=visit.at)
    nearest = dict(row.nearest or {})
    said = words_of(row.code)
    context = {
        "row": row,
        "product": product_short(row.product),
        "purpose": _purpose(row),
        "account": queried_account(row),
        "officer": officer_words(row),
        "title": said[0],
        "step": said[1],
        "nearest": nearest,
        "nearest_words": nearest_words(nearest),
        "authorisation": authorisation,
        "again": authorisation is not None and authorisation.live and row.reader == "hub_display",
        "may_query": may_query(visit.actor),
    }
    return desk_page(visit, "institution/record.html", "records", context)


def words_of(code: str) -> tuple[str, str]:
    """Title and next step of a stable code; the code itself when this version does not know it."""
    if code not in Code:
        return code, ""
    said = words(Code(code))
    return said.title, said.step


@require_GET
@institution_page
def reports(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Released reports: what they were, never what they said."""
    after, first = cursor(visit.request)
    rows = fundflow.records(visit.actor, state="released", after=after, limit=PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    total = figures.record_counts(visit.actor)["released"]
    context = {
        "rows": [
            (
                row,
                product_short(row.product),
                " · ".join(p for p in (_purpose(row), queried_account(row)) if p),
                officer_words(row),
            )
            for row in rows
        ],
        "total": total,
        "first": first,
        "start_href": "?" if after else "",
        "next_href": f"?{urlencode({'after': rows[-1].id, 'n': str(first + PAGE)})}" if more else "",
        "may_query": may_query(visit.actor),
    }
    return desk_page(visit, "institution/reports.html", "reports", context)


def safe_cell(value: object) -> str:
    """A cell no spreadsheet takes for a formula (abuse case C1): a leading = + - @, tab or return gets a quote first."""
    text = "" if value is None else str(value)
    return (
        f"'{text}"
        if text.lstrip().startswith(("=", "+", "-", "@")) or text[:1] in ("\t", "\r", "\n")
        else text
    )


@require_GET
@institution_page
def as_csv(visit: Visit[InstitutionActor]) -> HttpResponse:
    """The filtered records as CSV with a byte order mark, so that spreadsheets read Chinese."""
    chosen = Filter(visit.request, visit.at, figures.record_operators(visit.actor))
    rows = fundflow.records(
        visit.actor,
        state=chosen.state or None,
        operator=chosen.operator or None,
        since=chosen.since,
        limit=CSV_MOST,
    )
    out = StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow([
        _("时间"), _("状态"), _("企业"), _("统一社会信用代码"), _("产品"), _("月数"), _("用途"), _("账户"), _("授权编号"), _("经办"),
        _("部门"), _("原因代码"), _("报告编号"), _("核验码"), _("存证"), _("存证哈希"),
    ])  # fmt: skip
    for row in rows:
        write.writerow([safe_cell(cell) for cell in (
            fmt.instant(row.asked_at), state_word(f"query.{row.state}").word, row.enterprise_name, row.uscc,
            product_short(row.product), row.months, purpose_short(row.purpose) if row.purpose else "",
            row.account_masked, row.authorisation_no, row.operator_name, row.department, row.code, row.report_no,
            row.verify_code, row.leaf_index, row.leaf_hash,
        )])  # fmt: skip
    name = f"xinqiao-records-{visit.at:%Y%m%d-%H%M%S}.csv"
    return attachment("\ufeff" + out.getvalue(), "text/csv; charset=utf-8", name)


@require_GET
@institution_page
def ledger(visit: Visit[InstitutionActor]) -> HttpResponse:
    """The institution's own leaves with their proofs, for ``xinqiao verify`` on any computer."""
    return ledger_file(visit, "ledger")
