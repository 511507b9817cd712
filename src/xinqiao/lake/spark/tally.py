"""The job: a record file in, the quality counts of its batch by region out, equal to those of the receipt.

``python -m xinqiao.lake.spark.tally --received-on DAY ITEM=FILE …`` on a machine of its own, or by ``spark-submit`` on a
cluster; the files must be there for every executor.
"""

import argparse
import csv
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as f

import xinqiao
from xinqiao.catalogue import load
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.model import Catalogue, Item
from xinqiao.domain.quality import Tally
from xinqiao.lake.spark.rows import COUNTED, SHAPE, Order, count_rows

_TORN = "torn"
_ACCEPTED, _REPEATED, _CONFLICT, _REFUSED = "accepted", "repeated", "conflict", "refused"


def quality_of_file(
    spark: SparkSession,
    path: Path,
    catalogue: Catalogue,
    item: Item,
    *,
    received_on: date,
    as_of: date | None = None,
    encoding: str = "utf-8",
) -> dict[str, Tally]:
    """The counts of a file (CSV with commas, or Parquet) by region.

    Args:
        spark: a session; the package is sent to its executors by :func:`send_package`.
        path: the file as the supplier sent it.
        catalogue: whose code lists hold.
        item: what its rows are of.
        received_on: the day the batch came, in Shanghai.
        as_of: of the batch, for items that have no day of their own.
        encoding: of a CSV.

    Raises:
        ValueError: the header lacks a required column.
    """
    cells, header = _cells(spark, path, encoding)
    columns = match_headers(item, header)
    if columns.missing or columns.repeated:
        raise ValueError(f"header: missing {columns.missing}, repeated {columns.repeated}")
    order = Order(catalogue, item, columns.fields, received_on, as_of)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return count_rows(batches, order)

    return _tallies(_settled(cells.mapInArrow(run, SHAPE)), item)


def _cells(spark: SparkSession, path: Path, encoding: str) -> tuple[DataFrame, list[str]]:
    """Columns ``x0 …`` and ``torn``, and the header."""
    if path.suffix.lower() == ".parquet":
        header = pq.read_schema(path).names
        frame = spark.read.parquet(str(path))
        texts = [f.col(f"`{name}`").cast("string").alias(f"x{n}") for n, name in enumerate(header)]
        return frame.select(*texts, f.lit(None).cast("string").alias(_TORN)), header
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        header = next(csv.reader(file))
    schema = ", ".join([*(f"x{place} string" for place in range(len(header))), f"{_TORN} string"])
    options = {
        "header": "true", "encoding": encoding, "escape": '"', "multiLine": "true", "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": _TORN, "enforceSchema": "true", "maxColumns": "2000",
        "lineSep": _line_end(path),
    }  # fmt: skip
    found = spark.read.options(**options).schema(schema).csv(str(path))
    blank = f.col(_TORN).isNotNull() & (f.trim(f.col(_TORN), f.lit("\r")) == "")
    return found.where(~blank), header


def _line_end(path: Path) -> str:
    """Said, because the reader would guess one from the beginning; a carriage return before it is trimmed with the cell."""
    with path.open("rb") as file:
        return "\n" if b"\n" in file.read(1 << 16) else "\r"


def _settled(lines: DataFrame) -> DataFrame:
    """What became of each row, once it is known who else has its key."""
    same = Window.partitionBy("key")
    good = (
        lines.where("good")
        .withColumn("alike", f.min("content").over(same) == f.max("content").over(same))
        .withColumn("nth", f.row_number().over(same.orderBy("content")))
    )
    status = f.when(~f.col("alike"), _CONFLICT).when(f.col("nth") == 1, _ACCEPTED).otherwise(_REPEATED)
    judged = good.withColumn("status", status).drop("alike", "nth")
    return judged.unionByName(lines.where("NOT good").withColumn("status", f.lit(_REFUSED)))


