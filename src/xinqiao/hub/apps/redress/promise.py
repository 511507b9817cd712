"""信用承诺: the text that goes with an application for repair; what you see is what you sign (case A11)."""

from collections.abc import Sequence
from dataclasses import dataclass

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.hub.apps.consents.summary import Act, WhatYouSee
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.redress.lookups import Found
from xinqiao.hub.apps.redress.models import Evidence
from xinqiao.ui.i18n import Language, gettext, use_language


@dataclass(frozen=True, slots=True)
class Promised:
    """What a promise is about: the firm, the record, what it attaches, and the form it stands on."""

    firm: Enterprise
    found: Found
    evidence: Sequence[Evidence]
    explanation: str
    key: str


def what_you_promise(promised: Promised, *, language: Language) -> WhatYouSee:
    """The text of the promise in one language; its last line binds record, files and explanation."""
    firm, found = promised.firm, promised.found
    with use_language(language):
        duty = (found.item.adverse.duty if found.item.adverse else "") or gettext(
            "认定文书确定的义务已经全部履行"
        )
        data: dict[str, Json] = {
            "act": str(Act.PROMISE),
            "subject": firm.uscc,
            "record": found.record.ref,
            "evidence": [*sorted(one.digest for one in promised.evidence)],
            "explanation": promised.explanation,
            "key": promised.key,
        }
        lines = (
            gettext("信用承诺书"),
            _line(gettext("承诺企业"), f"{firm.name} {firm.uscc}"),
            _line(gettext("申请修复的信息"), f"{_name(found, language)} · {found.label}"),
            _line(gettext("认定单位"), found.record.source),
            _line(gettext("已经纠正"), duty),
            _line(gettext("证明材料"), gettext("%(n)s 份") % {"n": len(promised.evidence)}),
            gettext("本企业承诺：失信行为已经纠正，提交的材料真实、合法、有效；今后依法经营，诚实守信。"),
            gettext("本企业知悉：虚假承诺或违背承诺的，修复决定可以撤销，并依法承担责任。"),
            gettext("信用修复不收费。没有人能花钱删除正确的记录。"),
            _line(gettext("内容摘要"), digest_hex(data)),
        )
    return WhatYouSee(Act.PROMISE, lines)


def _name(found: Found, language: Language) -> str:
    return (found.item.name_en or found.item.name) if language is Language.EN else found.item.name


def _line(label: str, value: str) -> str:
    return f"{label}{gettext('：')}{value}"
