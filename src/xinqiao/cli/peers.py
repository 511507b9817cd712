"""``xinqiao peers``: count the peers that portraits compare with, over the lake, and show what is told of a group."""

import argparse
import json
import sys
import time
from pathlib import Path

from xinqiao.catalogue.size import size_rule
from xinqiao.clock import SystemClock
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.period import business_day
from xinqiao.domain.portrait import FIGURES, LEAST, Figure, Group, month_text, months_to
from xinqiao.domain.portrait.measure import month_number, month_of
from xinqiao.domain.portrait.peers import Cell
from xinqiao.lake.firms import FirmIndex
from xinqiao.lake.portrait import Making, Peers, make_peers
from xinqiao.lake.store import Lake
from xinqiao.ui.error_words import words

MOST_MONTHS = 60


def main_peers(argv: list[str]) -> int:
    """Count or show; 0 when something is there, 1 when nothing is told of the group, 2 for a mistake."""
    args = _parser().parse_args(argv)
    try:
        return _make(args) if args.verb == "make" else _show(args)
    except XinqiaoError as refused:
        said = words(refused.code)
        facts = " ".join(f"{key}={value}" for key, value in refused.facts.items())
        print(
            f"没有办成 not done: {said.zh} {said.en} ({refused.code}{f' {facts}' if facts else ''})",
            file=sys.stderr,
        )
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao peers", description="画像里的同类企业：统计、查看 peers of the portrait: count, show"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    make = verbs.add_parser(
        "make",
        description="按月统计每组同类企业的三个分位数，重算的月份整月替换。Count the quantiles of every group, month by month.",
    )
    make.add_argument("--lake", type=Path, default=Path("lake"), help="记录库的文件夹 folder of the lake")
    make.add_argument("--firms", type=Path, default=Path("firms.db"), help="企业名录索引 index of firms")
    make.add_argument("--months", type=int, default=1, metavar="N", help="往前几个月，默认 1 so many months")
    make.add_argument(
        "--least", type=int, default=LEAST, metavar="N",
        help="一组至少另有几家，默认 %(default)s，不少于 5 other firms a group needs, at least 5",
    )  # fmt: skip
    make.add_argument("--memory", default="2GB", help="内存上限 memory limit, %(default)s")
    show = verbs.add_parser("show", description="一组同类企业的数 What is told of a group.")
    show.add_argument("--industry", required=True, help="大类或门类，如 I65、C division or section")
    show.add_argument("--region", default="", help="市 4 位、省 2 位，不写是不限 city, province or anywhere")
    show.add_argument(
        "--size", default="", choices=["", "large", "medium", "small", "micro"], help="规模 size"
    )
    show.add_argument("--json", action="store_true", help="输出 JSON machine-readable output")
    for one in (make, show):
        one.add_argument("--peers", type=Path, default=Path("peers.db"), help="结果文件 file of the result")
        one.add_argument(
            "--month", metavar="YYYY-MM", help="月份，默认上一个整月 month, default the last whole one"
        )
    return parser


def _month(text: str | None) -> str:
    if text is None:
        return month_text(month_of(business_day(SystemClock().now())) - 1)
    try:
        if len(text) == 7 and month_text(month_number(text)) == text:
            return text
    except ValueError:
        pass
    raise Invalid(Code.INVALID, "a month is YYYY-MM", facts={"field": "month"})


def _make(args: argparse.Namespace) -> int:
    if not 1 <= args.months <= MOST_MONTHS:
        raise Invalid(Code.INVALID, f"from 1 to {MOST_MONTHS} months", facts={"field": "months"})
    months, lake = months_to(_month(args.month), args.months), Lake.open(args.lake)
    making = Making(size_rule(), SystemClock().now(), args.least, memory=args.memory)
    started = time.monotonic()
    with FirmIndex.open(args.firms) as register, Peers.create(args.peers) as peers:
        found = make_peers(lake, register, peers, months, making, _progress)
        firms = peers.made()[months[-1]].firms
    for month, cells in found.items():
        print(f"{month}  {cells:,} 格 cells")
    seconds = time.monotonic() - started
    print(
        f"{args.peers}: {firms:,} 家在名录 firms listed; 一组至少另有 others at least {args.least}; {seconds:.1f} 秒 s"
    )
    return 0


def _progress(step: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of} 个月 months", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _show(args: argparse.Namespace) -> int:
    group, month = Group(args.industry.upper(), args.region, args.size), _month(args.month)
    with Peers.open(args.peers) as peers:
        found = {figure: cell for figure in FIGURES if (cell := peers.cell(figure, group, month)) is not None}
    if args.json:
        print(
            json.dumps([_as_json(figure, cell) for figure, cell in found.items()], ensure_ascii=False, indent=1)
        )  # fmt: skip
    else:
        for figure, cell in found.items():
            print(
                f"{figure.id} {figure.zh} {figure.en} ({figure.unit})  {cell.p25:f} / {cell.p50:f} / {cell.p75:f}"
                f"  {cell.firms:,} 家 firms，名录 listed {cell.listed:,}"
            )
    if not found:
        print("这一组太少或没有统计 too few, or not counted", file=sys.stderr)
    return 0 if found else 1


def _as_json(figure: Figure, cell: Cell) -> dict[str, object]:
    return {
        "id": figure.id,
        "version": figure.version,
        "key": figure.key,
        "unit": figure.unit.value,
        "p25": f"{cell.p25:f}",
        "p50": f"{cell.p50:f}",
        "p75": f"{cell.p75:f}",
        "firms": cell.firms,
        "listed": cell.listed,
    }
