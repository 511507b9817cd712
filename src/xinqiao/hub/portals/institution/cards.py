"""Rows of authorisations and queries as an institution's pages show them. No queries, no rules."""

from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.consent import Reader, VisibleState
from xinqiao.domain.errors import Code
from xinqiao.hub.apps.consents.rows import AccountRow, AuthorisationRow, LedgerRow
from xinqiao.hub.apps.fundflow.figures import LastQuery
from xinqiao.hub.apps.fundflow.selectors import QueryRow
from xinqiao.hub.portals.words import kind_word, nearest_words, product_short, purpose_short, short_name
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _


def products_words(products: frozenset[str] | tuple[str, ...] | list[str]) -> str:
    """Products in a row."""
    return _("、").join(product_short(product) for product in sorted(products))


def reader_words(reader: Reader) -> str:
    """Who can open a product under this authorisation, said truthfully."""
    match reader:
        case Reader.INSTITUTION_KEY:
            return _("只有本机构用自己的密钥能打开，平台只过手，打不开")
        case Reader.HUB_DISPLAY:
            return _("由平台代为显示给本机构，不留存")


def account_words(account: AccountRow) -> str:
    """One account: bank, kind, tail."""
    return f"{short_name(account.node_name)} {kind_word(account.kind)} {fmt.tail(account.masked)}"


@dataclass(frozen=True, slots=True)
class ReqCard:
    """One request or authorisation for a list, the panel and the head of its page."""

    id: str
    number: str
    firm: str
    uscc: str
    state_key: str
    visible: VisibleState
    live: bool
    shown_here: bool
    asks: str
    purpose: str
    business_ref: str
    business_note: str
    note: str
    used: str
    left: int
    changed_at: datetime
    fresh: bool
    last: LastQuery | None

    @classmethod
    def of(cls, row: AuthorisationRow, at: datetime, last: LastQuery | None = None) -> "ReqCard":
        """The card of a row; ``last`` is its latest query."""
        scope = row.granted or row.asked
        moments = [row.requested_at, row.decided_at, row.withdrawn_at, last.asked_at if last else None]
        return cls(
            id=row.id,
            number=row.authorisation_no or row.request_no,
            firm=row.enterprise_name,
            uscc=row.enterprise_uscc,
            state_key=f"authorisation.{row.visible.value}",
            visible=row.visible,
            live=row.live,
            shown_here=row.live and row.reader is Reader.HUB_DISPLAY,
            asks=_("{products} · {months} 个月 · {purpose}").format(
                products=products_words(list(scope.products)),
                months=scope.months_back,
                purpose=purpose_short(row.purpose),
            ),
            purpose=purpose_short(row.purpose),
            business_ref=row.business_ref,
            business_note=row.business_note,
            note=_note(row, at),
            used=f"{row.uses} / {row.granted.max_queries}" if row.granted else "",
            left=row.uses_left,
            changed_at=max(moment for moment in moments if moment is not None),
            fresh=row.live and row.uses == 0,
            last=last,
        )


def _note(row: AuthorisationRow, at: datetime) -> str:
    """What matters about the state: how long it lives, how long it waits, when it ended."""
    match row.visible:
        case VisibleState.REQUESTED:
            return fmt.days_left(row.request_expires_at, now=at)
        case VisibleState.ACTIVE | VisibleState.PARTLY | VisibleState.USED_UP:
            return _("到 {day}").format(day=_day(row.valid_to))
        case VisibleState.EXPIRED:
            return _("{day} 到期").format(day=_day(row.valid_to))
        case VisibleState.WITHDRAWN:
            return _("{day} 撤回").format(day=_day(row.withdrawn_at))
        case VisibleState.REFUSED | VisibleState.LAPSED:
            return _day(row.decided_at or row.request_expires_at)


def _day(at: datetime | None) -> str:
    return fmt.short_day(fmt.shanghai(at).date()) if at else fmt.NOTHING


def queried_account(row: QueryRow) -> str:
    """The account of a query: bank and tail; empty when the query named none of ours."""
    return f"{short_name(row.bank_name)} {fmt.tail(row.account_masked)}" if row.account_masked else ""


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """Why something was not released, as the timeline's macro takes it."""

    words: str
    code: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline of an authorisation, seen from the institution."""

    at: datetime
    kind: str
    icon: str
    sentence: str
    facts: str
    proof: int | None
    record: str = ""
    refusal: RefusalWords | None = None


def code_title(code: str) -> str:
    """What a stable code means, in words; the code itself when this version does not know it."""
    return words(Code(code)).title if code in Code else code


_EVENTS: dict[str, tuple[str, str]] = {
    "request": ("ask", "clock"),
    "confirm": ("give", "circle-check"),
    "append": ("give", "plus"),
    "refuse": ("", "ban"),
    "lapse": ("", "hourglass-off"),
    "withdraw": ("", "arrow-back-up"),
}


def _event_words(event: str) -> str:
    return {
        "request": _("本机构申请授权"),
        "confirm": _("企业同意"),
        "append": _("企业追加了授权"),
        "refuse": _("企业没有同意"),
        "lapse": _("逾期未答，申请作废"),
        "withdraw": _("企业撤回，立即生效"),
    }.get(event, event)


def move_moment(row: LedgerRow) -> Moment:
    """A move of the authorisation."""
    kind, icon = _EVENTS.get(row.event, ("", "history"))
    # Of the firm's people an institution learns nothing beyond that the firm acted.
    facts = row.actor_label if row.actor_kind == "institution" else ""
    return Moment(row.at, kind, icon, _event_words(row.event), facts, row.leaf_index)


def officer_words(row: QueryRow) -> str:
    """Who asked: department and name of one's own people, of another institution's its name and department."""
    if row.operator_name:
        return " ".join(p for p in (row.department, row.operator_name) if p)
    return " ".join(p for p in (row.institution_name, row.department) if p)


def query_moment(row: QueryRow) -> Moment:
    """A use, a refusal or a fault."""
    product, officer = product_short(row.product), officer_words(row)
    account = queried_account(row)
    facts = " · ".join(p for p in (account, _("近 {n} 个月").format(n=row.months), officer) if p)
    match row.state:
        case "released":
            sentence = _("查了{product}").format(product=product)
            return Moment(row.asked_at, "use", "eye-check", sentence, facts, row.leaf_index, row.id)
        case "permitted":
            return Moment(row.asked_at, "ask", "loader-2", _("正在计算"), facts, row.permit_leaf, row.id)
        case _:
            failed = row.state == "failed"
            sentence = _("数源没有正确应答：{product}") if failed else _("没有放行：{product}")
            refusal = RefusalWords(
                f"{code_title(row.code)}{_('。')}", row.code, nearest_words(dict(row.nearest or {}))
            )
            icon = "alert-triangle" if failed else "shield-x"
            return Moment(
                row.asked_at,
                "deny",
                icon,
                sentence.format(product=product),
                facts,
                row.leaf_index,
                row.id,
                refusal,
            )


def timeline(history: list[LedgerRow], queries: list[QueryRow]) -> list[Moment]:
    """Everything that happened with one authorisation, the latest first."""
    moments = [move_moment(row) for row in history] + [query_moment(row) for row in queries]
    return sorted(moments, key=lambda one: one.at, reverse=True)
