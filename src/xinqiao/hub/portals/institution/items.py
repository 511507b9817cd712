"""Items at the portal: ask for interface items, follow, see what was given, withdrawn, called and refused.

Claims are not stated here: their values and salts belong on the institution's own machines (workbench or interface),
because the salt alone makes a consent usable and the platform must not hold it. Nor are items called here: the answer
opens with the institution's own key only.
"""

import csv
from dataclasses import dataclass, field
from io import StringIO

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from xinqiao.domain.consent import DEFAULT_CEILINGS, Purpose
from xinqiao.domain.errors import Conflict, Invalid
from xinqiao.domain.items import ItemGrant, ItemKind
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.items import requests, selectors
from xinqiao.hub.apps.items.scopes import all_terms, catalogue
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.institution.asked_list import PAGE, asked_list
from xinqiao.hub.portals.institution.asking import AskingForm
from xinqiao.hub.portals.institution.firms import as_code
from xinqiao.hub.portals.institution.item_cards import ItemCard, parts_of, timeline
from xinqiao.hub.portals.institution.records import CSV_MOST, safe_cell, words_of
from xinqiao.hub.portals.institution.shell import cursor, desk_page, may_query
from xinqiao.hub.portals.item_words import (
    field_labels,
    item_name,
    items_of,
    kind_words,
    nearest_item_words,
    outcome_words,
)
from xinqiao.hub.portals.words import purpose_short
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import field_label
from xinqiao.ui.states import state_word

STATES = ("released", "denied", "failed", "permitted")


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Every request for items, filtered by state and text, fifty a page."""
    rows, context = asked_list(visit, selectors.authorisations, selectors.state_counts)
    context["cards"] = [ItemCard.of(row, visit.at) for row in rows]
    return desk_page(visit, "institution/items.html", "items", context)


@dataclass(slots=True)
class ItemsForm(AskingForm):
    """What was typed, kept when something was wrong; ``errors`` by field. ``fields``: ``item.field`` that is ticked."""

    uscc: str = ""
    purpose: str = Purpose.LOAN_APPLICATION.value
    business_ref: str = ""
    fields: list[str] = field(default_factory=list)
    days: str = "30"
    queries: str = "3"
    message: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: HttpRequest) -> "ItemsForm":
        """The posted values."""
        post = request.POST
        form = cls(fields=post.getlist("field"))
        for name in ("uscc", "purpose", "business_ref", "days", "queries", "message"):
            setattr(form, name, post.get(name, "").strip())
        return form

    def grants(self) -> frozenset[ItemGrant]:
        """The ticked fields by item."""
        found: dict[str, set[str]] = {}
        for one in self.fields:
            item, _dot, name = one.partition(".")
            found.setdefault(item, set()).add(name)
        return frozenset(ItemGrant(item, frozenset(names)) for item, names in found.items())

    def check(self) -> None:
        """Find what cannot be read at all; what is allowed is the service's to say."""
        if self.purpose not in Purpose:
            self.errors["purpose"] = _("请选一个用途。")
        if not self.fields:
            self.errors["items"] = _("至少选一个事项的一个字段。")
        self.check_numbers(("days", self.days, 3650), ("queries", self.queries, 1_000))


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Ask a firm for interface items. POST leads to the request's own page."""
    if visit.request.method == "GET":
        return _form_page(visit, ItemsForm(uscc=as_code(visit.request.GET.get("uscc", ""))))
    form = ItemsForm.read(visit.request)
    form.check()
    if not form.errors:
        try:
            row = requests.request_items(
                actor=visit.actor,
                subject_uscc=as_code(form.uscc),
                purpose=Purpose(form.purpose),
                business_ref=form.business_ref,
                grants=form.grants(),
                claims=[],
                valid_days=int(form.days),
                max_queries=int(form.queries),
                message=form.message,
                at=visit.at,
            )
        except (Invalid, Conflict) as refused:
            record_refusal(visit.request, refused)
            form.blame(refused)
        else:
            return HttpResponseRedirect(reverse("institution:item", args=[row.id]))
    return _form_page(visit, form)


def _form_page(visit: Visit[InstitutionActor], form: ItemsForm) -> HttpResponse:
    ticked = set(form.fields)
    terms = all_terms()
    asked = []
    for item in items_of(ItemKind.INTERFACE):
        fields = [
            (
                f"{item}.{one.name}",
                field_label(one),
                one.name in terms[item].personal,
                f"{item}.{one.name}" in ticked,
            )
            for one in catalogue().items[item].fields
        ]
        asked.append((item, item_name(item), fields, any(on for *_rest, on in fields)))
    context = {
        "form": form,
        "asked": asked,
        "claims": [item_name(item) for item in items_of(ItemKind.VERIFICATION)],
        "purposes": [(p.value, purpose_short(p)) for p in Purpose],
        "ceilings": [
            (purpose_short(p), one.valid_days, one.max_queries) for p, one in DEFAULT_CEILINGS.items()
        ],
        "waits": DEFAULT_CEILINGS[Purpose.LOAN_APPLICATION].request_ttl_days,
    }
    return desk_page(visit, "institution/item_new.html", "items", context, status=422 if form.errors else 200)


