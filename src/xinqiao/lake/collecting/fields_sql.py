"""One field as SQL: the canonical value of a column of cells, and the rule each cell breaks.

The same rules as :mod:`xinqiao.domain.catalogue.values`, said for whole columns. A cell is called ``x``, and ``t`` when
its outer spaces are off (``NULL`` when nothing is left), its value ``v``. Most types have two readings: a quick one, of
cells as they stand, by something cheap that only a canonical text passes, and a careful one for what does not pass.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from xinqiao.domain.catalogue.model import CodeList, Field, FieldType, RowRule
from xinqiao.domain.catalogue.values import (
    BOOLEANS,
    DECIMAL_PATTERN,
    FIRST_YEAR,
    INTEGER_PATTERN,
    LAST_YEAR,
    LINES,
    OPEN_END,
    OPEN_END_WORD,
    OUTER,
    UNSEEN,
    URL_PATTERN,
)

#: Number of a rule inside a finding; 0 is "nothing".
RULE_NO = {rule: number for number, rule in enumerate(RowRule, start=1)}
RULES = (None, *RowRule)
#: 万元 in yuan, as a power of ten: exact.
WAN_PLACES = 4
_SURROGATES = range(0xD800, 0xE000)


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _character(code: int) -> str:
    return f"\\x{{{code:X}}}"


def _classed(ranges: tuple[tuple[int, int], ...], without: str = "") -> str:
    """The inside of a character class of RE2; surrogates cannot occur in UTF-8 and are left out."""
    parts: list[str] = []
    for first, last in ranges:
        codes = [code for code in range(first, min(last, first + 64) + 1) if chr(code) not in without]
        if first in _SURROGATES:
            continue
        if len(codes) == last - first + 1 or last - first > 64:
            parts.append(f"{_character(first)}-{_character(last)}")
        else:
            parts += [_character(code) for code in codes]
    return "".join(parts)


_HIDDEN = _classed(UNSEEN)
_HIDDEN_IN_TEXT = _classed(UNSEEN, LINES)
_OUTER = "".join(_character(ord(char)) for char in OUTER)


def trimmed(cell: str) -> str:
    """The cell without its outer spaces, ``NULL`` when nothing is left."""
    # the characters as they are: the planner would put an expression of them together at each of its many places
    return f"nullif(trim({cell}, {quoted(OUTER)}), '')"


def filled(cell: str) -> str:
    """Whether a cell is there and not blank; never ``NULL``."""
    # what begins so is no space, which is told sooner than trimming does
    first, last, beyond = (quoted(char) for char in ("!", "~", chr(ord(max(OUTER)) + 1)))
    begun = f"{cell} BETWEEN {first} AND {last} OR {cell} >= {beyond}"
    return f"CASE WHEN {begun} THEN true ELSE {trimmed(cell)} IS NOT NULL END"


@dataclass(frozen=True, slots=True)
class ColumnSql:
    """A field as SQL over its cell.

    Attributes:
        quick: the canonical value of most cells, from ``x``; ``NULL`` is no answer. Empty when there is no quick way.
        value: the canonical value of any cell, from ``x`` and ``t``; ``NULL`` when there is none.
        fine: of a value ``v``: 0, or the number of the rule it breaks by being out of bounds.
        broken: number of the broken rule or 0, from ``t`` and ``v``.
        blank: the same for a blank cell.
        duck_type: type of the value in the lake.
    """

    quick: str
    value: str
    fine: str
    broken: str
    blank: int
    duck_type: str


def column_sql(
    field: Field, lists: Mapping[str, CodeList], *, judge: str = "", wan: bool = False
) -> ColumnSql:
    """Compile a field.

    Args:
        field: what to compile.
        lists: the code lists.
        judge: for types that SQL does not read, a call that gives the canonical text or ``NULL``.
        wan: the source sends this amount in 万元.
    """
    if field.type in _JUDGED:
        made = _Made("", judge, str(RULE_NO[_JUDGED[field.type]]), "VARCHAR")
    else:
        made = _SQL[field.type](field, lists, wan)
    why = made.why
    if field.max_length is not None:
        why = f"CASE WHEN length(t) > {field.max_length} THEN {RULE_NO[RowRule.TOO_LONG]} ELSE {why} END"
    blank = RULE_NO[RowRule.REQUIRED] if field.required else 0
    fine = _range(field)
    broken = f"CASE WHEN v IS NOT NULL THEN {fine} WHEN t IS NULL THEN {blank} ELSE {why} END"
    return ColumnSql(made.quick, made.value, fine, broken, blank, made.kind)


def _range(field: Field) -> str:
    """0, or the rule of a value outside the limits of its field: a number too far, a day in no year that is taken."""
    if field.type is FieldType.DATE:
        years = f"DATE '{FIRST_YEAR}-01-01' AND DATE '{LAST_YEAR}-12-31'"
        taken = f"v BETWEEN {years} OR v = DATE '{OPEN_END}'"
        return f"CASE WHEN {taken} THEN 0 ELSE {RULE_NO[RowRule.BAD_DATE]} END"
    outside = [
        f"v {sign} {limit:f}"
        for sign, limit in (("<", field.minimum), (">", field.maximum))
        if limit is not None
    ]
    if not outside:
        return "0"
    return f"CASE WHEN {' OR '.join(outside)} THEN {RULE_NO[RowRule.OUT_OF_RANGE]} ELSE 0 END"


class _Made(NamedTuple):
    """``why``: number of the broken rule of a cell that is not blank and has no value."""

    quick: str
    value: str
    why: str
    kind: str


def _string(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    return _written(field, _HIDDEN)


def _text(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    return _written(field, _HIDDEN_IN_TEXT)


def _written(field: Field, hidden: str) -> _Made:
    """Text: no unseen character, no outer space, its pattern, its length."""
    edge = f"[^{_OUTER}{hidden}]"
    clean = f"{edge}([^{hidden}]*{edge})?"
    tests = ["regexp_full_match({}, " + quoted(clean) + ")"]
    if field.pattern is not None:
        matches = "regexp_full_match({}, " + quoted(field.pattern) + ")"
        tests = [matches] if _plain(field.pattern) else [*tests, matches]
    if field.max_length is not None:
        # bytes are never fewer than characters, and cost nothing to count
        tests.append(f"(strlen({{}}) <= {field.max_length} OR length({{}}) <= {field.max_length})")
    test = " AND ".join(tests)
    quick, careful = (f"CASE WHEN {test.replace('{}', cell)} THEN {cell} END" for cell in ("x", "t"))
    return _Made(quick, careful, str(RULE_NO[RowRule.BAD_FORMAT]), "VARCHAR")


def _plain(pattern: str) -> bool:
    """Whether all that matches is seen ASCII without spaces, so that no second look is needed."""
    inner = pattern[1:-1]
    return inner.isascii() and inner.isprintable() and not set(inner) & set(" .^\\")


def _date(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    """ISO when it prints as it was written; the other writings are brought to ISO."""
    iso = {
        "[0-9]{4}-[0-9]{2}-[0-9]{2}": "t",
        "[0-9]{8}": "t[1:4] || '-' || t[5:6] || '-' || t[7:8]",
        "[0-9]{4}/[0-9]{2}/[0-9]{2}": "replace(t, '/', '-')",
        "[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日": "translate(t, '年月日', '--')",
    }
    forms = "".join(f" WHEN regexp_full_match(t, '{form}') THEN {day}" for form, day in iso.items())
    quick = "CASE WHEN CAST(TRY_CAST(x AS DATE) AS VARCHAR) = x THEN TRY_CAST(x AS DATE) END"
    value = f"TRY_CAST(CASE WHEN t = '{OPEN_END_WORD}' THEN '{OPEN_END}'{forms} END AS DATE)"
    return _Made(quick, value, str(RULE_NO[RowRule.BAD_DATE]), "DATE")


def _decimal(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    """Exact: a cast alone would round, so only what prints as it was written passes it."""
    precision, scale = field.precision or 18, (field.scale or 0) + (WAN_PLACES if wan else 0)
    kind = f"DECIMAL({precision},{field.scale or 0})"
    read = f"DECIMAL({precision},{scale})"
    whole = precision - scale
    fitting = f"[+-]?0*[0-9]{{0,{whole}}}([.][0-9]{{0,{scale}}}0*)?"
    short = f"[+-]?[0-9]+([.][0-9]{{0,{scale}}}0*)?"
    # fewer places than there might be, but nothing that a cast would mend
    places = f"([.][0-9]{{1,{scale}}})?" if scale else ""
    usual = f"-?[0-9]{{1,{whole}}}{places}" if whole else "0" + places
    bare = rf"regexp_replace(t, '^[+]?(-?)0*([0-9]+)([.]([0-9]{{0,{scale}}})0*)?$', '\1\2.\40')"
    number = f"regexp_full_match(t, {quoted(DECIMAL_PATTERN)})"
    quick = (
        f"CASE WHEN CAST(TRY_CAST(x AS {read}) AS VARCHAR) = x OR regexp_full_match(x, '{usual}')"
        f" THEN TRY_CAST(x AS {read}) END"
    )
    value = f"CASE WHEN {number} AND regexp_full_match(t, '{fitting}') THEN TRY_CAST({bare} AS {read}) END"
    if wan:
        quick, value = (
            f"CAST(CAST({one} AS DECIMAL(38,{scale})) * 1{'0' * WAN_PLACES} AS {kind})"
            for one in (quick, value)
        )
    far, bad = RULE_NO[RowRule.OUT_OF_RANGE], RULE_NO[RowRule.BAD_DECIMAL]
    why = f"CASE WHEN {number} AND regexp_full_match(t, '{short}') THEN {far} ELSE {bad} END"
    return _Made(quick, value, why, kind)


def _integer(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    most = 10**18 - 1
    quick = (
        "CASE WHEN CAST(TRY_CAST(x AS BIGINT) AS VARCHAR) = x"
        f" AND TRY_CAST(x AS BIGINT) BETWEEN -{most} AND {most} THEN TRY_CAST(x AS BIGINT) END"
    )
    pattern = quoted(INTEGER_PATTERN)
    value = f"CASE WHEN regexp_full_match(t, {pattern}) THEN TRY_CAST(ltrim(t, '+') AS BIGINT) END"
    return _Made(quick, value, str(RULE_NO[RowRule.BAD_INTEGER]), "BIGINT")


def _boolean(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    def words(of: bool) -> str:
        return ", ".join(quoted(word) for word, meaning in BOOLEANS.items() if meaning is of)

    # ASCII only: the lower case of other letters is none of the words either
    value = (
        f"CASE WHEN lower(t) IN ({words(True)}) THEN true WHEN lower(t) IN ({words(False)}) THEN false END"
    )
    return _Made("", value, str(RULE_NO[RowRule.BAD_BOOLEAN]), "BOOLEAN")


def _code_of(text: str, codes: CodeList) -> str:
    """Code of a code or a label; ``NULL`` when it is neither."""
    known = ", ".join(quoted(code) for code in codes.entries)
    labels: dict[str, str] = {
        label: code for code, label in codes.entries.items() if label not in codes.entries
    }
    by_label = "".join(f" WHEN {quoted(label)} THEN {quoted(code)}" for label, code in labels.items())
    rest = f"CASE {text}{by_label} END" if by_label else "NULL"
    return f"CASE WHEN {text} IN ({known}) THEN {text} ELSE {rest} END"


def _enum(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    codes = lists[field.code_list or ""]
    none = RULE_NO[RowRule.NOT_IN_LIST]
    if not field.multiple:
        return _Made("", _code_of("t", codes), str(none), "VARCHAR")
    parts = "string_split(replace(t, '；', ';'), ';')"
    found = f"list_transform({parts}, lambda p: {_code_of(f'trim(p, {quoted(OUTER)})', codes)})"
    whole = f"len(list_filter({found}, lambda c: c IS NULL)) = 0"
    once = f"len(list_distinct({found})) = len({found})"
    value = f"CASE WHEN {whole} AND {once} THEN {found} END"
    why = f"CASE WHEN {whole} THEN {RULE_NO[RowRule.BAD_LIST]} ELSE {none} END"
    return _Made("", value, why, "VARCHAR[]")


def _url(field: Field, lists: Mapping[str, CodeList], wan: bool) -> _Made:
    good = f"regexp_full_match(t, {quoted(URL_PATTERN)}) AND NOT regexp_matches(t, '[{_HIDDEN}]')"
    if field.max_length is not None:
        good += f" AND length(t) <= {field.max_length}"
    return _Made("", f"CASE WHEN {good} THEN t END", str(RULE_NO[RowRule.BAD_URL]), "VARCHAR")


_SQL: dict[FieldType, Callable[[Field, Mapping[str, CodeList], bool], _Made]] = {
    FieldType.STRING: _string,
    FieldType.TEXT: _text,
    FieldType.DATE: _date,
    FieldType.DECIMAL: _decimal,
    FieldType.INTEGER: _integer,
    FieldType.BOOLEAN: _boolean,
    FieldType.ENUM: _enum,
    FieldType.URL: _url,
}
#: Types that are judged on their distinct values by the functions of the domain and the twins for columns.
_JUDGED = {
    FieldType.USCC: RowRule.BAD_USCC,
    FieldType.ID_NUMBER: RowRule.BAD_ID_NUMBER,
    FieldType.DIVISION: RowRule.BAD_DIVISION,
    FieldType.INDUSTRY: RowRule.BAD_INDUSTRY,
    FieldType.LIST: RowRule.BAD_LIST,
}
