"""Needs in words, for the pages of the firm and of its adviser."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.loans.plan import MOST_MONTHS
from xinqiao.domain.market.conditions import Missing, Value
from xinqiao.domain.market.need import ENDS, LoanPurpose, NeedTerms
from xinqiao.domain.market.product import SECURITIES, Zone
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.needs import selectors
from xinqiao.hub.apps.needs.models import MatchRun, Need
from xinqiao.hub.apps.needs.selectors import Placed
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.portals.product_cards import ProductCard, named
from xinqiao.ui import format as fmt
from xinqiao.ui import market_words
from xinqiao.ui import need_words as words
from xinqiao.ui.error_words import words as error_words
from xinqiao.ui.i18n import gettext as _

_PLAIN = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", re.ASCII)
#: Pairs that a page shows with all their reasons; the rest are counted.
SHOWN = 20


# what was typed


def posted_terms(request: HttpRequest) -> dict[str, Json]:
    """The form of a need as data: amounts typed in 万元, the rate in percent. Raises Invalid naming the field."""
    post = request.POST
    return {
        "amount": _yuan(post.get("amount", ""), "amount"),
        "least": _yuan(post.get("least", ""), "least"),
        "months": _months(post.get("months", ""), "months"),
        "least_months": _months(post.get("least_months", ""), "least_months"),
        "purpose": post.get("purpose", ""),
        "security": [*post.getlist("security")],
        "rate": _fraction(post.get("rate", "")),
        "wanted_by": post.get("wanted_by", "").strip() or None,
        "zones": [*post.getlist("zones")],
        "note": post.get("note", ""),
        "contact": post.get("contact", ""),
    }


def _number(text: str, field: str) -> Decimal | None:
    plain = text.strip().replace(",", "")
    if not plain:
        return None
    if not _PLAIN.fullmatch(plain):
        raise Invalid(Code.INVALID, "no number", facts={"field": field, "reason": "NUMBER"})
    return Decimal(plain)


def _yuan(text: str, field: str) -> str | None:
    wan = _number(text, field)
    return None if wan is None else format((wan * 10_000).quantize(Decimal("0.01")), "f")


def _fraction(text: str) -> str | None:
    percent = _number(text, "rate")
    return None if percent is None else format(percent / 100, "f")


def _months(text: str, field: str) -> int | None:
    if not text.strip():
        return None
    number = whole_number(text.strip(), 1, MOST_MONTHS)
    if number is None:
        raise Invalid(Code.INVALID, "no number", facts={"field": field, "reason": "NUMBER"})
    return number


def typed_of(terms: NeedTerms) -> dict[str, object]:
    """What a need says as its form shows it."""
    return {
        "amount": _wan(terms.amount_fen), "least": _wan(terms.least_fen), "months": terms.months or "",
        "least_months": terms.least_months or "", "purpose": terms.purpose, "security": [*terms.security],
        "rate": "" if terms.rate is None else format((terms.rate * 100).normalize(), "f"),
        "wanted_by": terms.wanted_by.isoformat() if terms.wanted_by else "", "zones": [*terms.zones],
        "note": terms.note, "contact": terms.contact,
    }  # fmt: skip


def typed_again(request: HttpRequest) -> dict[str, object]:
    """What somebody typed, to be shown beside what was wrong with it."""
    post, lists = request.POST, {"security", "zones"}
    names = ("amount", "least", "months", "least_months", "purpose", "rate", "wanted_by", "note", "contact")
    return {name: post.get(name, "")[:300] for name in names} | {name: post.getlist(name) for name in lists}


def _wan(fen: int | None) -> str:
    return "" if fen is None else format(Decimal(fen).scaleb(-6).normalize(), "f")


def choices() -> dict[str, list[tuple[str, str]]]:
    """The lists of the form."""
    return {
        "purposes": [("", _("请选择")), *((one.value, words.purpose_word(one)) for one in LoanPurpose)],
        "securities": [(one, words.offered_word(one)) for one in SECURITIES],
        "zones": [(one.value, market_words.zone_word(one)) for one in Zone],
        "ends": [(one, words.end_word(one)) for one in sorted(ENDS)],
    }


def said(error: XinqiaoError) -> tuple[str, str]:
    """Why a form was not taken, and the field it is about."""
    field, reason = str(error.facts.get("field", "")), str(error.facts.get("reason", ""))
    missing = {
        "amount": _("请填需要多少钱。"), "months": _("请填用多久。"), "purpose": _("请选用途。"),
        "security": _("请选能提供的担保，什么都没有就选“只凭信用”。"), "contact": _("请留一个能找到您的联系方式。"),
        "agreed": _("发布前请先同意平台用本企业的信息匹配产品。"),
    }  # fmt: skip
    wrong = {
        "amount": _("请填数字，单位是万元，如 50 或 120.5。"),
        "least": _("至少要多少，不能超过上面的金额。"),
        "months": _("请填 1 到 {n} 的整数。").format(n=MOST_MONTHS),
        "least_months": _("至少用多久，不能超过上面的期限。"),
        "rate": _("请填 0 到 100 的数字，如 4.35。"),
        "wanted_by": _("请填今天或以后的日期。"),
        "reason": _("请写明理由，最多 500 字。"), "text": _("请写明情况，最多 500 字。"),
        "adviser": _("请选另一位融资顾问。"), "code": _("请选结果。"), "stars": _("请选 1 到 5 星。"),
        "note": _("最多 300 字，写成一段。"), "contact": _("最多 60 字。"),
    }  # fmt: skip
    if reason == "MISSING" and field in missing:
        return missing[field], field
    if field in wrong and error.code in {Code.INVALID, Code.AMOUNT_FORMAT, Code.TIME_FORMAT}:
        return wrong[field], field
    if error.code is Code.TOO_MANY_OPEN:
        return _("最多同时 {n} 个，先办结或取消一个。").format(n=error.facts.get("max", "")), ""
    told = error_words(error.code)
    return f"{told.title} {told.step}", ""


# what is shown


@dataclass(frozen=True, slots=True)
class NeedCard:
    """A need as lists show it."""

    id: str
    number: str
    firm: str
    state_key: str
    amount: str
    months: str
    purpose: str
    due: str
    late: bool
    adviser: str
    is_demo: bool

    @classmethod
    def of(cls, need: Need, at: datetime) -> "NeedCard":
        """The words for a need."""
        today, due = business_day(at), need.due_on
        late = due is not None and due < today
        return cls(
            need.id, need.number, need.enterprise.name, f"need.{need.state}",
            _("金额未填") if need.amount_fen is None else fmt.money(need.amount_fen),
            _("期限未填") if need.months is None else _("{n} 个月").format(n=need.months),
            words.purpose_word(need.purpose) if need.purpose else _("用途未填"), _due(due, today), late,
            (need.adviser.display_name or need.adviser.username) if need.adviser else "", need.enterprise.is_demo,
        )  # fmt: skip


def _due(due: date | None, today: date) -> str:
    if due is None:
        return ""
    if due < today:
        return _("已逾期 {n} 天").format(n=(today - due).days)
    return _("最迟 {day}").format(day=fmt.day(due))


def need_facts(terms: NeedTerms) -> list[tuple[str, str]]:
    """What a need says, label and words, only what was said."""
    listed = _("、")
    rows = [
        (_("金额"), "" if terms.amount_fen is None else fmt.money(terms.amount_fen)),
        (_("至少"), "" if terms.least_fen is None else fmt.money(terms.least_fen)),
        (_("期限"), "" if terms.months is None else _("{n} 个月").format(n=terms.months)),
        (_("至少用"), "" if terms.least_months is None else _("{n} 个月").format(n=terms.least_months)),
        (_("用途"), words.purpose_word(terms.purpose) if terms.purpose else ""),
        (
            _("能提供的担保"),
            words.value_word("need.security", frozenset(terms.security)) if terms.security else "",
        ),
        (_("能接受的年利率"), "" if terms.rate is None else fmt.percent(terms.rate, digits=2)),
        (_("最迟什么时候要"), fmt.day(terms.wanted_by) if terms.wanted_by else ""),
        (_("企业称号（自述）"), listed.join(market_words.zone_word(one) for one in terms.zones)),
        (_("说明"), terms.note),
        (_("联系方式"), terms.contact),
    ]
    return [(label, text) for label, text in rows if text]


def profile_facts(facts: dict[str, Value | Missing]) -> list[tuple[str, str]]:
    """What the platform knows about the firm for the form: known values, or why not."""
    names = ("firm.region", "firm.industry", "firm.size", "firm.age_months")
    return [
        (
            market_words.field_word(name, named),
            market_words.missing_word(value) if isinstance(value, Missing) else words.value_word(name, value),
        )
        for name in names
        if (value := facts.get(name)) is not None
    ]


@dataclass(frozen=True, slots=True)
class PairCard:
    """A product beside a need: whether it fits, every reason, what would change a refusal."""

    card: ProductCard
    place: int
    verdict: str
    score: str
    reasons: list[words.Told]
    change: str
    moved: str
    why_moved: str

    @property
    def counts(self) -> tuple[int, int, int]:
        """Reasons satisfied, failed and not known."""
        states = [one.state for one in self.reasons]
        return states.count("met"), states.count("not_met"), states.count("unknown")


def pair_cards(run: MatchRun, placed: list[Placed]) -> list[PairCard]:
    """The pairs of a run in words, in the order in which they are shown."""
    verdicts = {2: "fits", 1: "unknown", 0: "not_fits"}
    return [
        PairCard(
            ProductCard.of(one.pair.product_version), one.pair.place, verdicts[one.pair.verdict],
            f"{Decimal(one.pair.score).scaleb(-3):.1f}", words.reasons(one.pair.found, run.given, named),
            words.change_sentence(one.pair.found, named), one.override.kind if one.override else "",
            one.override.reason if one.override else "",
        )
        for one in placed
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened, as the timeline takes it."""

    cls: str
    icon: str
    at: datetime
    sentence: str
    facts: str
    leaf: int


def story(need: Need) -> list[StoryLine]:
    """What happened, oldest first."""
    told, lines = words.event_words(), []
    who = {"enterprise": _("企业"), "operator": _("融资顾问"), "system": _("平台")}
    for one in selectors.steps(need):
        cls, icon, sentence = told[one.event]
        by = who.get(one.actor_kind, "") + (f" {one.actor_label}" if one.actor_kind == "enterprise" else "")
        end = words.end_word(one.code) if one.event in {"close", "cancel"} else ""
        facts = " · ".join(part for part in (end, one.text, by) if part)
        lines.append(StoryLine(cls, icon, one.at, sentence, facts, one.leaf_index))
    return lines
