"""The report on paper: typst template, our own SVG charts, a signature. Same input, same bytes.

Nothing is written to disk while rendering: data and pictures are handed over in memory (the hub may show a report for
one moment and keep nothing of it).
"""

from xinqiao.ui.pdf.credit import CreditPaper, render_credit_pdf
from xinqiao.ui.pdf.portrait import PortraitPaper, render_portrait_pdf
from xinqiao.ui.pdf.render import PdfFacts, render_report_pdf, render_summary_pdf
from xinqiao.ui.pdf.sign import self_signed_certificate, sign_pdf

__all__ = [
    "CreditPaper",
    "PdfFacts",
    "PortraitPaper",
    "render_credit_pdf",
    "render_portrait_pdf",
    "render_report_pdf",
    "render_summary_pdf",
    "self_signed_certificate",
    "sign_pdf",
]
