"""``xinqiao fundflow FILE``: the products and indicators of a statement file, offline, with the provider's engine.

The way a bank's engineer tries it in a minute. Nothing is stored and nothing is sent anywhere.
"""

import argparse
import csv
import importlib
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from xinqiao.clock import SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.domain.fundflow.books import Statement
from xinqiao.domain.fundflow.dictionary import BY_ID
from xinqiao.domain.fundflow.facts import Facts
from xinqiao.domain.fundflow.figures import IndicatorValue, Unit
from xinqiao.domain.fundflow.gather import gather_facts
from xinqiao.domain.fundflow.merged import consolidate
from xinqiao.domain.fundflow.model import (
    DEFAULT_CASH_LIMIT,
    DEFAULT_MONTHS,
    MAX_MONTHS,
    RULES_VERSION,
    CashPolicy,
    Context,
    Invoice,
    ParsedRows,
)
from xinqiao.domain.fundflow.normal import account_key
from xinqiao.domain.fundflow.parity import ParityTable, read_parity
from xinqiao.domain.fundflow.parse import parse_fen
from xinqiao.domain.fundflow.products import QueryKind, ReportHead, build_report, build_summary
from xinqiao.domain.fundflow.wording import DISCLAIMER
from xinqiao.domain.identifiers import mask_account
from xinqiao.domain.period import FIRST_YEAR, LAST_YEAR, parse_date
from xinqiao.lake.statements import decode, read_statement
from xinqiao.ui.error_words import WORDS

type Engine = Callable[[str], Facts]
"""Account key → facts, over one parsed statement and one context."""

#: Characters of one field of a list file.
FIELD_LIMIT = 131_072


def main_fundflow(argv: list[str]) -> int:
    """Run the command; 0 when computed, 2 when refused (one problem object, RFC 9457, on standard output)."""
    options = _parser().parse_args(argv)
    try:
        result = _run(options)
    except XinqiaoError as error:
        print(json.dumps(_problem(error), ensure_ascii=False, indent=2))
        return 2
    if options.format == "json":
        print(json.dumps(result.as_json(), ensure_ascii=False, indent=2))
    else:
        print(_tables(result))
    return 0


def _problem(error: XinqiaoError) -> dict[str, object]:
    words = WORDS[error.code]
    return {
        "type": f"urn:xinqiao:problem:{error.code.value}",
        "title": words.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code.value,
        "next_step": words.step,
        **error.facts,
    }


# options


def _day(text: str) -> date:
    try:
        day = parse_date(text)
    except Invalid:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise argparse.ArgumentTypeError("日期写作 YYYY-MM-DD, a date as YYYY-MM-DD")
    return day


