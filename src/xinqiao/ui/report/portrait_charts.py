"""The portrait's pictures: the firm as a line over the middle half of its peers, or its quarters as bars."""

from collections.abc import Sequence
from decimal import Decimal

from xinqiao.domain.portrait import Figure, Point, Reading, Unit, quarters
from xinqiao.domain.portrait.whole import Compared
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.report.charts import (
    Chart,
    Data,
    column,
    coordinates,
    month_words,
    name_column,
    scale_for,
)
from xinqiao.ui.report.portrait_words import label, number, quantity, rounded, unit_word


def chart_of(reading: Reading, compared: Compared | None, *, quarterly: bool) -> Chart | None:
    """The picture of a series; ``None`` for one that has fewer than two quarters to show."""
    if quarterly:
        points = [point for point in quarters(reading) if point.value is not None]
        return _bars(reading.figure, quarters(reading)) if len(points) > 1 else None
    return _band(reading, compared)


def _in_unit(figure: Figure, values: Sequence[Decimal | None], scale: fmt.Scale) -> list[float | None]:
    if figure.unit is Unit.YUAN:
        return coordinates(values, scale)
    factor = 100 if figure.unit is Unit.RATIO else 1
    return [None if value is None else float(round(value * factor, 4)) for value in values]


def _unit(figure: Figure, scale: fmt.Scale) -> str:
    if figure.unit is Unit.YUAN:
        return fmt.money_unit(scale)
    return "%" if figure.unit is Unit.RATIO else unit_word(figure, Decimal(2))


def _cell(figure: Figure, value: Decimal | None) -> str:
    if value is None:
        return fmt.NOTHING
    if figure.unit is Unit.YUAN:
        return fmt.money_number(value)
    return fmt.percent(value) if figure.unit is Unit.RATIO else number(value)


def _band(reading: Reading, compared: Compared | None) -> Chart:
    figure, months = reading.figure, [point.month for point in reading.series]
    values = [point.value for point in reading.series]
    cells = [compared.months.get(month) if compared else None for month in months]
    low, high = (
        [cell.p25 if cell else None for cell in cells],
        [cell.p75 if cell else None for cell in cells],
    )
    scale = scale_for([*values, *high])
    names = {"mean": _("本企业"), "high": _("同类上四分位"), "low": _("同类下四分位"), "average": ""}
    data: dict[str, Data] = {
        "months": months, "unit": _unit(figure, scale), "words": dict(names), "month_words": month_words(), "average": None,
        "low": _in_unit(figure, low, scale), "mean": _in_unit(figure, values, scale), "high": _in_unit(figure, high, scale),
    }  # fmt: skip
    unit = fmt.money_unit(fmt.Scale.YUAN) if figure.unit is Unit.YUAN else _unit(figure, scale)
    columns = (
        name_column(_("月份")), column(names["mean"], unit), column(_("下四分位"), unit), column(_("中位"), unit),
        column(_("上四分位"), unit), column(_("同类家数")),
    )  # fmt: skip
    rows = tuple(
        (
            fmt.month(month),
            _cell(figure, value),
            *(_cell(figure, told) for told in ((cell.p25, cell.p50, cell.p75) if cell else (None,) * 3)),
            fmt.count(cell.firms if cell else None),
        )
        for month, value, cell in zip(months, values, cells, strict=True)
    )
    keys = [("line k-c1", names["mean"])]
    if any(cell is not None for cell in cells):
        keys.append(("k-band", _("同类企业的中间一半")))
    return Chart("band", label(figure), _sentence(reading, compared), data, tuple(keys), columns, rows)


def _sentence(reading: Reading, compared: Compared | None) -> str:
    known = [point for point in reading.series if point.value is not None]
    first, last = known[0], known[-1]
    assert first.value is not None
    assert last.value is not None
    told = _("{first} 是 {a}，{last} 是 {b}。").format(
        first=fmt.month(first.month), a=quantity(reading.figure, first.value), last=fmt.month(last.month),
        b=quantity(reading.figure, last.value),
    )  # fmt: skip
    if compared is None:
        return told
    cell = compared.cell
    beside = _("{month} 同类 {n} 家，中间一半在 {low}至 {high}。").format(
        month=fmt.month(reading.month), n=fmt.count(cell.firms), low=rounded(reading.figure, cell.p25),
        high=rounded(reading.figure, cell.p75),
    )  # fmt: skip
    return f"{told}{beside}"


def _bars(figure: Figure, points: Sequence[Point]) -> Chart:
    values = [point.value for point in points]
    scale = scale_for(values)
    unit, own = _unit(figure, scale), _("本企业")
    data: dict[str, Data] = {
        "labels": [point.month for point in points],
        "unit": unit,
        "digits": 2,
        "series": [{"name": own, "values": _in_unit(figure, values, scale), "colour": "c1"}],
    }
    how = _("每季是三个月之和。") if figure.adds_up else _("每季取季末那个月。")
    table_unit = fmt.money_unit(fmt.Scale.YUAN) if figure.unit is Unit.YUAN else unit
    rows = tuple((point.month, _cell(figure, point.value)) for point in points)
    return Chart(
        "stack", label(figure), how, data, (("k-c1", own),), (name_column(_("季度")), column(own, table_unit)), rows
    )  # fmt: skip
