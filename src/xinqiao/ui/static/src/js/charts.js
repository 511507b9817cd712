// The charts, drawn as SVG from tokens. Each figure carries its data and its words (already translated and formatted
// by the server) in a <template> (HTMX would drop a script); this file knows shapes, not texts. Only what is used of ECharts is imported.
import * as echarts from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
import { kinds } from "./chart-kinds.js";
import { theme } from "./chart-theme.js";

echarts.use([BarChart, LineChart, GridComponent, TooltipComponent, MarkLineComponent, AriaComponent, SVGRenderer]);
const live = new Set();

const paint = (entry) => entry.chart.setOption(kinds[entry.kind](entry.element, entry.data, theme()), true);

export const draw = (elements) => {
  for (const element of elements) {
    const block = element.parentElement.querySelector("template")?.content;
    const kind = element.dataset.chart;
    if (!block || !kinds[kind] || echarts.getInstanceByDom(element)) continue;
    const entry = { element, kind, data: JSON.parse(block.textContent), chart: echarts.init(element, null, { renderer: "svg" }) };
    paint(entry);
    // The sentence above is what the picture says; ECharts' own English summary would repeat the table.
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", element.dataset.label ?? "");
    live.add(entry);
    new ResizeObserver(() => {
      if (entry.chart.isDisposed()) return;
      entry.chart.resize();
      paint(entry);
    }).observe(element);
  }
};

document.addEventListener("xq:theme", () => live.forEach((entry) => (entry.element.isConnected ? paint(entry) : (entry.chart.dispose(), live.delete(entry)))));
