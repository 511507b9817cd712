"""``xinqiao demo``: build and run the demonstration province, or ``--check`` the main journey headless."""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from xinqiao.cli.throwaway import throwaway_postgres

if TYPE_CHECKING:
    from xinqiao.demo.build import DemoPlan

#: the banks' nodes and the department's
NODES = ("lanjiang", "chenghu", "department")


def main_demo(argv: list[str]) -> int:
    """Run or check a demonstration."""
    parser = argparse.ArgumentParser(prog="xinqiao demo", description="演示省 the demonstration province")
    parser.add_argument("--data", type=Path, help="演示目录 folder (default: a temporary one with --check)")
    parser.add_argument("--port", type=int, default=8800, help="平台端口；节点用其后的端口 hub; nodes follow")
    parser.add_argument(
        "--firms", type=_firms, default=24, help="生成的企业数，至少 4 generated enterprises, at least 4"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--test-hooks", action="store_true", help="测试时钟与节点故障（默认关闭）")
    parser.add_argument(
        "--postgres", action="store_true", help="在一个真实的 PostgreSQL 上 on a throwaway server"
    )
    parser.add_argument("--check", action="store_true", help="无界面走完主流程，打印一个 JSON")
    args = parser.parse_args(argv)
    # A service manager stops with SIGTERM: the children must go with the parent, as they do on Ctrl-C. Raised here and
    # not sent on as SIGINT, which a shell makes its background jobs ignore.
    signal.signal(signal.SIGTERM, _interrupt)
    with throwaway_postgres() if args.postgres else contextlib.nullcontext("") as database_url:
        return _check(args, database_url) if args.check else _run(args, database_url)


def _firms(text: str) -> int:
    if (
        not text.isascii() or not text.isdigit() or int(text) < 4
    ):  # the story of a fresh demonstration needs them
        raise argparse.ArgumentTypeError("至少 4 at least 4")
    return int(text)


def _interrupt(_signal: int, _frame: object) -> None:
    # A second one (a wrapper that passes the signal on beside it) must not cut short how the children are stopped.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _data_dir() -> Path | None:
    named = os.environ.get("XINQIAO_DATA_DIR", "").strip()
    return Path(named).resolve() if named else None


def _setup_django(environ: dict[str, str], home: Path) -> None:
    from xinqiao.hub.runtime import prepare_home

    prepare_home(home)
    for name in [n for n in os.environ if n.startswith("XINQIAO_")]:
        del os.environ[name]
    os.environ.update(environ)
    import django

    django.setup()


def _run(args: argparse.Namespace, database_url: str) -> int:
    from xinqiao.demo.build import DemoPlan, build, prepare
    from xinqiao.demo.processes import require_free, running_demo

    folder: Path = (args.data or Path("demo-data")).resolve()
    ports = {bank: args.port + 1 + i for i, bank in enumerate(NODES)}
    plan = DemoPlan(
        folder, args.port, ports, seed=args.seed, firms=args.firms, database_url=database_url,
        data_dir=_data_dir(), test_hooks=args.test_hooks,
    )  # fmt: skip
    for port in (args.port, *ports.values()):  # before half a minute of building, not after it
        require_free(port)
    started = time.monotonic()
    fresh = not plan.credentials.exists()
    print(
        "正在建立演示省 building the demonstration …"
        if fresh
        else "使用已有的演示 using the built demonstration"
    )
    prepare(plan)
    _setup_django(plan.hub_environ(), folder / "hub")
    credentials = build(plan)
    if fresh:
        from xinqiao.demo.corrections import Corrections
        from xinqiao.demo.policies import Policies

        Corrections(credentials).tell()
        credentials["policy_department"] = Policies(credentials).tell()
        plan.credentials.write_text(json.dumps(credentials, ensure_ascii=False, indent=1), encoding="utf-8")
    with running_demo(plan) as running:
        if fresh:
            from xinqiao.demo.batches import send_dossiers, send_first_batches
            from xinqiao.demo.build import yesterday
            from xinqiao.demo.dossiers import write_dossiers
            from xinqiao.demo.story import tell

            tell(credentials)
            send_first_batches(credentials)
            files = write_dossiers(
                credentials, folder / "truth.json", folder / "collected", as_of=yesterday(), seed=plan.seed
            )
            send_dossiers(credentials, files)
        print(_welcome(credentials, time.monotonic() - started), flush=True)
        try:
            if fresh:
                _fill(plan, credentials)
            while (ended := running.ended()) is None:
                time.sleep(1)
        except KeyboardInterrupt:
            print("\n正在停止 stopping …")
            return 0
        print(f"{ended} 意外结束 ended unexpectedly:\n{running.tail(ended)}", file=sys.stderr)
        return 1


def _fill(plan: "DemoPlan", credentials: dict[str, object]) -> None:
    """What may come while people look around: the public sets, and the register that searches by name stand on."""
    from xinqiao.demo.batches import send_dossiers
    from xinqiao.demo.dossiers import build_firm_index, public_files

    lists, public = [plan.folder / "collected" / "firms.csv"], plan.folder / "public"
    if plan.data_dir is not None and plan.catalogue_dir.is_dir():
        sent = send_dossiers(credentials, public_files(plan.data_dir, public))
        print(f"  公开数据集已报送 {sent} 批 batches of the public sets", flush=True)
        if (public / "firms.csv").exists():
            lists.append(public / "firms.csv")
    firms = build_firm_index(lists, plan.folder / "hub" / "firms.sqlite3")
    print(f"  企业名录 {firms:,} 家，可按名称查 firms can be found by name", flush=True)


def _welcome(credentials: dict[str, object], seconds: float) -> str:
    c = json.loads(json.dumps(credentials))
    firm, hub = c["enterprises"][0], c["hub"]
    lines = [
        "",
        f"演示省已就绪（{seconds:.0f} 秒） ready — 演示数据，不是任何官方网站",
        "",
        f"  公开首页   {hub['url']}/",
        f"  企业登录   {hub['enterprise_login']}",
        f"    {firm['name']} · {firm['uscc']} · {firm['person']['name']} · {firm['person']['id_no']}",
        f"  机构登录   {hub['staff_login']}",
    ]
    for bank in c["institutions"]:
        if bank["is_user"]:
            user = bank["users"][0]
            lines.append(f"    {bank['short_name']} 经办   {user['username']} / {user['password']}")
    unit = c.get(
        "policy_department", {"users": []}
    )  # absent in a demonstration that was built before there was one
    lines += [f"    {login['name']}   {login['username']} / {login['password']}" for login in unit["users"]]
    for source in c["sources"][:2]:
        lines += [
            f"    {source['name']}   {login['username']} / {login['password']}" for login in source["users"]
        ]
    staff = [*c["operators"], c["auditor"]]
    lines += [f"    {login['name']}   {login['username']} / {login['password']}" for login in staff]
    lines += [
        f"  节点 {n['name']}   {n['url']}/   {n['portal']['login']} / {n['portal']['password']}"
        for n in c["nodes"]
    ]
    lines += [
        f"  接口文档   {hub['openapi']}",
        "",
        "  全部登录方式在 credentials.json；按 Ctrl-C 停止 press Ctrl-C to stop",
        "",
    ]
    return "\n".join(lines)


def _check(args: argparse.Namespace, database_url: str) -> int:
    from xinqiao.demo.build import DemoPlan, build
    from xinqiao.demo.check import run_journey
    from xinqiao.demo.processes import free_ports, running_demo

    with contextlib.ExitStack() as stack:
        folder = args.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xinqiao-check-")))
        ports = free_ports(1 + len(NODES))
        plan = DemoPlan(
            Path(folder).resolve(), ports[0], dict(zip(NODES, ports[1:], strict=True)), seed=args.seed,
            firms=min(args.firms, 12), database_url=database_url, data_dir=_data_dir(), test_hooks=args.test_hooks,
        )  # fmt: skip
        _setup_django(plan.hub_environ(), plan.folder / "hub")
        fresh, credentials = not plan.credentials.exists(), build(plan)
        from django.db import connections

        from xinqiao.demo.corrections import Corrections

        if fresh:
            Corrections(credentials).tell()
        connections.close_all()
        running = stack.enter_context(running_demo(plan))
        result = run_journey(credentials, running)
    print(json.dumps(result, ensure_ascii=False, indent=1))
    return 0 if result["ok"] else 1
