"""Words of products and of admission conditions: every field and every comparison of them is said here and nowhere else.

What is named in a catalogue (items, indicators) the caller names: ``named`` gives the word of ``records.X`` and
``fundflow.X``. Everything is in the language in force.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.identifiers.gb2260 import province_name
from xinqiao.domain.identifiers.gb4754 import DIVISIONS, SECTIONS
from xinqiao.domain.loans.plan import DayCount, Method
from xinqiao.domain.market.conditions import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Leaf,
    Missing,
    NotOf,
    OneOf,
    Under,
)
from xinqiao.domain.market.product import ChargeBasis, ChargeKind, ProductKind, Zone
from xinqiao.domain.msme.words import CLASS_WORDS
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _

type Named = Callable[[str], str]


def kind_word(kind: str) -> str:
    """The class of a product."""
    return {
        ProductKind.CREDIT: _("信用贷款"),
        ProductKind.MORTGAGE: _("抵押贷款"),
        ProductKind.PLEDGE: _("质押贷款"),
        ProductKind.GUARANTEE: _("担保贷款"),
        ProductKind.RECEIVABLE: _("应收账款融资"),
        ProductKind.IP_PLEDGE: _("知识产权质押贷款"),
        ProductKind.AGRI: _("涉农贷款"),
        ProductKind.TECH: _("科技贷款"),
        ProductKind.GREEN: _("绿色贷款"),
        ProductKind.OTHER: _("其他产品"),
    }[ProductKind(kind)]


def security_word(security: str) -> str:
    """What a product asks for as security."""
    return {
        "credit": _("不要抵押担保"),
        "mortgage": _("抵押"),
        "pledge": _("质押"),
        "guarantee": _("保证担保"),
        "receivable": _("应收账款"),
        "ip_pledge": _("知识产权质押"),
    }[security]


def zone_word(zone: str) -> str:
    """A special zone, which is also the name of a firm's title where it has one."""
    return {
        Zone.SPECIALISED: _("专精特新"),
        Zone.GREEN: _("绿色"),
        Zone.AGRI: _("三农"),
        Zone.FIRST_LOAN: _("首贷"),
        Zone.PROCUREMENT: _("政采"),
    }[Zone(zone)]


def method_word(method: str) -> str:
    """How a loan is paid back."""
    return {
        Method.EQUAL_INSTALMENTS: _("等额本息"),
        Method.EQUAL_PRINCIPAL: _("等额本金"),
        Method.INTEREST_FIRST: _("先息后本"),
        Method.BULLET: _("一次性还本付息"),
    }[Method(method)]


def day_count_word(day_count: str) -> str:
    """How interest is counted."""
    return {
        DayCount.MONTHLY: _("按月计息，一月算十二分之一年"),
        DayCount.ACT_360: _("按实际天数计息，一年算 360 天"),
        DayCount.ACT_365: _("按实际天数计息，一年算 365 天"),
    }[DayCount(day_count)]


def charge_word(kind: str) -> str:
    """A payment beside interest."""
    return {
        ChargeKind.GUARANTEE: _("担保费"),
        ChargeKind.INSURANCE: _("保险费"),
        ChargeKind.ASSESSMENT: _("评估费"),
        ChargeKind.REGISTRATION: _("登记费"),
        ChargeKind.OTHER: _("其他费用"),
    }[ChargeKind(kind)]


def basis_word(basis: str) -> str:
    """How a charge is counted."""
    return {
        ChargeBasis.ONCE_RATE: _("放款时一次，按贷款金额的比例（%）"),
        ChargeBasis.ONCE_FEN: _("放款时一次，固定金额（元）"),
        ChargeBasis.YEARLY_RATE: _("每年预收，按贷款金额的比例（%）"),
    }[ChargeBasis(basis)]


def charge_sentence(kind: str, basis: str, value: str) -> str:
    """One charge; ``value`` is written with its unit."""
    pattern = {
        ChargeBasis.ONCE_RATE: _("{charge}：放款时收一次，贷款金额的 {value}"),
        ChargeBasis.ONCE_FEN: _("{charge}：放款时收一次，{value}"),
        ChargeBasis.YEARLY_RATE: _("{charge}：每年预收，贷款金额的 {value}"),
    }[ChargeBasis(basis)]
    return pattern.format(charge=charge_word(kind), value=value)


def subject_word(subject: str) -> str:
    """A kind of firm."""
    return {
        SubjectType.ENTERPRISE: _("企业"),
        SubjectType.INDIVIDUAL_BUSINESS: _("个体工商户"),
        SubjectType.FARMERS_COOPERATIVE: _("农民专业合作社"),
        SubjectType.RURAL_COLLECTIVE: _("农村集体经济组织"),
        SubjectType.PRIVATE_NON_ENTERPRISE: _("民办非企业单位"),
        SubjectType.STATE_ORGAN: _("机关"),
        SubjectType.PUBLIC_INSTITUTION: _("事业单位"),
        SubjectType.OTHER: _("其他组织"),
    }[SubjectType(subject)]


def size_word(size: str) -> str:
    """A class of size."""
    place = _place()
    return {str(one.value): words[place] for one, words in CLASS_WORDS.items() if one is not None}.get(
        size, size
    )


