"""An item of the catalogue compiled to SQL: what each field's cells mean, and what is asked across fields.

The literal definition is :func:`xinqiao.domain.catalogue.rows.check_row`; tests hold this equal to it, cell by cell.
:mod:`xinqiao.lake.collecting.verdicts` runs the parts, each over the different values of a column rather than over all
rows wherever that says the same. A finding is a number, ``field * 32 + rule`` (:func:`decode_finding`).

DuckDB's optimiser would push the type of a ``TRY_CAST`` into the reader of a CSV file, where a bad value ends the
query: whoever runs these statements says :data:`SETTINGS` first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from xinqiao.domain.catalogue.model import (
    Catalogue,
    CodeList,
    CrossKind,
    CrossRule,
    Field,
    FieldType,
    Item,
    RowRule,
)
from xinqiao.domain.catalogue.values import ORGANISATION, RESIDENT
from xinqiao.lake.collecting.fields_sql import RULE_NO, RULES, ColumnSql, column_sql, quoted
from xinqiao.lake.collecting.judges import is_judged, judge_name, register_judge, register_subject

SETTINGS = ("SET disabled_optimizers = 'type_pushdown,in_clause'", "SET TimeZone = 'UTC'")
#: Between the parts of a natural key; no value can hold it.
KEY_SEPARATOR = 31
#: A subject that is nobody's: ``~`` and a hash of the key.
NOBODY = "~"
WAN_YUAN = "wan_yuan"
#: Field of a finding about a row as a whole.
WHOLE_ROW = ""
FINDING_SHIFT = 32


def encode_finding(place: int, rule: RowRule) -> int:
    """The number of a finding."""
    return place * FINDING_SHIFT + RULE_NO[rule]


def decode_finding(item: Item, number: int) -> tuple[str, RowRule]:
    """Field and rule of a number."""
    rule = RULES[number % FINDING_SHIFT]
    assert rule is not None
    place = number // FINDING_SHIFT
    return item.fields[place].name if place < len(item.fields) else WHOLE_ROW, rule


@dataclass(frozen=True, slots=True)
class FieldSql:
    """A field over its cells, ``x``.

    Attributes:
        cell: place of the file's column; ``None`` when the file has none, and ``x`` is ``NULL``.
        kind: place of the field whose value is ``k``, the kind of an identity number.
        made: value and broken rule.
    """

    cell: int | None
    kind: int | None
    made: ColumnSql


@dataclass(frozen=True, slots=True)
class CrossSql:
    """A rule across fields: the places of those it asks about, the test that says it is broken, the finding."""

    places: tuple[int, ...]
    test: str
    finding: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """An item as SQL. A value is called ``v`` and the place of its field in the item: ``v0 …``.

    Attributes:
        item: what was compiled.
        columns: for each field the type of its value in the lake, in the order of the item.
        stored: names of the fields that the lake keeps as columns; a person's own number is not among them.
        keyed: whether all parts of the natural key are stored columns.
        fields: the fields, in the order of the item.
        crossed: the rules across fields, in theirs.
        subject: whom a record is about, from the values of ``subject_of``; ``NULL`` when it names nobody.
        subject_of: places of the fields that say so.
        nobody: the subject of a record that names nobody, from the values of the natural key.
        key: the natural key as text, from ``_subject`` and the values of the natural key.
        key_of: places of its parts, each once.
        as_of: the day of the facts, from the value of ``as_of_place``.
        as_of_place: ``None`` for an item without one.
    """

    item: Item
    columns: Mapping[str, str]
    stored: tuple[str, ...]
    keyed: bool
    fields: tuple[FieldSql, ...]
    crossed: tuple[CrossSql, ...]
    subject: str
    subject_of: tuple[int, ...]
    nobody: str
    key: str
    key_of: tuple[int, ...]
    as_of: str
    as_of_place: int | None


def compile_item(
    catalogue: Catalogue,
    item: Item,
    columns: Sequence[str | None],
    *,
    received_on: date,
    units: Mapping[str, str] | None = None,
) -> Compiled:
    """Compile an item for a file.

    Args:
        catalogue: whose code lists hold.
        item: what the rows are of.
        columns: field name of each of the file's columns, ``None`` for one that is no field.
        received_on: the day the batch came, in Shanghai.
        units: field name → ``wan_yuan`` for amounts that the source sends in 万元.
    """
    return _Compiler(catalogue, item, columns, received_on, units or {}).compiled()


def register(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, item: Item, *, on: date, key: bytes
) -> None:
    """Settings and judges a compiled item needs. ``key``: for the hashes of persons' numbers."""
    for statement in SETTINGS:
        connection.execute(statement)
    for field in item.fields:
        if is_judged(field):
            register_judge(connection, field, catalogue.code_lists, on)
    register_subject(connection, key)


