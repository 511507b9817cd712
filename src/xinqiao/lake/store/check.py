"""Does the manifest say what the rows say? Counts, sums, digests, bytes of every segment and batch (invariant I9)."""

import json
from decimal import Decimal
from pathlib import Path

from xinqiao.lake.store.commit import batch_file
from xinqiao.lake.store.manifest import BASE, ItemState
from xinqiao.lake.store.measure import columns_of, connect, measure, name, scan, sha256_of
from xinqiao.lake.store.segments import add_sums


def _said(sums: dict[str, str]) -> dict[str, str]:
    """Sums without the zeros of columns that a file does not have."""
    return {column: value for column, value in add_sums([sums]).items() if Decimal(value)}


def check_item(folder: Path, state: ItemState) -> list[str]:
    """Everything that differs, in words for an operator."""
    found: list[str] = []
    missing = [segment for segment in state.segments if not (folder / segment.file).is_file()]
    found += [f"{segment.file}: missing" for segment in missing]
    present = [segment for segment in state.segments if segment not in missing]
    with connect() as connection:
        for segment in present:
            path = folder / segment.file
            if sha256_of(path) != segment.sha256:
                found.append(f"{segment.file}: bytes differ")
                continue
            measured = measure(connection, [path], columns_of(connection, [path]))[path]
            if (measured.rows, measured.content_digest) != (segment.rows, segment.content_digest):
                found.append(f"{segment.file}: rows differ")
            if _said(measured.sums) != _said(segment.sums):
                found.append(f"{segment.file}: sums differ")
        bases = [segment.file for segment in present if segment.kind == BASE]
        if bases:
            own = ", ".join(name(column) for column in ["_subject", *(state.key or ("_key",))])
            twice = connection.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {scan([folder / base for base in bases])} "  # noqa: S608
                f"GROUP BY {own} HAVING count(*) > 1)"
            ).fetchall()[0][0]
            if twice:
                found.append(f"{state.item}: {twice} keys more than once in the base")
    for number, entry in state.batches.items():
        told = json.loads((folder / batch_file(state.item, number)).read_bytes())["batch"]
        if (told["seq"], told["rows"], told["content_digest"]) != (
            entry.seq,
            entry.rows,
            entry.content_digest,
        ):
            found.append(f"{state.item} {number}: facts differ")
    return found
