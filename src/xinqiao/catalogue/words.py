"""How the catalogue is told to people, in both languages: modes, types, limits, an example of every field.

Pairs instead of messages: a command shows both at once, a template for suppliers too, a page the one in force.
"""

from typing import NamedTuple

from xinqiao.domain.catalogue.fields import is_dated
from xinqiao.domain.catalogue.model import (
    Catalogue,
    CrossKind,
    CrossRule,
    Field,
    FieldType,
    Frequency,
    Item,
    Mention,
    Standing,
)
from xinqiao.domain.catalogue.model import Sensitivity as Level
from xinqiao.domain.catalogue.model import SharingMode as Mode
from xinqiao.ui.i18n import Language, language


class Said(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if language() is Language.ZH else self.en

    @property
    def both(self) -> str:
        """Chinese first, for commands and files that know no language."""
        return self.zh if self.zh == self.en else f"{self.zh} {self.en}"


MODES = {
    Mode.NATIONAL_INTERFACE: Said(
        "国家层面接口调用（经信息主体授权）", "called at the national source, authorised"
    ),
    Mode.NATIONAL_COLLECTED: Said("国家层面物理归集（共享至全国融资信用服务平台）", "collected nationally"),
    Mode.LOCAL_COLLECTED: Said("地方层面物理归集", "collected locally"),
    Mode.VERIFICATION: Said("数据核验（经信息主体授权）", "verified by yes or no, authorised"),
}
SHORT_MODES = {
    Mode.NATIONAL_INTERFACE: Said("国家接口", "interface"),
    Mode.NATIONAL_COLLECTED: Said("国家归集", "national"),
    Mode.LOCAL_COLLECTED: Said("地方归集", "local"),
    Mode.VERIFICATION: Said("核验", "verification"),
}
SENSITIVITIES = {
    Level.PUBLIC: Said("公开", "public"),
    Level.COMMERCIAL_SECRET: Said("商业秘密", "commercial secret"),
    Level.PERSONAL: Said("个人信息", "personal"),
}
FREQUENCIES = {
    Frequency.DAILY: Said("每日", "daily"),
    Frequency.WEEKLY: Said("每周", "weekly"),
    Frequency.MONTHLY: Said("每月", "monthly"),
    Frequency.QUARTERLY: Said("每季", "quarterly"),
    Frequency.ANNUAL: Said("每年", "annual"),
    Frequency.ON_CHANGE: Said("有变化时", "on change"),
    Frequency.ON_REQUEST: Said("查询时", "on request"),
}
TYPES = {
    FieldType.STRING: Said("文字", "text"),
    FieldType.TEXT: Said("长文字", "long text"),
    FieldType.DATE: Said("日期", "date"),
    FieldType.DECIMAL: Said("小数", "decimal"),
    FieldType.INTEGER: Said("整数", "whole number"),
    FieldType.BOOLEAN: Said("是否", "yes or no"),
    FieldType.ENUM: Said("代码", "code"),
    FieldType.USCC: Said("统一社会信用代码", "unified social credit code"),
    FieldType.ID_NUMBER: Said("证件号码", "ID number"),
    FieldType.DIVISION: Said("行政区划", "division GB/T 2260"),
    FieldType.INDUSTRY: Said("行业代码", "industry GB/T 4754"),
    FieldType.LIST: Said("列表", "list"),
    FieldType.URL: Said("网址", "address"),
}
UNITS = {
    "yuan": Said("元", "yuan"),
    "percent": Said("%", "%"),
    "mu": Said("亩", "mu"),
    "m2": Said("平方米", "m²"),
    "m3": Said("立方米", "m³"),
    "kWh": Said("千瓦时", "kWh"),
    "t": Said("吨", "t"),
    "tCO2e": Said("吨二氧化碳当量", "tCO₂e"),
    "tce": Said("吨标准煤", "tce"),
    "t/wan_yuan": Said("吨/万元", "t per 10,000 yuan"),
}
STANDINGS = {
    Standing.BROUGHT_IN: Said("写明新纳入清单的，不止这些", "newly brought into the list, among others"),
    Standing.NAMED: Said("正文说到要共享的", "spoken of as to be shared"),
    Standing.PLANNED: Said("正文说要逐步增加的", "spoken of as to be added by and by"),
}
#: Of two editions of which one is not reproduced; said wherever they stand side by side.
NOT_KNOWN = Said(
    "前一版的逐项清单没有经过核对：哪些事项离开了、改了名称、换了共享方式，没有依据，这里不写。",
    "The earlier list has not been verified item by item: what left it, was renamed or changed its mode is not known and not told.",
)
UNVERIFIED = Said("凭回忆，字句没有核对", "recalled, wording not verified")
_DAY = Said("YYYY-MM-DD", "YYYY-MM-DD")
_DAY_OR_OPEN = Said("YYYY-MM-DD；没有期限写 长期", "YYYY-MM-DD; open-ended: 长期")
#: Texts that pass, by type, where the data file gives none.
_EXAMPLES = {
    FieldType.DATE: "2025-06-30",
    FieldType.DECIMAL: "12.50",
    FieldType.INTEGER: "12",
    FieldType.BOOLEAN: "否",
    FieldType.USCC: "91140105MA0DEM013B",
    FieldType.ID_NUMBER: "11010519491231002X",
    FieldType.DIVISION: "140105",
    FieldType.INDUSTRY: "5137",
    FieldType.LIST: '[{"decision_no": "示例1号"}]',
    FieldType.URL: "https://example.org/notice/1",
}


def mention_words(catalogue: Catalogue) -> list[tuple[Said, Said]]:
    """What the text of an edition's document speaks of: how, and of what; beside a kind the items that carry it."""
    told: list[tuple[Said, Said]] = []
    for standing, words in STANDINGS.items():
        of = [one for one in catalogue.mentions if one.standing is standing]
        for verified in (True, False):
            names = [_mention(one, catalogue) for one in of if one.verified is verified]
            if names:
                doubt = Said("", "") if verified else Said(f"（{UNVERIFIED.zh}）", f" ({UNVERIFIED.en})")
                heading = Said(words.zh + doubt.zh, words.en + doubt.en)
                zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
                told.append((heading, Said(zh, en)))
    return told


def _mention(mention: Mention, catalogue: Catalogue) -> Said:
    items = [
        item
        for item in catalogue.items.values()
        if item.category_no in mention.categories and item.origin == "national"
    ]
    if not items:
        return Said(mention.name, mention.name_en)
    numbers = ", ".join(str(item.no) for item in items)
    return Said(
        f"{mention.name}（第 {numbers.replace(', ', '、')} 项）", f"{mention.name_en} (items {numbers})"
    )


def unit(field: Field) -> Said:
    """The unit of a field, empty where it has none."""
    return UNITS.get(field.unit, Said(field.unit, field.unit))


def limits(field: Field, item: Item, catalogue: Catalogue) -> list[Said]:
    """What a text of the field must keep, one sentence each."""
    told: list[Said] = []
    if field.type is FieldType.DATE:
        past = any(rule.kind is CrossKind.NOT_FUTURE and rule.fields == (field.name,) for rule in item.rules)
        told.append(_DAY if past else _DAY_OR_OPEN)
    if field.max_length is not None:
        told.append(Said(f"最多 {field.max_length} 个字符", f"at most {field.max_length} characters"))
    if field.pattern is not None:
        shape = "YYYY-MM" if is_dated(field) else field.example or field.pattern
        told.append(Said(f"写法如 {shape}", f"like {shape}"))
    if field.scale is not None and field.precision is not None:
        whole = field.precision - field.scale
        told.append(
            Said(
                f"整数至多 {whole} 位、小数至多 {field.scale} 位，不写千分位",
                f"{field.precision},{field.scale}, no thousands commas",
            )
        )
    if field.minimum is not None:
        told.append(Said(f"不小于 {field.minimum}", f"at least {field.minimum}"))
    if field.maximum is not None:
        told.append(Said(f"不大于 {field.maximum}", f"at most {field.maximum}"))
    if field.unit:
        told.append(Said(f"单位 {unit(field).zh}", f"in {unit(field).en}"))
    if field.code_list is not None:
        many = Said("，多个用 ; 隔开", ", several parted by ;") if field.multiple else Said("", "")
        count = len(catalogue.code_lists[field.code_list].entries)
        told.append(
            Said(
                f"代码表 {field.code_list}（{count} 项），写代码或标签{many.zh}",
                f"code or label of {field.code_list} ({count}){many.en}",
            )
        )
    if field.id_type_field is not None:
        told.append(
            Said(f"按 {field.id_type_field} 的证件类型检查", f"checked by the kind in {field.id_type_field}")
        )
    return told


def example(field: Field, catalogue: Catalogue) -> str:
    """A text that passes."""
    if field.example:
        return field.example
    if field.code_list is not None:
        return next(iter(catalogue.code_lists[field.code_list].entries.values()))
    made = _EXAMPLES.get(field.type) or f"示例{field.label.partition('(')[0].partition('/')[0]}"
    return made[: field.max_length] if field.max_length is not None else made


def example_row(item: Item, catalogue: Catalogue) -> dict[str, str]:
    """A whole row that passes: field name → text."""
    return {field.name: example(field, catalogue) for field in item.fields}


def _label(field: Field, value: str, catalogue: Catalogue) -> str:
    """A canonical value as people write it."""
    if field.type is FieldType.BOOLEAN:
        return "是" if value == "true" else "否"
    return catalogue.code_lists[field.code_list].entries[value] if field.code_list else value


def rule_words(rule: CrossRule, item: Item, catalogue: Catalogue) -> Said:
    """A rule over several fields as a sentence."""
    names = [name.removeprefix("-") for name in rule.fields]
    zh = [item.field(name).label for name in names]
    en = [item.field(name).label_en or name for name in names]
    match rule.kind:
        case CrossKind.NOT_BEFORE:
            return Said(f"{zh[1]}不早于{zh[0]}", f"{en[1]} is not before {en[0]}")
        case CrossKind.NOT_FUTURE:
            return Said(f"{zh[0]}不晚于收到的那天", f"{en[0]} is not after the day it came")
        case CrossKind.REQUIRED_WHEN:
            values = "、".join(_label(item.field(names[1]), value, catalogue) for value in rule.values)
            when = Said(f"是“{values}”", f"is “{values}”") if values else Said("有值", "is given")
            return Said(f"{zh[1]}{when.zh}时，{zh[0]}必填", f"{en[0]} is required when {en[1]} {when.en}")
        case CrossKind.SUM:
            signs = ["−" if name.startswith("-") else "+" for name in rule.fields[1:]]
            parts = [Said(f" {s} {a}", f" {s} {b}") for s, a, b in zip(signs, zh[1:], en[1:], strict=True)]
            near = (
                Said(f"，允许差 {rule.tolerance}", f", within {rule.tolerance}")
                if rule.tolerance
                else Said("", "")
            )
            total = Said("".join(p.zh for p in parts).lstrip(" +"), "".join(p.en for p in parts).lstrip(" +"))
            return Said(f"{zh[0]} = {total.zh}{near.zh}", f"{en[0]} = {total.en}{near.en}")
