"""``python -m bench [NAME…]``: run the benchmarks and print one table (or ``--json``)."""

import argparse
import dataclasses
import importlib
import json
import sys

#: Modules of this folder with a function ``rows()``; the order is the order of the table.
MODULES = ("fundflow", "query", "audit")


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for and return 0 if every "must" holds."""
    parser = argparse.ArgumentParser(prog="xinqiao bench")
    parser.add_argument("names", nargs="*", choices=[[], *MODULES], help="which benchmarks (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(argv)
    rows = [
        row for name in (args.names or MODULES) for row in importlib.import_module(f"bench.{name}").rows()
    ]
    if args.json:
        print(json.dumps([dataclasses.asdict(r) for r in rows], ensure_ascii=False, indent=1))
    else:
        from bench._table import render

        print(render(rows))
    return 0 if all(r.met != "no" for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
