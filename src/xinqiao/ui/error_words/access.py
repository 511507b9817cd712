"""Words of codes: who somebody is and what is not allowed to them."""

from typing import Final

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words.model import ErrorWords

ACCESS: Final[dict[Code, ErrorWords]] = {
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
}
