"""The monthly report of quality on paper, set by the same template as the other reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.pdf.inks import INKS
from xinqiao.ui.pdf.render import PdfFacts, compile_paper, square

_ZH_NUMERALS = "一二三四五六七八九十"

type Columns = Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True)
class QualityPaper:
    """What stands on the paper. ``tables``: title, columns, rows and a note of each, in words already."""

    number: str
    version: int
    month: str
    issuer: str
    catalogue: str
    made_at: datetime
    lead: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[tuple[str, Columns, Sequence[Sequence[str]], str]]
    notes: Sequence[str]


def _numeral(place: int) -> str:
    """一、二 … 十、十一 …; a report has fewer than twenty sections."""
    if language() is Language.EN:
        return str(place)
    return _ZH_NUMERALS[place - 1] if place <= 10 else f"十{_ZH_NUMERALS[place - 11]}"


def _table(columns: Columns, rows: Sequence[Sequence[str]], note: str) -> dict[str, object]:
    heads = [{"label": str(column["label"]), "num": bool(column.get("num"))} for column in columns]
    return {
        "name": "",
        "objected": False,
        "facts": [],
        "table": {"columns": heads, "rows": [[cell or fmt.NOTHING for cell in row] for row in rows]},
        "source": note,
    }


def render_quality_pdf(paper: QualityPaper, facts: PdfFacts) -> bytes:
    """The report as PDF/A-3b in the language in force."""
    overview = {
        "name": "", "objected": False, "facts": list(paper.facts), "table": {"columns": [], "rows": []}, "source": "",
    }  # fmt: skip
    chapters = [{"title": _("各项指标"), "shown": [overview], "empty": []}]
    for title, columns, rows, note in paper.tables:
        shown = [_table(columns, rows, note)] if rows else []
        empty = [] if rows else [{"name": _("没有"), "sentence": note}]
        chapters.append({"title": title, "shown": shown, "empty": empty})
    data: dict[str, object] = {
        "language": "en" if language() is Language.EN else "zh",
        "brand": _("信桥"),
        "kind": _("数据质量月报"),
        "number": paper.number,
        "subject": paper.month,
        "account": paper.issuer,
        "facts": [
            (_("版本"), str(paper.version)), (_("清单版本"), paper.catalogue),
            (_("生成时间"), fmt.moment(paper.made_at)), (_("存证"), fmt.leaf(facts.proof_index)),
        ],
        "watermarks": [_("演示数据")] if facts.demo else [],
        "qr": square(facts.verify_url) if facts.verify_url else "",
        "code": facts.verification_code,
        "foot": {
            "type": "",
            "lines": [_("摘要 {digest}").format(digest=facts.digest), _("签名 {signer}").format(signer=facts.signer)],
            "use": paper.number,
        },
        "inks": INKS,
        "report": False,
        "marks": [],
        "marks_title": "",
        "lead": paper.lead,
        "chapters": chapters,
        "rest": [],
        "sections": {"sum": _("概览"), "rest": "", "note": _("说明")},
        "numerals": [_numeral(place) for place in range(1, len(chapters) + 4)],
        "statements": [],
        "statement_title": "",
        "notes": list(paper.notes),
    }  # fmt: skip
    return compile_paper(data, int(paper.made_at.timestamp()))
