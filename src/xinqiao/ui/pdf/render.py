"""Product → PDF bytes (look, section 10)."""

import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

import pylopdf_fonts_zh_cn
import segno
import typst

from xinqiao.domain.canonical import Json
from xinqiao.ui import format as fmt
from xinqiao.ui.assets import BUILD_DIR
from xinqiao.ui.i18n import Language, language
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.pdf import draw
from xinqiao.ui.pdf.inks import INKS
from xinqiao.ui.pdf.svg import tint
from xinqiao.ui.report.charts import Chart
from xinqiao.ui.report.summary import build_summary_view
from xinqiao.ui.report.view import HeadView, MarkView, ShareView, StatementView, build_view

TEMPLATE: Final = Path(__file__).resolve().parent / "report.typ"
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What the platform adds to the product.

    Attributes:
        verification_code: the code to type (``7KQ4-M2XD-09TF``); empty when the paper cannot be looked up.
        verify_url: what the square code holds; normally the page for the code.
        digest: of the product, with its algorithm (``SM3 8f1c…d027``).
        signer: who signed the product (``SM2，岚江农商银行``).
        proof_index: leaf of the audit log, None for none.
        demo: a demonstration's paper is marked.
        authorisation_no: the number people know the authorisation by; the node that made the product knows its id only.
    """

    verification_code: str = ""
    verify_url: str = ""
    digest: str = ""
    signer: str = ""
    proof_index: int | None = None
    demo: bool = False
    authorisation_no: str = ""


class Figured(Protocol):
    """A figure in words, of a fund-flow report or of a portrait."""

    @property
    def label(self) -> str: ...
    @property
    def quantity(self) -> fmt.Quantity | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def meaning(self) -> str: ...


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    # System fonts stay out: the paper must look the same, to the byte, on every machine.
    fonts = [
        str(Path(pylopdf_fonts_zh_cn.sans_path()).parent),
        *([str(path)] if (path := BUILD_DIR / "pdf-fonts").is_dir() else []),
    ]
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


def square(text: str) -> str:
    """A square code as SVG; nothing for nothing."""
    if not text:
        return ""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", border=0, scale=1, dark=INKS["ink"], xmldecl=False, svgclass=None, lineclass=None
    )
    return out.getvalue().decode()


def _marks(head: HeadView, facts: PdfFacts) -> list[str]:
    marks = []
    if head.self_query:
        marks.append(_("自查，非机构用"))
    if facts.demo:
        marks.append(_("演示数据"))
    return marks


def _base(title: str, head: HeadView, facts: PdfFacts) -> dict[str, object]:
    english = language() is Language.EN
    if head.self_query:
        use = _("仅供本企业查看")
    else:
        use = _("仅供{institution}用于{purpose}").format(institution=head.institution, purpose=head.purpose)
    rows = [
        (_("信用代码"), head.uscc), (_("使用机构"), _("本企业自查") if head.self_query else head.institution),
        (_("授权编号"), facts.authorisation_no or head.authorisation_no or fmt.NOTHING), (_("用途"), head.purpose or _("自主查询")),
        (_("生成时间"), head.generated_at), (_("授权有效到"), head.valid_to),
        (_("覆盖"), _("{known} / {all} 天").format(known=fmt.count(head.coverage[0]), all=fmt.count(head.coverage[1]))),
        (_("存证"), fmt.leaf(facts.proof_index)),
    ]  # fmt: skip
    return {
        "language": "en" if english else "zh",
        "brand": _("信桥"),
        "kind": title,
        "number": head.report_no,
        "subject": head.subject,
        "account": _("{account}　·　{period}").format(account=head.account, period=head.period),
        "facts": rows,
        "watermarks": _marks(head, facts),
        "qr": square(facts.verify_url),
        "code": facts.verification_code,
        "foot": {
            "type": _("扫码或在核验页输入"),
            "lines": [
                " ".join(
                    part
                    for part in (
                        _("摘要 {digest}").format(digest=facts.digest) if facts.digest else "",
                        _("签名 {signer}").format(signer=facts.signer) if facts.signer else "",
                    )
                    if part
                ),
                _("供参考；机构自行决定，并对决定负责。"),
            ],
            "use": use,
        },
        "inks": INKS,
    }


def figure_cells(figures: Sequence[Figured]) -> list[dict[str, str]]:
    """Figures as the template sets them: a number with its unit, or why there is none."""
    return [
        {
            "label": f.label,
            "number": f.quantity.number if f.quantity else fmt.NOTHING,
            "unit": f.quantity.unit if f.quantity else "",
            "first": "1" if f.quantity and f.quantity.unit_first else "",
            "note": f.reason or f.meaning,
        }
        for f in figures
    ]


def table_cells(chart: Chart) -> dict[str, object]:
    """The table of a chart."""
    return {
        "columns": [{"label": column["label"], "num": bool(column.get("num"))} for column in chart.columns],
        "rows": chart.rows,
    }


def _shares(shares: tuple[ShareView, ...]) -> list[dict[str, object]]:
    steps = (1.0, 0.74, 0.52, 0.34, 0.12)
    return [
        {
            "label": share.label,
            "reason": share.reason,
            "parts": [
                {
                    "words": words,
                    "share": fmt.percent(part),
                    "weight": float(part),
                    "fill": tint(INKS[share.direction], steps[k]),
                    "ink": INKS["surface"] if k == 0 and share.direction == "in" else INKS["ink"],
                }
                for k, (words, part) in enumerate(share.parts)
            ],
        }
        for share in shares
    ]


def _tail(
    marks: tuple[MarkView, ...], statements: tuple[StatementView, ...], notes: tuple[str, ...]
) -> dict[str, object]:
    return {
        "marks": [{"words": mark.words, "number": mark.number} for mark in marks],
        "marks_title": _("有异议"),
        "statements": [asdict(statement) for statement in statements],
        "statement_title": _("企业的声明，未经核实："),
        "notes": [*notes, _("金额两位小数；比率在表里四位小数；没有数的地方写原因，不写 0。")],
    }


def compile_paper(data: Mapping[str, object], generated_at: int) -> bytes:
    """Set the template with ``data``; ``generated_at`` (seconds) is the paper's own time: same input, same bytes."""
    payload = json.dumps(data, ensure_ascii=False, sort_keys=True)
    with _LOCK:
        pdf = _compiler().compile(
            input=TEMPLATE.read_bytes(),
            format="pdf",
            sys_inputs={"data": payload},
            timestamp=generated_at,
            pdf_standards=["a-3b"],
        )
    if not isinstance(pdf, bytes):
        raise RuntimeError("typst gave no single document")
    return pdf


