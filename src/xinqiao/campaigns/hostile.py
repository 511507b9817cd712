"""The campaign of hostile files: each is staged as an upload would be, and must end as documented.

Held for every file: the outcome is one of those that are documented for it; the child used no more than 512 MiB;
it took no more than ten seconds; nothing is left after a refusal; an accepted twin has the rows it was made with, read
through ``relation_sql`` by the DuckDB of this very process, which is still alive then.
"""

import gc
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from xinqiao.campaigns.hostile_files import OK, Sample, samples
from xinqiao.campaigns.hostile_files.columns import CANARY
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import XinqiaoError
from xinqiao.lake.files import READER_SETTINGS, Sheet, relation_sql, stage

MEMORY_MIB: Final = 512
SECONDS: Final = 10.0


def run(chosen: Sequence[Sample] | None = None) -> dict[str, Json]:
    """Stage every sample.

    Returns:
        ``files``, ``hostile``, ``twins``, ``outcomes`` by code, ``peak_mib`` (the largest child of all; the memory of
        this process when it started one counts too, so it is an upper bound), ``slowest_ms`` with ``slowest``,
        and ``problems``, which must be empty.
    """
    chosen = samples() if chosen is None else chosen
    problems: list[Json] = []
    outcomes: Counter[str] = Counter()
    slowest, slowest_name = 0.0, ""
    with tempfile.TemporaryDirectory(prefix="xinqiao-hostile-") as home:
        for sample in chosen:
            outcome, took, found = _tried(sample, Path(home))
            outcomes[outcome] += 1
            problems += [f"{sample.name}: {problem}" for problem in found]
            slowest, slowest_name = max((slowest, slowest_name), (took, sample.name))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    if peak > MEMORY_MIB:
        problems.append(f"a child used {peak:.0f} MiB")
    if CANARY in os.environ:
        problems.append("a pickle in a file was run")
    twins = sum(sample.codes == {OK} for sample in chosen)
    return {
        "files": len(chosen),
        "hostile": len(chosen) - twins,
        "twins": twins,
        "outcomes": dict(sorted(outcomes.items())),
        "peak_mib": round(peak),
        "slowest_ms": round(slowest * 1000),
        "slowest": slowest_name,
        "problems": problems,
    }


def _tried(sample: Sample, home: Path) -> tuple[str, float, list[str]]:
    upload = home / "upload"
    upload.write_bytes(sample.make())
    gc.collect()  # a child begins as a copy of this process, whose memory is counted as the child's
    problems: list[str] = []
    with tempfile.TemporaryDirectory(dir=home) as folder:
        started = time.monotonic()
        try:
            staged = stage(upload, Path(folder))
        except XinqiaoError as error:
            outcome, took = error.code.value, time.monotonic() - started
            if any(Path(folder).iterdir()):
                problems.append("something is left after a refusal")
        else:
            outcome, took = OK, time.monotonic() - started
            rows = sum(_rows(sheet) for sheet in staged.sheets)
            if sample.rows not in (None, rows):
                problems.append(f"{rows} rows instead of {sample.rows}")
    upload.unlink()
    if outcome not in sample.codes:
        problems.append(f"{outcome} instead of {', '.join(sorted(sample.codes))}")
    if took > SECONDS:
        problems.append(f"took {took:.1f} s")
    return outcome, took, problems


def _rows(sheet: Sheet) -> int:
    """As the pipeline counts: through the relation, every cell looked at."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "400MB"}) as connection:
        for setting in READER_SETTINGS:
            connection.execute(setting)
        names = [f"n{place}" for place in range(len(sheet.header))]
        looked = " + ".join(f"count({name})" for name in names[:50])
        sql = f"SELECT count(*), max(_row), {looked} FROM ({relation_sql(sheet, names)})"  # noqa: S608
        (found,) = connection.execute(sql).fetchall()
        return int(found[0])
