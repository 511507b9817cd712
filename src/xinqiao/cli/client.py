"""``xinqiao client``: the institution's operations on the command line, JSON out, exit codes for scripts.

0 done; 1 the platform said no (its words, code and the nearest allowed request are on stderr); 2 wrong call or
configuration; 3 the source failed, nothing was counted; 4 the platform is unreachable or cannot be trusted.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

from xinqiao.cli.client_items import add_commands
from xinqiao.cli.client_parts import operator_of, saved, show, writing
from xinqiao.cli.client_table import report_text
from xinqiao.cli.verify import report_json
from xinqiao.client import Client, Operator, Report, problem_of
from xinqiao.client.config import ClientConfig, read_config, write_home
from xinqiao.client.ledger import check_ledger
from xinqiao.client.operations import new_key
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Product, Purpose, VisibleState
from xinqiao.domain.errors import Code, Conflict, Invalid, XinqiaoError
from xinqiao.trust.keyfile import write_private
from xinqiao.trust.verify import verify_file
from xinqiao.ui.error_words import words

_PRODUCTS = {"report": Product.REPORT, "summary": Product.SUMMARY}


def main_client(argv: list[str]) -> int:
    """Run one operation; see the module for exit codes."""
    args = _parser().parse_args(argv)
    try:
        if args.command == "init":
            return _init(args)
        config = read_config(args.config)
        with config.client() as client:
            run: Callable[[Client, ClientConfig, argparse.Namespace], int] = args.run
            return run(client, config, args)
    except XinqiaoError as error:
        print(json.dumps(said(error), ensure_ascii=False, indent=1), file=sys.stderr)
        return exit_status(error)
    except (OSError, ValueError) as error:
        print(f"不能执行 cannot run: {error}", file=sys.stderr)
        return 2


def exit_status(error: XinqiaoError) -> int:
    """The exit code for a script; see the module."""
    if error.code in (Code.HUB_UNREACHABLE, Code.HUB_INVALID, Code.AUDIT_UNAVAILABLE):
        return 4
    if error.status in (502, 504):
        return 3
    return 1 if problem_of(error) is not None else 2


def said(error: XinqiaoError) -> dict[str, object]:
    """What went wrong, as one JSON object for standard error."""
    problem, said = problem_of(error), words(error.code)
    found: dict[str, object] = {
        "code": str(error.code),
        "title": problem.title if problem and problem.title else said.title,
        "step": problem.step if problem and problem.step else said.step,
        "detail": error.detail,
        "facts": error.facts,
    }
    if problem is not None:
        nearest, item = problem.nearest, problem.nearest_item
        found |= {
            "trace_id": problem.trace_id,
            "nearest": None
            if nearest is None
            else {"account": nearest.account, "product": nearest.product, "months": nearest.months, "purpose": nearest.purpose},
            "nearest_item": None
            if item is None
            else {"item": item.item, "fields": [*item.fields], "claim": item.claim, "purpose": item.purpose},
            "leaf": problem.leaf,
            "refusal": problem.refusal,
        }  # fmt: skip
    return found


# -- commands -------------------------------------------------------------------------------------------------------


def _init(args: argparse.Namespace) -> int:
    anchor: Json = json.loads(args.anchor.read_text(encoding="utf-8"))
    jwk = write_home(
        args.folder, hub_url=args.hub, institution_id=args.institution, institution_name=args.name, anchor=anchor,
        operator=Operator(name=args.operator or "", department=args.department or ""), sm=args.sm,
    )  # fmt: skip
    print("把下面的公钥交给平台登记；私钥 key.json 只留在本机构。register this public key", file=sys.stderr)
    return show(jwk)


def _token(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    print(client.token())
    return 0


def _find(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    return show(client.find_enterprise(args.uscc))


def _invite(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    operator = operator_of(config, args)
    return show(
        client.invite(
            args.uscc, operator=operator, message=args.message, idempotency_key=args.idempotency_key
        )
    )


def _request(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    asked = client.request_authorisation(
        subject_uscc=args.uscc, purpose=Purpose(args.purpose), business_ref=args.business_ref,
        operator=operator_of(config, args), products=[_PRODUCTS[name] for name in args.product or ["report"]],
        months=args.months, valid_days=args.days, max_queries=args.times, include_balance=not args.no_balance,
        message=args.message, idempotency_key=args.idempotency_key,
    )  # fmt: skip
    return show(asked)


def _list(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    state = VisibleState(args.state) if args.state else None
    if args.records:
        return show([*client.all_queries()])
    page = client.authorisations(state=state, subject_uscc=args.uscc, limit=args.limit)
    return show(page)


def _get(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    return show(client.query_record(args.id) if args.id.startswith("qry-") else client.authorisation(args.id))


def _query(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    operator, key = operator_of(config, args), args.idempotency_key or new_key()
    if args.save is not None and args.save.exists():  # said before a use is spent on what could not be kept
        raise Conflict(Code.CONFLICT_DUPLICATE, f"{args.save} exists")
    authorisation = client.authorisation(args.authorisation)
    granted = authorisation.granted
    account = args.account
    if account is None:
        live = [one.link for one in granted.accounts if one.live] if granted else []
        if len(live) != 1:
            raise Invalid(Code.INVALID, "which account? --account", facts={"accounts": live})
        account = live[0]
    report = client.query(
        args.authorisation, account, _PRODUCTS[args.product], args.months or (granted.months if granted else 24),
        authorisation.purpose, operator, idempotency_key=key,
    )  # fmt: skip
    if args.save is not None:
        saved(client, args, report)
    if args.format == "table":
        print(report_text(report))
        return 0
    return show(_facts(report) | ({} if args.save is not None else {"product": report.product}))


def _facts(report: Report) -> dict[str, Json]:
    return {
        "id": report.id, "report_no": report.report_no, "verify_code": report.verify_code, "kind": str(report.kind),
        "subject": report.subject, "account": report.account, "months": report.months, "node": report.node_name,
        "uses_left": report.uses_left, "released_at": report.released_at.isoformat(), "leaf": report.use_leaf.index,
        "product_digest": report.product_digest,
    }  # fmt: skip


def _changes(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    return show(client.record_changes(after=args.after, limit=args.limit))


def _verify(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    if args.code:
        online = client.verify_product(verify_code=args.code, digest=args.digest)
        show(online)
        return 0 if online.authentic else 1
    if args.file is None:
        raise Invalid(Code.INVALID, "a file, or --code")
    client.directory()
    believed = client.operations.believed
    verdict = verify_file(args.file, trusted_keys=believed.trusted_keys(), owners=believed.owners())
    show(report_json(verdict))
    return 0 if verdict.ok else 1


def _ledger(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    out = io.BytesIO()
    client.ledger(out)
    client.directory()
    write_private(args.out, out.getvalue())
    verdict = check_ledger(out.getvalue(), client.operations.believed.hub_verify_keys())
    show(report_json(verdict))
    return 0 if verdict.ok else 1


def _keys(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    client.directory()
    return show({"keys": [key.to_jwk() for key in client.operations.believed.trusted_keys()]})


# -- arguments ------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xinqiao client", description="以机构身份调用接口 call the API")
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
    made.add_argument("--institution", required=True, help="机构编号 ins-…")
    made.add_argument("--name", default="", help="机构名称")
    made.add_argument("--anchor", type=Path, required=True, help="平台公钥文件 the anchor file")
    made.add_argument("--operator")
    made.add_argument("--department")
    made.add_argument("--sm", action="store_true", help="用国密 SM2 私钥 an SM2 key")
    command("token", _token, "换取令牌 fetch a token")
    made = command("find", _find, "企业有没有数据账户 whether a code has a data account")
    made.add_argument("uscc")
    made = command("invite", _invite, "邀请企业登录 invite an enterprise")
    made.add_argument("uscc")
    made.add_argument("--message", default="")
    writing(made)
    made = command("request", _request, "申请查询授权 ask for an authorisation")
    made.add_argument("uscc")
    made.add_argument("--purpose", choices=[str(p) for p in Purpose], default="loan_application")
    made.add_argument("--business-ref", required=True, help="本机构的业务编号")
    made.add_argument("--product", action="append", choices=[*_PRODUCTS])
    made.add_argument("--months", type=int, default=24)
    made.add_argument("--days", type=int, default=30)
    made.add_argument("--times", type=int, default=3)
    made.add_argument("--no-balance", action="store_true")
    made.add_argument("--message", default="")
    writing(made)
    made = command("list", _list, "授权列表，--records 为查询记录 authorisations, or records")
    made.add_argument("--state", choices=[str(s) for s in VisibleState])
    made.add_argument("--uscc")
    made.add_argument("--limit", type=int, default=50)
    made.add_argument("--records", action="store_true")
    made = command("show", _get, "一份授权（aut-…）或一次查询（qry-…）")
    made.add_argument("id")
    made = command("query", _query, "查询，在本机打开 query and open here")
    made.add_argument("authorisation")
    made.add_argument("--account", help="账户链接 acc-…；只有一个时可省")
    made.add_argument("--product", choices=[*_PRODUCTS], default="report")
    made.add_argument("--months", type=int)
    made.add_argument("--save", type=Path, help="把报告与凭证写成一个文件（不写则不落盘）")
    made.add_argument("--proof", action="store_true", help="连同存证证明一起写 with inclusion proofs")
    made.add_argument("--format", choices=["json", "table"], default="json")
    writing(made)
    made = command("verify", _verify, "核验：文件离线，--code 在线")
    made.add_argument("file", type=Path, nargs="?")
    made.add_argument("--code", help="核验码")
    made.add_argument("--digest", help="密文摘要")
    made = command("changes", _changes, "查过的信息里，此后更正、修复的 records received that changed since")
    made.add_argument("--after", help="接着上一页的 next go on after")
    made.add_argument("--limit", type=int, default=100)
    made = command("ledger", _ledger, "导出本机构存证并核验 export and verify the ledger")
    made.add_argument("--out", type=Path, required=True)
    command("keys", _keys, "名录中的公钥，供 xinqiao verify --key 使用")
    add_commands(command)
    return parser
