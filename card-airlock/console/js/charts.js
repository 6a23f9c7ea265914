// Rates and times of the last minutes, as two small charts. The numbers come from the server: a reload keeps them.

import { byId, h, s, show } from "./dom.js";
import { duration } from "./format.js";
import { on } from "./store.js";

const MOST = 300;
const WIDTH = 300;
const HEIGHT = 60;

/** [time, [accepted, crossed] each second, [p50, p95, p99] in milliseconds or null]. */
let points = [];

export function start() {
  on("state", ({ history }) => {
    points = history;
    draw();
  });
  on("pulse", ({ speed }) => {
    if (speed[0] - (points.at(-1)?.[0] ?? 0) < 900) return;
    points = [...points, speed].slice(-MOST);
    draw();
  });
}

function draw() {
  const rates = (index) => points.map(([, rates]) => rates[index]);
  const times = (index) => points.map(([, , times]) => times?.[index] ?? null);
  const perSecond = (value) => `${value.toFixed(1)}/s`;
  show(
    byId("charts"),
    chart("Orders each second", perSecond, [["accepted", rates(0)], ["crossed", rates(1)]]),
    chart("From acceptance to token", duration, [["p50", times(0)], ["p95", times(1)], ["p99", times(2)]]),
  );
}

/** A chart with its greatest value, a line for each series, and the latest values in words. */
function chart(title, words, series) {
  const most = Math.max(...series.flatMap(([, values]) => values), 0);
  const latest = series.map(([name, values]) => `${name} ${values.at(-1) == null ? "–" : words(values.at(-1))}`);
  const lines = series.map(([name, values]) => s("path", { class: `series ${name}`, d: path(values, most) }));
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}, five minutes. Now ${latest.join(", ")}; at most ${words(most)}.` }, lines);
  const key = series.map(([name], index) => h("span", { class: `key ${name}` }, latest[index]));
  return h("figure", { class: "chart" }, h("figcaption", {}, h("b", {}, title), h("span", { class: "most" }, `at most ${words(most)}`)), svg, h("p", { class: "keys", "aria-hidden": "true" }, key));
}

/** A line with a gap where nothing was measured. The newest point is at the right. */
function path(values, most) {
  let pen = "M";
  const steps = values.map((value, index) => {
    if (value == null) {
      pen = "M";
      return "";
    }
    const x = WIDTH - (values.length - 1 - index) * (WIDTH / (MOST - 1));
    const step = `${pen}${x.toFixed(1)} ${(HEIGHT - 1 - (most ? value / most : 0) * (HEIGHT - 2)).toFixed(1)}`;
    pen = "L";
    // A single point would be no line.
    return values[index - 1] == null ? `${step}h.1` : step;
  });
  return steps.join("");
}
