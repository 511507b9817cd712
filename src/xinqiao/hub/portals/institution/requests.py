"""Requests for authorisation: the list, the form, one request with its timeline."""

from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from xinqiao.domain.consent import DEFAULT_CEILINGS, MAX_MONTHS, Product, Purpose, Reader
from xinqiao.domain.errors import Conflict, Invalid
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import desk, services
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.consents.summary import purpose_words
from xinqiao.hub.apps.fundflow import figures, selectors
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.asked_list import PAGE, asked_list
from xinqiao.hub.portals.institution.asking import AskingForm
from xinqiao.hub.portals.institution.cards import (
    ReqCard,
    account_words,
    products_words,
    reader_words,
    timeline,
)
from xinqiao.hub.portals.institution.firms import as_code
from xinqiao.hub.portals.institution.shell import desk_page, may_query
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.portals.words import product_short, purpose_short
from xinqiao.ui.i18n import gettext as _

MONTHS = (6, 12, 24, 36)
DAYS = (7, 15, 30, 90, 180, 365)
QUERIES = (1, 3, 5, 10, 30)


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Every request, filtered by state and text, fifty a page."""
    rows, context = asked_list(visit, consents.authorisations, desk.state_counts)
    last = figures.last_queries(visit.actor, [row.id for row in rows])
    context["cards"] = [ReqCard.of(row, visit.at, last.get(row.id)) for row in rows]
    return desk_page(visit, "institution/requests.html", "requests", context)


@dataclass(slots=True)
class RequestForm(AskingForm):
    """What was typed, kept when something was wrong; ``errors`` by field."""

    uscc: str = ""
    purpose: str = Purpose.LOAN_APPLICATION.value
    business_ref: str = ""
    business_note: str = ""
    products: list[str] = field(default_factory=lambda: [Product.REPORT.value])
    months: str = "24"
    days: str = "30"
    queries: str = "3"
    balance: bool = True
    reader: str = Reader.HUB_DISPLAY.value
    message: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: HttpRequest) -> "RequestForm":
        """The posted values."""
        post = request.POST
        return cls(
            uscc=post.get("uscc", "").strip(),
            purpose=post.get("purpose", ""),
            business_ref=post.get("business_ref", "").strip(),
            business_note=post.get("business_note", "").strip(),
            products=post.getlist("product"),
            months=post.get("months", ""),
            days=post.get("days", ""),
            queries=post.get("queries", ""),
            balance="balance" in post,
            reader=post.get("reader", ""),
            message=post.get("message", "").strip(),
        )

    def check(self) -> None:
        """Find what cannot be read at all; what is allowed is the service's to say."""
        if self.purpose not in Purpose:
            self.errors["purpose"] = _("请选一个用途。")
        if not self.products or not set(self.products) <= set(Product):
            self.errors["products"] = _("至少选一个产品。")
        if self.reader not in Reader:
            self.errors["reader"] = _("请选在哪里看。")
        self.check_numbers(
            ("months", self.months, MAX_MONTHS), ("days", self.days, 3650), ("queries", self.queries, 1_000)
        )


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Ask a firm. POST leads to the request's own page."""
    if visit.request.method == "GET":
        return _form_page(visit, _prefilled(visit))
    form = RequestForm.read(visit.request)
    form.check()
    if not form.errors:
        try:
            row = services.request_authorisation(
                actor=visit.actor,
                subject_uscc=as_code(form.uscc),
                purpose=Purpose(form.purpose),
                business_ref=form.business_ref,
                business_note=form.business_note,
                products=frozenset(Product(product) for product in form.products),
                months=int(form.months),
                valid_days=int(form.days),
                max_queries=int(form.queries),
                include_balance=form.balance,
                reader=Reader(form.reader),
                message=form.message,
                at=visit.at,
            )
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            form.blame(refused)
        else:
            return HttpResponseRedirect(reverse("institution:request", args=[row.id]))
    return _form_page(visit, form)


