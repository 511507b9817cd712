"""Makes ``cli.md`` from the commands themselves: ``python docs/reference/cli_pages.py``.

Each command's own argument parser is caught at the moment it is about to parse; nothing of the command runs.
"""

import argparse
import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from xinqiao.cli import COMMANDS, Command

PAGE = Path(__file__).with_name("cli.md")

#: Commands that take their words as they come, with the words that stand for them.
PLAIN = {
    "manage": "`xinqiao manage …`：其余的话原样交给 Django（`migrate`、`createsuperuser`、`shell` …）。 The rest goes to Django.",
    "bench": "`xinqiao bench [名字 …]`：其余的话交给 `python -m bench`；只在源码目录里。 In a checkout only.",
    "uscc": "`xinqiao uscc 代码 [代码 …]`：每个代码一行，`代码 valid` 或 `代码 invalid 原因`；都对退出 0，有错退出 1，没有代码退出 2。 One line per code.",
}
#: First words that lead to a parser of their own before the main one.
FIRST_WORDS = {"provider": ["init", "add-user"], "workbench": ["add-user"]}


class Caught(Exception):
    """A parser that was about to parse."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


def parser_of(command: Command, words: list[str]) -> argparse.ArgumentParser:
    """The parser a command uses for these first words."""
    run = getattr(importlib.import_module(command.module), command.function)

    def catch(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise Caught(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", catch):
        try:
            run(words)
        except Caught as caught:
            return caught.parser
    raise LookupError(f"{command.module} does not parse its arguments")


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its sub-commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from parsers(one)


def table(parser: argparse.ArgumentParser) -> list[str]:
    """The options of one parser."""
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        name = ", ".join(f"`{one}`" for one in action.option_strings) or f"`{action.dest}`"
        if action.choices:
            name += f" {{{','.join(map(str, action.choices))}}}"
        must = action.required and action.option_strings
        default = (
            "必需 required"
            if must
            else ""
            if action.default in (None, False, [], argparse.SUPPRESS)
            else f"`{action.default}`"
        )
        rows.append(f"| {name} | {default} | {(action.help or '').replace('|', '·').replace('%%', '%')} |")
    return ["", "| 选项 option | 默认 default | |", "| --- | --- | --- |", *rows] if rows else []


def first_line(module: str) -> str:
    """The first sentence of a module's docstring, without importing it."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    said = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split()).replace("``", "`")


def page() -> str:
    """The whole page."""
    lines = [
        "# 命令 Commands",
        "",
        "`xinqiao <命令> --help` 显示同样的内容。由命令自己的参数表生成：`python docs/reference/cli_pages.py`。",
        "Made from the commands' own argument parsers. `xinqiao version` and `xinqiao help` need no configuration.",
    ]
    for name, command in COMMANDS.items():
        if importlib.util.find_spec(command.module) is None:
            continue
        lines += [
            "",
            f"## `xinqiao {name}`",
            "",
            f"{command.zh}。 {command.en[:1].upper()}{command.en[1:]}.",
            "",
            first_line(command.module),
        ]
        if name in PLAIN:
            lines += ["", PLAIN[name]]
            continue
        top = parser_of(command, [])
        for one in parsers(top):
            if one is not top:
                lines += ["", f"### `{one.prog}`"]
                lines += ["", one.description] if one.description else []
            lines += table(one)
        for word in FIRST_WORDS.get(name, []):
            inner = parser_of(command, [word])
            lines += ["", f"### `{inner.prog}`", *table(inner)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