class _Compiler:
    def __init__(
        self,
        catalogue: Catalogue,
        item: Item,
        columns: Sequence[str | None],
        received_on: date,
        units: Mapping[str, str],
    ) -> None:
        self.item, self.on = item, received_on
        self.lists: Mapping[str, CodeList] = catalogue.code_lists
        self.units = units
        self.place = {field.name: place for place, field in enumerate(item.fields)}
        self.cell = {name: place for place, name in enumerate(columns) if name is not None}
        self.made = {field.name: self._field(field) for field in item.fields}

    def _field(self, field: Field) -> FieldSql:
        wan = self.units.get(field.name) == WAN_YUAN
        made = column_sql(field, self.lists, judge=self._judge(field), wan=wan)
        kind = field.id_type_field if field.type is FieldType.ID_NUMBER else None
        return FieldSql(self.cell.get(field.name), None if kind is None else self.place[kind], made)

    def _judge(self, field: Field) -> str:
        if not is_judged(field):
            return ""
        if field.type is not FieldType.ID_NUMBER:
            return f"{judge_name(field)}(x)"
        return f"{judge_name(field)}(x, {'k' if field.id_type_field else quoted(RESIDENT)})"

    def v(self, name: str) -> str:
        return f"v{self.place[name]}"

    # the row

    def compiled(self) -> Compiled:
        item = self.item
        personal = self._personal()
        stored = tuple(field.name for field in item.fields if field.name != personal)
        return Compiled(
            item=item,
            columns={name: field.made.duck_type for name, field in self.made.items()},
            stored=stored,
            keyed=set(item.natural_key) <= set(stored),
            fields=tuple(self.made.values()),
            crossed=tuple(self._crossed()),
            subject=self._subject(),
            subject_of=tuple(self.place[name] for name in item.subject),
            nobody=f"'{NOBODY}' || upper(left(md5({self._parts(hide=None)}), 16))",
            key=self._parts(hide=personal),
            key_of=tuple(self.place[name] for name in dict.fromkeys(item.natural_key)),
            as_of=self._as_of(),
            as_of_place=None if item.as_of_field is None else self.place[item.as_of_field],
        )

    def _personal(self) -> str | None:
        """The field of the subject's own number, of which the lake keeps a keyed hash only."""
        name = self.item.subject[-1]
        return name if self.item.field(name).type is FieldType.ID_NUMBER else None

    # rules over several fields

    def _crossed(self) -> Iterator[CrossSql]:
        for rule in self.item.rules:
            test, name, why = self._cross(rule)
            asked = tuple(self.place[one.removeprefix("-")] for one in rule.fields)
            yield CrossSql(asked, f"coalesce({test}, false)", self.place[name] * FINDING_SHIFT + RULE_NO[why])

    def _cross(self, rule: CrossRule) -> tuple[str, str, RowRule]:
        first = self.v(rule.fields[0])
        match rule.kind:
            case CrossKind.NOT_BEFORE:
                return f"{self.v(rule.fields[1])} < {first}", rule.fields[1], RowRule.DATE_ORDER
            case CrossKind.SUM:
                return self._sum(rule), rule.fields[0], RowRule.SUM_MISMATCH
            case CrossKind.REQUIRED_WHEN:
                test = f"{first} IS NULL AND {self._stated(rule)}"
                return test, rule.fields[0], RowRule.REQUIRED_WHEN
            case CrossKind.NOT_FUTURE:
                return f"{first} > {self._now(rule.fields[0])}", rule.fields[0], RowRule.FUTURE_DATE

    def _sum(self, rule: CrossRule) -> str:
        """Exact in decimals wide enough for every digit of every part."""
        named = [(name.removeprefix("-"), "-" if name.startswith("-") else "+") for name in rule.fields]
        found = [self.item.field(name) for name, _ in named]
        places = max(0, -int(rule.tolerance.as_tuple().exponent), *(field.scale or 0 for field in found))
        kind = f"DECIMAL(38,{places})"

        def exact(name: str) -> str:
            return f"CAST({self.v(name)} AS {kind})"

        total = "".join(f" {'-' if sign == '+' else '+'} {exact(name)}" for name, sign in named[1:])
        return f"abs({exact(named[0][0])}{total}) > {rule.tolerance:f}"

    def _stated(self, rule: CrossRule) -> str:
        name = rule.fields[1]
        if not rule.values:
            return f"{self.v(name)} IS NOT NULL"
        values = ", ".join(quoted(value) for value in rule.values)
        if self.item.field(name).multiple:
            return f"list_has_any({self.v(name)}, [{values}])"
        return f"CAST({self.v(name)} AS VARCHAR) IN ({values})"

    def _now(self, name: str) -> str:
        match self.item.field(name).type:
            case FieldType.DATE:
                return f"DATE '{self.on}'"
            case FieldType.INTEGER:
                return str(self.on.year)
            case _:
                return f"'{self.on:%Y-%m}'"

    # what a good row is known by

    def _subject(self) -> str:
        *kind, name = self.item.subject
        value = self.v(name)
        match self.item.field(name).type:
            case FieldType.USCC:
                return value
            case FieldType.ID_NUMBER:
                given = self.v(kind[0]) if kind else quoted(RESIDENT)
                return (
                    f"CASE WHEN {given} = '{ORGANISATION}' THEN {value} ELSE xq_subject({given}, {value}) END"
                )
            case _:
                return f"xq_code({value})"

    def _parts(self, hide: str | None) -> str:
        """The natural key as one text; a person's number is replaced by its keyed hash."""
        parts = ["_subject" if name == hide else self._canonical(name) for name in self.item.natural_key]
        return f" || chr({KEY_SEPARATOR}) || ".join(f"coalesce({part}, '')" for part in parts)

    def _canonical(self, name: str) -> str:
        """The one text of a value, as ``canonical_text`` has it."""
        if self.item.field(name).multiple:
            return f"array_to_string({self.v(name)}, ';')"
        kind = self.made[name].made.duck_type
        return self.v(name) if kind == "VARCHAR" else f"CAST({self.v(name)} AS VARCHAR)"

    def _as_of(self) -> str:
        name = self.item.as_of_field
        if name is None:
            return "CAST(NULL AS DATE)"
        value = self.v(name)
        match self.item.field(name).type:
            case FieldType.DATE:
                day = value
            case FieldType.INTEGER:
                day = f"make_date({value}, 12, 31)"
            case _:
                day = f"last_day(TRY_CAST({value} || '-01' AS DATE))"
        return f"CASE WHEN {value} IS NOT NULL THEN least({day}, DATE '{self.on}') END"


def without_payload(item: Item) -> Item:
    """The item as a withdrawal sends it: only what names the record must be there."""
    needed = {*item.natural_key, *item.subject}
    fields = tuple(f if f.name in needed else replace(f, required=False) for f in item.fields)
    return replace(item, fields=fields, rules=())
