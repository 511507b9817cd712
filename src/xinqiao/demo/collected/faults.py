"""Which mistakes can be made in an item, one at a time, and how each is written into a row.

A kind of fault is a field and a rule. What it writes is stated here, in the words of docs/rules/collection.md and not
asked of the checker, so that the two can disagree. Every kind leaves the rest of the row right: a day moved into the
future takes the days that must follow it along.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from xinqiao.domain.catalogue.model import CrossKind, CrossRule, Field, FieldType, Item, RowRule


class How(Enum):
    """How a fault is written."""

    TEXT = "text"  # one of the kind's texts in place of the cell
    CHECK = "check"  # the last character of the row's own code becomes another one
    ORDER = "order"  # the later day falls before the earlier one
    FUTURE = "future"  # the day, month or year lies two years ahead or more
    SUM = "sum"  # the total is off
    NEEDED = "needed"  # the cell is blank although another one calls for it
    SAME_KEY = "same_key"  # the key of the record before, with something else changed
    REPEAT = (
        "repeat"  # another row of the file once more, to the letter: no error, but not a new record either
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    ``other``: the field the rule compares with. ``follows``: days that must not fall before this one; those that can
    be moved along, with a day's number of years, and those that are left blank. ``rule`` is ``None`` for a repeat.
    """

    field: str
    rule: RowRule | None
    how: How
    texts: tuple[str, ...] = ()
    other: str = ""
    calling: str = ""
    moved: tuple[str, ...] = ()
    blanked: tuple[str, ...] = ()
    weight: int = 20


#: What stands in the changed field of a second row of one key; no maker writes it.
CHANGED = "演示更正"
_BLANKS = ("", " ", "\u3000")
_HIDDEN = ("演示\u200b文字", "翻转\u202e字符", "不间断\u00a0空格")

_TEXTS: dict[FieldType, dict[RowRule, tuple[str, ...]]] = {
    FieldType.DATE: {
        RowRule.BAD_DATE: ("2023-02-30", "2023-13-01", "2023-2-3", "20230230", "不详", "1800-01-01", "2023.05.06")
    },
    FieldType.DECIMAL: {RowRule.BAD_DECIMAL: ("1,234.50", "12万", "￥100", "1e5", "一百", ".5", "5.")},
    FieldType.INTEGER: {RowRule.BAD_INTEGER: ("3.5", "三", "1,000", "—", "12人")},
    FieldType.BOOLEAN: {RowRule.BAD_BOOLEAN: ("有", "无", "2", "T")},
    FieldType.USCC: {RowRule.BAD_USCC: ("无", "140000123456789", "91I40000MADEM001T1")},
    FieldType.ID_NUMBER: {RowRule.BAD_ID_NUMBER: ("***", "不详", "#")},
    FieldType.DIVISION: {RowRule.BAD_DIVISION: ("990101", "14010", "140001", "14O105")},
    FieldType.INDUSTRY: {RowRule.BAD_INDUSTRY: ("98", "C01", "制造业", "1")},
    FieldType.URL: {RowRule.BAD_URL: ("www.example.cn/notice/1", "ftp://example.cn/1", "http://example.cn/甲 乙")},
    FieldType.LIST: {RowRule.BAD_LIST: ('{"reason":"x"}', "[1]", "无")},
    FieldType.STRING: {RowRule.BAD_FORMAT: _HIDDEN},
    FieldType.TEXT: {RowRule.BAD_FORMAT: _HIDDEN},
    FieldType.ENUM: {RowRule.NOT_IN_LIST: ("未知情形", "??")},
}  # fmt: skip
_LIMITED = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.LIST, FieldType.URL})
_LONG = 1000  # characters from which on a fault is planted seldom, so that files do not swell


def faults_of(item: Item) -> tuple[Fault, ...]:
    """Every kind of fault an item can have, fields first, then rules over fields, then whole rows."""
    found: list[Fault] = []
    for one in item.fields:
        found += _own(one)
    for rule in item.rules:
        found += _across(rule, item)
    changed = _changed(item)
    found.append(Fault(changed, RowRule.DUPLICATE_KEY, How.SAME_KEY, (CHANGED,)))
    found.append(Fault("", None, How.REPEAT))
    return tuple(found)


