"""The report's charts on paper, from the same data as on the page (:mod:`xinqiao.ui.report.charts`)."""

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, log10
from typing import Final, cast

from xinqiao.ui.format import MINUS
from xinqiao.ui.pdf.inks import INKS
from xinqiao.ui.pdf.svg import Svg
from xinqiao.ui.report.charts import Chart

WIDTH: Final = 504.0  # points between the margins of A4
LEFT: Final = 40.0

type Values = list[float | None]


def tidy(value: float) -> float:
    """A tidy top for an axis, never below the value (as in chart-kinds.js)."""
    if not value > 0:
        return 1.0
    power: float = 10.0 ** floor(log10(value))
    return power * next(step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.999)


def _label(value: float) -> str:
    text = f"{abs(value):,.2f}".rstrip("0").rstrip(".")
    return MINUS + text if value < 0 else text


def _list(chart: Chart, name: str) -> Values:
    return cast(Values, list(cast(Sequence[float | None], chart.data[name])))


def _words(chart: Chart) -> dict[str, str]:
    return cast(dict[str, str], chart.data["words"])


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _runs(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Unbroken stretches: a month without a value leaves a gap, not a line through it."""
    run: list[tuple[float, float]] = []
    for point in points:
        if point is None:
            if run:
                yield run
            run = []
        else:
            run.append(point)
    if run:
        yield run


def _month_axis(
    svg: Svg, months: Sequence[str], at: Callable[[int], float], y: float, every: int = 1
) -> None:
    for k, month in enumerate(months):
        if k % every == 0:
            svg.text(at(k), y, str(int(month[5:7])), INKS["ink-3"], anchor="middle", size=7)
        if k == 0 or month.endswith("-01"):
            svg.text(at(k), y + 9, month[:4], INKS["ink-3"], anchor="middle", size=7)


def flow(chart: Chart) -> str:
    """Two panels: in above and out below the axis; what remained on its own scale."""
    months = cast(list[str], chart.data["months"])
    inward, outward, words = _list(chart, "in"), _list(chart, "out"), _words(chart)
    net = [None if a is None or b is None else a - b for a, b in zip(inward, outward, strict=True)]
    svg = Svg(WIDTH, 196)
    step = (WIDTH - LEFT - 4) / max(len(months), 1)

    def at(k: int) -> float:
        return LEFT + step * (k + 0.5)

    top = tidy(max([*_known(inward), *_known(outward)], default=0))
    zero, half = 66.0, 52.0
    svg.text(LEFT, 9, str(chart.data["unit"]), INKS["ink-3"])
    _grid(svg, [(top * part, zero - half * part) for part in (1, 0.5, 0, -0.5, -1)])
    for k, (a, b) in enumerate(zip(inward, outward, strict=True)):
        svg.rect(
            at(k) - step * 0.27,
            zero - half * (a or 0) / top,
            step * 0.54,
            half * (a or 0) / top,
            INKS["in"],
            1,
        )
        svg.rect(at(k) - step * 0.27, zero, step * 0.54, half * (b or 0) / top, INKS["out"], 1)
    svg.line(LEFT, zero, WIDTH, zero, INKS["ink-3"], 0.7)
    limit = tidy(max((abs(value) for value in _known(net)), default=0))
    base, reach = 151.0, 22.0
    svg.text(LEFT, base - reach - 4, words["net"], INKS["ink-3"])
    _grid(svg, [(limit, base - reach), (0, base), (-limit, base + reach)])
    svg.line(LEFT, base, WIDTH, base, INKS["ink-3"], 0.7)
    points = [None if value is None else (at(k), base - reach * value / limit) for k, value in enumerate(net)]
    for run in _runs(points):
        svg.polyline(run, INKS["net"], 1.1)
    for point, value in zip(points, net, strict=True):
        if point is not None and value is not None:
            svg.circle(*point, 1.9, INKS["out"] if value < 0 else INKS["surface"], INKS["net"], 0.9)
    _month_axis(svg, months, at, 184)
    return str(svg)


def _grid(svg: Svg, levels: Sequence[tuple[float, float]]) -> None:
    for value, y in levels:
        svg.line(LEFT, y, WIDTH, y, INKS["line"], 0.5)
        svg.text(LEFT - 5, y + 2.6, _label(round(value, 6)), INKS["ink-3"], anchor="end", size=7)


def band(chart: Chart) -> str:
    """Balance: lowest to highest as a band, the mean as a line, the period's mean dashed."""
    months = cast(list[str], chart.data["months"])
    low, mean, high, words = _list(chart, "low"), _list(chart, "mean"), _list(chart, "high"), _words(chart)
    svg = Svg(WIDTH, 148)
    highest, lowest = max([0.0, *_known(high)]), min([0.0, *_known(low)])
    unit = tidy((highest - lowest) / 4)
    most, floor_ = ceil(highest / unit) * unit or unit, floor(lowest / unit) * unit
    top, bottom = 18.0, 122.0

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - floor_) / (most - floor_)

    step = (WIDTH - LEFT - 12) / max(len(months) - 1, 1)

    def at(k: int) -> float:
        return LEFT + 6 + step * k

    svg.text(LEFT, 9, str(chart.data["unit"]), INKS["ink-3"])
    marks = [floor_ + unit * part for part in range(round((most - floor_) / unit) + 1)]
    _grid(svg, [(value, y(value)) for value in marks])
    svg.line(LEFT, y(0), WIDTH, y(0), INKS["ink-3"], 0.7)
    edges = [(a, b) if a is not None and b is not None else None for a, b in zip(low, high, strict=True)]
    upper = [None if edge is None else (at(k), y(edge[1])) for k, edge in enumerate(edges)]
    lower = [None if edge is None else (at(k), y(edge[0])) for k, edge in enumerate(edges)]
    for above, below in zip(_runs(upper), _runs(lower), strict=True):
        svg.polygon([*above, *reversed(below)], INKS["c1"], 0.16)
    for run in _runs([None if value is None else (at(k), y(value)) for k, value in enumerate(mean)]):
        svg.polyline(run, INKS["c1"], 1.4)
    average = chart.data["average"]
    if isinstance(average, float):
        svg.line(LEFT, y(average), WIDTH, y(average), INKS["ink-3"], 0.7, "3 2.5")
        svg.text(LEFT + 4, y(average) - 3, words["average"], INKS["ink-2"], size=7)
    _month_axis(svg, months, at, 133)
    return str(svg)


def mirror(chart: Chart) -> str:
    """Kinds of counterparty: in to the left, out to the right, names between."""
    rows = cast(list[dict[str, float | str]], chart.data["rows"])
    row_height, name_width, words = 15.0, 110.0, _words(chart)
    svg = Svg(WIDTH, max(row_height * len(rows), row_height) + 4)
    half = (WIDTH - name_width) / 2
    room = half - 34
    most = max([float(row[way]) for row in rows for way in ("in", "out")] or [1.0]) or 1.0
    for k, row in enumerate(rows):
        y = row_height * k + 4
        svg.text(WIDTH / 2, y + 7.5, str(row["name"]), INKS["ink"], anchor="middle", size=8)
        for way, sign, start, anchor in (("in", -1, half, "end"), ("out", 1, half + name_width, "start")):
            share = float(row[way])
            length = room * share / most
            svg.rect(start - length if sign < 0 else start, y, length, 9, INKS[way], 1)
            text = f"{share:.1f}%" if share else words["none"]
            svg.text(start + sign * (length + 4), y + 7.5, text, INKS["ink-2"], anchor=anchor, size=7.5)
    return str(svg)
