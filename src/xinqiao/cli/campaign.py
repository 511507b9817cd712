"""``xinqiao campaign race|fund|kill|kill-collect|kill-lake|kill-batches|full-disk|tamper|hostile|spark``: the heavy campaigns, each printing one JSON object.

What each does and what its figures mean is told in ``docs/operations/campaigns.md``; the campaigns themselves live in
``xinqiao.campaigns``. Exit status 0 only when what must hold did hold. A race run on the deliberately naive variant
(``--naive``) must find violations: a harness that finds none there would find none anywhere.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Callable

from xinqiao.cli.throwaway import throwaway_postgres
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
        description="重型检验：竞争、断电、篡改、敌意文件 heavy campaigns; see docs/operations/campaigns.md",
    )
    kinds = parser.add_subparsers(
        dest="campaign",
        required=True,
        metavar="{race,fund,kill,kill-collect,kill-lake,kill-batches,full-disk,tamper,hostile,spark}",
    )
    race = kinds.add_parser("race", help="一次撤回与许多查询同时 one withdrawal against many queries")
    race.add_argument("--rounds", type=_count, default=20_000, help="轮数 rounds")
    race.add_argument(
        "--queries", type=_count, default=16, help="每轮同时的查询 queries at once in each round"
    )
    race.add_argument(
        "--seed", type=int, default=1, help="同一种子得同一日程 the same seed, the same schedule"
    )
    race.add_argument(
        "--naive", action="store_true", help="故意在锁外判定的写法；必须查出违反 must find violations"
    )
    _database(race)
    race.set_defaults(run=_race)
    fund = kinds.add_parser(
        "fund", help="抢最后一笔政策资金，边拨付边撤回 many applications for the last yuan of a fund"
    )
    fund.add_argument("--rounds", type=_count, default=10_000, help="轮数 rounds")
    fund.add_argument(
        "--seed", type=int, default=1, help="同一种子得同一日程 the same seed, the same schedule"
    )
    fund.add_argument(
        "--naive", action="store_true", help="故意在锁外判定的写法；必须查出违反 must find violations"
    )
    _database(fund)
    fund.set_defaults(run=_fund)
    kill = kinds.add_parser("kill", help="随机时刻 SIGKILL 平台、节点、门户 SIGKILL at random moments")
    kill.add_argument("--kills", type=_count, default=500, help="杀多少次 kills")
    kill.add_argument("--seed", type=int, default=1, help="定下谁在什么时刻 who dies when")
    _database(kill)
    kill.set_defaults(run=_kill)
    kill_lake = kinds.add_parser(
        "kill-lake", help="记录库发布、整理时 SIGKILL SIGKILL while batches are published and compacted"
    )
    kill_lake.add_argument("--rounds", type=_count, default=200, help="杀多少次 kills")
    kill_lake.add_argument("--seed", type=int, default=1, help="定下在哪一步、什么时刻 which step, when")
    kill_lake.set_defaults(run=_kill_lake)
    collecting = kinds.add_parser(
        "kill-collect", help="归集时在随机时刻 SIGKILL SIGKILL at random moments of a collection"
    )
    collecting.add_argument("--rounds", type=_count, default=200, help="杀多少次 kills")
    collecting.add_argument("--rows", type=_count, default=20_000, help="每个文件的行数 rows of each file")
    collecting.add_argument("--seed", type=int, default=1, help="定下什么时刻 when")
    collecting.set_defaults(run=_kill_collect)
    batches = kinds.add_parser(
        "kill-batches", help="收到文件到出回执之间 SIGKILL SIGKILL between a file's upload and its receipt"
    )
    batches.add_argument("--rounds", type=_count, default=200, help="杀多少次 kills")
    batches.add_argument("--rows", type=_count, default=5_000, help="每个文件的行数 rows of each file")
    batches.add_argument("--seed", type=int, default=1, help="定下什么时刻 when")
    batches.set_defaults(run=_kill_batches)
    disk = kinds.add_parser("full-disk", help="归集、整理到一半真的没有空间 really no room left half way")
    disk.add_argument("--rounds", type=_count, default=200, help="填满多少次 how often")
    disk.add_argument("--rows", type=_count, default=3_000, help="每个文件的行数 rows of each file")
    disk.add_argument("--seed", type=int, default=1, help="定下在哪里满 where it is full")
    disk.set_defaults(run=_full_disk)
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
    hostile = kinds.add_parser(
        "hostile", help="敌意文件：个个按写明的代码拒绝 hostile files, each refused as documented"
    )
    hostile.add_argument("--only", default="", help="只做名字以此开头的 only samples whose name begins so")
    hostile.set_defaults(run=_hostile)
    spark = kinds.add_parser(
        "spark", help="同样的文件，Spark 集群得出同样的质量指标 the same figures by a Spark cluster"
    )
    spark.add_argument(
        "--rows", type=_count, default=10_000, help="各事项合计的行数 rows, all items together"
    )
    spark.add_argument("--seed", type=int, default=1, help="同一种子得同样的文件 the same files")
    spark.set_defaults(run=_spark)
    return parser


def _database(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--postgres", action="store_true", help="在一次性的真实 PostgreSQL 上 on a throwaway server"
    )
    which.add_argument(
        "--database", metavar="URL", help="一个空的 PostgreSQL 库 an empty PostgreSQL database"
    )


def _chosen(args: argparse.Namespace) -> contextlib.AbstractContextManager[str | None]:
    """The address of the database to use; ``None`` is SQLite in a throwaway folder."""
    return throwaway_postgres() if args.postgres else contextlib.nullcontext(args.database)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少 1 at least 1")
    return number


def _race(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import race

    with _chosen(args) as database:
        figures = race.run(args.rounds, database, queries=args.queries, naive=args.naive, seed=args.seed)
    clean = figures.pop("ok") is True
    return clean is not args.naive, figures


def _fund(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import fund

    with _chosen(args) as database:
        figures = fund.run(args.rounds, database, naive=args.naive, seed=args.seed)
    clean = figures.pop("ok") is True
    return clean is not args.naive, figures


def _kill(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import kill

    with _chosen(args) as database:
        figures = kill.run(args.kills, database, seed=args.seed)
    counted = figures.get("figures")
    released = counted.get("query_released", 0) if isinstance(counted, dict) else 0
    if not released:  # then nothing was at stake, and nothing was shown
        figures["note"] = "没有一次放行，什么也没有证明 nothing was released: nothing is shown"
    return figures.pop("ok") is True and bool(released), figures


def _kill_lake(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import kill_lake

    figures = kill_lake.run(args.rounds, seed=args.seed)
    return figures.pop("ok") is True, figures


def _kill_collect(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import kill_collect

    figures = kill_collect.run(args.rounds, seed=args.seed, rows=args.rows)
    return figures.pop("ok") is True, figures


def _kill_batches(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import kill_batches

    figures = kill_batches.run(args.rounds, seed=args.seed, rows=args.rows)
    return figures.pop("ok") is True, figures


def _full_disk(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import full_disk

    figures = full_disk.run(args.rounds, seed=args.seed, rows=args.rows)
    return figures.pop("ok") is True, figures


def _tamper(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import tamper

    figures = tamper.run(args.leaves, args.mutations, args.seed, args.whole_files)
    return figures["missed"] == [] and figures["found"] == args.mutations, figures


def _hostile(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.campaigns import hostile
    from xinqiao.campaigns.hostile_files import samples

    chosen = [sample for sample in samples() if sample.name.startswith(args.only)]
    figures = hostile.run(chosen)
    return figures["problems"] == [] and bool(chosen), figures


def _spark(args: argparse.Namespace) -> tuple[bool, dict[str, Json]]:
    from xinqiao.demo import spark_check

    figures = spark_check.run(args.rows, seed=args.seed)
    return figures.pop("ok") is True, figures
