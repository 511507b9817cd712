"""Writes the corpus of hostile files to a folder, with what must come of each: ``python tests/lake/hostile/make.py DIR``.

The files themselves are defined in ``xinqiao.campaigns.hostile_files``, where the campaign finds them too.
"""

import json
import sys
from pathlib import Path

from xinqiao.campaigns.hostile_files import Sample, samples


def write(folder: Path, chosen: list[Sample] | None = None) -> Path:
    """One file a sample, numbered, and ``manifest.json``: file → name, allowed codes, rows of an accepted one."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {}
    for number, sample in enumerate(samples() if chosen is None else chosen):
        (folder / f"{number:03}").write_bytes(sample.make())
        manifest[f"{number:03}"] = {"name": sample.name, "codes": sorted(sample.codes), "rows": sample.rows}
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))}\n")
