// The shapes. Each state has a shape of its own: colour alone says nothing.

import { s } from "../dom.js";

const HEXAGON = "M0 -9L7.8 -4.5V4.5L0 9L-7.8 4.5V-4.5Z";
const PILL = { x: -9.5, y: -6, width: 19, height: 12, rx: 6 };

const SHAPES = {
  clear: () => [s("rect", { x: -10, y: -7, width: 20, height: 14, rx: 2.5 }), s("path", { class: "mark", d: "M-10 -2.5H10M-6 3.5H0" })],
  sealed: () => [s("path", { d: HEXAGON }), s("circle", { class: "mark", r: 2, cy: -1.2 }), s("path", { class: "mark", d: "M0 1V4" })],
  givenup: () => [s("path", { d: HEXAGON }), s("path", { class: "mark", d: "M-3 -4H3L-3 4H3Z" })],
  token: () => [s("rect", PILL), s("path", { class: "mark", d: "M-4 0H4" })],
  paid: () => [s("rect", PILL), s("path", { class: "mark", d: "M-4 .3L-1.2 3L4.2 -2.6" })],
  declined: () => [s("rect", PILL), s("path", { class: "mark", d: "M-3 -2.6L3 2.6M3 -2.6L-3 2.6" })],
  failed: () => [s("path", { d: HEXAGON }), s("path", { class: "mark", d: "M0 -4V1.2M0 4V4.1" })],
  expired: () => [s("path", { d: HEXAGON, "stroke-dasharray": "3 3" }), s("path", { class: "mark", d: "M-3 0H3" })],
};

/** Draws a shape into a group, in place of what is there. */
export function draw(group, name) {
  group.setAttribute("class", `glyph ${name}`);
  group.replaceChildren(...SHAPES[name]());
}

/** What an order in this stage looks like. */
export function glyphOf(stage, isGivenUp = false) {
  if (isGivenUp && stage === "quarantine") return "givenup";
  return { quarantine: "sealed", failed: "failed", expired: "expired", paid: "paid", declined: "declined" }[stage] ?? "token";
}
