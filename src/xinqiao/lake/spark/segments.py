"""The lake's own files by Spark: how many records are in force, by region and month; and is each in its bucket?

Read it within ``lake.reading()``, so that the files stay. What was not compacted yet is settled as the lake settles it.
"""

from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from xinqiao.domain.errors import Code, Invalid
from xinqiao.lake.store import Lake, bucket_sql
from xinqiao.lake.store.measure import WITHDRAWN


def in_force(spark: SparkSession, lake: Lake, item_id: str) -> DataFrame:
    """The records of an item that hold: the newest of each key, without the withdrawn.

    Raises:
        Invalid: ``LAKE_INVALID``: nothing was collected of the item.
    """
    files = [str(path) for path in lake.files(item_id)]
    if not files:
        raise Invalid(Code.LAKE_INVALID, "nothing was collected", facts={"item": item_id})
    key = lake.manifest().state(item_id).key or ("_key",)
    rows = spark.read.option("mergeSchema", True).parquet(*files)
    newest = f.max_by("_status", f.struct("_seq", "_row")).alias("_status")
    days = f.max_by("_as_of", f.struct("_seq", "_row")).alias("_as_of")
    same = reduce(lambda groups, name: [*groups, name], key, ["_subject"])
    return rows.groupBy(*same).agg(newest, days).where(f.col("_status") != WITHDRAWN)


def counts(spark: SparkSession, lake: Lake, item_id: str) -> dict[tuple[str, str], int]:
    """Records in force by prefecture and month, as the lake's rollups name them (empty where there is none)."""
    digits = "length(_subject) = 18 AND substr(_subject, 3, 4) RLIKE '^[0-9]{4}$'"
    region = f.expr(f"CASE WHEN {digits} THEN substr(_subject, 3, 4) || '00' ELSE '' END")
    month = f.expr("coalesce(date_format(_as_of, 'yyyy-MM'), '')")
    grouped = in_force(spark, lake, item_id).groupBy(region.alias("region"), month.alias("month")).count()
    return {(row["region"], row["month"]): int(row["count"]) for row in grouped.collect()}


def misplaced(spark: SparkSession, lake: Lake, item_id: str) -> int:
    """Rows that lie in another bucket than Spark computes for their subject; 0 in a sound lake."""
    rows = spark.read.option("mergeSchema", True).parquet(*[str(path) for path in lake.files(item_id)])
    folder = f.expr("CAST(element_at(split(input_file_name(), '/'), -2) AS INT)")
    return int(rows.where(folder != f.expr(bucket_sql("_subject", lake.buckets))).count())
