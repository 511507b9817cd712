"""``xinqiao workbench``: run the institution's own front-end, or add a person to it (``xinqiao workbench add-user``)."""

import argparse
import os
import sys
from pathlib import Path

from xinqiao.cli.serving import serve_alone
from xinqiao.cli.terminal import new_password
from xinqiao.client.config import add_user, read_config
from xinqiao.domain.errors import XinqiaoError


def main_workbench(argv: list[str]) -> int:
    """Serve until stopped; 2 for a configuration that cannot be used."""
    if argv[:1] == ["add-user"]:
        return _add_user(argv[1:])
    parser = argparse.ArgumentParser(
        prog="xinqiao workbench",
        description="机构前置机：只有本机构能打开报告 the institution's own front-end",
        epilog="xinqiao workbench add-user --config FILE --login NAME …  增加用户 add a person",
    )
    parser.add_argument("--config", type=Path, required=True, help="client.toml 或它所在的目录")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    args = parser.parse_args(argv)
    try:
        config = read_config(args.config)
    except XinqiaoError as error:
        print(f"不能启动 cannot start: {error}", file=sys.stderr)
        return 2
    if not config.users:
        print("还没有用户 no users yet: xinqiao workbench add-user", file=sys.stderr)
        return 2
    os.environ["XQ_WORKBENCH_CONFIG"] = str(config.path.resolve())
    print(f"前置机 workbench: http://{args.host}:{args.port}/", flush=True)
    # One worker: sessions and the reports being shown are in its memory and nowhere else.
    serve_alone("xinqiao.cli.workbench:serve_app", host=args.host, port=args.port)
    return 0


def serve_app() -> object:
    """The application, made in the serving process."""
    from xinqiao.client.workbench.app import create_app

    return create_app(read_config(Path(os.environ["XQ_WORKBENCH_CONFIG"])))


def _add_user(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="xinqiao workbench add-user")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--login", required=True)
    parser.add_argument("--name", required=True, help="姓名，写进每次查询 shown to the enterprise")
    parser.add_argument("--department", required=True, help="部门，写进每次查询 shown to the enterprise")
    parser.add_argument("--password-stdin", action="store_true", help="从标准输入读密码")
    args = parser.parse_args(argv)
    password = new_password(from_stdin=args.password_stdin)
    if password is None:
        return 2
    try:
        add_user(args.config, login=args.login, name=args.name, department=args.department, password=password)
    except XinqiaoError as error:
        print(f"没有增加 not added: {error}", file=sys.stderr)
        return 2
    print(f"已增加 added: {args.login}（重启前置机后生效 after a restart）")
    return 0
