"""``xinqiao collect FILE --item ITEM --source SRC``: a supplier's file into the lake, and its receipt.

Progress goes to standard error when that is a terminal, the receipt to standard output.
"""

import argparse
import json
import secrets
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from xinqiao.catalogue import load
from xinqiao.cli.terminal import padded, width
from xinqiao.clock import SystemClock
from xinqiao.domain.catalogue.model import Catalogue, Item
from xinqiao.domain.catalogue.receipt import BatchStatus, Receipt
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.period import parse_date
from xinqiao.lake.collect import Means, Terms, collect, quarantine_file
from xinqiao.lake.collecting.fields_sql import RULES
from xinqiao.lake.collecting.words import finding_words
from xinqiao.lake.files import expected_names, stage
from xinqiao.lake.rules_sql import WAN_YUAN
from xinqiao.lake.store import Lake
from xinqiao.lake.superseding import count_superseding
from xinqiao.ui.error_words import WORDS
from xinqiao.ui.file_words import whereabouts

_STATUS = {
    BatchStatus.ACCEPTED: "全部收下 accepted",
    BatchStatus.PARTLY: "部分收下 partly accepted",
    BatchStatus.REJECTED: "整批退回，未收一行 rejected as a whole",
}
_PHASES = {"count": "校验 checking", "write": "写入 writing"}
_KEY_FILE = "subjects.key"


def main_collect(argv: list[str]) -> int:
    """Run the command.

    0: every row was taken. 1: some or all rows were put aside; the receipt says which. 2: the file was refused and
    nothing was done (one problem object, RFC 9457, on standard output).
    """
    options = _parser().parse_args(argv)
    try:
        receipt = _run(options)
    except XinqiaoError as error:
        print(json.dumps(_problem(error, options), ensure_ascii=False, indent=2))
        return 2
    if options.format == "json":
        print(json.dumps(receipt.to_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(receipt, load(extensions=options.extensions))))
    return 0 if receipt.status is BatchStatus.ACCEPTED else 1


def _problem(error: XinqiaoError, options: argparse.Namespace) -> dict[str, object]:
    words = WORDS[error.code]
    labels: dict[str, str] = {}
    if "missing" in error.facts or "repeated" in error.facts:  # the catalogue has been read, so it can be
        item = load(extensions=options.extensions).items[options.item]
        labels = {field.name: field.label for field in item.fields}
    return {
        "type": f"urn:xinqiao:problem:{error.code.value}",
        "title": words.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code.value,
        "next_step": "".join([words.step, *whereabouts(error.facts, lambda name: labels.get(name, name))]),
        **error.facts,
    }


def _day(text: str) -> date:
    try:
        return parse_date(text)
    except Invalid as error:
        raise argparse.ArgumentTypeError("日期写作 YYYY-MM-DD, a date as YYYY-MM-DD") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao collect", description="归集一个文件，给出回执 Collect a file and print its receipt."
    )
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="CSV (UTF-8/GB18030), XLSX, JSONL, Parquet, ZIP")
    add("--item", required=True, help="事项标识，见 xinqiao catalogue show  id of the item")
    add("--source", required=True, help="数源单位 the data source")
    add(
        "--lake",
        type=Path,
        default=Path("lake"),
        metavar="DIR",
        help="数据湖的文件夹，默认 folder, default %(default)s",
    )
    add(
        "--batch",
        metavar="NO",
        help="批次号，默认由文件摘要得出 number of the batch, default from the digest",
    )
    add(
        "--as-of",
        type=_day,
        metavar="DATE",
        help="数据截至日，用于没有日期字段的事项 day the facts are true for",
    )
    add(
        "--wan-yuan",
        action="append",
        default=[],
        metavar="FIELD",
        help="以万元报送的金额字段 an amount sent in 万元",
    )
    add("--withdraw", action="store_true", help="撤回文件里写明的记录 withdraw the records the rows name")
    add(
        "--superseding",
        action="store_true",
        help="还数收下的行里替换了旧值的有多少 count the rows that replaced an earlier value, too",
    )
    add("--format", choices=["json", "table"], default="table", help="输出格式 output format")
    add(
        "--quarantine",
        type=Path,
        metavar="FILE",
        help="未收的行写到 .xlsx 或 .csv，改好可直接再送 refused rows, to correct",
    )
    add("--extensions", type=Path, metavar="DIR", help="扩展事项的文件夹 folder of extension items")
    return parser


