"""The rules of a row, told literally: cells in, canonical values and findings out.

The oracle: slow, obvious, one row at a time. The lake checks whole columns by the same rules
(docs/rules/collection.md), and its counts must be these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from xinqiao.domain.catalogue.keys import canonical_text
from xinqiao.domain.catalogue.model import Catalogue, CrossKind, CrossRule, FieldType, Item, RowRule
from xinqiao.domain.catalogue.values import Value, read_value, trim


@dataclass(frozen=True, slots=True)
class RowFinding:
    """One reason why a row is put aside. ``value`` is the trimmed cell, out of ``repr``: it may be personal."""

    field: str
    rule: RowRule
    value: str

    def __repr__(self) -> str:
        return f"RowFinding({self.field}, {self.rule})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row says. ``values`` holds every field that has a good value; a row with findings is put aside whole."""

    values: Mapping[str, Value]
    findings: tuple[RowFinding, ...]

    @property
    def ok(self) -> bool:
        """Whether the row may be taken."""
        return not self.findings


def check_row(catalogue: Catalogue, item: Item, cells: Mapping[str, str], *, received_on: date) -> Verdict:
    """Check one row.

    Args:
        catalogue: whose code lists hold.
        item: what the row is of.
        cells: field name → text as it stands in the file; a missing field is a blank cell, a name that is no field is
            not looked at.
        received_on: the day the batch came, in Shanghai.

    Each field has at most one finding of its own; rules over several fields are asked only when none of theirs has.
    """
    texts = {field.name: trim(cells.get(field.name, "")) for field in item.fields}
    values: dict[str, Value] = {}
    broken: dict[str, RowRule] = {}
    # Kinds of certificates come before the numbers that are judged by them, wherever they stand in the file.
    for field in sorted(item.fields, key=lambda field: field.type is FieldType.ID_NUMBER):
        text = texts[field.name]
        if not text:
            if field.required:
                broken[field.name] = RowRule.REQUIRED
            continue
        kind = values.get(field.id_type_field or "")
        found = read_value(
            field,
            text,
            catalogue.code_lists,
            id_type=kind if isinstance(kind, str) else None,
            on=received_on,
        )
        if isinstance(found, RowRule):
            broken[field.name] = found
        else:
            values[field.name] = found
    findings = [
        RowFinding(field.name, broken[field.name], texts[field.name])
        for field in item.fields
        if field.name in broken
    ]
    for rule in item.rules:
        name = _breaks(rule, values, broken, received_on)
        if name is not None:
            finding = RowFinding(name, _RULE_OF[rule.kind], texts[name])
            if finding not in findings:
                findings.append(finding)
    return Verdict(values, tuple(findings))


_RULE_OF = {
    CrossKind.NOT_BEFORE: RowRule.DATE_ORDER,
    CrossKind.SUM: RowRule.SUM_MISMATCH,
    CrossKind.REQUIRED_WHEN: RowRule.REQUIRED_WHEN,
    CrossKind.NOT_FUTURE: RowRule.FUTURE_DATE,
}


def _breaks(
    rule: CrossRule, values: Mapping[str, Value], broken: Mapping[str, RowRule], received_on: date
) -> str | None:
    """The field a broken rule is reported at, ``None`` when it is kept or not asked."""
    names = [name.removeprefix("-") for name in rule.fields]
    if any(name in broken for name in names):
        return None
    first = values.get(names[0])
    if rule.kind is CrossKind.REQUIRED_WHEN:
        return names[0] if first is None and _calls_for(rule, values.get(names[1])) else None
    if any(name not in values for name in names):
        return None
    match rule.kind:
        case CrossKind.NOT_BEFORE:
            earlier, later = values[names[0]], values[names[1]]
            assert isinstance(earlier, date)
            assert isinstance(later, date)
            return names[1] if later < earlier else None
        case CrossKind.SUM:
            return None if _adds_up(rule, values) else names[0]
        case CrossKind.NOT_FUTURE:
            return names[0] if first is not None and _is_future(first, received_on) else None


def _calls_for(rule: CrossRule, when: Value | None) -> bool:
    if when is None:
        return False
    stated = when if isinstance(when, tuple) else (canonical_text(when),)
    return not rule.values or not set(stated).isdisjoint(rule.values)


def _adds_up(rule: CrossRule, values: Mapping[str, Value]) -> bool:
    """Exact at any size: fractions, for a context of decimals rounds."""

    def exact(name: str) -> Fraction:
        value = values[name]
        assert isinstance(value, int | Decimal)
        return Fraction(value)

    total = sum(-exact(name[1:]) if name.startswith("-") else exact(name) for name in rule.fields[1:])
    return abs(exact(rule.fields[0]) - total) <= Fraction(rule.tolerance)


def _is_future(value: Value, received_on: date) -> bool:
    """A day after the day the batch came; a month after its month; a year after its year. The open end is future."""
    if isinstance(value, date):
        return value > received_on
    if isinstance(value, int):
        return value > received_on.year
    return str(value) > received_on.isoformat()[:7]
