"""The lake: collected records as Parquet segments under one manifest (docs/architecture/lake.md).

One writer at a time, any number of reader processes. A batch is visible whole or not at all; compaction changes where
rows lie, never what they say.
"""

from xinqiao.lake.store.buckets import bucket_of, bucket_sql
from xinqiao.lake.store.compact import CompactionFigures
from xinqiao.lake.store.drafts import Draft
from xinqiao.lake.store.lake import Lake
from xinqiao.lake.store.manifest import Manifest, Published, Segment
from xinqiao.lake.store.retire import RetentionRule, RetirementFigures

__all__ = [
    "CompactionFigures",
    "Draft",
    "Lake",
    "Manifest",
    "Published",
    "RetentionRule",
    "RetirementFigures",
    "Segment",
    "bucket_of",
    "bucket_sql",
]
