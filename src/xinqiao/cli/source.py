"""``xinqiao source``: a data source's operations at the interface, JSON out, exit codes for scripts.

0 done, every row taken; 1 the platform said no, or rows came back (``refused`` fetches them); 2 wrong call or
configuration; 4 the platform is unreachable or cannot be trusted.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from itertools import islice
from pathlib import Path

from xinqiao.cli.client import exit_status, said
from xinqiao.client.config import ClientConfig, read_config, write_home
from xinqiao.client.desk import DeskClient
from xinqiao.client.results import Result
from xinqiao.client.supply import SourceClient, SupplyBatch
from xinqiao.client.supply_matters import Decided
from xinqiao.client.sync import Carrier
from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code, Conflict, XinqiaoError
from xinqiao.domain.period import parse_date
from xinqiao.trust.keyfile import write_private
from xinqiao.trust.keys import Jwk


def main_source(argv: list[str]) -> int:
    """Run one operation; see the module for exit codes."""
    return operation(_parser().parse_args(argv), _client, _init)


def _client(config: ClientConfig) -> SourceClient:
    return SourceClient(config.hub_url, config.institution_id, config.key, anchor=config.anchor)


def operation[C: Carrier](
    args: argparse.Namespace,
    client_of: Callable[[ClientConfig], C],
    init: Callable[[argparse.Namespace], int],
) -> int:
    """Run the operation that was chosen with a client of the configuration; its exit code."""
    try:
        if args.command == "init":
            return init(args)
        with client_of(read_config(args.config)) as client:
            run: Callable[[C, argparse.Namespace], int] = args.run
            return run(client, args)
    except XinqiaoError as error:
        print(json.dumps(said(error), ensure_ascii=False, indent=1), file=sys.stderr)
        return exit_status(error)
    except (OSError, ValueError) as error:
        print(f"不能执行 cannot run: {error}", file=sys.stderr)
        return 2


def show(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def _told(batch: SupplyBatch) -> int:
    show(batch.model_dump(mode="json"))
    return 0 if not batch.done or batch.state is BatchState.ACCEPTED else 1


def write_config(args: argparse.Namespace, holder_id: str) -> Jwk:
    """A folder with configuration and a new key; the public one."""
    anchor: Json = json.loads(args.anchor.read_text(encoding="utf-8"))
    return write_home(
        args.folder, hub_url=args.hub, institution_id=holder_id, institution_name=args.name, anchor=anchor,
        sm=args.sm,
    )  # fmt: skip


def _init(args: argparse.Namespace) -> int:
    jwk = write_config(args, args.source)
    print(
        "把下面的公钥登记到数源门户的“系统接入”；私钥 key.json 只留在本单位。register this public key",
        file=sys.stderr,
    )
    show(jwk)
    return 0


def _send(client: SourceClient, args: argparse.Namespace) -> int:
    def progress(done: int, size: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == size else ""
            print(f"\r{args.file.name}  {done * 100 // max(1, size)}%", end=end, file=sys.stderr, flush=True)

    batch = client.send(
        args.file, args.item, data_as_of=args.data_as_of, corrects=args.corrects, progress=progress
    )
    return _told(client.wait(batch.id, seconds=args.wait) if args.wait else batch)


def _get(client: SourceClient, args: argparse.Namespace) -> int:
    return _told(client.wait(args.batch, seconds=args.wait) if args.wait else client.batch(args.batch))


def _list(client: SourceClient, args: argparse.Namespace) -> int:
    show([row.model_dump(mode="json") for row in islice(client.batches(item=args.item), args.limit)])
    return 0


def _refused(client: SourceClient, args: argparse.Namespace) -> int:
    if args.out.exists():
        raise Conflict(Code.CONFLICT_DUPLICATE, f"{args.out} exists")
    write_private(args.out, client.refused_rows(args.batch))
    return 0


def rows(found: Iterable[Result]) -> int:
    """Print a list of results."""
    show([row.model_dump(mode="json", exclude_none=True) for row in found])
    return 0


def one(row: Result) -> int:
    """Print a result with every member."""
    show(row.model_dump(mode="json"))
    return 0


def _tickets(client: SourceClient, args: argparse.Namespace) -> int:
    return one(client.ticket(args.id)) if args.id else rows(client.tickets(show=args.show))


def _promise(client: SourceClient, args: argparse.Namespace) -> int:
    decided = Decided(args.steward, args.version or client.ticket(args.id).version)
    return one(client.answer_ticket(args.id, decided, promised_on=args.on, text=args.text))


def _objections(client: SourceClient, args: argparse.Namespace) -> int:
    return one(client.objection(args.id)) if args.id else rows(client.objections(show=args.show))


def _answer(client: SourceClient, args: argparse.Namespace) -> int:
    decided = Decided(args.steward, args.version or client.objection(args.id).version)
    return one(client.answer_objection(args.id, decided, outcome=args.outcome, answer=args.text))


def _repairs(client: SourceClient, args: argparse.Namespace) -> int:
    return one(client.repair(args.id)) if args.id else rows(client.repairs(show=args.show))


def evidence(client: SourceClient | DeskClient, args: argparse.Namespace) -> int:
    """Write an attached file's content into a new file that only its owner reads."""
    if args.out.exists():
        raise Conflict(Code.CONFLICT_DUPLICATE, f"{args.out} exists")
    write_private(args.out, client.evidence(args.id))
    return 0


