"""``xinqiao provider``: run a provider node, or make the home of a new one (``xinqiao provider init DIR``)."""

import argparse
import json
import os
import sys
from pathlib import Path


def main_provider(argv: list[str]) -> int:
    """Run or initialise a node."""
    if argv[:1] == ["init"]:
        return _init(argv[1:])
    parser = argparse.ArgumentParser(prog="xinqiao provider", description="信息提供机构节点 provider node")
    parser.add_argument("--home", type=Path, required=True, help="节点目录 the node's folder (provider.toml)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--test-hooks", action="store_true", help="测试时钟与故障（默认关闭）clock and faults"
    )
    args = parser.parse_args(argv)
    from xinqiao.provider.config import ConfigError, load_config

    try:
        load_config(args.home, os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    os.environ["XINQIAO_NODE_HOME"] = str(args.home.resolve())
    os.environ["XINQIAO_TEST_HOOKS"] = "1" if args.test_hooks else "0"
    from granian import Granian
    from granian.constants import Interfaces

    # One worker: one writer owns the node's database, and requests share its commits.
    Granian(
        "xinqiao.provider.app:create_app",
        factory=True,
        address=args.host,
        port=args.port,
        interface=Interfaces.ASGI,
        workers=1,
        log_access=False,
        websockets=False,
    ).serve()
    return 0


def _init(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="xinqiao provider init")
    parser.add_argument("home", type=Path)
    parser.add_argument("--node-id", required=True)
    parser.add_argument("--institution", required=True, help="平台登记的机构编号 institution id at the hub")
    parser.add_argument("--name", required=True)
    parser.add_argument("--bank-name", default="")
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--hub-id", required=True)
    parser.add_argument("--hub-url", required=True)
    parser.add_argument(
        "--anchor", type=Path, help="平台公钥文件 the hub's anchor file, received out of band"
    )
    args = parser.parse_args(argv)
    from xinqiao.provider.setup import NodeSetup, write_home

    setup = NodeSetup(
        node_id=args.node_id, institution=args.institution, name=args.name, bank_name=args.bank_name or args.name,
        public_url=args.public_url, hub_id=args.hub_id, hub_url=args.hub_url,
    )  # fmt: skip
    anchor = json.loads(args.anchor.read_text(encoding="utf-8")) if args.anchor else None
    jwk = write_home(args.home, setup, anchor)
    print(json.dumps({"home": str(args.home), "public_key": jwk}, ensure_ascii=False, indent=1))
    return 0
