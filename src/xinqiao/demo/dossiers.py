"""What the demonstration's departments have collected: records of every collected item about the invented firms.

The province's own firms stand among some hundred invented neighbours, so that a portrait has peers and a search has
something to choose from. Where the public sets are given, their registrations and record kinds are sent as well, by
sources that say what they are. No record is invented about a firm that exists.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

import pyarrow as pa

from xinqiao.catalogue import load
from xinqiao.demo.collected import inspur, registry
from xinqiao.demo.collected.firms import TRADES, Firms, invent_firms
from xinqiao.demo.collected.public import write_public
from xinqiao.demo.collected.writing import Order, generate
from xinqiao.demo.own_records import write_own_records
from xinqiao.domain.canonical import Json
from xinqiao.lake.firms import FirmIndex
from xinqiao.lake.firms.source import Reading, read_firms

type Enterprise = dict[str, Json]

#: The province's firms and their neighbours.
FIRMS, RECORDS = 360, 16_000
#: One row in a hundred is wrong, as rows are; the receipts say which.
ERRORS = 0.01


def province_firms(enterprises: list[Enterprise], *, seed: int) -> Firms:
    """The invented enterprises of the demonstration, then invented neighbours up to :data:`FIRMS`.

    Firms out of the public register are left out: nothing may be invented about them.
    """
    own = [firm for firm in enterprises if firm["origin"] == "generated"][: FIRMS // 2]
    made = invent_firms(seed=seed, count=FIRMS)
    count = len(own)
    names = [str(firm["name"]) for firm in own]
    weight, kind, trade = made.weight.copy(), made.kind.copy(), made.trade.copy()
    weight[:count] = 1e-6  # its records are told by ``own_records``, so that they agree with its statements
    kind[:count] = 0
    for at, name in enumerate(names):
        trade[at] = next((n for n, (word, _, _) in enumerate(TRADES) if word in name), trade[at])
    return replace(
        made,
        names=pa.concat_arrays([pa.array(names, pa.string()), made.names.slice(count)]),
        usccs=pa.concat_arrays([pa.array([str(firm["uscc"]) for firm in own], pa.string()), made.usccs.slice(count)]),
        weight=weight,
        kind=kind,
        trade=trade,
    )  # fmt: skip


def write_dossiers(
    credentials: dict[str, object], truth_file: Path, folder: Path, *, as_of: date, seed: int
) -> Iterator[tuple[str, Path]]:
    """A supplier's file for every collected item, and ``firms.csv``: item and path, one after another.

    ``truth_file``: what the generator of the statements knows of its firms.
    """
    firms = province_firms(cast("list[Enterprise]", credentials["enterprises"]), seed=seed)
    order = Order(enterprises=len(firms), records=RECORDS, as_of=as_of, errors=ERRORS, seed=seed)
    for written in generate(order, folder, firms=firms):
        yield written.item.id, written.path
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    yield from write_own_records(truth, load(), folder, as_of=as_of)


def public_sources(data_dir: Path | None) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    """The sources that send the public sets: code, name, short name, kind, items. Empty without the sets."""
    by_provider: dict[str, list[str]] = {}
    if inspur.available(data_dir):
        for kind in inspur.KINDS:
            by_provider.setdefault(kind.provider, []).append(kind.item)
    if registry.available(data_dir):
        by_provider.setdefault("市场监管", []).append(registry.REGISTRATION)
    return [
        (f"public-{number}", f"{provider}公开数据集（演示，仅供测试）", f"公开数据·{provider}", "centre", tuple(items))
        for number, (provider, items) in enumerate(sorted(by_provider.items()), start=1)
    ]  # fmt: skip


def write_public_catalogue(data_dir: Path | None, folder: Path) -> Path | None:
    """The schemas of the public kinds as a province's extension folder; ``None`` without the sets."""
    texts: dict[str, str] = {}
    if inspur.available(data_dir):
        texts |= inspur.extension_texts()
    if registry.available(data_dir):
        texts |= registry.extension_texts()
    if not texts:
        return None
    schemas = folder / inspur.ORIGIN
    schemas.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (schemas / name).write_text(text, encoding="utf-8")
    return folder


def public_files(data_dir: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """A supplier's file for every public kind that became an item of its own: item and path."""
    for done in write_public(data_dir, folder):
        if done.item.startswith(f"x_{inspur.ORIGIN}_") and done.rows:
            yield done.item, done.path


def build_firm_index(lists: list[Path], path: Path) -> int:
    """The register of firms that searches by name stand on; whole at once. Returns how many firms."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with FirmIndex.create(unfinished) as index:
        for source in lists:
            index.add(read_firms(source, Reading()))
        index.optimise()
        count = len(index)
    unfinished.replace(path)
    return count
