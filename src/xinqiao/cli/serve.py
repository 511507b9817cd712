"""``xinqiao serve``: the hub at one address, portals and the institutions' interface together or apart."""

import argparse
import os
from pathlib import Path


def main_serve(argv: list[str]) -> int:
    """Prepare the home folder, bring the database up to date, and serve until stopped.

    Settings come from the environment (``xinqiao doctor`` lists the variables); the options here only place the server.
    """
    parser = argparse.ArgumentParser(prog="xinqiao serve", description="启动平台 run the hub")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--plane", choices=["all", "data", "portal"], default="all", help="门户、数据面或两者"
    )
    parser.add_argument(
        "--workers", type=int, default=1, help="仅 PostgreSQL 可多于 1 / more than 1 on PostgreSQL only"
    )
    parser.add_argument("--no-migrate", action="store_true", help="不更新数据库结构")
    parser.add_argument("--test-hooks", action="store_true", help="测试时钟，只用于测试")
    args = parser.parse_args(argv)

    from xinqiao.hub.runtime import prepare_home

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.hub.project.settings")
    os.environ.setdefault("XINQIAO_PUBLIC_URL", f"http://localhost:{args.port}")
    os.environ["XQ_SERVE_PLANE"] = args.plane
    if args.test_hooks:
        os.environ["XINQIAO_TEST_HOOKS"] = "1"
    prepare_home(Path(os.environ.get("XINQIAO_HOME") or "var").expanduser().resolve())
    return _serve(args.host, args.port, args.workers, migrate=not args.no_migrate)


def _serve(host: str, port: int, workers: int, *, migrate: bool) -> int:
    import django
    from django.core.management import call_command
    from django.db import connection, connections
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from xinqiao.cli.serving import short_turns
    from xinqiao.hub.runtime import start

    django.setup()
    if migrate:
        call_command("migrate", interactive=False, verbosity=0)
    start()
    if connection.vendor == "sqlite" and workers != 1:
        # two writing processes would wait for each other's lock: p99 of 170 ms against 4 ms was measured
        print("SQLite 只用一个工作进程 one worker on SQLite")
        workers = 1
    connections.close_all()
    # A forked worker inherits the pool object but not its threads, and would wait for a connection for ever.
    if (close_pool := getattr(connection, "close_pool", None)) is not None:
        close_pool()
    server = Granian(
        "xinqiao.hub.gateway.asgi:app",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_level=LogLevels.warning,
        backpressure=512,
        workers_kill_timeout=10,
    )
    print(f"信桥 Xinqiao: http://{host}:{port}", flush=True)
    short_turns()
    server.serve()
    return 0
