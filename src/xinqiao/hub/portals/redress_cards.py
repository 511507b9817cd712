"""Objections and applications in words, for the pages of the firm, of the source and of the operator."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse

from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.domain.repair import Gravity, Missing
from xinqiao.domain.report import Sight, cell_of
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.redress import selectors
from xinqiao.hub.apps.redress.evidence import ENDINGS, evidence_file
from xinqiao.hub.apps.redress.lookups import Found, find
from xinqiao.hub.apps.redress.models import KINDS, Evidence, Objection, Repair
from xinqiao.hub.apps.redress.selectors import MatterRow
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.portals.source.cards import item_word, labelled
from xinqiao.hub.runtime import runtime
from xinqiao.ui import format as fmt
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import code_words

ACCEPT = ",".join(ENDINGS)


def kind_word(kind: str) -> str:
    """What a firm says is wrong."""
    return {
        "not_mine": _("不是我们企业的"),
        "wrong_value": _("内容写错了"),
        "incomplete": _("漏了内容"),
        "outdated": _("过时了，情况已经变了"),
        "already_performed": _("义务已经履行"),
        "other": _("其他"),
    }[kind]


def kind_choices() -> list[tuple[str, str]]:
    """The kinds for a form."""
    return [(kind, kind_word(kind)) for kind in KINDS]


def gravity_word(gravity: Gravity | str) -> str:
    """A class of dishonest information."""
    return {
        Gravity.MINOR: _("轻微失信"),
        Gravity.GENERAL: _("一般失信"),
        Gravity.SERIOUS: _("严重失信"),
    }[Gravity(gravity)]


def missing_word(missing: str, first_day: date | None = None) -> str:
    """What an application lacks, and what to do."""
    match Missing(missing):
        case Missing.TERM:
            day = fmt.day(first_day) if first_day else ""
            return _("还没有满最短公示期，从 {day} 起可以申请。").format(day=day)
        case Missing.DUTY:
            return _("要写明义务已经履行，并附上至少一份证明。")
        case Missing.COMMITMENT:
            return _("要签署信用承诺书。")


def _event_words() -> dict[str, tuple[str, str, str]]:
    """Of each event: the class of its line, its icon, its words."""
    return {
        "submit": ("ask", "flag", _("提出异议，记录已加上标注")),
        "forward": ("", "send", _("平台受理，转数源核查")),
        "decline": ("", "ban", _("平台没有受理")),
        "correct": ("give", "circle-check", _("数源已更正")),
        "uphold": ("", "check", _("数源核查后没有修改")),
        "leave_open": ("", "help-circle", _("未能查明，标注保留")),
        "withdraw": ("", "arrow-back-up", _("企业撤回")),
        "state": ("give", "message-2", _("企业附上声明")),
        "unstate": ("", "arrow-back-up", _("企业收回声明")),
        "apply": ("ask", "file-certificate", _("申请修复，签署信用承诺书")),
        "resubmit": ("ask", "upload", _("企业补正后再报")),
        "return": ("", "arrow-back-up", _("退回补正")),
        "accept": ("", "check", _("受理")),
        "extend": ("", "clock", _("延长办理")),
        "repair": ("give", "circle-check", _("决定修复，即刻停止公示、共享和使用")),
        "revoke": ("", "arrow-back-up", _("撤销修复")),
        "turn_down": ("", "circle-x", _("决定不予修复")),
    }


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened, as the timeline takes it."""

    cls: str
    icon: str
    at: datetime
    sentence: str
    facts: str
    leaf: int


def story(matter: Objection | Repair) -> list[StoryLine]:
    """What happened, oldest first."""
    said, who = _event_words(), {"enterprise": _("企业"), "source": _("数源"), "operator": _("平台")}
    lines = []
    for one in selectors.steps(matter):
        cls, icon, sentence = said[one.event]
        by = " ".join(part for part in (who.get(one.actor_kind, ""), one.actor_label) if part)
        lines.append(
            StoryLine(cls, icon, one.at, sentence, " · ".join(p for p in (one.text, by) if p), one.leaf_index)
        )
    return lines


@dataclass(frozen=True, slots=True)
class MatterCard:
    """One objection or application as a list shows it."""

    row: MatterRow
    what: str
    item: str
    state_key: str
    due: str
    late: bool

    @classmethod
    def of(cls, row: MatterRow) -> "MatterCard":
        """The words for a row."""
        family = "record_objection" if row.kind == "objections" else "repair"
        what = _("异议") if row.kind == "objections" else _("信用修复")
        return cls(row, what, item_word(row.item), f"{family}.{row.state}", due_word(row), row.late_days > 0)