def _prefilled(visit: Visit[InstitutionActor]) -> RequestForm:
    """An empty form, or one like an earlier request of ours (``again``)."""
    again = visit.request.GET.get("again", "")
    form = RequestForm(uscc=as_code(visit.request.GET.get("uscc", "")))
    if again:
        row = consents.authorisation(visit.actor, again, at=visit.at)
        form = RequestForm(
            uscc=row.enterprise_uscc,
            purpose=row.purpose.value,
            business_ref=row.business_ref,
            business_note=row.business_note,
            products=sorted(product.value for product in row.asked.products),
            months=str(row.asked.months_back),
            days=str(row.asked.valid_days),
            queries=str(row.asked.max_queries),
            balance=row.asked.include_balance,
            reader=row.reader.value,
        )
    months = visit.request.GET.get("months", "")
    if whole_number(months, 1, MAX_MONTHS) is not None:
        form.months = months
    return form


def _steps(steps: tuple[int, ...], value: str, unit: str) -> list[tuple[str, str]]:
    """The usual steps, and the value itself when it is none of them."""
    own = whole_number(value, 0, 9_999)
    values = sorted({*steps, *([] if own is None else [own])})
    return [(str(one), str(one) if k else unit.format(n=one)) for k, one in enumerate(values)]


def _form_page(visit: Visit[InstitutionActor], form: RequestForm) -> HttpResponse:
    ceilings = [
        (
            purpose_short(purpose),
            ceiling.months_back,
            ceiling.valid_days,
            ceiling.max_queries,
            ceiling.request_ttl_days,
        )
        for purpose, ceiling in DEFAULT_CEILINGS.items()
    ]
    context = {
        "form": form,
        "purposes": [(p.value, purpose_short(p)) for p in Purpose],
        "purpose_words": [(purpose_short(p), purpose_words(p)) for p in Purpose],
        "products": [
            (p.value, product_short(p), _product_hint(p)) for p in (Product.REPORT, Product.SUMMARY)
        ],
        "months": _steps(MONTHS, form.months, _("{n} 个月")),
        "days": _steps(DAYS, form.days, _("{n} 天")),
        "queries": _steps(QUERIES, form.queries, "{n}"),
        "ceilings": ceilings,
    }
    status = 422 if form.errors else 200
    return desk_page(visit, "institution/request_new.html", "requests", context, status=status)


def _product_hint(product: Product) -> str:
    if product is Product.REPORT:
        return _("108 项指标和图，给人看")
    return _("按月、方向、对手类型、用途和渠道的合计，给模型用")


@require_GET
@institution_page
def detail(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """One request: what was asked and given, who can open it, what happened, and the query if it lives."""
    row = consents.authorisation(visit.actor, authorisation_id, at=visit.at)
    queries = selectors.records(visit.actor, authorisation_id=row.id, limit=PAGE)
    last = queries[0] if queries else None
    card = ReqCard.of(
        row, visit.at, figures.LastQuery(last.id, last.state, last.code, last.asked_at) if last else None
    )
    scope = row.granted or row.asked
    steps = tuple(n for n in MONTHS if n < scope.months_back)
    months = _steps(steps, str(scope.months_back), _("{n} 个月"))
    withheld = [product_short(p) for p in sorted(row.asked.products - scope.products)]
    context = {
        "row": row,
        "card": card,
        "purpose": purpose_short(row.purpose),
        "reader": reader_words(row.reader),
        "asked_products": products_words(list(row.asked.products)),
        "given_products": products_words(list(scope.products)),
        "withheld": withheld,
        "accounts": [(account, account_words(account)) for account in row.accounts],
        "live_accounts": [(account.id, account_words(account)) for account in row.accounts if account.live],
        "products": [(p.value, product_short(p)) for p in sorted(scope.products)],
        "months": months,
        "asked_months": row.asked.months_back,
        "scope": scope,
        "moments": timeline(consents.history(visit.actor, row.id), queries),
        "released": sum(query.state == "released" for query in queries),
        "may_query": may_query(visit.actor),
        "pick": {name: visit.request.GET.get(name, "") for name in ("account", "product", "months")},
    }
    return desk_page(visit, "institution/request.html", "requests", context)
