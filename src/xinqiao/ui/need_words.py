"""Words of needs: uses, ends, what happened, how an adviser spoke, and why a product does or does not fit, in whole sentences.

Everything is in the language in force; what is named in a catalogue the caller names, as in ``market_words``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from xinqiao.domain.canonical import Json
from xinqiao.domain.market.advising import Channel
from xinqiao.domain.market.case import Refusal
from xinqiao.domain.market.conditions import (
    AllOf,
    AnyOf,
    Between,
    Missing,
    NotOf,
    OneOf,
    Under,
    Value,
    parse_condition,
)
from xinqiao.domain.market.fields import Effort
from xinqiao.domain.market.need import FINANCED, LoanPurpose
from xinqiao.domain.market.rerun import parse_facts
from xinqiao.ui import format as fmt
from xinqiao.ui import market_words as words
from xinqiao.ui.i18n import gettext as _

_MET = {0: "not_met", 1: "unknown", 2: "met"}


def purpose_word(purpose: str) -> str:
    """What the money is for."""
    return {
        LoanPurpose.WORKING_CAPITAL: _("流动资金周转"),
        LoanPurpose.PURCHASE: _("采购原料、进货"),
        LoanPurpose.EQUIPMENT: _("购置设备"),
        LoanPurpose.PREMISES: _("厂房、门店"),
        LoanPurpose.RESEARCH: _("研发"),
        LoanPurpose.AGRI: _("农业生产"),
        LoanPurpose.EXPORT: _("外贸订单"),
        LoanPurpose.RENEWAL: _("续贷"),
        LoanPurpose.OTHER: _("其他用途"),
    }[LoanPurpose(purpose)]


def end_word(code: str) -> str:
    """Why a need ended."""
    return {
        FINANCED: _("拿到了融资"),
        Refusal.INDUSTRY_POLICY.value: _("行业政策不支持"),
        Refusal.CREDIT_RECORD.value: _("信用记录"),
        Refusal.INSUFFICIENT_DATA.value: _("信息不足"),
        Refusal.FINANCIALS.value: _("财务状况"),
        Refusal.SECURITY.value: _("担保不够"),
        Refusal.PURPOSE.value: _("用途不合适"),
        Refusal.REGION.value: _("地区不合适"),
        Refusal.CAPACITY.value: _("机构额度不够"),
        Refusal.DUPLICATE.value: _("重复的需求"),
        Refusal.ENTERPRISE_WITHDREW.value: _("企业取消"),
        Refusal.OTHER.value: _("其他原因"),
    }[code]


def channel_word(channel: str) -> str:
    """How an adviser spoke with a firm."""
    return {
        Channel.PHONE: _("电话"),
        Channel.VISIT: _("上门"),
        Channel.MESSAGE: _("消息"),
        Channel.NOT_REACHED: _("没有联系上"),
    }[Channel(channel)]


def offered_word(security: str) -> str:
    """A security as the firm offers it; ``credit`` is nothing but its name."""
    return _("只凭信用") if security == "credit" else words.security_word(security)


def recipient_word(state: str) -> str:
    """Where an institution stands on the list of a need."""
    return {
        "proposed": _("顾问建议"), "listed": _("您选定了"), "sent": _("已推送"), "removed": _("已去掉"),
    }[state]  # fmt: skip


def event_words() -> dict[str, tuple[str, str, str]]:
    """Of each event of a need: the class of its line, its icon, its words."""
    return {
        "write": ("", "pencil", _("填写需求")),
        "submit": ("ask", "send", _("提交需求，同意平台用本企业的信息匹配产品")),
        "match": ("", "list-check", _("平台匹配了在售产品")),
        "match_again": ("", "list-check", _("重新匹配")),
        "assign": ("", "user-check", _("融资顾问开始跟进")),
        "take": ("", "user-check", _("融资顾问领取")),
        "hand_over": ("", "users", _("转交给另一位融资顾问")),
        "contact": ("", "message-2", _("顾问联系企业")),
        "override": ("", "scale", _("顾问调整了匹配结果的位置")),
        "propose": ("", "bulb", _("顾问建议一家机构")),
        "list": ("ask", "plus", _("企业选定一家机构")),
        "unlist": ("", "x", _("企业去掉一家机构")),
        "bind": ("give", "shield-check", _("企业把一份授权用于这份需求")),
        "return": ("", "arrow-back-up", _("顾问退回，请企业补充")),
        "dispatch": ("give", "send", _("需求推送给机构")),
        "visit": ("", "message-2", _("顾问回访")),
        "close": ("", "checks", _("办结")),
        "cancel": ("", "x", _("企业取消")),
    }


@dataclass(frozen=True, slots=True)
class Told:
    """One comparison as the list of reasons shows it."""

    state: str
    words: str
    value: str
    fix: str = ""

    def get(self, name: str) -> str:
        """For the component, which asks as of a mapping."""
        return str(getattr(self, name))


def reasons(found: Mapping[str, Json], given: Mapping[str, Json], named: words.Named) -> list[Told]:
    """Every reason of a stored pair: what failed first, then what is not known, then what is satisfied."""
    listed = found["reasons"]
    assert isinstance(listed, list)
    known = _known(given)
    told = [_reason(one, known, named) for one in listed if isinstance(one, dict)]
    order = {"not_met": 0, "unknown": 1, "met": 2}
    return sorted(told, key=lambda one: order[one.state])


def _known(given: Mapping[str, Json]) -> dict[str, Value | Missing]:
    facts, need = given["facts"], given["need"]
    assert isinstance(facts, dict)
    assert isinstance(need, dict)
    security, rate = need["security"], need["rate"]
    assert isinstance(security, list)
    known = parse_facts(facts)
    known["need.amount_fen"] = Decimal(str(need["amount_fen"]))
    known["need.months"] = Decimal(str(need["months"]))
    known["need.purpose"] = str(need["purpose"])
    known["need.security"] = frozenset(str(one) for one in security)
    if rate is not None:
        known["need.rate"] = Decimal(str(rate))
    return known


def _reason(one: dict[str, Json], known: Mapping[str, Value | Missing], named: words.Named) -> Told:
    leaf = parse_condition(one["leaf"])
    assert not isinstance(leaf, AllOf | AnyOf | NotOf)
    field = leaf.field.name
    value = known.get(field, Missing.NOT_TOLD)
    missing = one["missing"]
    shown = "" if isinstance(value, Missing) else value_word(field, value)
    fix = words.missing_word(Missing(str(missing))) if missing else ""
    return Told(
        _MET[int(str(one["outcome"]))], leaf_sentence(leaf, named, turned=bool(one["turned"])), shown, fix
    )


def leaf_sentence(leaf: OneOf | Under | Between, named: words.Named, *, turned: bool = False) -> str:
    """As ``market_words.leaf_sentence``, with amounts in yuan and rates in percent."""
    if not isinstance(leaf, Between) or leaf.field.name not in {
        "need.amount_fen",
        "need.rate",
        "need.months",
    }:
        if leaf.field.name == "need.purpose" and isinstance(leaf, OneOf):
            listed = _("、").join(value_word(leaf.field.name, code) for code in sorted(leaf.codes))
            return (_("用途不能是：{codes}") if turned else _("用途是：{codes}")).format(codes=listed)
        return words.leaf_sentence(leaf, named, turned=turned)
    label = {"need.amount_fen": _("申请金额"), "need.rate": _("能接受的年利率"), "need.months": _("申请期限")}
    low, high = (None if one is None else value_word(leaf.field.name, one) for one in (leaf.low, leaf.high))
    if low is not None and high is not None:
        pattern = _("{field}在 {low} 到 {high} 之间")
    else:
        pattern = _("{field}不低于 {low}") if low is not None else _("{field}不高于 {high}")
    return pattern.format(field=label[leaf.field.name], low=low, high=high)


def value_word(field: str, value: Value) -> str:
    """A value of a field as people write it."""
    if field == "need.security":
        offered = value if isinstance(value, frozenset) else frozenset({str(value)})
        return _("、").join(offered_word(one) for one in sorted(offered - {"credit"})) or offered_word(
            "credit"
        )
    if isinstance(value, frozenset):
        return _("、").join(value_word(field, one) for one in sorted(value)) or _("没有")
    if isinstance(value, str):
        return (
            purpose_word(value)
            if field == "need.purpose" and value in set(LoanPurpose)
            else words.code_word(field, value)
        )
    match field:
        case "need.amount_fen":
            return fmt.money(int(value))
        case "need.rate":
            return fmt.percent(value, digits=2)
        case "need.months" | "firm.age_months":
            return _("{n} 个月").format(n=int(value))
        case _:
            return format(value.normalize(), "f")


def change_sentence(found: Mapping[str, Json], named: words.Named) -> str:
    """最小的改动 of a stored pair in a sentence: empty where it fits already; where nothing would do, it says so."""
    steps = found["change"]
    if found["verdict"] == 2:
        return ""
    if not isinstance(steps, list):
        return _("差的是您改不了的条件，可以看看别的产品。")
    return _("；").join(_step(one, named) for one in steps if isinstance(one, dict))


def _step(step: dict[str, Json], named: words.Named) -> str:
    field = str(step["field"])
    target = _worded(field, step["target"])
    if step["was"] is None:
        return _("{field}现在还不知道，如果是 {target} 就符合").format(
            field=_label(field, named), target=target
        )
    added = _added(step)
    if added:
        pattern = _("再提供 {target}") if field == "need.security" else _("{field}加上 {target}")
        return pattern.format(field=_label(field, named), target=value_word(field, added))
    was = _worded(field, step["was"])
    pattern = {
        int(Effort.WISH): _("把{field}改为 {target}（现在 {was}）"),
        int(Effort.TIME): _("等到{field}满 {target}（现在 {was}）"),
    }.get(int(str(step["effort"])), _("{field}到 {target}（现在 {was}）"))
    return pattern.format(field=_label(field, named), target=target, was=was)


def _added(step: dict[str, Json]) -> frozenset[str]:
    """Of a list of codes only what is new in it; empty for every other field."""
    was, target = (parse_facts({"x": step[name]})["x"] for name in ("was", "target"))
    if not isinstance(was, frozenset) or not isinstance(target, frozenset):
        return frozenset()
    return target - was


def _worded(field: str, data: Json) -> str:
    value = parse_facts({field: data})[field]
    assert not isinstance(value, Missing)
    return value_word(field, value)


def _label(field: str, named: words.Named) -> str:
    own = {"need.amount_fen": _("申请金额"), "need.months": _("申请期限"), "firm.age_months": _("成立时间")}
    return own.get(field) or words.field_word(field, named)
