"""Reading foreign files for collection: CSV, XLSX, JSONL, Parquet and ZIP of these → tables of text for DuckDB.

``stage`` does all that touches foreign bytes in a limited child process; ``relation_sql`` says how DuckDB reads the
result; ``expected_names`` says what a header of an item may say. Accepted kinds, limits and codes:
``docs/reference/files.md``.
"""

from xinqiao.lake.files.headers import expected_names
from xinqiao.lake.files.model import Limits, Sheet, Staged
from xinqiao.lake.files.relation import READER_SETTINGS, relation_sql
from xinqiao.lake.files.stage import stage

__all__ = [
    "READER_SETTINGS",
    "Limits",
    "Sheet",
    "Staged",
    "expected_names",
    "relation_sql",
    "stage",
]
