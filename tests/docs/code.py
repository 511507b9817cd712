"""What documents may point to: definitions in the source, and tests, both found by syntax tree."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "xinqiao"
#: ``hub/gateway/core.py:Gateway.answer`` in a document, from ``src/xinqiao/`` on.
REFERENCE = re.compile(r"`((?:[a-z_0-9]+/)*[a-z_0-9]+\.py):([A-Za-z_][\w.]*)`")


@cache
def definitions(path: Path) -> frozenset[str]:
    """Every function, class, method and module constant of a file, by its dotted name."""
    found: set[str] = set()

    def walk(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found.add(prefix + name)
                case ast.ClassDef(name=name):
                    found.add(prefix + name)
                    walk(child, f"{prefix}{name}.")
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    found.add(prefix + name)
                case _:
                    continue

    walk(ast.parse(path.read_text(encoding="utf-8")), "")
    return frozenset(found)


def references(text: str) -> list[tuple[str, str]]:
    """All ``file:name`` references of a document."""
    return REFERENCE.findall(text)


def missing(text: str) -> list[str]:
    """References whose file or name does not exist."""
    return [
        f"{file}:{name}"
        for file, name in references(text)
        if not (SRC / file).is_file() or name not in definitions(SRC / file)
    ]


def has_test(identity: str) -> bool:
    """Whether ``tests/…/test_x.py::test_name`` is there (a class in between is allowed)."""
    file, _, name = identity.partition("::")
    path = ROOT / file
    return path.is_file() and name.replace("::", ".") in definitions(path)