@require_GET
@institution_page
def detail(visit: Visit[InstitutionActor], authorisation_id: str) -> HttpResponse:
    """One authorisation: asked and given, what happened, and where it is used from."""
    row = selectors.authorisation(visit.actor, authorisation_id, at=visit.at)
    queries = selectors.queries(visit.actor, authorisation_id=authorisation_id, limit=PAGE)
    context = {
        "row": row,
        "card": ItemCard.of(row, visit.at),
        "purpose": purpose_short(row.purpose),
        "asked": parts_of(row.asked, row.granted),
        "moments": timeline(consents.history(visit.actor, row.id), queries),
        "released": sum(query.state == "released" for query in queries),
        "may_query": may_query(visit.actor),
    }
    return desk_page(visit, "institution/item.html", "items", context)


@require_GET
@institution_page
def records(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Calls, verifications and refusals of items."""
    get = visit.request.GET
    state = get.get("state", "") if get.get("state", "") in STATES else ""
    after, first = cursor(visit.request)
    rows = selectors.queries(visit.actor, state=state, after=after, limit=PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    counts = selectors.query_counts(visit.actor)
    chips = [("?", _("全部"), sum(counts.values()), not state)]
    chips += [
        (f"?state={s}", state_word(f"query.{s}").word, counts[s], s == state) for s in STATES if counts[s]
    ]
    kept = {"state": state} if state else {}
    context = {
        "rows": [(row, item_name(row.item), kind_words(row.kind), outcome_words(row)) for row in rows],
        "chips": chips,
        "total": counts[state] if state else sum(counts.values()),
        "first": first,
        "csv_address": urlencode(kept),
        "start_href": f"?{urlencode(kept)}" if after else "",
        "next_href": f"?{urlencode({**kept, 'after': rows[-1].id, 'n': str(first + PAGE)})}" if more else "",
    }
    return desk_page(visit, "institution/item_records.html", "items", context)


@require_GET
@institution_page
def record(visit: Visit[InstitutionActor], query_id: str) -> HttpResponse:
    """One call or verification. The content is not here: it went out once and was not kept."""
    row = selectors.query(visit.actor, query_id)
    title, step = words_of(row.code) if row.code else ("", "")
    context = {
        "row": row,
        "name": item_name(row.item),
        "kind": kind_words(row.kind),
        "fields": _("、").join(field_labels(row.item, row.fields)),
        "purpose": purpose_short(row.purpose),
        "outcome": outcome_words(row),
        "title": title,
        "step": step,
        "nearest_words": nearest_item_words(row.nearest),
    }
    return desk_page(visit, "institution/item_record.html", "items", context)


@require_GET
@institution_page
def as_csv(visit: Visit[InstitutionActor]) -> HttpResponse:
    """The records as CSV with a byte order mark, so that spreadsheets read Chinese."""
    get = visit.request.GET
    state = get.get("state", "") if get.get("state", "") in STATES else ""
    out = StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow([
        _("时间"), _("状态"), _("企业"), _("统一社会信用代码"), _("事项"), _("方式"), _("字段"), _("用途"), _("授权编号"), _("经办"),
        _("部门"), _("原因代码"), _("答复编号"), _("核验结果"), _("存证"), _("存证哈希"),
    ])  # fmt: skip
    for row in selectors.queries(visit.actor, state=state, limit=CSV_MOST):
        firm, given = row.enterprise, row.authorisation
        own = given is not None and firm is not None
        write.writerow([safe_cell(cell) for cell in (
            fmt.instant(row.asked_at), state_word(f"query.{row.state}").word, firm.name if firm and own else "",
            firm.uscc if firm and own else "", item_name(row.item), kind_words(row.kind),
            _("、").join(field_labels(row.item, row.fields)), purpose_short(row.purpose),
            given.authorisation_no if given else "", row.operator_name, row.operator_department, row.code, row.answer_no,
            {"yes": _("是"), "not": _("否")}.get(row.result, ""), row.end_leaf, row.end_leaf_hash,
        )])  # fmt: skip
    name = f"xinqiao-items-{visit.at:%Y%m%d-%H%M%S}.csv"
    return attachment("\ufeff" + out.getvalue(), "text/csv; charset=utf-8", name)
