"""``xinqiao doctor``: look at everything a hub or a node depends on, without changing anything.

It works before any configuration exists and then says what is missing. Exit status 0 when nothing is wrong, 1 when
something is. The checks live in ``machine_checks`` and ``hub_checks``.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from xinqiao.cli.findings import Finding, State, as_json, as_table, bad


def main_doctor(argv: list[str]) -> int:
    """Run the checks and print the table, or with ``--json`` one object; 0 when nothing is bad."""
    parser = argparse.ArgumentParser(
        prog="xinqiao doctor",
        description="检查安装、设置、数据库、密钥、节点；不改动任何东西。Check the installation; nothing is changed.",
    )
    parser.add_argument(
        "--node",
        type=Path,
        metavar="DIR",
        help="检查一个信息提供机构节点的目录 check a provider node's folder",
    )
    parser.add_argument("--offline", action="store_true", help="不访问网络 ask nobody over the network")
    parser.add_argument("--json", action="store_true", help="输出 JSON machine-readable output")
    args = parser.parse_args(argv)
    findings = _node(args.node) if args.node else _hub(offline=args.offline)
    print(as_json(findings) if args.json else as_table(findings))
    return 1 if any(f.state is State.BAD for f in findings) else 0


def _node(home: Path) -> list[Finding]:
    from xinqiao.cli import machine_checks as machine

    return [
        *machine.program(),
        *_run("节点 node", lambda: machine.node_home(home, os.environ)),
        *_run("磁盘 disk", lambda: machine.disk(home.resolve())),
        *_run("时钟 clock", machine.clock),
    ]


def _hub(*, offline: bool) -> list[Finding]:
    from xinqiao.cli import hub_checks as hub
    from xinqiao.cli import machine_checks as machine

    findings = [*machine.program()]
    settings = _run("设置 settings", hub.load_settings)
    findings += settings
    if all(f.state is State.OK for f in settings):
        findings += _with_settings(offline=offline)
    findings += _run("页面资源 assets", machine.assets)
    findings += _run("字体 fonts", machine.fonts)
    findings += _run("时钟 clock", machine.clock)
    return findings


def _with_settings(*, offline: bool) -> list[Finding]:
    from django.conf import settings

    from xinqiao.cli import hub_checks as hub
    from xinqiao.cli import machine_checks as machine

    findings = [*_run("平台 platform", hub.platform), *_run("密钥 keys", hub.secrets)]
    findings += _run("清单 catalogue", hub.catalogue)
    readable = False

    def look() -> list[Finding]:
        nonlocal readable
        found, readable = hub.database()
        return found

    findings += _run("数据库 database", look)
    if readable:
        findings += _run("存证日志 log", hub.audit)
        if not offline:
            findings += _run("网络 network", hub.network)
    findings += _run("磁盘 disk", lambda: machine.disk(Path(settings.XINQIAO_HOME)))
    return findings


def _run(check: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """A check that breaks is a finding, not the end: the doctor is called when things are broken."""
    try:
        return look()
    except Exception as error:  # noqa: BLE001  any failure of a check is itself what the operator must see
        return [
            bad(
                check,
                f"检查本身失败 the check itself failed: {type(error).__name__}",
                "报告这个问题 report it",
            )
        ]
