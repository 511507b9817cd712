"""Quality in words and pictures, for the operator and the sources: figures with their formulas, rows, the trend, uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from xinqiao.domain.identifiers.gb2260 import PROVINCES
from xinqiao.domain.quality import Dimension, Score, Tally, Told
from xinqiao.hub.apps.quality.selectors import scored
from xinqiao.hub.runtime import runtime
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _


def dimension_word(dimension: Dimension) -> str:
    """A dimension in two or three characters."""
    return {
        Dimension.COMPLETENESS: _("完整性"),
        Dimension.VALIDITY: _("有效性"),
        Dimension.CONSISTENCY: _("一致性"),
        Dimension.UNIQUENESS: _("唯一性"),
        Dimension.TIMELINESS: _("及时性"),
    }[dimension]


def _sentence(dimension: Dimension) -> str:
    return {
        Dimension.COMPLETENESS: _("必填的格子里，填了的占多少。"),
        Dimension.VALIDITY: _("填了的格子里，格式、代码、校验位、范围都对的占多少。"),
        Dimension.CONSISTENCY: _("比过的行里，自己说得通、和其他来源也对得上的占多少。"),
        Dimension.UNIQUENESS: _("有主键的行里，没有和别的行撞上的占多少。"),
        Dimension.TIMELINESS: _("有截至日的记录里，在期限内收到的占多少。"),
    }[dimension]


def _parts(dimension: Dimension, tally: Tally) -> tuple[str, int, str, int]:
    return {
        Dimension.COMPLETENESS: (_("填了的必填格"), tally.required_filled, _("必填格"), tally.required_cells),
        Dimension.VALIDITY: (_("没有错的有值格"), tally.valid_cells, _("有值格"), tally.filled_cells),
        Dimension.CONSISTENCY: (_("对得上的行"), tally.consistent_rows, _("比过的行"), tally.compared_rows),
        Dimension.UNIQUENESS: (_("主键唯一的行"), tally.unique_rows, _("有主键的行"), tally.keyed_rows),
        Dimension.TIMELINESS: (
            _("按期的记录"),
            tally.timely_rows,
            _("有截至日和期限的记录"),
            tally.timed_rows,
        ),
    }[dimension]


def formula(dimension: Dimension, tally: Tally) -> str:
    """How a rate came about, with its numbers."""
    part, passed, whole, looked_at = _parts(dimension, tally)
    return _("{part} {n} ÷ {whole} {m}").format(
        part=part, n=fmt.count(passed), whole=whole, m=fmt.count(looked_at)
    )


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """One figure as the macro ``fig`` takes it."""

    label: str
    quantity: tuple[str, str] | None
    meaning: str
    definition: Definition
    reason: str = ""


def figures(tally: Tally, *, before: Tally | None = None, span: str = "") -> list[QualityFigure]:
    """The score, the five rates and the lag, each with its formula; ``before``: of the month before, to compare."""
    now, then = scored(tally), scored(before) if before is not None else None
    found = [_score_figure(now, then, span)]
    for number, dimension in enumerate(Dimension, start=2):
        rate = now.rates[dimension]
        word = dimension_word(dimension)
        change = _change(rate, then.rates[dimension] if then else None)
        found.append(
            QualityFigure(
                word, None if rate is None else (fmt.decimal(rate), "%"), change,
                Definition(f"Q{number:02d}", 1, word, _sentence(dimension), formula(dimension, tally), "", span),
                _("没有量到") if rate is None else "",
            )
        )  # fmt: skip
    lag = tally.mean_lag_days
    said = Definition(
        "Q07", 1, _("平均时滞"), _("从数据截至日到收到那天，平均几天。"),
        _("天数之和 {n} ÷ 记录 {m}").format(n=fmt.count(tally.lag_days_sum), m=fmt.count(tally.timed_rows)), "", span,
    )  # fmt: skip
    found.append(
        QualityFigure(
            _("平均时滞"), None if lag is None else (fmt.decimal(lag), _("天")), "", said,
            _("没有量到") if lag is None else "",
        )
    )  # fmt: skip
    return found


def _score_figure(now: Score, then: Score | None, span: str) -> QualityFigure:
    weights = runtime.quality_rules.weights
    terms = [
        f"{weights[dimension]} × {fmt.decimal(rate)}%"
        for dimension, rate in now.rates.items()
        if rate is not None and weights[dimension]
    ]
    measured = sum(weights[dimension] for dimension, rate in now.rates.items() if rate is not None)
    said = _("({terms}) ÷ {all}").format(terms=" + ".join(terms), all=measured) if terms else fmt.NOTHING
    note = _("凭 {n}% 的权重").format(n=fmt.decimal(now.weight_measured, digits=0))
    change = _change(now.value, then.value if then else None)
    return QualityFigure(
        _("得分"), None if now.value is None else (fmt.decimal(now.value), _("分")),
        _("，").join(part for part in (change, note if now.weight_measured < 100 and terms else "") if part),
        Definition("Q01", 1, _("得分"), _("五个通过率按权重合起来，满分 100。没有量到的不参加。"), said, note, span),
        _("没有量到") if now.value is None else "",
    )  # fmt: skip


def _change(now: Decimal | None, then: Decimal | None) -> str:
    if now is None or then is None:
        return ""
    if now == then:
        return _("和上月一样")
    return _("比上月 {n}").format(n=fmt.decimal(now - then, signed=True))


#: Columns of a table of figures after the name.
def columns(first: str) -> tuple[dict[str, object], ...]:
    """Heads of a table of figures."""
    rates = [{"label": dimension_word(one), "num": True, "cls": "hide-s"} for one in Dimension]
    return (
        {"label": first},
        {"label": _("得分"), "num": True},
        *rates,
        {"label": _("时滞，天"), "num": True, "cls": "hide-s"},
        {"label": _("行"), "num": True},
    )


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One line of a table of figures. ``poor``: below the platform's threshold."""

    name: str
    hint: str
    href: str
    score: str
    rates: tuple[str, ...]
    lag: str
    rows: str
    poor: bool
    place: int | None = None

    @classmethod
    def of(
        cls, tally: Tally, *, name: str, href: str = "", hint: str = "", place: int | None = None
    ) -> "QualityRow":
        """The words of a tally."""
        found = scored(tally)
        return cls(
            name, hint, href,
            fmt.decimal(found.value),
            tuple(fmt.decimal(found.rates[one]) for one in Dimension),
            fmt.decimal(tally.mean_lag_days),
            fmt.count(tally.rows),
            found.value is not None and found.value < runtime.quality_rules.threshold,
            place,
        )  # fmt: skip


