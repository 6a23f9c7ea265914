// The story of an order as a waterfall: a bar for each thing that took time.

import { h, s } from "../dom.js";
import { duration, timeOfDay } from "../format.js";
import { actsOf, PHASES, phaseTimes } from "./phases.js";

const WIDTH = 1000;
/** A bar that is too short to be seen is drawn so wide. */
const LEAST = 6;

export function waterfall({ calls }, chosen) {
  if (!chosen) return h("p", { class: "empty" }, "Choose an order, in the list or in the picture, to see its story.");
  const acts = actsOf(calls);
  if (acts.length === 0) return h("p", { class: "empty" }, "No call for this order is known any more.");
  return h(
    "div",
    { class: "story" },
    h("dl", { class: "phases" }, [...phaseTimes(acts)].map(([phase, time]) => h("div", { class: `phase ${phase}` }, h("dt", {}, PHASES[phase]), h("dd", {}, duration(time))))),
    acts.map((act, index) => scene(act, acts[index - 1])),
  );
}

function scene(act, before) {
  const later = before ? `, ${duration(act.from - before.to)} later` : "";
  return h("section", { class: "act" }, h("h3", {}, `${act.title}, ${timeOfDay(act.from)}${later}: ${duration(act.to - act.from)}`), h("ol", { class: "bars" }, act.bars.map((bar) => row(bar, act))));
}

function row({ phase, words, from, to, ok, outcome }, act) {
  const scale = WIDTH / Math.max(act.to - act.from, 0.1);
  const x = Math.min((from - act.from) * scale, WIDTH - LEAST);
  const width = Math.max(LEAST, Math.min((to - from) * scale, WIDTH - x));
  const bar = s("svg", { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { class: "track", width: WIDTH, height: 10 }), s("rect", { class: `bar ${phase}`, x: x.toFixed(1), width: width.toFixed(1), height: 10 }));
  return h(
    "li",
    {},
    h("span", { class: "what" }, h("b", {}, PHASES[phase]), ` ${words}`, ok ? null : h("span", { class: "bad" }, ` ${outcome}`)),
    bar,
    h("span", { class: "took" }, duration(to - from), h("span", { class: "visually-hidden" }, `, ${duration(from - act.from)} after the beginning`)),
  );
}
