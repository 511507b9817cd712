"""``xinqiao quality``: counts made again from the receipts, the figures of a month, its report, tickets that are due."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xinqiao.cli.installed import database_ready
from xinqiao.cli.terminal import padded, width
from xinqiao.domain.errors import XinqiaoError
from xinqiao.domain.quality import Dimension
from xinqiao.ui.error_words import words


def main_quality(argv: list[str]) -> int:
    """Run the command; 0 when it was done, 2 when nothing was and standard error says why."""
    args = _parser().parse_args(argv)
    if not database_ready():
        return 2
    try:
        match args.verb:
            case "recompute":
                return _recompute(args.month or "")
            case "report":
                return _report(args)
            case "tickets":
                return _tickets()
            case _:
                return _show(args)
    except XinqiaoError as refused:
        said = words(refused.code)
        named = refused.facts.get("field")
        print(
            f"没有办成 not done: {said.zh} {said.en} ({refused.code}{f' {named}' if named else ''})",
            file=sys.stderr,
        )
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao quality",
        description="数据质量：重算、看一个月、出月报、查该开的工单 quality of what is supplied",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    recompute = verbs.add_parser(
        "recompute",
        description="由批次回执重算质量计数，并重比来源之间是否一致。Counts made again from the receipts, sources compared anew.",
    )
    recompute.add_argument(
        "month", nargs="?", metavar="MONTH", help="只算一个月，YYYY-MM；默认全部 one month, default all"
    )
    show = verbs.add_parser(
        "show", description="看一个月的指标，不发布。The figures of a month; nothing is published."
    )
    show.add_argument("month", metavar="MONTH", help="YYYY-MM")
    show.add_argument("--json", action="store_true", help="输出 JSON machine-readable output")
    report = verbs.add_parser(
        "report",
        description="出一个月的月报：内容变了才出新的版本。Publish the report of a month; a new version only when it says something else.",
    )
    report.add_argument("month", metavar="MONTH", help="YYYY-MM，已经过完的月份 a month that is over")
    report.add_argument(
        "--output", type=Path, metavar="DIR", help="把 JSON 和 PDF 写到这里 where to write the files"
    )
    verbs.add_parser(
        "tickets",
        description="按规则开工单、升级逾期的，后台程序每十分钟也做。Open and escalate what is due, as the worker does.",
    )
    return parser


def _recompute(month: str) -> int:
    from xinqiao.hub.apps.quality.measuring import counted_months, measure_agreement, recompute

    batches = recompute(month)
    months = [month] if month else counted_months()
    compared = sum(measure_agreement(one) for one in months)
    print(f"{batches:,} 批 batches; 来源一致性 agreement {compared:,} 行 rows; {len(months)} 个月 months")
    return 0


def _show(args: argparse.Namespace) -> int:
    from xinqiao.hub.apps.quality.monthly import compose

    content = compose(args.month)
    if args.json:
        print(json.dumps(content, ensure_ascii=False, indent=1))
    else:
        print("\n".join(_lines(content)))
    return 0


_HEADS = {
    Dimension.COMPLETENESS: "完整 complete",
    Dimension.VALIDITY: "有效 valid",
    Dimension.CONSISTENCY: "一致 consistent",
    Dimension.UNIQUENESS: "唯一 unique",
    Dimension.TIMELINESS: "及时 timely",
}


def _lines(content: Mapping[str, Any]) -> list[str]:
    heads = ["名次 place", "数源单位 source", "得分 score", *_HEADS.values(), "时滞 lag", "行 rows"]
    lines = [["", "全部 all", *_cells(content["overview"])]]
    lines += [[str(one["place"]), one["name"], *_cells(one)] for one in content["league"]]
    wide = [max(width(line[place]) for line in (heads, *lines)) for place in range(len(heads))]
    told = [
        "  ".join(padded(cell, wide[place]) for place, cell in enumerate(line)).rstrip()
        for line in (heads, *lines)
    ]
    if content["late"]:
        told.append(f"到月末该到没有到 overdue at its end: {len(content['late'])}")
    return told


def _cells(one: Mapping[str, Any]) -> list[str]:
    rates = [one["rates"][name] or "–" for name in _HEADS]
    return [one["score"] or "–", *rates, one["mean_lag_days"] or "–", f"{one['rows']:,}"]


def _report(args: argparse.Namespace) -> int:
    from xinqiao.clock import SystemClock
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.quality.monthly import publish_report
    from xinqiao.hub.portals.quality_files import report_bundle, report_pdf

    row = publish_report(actor=SystemActor("command"), month=args.month, at=SystemClock().now())
    print(f"{row.number}  SHA-256 {row.digest}  存证 leaf {row.leaf_index}")
    if args.output is not None:
        args.output.mkdir(parents=True, exist_ok=True)
        bundle = json.dumps(report_bundle(row), ensure_ascii=False, indent=1)
        (args.output / f"{row.number}.json").write_text(bundle, encoding="utf-8")
        (args.output / f"{row.number}.pdf").write_bytes(report_pdf(row))
    return 0


def _tickets() -> int:
    from xinqiao.clock import SystemClock
    from xinqiao.hub.apps.quality.services import watch_supply

    opened, escalated = watch_supply(at=SystemClock().now())
    print(f"新开 opened {opened}; 升级 escalated {escalated}")
    return 0
