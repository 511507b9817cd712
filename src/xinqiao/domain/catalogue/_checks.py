"""What must fit together in a catalogue, after its files were read: names that exist, limits that suit their type."""

import re
from collections.abc import Callable, Iterable, Mapping

from xinqiao.domain.catalogue._reader import Problem
from xinqiao.domain.catalogue.fields import is_dated
from xinqiao.domain.catalogue.headers import header_key
from xinqiao.domain.catalogue.model import (
    Adverse,
    Catalogue,
    CodeList,
    CrossKind,
    CrossRule,
    Field,
    FieldType,
    Item,
)
from xinqiao.domain.repair import Gravity

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: The code list of the kinds of certificates, by which identity numbers are judged.
ID_TYPES = "id_type"

_LENGTHS = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.LIST, FieldType.URL})
_NUMBERS = frozenset({FieldType.DECIMAL, FieldType.INTEGER})
#: Python's ``re`` and RE2 differ in classes with a backslash, look-around, back-references, possessive quantifiers.
_NOT_ALIKE = re.compile(r"\\[0-9A-Za-z]|\(\?|[*+?}]\+|\[:")

type _Wrong = Callable[[str, str], None]


def check_code_lists(lists: Mapping[str, CodeList], file: str, problems: list[Problem]) -> None:
    """Codes and labels of a list must tell its entries apart, since files may carry either."""

    def wrong(place: str, what: str) -> None:
        problems.append(Problem(file, place, what))

    for name, one in lists.items():
        if not NAME.fullmatch(name):
            wrong(name, "名字只用小写字母、数字和下划线 bad name")
        if not one.entries:
            wrong(name, "没有代码 no codes")
        texts = [*one.entries, *(label for code, label in one.entries.items() if label != code)]
        for text in sorted(_repeated(texts)):
            wrong(f"{name}.{text}", "代码或标签重复 code or label repeated")
        for text in texts:
            if text != text.strip(" \t\r\n　") or ";" in text or "；" in text:
                what = "首尾不能有空格，不能有分号 no outer space, no semicolon"
                wrong(f"{name}.{text}", what)


def check_item(item: Item, lists: Mapping[str, CodeList], file: str, problems: list[Problem]) -> None:
    """Everything inside one item."""

    def wrong(place: str, what: str) -> None:
        problems.append(Problem(file, place, what))

    if item.id and not NAME.fullmatch(item.id):
        wrong("id", "只用小写字母、数字和下划线 bad name")
    if item.version < 1:
        wrong("version", "从 1 起 starts at 1")
    if item.valid_from and item.valid_to and item.valid_to <= item.valid_from:
        wrong("valid_to", "应当晚于 valid_from must be later")
    if item.authorisation_required == item.mode.is_collected:
        wrong("authorisation_required", "归集的事项为 false，接口和核验的为 true does not suit the mode")
    if item.retention_months is not None and item.retention_months < 1:
        wrong("retention_months", "从 1 起 starts at 1")
    check_fields(item, lists, file, problems)
    fields = {field.name: field for field in item.fields}
    _check_roles(item, fields, wrong)
    for repeated in sorted(_repeated(rule.id for rule in item.rules)):
        wrong(f"rules[{repeated}]", "重复 repeated")
    for rule in item.rules:
        _check_rule(rule, fields, lists, wrong)
    if item.adverse is not None:
        _check_adverse(item, item.adverse, fields, lists, wrong)


def check_fields(item: Item, lists: Mapping[str, CodeList], file: str, problems: list[Problem]) -> None:
    """The fields alone: each in itself, and told apart by name and label."""

    def wrong(place: str, what: str) -> None:
        problems.append(Problem(file, place, what))

    for repeated in sorted(_repeated(field.name for field in item.fields)):
        wrong(f"fields[{repeated}].name", "同一事项里重复 repeated in the item")
    _check_labels(item, wrong)
    fields = {field.name: field for field in item.fields}
    for field in item.fields:
        _check_field(field, fields, lists, wrong)


