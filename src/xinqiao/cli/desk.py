"""``xinqiao desk``: what the platform's own systems read and do for its desk at the interface, JSON out.

0 done; 1 the platform said no, or rows of an imported file were only listed; 2 wrong call or configuration; 4 the platform is unreachable or cannot be trusted.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from xinqiao.cli.source import evidence_command, one, operation, rows, show, write_config
from xinqiao.client.config import ClientConfig
from xinqiao.client.desk import DeskClient, Handled
from xinqiao.domain.coordination import TicketKind

type Run = Callable[[DeskClient, argparse.Namespace], int]


def main_desk(argv: list[str]) -> int:
    """Run one operation; see the module for exit codes."""
    return operation(_parser().parse_args(argv), _client, _init)


def _client(config: ClientConfig) -> DeskClient:
    return DeskClient(config.hub_url, config.institution_id, config.key, anchor=config.anchor)


def _init(args: argparse.Namespace) -> int:
    jwk = write_config(args, args.desk)
    print(
        "在平台上登记下面的公钥：xinqiao operator add-system；再把得到的编号 dsk-… 写进 client.toml 的 institution。"
        " register this public key at the platform, then write its number into client.toml",
        file=sys.stderr,
    )
    show(jwk)
    return 0


def _tickets(client: DeskClient, args: argparse.Namespace) -> int:
    if args.id:
        return one(client.ticket(args.id))
    return rows(client.tickets(show=args.show, source=args.source))


def _open(client: DeskClient, args: argparse.Namespace) -> int:
    made = client.open_ticket(
        operator=args.operator, source=args.source, item=args.item, kind=TicketKind(args.kind), text=args.text
    )
    return one(made)


def _close(client: DeskClient, args: argparse.Namespace) -> int:
    handled = Handled(args.operator, args.version or client.ticket(args.id).version)
    return one(client.close_ticket(args.id, handled, reason=args.text))


def _objections(client: DeskClient, args: argparse.Namespace) -> int:
    return one(client.objection(args.id)) if args.id else rows(client.objections(show=args.show))


def _objection(client: DeskClient, args: argparse.Namespace) -> int:
    handled = Handled(args.operator, args.version or client.objection(args.id).version)
    return one(client.handle_objection(args.id, handled, act=args.act, text=args.text))


def _repairs(client: DeskClient, args: argparse.Namespace) -> int:
    return one(client.repair(args.id)) if args.id else rows(client.repairs(show=args.show))


def _repair(client: DeskClient, args: argparse.Namespace) -> int:
    handled = Handled(args.operator, args.version or client.repair(args.id).version)
    return one(client.handle_repair(args.id, handled, act=args.act, text=args.text))


def _results(client: DeskClient, args: argparse.Namespace) -> int:
    return one(client.results(after=args.after))


def _import(client: DeskClient, args: argparse.Namespace) -> int:
    found = client.read_results(args.file, platform=args.platform, operator=args.operator)
    if args.apply:
        found = client.apply_results(found.id, Handled(args.operator, found.version))
    one(found)
    return 1 if found.listed else 0


def _imports(client: DeskClient, args: argparse.Namespace) -> int:
    return one(client.repair_import(args.id)) if args.id else rows(client.imports())


def _undo(client: DeskClient, args: argparse.Namespace) -> int:
    handled = Handled(args.operator, client.repair_import(args.id).version)
    return one(client.undo_result(args.id, handled, line=args.line, text=args.text))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao desk", description="平台自己的系统办理工单、异议、修复 the platform's own systems"
    )
    parser.add_argument(
        "--config", type=Path, default=Path("client.toml"), help="配置文件或目录 default ./client.toml"
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Run | None, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    def reading(name: str, run: Run, shows: tuple[str, ...], text: str) -> argparse.ArgumentParser:
        made = command(name, run, text)
        made.add_argument("id", nargs="?", help="写了就看这一件 one of them, with its steps")
        made.add_argument("--show", choices=shows, default=shows[0], help="看哪些 which")
        return made

    def writing(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        made = command(name, run, text)
        made.add_argument(
            "--operator", required=True, help="作出决定的运营人员的登录名 log-in name of who decided"
        )
        made.add_argument("--text", default="", help="说明 what is said with it")
        return made

    def handling(name: str, run: Run, text: str, acts: tuple[str, ...] = ()) -> None:
        made = writing(name, run, text)
        made.add_argument("id")
        made.add_argument(
            "--version", type=int, help="看到的版本，不写就是现在的 the version seen, default the present one"
        )
        if acts:
            made.add_argument("--act", choices=acts, required=True, help="怎么办 what is done")

    made = command("init", None, "建立配置与私钥 make configuration and key")
    made.add_argument("folder", type=Path)
    made.add_argument("--hub", required=True, help="平台地址")
    made.add_argument("--desk", default="dsk-" + "0" * 32, help="系统编号 dsk-…，登记后得到")
    made.add_argument("--name", default="", help="系统名称")
    made.add_argument("--anchor", type=Path, required=True, help="平台公钥文件 the anchor file")
    made.add_argument("--sm", action="store_true", help="用国密 SM2 私钥 an SM2 key")
    shows = ("open", "late", "all")
    made = reading("tickets", _tickets, ("live", "escalated", "ended"), "协调工单 coordination tickets")
    made.add_argument("--source", help="只看一个数源（代码） of one source, by its code")
    made = writing("open", _open, "向数源发出工单 ask a source to put something right")
    made.add_argument("--source", required=True, help="数源代码 the source's code")
    made.add_argument("--item", required=True, help="事项编号 the item's id")
    made.add_argument(
        "--kind", required=True, choices=[kind.value for kind in TicketKind], help="什么事 what"
    )
    handling("close", _close, "关闭工单 end a ticket")
    reading("objections", _objections, shows, "异议 objections")
    handling(
        "objection", _objection, "办理异议：转办、不予受理、按未能查明办结 handle an objection",
        ("forward", "decline", "leave_open"),
    )  # fmt: skip
    evidence_command(command)
    reading("repairs", _repairs, shows, "信用修复申请 applications for repair")
    handling("repair", _repair, "受理或退回修复申请 take in or send back", ("accept", "return"))
    made = command("results", _results, "签名的修复结果清单 the signed list of results")
    made.add_argument("--after", help="接着上一份的 next go on after")
    made = writing("import", _import, "读别的平台的修复结果文件 read another platform's repair results")
    made.add_argument("file", type=Path)
    made.add_argument("--platform", required=True, help="哪个平台 whose results, such as 信用中国")
    made.add_argument("--apply", action="store_true", help="随即转入对上的 apply what matches at once")
    made = command("imports", _imports, "读过的文件 the files read so far")
    made.add_argument("id", nargs="?", help="rim-…")
    made = writing("undo", _undo, "取回转入的一条 take one applied row back")
    made.add_argument("id", help="rim-…")
    made.add_argument("--line", type=int, required=True, help="第几行 which line")
    return parser
