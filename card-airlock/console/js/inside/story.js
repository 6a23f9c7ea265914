// The story of an order: what happened in sentences, and then as a waterfall, a bar for each thing that took time.

import { h, s } from "../dom.js";
import { duration, many, minute, moment, ordinal, precisely } from "../format.js";
import { machineClock, store } from "../store.js";
import { actsOf, PHASES, phaseTimes } from "./phases.js";
import { tale } from "./tale.js";
import { words } from "./words.js";

const WIDTH = 1000;
/** A bar that is too short to be seen is drawn so wide. */
const LEAST = 6;

export function story(inside, chosen) {
  if (!chosen) return h("div", {}, h("p", { class: "empty" }, "Choose an order, in the list or in the picture, to see its story."), words());
  const acts = actsOf(inside.calls, inside.runs);
  return h("div", { class: "story" }, sentences(tale(inside, (store.pulse?.ahead ?? 0) * 1000), chosen), acts.length ? inDetail(acts) : h("p", { class: "empty" }, "No call for this order is known any more."));
}

function sentences(told, chosen) {
  const line = (time, sentence) => h("li", {}, h("time", {}, time), h("span", {}, sentence));
  const againBy = store.givenUp.get(chosen);
  const lines = told.map((one) => line(moment(one.at), one.words));
  if (againBy) lines.push(line("now", `Lambda gave it up for now. A sweep takes it up by ${minute(againBy)} at the latest.`));
  return h("ol", { class: "tale" }, lines);
}

function inDetail(acts) {
  const phases = [...phaseTimes(acts)].map(([phase, time]) => h("div", { class: `phase ${phase}` }, h("dt", {}, PHASES[phase]), h("dd", {}, duration(time))));
  return [h("dl", { class: "phases" }, phases), h("p", { class: "cost" }, `Call by call, ${machineClock()}.`), acts.map((act, index) => scene(act, acts[index - 1]))];
}

function scene(act, before) {
  const { title, tries } = act;
  if (!tries || tries.length === 1) return h("section", { class: "act" }, h("h3", {}, heading(title, act, before)), bars(act));
  const parts = tries.map((one, index) => [h("h4", {}, heading(`Worker, ${ordinal(index + 1)} try`, one, tries[index - 1])), bars(one)]);
  return h("section", { class: "act" }, h("h3", {}, `${title}, ${many(tries.length, "try", "tries")}: ${duration(act.to - act.from)}`), parts);
}

function heading(title, { from, to }, before) {
  const later = before && from > before.to ? `, ${duration(from - before.to)} later` : "";
  return `${title}, ${precisely(from)}${later}: ${duration(to - from)}`;
}

const bars = (part) => h("ol", { class: "bars" }, part.bars.map((bar) => row(bar, part)));

function row({ phase, words, from, to, ok, outcome }, part) {
  const scale = WIDTH / Math.max(part.to - part.from, 0.1);
  const x = Math.min((from - part.from) * scale, WIDTH - LEAST);
  const width = Math.max(LEAST, Math.min((to - from) * scale, WIDTH - x));
  const bar = s("svg", { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { class: "track", width: WIDTH, height: 10 }), s("rect", { class: `bar ${phase}`, x: x.toFixed(1), width: width.toFixed(1), height: 10 }));
  // A phase that is called as its service is not said twice.
  const name = words.startsWith(`${PHASES[phase]} `) ? null : h("b", {}, `${PHASES[phase]} `);
  return h(
    "li",
    {},
    h("span", { class: "what" }, name, words, ok ? null : h("span", { class: "bad" }, ` ${outcome}`)),
    bar,
    h("span", { class: "took" }, duration(to - from), h("span", { class: "visually-hidden" }, `, ${duration(from - part.from)} after the beginning`)),
  );
}
