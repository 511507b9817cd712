"""``xinqiao redress``: the signed list of what is published no more, for other platforms; checking a file of periods."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xinqiao.cli.installed import database_ready
from xinqiao.domain.errors import Invalid
from xinqiao.domain.redress import parse_rules

if TYPE_CHECKING:
    from xinqiao.domain.canonical import Json


def main_redress(argv: list[str]) -> int:
    """Write the list or check the file; 2 means that nothing was written, or that the file is not right."""
    args = _parser().parse_args(argv)
    return _rules(args.file) if args.verb == "rules" else _results(args.after, args.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao redress", description="异议与信用修复 objections and credit repair"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    results = verbs.add_parser(
        "results",
        description="写出不再公示的记录，签名的 JSON，给别的平台。The signed list of records that are published no more.",
    )
    results.add_argument(
        "--after",
        default="",
        metavar="ID",
        help="接着上一份的 next the `next` of the last list (default: from the start)",
    )
    results.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="写到新文件；不写就打印 into a new file (default: standard output)",
    )
    rules = verbs.add_parser(
        "rules",
        description="检查期限文件（XINQIAO_REDRESS_RULES）。Check a file of periods and holidays before the start reads it.",
    )
    rules.add_argument("file", type=Path, metavar="FILE")
    return parser


def _results(after: str, out: Path | None) -> int:
    if not database_ready():
        return 2
    from xinqiao.hub.apps.redress.services import repair_results
    from xinqiao.hub.runtime import runtime

    made = repair_results(after=after, at=runtime.clock.now())
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    try:
        if out is None:
            print(text, end="")
        else:
            with out.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        print(f"没有写出 not written: {error}", file=sys.stderr)
        return 2
    results = made["results"]
    assert isinstance(results, dict)
    entries: Json = results["entries"]
    assert isinstance(entries, list)
    print(
        f"{len(entries)} 条 entries；下一份 next: --after {results['next'] or ''}".rstrip(), file=sys.stderr
    )
    return 0


def _rules(file: Path) -> int:
    try:
        found = parse_rules(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        print(f"读不出来 cannot be read: {error}", file=sys.stderr)
        return 2
    except Invalid as error:
        print(f"不对 not right: {error.detail}", file=sys.stderr)
        return 2
    print(
        f"可以用 fine: 答复 {found.answer_days} 天，受理 {found.accept_workdays}、决定 {found.decide_workdays} 个工作日，"
        f"放假 {len(found.calendar.holidays)} 天，调休 {len(found.calendar.worked)} 天"
    )
    return 0
