"""Guarantees in words: parties, flows, limits, what happened, what was typed wrong."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.guarantees.limits import Limit
from xinqiao.domain.guarantees.terms import Flow, Outside, Party
from xinqiao.domain.money import format_fen
from xinqiao.hub.apps.guarantees.models import GuaranteeStep
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words as error_words
from xinqiao.ui.i18n import gettext as _

_MOST_WAN = Decimal(100_000_000)


def party_word(party: str) -> str:
    """Who bears a part."""
    return {
        Party.BANK: _("银行"),
        Party.GUARANTOR: _("担保机构"),
        Party.RE_GUARANTOR: _("省级再担保"),
        Party.NATIONAL_FUND: _("国家融资担保基金"),
        Party.GOVERNMENT: _("地方政府"),
    }[Party(party)]


def flow_word(flow: str) -> str:
    """Who decided first."""
    return {
        Flow.BANK_FIRST: _("银行先批，再请担保"),
        Flow.GUARANTOR_FIRST: _("担保先批，再找银行"),
        Flow.BATCH: _("总对总，见贷即保"),
    }[Flow(flow)]


def _limit_word(limit: str) -> str:
    return {
        Limit.TOTAL: _("在保余额的倍数上限"),
        Limit.ONE_PARTY: _("单个被担保人的上限"),
        Limit.RELATED: _("同一组关联方的上限"),
    }[Limit(limit)]


def _outside_word(reason: str) -> str:
    return {
        Outside.PERIOD: _("不在协议期内"),
        Outside.AMOUNT: _("金额超过单笔上限"),
        Outside.MONTHS: _("期限超过上限"),
        Outside.QUOTA: _("协议额度不够"),
    }[Outside(reason)]


def shares_of(ratios: Mapping[str, str]) -> list[tuple[str, str]]:
    """Who bears what, in words and per cent."""
    return [(party_word(party), fmt.percent(Decimal(part), digits=2)) for party, part in ratios.items()]


def shared(amounts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Who paid or got what, in words and money."""
    return [(party_word(party), fmt.money(fen, scale="yuan")) for party, fen in amounts.items()]


def story(steps: Iterable[GuaranteeStep]) -> list[tuple[str, str, str, GuaranteeStep]]:
    """What happened: class, icon, sentence, step."""
    said = {
        "apply": ("ask", "send", _("申请担保")),
        "review": ("", "eye-check", _("担保机构开始审查")),
        "approve": ("give", "circle-check", _("担保机构同意担保")),
        "decline": ("", "circle-x", _("担保机构没有同意")),
        "present": ("ask", "send", _("企业把担保意向交给银行")),
        "lapse": ("", "hourglass-off", _("担保意向失效")),
        "start": ("give", "shield-check", _("贷款发放，担保责任生效")),
        "release": ("give", "checks", _("贷款结清，担保责任解除")),
        "claim": ("ask", "send", _("银行申请代偿")),
        "return": ("", "arrow-back-up", _("担保机构退回代偿申请")),
        "compensate": ("give", "coin-yuan", _("担保机构代偿")),
        "recover": ("", "coin-yuan", _("追偿收回")),
        "close": ("", "checks", _("追偿结束")),
    }
    return [(*said[one.event], one) for one in steps]


def wan(fen: int) -> str:
    """An amount as it is typed, in 万元."""
    number = Decimal(fen).scaleb(-6).normalize()
    return f"{number:f}"


def typed_fen(text: str, name: str) -> int:
    """An amount typed in 万元. Raises Invalid naming the field."""
    number = _number(text, name)
    if not 0 < number <= _MOST_WAN or number != number.quantize(Decimal("0.000001")):
        raise Invalid(Code.INVALID, "amount", facts={"field": name, "reason": "RANGE"})
    return int(number.scaleb(6))


def typed_rate(text: str, name: str) -> Decimal:
    """A rate typed in per cent, four decimals at most. Raises Invalid naming the field."""
    number = _number(text, name)
    if not 0 <= number <= 100 or number != number.quantize(Decimal("0.0001")):
        raise Invalid(Code.INVALID, "rate", facts={"field": name, "reason": "RANGE"})
    return number.scaleb(-2)


def _number(text: str, name: str) -> Decimal:
    plain = text.strip()
    if not plain.isascii() or "e" in plain.lower() or "_" in plain:
        raise Invalid(Code.INVALID, "number", facts={"field": name, "reason": "NUMBER"})
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise Invalid(Code.INVALID, "number", facts={"field": name, "reason": "NUMBER"}) from None
    if not number.is_finite():
        raise Invalid(Code.INVALID, "number", facts={"field": name, "reason": "NUMBER"})
    return number


def typed_ratios(post: Mapping[str, str]) -> dict[str, str]:
    """The parts typed in per cent, one field for each party, as the domain's texts."""
    typed = {party.value: post.get(f"ratio-{party.value}", "").strip() for party in Party}
    return {party: str(typed_rate(text, "ratios")) for party, text in typed.items() if text not in ("", "0")}


def problem(refused: XinqiaoError) -> tuple[str, str]:
    """What is wrong, and the field where to mend it."""
    facts = refused.facts
    name, reason = str(facts.get("field", "")), str(facts.get("reason", ""))
    limits, outside = facts.get("limits"), facts.get("outside")
    if isinstance(limits, list):
        words = _("超过担保机构的限额：{limits}。").format(
            limits=_("、").join(_limit_word(str(one)) for one in limits)
        )
    elif isinstance(outside, list):
        words = _("不在协议范围内：{reasons}。").format(
            reasons=_("、").join(_outside_word(str(one)) for one in outside)
        )
    elif reason == "CAP":
        words = _("超过协议的代偿上限，还可以代偿 {left} 元。").format(
            left=format_fen(int(str(facts["left_fen"])))
        )
    else:
        words = (
            _sentences().get((name, reason))
            or _sentences().get((name, ""))
            or error_words(refused.code).title
        )
    return words, f"f-{name}" if name else ""


def _sentences() -> dict[tuple[str, str], str]:
    number = _("请填数字。")
    return {
        ("amount", "NUMBER"): number,
        ("amount", "RANGE"): _("金额不能是零，也不能超过所担保、所申请或还没有收回的金额。"),
        ("net_assets", ""): _("请填净资产，单位是万元。"),
        ("as_of", "RANGE"): _("日期不能晚于今天。"),
        ("as_of", "ORDER"): _("日期不能早于上一次填报的日期。"),
        ("as_of", ""): _("请选日期。"),
        ("months", ""): _("请填 1 到 600 的整数。"),
        ("fee_rate", ""): _("请填 0 到 10 的数字，单位是 %。"),
        ("ratios", "RATIOS"): _("各方比例加起来要正好是 100%，每一方都大于零。"),
        ("ratios", "PARTY"): _("担保机构要承担一部分。"),
        ("ratios", ""): _("比例请填数字，单位是 %，最多两位小数。"),
        ("valid_to", ""): _("结束日要晚于开始日。"),
        ("valid_from", ""): _("请选日期。"),
        ("quota", ""): _("总额度不能小于单笔上限。"),
        ("cap", ""): _("代偿上限请填大于 0、不超过 100 的数字，单位是 %。"),
        ("overdue_since", ""): _("逾期日要在担保生效以后、今天或以前。"),
        ("words", ""): _("写 1 到 500 个字。"),
        ("licence", ""): _("请填许可证编号，不超过 40 个字。"),
        ("guarantor", ""): _("这家担保机构已经有一份没有办完的申请。"),
        ("case", ""): _("这笔申请已经有这家担保机构的担保。"),
    }
