"""What the workbench says: words for codes, the sentence of a nearest request, one line for a row. No queries."""

from datetime import datetime

from xinqiao.client.item_results import ItemAuthorisationSummary
from xinqiao.client.problems import NearestRequest
from xinqiao.client.results import Authorisation, AuthorisationSummary, GrantedAccount
from xinqiao.domain.consent import Product, Purpose, VisibleState
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import N_, ngettext
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.words import purpose_word

LIVE = (VisibleState.ACTIVE, VisibleState.PARTLY)
_PRODUCTS = {Product.REPORT: N_("资金流报告"), Product.SUMMARY: N_("明细汇总")}


def product_word(product: str) -> str:
    """A product's name; an unknown one as it is."""
    return _(_PRODUCTS[Product(product)]) if product in set(Product) else product


def products_words(products: list[Product]) -> str:
    """Several products."""
    return _("、").join(product_word(product) for product in products)


def purposes() -> list[tuple[str, str]]:
    """Every purpose with its word, for a select."""
    return [(str(purpose), purpose_word(str(purpose))) for purpose in Purpose]


def account_words(account: GrantedAccount) -> str:
    """Bank and tail of an account."""
    return f"{account.bank_name} {fmt.tail(account.masked)}".strip()


def nearest_words(nearest: NearestRequest, accounts: list[GrantedAccount]) -> str:
    """The nearest allowed request in one line."""
    found = next((one for one in accounts if one.link == nearest.account), None)
    parts = [
        account_words(found) if found else nearest.account,
        product_word(nearest.product),
        _("近 {n} 个月").format(n=nearest.months),
        purpose_word(nearest.purpose) if nearest.purpose else "",
    ]
    return " · ".join(part for part in parts if part)


def row_note(row: AuthorisationSummary | ItemAuthorisationSummary, now: datetime) -> str:
    """What one needs to know about a row: what is left, or nothing."""
    if row.state is VisibleState.REQUESTED:
        return fmt.days_left(row.request_expires_at, now=now)
    if row.state in LIVE:
        return ngettext("已查 {n} 次", "已查 {n} 次", row.uses).format(n=row.uses)
    return ""


def asked_words(found: Authorisation) -> str:
    """What was asked for, in one line."""
    asked = found.requested
    return " · ".join(
        (
            products_words(asked.datatypes),
            _("近 {n} 个月").format(n=asked.months),
            _("{n} 天内有效").format(n=asked.valid_days),
            _("最多 {n} 次").format(n=asked.max_queries),
            _("含余额") if asked.include_balance else _("不含余额"),
        )
    )
