"""Words of codes: absent things, states and times."""

from typing import Final

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words.model import ErrorWords

STATE: Final[dict[Code, ErrorWords]] = {
    # absent, state, time
    Code.NOT_FOUND: ErrorWords(
        "没有这个内容", "检查地址或编号。", "Not found", "Check the address or the number."
    ),
    Code.CONFLICT_STATE: ErrorWords(
        "现在的状态不能这样做",
        "看看最新的状态。",
        "Not possible in the present state",
        "Look at the present state.",
    ),
    Code.CONFLICT_DUPLICATE: ErrorWords(
        "已经有一个了", "用已有的那一个。", "It exists already", "Use the existing one."
    ),
    Code.FUND_EXCEEDED: ErrorWords(
        "资金或名额不够",
        "看看资金池还剩多少。",
        "Not enough money or places left",
        "Look at what is left of the fund.",
    ),
    Code.IDEMPOTENCY_IN_FLIGHT: ErrorWords(
        "同一个请求还在办理",
        "稍后用同一个键再问。",
        "The same request is still running",
        "Ask again later with the same key.",
    ),
    Code.IDEMPOTENCY_MISMATCH: ErrorWords(
        "同一个键，内容却不同",
        "新的请求用新的幂等键。",
        "Same key, different content",
        "Use a new key for a new request.",
    ),
    Code.IDEMPOTENCY_KEY_REQUIRED: ErrorWords(
        "缺少幂等键",
        "加上 Idempotency-Key 头。",
        "An idempotency key is required",
        "Send the Idempotency-Key header.",
    ),
    Code.STALE: ErrorWords(
        "您看过之后它又变了",
        "看最新的内容再决定。",
        "It changed since you looked",
        "Look again, then decide.",
    ),
    Code.GONE_EXPIRED: ErrorWords(
        "已过保留时间", "需要时重新查询。", "No longer kept", "Query again if needed."
    ),
    Code.GONE_REVOKED: ErrorWords(
        "授权已撤回，不再给出",
        "需要时重新申请授权。",
        "Withdrawn, not given any more",
        "Ask for an authorisation again if needed.",
    ),
    # objections and credit repair
    Code.NOT_CORRECTED: ErrorWords(
        "记录还没有更正",
        "先报送更正的批次，或者撤回这条记录所在的批次；入库以后再办结。",
        "The record is not corrected yet",
        "Send the corrected batch, or withdraw the one it came with; close the objection when that is in.",
    ),
    Code.REPAIR_LACKING: ErrorWords(
        "还不能申请修复",
        "补齐列出的每一项再申请。",
        "Repair cannot be applied for yet",
        "Complete everything listed, then apply.",
    ),
    Code.TOO_MANY_OPEN: ErrorWords(
        "办理中的异议太多",
        "等前面的有了结果，或者撤回一些，再提新的。",
        "Too many objections are open",
        "Wait for the answers, or withdraw some, before making another.",
    ),
}
