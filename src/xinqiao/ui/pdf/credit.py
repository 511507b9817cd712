"""The credit report on paper: the same view as the page, set by the same template as the fund-flow report."""

import re
from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.report import CreditReport
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.pdf import draw
from xinqiao.ui.pdf.inks import INKS
from xinqiao.ui.pdf.render import PdfFacts, compile_paper, figure_cells, square, table_cells
from xinqiao.ui.report.beside import Part
from xinqiao.ui.report.credit import ChapterView, Shown, beside_records, build_credit_view
from xinqiao.ui.report.own_product import OwnView

#: Eight characters of a number or digest that goes on.
_LONG = re.compile("[0-9A-Za-z]{8}(?=[0-9A-Za-z])")
#: A table of more columns than this does not fit the paper; its lines are set one under another.
WIDE = 7
_ZH_NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")


@dataclass(frozen=True, slots=True)
class CreditPaper:
    """What stands on the paper beside the sections.

    ``beside``: the parts beside the records. ``own``: the firm reads about itself; else ``institution`` reads, for
    ``purpose``. ``product``: the firm's own, of a self query.
    """

    number: str
    version: int
    subject: str
    uscc: str
    catalogue: str
    generated_at: datetime
    valid_until: datetime
    beside: tuple[Part, ...] = ()
    own: bool = True
    institution: str = ""
    purpose: str = ""
    product: OwnView | None = None


def numeral(place: int) -> str:
    """一、二 … 十一、十二 …; as many as there are chapters."""
    if language() is Language.EN:
        return str(place)
    tens, ones = divmod(place, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_ZH_NUMERALS[tens - 1]}十") + (
        _ZH_NUMERALS[ones - 1] if ones else ""
    )


def _cards(section: Shown) -> list[dict[str, object]]:
    """Lines one under another: label and value of what is filled, the first of it as their heading."""
    found: list[dict[str, object]] = []
    for line in section.lines:
        filled = [(one.label, text) for one in section.columns if (text := line.cells[one.place].text)]
        heading = filled[0][1] if filled else fmt.NOTHING
        mark = _("有异议") if line.objected else ""
        found.append({"name": heading, "mark": mark, "facts": filled[1:]})
    return found


def _shown(section: Shown) -> dict[str, object]:
    first, single = section.lines[0], len(section.lines) == 1
    wide = not single and len(section.columns) > WIDE
    source = _("来源 {source}　截至 {day}　方式 {mode}").format(
        source=section.sources, day=section.as_of or fmt.NOTHING, mode=section.mode
    )
    if section.more:
        source += "　" + _("另有 {more} 条没有列出").format(more=fmt.count(section.more))
    said_once = section.columns if single else section.common
    facts = [(column.label, first.cells[column.place].text) for column in said_once]
    alone = not single and len(section.columns) == 1 and not section.objected
    if alone:  # a table of one column is a list
        (only,) = section.columns
        texts = (line.cells[only.place].text or fmt.NOTHING for line in section.lines)
        facts.append((only.label, _("、").join(texts)))
    return {
        "name": section.name,
        "objected": section.objected,
        "facts": facts,
        "table": {
            "columns": section.heads,
            "rows": []
            if single or wide or alone
            else [
                [line.cells[column.place].text or fmt.NOTHING for column in section.columns]
                for line in section.lines
            ],
        },
        "cards": _cards(section) if wide else [],
        "source": source,
    }


def _chapter(chapter: ChapterView) -> dict[str, object]:
    return {
        "title": chapter.title,
        "shown": [_shown(section) for section in chapter.shown],
        "empty": [{"name": empty.names, "sentence": empty.sentence} for empty in chapter.empty],
    }


def _breakable(text: str) -> str:
    """A long number may go on in the next line, after a hyphen or eight characters; a cell of paper does not widen for it."""
    if len(text) <= 12:
        return text
    return _LONG.sub("\\g<0>\u200b", text.replace("-", "-\u200b"))


def _part(part: Part) -> dict[str, object]:
    """A part beside the records, in the form of a chapter."""
    source = _("来源 {source}　方式 {mode}").format(source=part.source, mode=part.mode)
    if part.as_of:
        source = _("来源 {source}　截至 {day}　方式 {mode}").format(
            source=part.source, day=part.as_of, mode=part.mode
        )
    if not part.rows:
        return {"title": part.title, "shown": [], "empty": [{"name": part.nothing, "sentence": source}]}
    shown = {
        "name": "",
        "objected": False,
        "facts": [],
        "table": {
            "columns": [{**head, "num": False} for head in part.heads],
            "rows": [[_breakable(cell) for cell in row] for row in part.rows],
        },
        "source": "　".join(words for words in (source, part.note) if words),
    }
    return {"title": part.title, "shown": [shown], "empty": []}


