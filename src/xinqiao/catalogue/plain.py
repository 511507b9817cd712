"""The catalogue as plain data, for JSON: what ``xinqiao catalogue show --format json`` prints."""

from datetime import date
from typing import Any

from xinqiao.domain.catalogue.model import Catalogue, Field, Item


def catalogue_as_data(catalogue: Catalogue) -> dict[str, Any]:
    """The edition with its categories and one line per item."""
    return {
        "id": catalogue.id,
        "title": catalogue.title,
        "document": catalogue.document,
        "issued": _day(catalogue.issued),
        "published": _day(catalogue.published),
        "declared_categories": catalogue.declared_categories,
        "declared_items": catalogue.declared_items,
        "reproduced": catalogue.reproduced,
        "note": catalogue.note,
        "predecessor": catalogue.predecessor,
        "mentions": [
            {
                "name": one.name,
                "name_en": one.name_en,
                "standing": one.standing,
                "categories": list(one.categories),
                "verified": one.verified,
            }
            for one in catalogue.mentions
        ],
        "categories": [
            {"no": one.no, "id": one.id, "name": one.name, "items": list(one.items)}
            for one in catalogue.categories
        ],
        "items": [_summary(item) for item in catalogue.items.values()],
    }


def item_as_data(item: Item, catalogue: Catalogue) -> dict[str, Any]:
    """One item with its fields, rules and the code lists it uses."""
    used = sorted({field.code_list for field in item.fields if field.code_list})
    return {
        **_summary(item),
        "valid_from": _day(item.valid_from),
        "valid_to": _day(item.valid_to),
        "natural_key": list(item.natural_key),
        "subject": list(item.subject),
        "as_of_field": item.as_of_field,
        "annex_fields": list(item.annex_fields),
        "annex_names_fields": item.annex_names_fields,
        "fields": [_field(field) for field in item.fields],
        "rules": [
            {
                "id": rule.id,
                "kind": rule.kind,
                "fields": list(rule.fields),
                "values": list(rule.values),
                "tolerance": str(rule.tolerance),
            }
            for rule in item.rules
        ],
        "code_lists": {name: dict(catalogue.code_lists[name].entries) for name in used},
    }


def _summary(item: Item) -> dict[str, Any]:
    return {
        "no": item.no,
        "id": item.id,
        "version": item.version,
        "name": item.name,
        "name_en": item.name_en,
        "category_no": item.category_no,
        "mode": item.mode,
        "providers": list(item.providers),
        "frequency": item.frequency,
        "max_sensitivity": item.max_sensitivity,
        "authorisation_required": item.authorisation_required,
        "origin": item.origin,
    }


def _field(field: Field) -> dict[str, Any]:
    """Only what is stated: an absent limit is an absent member. Decimals are texts."""
    stated: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "label_en": field.label_en,
        "type": field.type,
        "required": field.required,
        "sensitivity": field.sensitivity,
        "proposed": field.proposed,
        "code_list": field.code_list,
        "max_length": field.max_length,
        "pattern": field.pattern,
        "precision": field.precision,
        "scale": field.scale,
        "minimum": None if field.minimum is None else str(field.minimum),
        "maximum": None if field.maximum is None else str(field.maximum),
        "multiple": field.multiple or None,
        "id_type_field": field.id_type_field,
        "unit": field.unit or None,
        "note": field.note or None,
        "note_en": field.note_en or None,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
