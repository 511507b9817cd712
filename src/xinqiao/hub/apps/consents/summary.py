"""What you see is what you sign: the one canonical text of an act, for the page and for the signature (case A11).

The page shows the lines, the second factor commits to the SHA-256 of the text, and the verb makes the text again from
what it is about to write: any difference is ``WHAT_YOU_SEE``. The last line is the digest of the act as data, so that
two accounts whose masked forms are alike can never be exchanged.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import Product, Purpose, Reader, Scope
from xinqiao.domain.errors import Code, Invalid
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.ui.i18n import Language, gettext, use_language

#: Version of the entrustment agreement that is presented now.
AGREEMENT_VERSION = "1"


class Act(StrEnum):
    """What is being confirmed; also the ``action`` of the second factor."""

    CONFIRM = "authorise"
    APPEND = "append"
    WITHDRAW = "withdraw"
    ENTRUST = "entrust"
    PROMISE = "promise"


@dataclass(frozen=True, slots=True)
class WhatYouSee:
    """The text of an act in one language, line by line, and the digest that is signed."""

    act: Act
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The canonical text: the lines joined by line feeds, one at the end."""
        return "\n".join(self.lines) + "\n"

    @property
    def digest(self) -> str:
        """SHA-256 of the UTF-8 bytes of the text, lower-case hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def purpose_words(purpose: Purpose) -> str:
    """The purpose in plain words."""
    match purpose:
        case Purpose.LOAN_APPLICATION:
            return gettext("贷前审查：您申请贷款，机构据此决定是否放款")
        case Purpose.CREDIT_REVIEW:
            return gettext("授信审批：机构据此核定授信额度")
        case Purpose.POST_LOAN:
            return gettext("贷后管理：贷款存续期间机构了解经营状况")
        case Purpose.GUARANTEE_REVIEW:
            return gettext("担保资格审查：机构据此决定是否接受担保")
        case Purpose.OTHER_AGREED:
            return gettext("双方约定的其他用途")


def product_words(product: Product) -> str:
    """The product's name."""
    match product:
        case Product.REPORT:
            return gettext("企业账户资金流信用信息报告")
        case Product.SUMMARY:
            return gettext("企业账户资金流信用信息明细汇总")


def reader_words(reader: Reader) -> str:
    """Who can open the products, said truthfully."""
    match reader:
        case Reader.INSTITUTION_KEY:
            return gettext("只有该机构持自己的密钥能打开；平台只过手，打不开")
        case Reader.HUB_DISPLAY:
            return gettext("由平台代为显示给该机构，不留存")


def _accounts(bindings: Sequence[Binding]) -> str:
    ordered = sorted(bindings, key=lambda one: one.id)
    return " / ".join(f"{one.bank_name or one.node.name} {one.masked}" for one in ordered)


def _field(label: str, value: str) -> str:
    return f"{label}{gettext('：')}{value}"


def _seal(data: dict[str, Json]) -> str:
    return _field(gettext("内容摘要"), digest_hex(data))


def _scope_lines(scope: Scope, bindings: Sequence[Binding]) -> list[str]:
    products = " / ".join(product_words(product) for product in sorted(scope.products))
    balance = gettext("包含余额类指标") if scope.include_balance else gettext("不包含余额类指标")
    return [
        _field(gettext("账户"), _accounts(bindings)),
        _field(gettext("产品"), products),
        _field(gettext("数据范围"), gettext("最近 %(n)s 个月") % {"n": scope.months_back}),
        _field(gettext("有效期"), gettext("自确认起 %(n)s 天") % {"n": scope.valid_days}),
        _field(gettext("查询次数"), gettext("最多 %(n)s 次") % {"n": scope.max_queries}),
        _field(gettext("余额"), balance),
    ]


def _scope_data(scope: Scope) -> dict[str, Json]:
    return {
        "accounts": [*sorted(scope.accounts)],
        "products": [str(product) for product in sorted(scope.products)],
        "months": scope.months_back,
        "valid_days": scope.valid_days,
        "max_queries": scope.max_queries,
        "include_balance": scope.include_balance,
        "purpose": str(scope.purpose),
    }


