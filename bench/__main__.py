"""``python -m bench [NAME…]``: run the benchmarks and print one table (or ``--json``).

Each benchmark runs in a process of its own. They configure Django on a temporary home, which one
process can do only once, and a measurement should not inherit the caches and the threads of the one
before it.
"""

import argparse
import dataclasses
import importlib
import json
import subprocess
import sys

from bench._table import BenchRow, render

#: Modules of this folder with a function ``rows()``; the order is the order of the table.
MODULES = (
    "fundflow",
    "collect",
    "lake",
    "scaling",
    "query",
    "dossier",
    "audit",
    "firms",
    "report",
    "matching",
)


class BenchFailed(RuntimeError):
    """A benchmark stopped before it had measured anything."""


def _rows_apart(name: str) -> list[BenchRow]:
    """The rows of one benchmark, measured in a fresh process; its progress goes to our stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    try:  # 1 means "a goal was missed": the rows are there all the same
        return [BenchRow(**row) for row in json.loads(done.stdout)]
    except ValueError as error:
        raise BenchFailed(f"benchmark {name!r} ended with code {done.returncode} and no rows") from error


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for and return 0 if every "must" holds."""
    parser = argparse.ArgumentParser(prog="xinqiao bench")
    parser.add_argument("names", nargs="*", choices=[[], *MODULES], help="which benchmarks (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(argv)
    names = args.names or list(MODULES)
    if len(names) == 1:
        rows: list[BenchRow] = importlib.import_module(f"bench.{names[0]}").rows()
    else:
        rows = [row for name in names for row in _rows_apart(name)]
    if args.json:
        print(json.dumps([dataclasses.asdict(r) for r in rows], ensure_ascii=False, indent=1))
    else:
        print(render(rows))
    return 0 if all(r.met != "no" for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
