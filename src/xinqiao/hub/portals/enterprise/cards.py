"""Rows of accounts and authorisations as a page shows them: words, states, deadlines. No queries, no rules."""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.consent import Product, Purpose
from xinqiao.hub.apps.consents import selectors
from xinqiao.ui import format as fmt
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
    """A bank's name without its legal form, for lists; the full name stands where something is signed."""
    for form in ("股份有限公司", "有限责任公司", "有限公司"):
        name = name.removesuffix(form)
    return name


@dataclass(frozen=True, slots=True)
class AccountCard:
    """One bound account, or one on its way."""

    id: str
    bank: str
    letter: str
    facts: str
    tail: str
    state: str
    state_key: str
    bound: bool
    waiting: bool
    reason: str
    opened: str

    @classmethod
    def of(cls, row: selectors.BindingRow) -> "AccountCard":
        """The card of a row."""
        name = short_name(row.node_name)
        tail = fmt.tail(row.masked)
        return cls(
            id=row.id,
            bank=name,
            letter=name[:1],
            facts=_("{kind}，尾号 {tail}").format(kind=kind_word(row.kind), tail=tail),
            tail=tail,
            state=row.state,
            state_key=f"binding.{row.state}",
            bound=row.state == "bound",
            waiting=row.state in ("agreement_presented", "agreement_signed"),
            reason=row.reason,
            opened=fmt.month(row.opened_on) if row.opened_on else "",
        )


@dataclass(frozen=True, slots=True)
class AuthCard:
    """One request or authorisation for a list."""

    id: str
    number: str
    institution: str
    letter: str
    department: str
    officer: str
    state_key: str
    live: bool
    open: bool
    left: str
    asks: str
    purpose: str
    used: int
    max_queries: int
    valid_to: datetime | None
    at: datetime
    partly: bool

    @classmethod
    def of(cls, row: selectors.AuthorisationRow, at: datetime) -> "AuthCard":
        """The card of a row."""
        granted = row.granted or row.asked
        products = _("、").join(product_short(p) for p in sorted(granted.products))
        asks = _("{products} · {months} 个月 · {purpose}").format(
            products=products, months=granted.months_back, purpose=purpose_short(granted.purpose)
        )
        return cls(
            id=row.id,
            number=row.authorisation_no or row.request_no,
            institution=short_name(row.institution_name),
            letter=short_name(row.institution_name)[:1],
            department=row.operator_department,
            officer=row.operator_name,
            state_key=f"authorisation.{row.visible.value}",
            live=row.visible.value in ("active", "partly"),
            open=row.visible.value == "requested",
            left=fmt.days_left(row.request_expires_at, now=at) if row.visible.value == "requested" else "",
            asks=asks,
            purpose=purpose_short(granted.purpose),
            used=row.uses,
            max_queries=granted.max_queries,
            valid_to=row.valid_to,
            at=row.requested_at,
            partly=row.partly,
        )
