"""The public sets, or other parts of them, as a folder of supplier's files, the schemas of their items, and an account."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xinqiao.demo.collected import inspur, registry
from xinqiao.demo.collected.reading import Table, tables
from xinqiao.domain.catalogue.headers import header_key
from xinqiao.domain.errors import Code, XinqiaoError


@dataclass(frozen=True, slots=True)
class Supplied:
    """A finished file, or a source that made none.

    ``source``: name of the file it was made of. ``columns``: column there → header here, where they differ.
    ``ignored``: columns there that nothing was made of. ``problem``: why nothing could be made of the file at all.
    """

    item: str
    path: Path
    rows: int
    source: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    problem: Code | None = None


def write_public(data_dir: Path, folder: Path) -> Iterator[Supplied]:
    """Write what the sets in ``data_dir`` give: ``<item>.csv``, ``firms.csv``, ``mapping.json`` with the counts, and the
    schemas in ``catalogue/demo/``, which ``xinqiao.catalogue.load(extensions=folder / "catalogue")`` reads.

    Raises FileNotFoundError when neither set is there; nothing is written then.
    """
    if not (inspur.available(data_dir) or registry.available(data_dir)):
        raise FileNotFoundError(data_dir)
    kinds = [data_dir / inspur.FOLDER / f"{kind.file}.csv" for kind in inspur.KINDS]
    found = [*(path for path in kinds if path.is_file())]
    if registry.available(data_dir):
        found.append(data_dir / registry.FILE)
    yield from _written(found, folder, whole=True)


def write_parts(paths: Sequence[Path], folder: Path) -> Iterator[Supplied]:
    """The same of single files of the sets, and of all files in folders, known by their columns and not by their names; a
    second table of an item becomes ``<item>-2.csv``.

    Raises FileNotFoundError when one is not there; nothing is written then.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(path)
    inside = (sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths)
    yield from _written([one for found in inside for one in found if one.is_file()], folder, whole=False)


def _written(paths: Sequence[Path], folder: Path, *, whole: bool) -> Iterator[Supplied]:
    schemas = folder / "catalogue" / inspur.ORIGIN
    schemas.mkdir(parents=True, exist_ok=True)
    for name, text in (inspur.extension_texts() | registry.extension_texts()).items():
        (schemas / name).write_text(text, encoding="utf-8")
    account: list[dict[str, object]] = []
    names: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for path in paths:
        for done in _one(path, folder, names, numbers, whole=whole):
            told = {"item": done.item, "file": done.path.name, "rows": done.rows, "source": done.source}
            more = {"columns": done.columns, "ignored": list(done.ignored), "problem": done.problem}
            account.append(told | {name: value for name, value in more.items() if value})
            yield done
    found = json.dumps({"files": account, "not_national": inspur.NOT_NATIONAL}, ensure_ascii=False, indent=1)
    (folder / "mapping.json").write_text(found + "\n", encoding="utf-8")


def _one(
    path: Path, folder: Path, names: Counter[str], numbers: Counter[str], *, whole: bool
) -> Iterator[Supplied]:
    """``names``: files written of each item; ``numbers``: rows of each listed kind, so that no number comes twice."""
    try:
        with tables(path) as found:
            for table in found:
                kind = inspur.kind_of(table.header)
                if kind:
                    yield _kind(kind, table, path, _place(folder, kind.item, names), numbers)
                elif registry.is_register(table.header):
                    yield from _register(table, path, folder, names, whole=whole)
                else:
                    yield Supplied("", path, 0, path.name, problem=Code.HEADER_MISMATCH)
    except XinqiaoError as error:
        yield Supplied("", path, 0, path.name, problem=error.code)


def _kind(kind: inspur.Kind, table: Table, path: Path, into: Path, numbers: Counter[str]) -> Supplied:
    columns = inspur.columns_of(kind, table.header)
    first = numbers[kind.item] + 1
    rows = _write(into, inspur.map_rows(kind, table.header, table.rows(), first=first))
    numbers[kind.item] += rows
    ignored = tuple(name for name in table.header if name not in columns and header_key(name) != "entname")
    return Supplied(kind.item, into, rows, path.name, columns, ignored)


def _register(
    table: Table, path: Path, folder: Path, names: Counter[str], *, whole: bool
) -> Iterator[Supplied]:
    forms = [(registry.REGISTRATION, registry.registration_rows)]
    if whole:
        forms += [("legal_representative", registry.national_rows), ("", registry.firm_rows)]
    for item, lines in forms:
        into = _place(folder, item or "firms", names)
        yield Supplied(item, into, _write(into, lines(table)), path.name)


def _place(folder: Path, name: str, names: Counter[str]) -> Path:
    names[name] += 1
    return folder / (f"{name}.csv" if names[name] == 1 else f"{name}-{names[name]}.csv")


def _write(path: Path, lines: Iterable[list[str]]) -> int:
    """Write header and rows; the number of rows."""
    rows = -1
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)  # its line end is CRLF, so that a lone CR in a cell is put in quotes, too
        for line in lines:
            writer.writerow(line)
            rows += 1
    unfinished.replace(path)
    return rows
