"""Coordination tickets in words, for the operator and the sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from xinqiao.domain.coordination import TICKET, TicketEvent, TicketKind, TicketState
from xinqiao.domain.machine import Role
from xinqiao.hub.apps.quality.ticket_selectors import StepRow, TicketRow
from xinqiao.hub.portals.source.cards import item_word
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _


def kind_word(kind: str) -> str:
    """What a ticket is about."""
    return {
        TicketKind.LATE: _("更新晚了"),
        TicketKind.MISSING: _("没有数据"),
        TicketKind.STANDARDS: _("标准不统一"),
        TicketKind.LOW_FREQUENCY: _("频率偏低"),
        TicketKind.CAPACITY: _("调用额度不足"),
        TicketKind.UNSTABLE: _("接口不稳定"),
    }[TicketKind(kind)]


def kind_choices() -> list[tuple[str, str]]:
    """The kinds, for a form."""
    return [(kind.value, kind_word(kind.value)) for kind in TicketKind]


def show_words() -> dict[str, str]:
    """The lists of tickets."""
    return {"": _("未办结"), "escalated": _("已升级"), "ended": _("已办结")}


@dataclass(frozen=True, slots=True)
class TicketCard:
    """One ticket as a list shows it."""

    row: TicketRow
    kind: str
    item: str
    state_key: str
    due: str

    @classmethod
    def of(cls, row: TicketRow, *, today: date) -> "TicketCard":
        """The words for a ticket."""
        return cls(
            row, kind_word(row.kind), item_word(row.item), f"ticket.{row.state.value}", _due(row, today)
        )

    @property
    def may_promise(self) -> bool:
        """Whether an answer is possible now."""
        return TicketEvent.PROMISE in TICKET.allowed(self.row.state, Role.SOURCE)

    @property
    def may_close(self) -> bool:
        """Whether the desk may end it now."""
        return TicketEvent.CLOSE in TICKET.allowed(self.row.state, Role.OPERATOR)


def _due(row: TicketRow, today: date) -> str:
    match row.state:
        case TicketState.OPEN:
            late = (today - row.answer_by).days
            if late > 0:
                return _("答复晚了 {n} 天").format(n=late)
            return _("{day} 前答复").format(day=fmt.day(row.answer_by))
        case TicketState.PROMISED:
            return _("答应 {day} 办好").format(day=fmt.day(row.promised_on))
        case TicketState.ESCALATED:
            return _("升级 {n} 次").format(n=row.escalations)
        case _:
            return ""


def step_sentence(step: StepRow, facts: Mapping[str, str]) -> str:
    """What happened, actor first."""
    who = (
        step.by_name
        or {"operator": _("平台运营"), "source": _("数源单位"), "system": _("平台")}[step.by_kind]
    )
    said = {
        "": _("{who}开单"),
        "promise": _("{who}答复：{day} 前办好"),
        "escalate": _("过了期限，升级"),
        "arrive": _("批次 {batch} 到了，自动办结"),
        "close": _("{who}关闭"),
    }[step.event]
    return said.format(
        who=who, day=fmt.day(step.promised_on) if step.promised_on else "", batch=facts.get("batch", "")
    )


STEP_ICONS = {
    "": "ticket",
    "promise": "message-2",
    "escalate": "alert-triangle",
    "arrive": "check",
    "close": "checks",
}
