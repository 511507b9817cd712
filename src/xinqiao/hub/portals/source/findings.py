"""What the pipeline found, in words: each rule with what is wrong and how to correct it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xinqiao.domain.catalogue.model import Item
from xinqiao.hub.portals.source.cards import labelled
from xinqiao.ui.i18n import gettext as _


def rule_title(rule: str) -> str:
    """What is wrong, in a few words."""
    return {
        "REQUIRED": _("必填项为空"),
        "TOO_LONG": _("太长"),
        "BAD_FORMAT": _("写法不对"),
        "BAD_DATE": _("日期不存在或写法不对"),
        "BAD_DECIMAL": _("不是数字，或小数位太多"),
        "BAD_INTEGER": _("不是整数"),
        "BAD_BOOLEAN": _("不是“是”或“否”"),
        "BAD_USCC": _("统一社会信用代码不对"),
        "BAD_ID_NUMBER": _("证件号码不对"),
        "BAD_DIVISION": _("行政区划代码不存在"),
        "BAD_INDUSTRY": _("行业代码不存在"),
        "BAD_URL": _("网址不对"),
        "BAD_LIST": _("多个值没有隔开"),
        "NOT_IN_LIST": _("不在代码表里"),
        "OUT_OF_RANGE": _("超出范围"),
        "DATE_ORDER": _("日期前后颠倒"),
        "SUM_MISMATCH": _("合计对不上"),
        "REQUIRED_WHEN": _("这种情况下必填"),
        "FUTURE_DATE": _("日期晚于收到的那天"),
        "DUPLICATE_KEY": _("同一条记录有两种内容"),
        "RAGGED": _("这一行的格数与表头不同"),
    }.get(rule, rule)


def rule_step(rule: str) -> str:
    """How to correct it."""
    return {
        "REQUIRED": _("补上这一格。"),
        "TOO_LONG": _("缩短，或检查是不是填错了列。"),
        "BAD_FORMAT": _("按目录里这一项的写法改；检查看不见的字符。"),
        "BAD_DATE": _("写成 2026-10-31。"),
        "BAD_DECIMAL": _("只写数字和小数点，不写单位。"),
        "BAD_INTEGER": _("只写整数。"),
        "BAD_BOOLEAN": _("写“是”或“否”。"),
        "BAD_USCC": _("对照营业执照逐位核对：没有 I、O、Z、S、V，也没有全角数字。"),
        "BAD_ID_NUMBER": _("对照证件核对号码和证件类型。"),
        "BAD_DIVISION": _("用国家标准的 6 位代码。"),
        "BAD_INDUSTRY": _("用国民经济行业分类的代码。"),
        "BAD_URL": _("写成 https:// 开头的完整网址。"),
        "BAD_LIST": _("几个值之间用；隔开。"),
        "NOT_IN_LIST": _("从目录页的代码表里选一个，写代码或名称都可以。"),
        "OUT_OF_RANGE": _("检查单位和位数。"),
        "DATE_ORDER": _("结束不能早于开始，改其中一个。"),
        "SUM_MISMATCH": _("改分项或合计，让它们相等。"),
        "REQUIRED_WHEN": _("补上这一格，或改决定它的那一格。"),
        "FUTURE_DATE": _("改成已经发生的日期。"),
        "DUPLICATE_KEY": _("只留对的那一行。"),
        "RAGGED": _("补齐或删掉多出的格；文字里的逗号要用引号括起来。"),
    }.get(rule, "")


@dataclass(frozen=True, slots=True)
class Example:
    """One row that was refused, its value masked by the pipeline as far as it must be."""

    row: int
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule at one field: how many rows, the first of them."""

    key: str
    rule: str
    field: str
    label: str
    title: str
    step: str
    rows: int
    examples: tuple[Example, ...]


def findings(receipt: Mapping[str, object] | None, item: Item | None) -> list[Finding]:
    """What a receipt found (``domain.catalogue.receipt``), most rows first."""
    by_field = receipt.get("by_field") if receipt else None
    if receipt is None or not isinstance(by_field, dict):
        return []
    given = receipt.get("examples")
    examples = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    found = [
        _finding(str(field), str(rule), int(rows), examples, item)
        for field, rules in by_field.items()
        for rule, rows in rules.items()
    ]
    return sorted(found, key=lambda one: (-one.rows, one.key))


def _finding(
    field: str, rule: str, rows: int, examples: Sequence[Mapping[str, object]], item: Item | None
) -> Finding:
    named = any(one.name == field for one in item.fields) if item else False
    return Finding(
        key=f"{rule}-{field}",
        rule=rule,
        field=field if named else "",
        label=labelled(item, field) if named else _("整行"),
        title=rule_title(rule),
        step=rule_step(rule),
        rows=rows,
        examples=tuple(
            Example(int(str(one.get("row", 0))), str(one.get("value", "")))
            for one in examples
            if (one.get("field"), one.get("rule")) == (field, rule)
        ),
    )