def _months(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_MONTHS:
        raise argparse.ArgumentTypeError(f"1 到 {MAX_MONTHS} 个月, 1 to {MAX_MONTHS} months")
    return int(text)


def _yuan(text: str) -> int:
    try:
        return parse_fen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("金额（元），最多两位小数, yuan with at most 2 decimals") from error


def _not_negative(text: str) -> int:
    fen = _yuan(text)
    if fen < 0:
        raise argparse.ArgumentTypeError("不能小于 0, not below 0")
    return fen


def _positive(text: str) -> int:
    fen = _yuan(text)
    if fen <= 0:
        raise argparse.ArgumentTypeError("须大于 0, more than 0")
    return fen


def _listed(text: str) -> frozenset[str]:
    """A comma-separated list; the full-width comma counts too."""
    return frozenset(item.strip() for item in text.replace("，", ",").split(",") if item.strip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao fundflow",
        description="由流水文件离线计算资金流产品 Compute the fund-flow products of a statement file, offline.",
    )
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="流水文件 CSV (UTF-8/GB18030), XLSX, Parquet")
    add("--account", help="只算这个账号，默认全部 only this account, default all")
    add("--months", type=_months, default=DEFAULT_MONTHS, help="统计月数 months, default %(default)s")
    add("--as-of", type=_day, help="截至日，默认最后一笔的日期 as-of day, default the last row's")
    add("--opened-on", type=_day, help="开户日 opening day of the account")
    add("--holder", default="", metavar="NAME", help="户名 account holder's name")
    add("--bound", type=_listed, default=frozenset(), metavar="ACC,…", help="已绑定账号 bound accounts")
    add("--related", type=_listed, default=frozenset(), metavar="NAME,…", help="关联方 related parties")
    add("--core-buyers", type=Path, metavar="F", help="核心企业名单，每行一个 core buyers, one a line")
    add("--high-risk", type=Path, metavar="F", help="高风险名单，每行一个 high-risk names, one a line")
    add("--cash-policy", choices=[p.value for p in CashPolicy], default=CashPolicy.BOTH.value,
        help="现金口径 where cash counts")  # fmt: skip
    add(
        "--cash-limit", type=_positive, default=DEFAULT_CASH_LIMIT, help="大额现金限额（元） cash limit, yuan"
    )
    add("--application-day", type=_day, help="申请日 day of the application")
    add("--declared-sales", type=_not_negative,
        help="申报销售额（元） declared sales of the observed part, yuan")  # fmt: skip
    add("--invoices", type=Path, metavar="F", help="发票 CSV: buyer,day,amount")
    add("--parity", type=Path, metavar="F", help="外币中间价 CSV: date,currency,rate (CNY per unit)")
    add("--merge", action="store_true", help="另出多账户合并产品 also the products of all accounts merged")
    add("--engine", choices=["exact", "fast"], default="fast", help="计算引擎 engine, default %(default)s")
    add("--format", choices=["json", "table"], default="table", help="输出格式 output format")
    return parser


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise Invalid(Code.FILE_UNREADABLE, "a list file cannot be opened") from error


def _names(path: Path | None) -> frozenset[str]:
    if path is None:
        return frozenset()
    return frozenset(line.strip() for line in _text(path).splitlines() if line.strip())


def _records(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    csv.field_size_limit(FIELD_LIMIT)  # one for the whole program, and others read longer fields
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or [])]
        if missing:
            raise Invalid(Code.FILE_COLUMNS, "a list file misses columns", facts={"missing": missing})
        return [{name: (row[name] or "").strip() for name in columns} for row in reader]
    except csv.Error as error:
        raise Invalid(Code.FILE_UNREADABLE, "a list file is not a CSV file") from error


def _invoices(path: Path | None) -> tuple[Invoice, ...]:
    if path is None:
        return ()
    found: list[Invoice] = []
    for number, row in enumerate(_records(path, ("buyer", "day", "amount")), start=1):
        try:
            found.append(Invoice(row["buyer"], parse_date(row["day"]), parse_fen(row["amount"])))
        except (Invalid, ValueError) as error:
            raise Invalid(Code.FILE_VALUE, "an invoice cannot be read", facts={"row": number}) from error
    return tuple(found)


def _parity(path: Path | None) -> ParityTable | None:
    return None if path is None else read_parity(_text(path))


# computing


@dataclass(frozen=True, slots=True)
class _Computed:
    account: str
    months: int
    facts: Facts
    report: dict[str, Json]
    summary: dict[str, Json]

    def as_json(self) -> dict[str, Json]:
        return {
            "account": self.account,
            "months": self.months,
            "products": {"report": self.report, "summary": self.summary},
            "indicators": {id_: value.as_json() for id_, value in self.facts.indicators.items()},
        }


@dataclass(frozen=True, slots=True)
class _Result:
    accounts: tuple[_Computed, ...]
    merged: _Computed | None

    def as_json(self) -> dict[str, Json]:
        out: dict[str, Json] = {"accounts": [account.as_json() for account in self.accounts]}
        if self.merged is not None:
            out["merged"] = {"products": {"report": self.merged.report, "summary": self.merged.summary}}
        return out


def _exact(parsed: ParsedRows, context: Context) -> Engine:
    statement = Statement(parsed, context)
    return lambda account: gather_facts(statement.books(account))