def _check_adverse(
    item: Item, adverse: Adverse, fields: Mapping[str, Field], lists: Mapping[str, CodeList], wrong: _Wrong
) -> None:
    """Fields of the right types; a class from one place; a key that is stored, by which a record is taken out."""
    for key, names, kind in (
        ("determined_on", (adverse.determined_on,), FieldType.DATE),
        ("ends", adverse.ends, FieldType.DATE),
        ("publish_field", (adverse.publish_field,), FieldType.BOOLEAN),
        ("gravity_field", (adverse.gravity_field,), FieldType.ENUM),
    ):
        for name in names:
            if name is not None and (name not in fields or fields[name].type is not kind):
                wrong(f"adverse.{key}", f"应当是 {kind} 类型的字段 must name a field of that type")
    if (adverse.gravity is None) == (adverse.gravity_field is None):
        wrong("adverse.gravity", "gravity 与 gravity_field 写一个 exactly one of the two")
    field = fields.get(adverse.gravity_field or "")
    codes = lists.get(field.code_list or "") if field is not None else None
    if codes is not None and (set(codes.entries) != set(Gravity) or (field and field.multiple)):
        wrong("adverse.gravity_field", "代码应当是 minor、general、serious the codes must be these")
    if adverse.least_months is not None and adverse.least_months < 0:
        wrong("adverse.least_months", "从 0 起 starts at 0")
    determined = fields.get(adverse.determined_on)
    if determined is not None and not determined.required:
        wrong("adverse.determined_on", "应当是必填字段 must be a required field")
    if not item.mode.is_collected:
        wrong("adverse", "只有归集的事项 only items that are collected")
    if any(fields[name].type is FieldType.ID_NUMBER for name in item.natural_key if name in fields):
        wrong("adverse", "主键里不能有身份证件号码 no identity number in the natural key")


def _check_labels(item: Item, wrong: _Wrong) -> None:
    """A header must name one field: labels differ, and none is the name of another field."""
    names = {header_key(field.name): field.name for field in item.fields}
    for repeated in sorted(_repeated(header_key(field.label) for field in item.fields)):
        wrong(f"fields[{repeated}].label", "同一事项里重复 repeated in the item")
    for field in item.fields:
        if names.get(header_key(field.label), field.name) != field.name:
            wrong(f"fields[{field.name}].label", "是另一个字段的名字 is the name of another field")


def _check_field(
    field: Field, fields: Mapping[str, Field], lists: Mapping[str, CodeList], wrong: _Wrong
) -> None:
    at = f"fields[{field.name}]"
    if not NAME.fullmatch(field.name):
        wrong(f"{at}.name", "只用小写字母、数字和下划线 bad name")
    for key, given, kinds, needed in (
        ("code_list", field.code_list, {FieldType.ENUM}, True),
        ("max_length", field.max_length, _LENGTHS, True),
        ("pattern", field.pattern, {FieldType.STRING}, False),
        ("precision", field.precision, {FieldType.DECIMAL}, True),
        ("scale", field.scale, {FieldType.DECIMAL}, True),
        ("minimum", field.minimum, _NUMBERS, False),
        ("maximum", field.maximum, _NUMBERS, False),
        ("multiple", field.multiple or None, {FieldType.ENUM}, False),
        ("id_type_field", field.id_type_field, {FieldType.ID_NUMBER}, False),
    ):
        if given is None and needed and field.type in kinds:
            wrong(f"{at}.{key}", f"{field.type} 应当写明 is needed")
        if given is not None and field.type not in kinds:
            wrong(f"{at}.{key}", f"{field.type} 没有这个限制 does not go with the type")
    if field.code_list is not None and field.code_list not in lists:
        wrong(f"{at}.code_list", f"没有代码表 no code list “{field.code_list}”")
    if field.max_length is not None and not 1 <= field.max_length <= 100_000:
        wrong(f"{at}.max_length", "1 到 100000")
    if (
        field.precision is not None
        and field.scale is not None
        and not 0 <= field.scale <= field.precision <= 38
    ):
        wrong(f"{at}.precision", "0 ≤ scale ≤ precision ≤ 38")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        wrong(f"{at}.minimum", "大于 maximum is above the maximum")
    if field.pattern is not None:
        _check_pattern(field.pattern, f"{at}.pattern", wrong)
    kind = fields.get(field.id_type_field or "")
    if field.id_type_field is not None and (kind is None or kind.code_list != ID_TYPES or kind.multiple):
        wrong(f"{at}.id_type_field", f"应当是代码表 {ID_TYPES} 的字段 must name a field of that code list")


def _check_pattern(pattern: str, place: str, wrong: _Wrong) -> None:
    if not (pattern.startswith("^") and pattern.endswith("$")):
        wrong(place, "应当以 ^ 开头、以 $ 结尾 must be anchored")
    if _NOT_ALIKE.search(pattern):
        wrong(place, "用了两种引擎读法不同的写法 not read alike by re and RE2")
    try:
        re.compile(pattern)
    except re.error as error:
        wrong(place, f"不是正则表达式 not an expression: {error}")


