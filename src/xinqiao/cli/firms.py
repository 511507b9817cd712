"""``xinqiao firms``: build the firm index, find a firm in it, and say how large an enterprise is."""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path

from xinqiao.catalogue.size import size_rule
from xinqiao.cli.terminal import padded, width
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.identifiers import SubjectType
from xinqiao.domain.msme import Figures, Sizing, classify, explain, is_msme
from xinqiao.domain.msme.words import CLASS_WORDS
from xinqiao.lake.firms import Added, Firm, FirmIndex, Hit, Match
from xinqiao.lake.firms.source import Reading, Rejected, read_firms
from xinqiao.ui.error_words import words

_MATCH = {
    Match.CODE: "代码 code",
    Match.EXACT: "同名 exact",
    Match.PREFIX: "开头 prefix",
    Match.FRAGMENT: "片段 fragment",
    Match.PINYIN_PREFIX: "拼音开头 pinyin prefix",
    Match.PINYIN: "拼音 pinyin",
}


def main_firms(argv: list[str]) -> int:
    """Build, search or size; 0 when it was done and something was found, 1 when nothing was, 2 for a mistake."""
    args = _parser().parse_args(argv)
    try:
        match args.verb:
            case "build":
                return _build(args)
            case "search":
                return _search(args)
            case _:
                return _size(args)
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
        prog="xinqiao firms", description="企业名录：建索引、查找、划型 firms: index, find, size"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser(
        "build",
        description="把企业名单（CSV）放进索引，可以反复运行。Put lists of firms into the index; may be repeated.",
    )
    build.add_argument(
        "sources", nargs="+", type=Path, metavar="source", help="CSV 文件 CSV files (UTF-8, GB18030)"
    )
    build.add_argument(
        "--rejects", type=Path, help="没有收下的行写到这里 where rows that were put aside are written"
    )
    search = verbs.add_parser(
        "search",
        description="按名称片段、拼音、首字母或任何一种号码查找。Find by a fragment, pinyin, initials or any number.",
    )
    search.add_argument("text", nargs="+", help="名称片段、拼音、首字母、代码 what to look for")
    search.add_argument("--division", help="行政区划代码的前 2、4 或 6 位 division, 2, 4 or 6 digits")
    search.add_argument("--industry", help="行业代码，如 C26 industry code")
    search.add_argument("--limit", type=int, default=20, help="最多几家 at most so many")
    search.add_argument(
        "--near", action="store_true", help="代码写错一位时，找索引里相近的 firms whose code is one slip away"
    )
    for one in (build, search):
        one.add_argument("--index", type=Path, default=Path("firms.db"), help="索引文件 the index file")
    size = verbs.add_parser(
        "size",
        description="按 2017 年划分办法判定大中小微型。The size class by the rule of 2017. 金额为元 amounts in yuan.",
    )
    size.add_argument("--industry", required=True, help="主要活动的行业代码 GB/T 4754-2017, C26 or 5910")
    size.add_argument("--employees", type=int, help="期末从业人员 persons employed at the end of the period")
    size.add_argument("--revenue", type=_yuan, help="年营业收入（元） annual revenue in yuan")
    size.add_argument("--assets", type=_yuan, help="资产总额（元） total assets in yuan")
    size.add_argument("--individual", action="store_true", help="个体工商户 an individual business")
    for one in (search, size):
        one.add_argument("--json", action="store_true", help="输出 JSON machine-readable output")
    return parser


def _yuan(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"不是金额 no amount: {text}") from None


def _build(args: argparse.Namespace) -> int:
    done, rows = Added(), 0
    with ExitStack() as stack:
        index = stack.enter_context(FirmIndex.create(args.index))
        aside = None
        if args.rejects:
            aside = csv.writer(stack.enter_context(args.rejects.open("w", encoding="utf-8-sig", newline="")))
            aside.writerow(("文件 file", "行 row", "字段 field", "原因 reason", "值 value"))
        for source in args.sources:
            reading = Reading()

            def put_aside(one: Rejected, name: str = source.name) -> None:
                if aside is not None:
                    aside.writerow((name, one.row, one.field, one.reason, one.value))

            done += index.add(_told(read_firms(source, reading, put_aside), reading))
            rows += reading.rows
            _print_reading(source, reading)
        index.optimise()
        print(
            f"索引 index {args.index}: {len(index):,} 家 firms; 新增 new {done.new:,}, 变更 changed {done.changed:,}, "
            f"未变 same {done.same:,}, 重复 repeated {done.repeated:,}; {rows:,} 行 rows"
        )
    return 0


