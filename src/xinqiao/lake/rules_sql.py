"""An item of the catalogue compiled to SQL: one pass over the cells of a file says everything about each row.

The literal definition is :func:`xinqiao.domain.catalogue.rows.check_row`; tests hold this equal to it, cell by cell. A
finding is a number, ``field * 32 + rule`` (:func:`decode_finding`), so that a row carries a short list of numbers.

DuckDB's optimiser would push the type of a ``TRY_CAST`` into the reader of a CSV file, where a bad value ends the
query: whoever runs these statements says :data:`SETTINGS` first.
"""

# ruff: noqa: S608 - names and expressions come from the catalogue, whose names are checked; texts are quoted

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
class Compiled:
    """An item as SQL.

    Attributes:
        item: what was compiled.
        columns: for each field the SQL name of its value and its type in the lake, in the order of the item.
        stored: names of the fields that the lake keeps as columns; a person's own number is not among them.
        keyed: whether all parts of the natural key are stored columns.
        sql: ``SELECT`` with ``{source}`` for the relation of cells: ``_row``, ``_ragged``, ``x0 …`` the supplier's columns.
        key_sql: the same, but only ``_hash``, 64 bits of the natural key, ``NULL`` where a part that must be there is not.
        hash_sql: that hash from the columns of ``sql``.
    """

    item: Item
    columns: Mapping[str, str]
    stored: tuple[str, ...]
    keyed: bool
    sql: str
    key_sql: str
    hash_sql: str


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


