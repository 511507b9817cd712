"""What a person reads when something was refused or failed: one sentence and one next step for each stable code.

The one table serves the portals, the problem documents of the gateway and of the nodes, and the page
``docs/reference/errors.md``, which is generated from it (``python -m xinqiao.ui.error_words``). A code without words
is a failing test.
"""

import sys
from typing import Final, NamedTuple

from xinqiao.domain.errors import Code
from xinqiao.ui.i18n import Language, language


class ErrorWords(NamedTuple):
    """A title (what happened) and a step (what to do next), in both languages."""

    zh: str
    zh_step: str
    en: str
    en_step: str

    @property
    def title(self) -> str:
        """What happened, in the language in force."""
        return self.en if language() is Language.EN else self.zh

    @property
    def step(self) -> str:
        """What to do next, in the language in force."""
        return self.en_step if language() is Language.EN else self.zh_step


WORDS: Final[dict[Code, ErrorWords]] = {
    # who are you
    Code.UNAUTHENTICATED: ErrorWords(
        "还没有登录", "请登录后再试。", "Not logged in", "Log in and try again."
    ),
    Code.SIGNATURE_INVALID: ErrorWords(
        "签名核不上",
        "检查用的是哪把密钥，签的是不是这个请求。",
        "The signature does not verify",
        "Check which key signed, and that it signed this request.",
    ),
    Code.REPLAYED: ErrorWords(
        "这个请求已经用过",
        "用新的随机数重新签名再发。",
        "This request was already used",
        "Sign again with a new nonce.",
    ),
    Code.CLOCK_SKEW: ErrorWords(
        "请求的时间差得太多",
        "校准时钟，误差要在 10 秒内。",
        "The request's time is too far off",
        "Set the clock; 10 seconds are allowed.",
    ),
    Code.AUDIENCE_MISMATCH: ErrorWords(
        "这份凭据不是给这里的",
        "把它交给写明的接收方。",
        "This credential is for somebody else",
        "Send it to the audience it names.",
    ),
    Code.TOKEN_BINDING: ErrorWords(
        "令牌和签名密钥对不上",
        "用申请令牌的那把密钥签名。",
        "The token belongs to another key",
        "Sign with the key the token was issued to.",
    ),
    Code.TOKEN_TYPE: ErrorWords(
        "凭据的种类不对",
        "这里要的是访问令牌。",
        "The wrong kind of credential",
        "An access token is needed here.",
    ),
    Code.TOKEN_EXPIRED: ErrorWords(
        "凭据已过期",
        "请重新取得凭据后再试。",
        "The credential has expired",
        "Obtain a new credential and try again.",
    ),
    Code.IDENTITY_NOT_VERIFIED: ErrorWords(
        "身份没有核验通过",
        "核对企业代码、名称和本人信息后再试。",
        "The identity could not be verified",
        "Check the code, the name and the person, then try again.",
    ),
    Code.LOGIN_LOCKED: ErrorWords(
        "连续失败 5 次，先锁 30 分钟",
        "30 分钟后再试，或联系服务中心。",
        "Locked for 30 minutes after five failures",
        "Try again in 30 minutes or ask the service centre.",
    ),
    Code.SECOND_FACTOR_REQUIRED: ErrorWords(
        "需要本人再确认一次", "用通行密钥确认。", "A second confirmation is needed", "Confirm with a passkey."
    ),
    # known, but not allowed
    Code.CONSENT_MISSING: ErrorWords(
        "没有企业的授权",
        "先向企业申请授权。",
        "There is no authorisation",
        "Ask the firm for an authorisation first.",
    ),
    Code.CONSENT_GRANTEE_MISMATCH: ErrorWords(
        "授权是给别的机构的",
        "只能用给自己的授权。",
        "The authorisation was given to another institution",
        "Use an authorisation given to you.",
    ),
    Code.CONSENT_NOT_YET_VALID: ErrorWords(
        "授权还没到生效时间",
        "到生效时间后再查。",
        "The authorisation is not yet valid",
        "Ask again once it is valid.",
    ),
    Code.CONSENT_EXPIRED: ErrorWords(
        "授权已到期",
        "需要时请企业延长或重新授权。",
        "The authorisation has expired",
        "Ask the firm to prolong or to authorise again.",
    ),
    Code.CONSENT_REVOKED: ErrorWords(
        "企业已撤回授权",
        "需要时重新申请。",
        "The firm has withdrawn the authorisation",
        "Ask again if it is still needed.",
    ),
    Code.CONSENT_REFUSED: ErrorWords(
        "企业没有同意",
        "需要时重新申请，写清用途。",
        "The firm did not agree",
        "Ask again if needed and state the purpose.",
    ),
    Code.CONSENT_EXHAUSTED: ErrorWords(
        "授权的次数用完了",
        "需要时请企业追加。",
        "All queries of the authorisation are used",
        "Ask the firm for more if needed.",
    ),
    Code.SCOPE_EXCEEDED: ErrorWords(
        "超出企业同意的范围",
        "按给出的最近的请求来查，或请企业追加。",
        "Beyond what the firm agreed to",
        "Ask for the nearest allowed request, or for an append.",
    ),
    Code.PURPOSE_MISMATCH: ErrorWords(
        "用途和授权不一致",
        "按授权的用途查询。",
        "Another purpose than the one authorised",
        "Query for the authorised purpose.",
    ),
    Code.PURPOSE_NOT_SUPPORTED: ErrorWords(
        "这个用途没有业务支持",
        "先登记相应的业务。",
        "No business supports this purpose",
        "Record the business first.",
    ),
    Code.CEILING_EXCEEDED: ErrorWords(
        "超过这个用途的上限", "按上限以内申请。", "Over the ceiling for this purpose", "Ask for less."
    ),
    Code.ENTRUSTMENT_MISSING: ErrorWords(
        "企业没有委托开户行提供",
        "请企业先绑定这个账户。",
        "The firm has not entrusted the bank",
        "Ask the firm to bind the account first.",
    ),
    Code.ENTRUSTMENT_ENDED: ErrorWords(
        "这个账户已解绑",
        "请企业重新绑定。",
        "The account is no longer bound",
        "Ask the firm to bind it again.",
    ),
    Code.SUBJECT_NOT_AUTHORISED: ErrorWords(
        "您不能替这家企业做这件事",
        "请法定代表人办理或授权代办。",
        "You may not do this for the firm",
        "Ask the legal representative.",
    ),
    Code.ROLE_FORBIDDEN: ErrorWords(
        "您的角色不能做这件事",
        "请有权限的同事办理。",
        "Your role does not allow this",
        "Ask a colleague whose role does.",
    ),
    Code.CSRF_FAILED: ErrorWords(
        "页面放得太久了",
        "刷新页面再提交，填过的内容会保留。",
        "The page is out of date",
        "Reload the page and submit again.",
    ),
    Code.REVOKED_BEFORE_RELEASE: ErrorWords(
        "放行之前企业已撤回",
        "没有任何数据给出，密文已销毁。",
        "Withdrawn before the release",
        "No data was given; the cipher text was destroyed.",
    ),
    Code.PERSON_CONSENT_MISSING: ErrorWords(
        "缺本人的单独同意", "请本人确认。", "The person's own consent is missing", "The person must confirm."
    ),
    Code.WRITTEN_CONSENT_MISSING: ErrorWords(
        "缺本人的书面同意", "告知后请本人书面同意。", "Written consent is missing", "Warn, then ask for it."
    ),
    Code.PERMIT_EXPIRED: ErrorWords(
        "许可证过了 30 秒，已经失效",
        "重新查询，会得到新的许可证。",
        "The permit is over 30 seconds old",
        "Query again; a new permit is issued.",
    ),
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
    # files
    Code.FILE_UNREADABLE: ErrorWords(
        "文件读不出来",
        "检查文件是否完整、没有加密，格式是否为文档写明的几种。",
        "The file cannot be read",
        "Check that it is complete, not encrypted, and of a documented kind.",
    ),
    Code.FILE_EMPTY: ErrorWords(
        "文件里没有数据行", "检查导出的时间范围。", "The file has no rows", "Check the period of the export."
    ),
    Code.FILE_COLUMNS: ErrorWords(
        "缺少必要的列", "按列名清单补上。", "Columns are missing", "Add the named columns."
    ),
    Code.FILE_VALUE: ErrorWords(
        "有一个值不对", "按提示的行和列修改。", "A value is not valid", "Correct the named row and column."
    ),
    Code.ENCODING_AMBIGUOUS: ErrorWords(
        "文字编码认不准",
        "另存为 UTF-8 或 GB18030。",
        "The encoding is ambiguous",
        "Save as UTF-8 or GB18030.",
    ),
    Code.LAKE_BUSY: ErrorWords(
        "记录库正由别的程序写入",
        "等它写完再试；一次只有一个写入者。",
        "Another program is writing to the record store",
        "Try again when it is done; there is one writer at a time.",
    ),
    Code.LAKE_FULL: ErrorWords(
        "记录库所在的磁盘满了，这一批没有入库",
        "腾出空间后重新提交；已有的记录没有变。",
        "The disk of the record store is full; the batch was not taken in",
        "Make room and send it again; what was there is unchanged.",
    ),
    Code.LAKE_INVALID: ErrorWords(
        "与记录库对不上，没有采用",
        "核对文件夹、事项、批次号和主体标识；没有任何改动。",
        "It does not fit the record store and was not used",
        "Check the folder, item, batch number and subjects; nothing was changed.",
    ),
    Code.FILE_KIND_UNSUPPORTED: ErrorWords(
        "不收这种文件",
        "另存为 CSV、XLSX（不带宏）、JSONL 或 Parquet，也可以压成 ZIP。",
        "This kind of file is not taken",
        "Save as CSV, XLSX without macros, JSONL or Parquet; a ZIP of these is taken too.",
    ),
    Code.FILE_LIMITS: ErrorWords(
        "列、行或单元格超过上限",
        "按提示的上限拆开再传。",
        "Too many columns or cells, or one too long",
        "Split it below the named limit.",
    ),
    Code.ARCHIVE_LIMITS: ErrorWords(
        "压缩包超过上限，没有解开",
        "减少文件，不要层层压缩；大的 CSV 请直接传。",
        "The archive is over its limits and was not unpacked",
        "Fewer files and no archive inside; send a large CSV as it is.",
    ),
    Code.ARCHIVE_UNSAFE: ErrorWords(
        "压缩包里有不安全的文件名或链接",
        "重新压缩，只放数据文件。",
        "The archive holds an unsafe name or a link",
        "Make it again with the data files only.",
    ),
    Code.HEADER_MISMATCH: ErrorWords(
        "表头和这一项对不上",
        "按提示补上缺的列，去掉多的、重复的列；可以下载空表来填。",
        "The header is not that of the item",
        "Add the missing columns, remove the unknown and the repeated; a template can be downloaded.",
    ),
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


def words(code: Code) -> ErrorWords:
    """The words of a code; a code added without words still says something true."""
    return WORDS.get(code) or ErrorWords(
        "没有办成", "稍后再试，或把编号告诉服务中心。", "Not done", "Try again later."
    )


def reference_page() -> str:
    """The text of ``docs/reference/errors.md``."""
    lines = [
        "# 错误码 Error codes",
        "",
        "代码是公开约定的一部分，只增不改。由 `python -m xinqiao.ui.error_words` 生成。",
        "Codes are part of the public contract; this page is generated.",
        "",
        "| 代码 code | 发生了什么 | 怎么办 | What happened | What to do |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| `{c}` | {w.zh} | {w.zh_step} | {w.en} | {w.en_step} |" for c in Code if (w := words(c))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference_page())
