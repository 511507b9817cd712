"""The reason of a size in one sentence, Chinese and English, with the clause it rests on."""

from dataclasses import dataclass
from decimal import Decimal

from xinqiao.domain.msme.decide import Rank, Sizing, Unsized
from xinqiao.domain.msme.rule import CLASSES, Group, Indicator, SizeClass

CLASS_WORDS = {
    SizeClass.LARGE: ("大型", "large"),
    SizeClass.MEDIUM: ("中型", "medium"),
    SizeClass.SMALL: ("小型", "small"),
    SizeClass.MICRO: ("微型", "micro"),
    SizeClass.UNCLASSIFIED: ("不在划分范围", "not covered"),
    SizeClass.UNKNOWN: ("还不能确定", "not known yet"),
}
INDICATOR_WORDS = {
    Indicator.EMPLOYEES: ("从业人员", "employees"),
    Indicator.REVENUE: ("营业收入", "revenue"),
    Indicator.TOTAL_ASSETS: ("资产总额", "total assets"),
}
_WHY = {
    Unsized.BAD_INDUSTRY: ("行业代码不在《国民经济行业分类》里", "the industry is not a code of GB/T 4754"),
    Unsized.TOO_COARSE: (
        "行业代码不够细，分不出适用哪一组标准",
        "the industry code stops before the table divides",
    ),
    Unsized.OUT_OF_SCOPE: ("这个行业不在划分办法的范围里", "the rule does not cover this industry"),
    Unsized.NO_FIGURES: ("一项指标都没有", "none of the figures is known"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """The reason in both languages, and the clause."""

    zh: str
    en: str
    clause_zh: str
    clause_en: str


def plain(value: Decimal) -> str:
    """Digits without exponent and trailing noughts, in groups of three."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def explain(sizing: Sizing) -> Sentence:
    """Why this size."""
    clause_zh = f"《{sizing.rule.title}》（{sizing.rule.document_no}）"
    clause_en = f"{sizing.rule.document_no} ({sizing.rule.version})"
    if sizing.group is not None:
        clause_zh += f"第 {sizing.group.no} 行 {sizing.group.label}"
        clause_en += f", row {sizing.group.no} {sizing.group.label_en}"
    zh, en = _reason(sizing)
    en = en[0].upper() + en[1:]
    if sizing.by_reference:
        zh, en = (
            zh + "个体工商户参照本办法划分。",
            en + " An individual business is classified by reference to the rule.",
        )
    return Sentence(zh, en, clause_zh, clause_en)


def _reason(sizing: Sizing) -> tuple[str, str]:
    if sizing.why is not None and sizing.why is not Unsized.NO_FIGURES:
        zh, en = _WHY[sizing.why]
        return f"{zh}。", f"{en}."
    assert sizing.group is not None
    parts = [_part(rank, sizing.group) for rank in sizing.ranks if rank.size is not None]
    zh, en = "；".join(one for one, _ in parts), "; ".join(one for _, one in parts)
    if not parts:
        zh, en = _WHY[Unsized.NO_FIGURES]
    if sizing.deciding:
        more_zh, more_en = _open(sizing)
        return f"{zh}。{more_zh}", f"{en}. {more_en}"
    size_zh, size_en = CLASS_WORDS[sizing.size]
    if sizing.missing:
        return (
            f"{zh}，其余指标不会改变结果：{size_zh}。",
            f"{en}; the other figure cannot change it: {size_en}.",
        )
    if len(parts) == 1:
        return f"{zh}，所以是{size_zh}。", f"{en}, so it is {size_en}."
    return f"{zh}；取最低的一档，所以是{size_zh}。", f"{en}; the lowest counts, so it is {size_en}."


def _part(rank: Rank, group: Group) -> tuple[str, str]:
    assert rank.value is not None
    assert rank.size is not None
    name_zh, name_en = INDICATOR_WORDS[rank.indicator]
    bounds = next(one for one in group.thresholds if one.indicator is rank.indicator)
    unit_zh, unit_en = ("万元", " × 10,000 yuan") if rank.indicator.is_money else ("人", "")
    size_zh, size_en = CLASS_WORDS[rank.size]
    low = rank.size is SizeClass.MICRO
    bound = plain(bounds.bound(SizeClass.SMALL if low else rank.size))
    value = plain(rank.value)
    zh = f"{name_zh} {value} {unit_zh}，{'不到' if low else '达到'} {bound} {unit_zh}，为{size_zh}"
    en = f"{name_en} {value}{unit_en}, {'below' if low else 'at least'} {bound}{unit_en}: {size_en}"
    return zh, en


def _open(sizing: Sizing) -> tuple[str, str]:
    names_zh = "、".join(INDICATOR_WORDS[one][0] for one in sizing.deciding)
    names_en = " and ".join(INDICATOR_WORDS[one][1] for one in sizing.deciding)
    low_zh, low_en = CLASS_WORDS[CLASSES[0]]
    high_zh, high_en = CLASS_WORDS[sizing.possible[-1]]
    return (
        f"还缺{names_zh}：可能是{low_zh}到{high_zh}，补上才能定。",
        f"Missing: {names_en}. Anything from {low_en} to {high_en} is possible until it is known.",
    )
