// The picture without its orders: walls, rooms, locks, labels.

import { s } from "../dom.js";

const ROOMS = {
  quarantine: ["Quarantine", "sealed orders wait here"],
  parked: ["Parked", "failed or expired"],
  vault: ["Vault", "one key for each card"],
  clean: ["Clean orders", "a token, no card"],
};

/** Draws the picture for a geometry; gives { svg, layer, texts, locks } to animate it. */
export function drawing(geometry) {
  const texts = {};
  const text = (key, [x, y], kind, words = "") => (texts[key] = s("text", { x, y, class: kind }, words));
  const { hull, chamber, inside } = geometry;
  const rooms = Object.entries(geometry.rooms).flatMap(([name, room]) => [
    text(`${name}.title`, room.title, "title", ROOMS[name][0]),
    text(`${name}.sub`, room.sub, "soft", ROOMS[name][1]),
    text(`${name}.count`, room.count, "count", "0"),
    text(`${name}.beyond`, room.beyond, "beyond"),
  ]);
  const outside = [
    ...zone(geometry.client, "client", ["Client", "pays by card", ""], text),
    ...zone(geometry.processor, "processor", ["Processor", "charges once", ""], text),
    ...zone(geometry.letters, "letters", ["Dead letters", "in the queue"], text),
    text("letters.count", geometry.letters.count, `count ${geometry.letters.kind}`, "0"),
  ];
  const locks = {};
  const lockGroups = Object.entries(geometry.locks).map(([name, place]) => (locks[name] = lock(name, place, text)));
  const layer = s("g");
  const svg = s(
    "svg",
    { viewBox: `0 0 ${geometry.size.join(" ")}`, role: "img", "aria-label": "The airlock: orders go from the client through ingest into quarantine, then through the worker into the vault and the clean orders, and are paid by paybill. The list of orders below says the same in words." },
    s("defs", {}, hatch()),
    s("rect", { class: "room danger", ...box(chamber) }),
    s("rect", { class: "room", ...box(inside) }),
    s("path", { class: "wall thin", d: geometry.parkedWall }),
    s("rect", { class: "wall", rx: 14, ...box(hull) }),
    geometry.walls.map((d) => s("path", { class: "wall", d })),
    geometry.arrows.map(([x, y, degrees]) => s("path", { class: "arrow", d: "M-3.5 -5L3.5 0L-3.5 5Z", transform: `translate(${x} ${y}) rotate(${degrees})` })),
    icon(geometry.client.at, "M-19 -14H19V9H-19ZM-7 15H7M0 9V15"),
    icon(geometry.processor.at, "M-19 -4L0 -15L19 -4ZM-15 0V10M-5 0V10M5 0V10M15 0V10M-19 15H19"),
    rooms,
    outside,
    lockGroups,
    layer,
  );
  return { svg, layer, texts, locks };
}

function zone({ title, lines, kind }, name, [words, ...more], text) {
  return [
    text(`${name}.title`, title, `title ${kind}`, words),
    ...more.map((line, index) => text(`${name}.${index}`, lines[index], `soft ${kind}`, line)),
  ];
}

/** A box in the wall with a door of two leaves, and its name. */
function lock(name, { at: [x, y], size: [w, h], flat }, text) {
  const half = flat ? w / 2 - 14 : 28;
  const leaves = flat
    ? [{ x: x - half, y: y - 14, width: half - 1, height: 8 }, { x: x + 1, y: y - 14, width: half - 1, height: 8 }]
    : [{ x: x - 4, y: y - 37, width: 8, height: half - 1 }, { x: x - 4, y: y - 37 + half + 1, width: 8, height: half - 1 }];
  const foot = y + h / 2;
  return s(
    "g",
    { class: flat ? "lock flat" : "lock" },
    s("rect", { class: "box", x: x - w / 2, y: y - h / 2, width: w, height: h, rx: 12 }),
    s("rect", { class: "leaf first", rx: 2, ...leaves[0] }),
    s("rect", { class: "leaf second", rx: 2, ...leaves[1] }),
    text(`${name}.label`, [x, foot - (flat ? 8 : 12)], "name", name),
    s("text", alarm(x, y, w, h, flat), ""),
  );
}

/** Where a lock says what is wrong with it: above it, or beside it where there is room, so that no word covers another. */
function alarm(x, y, w, h, flat) {
  if (!flat) return { class: "alarm", x, y: y - h / 2 - 8 };
  const left = x - w / 2 - 8;
  return left > 80 ? { class: "alarm end", x: left, y: y - 7 } : { class: "alarm", x, y: y + h / 2 + 15 };
}

const icon = ([x, y], d) => s("path", { class: "icon", d, transform: `translate(${x} ${y})` });

function hatch() {
  return s(
    "pattern",
    { id: "hatch", width: 14, height: 14, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { class: "hatch-ground", width: 14, height: 14 }),
    s("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 14 }),
  );
}

const box = ({ x, y, w, h }) => ({ x, y, width: w, height: h });