def due_word(row: MatterRow) -> str:
    """By when somebody must act; empty when nobody must."""
    if row.due_on is None:
        return ""
    if row.late_days:
        return _("已逾期 {n} 天").format(n=row.late_days)
    return _("最迟 {day}").format(day=fmt.day(row.due_on))


def chips(counts: dict[selectors.Show, int]) -> list[tuple[str, str, int]]:
    """The lists."""
    said = {"": _("全部"), "open": _("办理中"), "late": _("已逾期")}
    return [(key, said[key], number) for key, number in counts.items()]


def wanted_show(request: HttpRequest) -> selectors.Show:
    """Which list the address asks for."""
    match request.GET.get("show", ""):
        case "open":
            return "open"
        case "late":
            return "late"
        case _:
            return ""


def record_facts(found: Found) -> list[tuple[str, str]]:
    """A record field by field: who handles a matter about it sees what the firm sees, persons' data masked."""
    sight = Sight(is_subject=True)
    lists = runtime.catalogue.code_lists
    rows = []
    for field in found.item.fields:
        codes = lists.get(field.code_list) if field.code_list else None
        spoken = None if codes is None else replace(codes, entries=code_words(codes))
        cell = cell_of(found.item, field, found.record.values.get(field.name), sight, spoken)
        if cell.text:
            rows.append((labelled(found.item, field.name), cell.text))
    return rows


def matter_context(matter: Objection | Repair, *, at: datetime) -> dict[str, object]:
    """What the page of a matter shows, whoever looks."""
    row = selectors.row_of(matter, at=at)
    found = find(matter.enterprise.uscc, matter.item, matter.record_ref)
    if isinstance(matter, Objection):
        field = labelled(runtime.catalogue.items.get(matter.item), matter.field) if matter.field else ""
        more: dict[str, object] = {"kind_word": kind_word(matter.kind), "field_word": field}
    else:
        more = {"gravity_word": gravity_word(matter.gravity)}
    return {
        "at": at,
        "matter": matter,
        "card": MatterCard.of(row),
        "story": story(matter),
        "evidence": selectors.evidence(matter),
        "record_rows": record_facts(found) if found else [],
        "record": found.record if found else None,
        **more,
    }


def evidence_response(actor: Actor, evidence_id: str) -> HttpResponse:
    """An attached file to take away, never to be opened in place. Raises NotFound."""
    return file_response(*evidence_file(actor, evidence_id))


def file_response(row: Evidence, content: bytes) -> HttpResponse:
    """A file whose reader was let in, to take away."""
    return attachment(content, row.media_type, row.taken_as)


def new_key() -> str:
    """The key of a form: sent twice, it is one thing."""
    return secrets.token_hex(16)


def said(error: XinqiaoError) -> tuple[str, str]:
    """Why a form was not taken, and the field it is about."""
    field = str(error.facts.get("field", ""))
    match error.code, field:
        case Code.MEDIA_TYPE_UNSUPPORTED, _field:
            return _("证明材料请用 PDF、PNG 或 JPEG。"), "evidence"
        case Code.BODY_TOO_LARGE, _field:
            return _("每份证明不超过 {n} MB。").format(n=error.facts.get("max_mb", "")), "evidence"
        case Code.FILE_EMPTY, _field:
            return _("这份证明是空的。"), "evidence"
        case Code.INVALID, "evidence":
            return _("证明材料最多 {n} 份。").format(n=error.facts.get("max", 6)), "evidence"
        case Code.INVALID, ("reason" | "explanation" | "answer" | "text") as name:
            return _("写 1 到 {n} 个字。").format(n=error.facts.get("max", 500)), name
        case Code.CONFLICT_DUPLICATE, _field:
            return _("这条记录已经在办理：{number}。").format(number=error.facts.get("number", "")), ""
        case Code.CONFLICT_STATE, _field if error.facts.get("reason") == "NOT_DUE":
            day = str(error.facts.get("until", ""))
            return _("数源的答复期限到 {day}，过后才能这样办结。").format(day=day), ""
        case Code.CONFLICT_STATE, _field if error.facts.get("reason") == "EXTENDED":
            return _("已经延长过一次。"), ""
        case _:
            found = words(error.code)
            return f"{found.title}{_('。')}{found.step}", ""


def messages(errors: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The list at the top of a form: text and the field it leads to."""
    return [(text, f"f-{name}" if name else "") for text, name in errors]