def _stamp(product: Mapping[str, Json]) -> int:
    head = product["head"]
    if not isinstance(head, dict):
        raise TypeError("head")
    # The product's own time, not the time of printing: printing twice gives the same bytes.
    return int(fmt.shanghai(str(head["generated_at"])).astimezone(UTC).timestamp())


def render_report_pdf(product: Mapping[str, Json], facts: PdfFacts) -> bytes:
    """The fund-flow report as PDF/A-3b in the language in force. Raises ``Invalid`` for a product of another shape."""
    view = build_view(product)
    data = _base(_("企业账户资金流信用信息报告"), view.head, facts) | _tail(view.marks, view.statements, view.notes) | {
        "report": True,
        "finding": view.finding.replace("<b>", "\u0001").replace("</b>", "\u0002"),
        "sections": {
            "sum": _("概览"), "flow": _("每月收支"), "bal": _("余额"), "cp": _("交易对手"), "con": _("集中度和稳定性"),
            "reg": _("固定支出，近 12 个月"), "feat": _("总量和特征"), "sig": _("统计信号，不是结论"), "note": _("说明"), "annex": _("附表：每月数据"),
        },
        "numerals": list("一二三四五六七八九十") if language() is Language.ZH else [str(n) for n in range(1, 11)],
        "overview": figure_cells(view.overview),
        "flow": {"svg": draw.flow(view.flow), "sentence": view.flow.sentence, "keys": [word for _cls, word in view.flow.keys]},
        "flow_table": table_cells(view.flow),
        "band": {"svg": draw.band(view.balance), "sentence": view.balance.sentence} if view.balance else None,
        "band_reason": _("企业没有给出余额。") if not view.balance else "",
        "mirror": {"svg": draw.mirror(view.kinds), "sentence": view.kinds.sentence, "keys": [word for _cls, word in view.kinds.keys]},
        "kinds_table": table_cells(view.kinds),
        "shares": _shares(view.shares),
        "concentration": figure_cells(view.concentration),
        "calendar": {"months": view.calendar.months, "rows": [{"name": row.name, "cells": [{"kind": kind, "text": text} for kind, text, _title in row.cells], "summary": row.summary, "amount": row.amount} for row in view.calendar.rows], "key": _("数字是几号付的；带 ! 的比常见日晚 5 天以上；「缺」是没有看到支付。"), "paid": _("付了几个月"), "total": _("合计")},
        "features": [*figure_cells(view.totals), *figure_cells(view.cash), *figure_cells(view.features)],
        "signals": [{"label": signal.figure.label, "id": signal.figure.definition.id, "sentence": signal.figure.definition.sentence, "value": signal.figure.reason or signal.value} for signal in view.signals],
        "signal_note": _("每一项都有正常的解释；需要时请向企业核实"),
    }  # fmt: skip
    return compile_paper(data, _stamp(product))


def render_summary_pdf(product: Mapping[str, Json], facts: PdfFacts) -> bytes:
    """The detail summary as PDF/A-3b in the language in force."""
    view = build_summary_view(product)
    columns = [
        {"label": _("月份"), "num": False},
        *({"label": column["label"], "num": bool(column.get("num"))} for column in view.columns),
    ]
    data = _base(_("企业账户资金流明细汇总"), view.head, facts) | _tail(view.marks, view.statements, view.notes) | {
        "report": False,
        "sections": {"rows": _("明细汇总"), "note": _("说明")},
        "numerals": list("一二三") if language() is Language.ZH else ["1", "2", "3"],
        "table": {"columns": columns, "rows": [(group.month, *row) for group in view.groups for row in group.rows]},
    }  # fmt: skip
    return compile_paper(data, _stamp(product))
