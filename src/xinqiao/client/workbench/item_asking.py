"""Asking for items at the workbench: which items, which fields, which values are to be verified."""

from dataclasses import dataclass

from starlette.responses import Response

from xinqiao.client.claims import StatedClaim, state_claim
from xinqiao.client.problems import problem_of
from xinqiao.client.workbench.desk import see_other
from xinqiao.client.workbench.visit import Visit, new_once, once_of, page
from xinqiao.client.workbench.words import purposes
from xinqiao.clock import SHANGHAI
from xinqiao.domain.catalogue.model import Field, FieldType, Sensitivity
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.domain.items import ItemKind, ItemTerms
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import code_words, field_label, item_name, items_of


@dataclass(frozen=True, slots=True)
class AskedField:
    """One field of the form: ticked for a call, filled in for a claim."""

    name: str
    label: str
    required: bool
    personal: bool
    value: str
    options: list[tuple[str, str]]
    type: str
    note: str


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One item of the form."""

    id: str
    name: str
    written: bool
    fields: list[AskedField]


def new(visit: Visit) -> Response:
    """GET: choose items, then their fields and values. POST: ask."""
    catalogue = visit.bench.config.catalogue
    calls, claims = items_of(catalogue, ItemKind.INTERFACE), items_of(catalogue, ItemKind.VERIFICATION)
    if visit.request.method == "POST":
        chosen = [one for one in visit.form.text("items", most=2_000).split(",") if one]
    else:
        chosen = visit.request.query_params.getlist("item")
    if not set(chosen) <= {*calls, *claims}:
        raise Invalid(Code.INVALID, "no such item", facts={"field": "item"})
    if not chosen:
        context = {
            "calls": [(one, item_name(catalogue, one)) for one in calls],
            "claims": [(one, item_name(catalogue, one)) for one in claims],
            "uscc": visit.query("uscc"),
        }
        return page(visit, "item_choose", "items", context)
    if visit.request.method == "GET":
        return _form(visit, chosen, _START | {"uscc": visit.query("uscc")}, [])
    return _ask(visit, chosen)


def _ask(visit: Visit, chosen: list[str]) -> Response:
    assert visit.session.user is not None
    form, catalogue = visit.form, visit.bench.config.catalogue
    on = visit.now.astimezone(SHANGHAI).date()
    try:
        claims: list[StatedClaim] = []
        items: dict[str, list[str]] = {}
        for item in chosen:
            names = [field.name for field in catalogue.items[item].fields]
            if ItemTerms.of(catalogue.items[item]).kind is ItemKind.VERIFICATION:
                values = {name: form.text(f"v.{item}.{name}", most=500) for name in names}
                claims.append(state_claim(catalogue, item, values, on=on))
            else:
                items[item] = [name for name in names if form.text(f"g.{item}.{name}") == "on"]
        made = visit.client.items.request(
            subject_uscc=validate_uscc(form.text("uscc", most=40)),
            purpose=Purpose(form.choice("purpose", set(Purpose))),
            business_ref=form.text("business_ref", most=80),
            operator=visit.session.user.operator,
            items=items,
            claims=claims,
            valid_days=form.number("days", 1, 3650),
            max_queries=form.number("times", 1, 10_000),
            message=form.text("message", most=300),
            idempotency_key=once_of(form),
        )
    except XinqiaoError as error:
        if error.status not in (404, 409, 422):
            raise
        problem, said = problem_of(error), words(error.code)
        named = str(error.facts.get("field") or error.facts.get("items") or "")
        label = {f.name: field_label(f) for one in chosen for f in catalogue.items[one].fields}.get(
            named, named
        )
        text = f"{(problem.title if problem else '') or said.title}：{(problem.step if problem else '') or said.step}"
        return _form(
            visit, chosen, _START | form.fields, [(f"{text} {label}".strip(), "f-uscc")], status=error.status
        )
    visit.bench.config.claims.keep(made.id, claims)
    return see_other(f"/items/{made.id}?sent=1")


_START = {
    "uscc": "", "purpose": "loan_application", "business_ref": "", "days": "30", "times": "3", "message": "",
}  # fmt: skip


def _form(
    visit: Visit,
    chosen: list[str],
    values: dict[str, str],
    errors: list[tuple[str, str]],
    *,
    status: int = 200,
) -> Response:
    catalogue = visit.bench.config.catalogue
    kinds = {one: ItemTerms.of(catalogue.items[one]).kind for one in chosen}
    asked = [_asked_item(visit, one, values) for one in chosen]
    context = {
        "calls": [one for one in asked if kinds[one.id] is ItemKind.INTERFACE],
        "claims": [one for one in asked if kinds[one.id] is ItemKind.VERIFICATION],
        "items": ",".join(chosen),
        "values": values,
        "errors": errors,
        "purposes": purposes(),
        "once": new_once(),
    }
    return page(visit, "item_new", "items", context, status=status)


def _asked_item(visit: Visit, item: str, values: dict[str, str]) -> AskedItem:
    catalogue = visit.bench.config.catalogue
    found = catalogue.items[item]
    terms = ItemTerms.of(found)
    prefix = "v" if terms.kind is ItemKind.VERIFICATION else "g"

    def asked(field: Field) -> AskedField:
        codes = code_words(catalogue.code_lists[field.code_list]) if field.code_list else {}
        few = len(codes) <= 60 and not field.multiple
        return AskedField(
            name=field.name,
            label=field_label(field),
            required=field.required,
            personal=field.sensitivity is Sensitivity.PERSONAL,
            value=values.get(f"{prefix}.{item}.{field.name}", ""),
            options=[("", ""), *codes.items()]
            if codes and few
            else _yes_no()
            if field.type is FieldType.BOOLEAN
            else [],
            type="date" if field.type is FieldType.DATE else "text",
            note=field.unit,
        )

    return AskedItem(
        item,
        item_name(catalogue, item),
        terms.written and bool(terms.personal),
        [asked(f) for f in found.fields],
    )


def _yes_no() -> list[tuple[str, str]]:
    return [("", ""), ("true", _("是")), ("false", _("否"))]
