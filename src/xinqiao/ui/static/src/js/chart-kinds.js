// One function per kind of chart: (element, data, theme) -> ECharts option. Data hold their own words and units.
import { figure, tip } from "./chart-theme.js";

// A tidy top for an axis: 1, 2, 2.5, 5 or 10 times a power of ten, never below the value.
const tidy = (value) => {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value * 0.999);
};
const plus = (values) => values.filter((value) => value !== null && value !== undefined);
const months = (data, short) => (month, index) => {
  const number = Number(month.slice(5));
  const name = short ? `${number}` : (data.month_words?.[number - 1] ?? `${number}`);
  return name + (index === 0 || number === 1 ? `\n${month.slice(0, 4)}` : "");
};
const last = (list, count) => (count ? list.slice(-count) : list);

export const kinds = {
  // Two panels: what came in and went out; below it, on its own scale, what remained.
  flow(el, d, { C, base, X, Y }) {
    const count = el.clientWidth < 500 ? 12 : 0;
    const [M, I, O] = [d.months, d.in, d.out].map((list) => last(list, count));
    const net = I.map((value, k) => (value === null || O[k] === null ? null : +(value - O[k]).toFixed(2)));
    const top = tidy(Math.max(...plus([...I, ...O]), 0.01));
    const limit = tidy(Math.max(...plus(net).map(Math.abs), 0.01));
    const height = el.clientHeight;
    const cut = Math.round(height * (height < 280 ? 0.52 : 0.6));
    const grid = { left: 56, right: 8 };
    const zero = { onZero: true, lineStyle: { color: C["ink-3"] } };
    const y = (name, most, extra) => Y(name, { min: -most, max: most, interval: most / (extra ? 1 : 2), ...extra });
    return base({
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      tooltip: { formatter: ([{ dataIndex: k }]) => tip(M[k], [["k-in", d.words.in, figure(I[k])], ["k-out", d.words.out, figure(O[k])], ["line k-net", d.words.net, figure(net[k])]]) },
      grid: [{ ...grid, top: 24, height: cut - 24 }, { ...grid, top: cut + 24, bottom: 36 }],
      xAxis: [
        X(M, { axisLabel: { show: false }, axisLine: zero }),
        X(M, { gridIndex: 1, axisLabel: { color: C["ink-3"], formatter: months(d, (el.clientWidth - 64) / M.length < 34), interval: count ? 1 : 0, lineHeight: 15, fontSize: 11, hideOverlap: true }, axisLine: { show: false } }),
      ],
      yAxis: [y(d.unit, top), y(d.words.net, limit, { gridIndex: 1 })],
      series: [
        { name: d.words.in, type: "bar", stack: "f", data: I, itemStyle: { color: C.in, borderRadius: [2, 2, 0, 0] }, barWidth: "54%", barMaxWidth: 34 },
        { name: d.words.out, type: "bar", stack: "f", data: O.map((v) => (v === null ? null : -v)), itemStyle: { color: C.out, borderRadius: [0, 0, 2, 2] }, barMaxWidth: 34 },
        { name: d.words.net, type: "line", xAxisIndex: 1, yAxisIndex: 1, data: net, symbol: "circle", symbolSize: 6, connectNulls: false, lineStyle: { color: C.net, width: 1.75 }, itemStyle: { color: (p) => (p.value < 0 ? C.out : C.surface), borderColor: C.net, borderWidth: 1.5 }, areaStyle: { color: C.net, opacity: 0.05 }, markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: C["ink-3"], type: "solid", width: 1 }, data: [{ yAxis: 0 }] } },
      ],
    });
  },
  // Twelve bars without an axis: the shape beside a figure.
  spark(el, d, { C, base, X }) {
    return base({
      tooltip: { formatter: ([{ dataIndex: k }]) => tip(d.months[k], [["k-in", d.words.value, figure(d.values[k])]]) },
      grid: { left: 0, right: 0, top: 6, bottom: 22 },
      xAxis: X(d.months, { axisLabel: { interval: (k) => k === 0 || k === d.months.length - 1, formatter: (m) => months(d)(m, -1).split("\n")[0], color: C["ink-3"], alignMinLabel: "left", alignMaxLabel: "right" }, axisLine: { show: false } }),
      yAxis: { type: "value", show: false },
      series: [{ type: "bar", data: d.values, itemStyle: { color: C[d.colour ?? "in"], borderRadius: [2, 2, 0, 0] }, barWidth: "62%" }],
    });
  },
  // Balance: from lowest to highest as a band, the mean as a line, the period's mean dashed.
  band(el, d, { C, base, X, Y }) {
    const { low, mean, high } = d;
    // A band that may reach below zero is drawn as two stacks from the lower edge; ECharts stacks by sign unless told.
    const width = high.map((value, k) => (value === null || low[k] === null ? null : +(value - low[k]).toFixed(2)));
    return base({
      tooltip: { formatter: ([{ dataIndex: k }]) => tip(d.months[k], [["line k-c1", d.words.mean, figure(mean[k])], ["k-band", d.words.high, figure(high[k])], ["k-band", d.words.low, figure(low[k])]]) },
      xAxis: X(d.months, { boundaryGap: false, axisLabel: { color: C["ink-3"], formatter: months(d), interval: Math.max(0, Math.ceil(d.months.length / (el.clientWidth < 500 ? 4 : 7)) - 1), lineHeight: 16 } }),
      yAxis: Y(d.unit),
      series: [
        { name: d.words.low, type: "line", stack: "b", stackStrategy: "all", data: low, symbol: "none", lineStyle: { opacity: 0 } },
        { name: d.words.high, type: "line", stack: "b", stackStrategy: "all", data: width, symbol: "none", lineStyle: { opacity: 0 }, areaStyle: { color: C.c1, opacity: 0.16 } },
        { name: d.words.mean, type: "line", data: mean, symbol: "none", lineStyle: { color: C.c1, width: 2 }, ...(d.average === null ? {} : { markLine: { silent: true, symbol: "none", label: { position: "insideStartTop", formatter: d.words.average, color: C["ink-2"] }, lineStyle: { color: C["ink-3"], type: [4, 3] }, data: [{ yAxis: d.average }] } }) },
      ],
    });
  },
  // Kinds of counterparties, in to the left, out to the right, the names between.
  mirror(el, d, { C, base }) {
    const rows = d.rows.slice().reverse();
    const names = rows.map((row) => row.name);
    const half = el.clientWidth / 2;
    const word = 16 + Math.min(120, Math.max(64, 14 * Math.max(...names.map((name) => (/[\u4e00-\u9fff]/.test(name) ? name.length : name.length * 0.52)))));
    const most = Math.max(...rows.flatMap((row) => [row.in ?? 0, row.out ?? 0]), 1) * 1.02;
    const side = (key, xAxisIndex) => ({
      type: "bar", xAxisIndex, yAxisIndex: xAxisIndex, data: rows.map((row) => row[key] ?? 0), barWidth: 14,
      itemStyle: { color: C[key], borderRadius: xAxisIndex ? [0, 2, 2, 0] : [2, 0, 0, 2] },
      label: { show: true, position: xAxisIndex ? "right" : "left", formatter: ({ dataIndex: k }) => (rows[k][key] ? `${figure(rows[k][key], 1)}%` : d.words.none), color: C["ink-2"], fontSize: 12 },
    });
    return base({
      tooltip: { show: false },
      grid: [{ left: 50, width: half - 50 - word / 2, top: 6, bottom: 2 }, { right: 50, width: half - 50 - word / 2, top: 6, bottom: 2 }],
      xAxis: [{ type: "value", inverse: true, show: false, max: most }, { type: "value", gridIndex: 1, show: false, max: most }],
      yAxis: [
        { type: "category", data: names, position: "right", axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: C.ink, fontSize: 13, width: word, overflow: "truncate", align: "center", margin: word / 2 } },
        { type: "category", gridIndex: 1, data: names, show: false },
      ],
      series: [side("in", 0), side("out", 1)],
    });
  },
  // Lines over a common axis, each labelled at its end; a dashed grey one is for comparison.
  lines(el, d, { C, base, X, Y }) {
    return base({
      tooltip: { axisPointer: { type: "line", lineStyle: { color: C["line-strong"] } }, formatter: ([{ dataIndex: k }]) => tip(d.labels[k], d.series.map((s, n) => [`line ${s.dashed ? "k-ink" : `k-c${n + 1}`}`, s.name, figure(s.values[k], d.digits ?? 2)])) },
      grid: { left: 4, right: d.end ?? 76, top: 26, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: X(d.labels, { boundaryGap: false, axisLabel: { color: C["ink-3"], interval: d.every ? d.every - 1 : "auto", hideOverlap: true } }),
      yAxis: Y(d.unit, d.min === undefined ? {} : { min: d.min }),
      series: d.series.map((s, k) => ({ name: s.name, type: "line", data: s.values, symbol: "none", endLabel: { show: true, formatter: "{a}", color: s.dashed ? C["ink-2"] : C.ink, fontSize: 12, fontWeight: s.dashed ? 400 : 600 }, lineStyle: { width: s.dashed ? 1.5 : 2.25, color: s.dashed ? C["ink-3"] : C[`c${k + 1}`], type: s.dashed ? [5, 4] : "solid" } })),
    });
  },
  // Stacked bars; a series marked hollow (returned, refused) is an outline, so it survives a black-and-white printer.
  stack(el, d, { C, base, X, Y }) {
    const paint = (s, k) => (s.hollow ? { color: C.surface, borderColor: C.no, borderWidth: 1.25 } : { color: C[s.colour ?? `c${k + 1}`] });
    return base({
      tooltip: { formatter: ([{ dataIndex: k }]) => tip(d.labels[k], d.series.map((s, n) => [s.hollow ? "k-no" : `k-${s.colour ?? `c${n + 1}`}`, s.name, figure(s.values[k], d.digits ?? 0)])) },
      xAxis: X(d.labels, { axisLabel: { color: C["ink-3"], interval: d.every ? d.every - 1 : "auto", hideOverlap: true } }),
      yAxis: Y(d.unit),
      series: d.series.map((s, k) => ({ name: s.name, type: "bar", stack: "a", data: s.values, itemStyle: paint(s, k), barWidth: "66%", barMaxWidth: 40 })),
    });
  },
};
