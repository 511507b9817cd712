"""The public sets as a folder of supplier's files, the schemas of their items, and an account of what was left out."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.demo.collected import inspur, registry


@dataclass(frozen=True, slots=True)
class Supplied:
    """A finished file. ``refused``: reason → lines of the source that made no row."""

    item: str
    path: Path
    rows: int
    refused: dict[str, int] = field(default_factory=dict)


def write_public(data_dir: Path, folder: Path) -> Iterator[Supplied]:
    """Write what the sets in ``data_dir`` give: ``<item>.csv``, ``firms.csv``, ``mapping.json`` with the counts, and the
    schemas in ``catalogue/demo/``, which ``xinqiao.catalogue.load(extensions=folder / "catalogue")`` reads.

    Raises FileNotFoundError when neither set is there; nothing is written then.
    """
    if not (inspur.available(data_dir) or registry.available(data_dir)):
        raise FileNotFoundError(data_dir)
    schemas = folder / "catalogue" / inspur.ORIGIN
    schemas.mkdir(parents=True, exist_ok=True)
    for name, text in (inspur.extension_texts() | registry.extension_texts()).items():
        (schemas / name).write_text(text, encoding="utf-8")
    account: list[dict[str, object]] = []
    for done in _files(data_dir, folder):
        account.append(
            {"item": done.item, "file": done.path.name, "rows": done.rows, "refused": done.refused}
        )
        yield done
    found = json.dumps({"files": account, "not_national": inspur.NOT_NATIONAL}, ensure_ascii=False, indent=1)
    (folder / "mapping.json").write_text(found + "\n", encoding="utf-8")


def _files(data_dir: Path, folder: Path) -> Iterator[Supplied]:
    if inspur.available(data_dir):
        for mapped in inspur.map_all(data_dir):
            path = folder / f"{mapped.item}.csv"
            rows = _write(path, [mapped.header, *mapped.rows])
            yield Supplied(mapped.item, path, rows, dict(sorted(mapped.refused.items())))
    if registry.available(data_dir):
        for item, lines in (
            (registry.REGISTRATION, registry.registration_rows(data_dir)),
            ("legal_representative", registry.national_rows(data_dir)),
            ("", registry.firm_rows(data_dir)),
        ):
            path = folder / f"{item or 'firms'}.csv"
            yield Supplied(item, path, _write(path, lines))


def _write(path: Path, lines: Iterable[list[str]]) -> int:
    """Write header and rows; the number of rows."""
    rows = -1
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for line in lines:
            writer.writerow(line)
            rows += 1
    unfinished.replace(path)
    return rows
