"""Rows of accounts and authorisations as a page shows them: words, states, deadlines. No queries, no rules."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from xinqiao.domain.consent import VisibleState
from xinqiao.domain.errors import Code
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.consents import desk, selectors
from xinqiao.hub.apps.consents.rows import LIVE, SUPPLYING
from xinqiao.hub.apps.items import selectors as items
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.portals.item_words import item_names
from xinqiao.hub.portals.words import kind_word, product_short, purpose_short, short_name
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _

__all__ = ["AccountCard", "AuthCard", "kind_word", "product_short", "purpose_short", "short_name"]


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
    supplies: bool
    waiting: bool
    over: bool
    reason: str
    opened: str

    @classmethod
    def of(cls, row: selectors.BindingRow) -> "AccountCard":
        """The card of a row."""
        name = short_name(row.node_name)
        tail = fmt.tail(row.masked) if row.masked else ""  # a refused account keeps no number
        kind = kind_word(row.kind)
        facts = [_("{kind}，{tail}").format(kind=kind, tail=tail) if tail else kind]
        if row.state == "rejected":
            facts.append(words(Code(row.reason)).title)
        return cls(
            id=row.id,
            bank=name,
            letter=name[:1],
            facts=" · ".join(facts),
            tail=tail,
            state=row.state,
            state_key=f"binding.{row.state}",
            bound=row.state == "bound",
            supplies=row.state in SUPPLYING,
            waiting=row.state in ("agreement_presented", "agreement_signed"),
            over=row.state in ("rejected", "unbound"),
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
    until: str
    at: datetime
    partly: bool
    href: str
    withdraw_href: str

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
            live=row.live,
            open=row.visible is VisibleState.REQUESTED,
            left=fmt.days_left(row.request_expires_at, now=at)
            if row.visible is VisibleState.REQUESTED
            else "",
            asks=asks,
            purpose=purpose_short(granted.purpose),
            used=row.uses,
            max_queries=granted.max_queries,
            valid_to=row.valid_to,
            until=fmt.day(fmt.shanghai(row.valid_to).date()) if row.valid_to else "",
            at=row.requested_at,
            partly=row.partly,
            href=reverse("enterprise:consent", args=[row.id]),
            withdraw_href=reverse("enterprise:consent_withdraw", args=[row.id]),
        )

    @classmethod
    def of_items(cls, row: ItemAuthorisationRow, at: datetime) -> "AuthCard":
        """The card of an authorisation of items."""
        scope = row.granted or row.asked
        open_ = row.visible is VisibleState.REQUESTED
        return cls(
            id=row.id,
            number=row.authorisation_no or row.request_no,
            institution=short_name(row.institution_name),
            letter=short_name(row.institution_name)[:1],
            department=row.operator_department,
            officer=row.operator_name,
            state_key=f"authorisation.{row.visible.value}",
            live=row.live,
            open=open_,
            left=fmt.days_left(row.request_expires_at, now=at) if open_ else "",
            asks=f"{item_names(scope)} · {purpose_short(row.purpose)}",
            purpose=purpose_short(row.purpose),
            used=row.uses,
            max_queries=scope.max_queries,
            valid_to=row.valid_to,
            until=fmt.day(fmt.shanghai(row.valid_to).date()) if row.valid_to else "",
            at=row.requested_at,
            partly=row.partly,
            href=reverse("enterprise:item", args=[row.id]),
            withdraw_href=reverse("enterprise:item_withdraw", args=[row.id]),
        )


def waiting_cards(actor: EnterpriseActor, at: datetime) -> list[AuthCard]:
    """What waits for the subject's answer, of products and of items, the most urgent first."""
    found = [(row.request_expires_at, AuthCard.of(row, at)) for row in selectors.inbox(actor, at=at)]
    asked = items.authorisations(actor, at=at, state=VisibleState.REQUESTED)
    found += [(row.request_expires_at, AuthCard.of_items(row, at)) for row in asked]
    return [card for _until, card in sorted(found, key=lambda pair: pair[0])]


def live_cards(actor: EnterpriseActor, at: datetime) -> list[AuthCard]:
    """What can be used, newest first. What a subject cannot see it cannot withdraw, so there is no limit."""
    found = [AuthCard.of(row, at) for row in desk.live(actor, at=at)]
    for state in LIVE:
        found += [
            AuthCard.of_items(row, at)
            for row in items.authorisations(actor, at=at, state=state, limit=10_000)
        ]
    return sorted(found, key=lambda card: card.at, reverse=True)