def region_word(code: str) -> str:
    """A division by the beginning of its code: the province by name, what is inside it by code."""
    province = province_name(code[:2] + "0000")
    if province is None or language() is Language.EN:
        return code
    return province if len(code) == 2 else f"{province} {code}"


def industry_word(code: str) -> str:
    """A branch of GB/T 4754."""
    if len(code) == 1:
        return f"{code} {SECTIONS[code][_place()]}"
    known = DIVISIONS.get(code[1:3])
    return code if known is None or _place() else f"{code} {known[1]}"


def _place() -> int:
    return 1 if language() is Language.EN else 0


# conditions


def field_word(name: str, named: Named) -> str:
    """What a condition speaks of."""
    words = {
        "need.amount_fen": _("申请金额（分）"),
        "need.months": _("申请期限（月）"),
        "need.rate": _("能接受的年利率"),
        "need.purpose": _("贷款用途"),
        "need.security": _("能提供的担保"),
        "firm.region": _("注册地"),
        "firm.subject_type": _("主体类型"),
        "firm.industry": _("行业"),
        "firm.size": _("企业规模"),
        "firm.age_months": _("成立的月数"),
        "firm.tax_grade": _("纳税信用级别"),
        "firm.tags": _("企业称号"),
        "firm.first_loan": _("首贷户（没有过银行贷款）"),
    }
    if name in words:
        return words[name]
    if name.startswith("records."):
        return _("“{item}”的记录条数").format(item=named(name))
    return _("资金流指标“{indicator}”").format(indicator=named(name))


def code_word(field: str, code: str) -> str:
    """A code of a field."""
    match field:
        case "firm.region":
            return region_word(code)
        case "firm.industry":
            return industry_word(code)
        case "firm.size":
            return size_word(code)
        case "firm.subject_type":
            return subject_word(code)
        case "firm.tags":
            return zone_word(code) if code in set(Zone) else code
        case "firm.first_loan":
            return _("是") if code == "yes" else _("否")
        case "need.security":
            return security_word(code)
        case _:
            return code


def leaf_sentence(leaf: Leaf, named: Named, *, turned: bool = False) -> str:
    """One comparison in words; ``turned`` under a "not"."""
    field = field_word(leaf.field.name, named)
    match leaf:
        case OneOf(_field, codes):
            ordered = sorted(codes, key=_order(leaf.field.codes))
            listed = _list(code_word(leaf.field.name, code) for code in ordered)
            pattern = _("{field}不能是：{codes}") if turned else _("{field}是：{codes}")
            return pattern.format(field=field, codes=listed)
        case Under(_field, branches):
            listed = _list(code_word(leaf.field.name, code) for code in branches)
            pattern = _("{field}不属于：{codes}") if turned else _("{field}属于：{codes}")
            return pattern.format(field=field, codes=listed)
        case Between(_field, low, high):
            return _between(field, low, high, turned=turned)


def _between(field: str, low: Decimal | None, high: Decimal | None, *, turned: bool) -> str:
    if low is not None and high is not None:
        pattern = _("{field}不在 {low} 到 {high} 之间") if turned else _("{field}在 {low} 到 {high} 之间")
    elif low is not None:
        pattern = _("{field}低于 {low}") if turned else _("{field}不低于 {low}")
    else:
        pattern = _("{field}高于 {high}") if turned else _("{field}不高于 {high}")
    return pattern.format(field=field, low=_plain(low), high=_plain(high))


def condition_sentences(condition: Condition, named: Named) -> list[str]:
    """A whole condition, one sentence for each thing that must hold."""
    if isinstance(condition, AllOf):
        return [one for part in condition.parts for one in condition_sentences(part, named)]
    return [_sentence(condition, named)]


def _sentence(condition: Condition, named: Named) -> str:
    match condition:
        case AllOf(parts):
            return _("（{parts}）").format(parts=_(" 并且 ").join(_sentence(part, named) for part in parts))
        case AnyOf(parts):
            said = _("；或者").join(_sentence(part, named) for part in parts)
            return _("满足其中一条：{parts}").format(parts=said)
        case NotOf(part):
            if isinstance(part, OneOf | Under | Between):
                return leaf_sentence(part, named, turned=True)
            return _("不能是：{part}").format(part=_sentence(part, named))
        case _:
            return leaf_sentence(condition, named)


def missing_word(missing: Missing) -> str:
    """Why a figure is not known, and what makes it known."""
    return {
        Missing.NOT_AUTHORISED: _("还没有授权，授权以后就知道"),
        Missing.NOT_COLLECTED: _("数源还没有报送"),
        Missing.NOT_TOLD: _("还没有填写"),
        Missing.NO_FIGURE: _("数据不够，算不出这个数"),
    }[missing]


def _list(words: Iterable[str]) -> str:
    return _("、").join(words)


def _order(codes: tuple[str, ...]) -> Callable[[str], tuple[int, str]]:
    return lambda code: (codes.index(code) if code in codes else len(codes), code)


def _plain(number: Decimal | None) -> str:
    return "" if number is None else format(number, "f")