def what_you_see(
    authorisation: Authorisation,
    scope: Scope,
    bindings: Sequence[Binding],
    *,
    language: Language,
    act: Act = Act.CONFIRM,
) -> WhatYouSee:
    """The text of confirming (or appending) ``scope`` on a request.

    Args:
        authorisation: the request, with institution and enterprise loaded.
        scope: what the subject chose; for an append what is added.
        bindings: the bindings of ``scope.accounts``, with their nodes loaded.
        language: in which it is shown.
        act: ``CONFIRM`` or ``APPEND``.
    """
    row = authorisation
    with use_language(language):
        title = gettext("资金流信用信息查询授权") if act is Act.CONFIRM else gettext("追加查询授权")
        lines = [
            title,
            _field(gettext("授权给"), row.institution.name),
            _field(gettext("授权企业"), f"{row.enterprise.name} {row.enterprise.uscc}"),
            _field(gettext("申请编号"), row.request_no),
            _field(gettext("用途"), purpose_words(scope.purpose)),
            _field(gettext("业务编号"), row.business_ref),
            *_scope_lines(scope, bindings),
            _field(gettext("谁能打开"), reader_words(Reader(row.reader))),
            gettext("随时可以撤回；撤回后立即不能再查询，已经提供的不追回。"),
        ]
        data: dict[str, Json] = {
            "act": str(act),
            "authorisation": row.id,
            "institution": row.institution_id,
            "reader": row.reader,
            **_scope_data(scope),
        }
        lines.append(_seal(data))
    return WhatYouSee(act, tuple(lines))


def what_you_withdraw(authorisation: Authorisation, *, language: Language) -> WhatYouSee:
    """The text of withdrawing an authorisation."""
    row = authorisation
    with use_language(language):
        lines = (
            gettext("撤回查询授权"),
            _field(gettext("被授权机构"), row.institution.name),
            _field(gettext("授权企业"), f"{row.enterprise.name} {row.enterprise.uscc}"),
            _field(gettext("授权编号"), row.authorisation_no or row.request_no),
            gettext("撤回立即生效，不可恢复；该机构不能再查询，已经提供的不追回。"),
            _seal({"act": str(Act.WITHDRAW), "authorisation": row.id, "institution": row.institution_id}),
        )
    return WhatYouSee(Act.WITHDRAW, lines)


def what_you_entrust(binding: Binding, *, language: Language) -> WhatYouSee:
    """The 委托提供协议 that is presented for an account (fund-flow rules 2 and 4)."""
    with use_language(language):
        bank = binding.bank_name or binding.node.name
        lines = (
            gettext("资金流信用信息委托提供协议"),
            _field(gettext("协议版本"), AGREEMENT_VERSION),
            _field(gettext("委托企业"), f"{binding.enterprise.name} {binding.enterprise.uscc}"),
            _field(gettext("信息提供机构"), binding.node.institution.name),
            _field(gettext("账户"), f"{bank} {binding.masked}"),
            _field(gettext("产品"), " / ".join(product_words(product) for product in sorted(Product))),
            gettext(
                "委托企业委托信息提供机构，在委托企业授权或自行查询时，把上述账户的资金流统计信息对外提供。"
            ),
            gettext("只提供统计信息，不提供交易明细、对手方名称和账号。"),
            gettext("没有委托企业的授权，任何机构不能查询。委托企业可以随时解除绑定，立即生效。"),
            gettext("不收取费用。"),
            _seal(
                {
                    "act": str(Act.ENTRUST),
                    "account": binding.id,
                    "node": binding.node_id,
                    "version": AGREEMENT_VERSION,
                    "products": [str(product) for product in sorted(Product)],
                }
            ),
        )
    return WhatYouSee(Act.ENTRUST, lines)


def match_shown(candidates: Sequence[WhatYouSee], shown_digest: str) -> WhatYouSee:
    """The text, among those of each language, that has the digest that was shown.

    Raises:
        Invalid: ``WHAT_YOU_SEE``: what was shown is not what would be written.
    """
    for candidate in candidates:
        if (
            candidate.digest == shown_digest
        ):  # no secret: it stands on the page; what was posted may be any text
            return candidate
    raise Invalid(Code.WHAT_YOU_SEE, "the text that was shown is not the one to be signed")