def _own_product(own: OwnView) -> dict[str, object]:
    """The product of the self query, as a chapter with its figures and its months."""
    what = own.own
    number = _("报告编号 {number}　核验码 {code}　摘要 {digest}").format(
        number=what.number, code=what.verify_code, digest=what.digest
    )
    if own.report is None:
        return {"title": own.title, "shown": [], "empty": [{"name": what.bank, "sentence": own.nothing}]}
    view = own.report
    shown = {
        "name": _("{bank}　{account}　{period}").format(
            bank=what.bank, account=what.account, period=view.head.period
        ),
        "objected": bool(view.marks),
        "facts": [],
        "figures": figure_cells(view.overview),
        "charts": [
            {
                "svg": draw.flow(view.flow),
                "sentence": view.flow.sentence,
                "keys": [*zip(("in", "out", "net"), (word for _cls, word in view.flow.keys), strict=False)],
            }
        ],
        "table": table_cells(view.flow),
        "source": f"{number}\n{own.note}",
    }
    return {"title": own.title, "shown": [shown], "empty": []}


def _marks(paper: CreditPaper, facts: PdfFacts) -> list[str]:
    return [*([_("自查，非机构用")] if paper.own else []), *([_("演示数据")] if facts.demo else [])]


def render_credit_pdf(report: CreditReport, paper: CreditPaper, facts: PdfFacts) -> bytes:
    """The report as PDF/A-3b in the language in force."""
    view = build_credit_view(report)
    signed = " ".join(
        part
        for part in (
            _("摘要 {digest}").format(digest=facts.digest) if facts.digest else "",
            _("签名 {signer}").format(signer=facts.signer) if facts.signer else "",
        )
        if part
    )
    data: dict[str, object] = {
        "language": "en" if language() is Language.EN else "zh",
        "brand": _("信桥"),
        "kind": _("企业信用报告"),
        "number": paper.number,
        "subject": paper.subject,
        "account": paper.uscc,
        "facts": [
            (_("第几份"), str(paper.version)), (_("使用机构"), _("本企业自查") if paper.own else paper.institution),
            *([] if paper.own else [(_("用途"), paper.purpose)]),
            (_("生成时间"), fmt.moment(paper.generated_at)), (_("有效到"), fmt.moment(paper.valid_until)),
            (_("清单版本"), paper.catalogue), (_("存证"), fmt.leaf(facts.proof_index)),
        ],
        "watermarks": _marks(paper, facts),
        "qr": square(facts.verify_url),
        "code": facts.verification_code,
        "foot": {
            "type": _("扫码或在核验页输入"),
            "lines": [signed, _("供参考；机构自行决定，并对决定负责。")],
            "use": _("仅供本企业查看") if paper.own else _("仅供{who}用于{purpose}").format(who=paper.institution, purpose=paper.purpose),
        },
        "inks": INKS,
        "report": False,
        "marks": [],
        "marks_title": _("有异议"),
        "lead": view.lead,
        "chapters": [
            *map(_chapter, view.chapters),
            *([_own_product(paper.product)] if paper.product else []),
            *map(_part, paper.beside),
        ],
        "rest": [{"chapter": title, "name": empty.names, "sentence": empty.sentence} for title, empty in view.rest],
        "sections": {"sum": _("概览"), "rest": _("没有内容的各项"), "note": _("说明")},
        "numerals": [numeral(place) for place in range(1, len(view.chapters) + len(paper.beside) + 5)],
        "statements": [{"text": text, "attached": fmt.moment(at)} for text, at in beside_records(view)],
        "statement_title": _("企业的声明，未经核实："),
        "notes": [
            _("报告汇总数源单位报来的信息，平台不作评价，供参考；以数源单位的登记为准。"),
            _("已修复、已撤回、已到期的信息不在报告里；有异议的，处理期间带着标注。"),
            _("个人信息默认脱敏；本人单独同意以后，机构才能看到全文。"),
        ],
    }  # fmt: skip
    return compile_paper(data, int(paper.generated_at.timestamp()))
