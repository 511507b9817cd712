"""Cases in words, for the pages of the firm, of its institution and of the platform."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse

from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.cases import selectors
from xinqiao.hub.apps.cases.files import case_file
from xinqiao.hub.apps.cases.selectors import CaseRow
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.product_cards import rate
from xinqiao.ui import case_words as words
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words as error_words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.need_words import purpose_word


@dataclass(frozen=True, slots=True)
class CaseCard:
    """A case as a list shows it."""

    row: CaseRow
    state_key: str
    asked: str
    granted: str
    due: str
    late: bool
    refusal: str
    purpose: str

    @classmethod
    def of(cls, row: CaseRow) -> "CaseCard":
        """The words for a row."""
        refusal = words.refusal_word(row.refusal) if row.refusal else ""
        return cls(
            row, f"case.{row.state}", _offer(row.amount_fen, row.months), _granted(row), due_word(row),
            row.late_days > 0, refusal, purpose_word(row.purpose) if row.purpose else "",
        )  # fmt: skip


def _offer(amount_fen: int, months: int) -> str:
    return _("{amount} · {n} 个月").format(amount=fmt.money(amount_fen), n=months)


def _granted(row: CaseRow) -> str:
    if row.approved_fen is None or row.approved_rate is None:
        return ""
    return _("{offer} · 年利率 {rate}").format(
        offer=_offer(row.approved_fen, row.approved_months or 0), rate=rate(row.approved_rate)
    )


def due_word(row: CaseRow) -> str:
    """By when somebody must act; empty where no clock runs."""
    if row.due_on is None:
        return ""
    if row.late_days:
        return _("已逾期 {n} 天").format(n=row.late_days)
    return _("最迟 {day}").format(day=fmt.day(row.due_on))


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened, as the timeline takes it."""

    cls: str
    icon: str
    at: datetime
    sentence: str
    facts: str
    leaf: int


def story(steps: list[selectors.StepRow]) -> list[StoryLine]:
    """What happened, newest first: on a phone the last word is the first thing one wants to know."""
    said = words.event_words()
    return [
        StoryLine(
            *said[one.event][:2],
            one.at,
            said[one.event][2],
            " · ".join(
                part
                for part in (
                    words.refusal_word(one.reason) if one.reason else "",
                    one.text,
                    f"{words.role_word(one.role)} {one.actor_label}".strip(),
                )
                if part
            ),
            one.leaf_index,
        )
        for one in reversed(steps)
    ]


def common(actor: Actor, case_id: str, *, viewer: str, at: datetime) -> dict[str, object]:
    """What every page of one case shows. Raises NotFound for an absent or foreign one."""
    row = selectors.case(actor, case_id, at=at)
    steps = selectors.steps(actor, case_id)
    return {
        "card": CaseCard.of(row),
        "row": row,
        "stages": [(noun, hint, "") for noun, hint in words.stages()],
        "stage": words.stage_of(row.state, [one.state for one in steps]),
        "next": words.next_sentence(row.state, viewer),
        "story": story(steps),
        "rating": selectors.rating(actor, case_id),
        "complaints": selectors.complaints(actor, case_id=case_id),
        "at": at,
    }


def new_key() -> str:
    """The key of a form: sent twice, it is one thing."""
    return f"form-{secrets.token_hex(12)}"


def file_response(actor: Actor, file_id: str) -> HttpResponse:
    """A file to take away, never to be opened in place. Raises NotFound."""
    row, content = case_file(actor, file_id)
    return attachment(content, row.media_type, row.taken_as)


def chips(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """The lists."""
    return [(key, word, counts[key]) for key, word in words.show_words().items()]


def said(error: XinqiaoError) -> str:
    """Why a form was not taken."""
    field, reason = str(error.facts.get("field", "")), str(error.facts.get("reason", ""))
    fields = {
        "words": _("写明原因，最多 {n} 个字。").format(n=error.facts.get("max", 500)),
        "answer": _("办不了的，写明原因，最多 500 个字。"),
        "text": _("写 1 到 {n} 个字。").format(n=error.facts.get("max", 500)),
        "reason": _("请选一个原因。"),
        "amount": _("请填授信金额，大于零。"),
        "rate": _("请填年利率，比如 3.85，最多四位小数。"),
        "months": _("请填期限，按月。"),
        "asks": _("每次最多要求 10 项，至少一项。"),
        "kind": _("请选要企业办什么。"),
        "item": _("还没有生效的授权，请先在“授权”里同意这家机构的申请。"),
        "files": _("请附上材料：PDF、PNG 或 JPEG，最多 {n} 份。").format(n=error.facts.get("max", 6)),
        "evidence": _("材料请用 PDF、PNG 或 JPEG，每份不超过 5 MB，不能是空的。"),
        "stars": _("请选一到五颗星。"),
    }
    reasons = {
        "NEED_ENDED": _("这份需求已经结束，不能再往下办。"),
        "ACTIONS_OPEN": _("还有 {n} 项没有办，逐项办完再交回。").format(n=error.facts.get("open", "")),
        "ENOUGH_CASES": _("同时办理的机构已经够了。"),
    }
    if error.code is Code.CONFLICT_STATE and reason in reasons:
        return reasons[reason]
    if field in fields and error.status in {413, 415, 422}:
        return fields[field]
    found = error_words(error.code)
    return f"{found.title}{_('。')}{found.step}"
