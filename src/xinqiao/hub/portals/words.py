"""Words several portals use for the same things: purposes, products, kinds of accounts, short names. No queries."""

from collections.abc import Mapping

from xinqiao.domain.consent import Product, Purpose
from xinqiao.ui.i18n import gettext as _


def purpose_short(purpose: str) -> str:
    """The purpose in a few words, for lists."""
    return {
        Purpose.LOAN_APPLICATION: _("贷前审查"),
        Purpose.CREDIT_REVIEW: _("授信审批"),
        Purpose.POST_LOAN: _("贷后管理"),
        Purpose.GUARANTEE_REVIEW: _("担保资格审查"),
        Purpose.OTHER_AGREED: _("双方约定的其他用途"),
    }[Purpose(purpose)]


def product_short(product: str) -> str:
    """The product in a few words."""
    return _("资金流报告") if Product(product) is Product.REPORT else _("明细汇总")


def kind_word(kind: str) -> str:
    """The kind of an account."""
    return {"basic": _("基本户"), "general": _("一般户"), "payment": _("支付账户")}[kind]


def short_name(name: str) -> str:
    """A name without its legal form, for lists; the full name stands where something is signed."""
    for form in ("股份有限公司", "有限责任公司", "有限公司"):
        name = name.removesuffix(form)
    return name


def nearest_words(nearest: Mapping[str, object] | None) -> str:
    """The nearest request that would be allowed, in words; empty when there is none."""
    if not nearest:
        return ""
    months, product = nearest.get("months"), nearest.get("product")
    parts = [product_short(str(product))] if product else []
    parts += [_("最近 {n} 个月").format(n=months)] if months else []
    return " · ".join(parts)
