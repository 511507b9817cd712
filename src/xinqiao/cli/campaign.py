"""``xinqiao campaign race|kill|tamper``: the heavy campaigns, each printing one JSON object.

What each does and what its figures mean is told in ``docs/operations/campaigns.md``; the campaigns themselves live in
``xinqiao.campaigns``. Exit status 0 only when what must hold did hold. A race run on the deliberately naive variant
(``--naive``) must find violations: a harness that finds none there would find none anywhere.
"""

import argparse
import json
import time
from collections.abc import Callable

from xinqiao.domain.canonical import Json


def main_campaign(argv: list[str]) -> int:
    """Run one campaign; 0 when its expectation holds, 1 when not."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], tuple[bool, dict[str, Json]]] = args.run
    started = time.monotonic()
    holds, figures = run(args)
    summary: dict[str, object] = {"campaign": args.campaign, "ok": holds, **figures}
    summary["seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 0 if holds else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao campaign",
        description="重型检验：竞争、断电、篡改 heavy campaigns; see docs/operations/campaigns.md",
    )
    kinds = parser.add_subparsers(dest="campaign", required=True, metavar="{race,kill,tamper}")
    tamper = kinds.add_parser("tamper", help="篡改存证日志，看离线核验器能否全部发现 tamper with a log")
    tamper.add_argument("--leaves", type=_count, default=10_000, help="日志的条数 leaves of the log")
    tamper.add_argument("--mutations", type=_count, default=100_000, help="篡改的次数 changes tried")
    tamper.add_argument(
        "--seed", type=int, default=1, help="同一种子得同一结果 the same seed, the same result"
    )
    tamper.add_argument(
        "--whole-files", type=_count, default=20, help="整文件复核的次数 read again as whole files"
    )
    tamper.set_defaults(run=_tamper)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少 1 at least 1")
    return number


def _tamper(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import tamper

    figures = tamper.run(args.leaves, args.mutations, args.seed, args.whole_files)
    return figures["missed"] == [] and figures["found"] == args.mutations, figures
