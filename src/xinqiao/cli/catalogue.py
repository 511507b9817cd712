"""``xinqiao catalogue``: the list of items, one item, an empty file for a supplier; whether a province's files are right."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from xinqiao.catalogue import CURRENT, EDITIONS, CatalogueError, load
from xinqiao.cli.terminal import padded, width
from xinqiao.domain.catalogue.model import Catalogue, Item


def main_catalogue(argv: list[str]) -> int:
    """Check, show or make a template; 1 when data files are wrong, 2 when what was asked for does not exist."""
    args = _parser().parse_args(argv)
    try:
        if args.verb == "check":
            return _check(args.folder)
        catalogue = load(getattr(args, "edition", CURRENT), args.extensions)
    except CatalogueError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        print(f"{len(error.problems)} 处错误 mistakes", file=sys.stderr)
        return 1
    item = catalogue.items.get(args.item) if args.item else None
    if args.item and item is None:
        near = [one for one in catalogue.items if args.item in one]
        print(f"没有这个事项 no such item: {args.item} {' '.join(near)}".rstrip(), file=sys.stderr)
        return 2
    if args.verb == "template":
        assert item is not None
        return _template(item, catalogue, args)
    _show(catalogue, item, as_json=args.format == "json")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao catalogue",
        description="信用信息归集共享清单 the catalogue of collected and shared information",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser(
        "check",
        description="检查随程序带的清单；写了文件夹就连同里面的扩展事项。Check the shipped lists, and a folder of extension items.",
    )
    check.add_argument("folder", nargs="?", type=Path, help="扩展事项的文件夹 folder of extension items")
    show = verbs.add_parser(
        "show", description="列出全部事项，或一个事项的字段。All items, or the fields of one."
    )
    show.add_argument("item", nargs="?", help="事项标识 item id")
    show.add_argument("--format", choices=["table", "json"], default="table", help="输出格式 output format")
    show.add_argument("--edition", choices=EDITIONS, default=CURRENT, help="哪一版清单 which edition")
    template = verbs.add_parser(
        "template",
        description="给供数单位的空表：XLSX 带下拉和批注，CSV 给程序用。An empty file for a supplier.",
    )
    template.add_argument("item", help="事项标识 item id")
    template.add_argument(
        "--format", choices=["xlsx", "csv"], help="不写就看文件名 default: by the name of the file, else xlsx"
    )
    template.add_argument("-o", "--output", type=Path, required=True, help="写到哪个文件 file to write")
    for verb in (show, template):
        verb.add_argument("--extensions", type=Path, help="扩展事项的文件夹 folder of extension items")
    return parser


def _check(folder: Path | None) -> int:
    for edition in EDITIONS:
        catalogue = load(edition, folder if edition == CURRENT else None)
        added = sum(item.origin != "national" for item in catalogue.items.values())
        fields = sum(len(item.fields) for item in catalogue.items.values())
        told = f"{catalogue.declared_categories} 类 categories, {catalogue.declared_items} 项 items"
        if not catalogue.reproduced:
            print(f"{edition} {catalogue.document}: {told}（未转载 not reproduced）")
            continue
        more = f", 扩展 extensions {added}" if folder is not None else ""
        lists = len(catalogue.code_lists)
        print(
            f"{edition} {catalogue.document}: {told}{more}, 字段 fields {fields}, 代码表 code lists {lists}: 没有错误 ok"
        )
    return 0


def _template(item: Item, catalogue: Catalogue, args: argparse.Namespace) -> int:
    # The writer of workbooks is only needed here.
    from xinqiao.catalogue.template import csv_template, xlsx_template

    kind = args.format or ("csv" if args.output.suffix.lower() == ".csv" else "xlsx")
    content = csv_template(item) if kind == "csv" else xlsx_template(item, catalogue)
    try:
        args.output.write_bytes(content)
    except OSError as error:
        print(f"写不进去 cannot be written: {args.output}: {error.strerror}", file=sys.stderr)
        return 2
    print(f"{args.output}  {item.name} {len(item.fields)} 列 columns, {len(content)} 字节 bytes")
    return 0


def _show(catalogue: Catalogue, item: Item | None, *, as_json: bool) -> None:
    from xinqiao.catalogue import words
    from xinqiao.catalogue.plain import catalogue_as_data, item_as_data

    if as_json:
        shown = catalogue_as_data(catalogue) if item is None else item_as_data(item, catalogue)
        print(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    if item is None:
        print(f"{catalogue.title}  {catalogue.document}  {catalogue.issued}")
        if catalogue.note:
            print(catalogue.note)
        if not catalogue.reproduced:
            _beside(catalogue)
            return
        rows = [
            (
                str(one.no), one.id, one.name, words.SHORT_MODES[one.mode].zh, "、".join(one.providers),
                words.FREQUENCIES[one.frequency].zh, words.SENSITIVITIES[one.max_sensitivity].zh,
            )
            for one in catalogue.items.values()
        ]  # fmt: skip
        _print(
            ("", "事项 item", "名称 name", "方式 mode", "提供 provider", "频率 update", "敏感 sensitivity"),
            rows,
        )
        print()
        _beside(catalogue)
        if catalogue.predecessor:
            before = load(catalogue.predecessor)
            print(f"\n前一版 before  {before.document}  {before.issued}")
            _beside(before)
            print(words.NOT_KNOWN.both)
        return
    print(f"{item.no}. {item.name}（{item.id}，第 {item.version} 版）{item.name_en}")
    print(
        f"{words.MODES[item.mode].both}；{'、'.join(item.providers)}；{words.FREQUENCIES[item.frequency].both}"
    )
    print(f"主键 key: {' + '.join(item.natural_key)}；主体 subject: {' + '.join(item.subject)}")
    _print(
        ("字段 field", "标签 label", "类型 type", "必填", "敏感", "要求 limits"),
        [
            (
                field.name, field.label, words.TYPES[field.type].zh, "是" if field.required else "",
                words.SENSITIVITIES[field.sensitivity].zh,
                "；".join(one.zh for one in words.limits(field, item, catalogue)),
            )
            for field in item.fields
        ],
    )  # fmt: skip
    for rule in item.rules:
        print(f"· {words.rule_words(rule, item, catalogue).both}")


def _beside(catalogue: Catalogue) -> None:
    """Counts the document states, and what its text is known to speak of."""
    from xinqiao.catalogue.words import mention_words

    print(f"{catalogue.declared_categories} 类 categories, {catalogue.declared_items} 项 items")
    for heading, names in mention_words(catalogue):
        print(f"· {heading.both}: {names.both}")


def _print(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [heads, *rows]
    widths = [max(width(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        print("  ".join(padded(cell, columns) for cell, columns in zip(line, widths, strict=True)).rstrip())
