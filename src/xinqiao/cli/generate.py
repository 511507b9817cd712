"""``xinqiao generate``: files of the collected items about invented firms, with mistakes whose number is known.

What a trial needs before a supplier has sent anything: data of any size in the supplier's form, and beside each file the
counts its receipt must show. ``--public`` writes the public sets of ``XINQIAO_DATA_DIR``, or the files of them that are
named, in the same form instead.
"""

import argparse
import os
import sys
import time
from datetime import date
from pathlib import Path

from xinqiao.clock import SHANGHAI, SystemClock
from xinqiao.ui.error_words import WORDS


def main_generate(argv: list[str]) -> int:
    """Write the files and a line for each; 2 when the numbers do not go together."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.public:
        return _public(args.files, args.output)
    if args.files:
        parser.error("文件只和 --public 一起写 files go with --public only")
    if args.enterprises is None or args.records is None:
        parser.error("需要 --enterprises 和 --records（或 --public） are needed, or --public")
    from xinqiao.demo.collected.writing import Order, generate

    order = Order(
        enterprises=args.enterprises,
        records=args.records,
        as_of=args.as_of or SystemClock().now().astimezone(SHANGHAI).date(),
        items=args.items,
        errors=args.errors,
        seed=args.seed,
        format=args.format,
    )
    started, rows, size = time.monotonic(), 0, 0
    try:
        for done in generate(order, args.output):
            truth, length = done.truth, done.path.stat().st_size
            rows, size = rows + truth.rows, size + length
            print(
                f"{done.path.name}  {done.item.name}  {truth.rows:,} 行 rows · 应收 accepted {truth.accepted:,}"
                f" · 退回 refused {truth.refused:,} · 重复 repeated {truth.repeated:,} · {length:,} 字节 bytes",
                flush=True,
            )
    except ValueError as error:
        print(f"xinqiao generate: {error}", file=sys.stderr)
        return 2
    seconds = max(time.monotonic() - started, 1e-9)
    print(
        f"共 in all {rows:,} 行 rows · {size:,} 字节 bytes · {seconds:.1f} 秒 s · {rows / seconds:,.0f} 行/秒 rows/s"
    )
    return 0


def _public(files: list[Path], folder: Path) -> int:
    """2 when the sets, or a file that was named, are not there, or a file is none of theirs."""
    from xinqiao.demo.collected.public import write_parts, write_public

    named = os.environ.get("XINQIAO_DATA_DIR", "").strip()
    status = 0
    try:
        if not named and not files:
            raise FileNotFoundError("XINQIAO_DATA_DIR")
        for done in write_parts(files, folder) if files else write_public(Path(named), folder):
            if done.problem:
                words = WORDS[done.problem]
                print(
                    f"{done.source}  {done.problem} {words.title}。{words.step}", file=sys.stderr, flush=True
                )
                status = 2
                continue
            unused = f" · 未用的列 columns not used: {'、'.join(done.ignored)}" if done.ignored else ""
            print(f"{done.path.name}  {done.rows:,} 行 rows · {done.source}{unused}", flush=True)
    except FileNotFoundError as error:
        print(f"xinqiao generate: 没有公开数据集 the public sets are not there: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao generate",
        description="生成归集事项的文件：虚构企业，已知的错误 files of the collected items, invented, with known errors",
    )
    add = parser.add_argument
    add("--enterprises", type=_count, metavar="N", help="企业数 invented enterprises")
    add(
        "--records",
        type=_count,
        metavar="M",
        help="各事项合计的记录数 records, all items together",
    )
    add(
        "--items",
        type=_listed,
        default=(),
        metavar="ITEM,…",
        help="只生成这些事项，默认全部归集事项 only these items",
    )
    add(
        "--errors",
        type=_rate,
        default=0.0,
        metavar="RATE",
        help="有错的行的比例，0 到 0.5 share of faulty rows",
    )
    add("--seed", type=_seed, default=7, help="同一种子、同样的数字，逐字节相同 same seed, same bytes")
    add("--as-of", type=_day, metavar="DATE", help="收到批次的那天，默认今天（上海） the day the files come")
    add("--format", choices=("csv", "parquet"), default="csv", help="文件格式 file format")
    add(
        "--public",
        action="store_true",
        help="改为写出 XINQIAO_DATA_DIR 里的公开数据集 the public sets instead",
    )
    add(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="与 --public 一起：公开数据集的这些文件、文件夹，凭列名认 with --public: files or folders of the sets, known by columns",
    )
    add("-o", "--output", type=Path, required=True, metavar="FOLDER", help="写到这个文件夹 where to write")
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("至少 1 at least 1")
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError("不是负数的整数 a whole number, not negative")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 0.5:
        raise argparse.ArgumentTypeError("0 到 0.5 0 to 0.5")
    return rate


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2020 <= day.year <= 2060:
        raise argparse.ArgumentTypeError(
            "日期写作 YYYY-MM-DD，2020 到 2060 年 a date as YYYY-MM-DD, 2020 to 2060"
        )
    return day


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.strip() for item in text.replace("，", ",").split(",") if item.strip()))