def _engine(name: str, parsed: ParsedRows, context: Context) -> Engine:
    """The engine by name; the fast one is imported only when asked for, because it brings numpy."""
    if name == "exact":
        return _exact(parsed, context)
    module = importlib.import_module("xinqiao.provider.engine")
    make: Callable[[ParsedRows, Context], Engine] = module.statement_engine
    return make(parsed, context)


def _run(options: argparse.Namespace) -> _Result:
    parsed = read_statement(options.file, parity=_parity(options.parity))
    if (
        not parsed.rows and options.as_of is None
    ):  # with a day stated, every figure says NO_ROWS and the head how many
        raise Invalid(
            Code.FILE_EMPTY, "every row is in a currency without a supplied rate, and no as-of day is given"
        )
    context = Context(
        as_of=options.as_of,
        months=options.months,
        opened_on=options.opened_on,
        holder=options.holder,
        bound=options.bound,
        related=options.related,
        core_buyers=_names(options.core_buyers),
        high_risk=_names(options.high_risk),
        application_day=options.application_day,
        cash_policy=CashPolicy(options.cash_policy),
        cash_limit=options.cash_limit,
        invoices=_invoices(options.invoices),
        declared_sales=options.declared_sales,
    )
    wanted = parsed.accounts if options.account is None else (account_key(options.account),)
    if unknown := [account for account in wanted if account not in parsed.spelling]:
        raise Invalid(Code.ACCOUNT_NOT_FOUND, f"the file has no account {unknown[0]}")
    engine = _engine(options.engine, parsed, context)
    now = SystemClock().now()

    def dressed(spelled: str, masked: str, facts: Facts) -> _Computed:
        head = ReportHead(
            report_no="OFFLINE",
            generated_at=now,
            provider="",
            query_kind=QueryKind.SELF,
            subject_name=options.holder,
            account_masked=masked,
            opened_on=options.opened_on,
        )
        return _Computed(
            spelled, context.months, facts, build_report(head, facts), build_summary(head, facts)
        )

    merged = None
    if options.merge:
        together = gather_facts(consolidate(Statement(parsed, context), wanted))
        merged = dressed("", ", ".join(map(mask_account, wanted)), together)
    return _Result(
        tuple(
            dressed(parsed.spelling[account], mask_account(account), engine(account)) for account in wanted
        ),
        merged,
    )


# the table

_UNIT_ZH = {Unit.YUAN: " 元", Unit.DAYS: " 天"}


def _shown(value: IndicatorValue, key: str) -> str:
    reason = value.null_reasons.get(key)
    if reason is not None:
        return f"—  {reason.value}"
    figure = value.values[key]
    if isinstance(figure, bool):
        return "是" if figure else "否"
    return f"{figure}{_UNIT_ZH.get(value.units[key], '')}"


def _indicator_lines(value: IndicatorValue) -> Iterator[str]:
    line = BY_ID[value.id]
    names = {key.name: key.zh for key in line.keys}
    if value.alone is not None:
        yield f"{line.id}  {line.zh}    —  {value.alone.value}"
    for key in value.values:
        label = line.zh if value.single else f"{line.zh}·{names.get(key, key)}"
        yield f"{line.id}  {label}    {_shown(value, key)}"


def _table(item: _Computed) -> str:
    p = item.facts.parameters
    lines = [
        f"账户 {item.account}    {p.period_from} 至 {p.period_to}（{item.months} 个月）    截至 {p.as_of}",
        f"余额已知 {p.known_days} / {p.window_days} 天    规则 v{RULES_VERSION}    {DISCLAIMER.zh}",
        "",
    ]
    for value in item.facts.indicators.values():
        lines += _indicator_lines(value)
    return "\n".join(lines)


def _tables(result: _Result) -> str:
    return "\n\n".join(_table(item) for item in result.accounts)


if __name__ == "__main__":
    sys.exit(main_fundflow(sys.argv[1:]))
