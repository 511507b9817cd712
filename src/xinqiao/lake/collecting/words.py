"""What a finding means, in words for whoever corrects the file."""

from xinqiao.domain.catalogue.model import CodeList, Field, FieldType, Item, RowRule
from xinqiao.domain.catalogue.values import first_unseen

RULE_WORDS: dict[RowRule, str] = {
    RowRule.REQUIRED: "必填，不能为空",
    RowRule.TOO_LONG: "太长",
    RowRule.BAD_FORMAT: "格式不符，或有看不见的字符",
    RowRule.BAD_DATE: "不是日期，写作 2024-05-31",
    RowRule.BAD_DECIMAL: "不是数字，或小数位数太多；不用千分号和单位",
    RowRule.BAD_INTEGER: "不是整数",
    RowRule.BAD_BOOLEAN: "写“是”或“否”",
    RowRule.BAD_USCC: "不是有效的统一社会信用代码（18 位，含校验位）",
    RowRule.BAD_ID_NUMBER: "不是该证件类型的有效号码",
    RowRule.BAD_DIVISION: "不是六位行政区划代码",
    RowRule.BAD_INDUSTRY: "不是行业分类代码",
    RowRule.BAD_URL: "不是网址，须以 http:// 或 https:// 开头",
    RowRule.BAD_LIST: "列表写法不对，或同一代码写了两次",
    RowRule.NOT_IN_LIST: "不在代码表里",
    RowRule.OUT_OF_RANGE: "超出允许的范围",
    RowRule.DATE_ORDER: "早于它应当不早于的日期",
    RowRule.SUM_MISMATCH: "与构成它的各项之和不符",
    RowRule.REQUIRED_WHEN: "在这种情况下必填",
    RowRule.FUTURE_DATE: "在将来",
    RowRule.DUPLICATE_KEY: "同一文件里主键相同而内容不同的行，都未收；请只留一行",
    RowRule.RAGGED: "这一行的单元格数与表头不符",
}
_SHOWN_CODES = 12


def finding_words(item: Item, lists: dict[str, CodeList], name: str, rule: RowRule, cell: str = "") -> str:
    """One finding in a sentence; limits and codes are named where they help. ``cell``: what was sent, where it may be
    shown: a character in it that nobody can see is named, or it would look right to whoever has to correct it."""
    fields = {field.name: field for field in item.fields}
    if name not in fields:
        return RULE_WORDS[rule]
    field = fields[name]
    hidden = first_unseen(field, cell)
    unseen = f"；第 {hidden[0]} 个字符看不见（U+{ord(hidden[1]):04X}）" if hidden else ""
    return f"{field.label}：{RULE_WORDS[rule]}{_limit(field, lists, rule)}{unseen}"


def _limit(field: Field, lists: dict[str, CodeList], rule: RowRule) -> str:
    match rule:
        case RowRule.TOO_LONG:
            return f"，最多 {field.max_length} 个字"
        case RowRule.NOT_IN_LIST:
            entries = list(lists[field.code_list or ""].entries.values())
            return f"：{'、'.join(entries[:_SHOWN_CODES])}{'…' if len(entries) > _SHOWN_CODES else ''}"
        case RowRule.OUT_OF_RANGE:
            low = "" if field.minimum is None else f"，不小于 {field.minimum:f}"
            high = "" if field.maximum is None else f"，不大于 {field.maximum:f}"
            digits = f"，最多 {field.precision} 位数字" if field.type is FieldType.DECIMAL else ""
            return low + high + digits
        case RowRule.BAD_DECIMAL:
            return f"，最多 {field.scale or 0} 位小数"
        case RowRule.BAD_FORMAT if field.note:
            return f"（{field.note}）"
        case _:
            return ""
