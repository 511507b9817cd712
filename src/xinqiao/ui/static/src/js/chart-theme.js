// Colours, axes and the tooltip, read from the tokens of the theme in force.
const colour = (name) => {
  const probe = document.createElement("i");
  probe.style.color = `var(--xq-${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};

const NAMES = ["in", "out", "net", "ink", "ink-2", "ink-3", "line", "line-strong", "surface", "raised", "no", "c1", "c2", "c3", "c4", "c5", "c6", "s3"];

// Numbers in words of the page: minus is U+2212, and a missing value is a dash, never 0.
export const figure = (value, digits = 2) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value < 0 ? `\u2212${text}` : text;
};

// Built as elements, because a tooltip made of HTML text would need style attributes, which the policy forbids.
export const tip = (title, rows) => {
  const box = document.createElement("div");
  const head = document.createElement("b");
  head.textContent = title;
  const list = document.createElement("dl");
  for (const [mark, name, value] of rows) {
    const [dt, dd, dot] = ["dt", "dd", "i"].map((tag) => document.createElement(tag));
    dot.className = mark;
    dt.append(dot, name);
    dd.textContent = value;
    list.append(dt, dd);
  }
  box.append(head, list);
  return box;
};

export const theme = () => {
  const C = Object.fromEntries(NAMES.map((name) => [name, colour(name)]));
  const fontFamily = getComputedStyle(document.documentElement).getPropertyValue("--xq-font");
  return {
    C,
    base: (option) => ({
      animation: false,
      textStyle: { fontFamily, fontSize: 12, color: C["ink-3"] },
      grid: { left: 4, right: 8, top: 26, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      tooltip: { trigger: "axis", className: "xq-tip", axisPointer: { type: "shadow", shadowStyle: { color: C["ink-3"], opacity: 0.08 } }, backgroundColor: C.raised, borderColor: C["line-strong"], textStyle: { color: C.ink, fontSize: 13 }, ...option.tooltip },
      aria: { enabled: false },
      ...Object.fromEntries(Object.entries(option).filter(([key]) => key !== "tooltip")),
    }),
    X: (data, extra = {}) => ({ type: "category", data, axisTick: { show: false }, axisLine: { lineStyle: { color: C["line-strong"] } }, axisLabel: { color: C["ink-3"], hideOverlap: true }, ...extra }),
    Y: (name, extra = {}) => ({ type: "value", name, nameGap: 10, nameTextStyle: { color: C["ink-3"], align: "left" }, splitNumber: 4, axisLabel: { color: C["ink-3"], formatter: (v) => (v < 0 ? `\u2212${Math.abs(v).toLocaleString("en-US")}` : v.toLocaleString("en-US")) }, splitLine: { lineStyle: { color: C.line } }, ...extra }),
  };
};
