"""Words of codes: the flow between platform and nodes, and faults."""

from typing import Final

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words.model import ErrorWords

FAULTS: Final[dict[Code, ErrorWords]] = {
    # flow and faults
    Code.ITEM_NOT_SUPPLIED: ErrorWords(
        "这个目录项不由你们报送",
        "在概览里选本单位报送的目录项；要增加，请联系平台运营。",
        "Your organisation does not supply this item",
        "Choose one of the items on your overview, or ask the operator for more.",
    ),
    Code.QUEUE_FULL: ErrorWords(
        "排队的批次太多，这一批没有收下",
        "等前面的批次校验完再报。",
        "Too many batches are waiting; this one was not taken",
        "Send it again when the earlier ones have been checked.",
    ),
    Code.STORAGE_UNAVAILABLE: ErrorWords(
        "平台现在存不下文件，什么都没有收下",
        "稍后再试；运营方能看到原因。",
        "The platform cannot store the file now; nothing was taken",
        "Try again later; the operator sees the reason.",
    ),
    Code.PROCESSING_FAILED: ErrorWords(
        "这一批没有处理完，没有一行入库",
        "可以再试一次；再失败请联系平台运营。",
        "The batch could not be processed; not one row was taken",
        "Try once more; if it fails again, ask the operator.",
    ),
    Code.VERIFICATION_BUDGET: ErrorWords(
        "核验次数到了上限", "到时间后再核验。", "The budget of verifications is spent", "Wait, then verify."
    ),
    Code.RATE_LIMITED: ErrorWords("请求太密", "等一会儿再试。", "Too many requests", "Wait a little."),
    Code.PROVIDER_INVALID: ErrorWords(
        "数源的回答信不过，没有采用",
        "稍后再试；数源和运营方已收到提醒。",
        "The source's answer could not be trusted",
        "Try again later; source and operator know.",
    ),
    Code.PROVIDER_TIMEOUT: ErrorWords(
        "数源没有在 10 秒内应答",
        "稍后再试；不会用旧报告代替。",
        "The source did not answer within 10 seconds",
        "Try again later; an old report is not shown instead.",
    ),
    Code.PROVIDER_REFUSED: ErrorWords(
        "数源自己核对后拒绝了",
        "看 provider_code；刚绑定的账户请稍后再试。",
        "The source refused after its own check",
        "See provider_code; an account bound just now may need a moment.",
    ),
    Code.PROVIDER_UNAVAILABLE: ErrorWords(
        "数源现在不在线", "稍后再试。", "The source is offline", "Try again later."
    ),
    Code.AUDIT_UNAVAILABLE: ErrorWords(
        "写不下记录，就不放行",
        "撤回和拒绝照常；恢复后再查询。",
        "If it cannot be recorded, it is not released",
        "Withdrawing still works; query again later.",
    ),
    Code.KEY_UNUSABLE: ErrorWords(
        "密钥用不了，先停下",
        "请运营人员检查密钥文件的内容和权限（600）。",
        "A key cannot be used, so nothing is done",
        "Let the operator check the key file's content and its rights (600).",
    ),
    Code.HUB_UNREACHABLE: ErrorWords(
        "连不上平台",
        "没有任何数据给出。请检查网络和平台地址，稍后用同一个幂等键再试。",
        "The platform cannot be reached",
        "No data was given. Check the network and the address; try again later with the same idempotency key.",
    ),
    Code.HUB_INVALID: ErrorWords(
        "平台的应答核不上，没有采用",
        "应答没有平台的有效签名，或与请求对不上。请核对平台公钥文件，并告诉平台运营人员。",
        "The platform's answer cannot be trusted and was not used",
        "It lacks the platform's valid signature or answers another request. Check the anchor file and tell the operator.",
    ),
    Code.ILLEGAL_MOVE: ErrorWords(
        "现在的状态不能这样做",
        "看看最新的状态。",
        "Not possible in the present state",
        "Look at the present state.",
    ),
}
