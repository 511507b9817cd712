"""The report's charts: data for the picture, the sentence above it and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.i18n import ngettext
from xinqiao.ui.report import words
from xinqiao.ui.report.reader import Node

type Column = dict[str, str | bool]
type Cell = str | float | int | bool | None
type Data = Cell | Sequence["Data"] | dict[str, "Data"]


@dataclass(frozen=True, slots=True)
class Chart:
    """What the macro ``chart`` and the PDF draw. ``data`` are coordinates in the unit named in it."""

    kind: str
    title: str
    sentence: str
    data: dict[str, Data]
    keys: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def scale_for(amounts: Sequence[Decimal | None]) -> fmt.Scale:
    """万元 unless a month reaches 亿 (English: thousands, millions)."""
    most = max((abs(amount) for amount in amounts if amount is not None), default=Decimal(0))
    limit = Decimal(10_000_000) if words.english() else Decimal(100_000_000)
    return fmt.Scale.YI if most >= limit else fmt.Scale.WAN


def _divisor(scale: fmt.Scale) -> Decimal:
    if words.english():
        return Decimal(1_000_000 if scale is fmt.Scale.YI else 1000)
    return Decimal(100_000_000 if scale is fmt.Scale.YI else 10_000)


def coordinates(amounts: Sequence[Decimal | None], scale: fmt.Scale) -> list[float | None]:
    """Amounts in the unit of a scale, as a picture needs them."""
    return [None if amount is None else float(round(amount / _divisor(scale), 4)) for amount in amounts]


def month_words() -> list[str]:
    """January to December, short."""
    return [fmt.month_short(f"2000-{number:02d}") for number in range(1, 13)]


def name_column(label: str, cls: str = "") -> Column:
    """A column of words."""
    return {"label": label, "cls": cls}


def column(label: str, unit: str = "") -> Column:
    """A column of figures with its unit in the head."""
    return {"label": _("{label}，{unit}").format(label=label, unit=unit) if unit else label, "num": True}


def flow_chart(monthly: Sequence[Node], disputed: set[str]) -> Chart:
    """Part C as two panels; every column of the table is the provider's, in yuan."""
    months = [row["month"].text for row in monthly]
    inward = [row["operating_in"].decimal for row in monthly]
    outward = [row["operating_out"].decimal for row in monthly]
    net = [row["operating_net"].decimal for row in monthly]
    scale = scale_for([*inward, *outward])
    unit, yuan = fmt.money_unit(scale), fmt.money_unit(fmt.Scale.YUAN)
    names = {"in": _("经营流入"), "out": _("经营流出"), "net": _("净额")}
    columns = (
        name_column(_("月份")), column(names["in"], yuan), column(names["out"], yuan), column(names["net"], yuan), column(_("日均余额"), yuan),
        column(_("流入笔数")), column(_("流出笔数")), column(_("付款方")), column(_("收款方")), column(_("比上年同月")),
    )  # fmt: skip
    return Chart(
        "flow", _("每月收支"), _flow_sentence(monthly, months, net),
        {"months": months, "in": coordinates(inward, scale), "out": coordinates(outward, scale), "unit": unit, "words": dict(names), "month_words": month_words()},
        (("k-in", names["in"]), ("k-out", names["out"]), ("line k-net", names["net"])),
        columns,
        tuple(_month_row(row, disputed) for row in monthly),
    )  # fmt: skip


def _month_row(row: Node, disputed: set[str]) -> tuple[str, ...]:
    name = fmt.month(row["month"].text)
    if not row["full"].truth:
        name += _("（不完整）")
    if row["month"].text in disputed:
        name += _("（有异议）")
    return (
        name,
        fmt.money_number(row["operating_in"].decimal),
        fmt.money_number(row["operating_out"].decimal),
        fmt.money_number(row["operating_net"].decimal, signed=True),
        fmt.money_number(row["avg_daily_balance"].decimal),
        fmt.count(row["in_count"].number),
        fmt.count(row["out_count"].number),
        fmt.count(row["distinct_payers"].number),
        fmt.count(row["distinct_payees"].number),
        fmt.percent(row["yoy_operating_in"].decimal, signed=True),
    )


