"""Words of codes: what was typed or sent."""

from typing import Final

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words.model import ErrorWords

INPUT: Final[dict[Code, ErrorWords]] = {
    # input
    Code.BODY_TOO_LARGE: ErrorWords("内容超过上限", "缩小后再发。", "Over the size limit", "Send less."),
    Code.MEDIA_TYPE_UNSUPPORTED: ErrorWords(
        "不接受这种格式", "用文档写明的格式。", "Unsupported media type", "Use the documented format."
    ),
    Code.MALFORMED: ErrorWords(
        "格式读不懂", "检查是不是完整的 JSON。", "Malformed", "Check that it is complete JSON."
    ),
    Code.AMBIGUOUS_INPUT: ErrorWords(
        "同一个字段出现了两次", "每个字段只写一次。", "A member appears twice", "Send each member once."
    ),
    Code.INVALID: ErrorWords(
        "有一项不符合要求", "按提示修改这一项。", "A value is not valid", "Correct the named value."
    ),
    Code.UNKNOWN_FIELD: ErrorWords("有不认识的字段", "去掉它。", "Unknown member", "Remove it."),
    Code.READ_ONLY_FIELD: ErrorWords("有不能改的字段", "去掉它。", "Read-only member", "Remove it."),
    Code.USCC_FORMAT: ErrorWords(
        "统一社会信用代码的格式不对",
        "应为 18 位数字和大写字母，不含 I、O、S、V、Z。",
        "Not a unified social credit code",
        "18 digits and capitals, without I, O, S, V, Z.",
    ),
    Code.USCC_CHECKSUM: ErrorWords(
        "统一社会信用代码的校验位不对",
        "逐位核对。",
        "The check character is wrong",
        "Compare it character by character.",
    ),
    Code.NAME_FORBIDDEN_CHARACTER: ErrorWords(
        "名称里有看不见或不允许的字符",
        "删掉控制符、零宽字符后再填。",
        "The name holds a forbidden character",
        "Remove control and zero-width characters.",
    ),
    Code.AMOUNT_FORMAT: ErrorWords(
        "金额的写法不对",
        "用小数点和最多两位小数，例如 1200.50。",
        "Not an amount",
        "Digits, a point, at most two decimals.",
    ),
    Code.TIME_FORMAT: ErrorWords(
        "时间的写法不对",
        "用 RFC 3339，带时区，例如 2026-11-21T10:31:08+08:00。",
        "Not a time",
        "RFC 3339 with an offset.",
    ),
    Code.WHAT_YOU_SEE: ErrorWords(
        "看到的和要签的不一致",
        "刷新页面，看清楚再决定。",
        "What was shown is not what would be signed",
        "Reload, read, then decide.",
    ),
    Code.ACCOUNT_NAME_MISMATCH: ErrorWords(
        "户名不一致",
        "只能绑定以企业名义开立的账户。",
        "The account is in another name",
        "Bind an account in the firm's own name.",
    ),
    Code.ACCOUNT_NOT_FOUND: ErrorWords(
        "开户行没有这个账户", "核对账号。", "The bank has no such account", "Check the number."
    ),
    Code.ACCOUNT_CLOSED: ErrorWords(
        "这个账户已销户", "换一个账户。", "The account is closed", "Choose another account."
    ),
    Code.ACCOUNT_NOT_ELIGIBLE: ErrorWords(
        "这类账户不能绑定",
        "选基本户、一般户或支付账户。",
        "This kind of account cannot be bound",
        "Choose a basic, general or payment account.",
    ),
}