def _run(options: argparse.Namespace) -> Receipt:
    catalogue = load(extensions=options.extensions)
    item = catalogue.items.get(options.item)
    if item is None or not item.mode.is_collected:
        why = "no such item" if item is None else "an item that is not collected"
        raise Invalid(Code.INVALID, why, facts={"field": "item"})
    _writable(options.quarantine)
    with tempfile.TemporaryDirectory(prefix="xinqiao-collect-") as folder:
        staged = stage(options.file, Path(folder), expected=expected_names(item))
        lake = Lake.open(options.lake, create=True)
        receipt = collect(
            lake,
            staged,
            item,
            catalogue,
            source=options.source,
            batch_no=options.batch or f"f-{staged.digest[:16]}",
            received_at=SystemClock().now(),
            data_as_of=options.as_of,
            terms=Terms(units=dict.fromkeys(options.wan_yuan, WAN_YUAN), withdrawal=options.withdraw),
            means=Means(secret=_secret(options.lake)),
            progress=_progress,
        )
    if options.superseding and receipt.status is not BatchStatus.REJECTED:
        receipt = replace(receipt, superseding=count_superseding(lake, item.id, receipt.batch_no))
    if options.quarantine is not None and receipt.refused:
        quarantine_file(
            lake, receipt, catalogue, options.quarantine, file_format=options.quarantine.suffix.lower()[1:]
        )
    return receipt


def _writable(path: Path | None) -> None:
    """Refused before any work, not after it."""
    if path is not None and path.suffix.lower() not in (".xlsx", ".csv"):
        raise Invalid(
            Code.INVALID, "--quarantine: a name that ends in .xlsx or .csv", facts={"field": "quarantine"}
        )


def _secret(lake: Path) -> bytes:
    """The key of persons' hashes, made with the lake and kept beside it; whoever moves a lake moves it too."""
    path = lake / _KEY_FILE
    if not path.exists():
        made = path.with_suffix(".new")
        made.touch(0o600)
        made.write_bytes(secrets.token_bytes(32))
        made.rename(path)
    return path.read_bytes()


def _progress(phase: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{_PHASES[phase]} {done}/{total}", end=end, file=sys.stderr, flush=True)


# the table


def _lines(receipt: Receipt, catalogue: Catalogue) -> Iterator[str]:
    item = catalogue.items[receipt.item]
    yield f"{item.name} {item.id}    批次 batch {receipt.batch_no}    来源 source {_plain(receipt.source)}"
    yield f"{_STATUS[receipt.status]}"
    yield f"读 read {receipt.rows}    收 accepted {receipt.accepted}    未收 refused {receipt.refused}    重复 repeated {receipt.duplicates}"
    if receipt.superseding is not None:
        yield f"替换旧值 superseding {receipt.superseding}"
    if receipt.latest_as_of:
        yield f"截至 as of {receipt.latest_as_of}"
    ignored = [name for sheet in receipt.sheets for name in sheet.ignored]
    if ignored:
        yield f"未用的列 columns not used: {_plain('、'.join(ignored))}"
    if receipt.by_field:
        yield ""
        yield from _findings(receipt, catalogue, item)
    if receipt.examples:
        yield ""
        labels = {field.name: field.label for field in item.fields}
        for one in receipt.examples[:10]:
            sheet, number = receipt.place(one.row)
            where = f"{sheet.name}:{number}" if sheet.name else str(number)
            yield f"第 {where} 行    {labels.get(one.field, '整行')}    {one.rule}    {_shown(one.value)}"


def _findings(receipt: Receipt, catalogue: Catalogue, item: Item) -> Iterator[str]:
    lists = dict(catalogue.code_lists)
    rules = {rule.value: rule for rule in RULES if rule is not None}
    rows = [
        (str(count), finding_words(item, lists, name, rules[rule]), rule)
        for name, counts in receipt.by_field.items()
        for rule, count in counts.items()
    ]
    most = min(60, max(width(words) for _, words, _ in rows))
    for count, words, rule in sorted(rows, key=lambda row: -int(row[0])):
        yield f"{count:>9}  {padded(words, most)}  {rule}"


def _plain(text: str) -> str:
    """What came from a file may not move the cursor."""
    return "".join(char if unicodedata.category(char)[0] != "C" else "·" for char in text)


def _shown(text: str) -> str:
    """A value in which what nobody can see is told by its number: it may be what is wrong with it."""
    seen = (
        char if unicodedata.category(char)[0] not in "CZ" or char in " \u3000" else f"<U+{ord(char):04X}>"
        for char in text
    )
    return "".join(seen)


if __name__ == "__main__":
    sys.exit(main_collect(sys.argv[1:]))
