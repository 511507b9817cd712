"""信用报告: what a reader may see of a firm's collected records, and what is said where nothing is shown.

``sight`` decides field by field, ``compose`` puts records into chapters. Numbers, signatures and pages are elsewhere.
"""

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
from xinqiao.domain.report.sight import Cell, Sight, cell_of

__all__ = [
    "CHAPTERS",
    "Availability",
    "Cell",
    "Chapter",
    "CreditReport",
    "Line",
    "Record",
    "RecordStatus",
    "Remark",
    "Section",
    "Sight",
    "Supply",
    "cell_of",
    "compose",
]
