"""``xinqiao province --scale S --data DIR``: generate, collect, compact and measure a part of a province, or all of it.

Progress goes to standard error; one JSON object to standard output in the end. Killed, it goes on where it was.
"""

import argparse
import json
import sys
from pathlib import Path

from xinqiao.domain.errors import XinqiaoError


def main_province(argv: list[str]) -> int:
    """0: every receipt was the planted one and the lake holds what it must; 1: not; 2: it could not be done."""
    args = _parser().parse_args(argv)
    from xinqiao.demo.province.run import How, Province
    from xinqiao.demo.province.size import Size

    size = Size.of(
        args.scale, piece_rows=args.piece_rows, errors=args.errors, seed=args.seed, items=args.items
    )
    how = How(
        threads=args.threads,
        memory=args.memory,
        piece_bytes=args.piece_mb << 20,
        fold_every=args.fold_every,
        reads=args.reads,
        index=not args.no_index,
        behind=True,
    )
    try:
        figures = Province(args.data, size, how, _tell).run()
    except (ValueError, XinqiaoError) as refused:
        print(f"xinqiao province: {refused}", file=sys.stderr)
        return 2
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    return 0 if figures["exact"] else 1


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao province",
        description="按比例生成一个省的记录，走真实流程归集，边归集边量 generate, collect and measure a part of a province",
    )
    add = parser.add_argument
    add(
        "--scale",
        type=_scale,
        default=0.1,
        metavar="S",
        help="多大：1 是全省 17.46 亿条，0.1 是十分之一 1 is a whole province, 1.746 billion records",
    )
    add("--data", type=Path, required=True, metavar="DIR", help="放在哪里；再运行接着做 where; again goes on")
    add("--errors", type=_share, default=0.005, metavar="RATE", help="种下的错误 planted mistakes")
    add("--seed", type=_count, default=7, help="同一种子逐字节相同 same seed, same bytes")
    add(
        "--piece-rows",
        type=_count,
        default=8_000_000,
        metavar="N",
        help="每批大约多少行 rows of a batch",
    )
    add("--items", type=_listed, default=(), metavar="ITEM,…", help="只做这些事项 only these items")
    add(
        "--reads",
        type=_rate,
        default=10.0,
        metavar="N",
        help="同时每秒读几份档案 dossiers a second beside it",
    )
    add("--threads", type=_count, default=2, help="用几个核 threads")
    add("--memory", default="1500MB", help="引擎的内存 memory of the engine")
    add(
        "--piece-mb",
        type=_count,
        default=512,
        metavar="MB",
        help="每个线程一次判多大一块 judged at once by a thread",
    )
    add(
        "--fold-every",
        type=_count,
        default=8,
        metavar="N",
        help="一个事项每几批压实一次 batches between compactions",
    )
    add("--no-index", action="store_true", help="不建企业名录索引 no firm index")
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) < 10**15:
        raise argparse.ArgumentTypeError("至少 1 at least 1")
    return int(text)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.strip() for item in text.replace("，", ",").split(",") if item.strip()))


def _number(text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{least:g} 到 {most:g} {least:g} to {most:g}")
    return number


def _scale(text: str) -> float:
    return _number(text, 0.00001, 1)


def _share(text: str) -> float:
    return _number(text, 0, 0.1)


def _rate(text: str) -> float:
    return _number(text, 0, 1000)