def _own(one: Field) -> list[Fault]:
    """Faults of a field by itself."""
    found = [Fault(one.name, RowRule.REQUIRED, How.TEXT, _BLANKS)] if one.required else []
    if one.type in _LIMITED and one.max_length is not None:
        weight = 20 if one.max_length <= _LONG else 1
        found.append(
            Fault(one.name, RowRule.TOO_LONG, How.TEXT, ("长" * (one.max_length + 1),), weight=weight)
        )
    if one.type is FieldType.STRING and one.pattern is not None:
        # Short enough for every limit on length, and in the shape of no pattern.
        found.append(Fault(one.name, RowRule.BAD_FORMAT, How.TEXT, ("写法不对", "?")))
    else:
        found += [Fault(one.name, rule, How.TEXT, texts) for rule, texts in _TEXTS[one.type].items()]
    if one.type in (FieldType.USCC, FieldType.ID_NUMBER) and one.required:
        rule = RowRule.BAD_USCC if one.type is FieldType.USCC else RowRule.BAD_ID_NUMBER
        found.append(Fault(one.name, rule, How.CHECK))
    if one.type in (FieldType.DECIMAL, FieldType.INTEGER) and (texts := _beyond(one)):
        found.append(Fault(one.name, RowRule.OUT_OF_RANGE, How.TEXT, texts))
    if one.type is FieldType.DECIMAL:
        texts = ("1." + "1" * ((one.scale or 0) + 1),)
        found.append(Fault(one.name, RowRule.BAD_DECIMAL, How.TEXT, texts))
    return found


def _beyond(one: Field) -> tuple[str, ...]:
    """Numbers just outside the limits of a field."""
    texts: list[str] = []
    if one.type is FieldType.DECIMAL:
        texts.append("9" * ((one.precision or 0) - (one.scale or 0) + 1) + ".00")
        step = Decimal(1).scaleb(-(one.scale or 0))
        texts += [f"{one.minimum - step:f}"] if one.minimum is not None else []
    else:
        texts += [str(int(one.minimum) - 1)] if one.minimum is not None else []
        texts += [str(int(one.maximum) + 1)] if one.maximum is not None else []
    return tuple(texts)


def _across(rule: CrossRule, item: Item) -> list[Fault]:
    """Faults against a rule over several fields."""
    first = rule.fields[0]
    match rule.kind:
        case CrossKind.NOT_BEFORE:
            return [Fault(rule.fields[1], RowRule.DATE_ORDER, How.ORDER, other=first)]
        case CrossKind.SUM:
            return [Fault(first, RowRule.SUM_MISMATCH, How.SUM)]
        case CrossKind.REQUIRED_WHEN:
            return [
                Fault(first, RowRule.REQUIRED_WHEN, How.NEEDED, _BLANKS, other=rule.fields[1], calling=value)
                for value in rule.values
            ]
        case CrossKind.NOT_FUTURE:
            return _ahead(first, item)


def _ahead(name: str, item: Item) -> list[Fault]:
    """A day ahead of its time; not possible alone where a day that must be there, and must be past, follows it."""
    follow = [r.fields[1] for r in item.rules if r.kind is CrossKind.NOT_BEFORE and r.fields[0] == name]
    past = {r.fields[0] for r in item.rules if r.kind is CrossKind.NOT_FUTURE}
    if any(item.field(later).required and later in past for later in follow):
        return []
    moved = tuple(later for later in follow if item.field(later).required)
    blanked = tuple(later for later in follow if not item.field(later).required)
    return [Fault(name, RowRule.FUTURE_DATE, How.FUTURE, moved=moved, blanked=blanked)]


def _changed(item: Item) -> str:
    """The field in which two rows of one key are made to differ: the last plain text that is no part of the key."""
    plain = [
        one.name
        for one in item.fields
        if one.type is FieldType.STRING and one.pattern is None and one.name not in item.natural_key
    ]
    return plain[-1]


@dataclass(slots=True)
class Truth:
    """What was planted, counted."""

    rows: int = 0
    repeated: int = 0
    by_field: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Rows with a fault; never more than one in a row."""
        return sum(self.by_field.values())

    @property
    def accepted(self) -> int:
        """Rows that are right and not there before."""
        return self.rows - self.refused - self.repeated

    @property
    def by_rule(self) -> dict[str, int]:
        """Rows by the rule they break."""
        found: dict[str, int] = {}
        for (_, rule), count in sorted(self.by_field.items()):
            found[rule] = found.get(rule, 0) + count
        return found

    def add(self, name: str, rule: str, count: int) -> None:
        """Count ``count`` rows more."""
        if count:
            self.by_field[name, rule] = self.by_field.get((name, rule), 0) + count
