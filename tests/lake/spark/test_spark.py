"""Spark's figures are those of the pipeline, count by count; without pyspark there is nothing to compare."""

import csv
import os
import random
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from xinqiao.campaigns.planted import plant
from xinqiao.catalogue import load
from xinqiao.demo.collected.writing import Order, generate
from xinqiao.domain.quality import Tally
from xinqiao.lake.collect import Means, Terms, collect
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.store import Lake

pytest.importorskip("pyspark")

from pyspark.sql import SparkSession

from xinqiao.lake.spark import segments
from xinqiao.lake.spark.tally import quality_of_file, send_package

CATALOGUE = load()
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
TODAY = date(2026, 11, 21)
ITEM = "electricity_fee"
SUPPLY = Terms()


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A session in this process."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    with builder.config("spark.sql.shuffle.partitions", "2").getOrCreate() as session:
        send_package(session, tmp_path_factory.mktemp("package"))
        yield session


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake.open(tmp_path / "lake", create=True, buckets=4)


def taken(lake: Lake, item: str, path: Path, batch: str = "b1", terms: Terms = SUPPLY) -> dict[str, Tally]:
    """What the pipeline counts."""
    beside = path.parent / f"staged-{batch}"
    beside.mkdir()
    staged = stage(path, beside, expected=expected_names(CATALOGUE.items[item]))
    receipt = collect(
        lake, staged, CATALOGUE.items[item], CATALOGUE, source="s", batch_no=batch, received_at=NOW,
        terms=terms, means=Means(secret=b"s"),
    )  # fmt: skip
    return {one.region: one.tally for one in receipt.quality}


def test_a_file_with_every_mistake(spark: SparkSession, lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "bills.csv"
    plant(path, 1_500, seed=3, share=0.3)
    with path.open("a", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["甲", "91"], ["1"] * 15, []])
        out.write("只有,两格\n")
    own = taken(lake, ITEM, path)
    found = quality_of_file(spark, path, CATALOGUE, CATALOGUE.items[ITEM], received_on=TODAY)
    assert found == own
    whole = sum(found.values(), Tally())
    assert (whole.rows > whole.accepted > 0, whole.unique_rows < whole.keyed_rows) == (True, True)
    # one day later nothing else has changed, and the figures are others: the comparison can fail
    assert (
        quality_of_file(spark, path, CATALOGUE, CATALOGUE.items[ITEM], received_on=date(2026, 11, 22)) != own
    )


def test_generated_items_with_persons_and_without_days(
    spark: SparkSession, lake: Lake, tmp_path: Path
) -> None:
    items = ("agri_subsidy", "dishonest_judgment_debtor", "large_grower_list")
    order = Order(enterprises=60, records=900, as_of=TODAY, items=items, errors=0.2, seed=4)
    for done in generate(order, tmp_path / "made"):
        own = taken(lake, done.item.id, done.path, batch=done.item.id)
        assert quality_of_file(spark, done.path, CATALOGUE, done.item, received_on=TODAY) == own, done.item.id


def test_a_parquet_file(spark: SparkSession, lake: Lake, tmp_path: Path) -> None:
    order = Order(
        enterprises=40, records=500, as_of=TODAY, items=("gas_fee",), errors=0.1, seed=4, format="parquet"
    )
    (done,) = generate(order, tmp_path / "made")
    own = taken(lake, "gas_fee", done.path)
    assert quality_of_file(spark, done.path, CATALOGUE, done.item, received_on=TODAY) == own


def test_the_lakes_files_say_what_the_lake_says(spark: SparkSession, lake: Lake, tmp_path: Path) -> None:
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    plant(first, 800, seed=5, share=0.02)
    lines = first.read_text(encoding="utf-8").splitlines(keepends=True)
    body = [line for line in lines[1:] if line.count('"') % 2 == 0]
    again.write_text(lines[0] + "".join(random.Random(1).sample(body, 300)), encoding="utf-8")
    taken(lake, ITEM, first)
    told = {(str(one["division"]), str(one["month"])): one["count"]
            for one in lake.rollups(by=("division", "month"), where={"rule": ""})}  # fmt: skip
    assert segments.counts(spark, lake, ITEM) == told
    taken(lake, ITEM, again, "b2", terms=Terms(withdrawal=True))
    rest = sum(segments.counts(spark, lake, ITEM).values())
    with duckdb.connect() as connection:
        (row,) = connection.execute(f"SELECT count(*) FROM {lake.relation_sql(ITEM)}").fetchall()
    assert rest == row[0] < sum(int(str(count)) for count in told.values())
    lake.compact(full=True)
    assert sum(segments.counts(spark, lake, ITEM).values()) == rest
    assert segments.misplaced(spark, lake, ITEM) == 0
    assert segments.misplaced(spark, Lake(lake.folder, 2), ITEM) > 0
