"""What a run has done so far, in one file, so that a run that was killed goes on where it was."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from xinqiao.demo.province.size import Size

NAME = "province.json"


@dataclass(slots=True)
class Spent:
    """Seconds by phase, over all runs; a step that was killed is in none of them."""

    firms: float = 0.0
    generate: float = 0.0
    stage: float = 0.0
    collect: float = 0.0
    compact: float = 0.0
    index: float = 0.0


@dataclass(slots=True)
class Counts:
    """Rows over all finished pieces. ``alone``: accepted rows whose twin by key came in another piece."""

    pieces: int = 0
    input_bytes: int = 0
    rows: int = 0
    accepted: int = 0
    refused: int = 0
    repeated: int = 0
    alone: int = 0


@dataclass(slots=True)
class Journal:
    """The file ``province.json``; written whole after every step."""

    path: Path
    size: Size
    runs: int = 0
    #: on the wall, and of the processor: this process and the children it waited for
    spent: Spent = field(default_factory=Spent)
    cpu: Spent = field(default_factory=Spent)
    counts: Counts = field(default_factory=Counts)
    #: pieces that are done, ``item/number``
    done: list[str] = field(default_factory=list)
    #: items that are folded into their base
    folded: list[str] = field(default_factory=list)
    indexed: bool = False
    peak_bytes: int = 0
    #: largest resident set of the process that collects, and of a child of it that has ended
    peak_mb: int = 0
    peak_child_mb: int = 0
    peak_fold_mb: int = 0
    #: pieces whose receipt was not the planted one
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, folder: Path, size: Size) -> Self:
        """Go on with what is in the folder, or begin.

        Raises:
            ValueError: another size was begun there.
        """
        path = folder / NAME
        if not path.exists():
            return cls(path, size)
        told = json.loads(path.read_bytes())
        if told["size"] != size.to_json():
            raise ValueError(f"这个文件夹里是另一个规模 another size was begun here: {told['size']}")
        spent, cpu = Spent(**told.pop("spent")), Spent(**told.pop("cpu"))
        counts = Counts(**told.pop("counts"))
        told.pop("size")
        return cls(path, size, spent=spent, cpu=cpu, counts=counts, **told)

    def save(self) -> None:
        """Have it on the disk, whole."""
        told = asdict(self)
        told.pop("path")
        beside = self.path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as out:
            json.dump(told, out, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.path)
