"""Rows of item authorisations and item queries as an institution's pages show them. No queries, no rules."""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.consent import VisibleState
from xinqiao.domain.items import ItemScope
from xinqiao.hub.apps.consents.rows import LedgerRow
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.apps.items.selectors import ItemAuthorisationRow
from xinqiao.hub.portals.institution.cards import Moment, RefusalWords, code_title, move_moment
from xinqiao.hub.portals.item_words import (
    field_labels,
    item_name,
    item_names,
    kind_words,
    nearest_item_words,
    outcome_words,
)
from xinqiao.hub.portals.words import purpose_short
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class ItemCard:
    """One request or authorisation of items for a list and the head of its page."""

    id: str
    number: str
    firm: str
    uscc: str
    state_key: str
    visible: VisibleState
    live: bool
    asks: str
    purpose: str
    business_ref: str
    note: str
    used: str
    left: int
    requested_at: datetime

    @classmethod
    def of(cls, row: ItemAuthorisationRow, at: datetime) -> "ItemCard":
        """The card of a row."""
        waiting = row.visible is VisibleState.REQUESTED
        return cls(
            id=row.id,
            number=row.authorisation_no or row.request_no,
            firm=row.enterprise_name,
            uscc=row.enterprise_uscc,
            state_key=f"authorisation.{row.visible.value}",
            visible=row.visible,
            live=row.live,
            asks=item_names(row.granted or row.asked),
            purpose=purpose_short(row.purpose),
            business_ref=row.business_ref,
            note=fmt.days_left(row.request_expires_at, now=at)
            if waiting
            else _("到 {day}").format(day=fmt.short_day(fmt.shanghai(row.valid_to).date()))
            if row.live and row.valid_to
            else "",
            used=f"{row.uses} / {row.max_queries}" if row.granted else "",
            left=row.uses_left,
            requested_at=row.requested_at,
        )


@dataclass(frozen=True, slots=True)
class AskedPart:
    """One item or claim: what was asked of it, and what was given (``None`` before there is an answer)."""

    name: str
    kind: str
    asked: str
    given: str | None


def parts_of(asked: ItemScope, granted: ItemScope | None) -> list[AskedPart]:
    """Everything that was asked for, with what became of it."""
    found = []
    for grant in sorted(asked.grants, key=lambda one: one.item):
        given = None if granted is None else _labels(grant.item, granted.fields_of(grant.item))
        terms = all_terms().get(grant.item)
        kind = kind_words(terms.kind) if terms else ""
        found.append(AskedPart(item_name(grant.item), kind, _labels(grant.item, grant.fields), given))
    for claim in sorted(asked.claims, key=lambda one: (one.item, one.digest)):
        labels = f"{_labels(claim.item, claim.fields)} [{claim.digest[:12]}]"
        said = None if granted is None else _("同意核验") if claim in granted.claims else ""
        found.append(AskedPart(item_name(claim.item), kind_words("verification"), labels, said))
    return found


def _labels(item: str, names: frozenset[str]) -> str:
    return _("、").join(field_labels(item, names))


def query_moment(row: ItemQuery) -> Moment:
    """A call or verification in the timeline of its authorisation."""
    name = item_name(row.item)
    officer = " ".join(p for p in (row.operator_department, row.operator_name) if p)
    facts = " · ".join(
        p for p in (kind_words(row.kind), outcome_words(row) if row.result else "", officer) if p
    )
    match row.state:
        case "released":
            sentence = _("查了{product}").format(product=name)
            return Moment(row.asked_at, "use", "eye-check", sentence, facts, row.end_leaf, row.id)
        case "permitted":
            return Moment(row.asked_at, "ask", "loader-2", _("正在计算"), facts, row.permit_leaf, row.id)
        case _:
            failed = row.state == "failed"
            sentence = _("数源没有正确应答：{product}") if failed else _("没有放行：{product}")
            refusal = RefusalWords(
                f"{code_title(row.code)}{_('。')}", row.code, nearest_item_words(row.nearest)
            )
            icon = "alert-triangle" if failed else "shield-x"
            return Moment(
                row.asked_at,
                "deny",
                icon,
                sentence.format(product=name),
                facts,
                row.end_leaf,
                row.id,
                refusal,
            )


def timeline(history: list[LedgerRow], queries: list[ItemQuery]) -> list[Moment]:
    """Everything that happened with one authorisation of items, the latest first."""
    moments = [move_moment(row) for row in history] + [query_moment(row) for row in queries]
    return sorted(moments, key=lambda one: one.at, reverse=True)
