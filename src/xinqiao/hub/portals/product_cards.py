"""Products in words, for the pages of institutions and of the public supermarket."""

from dataclasses import dataclass
from decimal import Decimal

from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.market.product import ChargeBasis, ProductTerms
from xinqiao.domain.market.product_json import differences
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.market.selectors import terms_of
from xinqiao.hub.runtime import runtime
from xinqiao.ui import format as fmt
from xinqiao.ui import i18n
from xinqiao.ui import market_words as words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import item_name


def named(field: str) -> str:
    """The word of an item or an indicator, for conditions."""
    family, _dot, name = field.partition(".")
    if family == "records":
        return item_name(runtime.catalogue, name)
    line = BY_ID[name]
    return line.en if i18n.language() is i18n.Language.EN else line.zh


def amount_range(terms: ProductTerms) -> str:
    """From the lowest to the highest amount."""
    return _("{low} 至 {high}").format(
        low=fmt.money(terms.amount_fen[0]), high=fmt.money(terms.amount_fen[1])
    )


def months_range(terms: ProductTerms) -> str:
    """From the shortest to the longest term."""
    low, high = terms.months
    return (
        _("{n} 个月").format(n=low) if low == high else _("{low} 至 {high} 个月").format(low=low, high=high)
    )


def rate(value: Decimal) -> str:
    """A yearly rate with two decimals, more where it has more."""
    digits = max(2, -int((value * 100).normalize().as_tuple().exponent))
    return fmt.percent(value, digits=digits)


def rate_range(terms: ProductTerms) -> str:
    """From the lowest to the highest rate."""
    low, high = terms.rate
    return rate(low) if low == high else _("{low} 至 {high}").format(low=rate(low), high=rate(high))


def charge_lines(terms: ProductTerms) -> list[str]:
    """Each charge in a sentence."""
    return [
        words.charge_sentence(
            one.kind,
            one.basis,
            fmt.money(int(one.value)) if one.basis is ChargeBasis.ONCE_FEN else rate(one.value),
        )
        for one in terms.charges
    ]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a product says: its label and its lines."""

    key: str
    label: str
    lines: tuple[str, ...]


def _labels() -> dict[str, str]:
    return {
        "kind": _("类别"), "security": _("担保方式"), "amount": _("金额"), "months": _("贷款期限"), "rate": _("年利率"),
        "methods": _("还款方式"), "day_count": _("计息方式"), "charges": _("利息以外的费用"), "regions": _("地区"),
        "subjects": _("主体类型"), "industries": _("行业"), "sizes": _("企业规模"), "condition": _("其他准入条件"),
        "required_items": _("要用到的信息"), "materials": _("要交的材料"), "sla_days": _("办理时限"), "zones": _("特色专区"),
        "policy_links": _("配套政策"), "valid": _("在售日期"),
    }  # fmt: skip


def told(terms: ProductTerms) -> list[Told]:
    """Everything a version says, in the language in force."""
    everywhere = [_("不限")]
    fees = [*charge_lines(terms), *([terms.fee_note] if terms.fee_note else [])]
    security = words.security_word(terms.security)
    if terms.guarantee_ok and terms.security not in {"credit", "guarantee"}:
        security = _("{security}，也可以由担保机构担保").format(security=security)
    begin = fmt.day(terms.valid_from) if terms.valid_from else _("即日")
    end = fmt.day(terms.valid_to) if terms.valid_to else _("长期")
    lines: dict[str, list[str]] = {
        "kind": [words.kind_word(terms.kind)],
        "zones": [words.zone_word(one) for one in terms.zones],
        "amount": [amount_range(terms)],
        "months": [months_range(terms)],
        "rate": [rate_range(terms)],
        "methods": [words.method_word(one) for one in terms.methods],
        "day_count": [words.day_count_word(terms.day_count)],
        "charges": fees or [_("没有")],
        "security": [security],
        "regions": [words.region_word(one) for one in terms.regions] or everywhere,
        "subjects": [words.subject_word(one) for one in terms.subjects] or everywhere,
        "industries": [words.industry_word(one) for one in terms.industries] or everywhere,
        "sizes": [words.size_word(one) for one in terms.sizes] or everywhere,
        "condition": words.condition_sentences(terms.condition, named) or [_("没有")],
        "required_items": [item_name(runtime.catalogue, one) for one in terms.required_items],
        "materials": [*terms.materials],
        "sla_days": [_("受理后 {n} 个工作日内答复").format(n=terms.sla_days)],
        "policy_links": [*terms.policy_links],
        "valid": [_("{low} 至 {high}").format(low=begin, high=end)]
        if terms.valid_from or terms.valid_to
        else [],
    }
    labels = _labels()
    return [Told(key, labels[key], tuple(said)) for key, said in lines.items() if said]


@dataclass(frozen=True, slots=True)
class Change:
    """A line that two versions say differently."""

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def changes(before: ProductTerms, after: ProductTerms) -> list[Change]:
    """Two versions side by side: only what differs, a new name first."""
    found = [Change(_("名称"), (before.name,), (after.name,))] if before.name != after.name else []
    old = {one.key: one for one in told(before)}
    new = {one.key: one for one in told(after)}
    labels = _labels()
    for key in [*old, *(key for key in new if key not in old)]:
        left, right = old.get(key), new.get(key)
        if (left and left.lines) != (right and right.lines):
            found.append(Change(labels[key], left.lines if left else (), right.lines if right else ()))
    # a difference that rounding hides is a difference all the same
    if not found and differences(before, after):
        found = [
            Change(one.field, (str(one.before),), (str(one.after),)) for one in differences(before, after)
        ]
    return found


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A version as lists show it."""

    id: str
    version_id: str
    name: str
    institution: str
    is_demo: bool
    kind: str
    zones: tuple[str, ...]
    amount: str
    months: str
    rate: str
    charges: int
    security: str

    @classmethod
    def of(cls, row: ProductVersion) -> "ProductCard":
        """A version in words."""
        terms = terms_of(row)
        return cls(
            row.product_id, row.id, row.name, row.product.institution.short_name, row.product.institution.is_demo,
            words.kind_word(terms.kind), tuple(words.zone_word(one) for one in terms.zones), amount_range(terms),
            months_range(terms), rate_range(terms), len(terms.charges), words.security_word(terms.security),
        )  # fmt: skip