def cell_names(count: int) -> list[str]:
    """Names of the supplier's columns in the relation of cells."""
    return [f"x{place}" for place in range(count)]


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
        self.columns = columns
        self.units = units
        self.place = {field.name: place for place, field in enumerate(item.fields)}
        self.cell = {name: f"x{place}" for place, name in enumerate(columns) if name is not None}
        self.made = {field.name: self._column(field) for field in item.fields}

    def _column(self, field: Field) -> ColumnSql:
        cell = self.cell.get(field.name, "CAST(NULL AS VARCHAR)")
        wan = self.units.get(field.name) == WAN_YUAN
        return column_sql(field, cell, self.lists, judge=self._judge(field, cell), wan=wan)

    def _judge(self, field: Field, cell: str) -> str:
        if not is_judged(field):
            return ""
        if field.type is not FieldType.ID_NUMBER:
            return f"{judge_name(field)}({cell})"
        if field.id_type_field is None:
            return f"{judge_name(field)}({cell}, '{RESIDENT}')"
        kind = self._column(self.item.field(field.id_type_field)).value
        return f"{judge_name(field)}({cell}, {kind})"

    def v(self, name: str) -> str:
        return f"v{self.place[name]}"

    def c(self, name: str) -> str:
        return f"c{self.place[name]}"

    # the row

    def compiled(self) -> Compiled:
        item = self.item
        personal = self._personal()
        stored = tuple(field.name for field in item.fields if field.name != personal)
        types = {field.name: self.made[field.name].duck_type for field in item.fields}
        keyed = set(item.natural_key) <= set(stored)
        return Compiled(item, types, stored, keyed, self._row_sql(stored), self._key_sql(), self._hash())

    def _personal(self) -> str | None:
        """The field of the subject's own number, of which the lake keeps a keyed hash only."""
        name = self.item.subject[-1]
        return name if self.item.field(name).type is FieldType.ID_NUMBER else None

    def _values(self, names: Iterable[str]) -> str:
        return ", ".join(f"{self.made[name].value} AS {self.v(name)}" for name in names)

    def _row_sql(self, stored: Sequence[str]) -> str:
        fields = [field.name for field in self.item.fields]
        codes = ", ".join(f"{self.made[n].broken.replace('{v}', self.v(n))} AS {self.c(n)}" for n in fields)
        crossed = list(self._crossed())
        cross = "".join(f", {test} AS r{number}" for number, (test, _) in enumerate(crossed))
        bad = " OR ".join(
            [
                "_ragged IS NOT NULL",
                f"({' + '.join(self.c(n) for n in fields)}) > 0",
                *(f"r{n}" for n in range(len(crossed))),
            ]
        )
        found = [
            f"CASE WHEN {self.c(n)} > 0 THEN {self.place[n] * FINDING_SHIFT} + {self.c(n)} END"
            for n in fields
        ]
        found += [f"CASE WHEN r{number} THEN {code} END" for number, (_, code) in enumerate(crossed)]
        findings = f"list_filter([{', '.join(found)}], lambda f: f IS NOT NULL)"
        cells = ", ".join(cell_names(len(self.columns)))
        ragged = encode_finding(len(fields), RowRule.RAGGED)
        payload = ", ".join(self.v(n) for n in fields)
        return (
            f"SELECT *, CASE WHEN _ragged IS NOT NULL THEN [{ragged}] WHEN _bad THEN {findings} END AS _findings,"
            f" CASE WHEN NOT _bad THEN {self._subject()} END AS _subject,"
            f" CASE WHEN NOT _bad THEN {self._key()} END AS _key,"
            f" CASE WHEN NOT _bad THEN {self._as_of()} END AS _as_of,"
            f" hash({payload}) AS _digest"
            f" FROM (SELECT *, coalesce({bad}, false) AS _bad"
            f" FROM (SELECT *{cross}"
            f" FROM (SELECT *, {codes}"
            f" FROM (SELECT _row, _ragged, {cells}, {self._values(fields)} FROM {{source}}))))"
        )

    def _key_sql(self) -> str:
        names = list(dict.fromkeys(self.item.natural_key))
        needed = [f"{self.v(name)} IS NOT NULL" for name in names if self.item.field(name).required]
        return (
            f"SELECT CASE WHEN {' AND '.join(needed) or 'true'} THEN {self._hash()} END AS _hash"
            f" FROM (SELECT {self._values(names)} FROM {{source}})"
        )

    def _hash(self) -> str:
        return f"hash({', '.join(self.v(name) for name in dict.fromkeys(self.item.natural_key))})"

    # rules over several fields

    def _crossed(self) -> Iterator[tuple[str, int]]:
        """Test and finding of each rule; a finding that an earlier rule reports is not reported again."""
        seen: dict[int, list[str]] = {}
        for number, rule in enumerate(self.item.rules):
            test, name, why = self._cross(rule)
            code = self.place[name] * FINDING_SHIFT + RULE_NO[why]
            whole = [name.removeprefix("-") for name in rule.fields]
            asked = " AND ".join(f"{self.c(name)} = 0" for name in whole)
            test = f"coalesce({asked} AND {test}, false)"
            earlier = "".join(f" AND NOT {one}" for one in seen.get(code, []))
            seen.setdefault(code, []).append(test)
            yield f"({test}{earlier})", code
            assert number < len(self.item.rules)

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
        value, nobody = self.v(name), f"'{NOBODY}' || upper(left(md5({self._parts(hide=None)}), 16))"
        match self.item.field(name).type:
            case FieldType.USCC:
                return f"coalesce({value}, {nobody})" if not self.item.field(name).required else value
            case FieldType.ID_NUMBER:
                given = self.v(kind[0]) if kind else f"'{RESIDENT}'"
                person = (
                    f"CASE WHEN {given} = '{ORGANISATION}' THEN {value} ELSE xq_subject({given}, {value}) END"
                )
                return f"coalesce({person}, {nobody})"
            case _:
                return f"coalesce(xq_code({value}), {nobody})"

    def _key(self) -> str:
        return self._parts(hide=self._personal())

    def _parts(self, hide: str | None) -> str:
        """The natural key as one text; a person's number is replaced by its keyed hash."""
        parts = [self._subject() if name == hide else self._canonical(name) for name in self.item.natural_key]
        return f" || chr({KEY_SEPARATOR}) || ".join(f"coalesce({part}, '')" for part in parts)

    def _canonical(self, name: str) -> str:
        """The one text of a value, as ``canonical_text`` has it."""
        if self.item.field(name).multiple:
            return f"array_to_string({self.v(name)}, ';')"
        kind = self.made[name].duck_type
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
