"""信用报告: what a reader may see of a firm's collected records, and what is said where nothing is shown.

``sight`` decides field by field, ``compose`` puts records into chapters. Numbers, signatures and pages are elsewhere.
"""

from xinqiao.domain.report.beside import (
    Answered,
    Beside,
    Call,
    Declared,
    Held,
    Inquiries,
    Inquiry,
    OwnProduct,
)
from xinqiao.domain.report.compose import (
    CHAPTERS,
    Availability,
    Chapter,
    CreditReport,
    Line,
    Record,
    RecordStatus,
    Remark,
    Section,
    Supply,
    compose,
)
from xinqiao.domain.report.declared import Declaration, Said, SelfDeclared, compose_declared
from xinqiao.domain.report.reading import beside_of, report_of
from xinqiao.domain.report.sight import Cell, Sight, cell_of

__all__ = [
    "CHAPTERS",
    "Answered",
    "Availability",
    "Beside",
    "Call",
    "Cell",
    "Chapter",
    "CreditReport",
    "Declaration",
    "Declared",
    "Held",
    "Inquiries",
    "Inquiry",
    "Line",
    "OwnProduct",
    "Record",
    "RecordStatus",
    "Remark",
    "Said",
    "Section",
    "SelfDeclared",
    "Sight",
    "Supply",
    "beside_of",
    "cell_of",
    "compose",
    "compose_declared",
    "report_of",
]