def _tallies(rows: DataFrame, item: Item) -> dict[str, Tally]:
    region = (
        f.when(f.col("status") == _ACCEPTED, f.col("region"))
        .when(f.col("status") == _REPEATED, f.lit(""))
        .otherwise(f.col("refused_region"))
    )
    sums = [f.sum(name).alias(name) for name in COUNTED]
    found: dict[str, Tally] = {}
    counted = rows.groupBy("status", region.alias("where")).agg(f.count("*").alias("n"), *sums)
    for row in counted.collect():
        found[row["where"]] = found.get(row["where"], Tally()) + _tally(row, item)
    return dict(sorted(found.items()))


def _tally(row: Row, item: Item) -> Tally:
    """A line of sums. A repeated row is counted and nothing else; one of a conflict has no finding of its own."""
    count, status = int(row["n"]), row["status"]
    if status == _REPEATED:
        return Tally(rows=count, keyed_rows=count)
    accepted = status == _ACCEPTED
    compared = count if item.rules else 0
    return Tally(
        rows=count,
        accepted=count if accepted else 0,
        required_cells=count * sum(field.required for field in item.fields),
        required_filled=int(row["needed"]),
        filled_cells=int(row["filled"]),
        valid_cells=int(row["filled"]) - int(row["wrong"]),
        compared_rows=compared,
        consistent_rows=compared - (int(row["broken"]) if compared else 0),
        keyed_rows=int(row["keyed"]),
        unique_rows=0 if status == _CONFLICT else int(row["keyed"]),
        timed_rows=int(row["timed"]) if accepted else 0,
        timely_rows=int(row["timely"]) if accepted else 0,
        lag_days_sum=int(row["lag"]) if accepted else 0,
    )


def send_package(spark: SparkSession, folder: Path) -> None:
    """Give the executors what ``rows`` needs: the domain, and nothing that is not Python alone. ``folder``: for the file."""
    root = Path(xinqiao.__file__).parent
    package = folder / "xinqiao-domain.zip"
    with zipfile.ZipFile(package, "w") as out:
        wanted = [root / "__init__.py", root / "lake" / "__init__.py"]
        wanted += [*root.glob("domain/**/*.py"), *root.glob("lake/spark/*.py")]
        for path in sorted(wanted):
            out.write(path, path.relative_to(root.parent))
    spark.sparkContext.addPyFile(str(package))
    # here the whole package is installed, and a child of this process must not find half of it first
    sys.path[:] = [entry for entry in sys.path if Path(entry).name != package.name]


def main(argv: list[str]) -> int:
    """The job: one JSON object on standard output, item → region → counts."""
    parser = argparse.ArgumentParser(prog="xinqiao.lake.spark.tally")
    parser.add_argument("files", nargs="+", type=_pair, metavar="ITEM=FILE")
    parser.add_argument("--received-on", type=date.fromisoformat, required=True)
    parser.add_argument("--as-of", type=date.fromisoformat)
    parser.add_argument("--encoding", default="utf-8")
    parser.add_argument("--output", type=Path, help="instead of standard output, to which Spark speaks too")
    args = parser.parse_args(argv)
    catalogue = load()
    told: dict[str, dict[str, object]] = {}
    builder = SparkSession.builder.appName("xinqiao-quality")
    with tempfile.TemporaryDirectory() as folder, builder.getOrCreate() as spark:
        send_package(spark, Path(folder))
        for item, path in args.files:
            found = quality_of_file(
                spark, path, catalogue, catalogue.items[item],
                received_on=args.received_on, as_of=args.as_of, encoding=args.encoding,
            )  # fmt: skip
            told[item] = {region: asdict(tally) for region, tally in found.items()}
    if args.output:
        args.output.write_text(json.dumps(told), encoding="utf-8")
    else:
        sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _pair(text: str) -> tuple[str, Path]:
    item, _, path = text.partition("=")
    return item, Path(path).resolve()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
