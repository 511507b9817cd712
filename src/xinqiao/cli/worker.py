"""``xinqiao worker``: deliver the outbox, make checkpoints, lapse unanswered requests. Several may run."""

import argparse
import os
from pathlib import Path


def main_worker(argv: list[str]) -> int:
    """Run until interrupted; ``--once`` does what is due now and ends."""
    parser = argparse.ArgumentParser(prog="xinqiao worker", description="平台后台进程 the hub's worker")
    parser.add_argument("--once", action="store_true", help="只做一轮 one round")
    args = parser.parse_args(argv)
    from xinqiao.hub.runtime import prepare_home

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.hub.project.settings")
    prepare_home(Path(os.environ.get("XINQIAO_HOME") or "var").expanduser().resolve())
    import django

    django.setup()
    from xinqiao.hub.runtime import start
    from xinqiao.hub.worker import Worker, main

    start()
    if args.once:
        print(Worker.make().run_once())
        return 0
    return main()