def _told(firms: Iterator[Firm], reading: Reading) -> Iterator[Firm]:
    """The firms, and a sign of life every hundred thousand rows where somebody is watching."""
    for number, firm in enumerate(firms, start=1):
        if not number % 100_000 and sys.stderr.isatty():
            print(f"  {reading.rows:,} 行 rows", file=sys.stderr)
        yield firm


def _print_reading(source: Path, reading: Reading) -> None:
    aside = reading.rejected.total()
    print(
        f"{source}: {reading.rows:,} 行 rows, 收下 taken {reading.rows - aside:,}, 没有收下 put aside {aside:,}"
    )
    for (where, reason), times in sorted(reading.rejected.items()):
        print(f"  没有收下 put aside {where} {reason}: {times:,}")
    for (where, reason), times in sorted(reading.left_out.items()):
        print(f"  略去 left out {where} {reason}: {times:,}")


def _search(args: argparse.Namespace) -> int:
    text = " ".join(args.text)
    with FirmIndex.open(args.index) as index:
        hits = index.search(text, division=args.division, industry=args.industry, limit=args.limit)
        if not hits and args.near:
            hits = index.near_code(text)
    if args.json:
        print(json.dumps([_as_json(hit) for hit in hits], ensure_ascii=False, indent=1))
    else:
        for hit in hits:
            status = f"  {hit.firm.status}" if hit.firm.status else ""
            former = f"  曾用名 formerly {hit.by_name}" if hit.by_old_name else ""
            columns = max([width(one.firm.name) for one in hits])
            print(f"{hit.firm.uscc}  {padded(hit.firm.name, columns)}  {_MATCH[hit.match]}{status}{former}")
        if not hits:
            print("没有找到 nothing found", file=sys.stderr)
    return 0 if hits else 1


def _as_json(hit: Hit) -> dict[str, object]:
    firm = asdict(hit.firm)
    for period in (firm, *firm["old_names"]):
        period.update({key: day.isoformat() for key, day in period.items() if hasattr(day, "isoformat")})
    return {**firm, "match": hit.match.name.lower(), "by_name": hit.by_name}


def _size(args: argparse.Namespace) -> int:
    subject = SubjectType.INDIVIDUAL_BUSINESS if args.individual else SubjectType.ENTERPRISE
    figures = Figures(args.employees, args.revenue, args.assets)
    sizing = classify(size_rule(), args.industry, figures, subject)
    said = explain(sizing)
    if args.json:
        print(json.dumps(_size_json(sizing, subject), ensure_ascii=False, indent=1))
    else:
        zh, en = CLASS_WORDS[sizing.size]
        later = "（暂定 provisional）" if sizing.deciding else ""
        print(f"{zh} {en}{later}\n{said.zh}\n{said.en}\n依据 by {said.clause_zh}")
    return 0 if len(sizing.possible) == 1 else 1


def _size_json(sizing: Sizing, subject: SubjectType) -> dict[str, object]:
    said = explain(sizing)
    return {
        "size": sizing.size,
        "possible": sizing.possible,
        "provisional": sizing.provisional,
        "missing": sizing.missing,
        "deciding": sizing.deciding,
        "limiting": sizing.limiting,
        "why": sizing.why,
        "group": sizing.group.key if sizing.group else None,
        "by_reference": sizing.by_reference,
        "is_msme": is_msme(sizing, subject),
        "reason": {"zh": said.zh, "en": said.en},
        "clause": {"zh": said.clause_zh, "en": said.clause_en},
        "rule_version": sizing.rule.version,
    }