def region_word(region: str) -> str:
    """A prefecture by its province and code: the names of prefectures change and are no part of the platform."""
    if not region:
        return _("地区不详")
    return f"{PROVINCES.get(region[:2], '')} {region}".strip()


@dataclass(frozen=True, slots=True)
class Trend:
    """The score over months: data of the picture, its sentence and the same as a table.

    ``kind`` of the picture: a line where every month with a figure has one beside it, else bars; none without figures.
    """

    kind: str
    sentence: str
    data: dict[str, Any]
    columns: tuple[dict[str, object], ...]
    rows: list[tuple[str, ...]]


def trend(months: Sequence[str], found: Mapping[tuple[str, ...], Tally]) -> Trend:
    """The trend of the score; a month without a figure is a gap."""
    scores = [scored(found.get((month,), Tally())) for month in months]
    known = [(month, one.value) for month, one in zip(months, scores, strict=True) if one.value is not None]
    threshold = float(runtime.quality_rules.threshold)
    data: dict[str, Any] = {
        "labels": [fmt.month_short(month) for month in months],
        "unit": _("分"),
        "min": 0 if any(value < 60 for _month, value in known) else 60,
        "series": [
            {
                "name": _("得分"),
                "values": [None if one.value is None else float(one.value) for one in scores],
            },
            {"name": _("门槛"), "values": [threshold for _one in scores], "dashed": True},
        ],
    }
    rows = [
        (
            fmt.month(month), fmt.decimal(one.value), *(fmt.decimal(one.rates[each]) for each in Dimension),
            fmt.decimal(found.get((month,), Tally()).mean_lag_days), fmt.count(found.get((month,), Tally()).rows),
        )
        for month, one in zip(months, scores, strict=True)
    ]  # fmt: skip
    plain = tuple({**one, "cls": ""} for one in columns(_("月份")))
    values = [None, *(one.value for one in scores), None]
    alone = any(
        b is not None and a is None and c is None
        for a, b, c in zip(values, values[1:], values[2:], strict=False)
    )
    kind = "" if not known else "stack" if alone else "lines"
    if kind == "stack":
        data["series"] = data["series"][:1]  # a threshold would be stacked on the score
    return Trend(kind, _trend_sentence(known), data, plain, rows[::-1])


def _trend_sentence(known: Sequence[tuple[str, Decimal]]) -> str:
    if not known:
        return _("这段时间没有量到。")
    if len(known) == 1:
        return _("只有 {month} 有数：{n} 分。").format(
            month=fmt.month(known[0][0]), n=fmt.decimal(known[0][1])
        )
    low = min(known, key=lambda one: one[1])
    return _("从 {a} 到 {b} 分，最低是 {month} 的 {low}。").format(
        a=fmt.decimal(known[0][1]),
        b=fmt.decimal(known[-1][1]),
        month=fmt.month(low[0]),
        low=fmt.decimal(low[1]),
    )


# use and effect


def use_word(kind: str) -> str:
    """A kind of use."""
    return {
        "own_report": _("企业自查报告"),
        "report": _("机构报告"),
        "dossier": _("机构档案查询"),
        "interface": _("接口调用"),
        "verification": _("数据核验"),
        "institutions": _("使用机构"),
    }[kind]


def told_word(count: Told) -> str:
    """A count as it may be told."""
    if count.number is None:
        return _("少于 {n}").format(n=count.below)
    return fmt.count(count.number)


def told_of(value: object) -> Told:
    """A count as a published report has it."""
    if isinstance(value, dict):
        return Told(None, int(value["below"]))
    assert isinstance(value, int)
    return Told(value, 0)