def _flow_sentence(monthly: Sequence[Node], months: Sequence[str], net: Sequence[Decimal | None]) -> str:
    full = [
        (value, month)
        for row, month, value in zip(monthly, months, net, strict=True)
        if row["full"].truth and value is not None
    ]
    partial = [fmt.month(month) for row, month in zip(monthly, months, strict=True) if not row["full"].truth]
    parts = []
    if full:
        ahead = sum(1 for value, _month in full if value > 0)
        parts.append(
            ngettext(
                "{all} 个整月里有 {n} 个月收大于支。", "{all} 个整月里有 {n} 个月收大于支。", ahead
            ).format(all=len(full), n=ahead)
        )
        lowest, month = min(full)
        if lowest < 0:
            parts.append(
                _("净额最低在 {month}，{amount}。").format(month=fmt.month(month), amount=fmt.money(lowest))
            )
    if partial:
        parts.append(_("{months} 不完整，不计入月度平均。").format(months=_("、").join(partial)))
    return (" " if words.english() else "").join(parts) or _("统计期内没有整月。")


def balance_chart(monthly: Sequence[Node], overview: Node) -> Chart | None:
    """Balance as a band; None when no month has one (withheld or unknown)."""
    lists = {
        key: [row[f"{name}_balance"].decimal for row in monthly]
        for key, name in (("low", "min_eod"), ("mean", "avg_daily"), ("high", "max_eod"))
    }
    if all(value is None for value in lists["mean"]):
        return None
    scale = scale_for(lists["high"])
    unit = fmt.money_unit(scale)
    average = overview["avg_daily_balance"]["value"].decimal
    known = [value for value in lists["mean"] if value is not None]
    sentence = _("每月日均余额从 {first} 到 {last}。").format(
        first=fmt.money(known[0]), last=fmt.money(known[-1])
    )
    lowest = overview["min_eod_balance"]["value"].decimal
    if lowest is not None:
        tail = (
            _("没有透支过。")
            if lowest >= 0
            else _("最低 {amount}，透支过。").format(amount=fmt.money(lowest))
        )
        sentence += (" " if words.english() else "") + tail
    names = {
        "low": _("最低"),
        "mean": _("日均"),
        "high": _("最高"),
        "average": "" if average is None else _("区间日均 {n}").format(n=fmt.money(average, scale=scale)),
    }
    data: dict[str, Data] = {
        "months": [row["month"].text for row in monthly], "unit": unit, "words": dict(names), "month_words": month_words(),
        "average": None if average is None else float(round(average / _divisor(scale), 4)),
        **{key: coordinates(values, scale) for key, values in lists.items()},
    }  # fmt: skip
    yuan = fmt.money_unit(fmt.Scale.YUAN)
    columns = (
        name_column(_("月份")),
        column(names["low"], yuan),
        column(names["mean"], yuan),
        column(names["high"], yuan),
        column(_("月末"), yuan),
    )
    rows = tuple(
        (
            fmt.month(row["month"].text),
            *(
                fmt.money_number(row[f"{name}_balance"].decimal)
                for name in ("min_eod", "avg_daily", "max_eod", "eom")
            ),
        )
        for row in monthly
    )
    return Chart(
        "band",
        _("余额"),
        sentence,
        data,
        (("line k-c1", names["mean"]), ("k-band", _("当月最低到最高"))),
        columns,
        rows,
    )


def kinds_chart(rows: Sequence[Node]) -> Chart:
    """Part E mirrored: in to the left, out to the right, largest together first, merged last."""
    shares: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        shares.setdefault(row["counterparty_kind"].text, {})[row["direction"].text] = row[
            "share"
        ].decimal or Decimal(0)
    order = sorted(shares, key=lambda kind: (kind == "other", -sum(shares[kind].values()), kind))
    data: dict[str, Data] = {
        "rows": [
            {
                "name": words.kind_word(kind),
                **{way: float(shares[kind].get(way, Decimal(0)) * 100) for way in ("in", "out")},
            }
            for kind in order
        ],
        "words": {"none": _("无")},
    }
    columns = (
        name_column(_("类型")), name_column(_("方向")), column(_("金额"), fmt.money_unit(fmt.Scale.YUAN)), column(_("占比")), column(_("笔数")),
        column(_("家数")), column(_("出现月数")), name_column(_("最近一次"), "hide-s"),
    )  # fmt: skip
    ways = {"in": _("流入"), "out": _("流出")}
    table = tuple(
        (
            words.kind_word(row["counterparty_kind"].text), ways[row["direction"].text], fmt.money_number(row["amount"].decimal),
            fmt.percent(row["share"].decimal), fmt.count(row["count"].number), fmt.count(row["distinct"].number),
            fmt.count(row["months_present"].number), fmt.month(row["last_month"].text),
        )
        for row in sorted(rows, key=lambda row: (order.index(row["counterparty_kind"].text), row["direction"].text))
    )  # fmt: skip
    return Chart(
        "mirror", _("交易对手，按类型"), _("占各自方向的金额。少于 3 家的类型合并显示。"), data,
        (("k-in", _("流入")), ("k-out", _("流出"))), columns, table,
    )  # fmt: skip