def _decide(client: SourceClient, args: argparse.Namespace) -> int:
    decided = Decided(args.steward, args.version or client.repair(args.id).version)
    return one(client.decide_repair(args.id, decided, act=args.act, text=args.text))


def _day(text: str) -> date:
    try:
        return parse_date(text)
    except XinqiaoError as error:
        raise argparse.ArgumentTypeError("日期写作 YYYY-MM-DD, a date as YYYY-MM-DD") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao source", description="以数源身份报送文件 send as a data source"
    )
    parser.add_argument(
        "--config", type=Path, default=Path("client.toml"), help="配置文件或目录 default ./client.toml"
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[..., int] | None, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    made = command("init", None, "建立配置与私钥 make configuration and key")
    made.add_argument("folder", type=Path)
    made.add_argument("--hub", required=True, help="平台地址")
    made.add_argument("--source", required=True, help="数源编号 src-…")
    made.add_argument("--name", default="", help="单位名称")
    made.add_argument("--anchor", type=Path, required=True, help="平台公钥文件 the anchor file")
    made.add_argument("--sm", action="store_true", help="用国密 SM2 私钥 an SM2 key")
    made = command("send", _send, "报送一个文件；断了重来，接着传 send a file, going on where it stopped")
    made.add_argument("file", type=Path)
    made.add_argument("--item", required=True, help="事项编号 the item's id")
    made.add_argument("--data-as-of", type=_day, help="数据日期 the day the facts are true for")
    made.add_argument("--corrects", help="更正哪一批的退回行 bat-…")
    made.add_argument(
        "--wait", type=float, default=600.0, help="等回执的秒数，0 为不等 seconds for the receipt"
    )
    made = command("show", _get, "一个批次及回执 one batch with its receipt")
    made.add_argument("batch")
    made.add_argument("--wait", type=float, default=0.0)
    made = command("list", _list, "批次，新的在前 batches, newest first")
    made.add_argument("--item")
    made.add_argument("--limit", type=int, default=50)
    made = command("refused", _refused, "取回要改的行（CSV） fetch the rows to correct")
    made.add_argument("batch")
    made.add_argument("--out", type=Path, required=True)
    _matters(command)
    return parser


def evidence_command(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The command that fetches an attached file."""
    made = command("evidence", evidence, "取一份证明材料 fetch an attached file")
    made.add_argument("id", help="evd-…")
    made.add_argument("--out", type=Path, required=True)


def _matters(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Tickets, objections and repair: what is read, and what is answered in the name of a steward."""

    def reading(name: str, run: Callable[..., int], shows: tuple[str, ...], text: str) -> None:
        made = command(name, run, text)
        made.add_argument("id", nargs="?", help="写了就看这一件 one of them, with its steps")
        made.add_argument("--show", choices=shows, default=shows[0], help="看哪些 which")

    def deciding(
        name: str, run: Callable[..., int], text: str, *, text_needed: bool
    ) -> argparse.ArgumentParser:
        made = command(name, run, text)
        made.add_argument("id")
        made.add_argument(
            "--steward", required=True, help="作出决定的管理员的用户名 user name of the steward who decided"
        )
        made.add_argument(
            "--version", type=int, help="看到的版本，不写就是现在的 the version seen, default the present one"
        )
        made.add_argument("--text", required=text_needed, default="", help="说明 what is said with it")
        return made

    shows = ("open", "late", "all")
    reading("tickets", _tickets, ("live", "escalated", "ended"), "协调工单 coordination tickets")
    made = deciding("promise", _promise, "答复工单：哪一天前改好 promise a day", text_needed=False)
    made.add_argument("--on", type=_day, required=True, help="哪一天 the day")
    reading("objections", _objections, shows, "转来核查的异议 objections passed on to this source")
    made = deciding("answer", _answer, "答复异议 answer an objection", text_needed=True)
    made.add_argument(
        "--outcome",
        choices=("corrected", "upheld"),
        required=True,
        help="已更正，或核查后未改 what was found",
    )
    evidence_command(command)
    reading("repairs", _repairs, shows, "信用修复申请 applications for repair")
    made = deciding("decide", _decide, "办理修复申请 decide on an application", text_needed=False)
    made.add_argument(
        "--act", choices=("accept", "return", "extend", "grant", "refuse", "revoke"), required=True,
        help="受理、退回补正、延长、决定修复、不予修复、撤销修复 what is done",
    )  # fmt: skip
