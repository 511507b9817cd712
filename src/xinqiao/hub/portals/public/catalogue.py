"""The catalogue for anybody: the list with its modes, one item with its fields and codes, an empty file to fill."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from xinqiao.catalogue import CURRENT, load
from xinqiao.catalogue.template import csv_template, xlsx_template
from xinqiao.catalogue.words import (
    FREQUENCIES,
    MODES,
    NOT_KNOWN,
    SENSITIVITIES,
    SHORT_MODES,
    TYPES,
    Said,
    limits,
    mention_words,
    rule_words,
)
from xinqiao.domain.catalogue.model import Catalogue, Category, Field, Item, SharingMode
from xinqiao.domain.errors import NotFound
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.frame import page, public_shell
from xinqiao.hub.runtime import runtime
from xinqiao.ui.item_words import code_words

_KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A way to narrow the list."""

    label: str
    href: str
    number: int
    pressed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An item in the list, in the language of the page."""

    item: Item
    name: str
    href: str
    category: str
    mode: str
    frequency: str
    sensitivity: str


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition beside the others; ``spoken``: what its document's text is known to speak of, and how."""

    edition: Catalogue
    spoken: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A field of an item, in the language of the page."""

    field: Field
    name: str
    type: str
    sensitivity: str
    limits: str
    codes: dict[str, str]


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """All items, or those of one mode."""
    catalogue = runtime.catalogue
    wanted = request.GET.get("mode", "")
    shown = [
        item for item in catalogue.items.values() if wanted not in set(SharingMode) or item.mode == wanted
    ]
    context = {
        "catalogue": catalogue,
        "editions": _editions(catalogue),
        "not_known": str(NOT_KNOWN),
        "chips": _chips(catalogue, wanted),
        "lines": [_line(item, catalogue) for item in shown],
        "added": sum(item.origin != "national" for item in catalogue.items.values()),
    }
    return page(request, "public/catalogue.html", public_shell(request, "catalogue"), context)


def _editions(catalogue: Catalogue) -> list[Edition]:
    """The edition in force and those it replaced, newest first."""
    found = [catalogue]
    while found[-1].predecessor:
        found.append(load(found[-1].predecessor))
    return [Edition(one, [(str(how), str(what)) for how, what in mention_words(one)]) for one in found]


@require_GET
def one(request: HttpRequest, item_id: str) -> HttpResponse:
    """One item: how it comes, what it holds, the rules a row must keep."""
    catalogue = runtime.catalogue
    item = _found(catalogue, item_id)
    line = _line(item, catalogue)
    context = {
        "catalogue": catalogue,
        "item": item,
        "line": line,
        "mode": str(MODES[item.mode]),
        "columns": [_column(field, item, catalogue) for field in item.fields],
        "rules": [str(rule_words(rule, item, catalogue)) for rule in item.rules],
        "labels": {
            field.name: str(Said(field.label, field.label_en or field.label)) for field in item.fields
        },
        "templates": {kind: reverse("public:catalogue_template", args=(item.id, kind)) for kind in _KINDS},
    }
    return page(request, "public/catalogue_item.html", public_shell(request, "catalogue"), context)


@require_GET
def template(request: HttpRequest, item_id: str, kind: str) -> HttpResponse:
    """The empty file of an item."""
    item = _found(runtime.catalogue, item_id)
    if kind not in _KINDS:
        raise NotFound("no such kind of file")
    made = csv_template(item) if kind == "csv" else _workbook(item.id, settings.XINQIAO_CATALOGUE_DIR)
    return attachment(made, _KINDS[kind], f"{item.id}-v{item.version}.{kind}")


@lru_cache(maxsize=128)
def _workbook(item_id: str, extensions: Path | None) -> bytes:
    # Some milliseconds of work that anybody may ask for, and always the same: made once.
    catalogue = load(CURRENT, extensions)
    return xlsx_template(catalogue.items[item_id], catalogue)


def _found(catalogue: Catalogue, item_id: str) -> Item:
    item = catalogue.items.get(item_id)
    if item is None:
        raise NotFound("no such item")
    return item


def _chips(catalogue: Catalogue, wanted: str) -> list[Chip]:
    counted = Counter(item.mode for item in catalogue.items.values())
    address = reverse("public:catalogue")
    everything = Chip(str(Said("全部", "All")), address, len(catalogue.items), wanted not in counted)
    return [
        everything,
        *(
            Chip(str(SHORT_MODES[mode]), f"{address}?mode={mode}", counted[mode], wanted == mode)
            for mode in SharingMode
        ),
    ]


def _category(catalogue: Catalogue, no: int) -> Category:
    return next(one for one in catalogue.categories if one.no == no)


def _line(item: Item, catalogue: Catalogue) -> Line:
    category = _category(catalogue, item.category_no)
    return Line(
        item=item,
        name=str(Said(item.name, item.name_en)),
        href=reverse("public:catalogue_item", args=(item.id,)),
        category=str(Said(category.name, category.name_en or category.name)),
        mode=str(SHORT_MODES[item.mode]),
        frequency=str(FREQUENCIES[item.frequency]),
        sensitivity=str(SENSITIVITIES[item.max_sensitivity]),
    )


def _column(field: Field, item: Item, catalogue: Catalogue) -> Column:
    return Column(
        field=field,
        name=str(Said(field.label, field.label_en or field.label)),
        type=str(TYPES[field.type]),
        sensitivity=str(SENSITIVITIES[field.sensitivity]),
        limits=str(Said("；", "; ")).join(str(one) for one in limits(field, item, catalogue)),
        codes=code_words(catalogue.code_lists[field.code_list]) if field.code_list else {},
    )
