"""Policies in words, for the library, the department and the firm: what a version says, an example, reasons, steps."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.market.conditions import Missing, Tri, leaves, parse_condition
from xinqiao.domain.policies.claim import Said, parse_said
from xinqiao.domain.policies.example import Example, worked
from xinqiao.domain.policies.policy import PolicyKind, PolicyTerms
from xinqiao.hub.apps.policies.models import Claim, ClaimStep, FundLine, Hit, PolicyVersion
from xinqiao.hub.apps.policies.selectors import claim_steps, terms_of
from xinqiao.hub.portals.institution.product_form import problem as form_problem
from xinqiao.hub.portals.product_cards import Told, named
from xinqiao.ui import format as fmt
from xinqiao.ui import market_words, policy_words
from xinqiao.ui.i18n import gettext as _


def yuan(fen: int) -> str:
    """An amount to the fen: what somebody is paid is never rounded to 万元."""
    return fmt.money(fen, scale=fmt.Scale.YUAN)


def _between(first: date | None, last: date | None) -> list[str]:
    if first is None and last is None:
        return []
    begin = fmt.day(first) if first else _("发布之日")
    return [_("{low} 至 {high}").format(low=begin, high=fmt.day(last) if last else _("另行通知"))]


def told(terms: PolicyTerms) -> list[Told]:
    """Everything a version says, label by label."""
    lines: list[tuple[str, str, list[str]]] = [
        ("kind", _("类别"), [policy_words.policy_kind_word(terms.kind)]),
        ("document_no", _("文号"), [terms.document_no]),
        ("summary", _("给谁"), [terms.summary]),
        ("formula", _("怎么算"), [policy_words.formula_sentence(terms)]),
        ("caps", _("上限"), _caps(terms)),
        ("loan", _("支持的贷款"), _loan(terms)),
        ("condition", _("条件"), market_words.condition_sentences(terms.admission(), named) or [_("不限")]),
        ("covers", _("支持的期间"), _between(*terms.covers)),
        ("open", _("申请时间"), _between(*terms.open_on)),
        ("mode", _("怎么申请"), [policy_words.mode_word(terms.mode)]),
        ("materials", _("要交的材料"), [*terms.materials]),
        (
            "notice",
            _("公示"),
            [_("{n} 个工作日").format(n=terms.notice_days) if terms.notice_days else _("不公示")],
        ),
        ("fund", _("资金"), [yuan(terms.budget_fen), *_quota(terms)]),
        ("contact", _("问谁"), [terms.contact] if terms.contact else []),
    ]
    return [Told(key, label, tuple(said)) for key, label, said in lines if said]


def _caps(terms: PolicyTerms) -> list[str]:
    found = []
    if terms.claim_cap_fen is not None:
        found.append(_("一次申请最多 {amount}").format(amount=yuan(terms.claim_cap_fen)))
    if terms.firm_cap_fen is not None:
        found.append(_("一户企业最多 {amount}").format(amount=yuan(terms.firm_cap_fen)))
    return found


def _loan(terms: PolicyTerms) -> list[str]:
    found = []
    if terms.loan_fen is not None:
        found.append(_("不超过 {amount}").format(amount=yuan(terms.loan_fen)))
    if terms.loan_rate is not None:
        found.append(_("年利率不高于 {rate}").format(rate=policy_words.rate_word(terms.loan_rate)))
    return found


def _quota(terms: PolicyTerms) -> list[str]:
    return [] if terms.quota is None else [_("{n} 个名额").format(n=terms.quota)]


def example_lines(terms: PolicyTerms, example: Example) -> list[tuple[str, str]]:
    """The example in numbers, in the order in which one computes."""
    said, one = example.said, terms.formula
    lines: list[tuple[str, str]] = []
    if said.stretches:
        lines.append((_("贷款余额"), yuan(said.stretches[0].balance_fen)))
        lines.append((_("天数"), _("{n} 天").format(n=example.days)))
    if terms.kind is PolicyKind.GUARANTEE_FEE:
        lines.append((_("担保年费率"), policy_words.rate_word(said.fee_rate)))
    if terms.kind is PolicyKind.PREMIUM:
        lines.append((_("实际交的保费"), yuan(said.fee_fen)))
    if one.rate is not None:
        lines.append(
            (
                _("贴息率") if terms.kind is PolicyKind.INTEREST_SUBSIDY else _("日费率"),
                policy_words.rate_word(one.rate),
            )
        )
    if one.share is not None:
        lines.append((_("承担比例"), policy_words.rate_word(one.share)))
    if example.paid.bound_by:
        lines.append((_("按公式"), yuan(example.paid.full_fen)))
        lines.append((_("上限"), policy_words.bound_word(example.paid.bound_by)))
    is_loan = terms.kind is PolicyKind.TURNOVER
    lines.append((_("可以借") if is_loan else _("可以得到"), yuan(example.paid.fen)))
    if is_loan:
        lines.append((_("要付的费用"), yuan(example.fee_fen)))
    return lines


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """A version as lists show it."""

    policy_id: str
    version_id: str
    title: str
    department: str
    is_demo: bool
    kind: str
    summary: str
    formula: str
    deadline: date | None
    estimate: str
    left: str
    share: Decimal
    pays_firms: bool

    @classmethod
    def of(cls, row: PolicyVersion, day: date, line: FundLine | None = None) -> "PolicyCard":
        """A version in words; ``line`` its fund."""
        terms = terms_of(row)
        example = worked(terms, day)
        owner = row.policy.department.institution
        return cls(
            row.policy_id, row.id, row.title, owner.short_name, owner.is_demo, policy_words.policy_kind_word(terms.kind),
            terms.summary, policy_words.formula_sentence(terms), terms.open_on[1],
            yuan(example.paid.fen) if example else "", yuan(line.left_fen) if line else "",
            (Decimal(line.total_fen - line.left_fen) / line.total_fen).quantize(Decimal("0.0001")) if line else Decimal(0), terms.pays_firms,
        )  # fmt: skip


def why(reasons: list[Json]) -> list[dict[str, str]]:
    """Stored reasons as the component of explanations takes them."""
    found = []
    for one in reasons:
        assert isinstance(one, dict)
        leaf = next(leaves(parse_condition(one["leaf"])))
        state = {Tri.YES: "met", Tri.NO: "not_met", Tri.UNKNOWN: "unknown"}[Tri(int(str(one["found"])))]
        missing = market_words.missing_word(Missing(str(one["missing"]))) if one["missing"] else ""
        words = market_words.leaf_sentence(leaf, named, turned=one["turned"] is True)
        found.append({"state": state, "words": words, "value": "", "fix": missing})
    return found


def change_sentence(change: list[Json]) -> str:
    """The smallest change in one sentence; empty when nothing has to change."""
    parts = []
    for one in change:
        assert isinstance(one, dict)
        field, target = str(one["field"]), one["target"]
        codes = target if isinstance(target, list) else [target]
        words = _("、").join(market_words.code_word(field, str(code)) for code in codes)
        parts.append(_("{field}：{value}").format(field=market_words.field_word(field, named), value=words))
    return _("；").join(parts)


@dataclass(frozen=True, slots=True)
class HitCard:
    """A policy that is, or may be, for the firm."""

    policy: PolicyCard
    sure: bool
    why: list[dict[str, str]]
    missing: str
    asked: bool

    @classmethod
    def of(cls, row: Hit, day: date, *, asked: bool) -> "HitCard":
        """A stored hit in words."""
        missing = "" if row.verdict == Tri.YES else change_sentence(row.change)
        return cls(PolicyCard.of(row.version, day), row.verdict == Tri.YES, why(row.reasons), missing, asked)


def said_lines(said: Said) -> list[tuple[str, str]]:
    """What an application says, label by label."""
    lines = []
    if said.lender:
        lines += [(_("贷款机构"), said.lender), (_("合同编号"), said.contract_no)]
    if said.principal_fen:
        lines.append((_("合同金额"), yuan(said.principal_fen)))
    if said.annual_rate:
        lines.append((_("年利率"), policy_words.rate_word(said.annual_rate)))
    for one in said.stretches:
        last = one.end - date.resolution
        period = _("{low} 至 {high}，{n} 天").format(low=fmt.day(one.start), high=fmt.day(last), n=one.days)
        lines.append((period, yuan(one.balance_fen)))
    if said.fee_rate:
        lines.append((_("担保年费率"), policy_words.rate_word(said.fee_rate)))
    if said.fee_fen:
        lines.append((_("实际交的保费"), yuan(said.fee_fen)))
    return lines


def claim_story(row: Claim) -> list[tuple[str, str, str, ClaimStep]]:
    """What happened, with its words: class, icon, sentence."""
    said = {
        "apply": ("ask", "send", _("企业申请")),
        "accept": ("", "progress", _("受理")),
        "decline": ("", "circle-x", _("不予受理")),
        "ask": ("ask", "alert-triangle", _("要求补正")),
        "supply": ("", "upload", _("企业补正")),
        "lapse": ("", "clock", _("逾期没有补正，失效")),
        "review": ("give", "circle-check", _("审核通过，预留资金")),
        "refuse": ("", "circle-x", _("审核不通过")),
        "send_back": ("", "arrow-back-up", _("退回审核，释放预留")),
        "publish_notice": ("give", "users", _("资金确认，开始公示")),
        "confirm": ("give", "circle-check", _("资金确认")),
        "object": ("", "circle-x", _("公示异议成立")),
        "clear": ("", "circle-check", _("公示期满")),
        "pay": ("give", "coin-yuan", _("拨付")),
        "part_back": ("", "history", _("退回一部分")),
        "give_back": ("", "history", _("全部退回")),
        "withdraw": ("", "arrow-back-up", _("企业撤回")),
        "feedback": ("", "pencil", _("企业评价")),
    }
    return [(*said[one.event], one) for one in claim_steps(row)]


def said_of(row: Claim) -> Said:
    """What an application says."""
    return parse_said(row.said)


def problem(refused: XinqiaoError) -> str:
    """Why something was not taken, and what to do."""
    return policy_words.said_problem(str(refused.facts.get("reason", ""))) or form_problem(refused)
