"""The portrait on paper: the same view as the page, by months, set by the same template as the reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from xinqiao.domain.portrait.whole import Portrait
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.pdf import draw
from xinqiao.ui.pdf.credit import numeral
from xinqiao.ui.pdf.inks import INKS
from xinqiao.ui.pdf.render import PdfFacts, compile_paper, figure_cells, square
from xinqiao.ui.report.charts import Chart
from xinqiao.ui.report.portrait import PortraitView, ThemeView


@dataclass(frozen=True, slots=True)
class PortraitPaper:
    """What it was given when it was taken away; ``institution`` and ``purpose`` of one made for an institution."""

    number: str
    version: int
    valid_until: datetime
    institution: str = ""
    purpose: str = ""


_NO_TABLE: dict[str, object] = {"columns": [], "rows": []}


def _heads(*labels: tuple[str, bool]) -> list[dict[str, object]]:
    return [{"label": label, "num": num} for label, num in labels]


def _part(title: str, *, nothing: str = "", **shown: object) -> dict[str, object]:
    """A chapter with one section, or with a sentence."""
    if nothing:
        return {"title": title, "shown": [], "empty": [{"name": "", "sentence": nothing}]}
    whole = {"name": "", "objected": False, "facts": [], "table": _NO_TABLE, "source": "", **shown}
    return {"title": title, "shown": [whole], "empty": []}


def _peers(view: PortraitView) -> dict[str, object]:
    peers = view.peers
    if not peers.rows:
        return _part(_("和同类企业比"), nothing=peers.why)
    heads = _heads(
        (_("指标"), False), (_("比的是谁"), False), (_("本企业"), True), (_("下四分位"), True), (_("中位"), True),
        (_("上四分位"), True), (_("在哪一段"), False),
    )  # fmt: skip
    rows = [
        [
            f"{row.label}（{row.month}）",
            f"{row.group} {_('{n} 家有这个数').format(n=fmt.count(row.firms))}",
            row.own,
            row.p25,
            row.p50,
            row.p75,
            row.where,
        ]
        for row in peers.rows
    ]
    note = _("平台按各数源统计，{at}；一组至少另有 {n} 家，四分位取两位有效数字。只说在哪一段，不分好坏。")
    return _part(
        _("和同类企业比"),
        facts=list(peers.facts),
        table={"columns": heads, "rows": rows},
        source=note.format(at=peers.counted_at, n=peers.least),
    )


def _changes(view: PortraitView) -> dict[str, object]:
    if not view.changes.rows:
        return _part(_("和上一份报告比"), nothing=view.changes.sentence)
    heads = _heads(
        (_("事项"), False),
        (_("变化"), False),
        (_("条数"), True),
        (_("其中"), False),
        (_("截至"), True),
    )
    rows = [
        [one.name, one.kind, one.rows, one.details or fmt.NOTHING, one.as_of] for one in view.changes.rows
    ]
    return _part(_("和上一份报告比"), table={"columns": heads, "rows": rows}, source=view.changes.sentence)


def _chart(chart: Chart) -> dict[str, object]:
    keys = [("band" if "band" in css else "c1", word) for css, word in chart.keys]
    return {
        "title": chart.title,
        "svg": draw.band(chart),
        "sentence": chart.sentence,
        "keys": keys,
    }


def _theme(theme: ThemeView) -> dict[str, object]:
    source = _("来源 {source}　截至 {day}").format(
        source=theme.sources or fmt.NOTHING, day=theme.as_of or fmt.NOTHING
    )
    return _part(
        theme.title,
        objected=theme.objected,
        figures=figure_cells(theme.figures),
        charts=[_chart(chart) for chart in theme.charts if chart.kind == "band"],
        source=source,
    )


def _notes(view: PortraitView) -> Sequence[str]:
    return [
        _("画像不是评分：各个数并排放着，不加权，不下结论。没有数的地方写原因，不写 0。"),
        *view.notes,
        *([view.absent] if view.absent else []),
    ]


def render_portrait_pdf(
    portrait: Portrait, view: PortraitView, paper: PortraitPaper, facts: PdfFacts
) -> bytes:
    """The portrait as PDF/A-3b in the language in force; ``view`` is by months."""
    chapters = [_peers(view), _changes(view), *map(_theme, view.themes)]
    rest = [{"chapter": one.title, "name": one.names, "sentence": one.reason} for one in view.missing]
    lines = [
        _("摘要 {digest}").format(digest=facts.digest),
        _("签名 {signer}").format(signer=facts.signer),
        _("供参考；机构自行决定，并对决定负责。"),
    ]
    own = not paper.institution
    use = (
        _("仅供本企业查看")
        if own
        else _("仅供{who}用于{purpose}").format(who=paper.institution, purpose=paper.purpose)
    )
    data: dict[str, object] = {
        "language": "en" if language() is Language.EN else "zh",
        "brand": _("信桥"),
        "kind": _("企业画像"),
        "number": paper.number,
        "subject": portrait.name,
        "account": portrait.uscc,
        "facts": [
            (_("第几份"), str(paper.version)),
            *([] if own else [(_("使用机构"), paper.institution), (_("用途"), paper.purpose)]),
            (_("看到"), view.month),
            (_("生成时间"), fmt.moment(portrait.generated_at)), (_("有效到"), fmt.moment(paper.valid_until)),
            (_("清单版本"), portrait.catalogue), (_("存证"), fmt.leaf(facts.proof_index)),
        ],
        "watermarks": [*([_("自查，非机构用")] if own else []), *([_("演示数据")] if facts.demo else [])],
        "qr": square(facts.verify_url),
        "code": facts.verification_code,
        "foot": {"type": _("扫码或在核验页输入"), "lines": lines, "use": use},
        "inks": INKS,
        "report": False,
        "marks": [],
        "marks_title": _("有异议"),
        "lead": view.lead,
        "chapters": chapters,
        "rest": rest,
        "sections": {"sum": _("概览"), "rest": _("没有数的地方"), "note": _("说明")},
        "numerals": [numeral(place) for place in range(1, len(chapters) + 4)],
        "statements": [],
        "statement_title": "",
        "notes": _notes(view),
    }  # fmt: skip
    return compile_paper(data, int(portrait.generated_at.timestamp()))
