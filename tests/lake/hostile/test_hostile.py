"""A slice of the corpus of hostile files in the real child process; the whole is ``xinqiao campaign hostile``."""

import json
import subprocess
import sys

import pytest
from tests.lake.hostile.make import write

from xinqiao.campaigns import hostile
from xinqiao.campaigns.hostile_files import OK, Sample, samples
from xinqiao.domain.errors import Code

#: One of each kind of attack; the twins beside them are in ``tests/lake/files``.
SLICE = (
    "zip one member of zeros", "zip overlapping members", "zip size denied", "zip slip b'../a.csv'", "zip mode 120777",
    "xlsx one text shown 3,000 times", "xlsx a cell far out", "xlsx entities",
    "parquet claiming 1,000,000,000 rows", "parquet one text 20,000 times", "parquet 1000 deep", "parquet with a pickle",
    "text GBK, then UTF-8", "csv a million columns", "csv quote never closed", "jsonl lists 100,000 deep", "csv ragged",
)  # fmt: skip
ALONE = """
import json, sys
from xinqiao.campaigns import hostile
from xinqiao.campaigns.hostile_files import samples
print(json.dumps(hostile.run([one for one in samples() if one.name in json.loads(sys.argv[1])])))
"""


def test_hostile_files_end_as_documented_and_the_program_lives():
    # In a program of its own: a child begins as a copy of its parent, and this one may have grown large by now.
    done = subprocess.run(
        [sys.executable, "-c", ALONE, json.dumps(SLICE)], capture_output=True, text=True, check=True
    )
    figures = json.loads(done.stdout)
    assert figures["files"] == len(SLICE)
    assert [
        problem for problem in figures["problems"] if " took " not in problem
    ] == []  # no test by the clock
    assert figures["peak_mib"] <= hostile.MEMORY_MIB


def test_the_corpus_is_large_named_once_and_only_of_documented_codes():
    corpus = samples()
    assert sum(sample.codes != {OK} for sample in corpus) >= 200
    assert sum(sample.codes == {OK} for sample in corpus) >= 30
    assert len({sample.name for sample in corpus}) == len(corpus)
    assert frozenset().union(*(sample.codes for sample in corpus)) <= {OK, *Code}


def test_the_campaign_tells_a_wrong_code_and_wrong_rows():
    """It must be able to fail."""
    wrong = [
        Sample("a sound file", lambda: b"a,b\n1,2\n", frozenset({"FILE_UNREADABLE"})),
        Sample("two rows", lambda: b"a,b\n1,2\n", frozenset({OK}), 2),
    ]
    problems = [one for one in hostile.run(wrong)["problems"] if not one.startswith("a child used")]
    assert problems == ["a sound file: OK instead of FILE_UNREADABLE", "two rows: 1 rows instead of 2"]


def test_the_script_writes_the_corpus_with_its_manifest(tmp_path):
    chosen = [sample for sample in samples() if sample.name in ("zip slip b'../a.csv'", "csv ragged")]
    told = json.loads(write(tmp_path, chosen).read_text(encoding="utf-8"))
    assert [entry["codes"] for entry in told.values()] == [["ARCHIVE_UNSAFE"], ["OK"]]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["000", "001", "manifest.json"]


@pytest.mark.parametrize(
    "sample", [s for s in samples() if s.name in ("zip nested 5", "parquet wrong check sum 0.5")]
)
def test_the_same_bytes_are_made_on_every_run(sample):
    assert sample.make() == sample.make()
