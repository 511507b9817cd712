"""Columns as places in their values, what is known of values, and the good rows that wait."""

import itertools
import random
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from xinqiao.campaigns.planted import HEADER
from xinqiao.catalogue import load
from xinqiao.domain.catalogue.headers import match_headers
from xinqiao.domain.catalogue.values import OUTER
from xinqiao.lake.collecting import verdicts as judging
from xinqiao.lake.collecting.accepted import Accepted, accepted, save
from xinqiao.lake.collecting.accepted import load as reloaded
from xinqiao.lake.collecting.coded import Coded, coded, in_order, narrow, paired
from xinqiao.lake.collecting.fields_sql import filled
from xinqiao.lake.collecting.keys import KeyHashes
from xinqiao.lake.collecting.verdicts import Cells, Known, Verdicts
from xinqiao.lake.rules_sql import compile_item, register

CATALOGUE = load()
ITEM = CATALOGUE.items["electricity_fee"]
USCC = "91140105MA0K123457"


def everything(column: Coded) -> list[object]:
    return column.take(slice(None)).to_pylist()


def test_a_column_is_its_values_again() -> None:
    rng = random.Random(1)
    few = [rng.choice(["a", "b", None, ""]) for _ in range(20_000)]
    many = [f"{number}" for number in range(20_000)]
    for texts, most in ((few, 4), (many, 20_000), ([], 0), ([None, None], 1)):
        column = pa.chunked_array([texts[:7_000], texts[7_000:]], pa.string())
        found = coded(column)
        assert everything(found) == texts
        assert len(found.values) <= most


def test_pairs() -> None:
    first, second = (
        coded(pa.chunked_array([texts])) for texts in (["a", "b", "a", "a"], ["x", "x", "y", "x"])
    )
    places, one, other = paired(first, second)
    assert len(one) == len(other) == 3
    assert one.take(pa.array(places)).to_pylist() == ["a", "b", "a", "a"]
    assert other.take(pa.array(places)).to_pylist() == ["x", "x", "y", "x"]


def test_what_is_known_is_not_asked_again() -> None:
    known, asked = Known(), []

    def find(values: pa.Array) -> pa.Table:
        asked.append(values.to_pylist())
        return pa.table({"n": pa.array([None if one is None else len(one) for one in values.to_pylist()])})

    for texts in (["a", "bb", None], ["bb", "a"], ["ccc", None, "a"]):
        said = known.about(0, pa.array(texts, pa.string()), find)
        assert said.column("n").to_pylist() == [None if one is None else len(one) for one in texts]
    assert asked == [["a", "bb", None], ["ccc"]]
    known.about(1, pa.array(["a"]), find)
    assert asked[-1] == ["a"]


def test_hashes_that_came_twice(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    some = rng.integers(0, 1 << 63, 5_000, np.uint64)
    with KeyHashes(tmp_path / "keys") as keys:
        keys.add(some)
        keys.add(some[100:110])
        twice = keys.repeated()
    assert sorted(twice.hashes.tolist()) == sorted(some[100:110].tolist())
    # the same last bits are not the same hash
    near = some[100:110] ^ np.uint64(1 << 63)
    found = twice.among(np.concatenate([some, near]))
    assert found is not None
    assert np.flatnonzero(found).tolist() == list(range(100, 110))
    assert twice.among(near) is None


def test_rows_that_waited_are_what_they_were(tmp_path: Path) -> None:
    cells = [
        ["样例有限公司", f" {USCC}", f"{number:010d}", "街道1号", "100", "90.00", "2020年1月5日", "正常", "5.00", "0",
         "2024-05", "" if number % 2 else "1.5", "-"]
        for number in range(50)
    ]  # fmt: skip
    columns = tuple(coded(pa.chunked_array([list(texts)])) for texts in zip(*cells, strict=True))
    compiled = compile_item(
        CATALOGUE, ITEM, match_headers(ITEM, HEADER).fields, received_on=date(2026, 11, 21)
    )
    with duckdb.connect() as connection:
        register(connection, CATALOGUE, ITEM, on=date(2026, 11, 21), key=b"key")
        verdicts = Verdicts(connection, compiled, Cells(np.arange(1, 51), None, columns))
        part = accepted(verdicts, buckets=4, as_of="CAST(NULL AS DATE)")
    assert len(part.rows) == 50, verdicts.findings(np.arange(50)).to_pylist()[:3]
    save(tmp_path / "waiting", part)
    again = reloaded(tmp_path / "waiting")
    assert told(again) == told(part)
    assert [one[2] for one in told(again)["cells"]][:3] == [f"{number:010d}" for number in range(3)]


def told(part: Accepted) -> dict[str, list[object]]:
    return {
        "edges": list(part.edges),
        "rows": part.rows.tolist(),
        "keys": part.keys.tolist(),
        "digests": part.digests.tolist(),
        "subject": everything(part.subject),
        "as_of": everything(part.as_of),
        "texts": [part.texts],
        "fields": list(zip(*map(everything, part.fields), strict=True)),
        "cells": list(zip(*map(everything, part.cells), strict=True)),
    }


def test_what_is_blank_is_told_without_trimming() -> None:
    signs = [*OUTER, "!", "~", "\x01", "\x7f", "a", "\u2fff", "\u3001", "\u00a0", "太", "\U0001f600"]
    cells = [None, "", *("".join(pair) for pair in itertools.product(signs, [*signs, ""]))]
    with duckdb.connect() as connection:
        connection.register("cells", pa.table({"x": cells}))
        said = connection.sql(f"SELECT {filled('x')} FROM cells").fetchall()
    assert [one for (one,) in said] == [bool((cell or "").strip(OUTER)) for cell in cells]


def test_the_hash_of_a_row_is_the_engine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_STEP", 7)
    columns = tuple(
        coded(pa.chunked_array([[f"{number % most}" for number in range(50)]])) for most in range(1, 14)
    )
    compiled = compile_item(
        CATALOGUE, ITEM, match_headers(ITEM, HEADER).fields, received_on=date(2026, 11, 21)
    )
    rows = np.array([49, 3, 3, 20, 0])
    with duckdb.connect() as connection:
        register(connection, CATALOGUE, ITEM, on=date(2026, 11, 21), key=b"key")
        verdicts = Verdicts(connection, compiled, Cells(np.arange(1, 51), None, columns))
        given = {f"v{place}": field.column.take(rows) for place, field in enumerate(verdicts.fields)}
        asked = judging.ask(connection, given, f"hash({', '.join(given)}) AS h")
        assert verdicts.digest(rows).tolist() == asked.column("h").to_pylist()


def test_equal_numbers_stay_in_their_order() -> None:
    rng = np.random.default_rng(1)
    for most in (1, 5, 1 << 16, (1 << 16) + 1, 1 << 31):
        numbers = rng.integers(0, most, 3_000).astype(np.int32)
        assert in_order(numbers).tolist() == np.argsort(numbers, kind="stable").tolist()
    assert in_order(np.zeros(0, np.int32)).tolist() == []


def test_places_take_as_little_room_as_their_values_allow() -> None:
    for count, size in ((1, 1), (128, 1), (129, 2), (1 << 15, 2), ((1 << 15) + 1, 4)):
        places = np.array([0, count - 1], np.int32)
        found = narrow(places, count)
        assert found.itemsize == size
        assert found.tolist() == places.tolist()
