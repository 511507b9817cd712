"""The command ``xinqiao``: a thin dispatcher to one module per sub-command.

``version``, ``help`` and the offline tools answer before any configuration exists; the modules behind the
other sub-commands are imported only when they are asked for, so ``xinqiao uscc`` does not pay for Django.
"""

import importlib
import io
import sys
from dataclasses import dataclass

from xinqiao import __version__


@dataclass(frozen=True, slots=True)
class Command:
    """One sub-command: where its ``main`` lives and one line of help in both languages."""

    module: str
    function: str
    zh: str
    en: str


COMMANDS: dict[str, Command] = {
    "serve": Command("xinqiao.cli.serve", "main_serve", "启动平台（门户与接口）", "run the hub"),
    "worker": Command(
        "xinqiao.cli.worker", "main_worker", "处理待发事件、检查点与到期", "run the hub's worker"
    ),
    "manage": Command("xinqiao.cli.manage", "main_manage", "Django 管理命令", "Django management commands"),
    "operator": Command(
        "xinqiao.cli.operator", "main_operator", "平台自己的人：添加、列出、停用", "the platform's own people"
    ),
    "anchor": Command("xinqiao.cli.anchor", "main_anchor", "写出平台的锚文件", "write the hub's anchor file"),
    "provider": Command(
        "xinqiao.cli.provider", "main_provider", "启动信息提供机构节点", "run a provider node"
    ),
    "workbench": Command(
        "xinqiao.cli.workbench", "main_workbench", "机构前置机", "the institution's own front-end"
    ),
    "client": Command(
        "xinqiao.cli.client", "main_client", "以机构身份调用接口", "call the API as an institution"
    ),
    "source": Command(
        "xinqiao.cli.source", "main_source", "以数源身份报送文件", "send files as a data source"
    ),
    "desk": Command(
        "xinqiao.cli.desk", "main_desk", "平台自己的系统：工单、异议、修复", "the platform's own systems"
    ),
    "sign": Command(
        "xinqiao.cli.sign", "main_sign", "为任意工具签名一个请求", "sign a request for any other tool"
    ),
    "demo": Command(
        "xinqiao.cli.demo", "main_demo", "演示省：建立、启动、自检", "the demonstration province"
    ),
    "fundflow": Command(
        "xinqiao.cli.fundflow",
        "main_fundflow",
        "由流水文件离线计算资金流产品",
        "compute the products offline",
    ),
    "catalogue": Command(
        "xinqiao.cli.catalogue", "main_catalogue", "归集共享清单：查看、检查、空表", "the catalogue of items"
    ),
    "generate": Command(
        "xinqiao.cli.generate",
        "main_generate",
        "生成归集事项的演示数据",
        "generate data of the collected items",
    ),
    "province": Command(
        "xinqiao.cli.province",
        "main_province",
        "按比例归集一个省，边归集边量",
        "collect a part of a province and measure it",
    ),
    "collect": Command("xinqiao.cli.collect", "main_collect", "归集一个文件，给出回执", "collect a file"),
    "quality": Command(
        "xinqiao.cli.quality", "main_quality", "数据质量：重算、月报、工单", "quality of what is supplied"
    ),
    "redress": Command(
        "xinqiao.cli.redress",
        "main_redress",
        "异议与信用修复：修复结果、检查期限文件",
        "results of credit repair",
    ),
    "policies": Command(
        "xinqiao.cli.policies",
        "main_policies",
        "惠企政策：政策找人、登记政策部门",
        "policies: find the firms they are for",
    ),
    "uscc": Command(
        "xinqiao.cli.uscc", "main_uscc", "校验统一社会信用代码", "check unified social credit codes"
    ),
    "firms": Command(
        "xinqiao.cli.firms", "main_firms", "企业名录：建索引、查找、划型", "find a firm, say how large it is"
    ),
    "peers": Command(
        "xinqiao.cli.peers", "main_peers", "画像里的同类企业：统计、查看", "count the peers of portraits"
    ),
    "verify": Command(
        "xinqiao.cli.verify", "main_verify", "离线核验存证、报告与日志", "verify evidence offline"
    ),
    "campaign": Command(
        "xinqiao.cli.campaign", "main_campaign", "竞争、断电、篡改等重型检验", "races, kills, tampering"
    ),
    "bench": Command("xinqiao.cli.bench", "main_bench", "性能对照表", "the table of ratios"),
    "doctor": Command("xinqiao.cli.doctor", "main_doctor", "检查安装与配置", "check the installation"),
}


def usage() -> str:
    """The list of sub-commands, Chinese first."""
    width = max(map(len, COMMANDS))
    lines = ["用法 usage: xinqiao <命令 command> [选项 options]", ""]
    lines += [f"  {name:<{width}}  {c.zh} · {c.en}" for name, c in COMMANDS.items()]
    lines += ["", "xinqiao <命令> --help 显示该命令的选项 shows a command's options", "xinqiao version"]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run ``xinqiao`` with ``argv`` (default: the process's) and return its exit status."""
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in ("help", "-h", "--help"):
        print(usage())
        return 0
    if args[0] in ("version", "--version", "-V"):
        print(f"xinqiao {__version__}")
        return 0
    command = COMMANDS.get(args[0])
    if command is None:
        print(f"没有这个命令 unknown command: {args[0]}\n\n{usage()}", file=sys.stderr)
        return 2
    # An argument or a file name need not be text. What cannot be written is shown escaped, as it is on standard error.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        run = getattr(importlib.import_module(command.module), command.function)
        return int(run(args[1:]))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a pipe has had enough
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