def _check_roles(item: Item, fields: Mapping[str, Field], wrong: _Wrong) -> None:
    """The natural key, the subject and the as-of field name fields that can carry the part."""
    for name in item.natural_key:
        if name not in fields:
            wrong("natural_key", f"没有字段 no field “{name}”")
        elif fields[name].type in (FieldType.TEXT, FieldType.LIST):
            wrong("natural_key", f"长文字不能作主键 long text cannot be a key: “{name}”")
    found = [fields[name] for name in item.subject if name in fields]
    for name in item.subject:
        if name not in fields:
            wrong("subject", f"没有字段 no field “{name}”")
    if len(found) == len(item.subject) and not _is_subject(found):
        wrong("subject", "一个代码字段，或证件类型加证件号码 one code, or an ID type and an ID number")
    if item.as_of_field is not None:
        field = fields.get(item.as_of_field)
        if field is None or not is_dated(field):
            wrong("as_of_field", "应当是日期、月份或年度字段 must be a date, a month or a year")


def _is_subject(found: list[Field]) -> bool:
    match [(field.type, field.id_type_field) for field in found]:
        case [(FieldType.USCC | FieldType.STRING, _)] | [(FieldType.ID_NUMBER, None)]:
            return True
        case [(FieldType.ENUM, _), (FieldType.ID_NUMBER, kind)]:
            return kind == found[0].name
        case _:
            return False


def _check_rule(
    rule: CrossRule, fields: Mapping[str, Field], lists: Mapping[str, CodeList], wrong: _Wrong
) -> None:
    at = f"rules[{rule.id}]"
    if not NAME.fullmatch(rule.id):
        wrong(f"{at}.id", "只用小写字母、数字和下划线 bad name")
    names = [rule.fields[0], *(n.removeprefix("-") for n in rule.fields[1:])] if rule.fields else []
    missing = [name for name in names if name not in fields]
    for name in missing:
        wrong(f"{at}.fields", f"没有字段 no field “{name}”")
    if rule.values and rule.kind is not CrossKind.REQUIRED_WHEN:
        wrong(f"{at}.values", "只有 required_when 用 only for required_when")
    if missing:
        return
    found = [fields[name] for name in names]
    if not _suits(rule, found):
        wrong(f"{at}.fields", f"字段的个数或类型不合 {rule.kind} number or types of fields do not suit")
    elif rule.kind is CrossKind.REQUIRED_WHEN:
        possible = _possible(found[1], lists)
        for value in rule.values:
            if possible is not None and value not in possible:
                wrong(f"{at}.values", f"“{value}”不是 {found[1].name} 的值 is no value of it")


def _suits(rule: CrossRule, found: list[Field]) -> bool:
    match rule.kind:
        case CrossKind.NOT_BEFORE:
            return len(found) == 2 and all(field.type is FieldType.DATE for field in found)
        case CrossKind.SUM:
            return len(found) >= 3 and all(field.type in _NUMBERS for field in found) and rule.tolerance >= 0
        case CrossKind.REQUIRED_WHEN:
            return len(found) == 2
        case CrossKind.NOT_FUTURE:
            return len(found) == 1 and is_dated(found[0])


def _possible(field: Field, lists: Mapping[str, CodeList]) -> set[str] | None:
    if field.type is FieldType.BOOLEAN:
        return {"true", "false"}
    codes = lists.get(field.code_list or "")
    return set(codes.entries) if codes is not None else None


def check_whole(catalogue: Catalogue, file: str, problems: list[Problem]) -> None:
    """The list and its items: each item in just the category it names, as many as the document states."""

    def wrong(place: str, what: str) -> None:
        problems.append(Problem(file, place, what))

    numbers = {one.no for one in catalogue.categories}
    for one in catalogue.mentions:
        if not numbers.issuperset(one.categories):
            wrong(f"mentions[{one.name}].categories", "没有这个类别 no such category")
    if not catalogue.reproduced:
        if catalogue.items or catalogue.categories:
            wrong("reproduced", "不转载的清单不能有事项 has items all the same")
        if not catalogue.note:
            wrong("note", "应当说明为什么不转载 must say why not")
        return
    listed = {name: one.no for one in catalogue.categories for name in one.items}
    for repeated in sorted(_repeated(name for one in catalogue.categories for name in one.items)):
        wrong("categories", f"“{repeated}”出现两次 is there twice")
    for name in sorted(set(listed) ^ set(catalogue.items)):
        where = "只在类别里 only in a category" if name in listed else "不在任何类别里 in no category"
        wrong("categories", f"“{name}”{where}")
    for item in catalogue.items.values():
        if listed.get(item.id, item.category_no) != item.category_no:
            wrong("categories", f"“{item.id}”的 category_no 不一致 does not agree")
    for key, stated, counted in (
        ("declared_categories", catalogue.declared_categories, len(catalogue.categories)),
        ("declared_items", catalogue.declared_items, len(catalogue.items)),
    ):
        if stated != counted:
            wrong(key, f"写的是 says {stated}，实有 there are {counted}")


def _repeated(values: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {value for value in values if value in seen or seen.add(value)}  # type: ignore[func-returns-value]
