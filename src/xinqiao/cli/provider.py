"""``xinqiao provider``: run a provider node, make the home of a new one (``init``), let somebody see its pages
(``add-user``)."""

import argparse
import json
import os
import sys
from pathlib import Path

from xinqiao.cli.serving import serve_alone
from xinqiao.cli.terminal import new_password


def main_provider(argv: list[str]) -> int:
    """Run, initialise or extend a node; 2 means that nothing was done and standard error says why."""
    match argv[:1]:
        case ["init"]:
            return _init(argv[1:])
        case ["add-user"]:
            return _add_user(argv[1:])
        case _:
            return _run(argv)


def _run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="xinqiao provider",
        description="信息提供机构节点 provider node",
        epilog="另见 see also: xinqiao provider init, xinqiao provider add-user",
    )
    parser.add_argument("--home", type=Path, required=True, help="节点目录 the node's folder (provider.toml)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--test-hooks", action="store_true", help="测试时钟与故障（默认关闭）clock and faults"
    )
    args = parser.parse_args(argv)
    from xinqiao import catalogue as catalogues
    from xinqiao.domain.errors import XinqiaoError
    from xinqiao.provider.config import ConfigError, load_config
    from xinqiao.provider.directory import read_anchor
    from xinqiao.provider.items.store import ItemStore
    from xinqiao.provider.stores import StoreError, open_store

    # The server imports the application in a process of its own; what can be wrong is said here, in one line.
    try:
        config = load_config(args.home, os.environ)
        read_anchor(config.hub.anchor)
        open_store(config.store).close()
        if config.items is not None:
            ItemStore(config.items, catalogues.load(extensions=config.items.extensions)).close()
    except (ConfigError, StoreError, XinqiaoError, catalogues.CatalogueError) as error:
        print(error, file=sys.stderr)
        return 2
    os.environ["XINQIAO_NODE_HOME"] = str(args.home.resolve())
    os.environ["XINQIAO_TEST_HOOKS"] = "1" if args.test_hooks else "0"
    # One worker: one writer owns the node's database, and requests share its commits.
    serve_alone("xinqiao.provider.app:create_app", host=args.host, port=args.port)
    return 0


def _init(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="xinqiao provider init")
    parser.add_argument("home", type=Path)
    parser.add_argument(
        "--node-id",
        default="",
        help="平台给的节点编号，没有就新造一个 the node's id at the hub (default: a new one)",
    )
    parser.add_argument("--institution", required=True, help="平台登记的机构编号 institution id at the hub")
    parser.add_argument("--name", required=True)
    parser.add_argument("--bank-name", default="")
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--hub-id", required=True)
    parser.add_argument("--hub-url", required=True)
    parser.add_argument(
        "--anchor", type=Path, help="平台公钥文件 the hub's anchor file, received out of band"
    )
    parser.add_argument(
        "--items",
        default="",
        metavar="FOLDER",
        help="部门节点：放事项记录的文件夹，代替银行账户 a department: its folder of items instead of accounts",
    )
    args = parser.parse_args(argv)
    from xinqiao.domain.errors import XinqiaoError
    from xinqiao.provider.directory import read_anchor
    from xinqiao.provider.setup import NodeSetup, new_node_id, write_home

    if (args.home / "provider.toml").exists():
        print(f"{args.home / 'provider.toml'} 已经存在 exists already", file=sys.stderr)
        return 2
    setup = NodeSetup(
        node_id=args.node_id or new_node_id(), institution=args.institution, name=args.name, bank_name=args.bank_name or args.name,
        public_url=args.public_url, hub_id=args.hub_id, hub_url=args.hub_url, items_folder=args.items,
    )  # fmt: skip
    try:
        anchor = None
        if args.anchor is not None:
            read_anchor(
                args.anchor
            )  # a file that no node could start with is refused before anything is made
            anchor = json.loads(args.anchor.read_text(encoding="utf-8"))
        jwk = write_home(args.home, setup, anchor)
    except (OSError, XinqiaoError) as error:
        print(f"没有建立 not made: {error}", file=sys.stderr)
        return 2
    made = {"home": str(args.home), "node_id": setup.node_id, "public_key": jwk}
    print(json.dumps(made, ensure_ascii=False, indent=1))
    return 0


def _add_user(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="xinqiao provider add-user",
        description="让一个人可以看节点页面 let somebody see the node's pages",
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("login")
    parser.add_argument("--name", required=True, help="显示的姓名 the name that is shown")
    parser.add_argument(
        "--password-stdin", action="store_true", help="口令从标准输入读 read it from standard input"
    )
    args = parser.parse_args(argv)
    from xinqiao.provider.config import ConfigError
    from xinqiao.provider.setup import add_user

    password = new_password(from_stdin=args.password_stdin)
    if password is None:
        return 2
    try:
        add_user(args.home, args.login, args.name, password)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print("已添加，重启节点后生效 added; restart the node")
    return 0
