// The picture without its orders: walls, rooms, locks, labels.

import { s } from "../dom.js";

const ROOMS = {
  quarantine: ["Quarantine", "sealed orders wait here"],
  parked: ["Parked", "what could not cross"],
  vault: ["Vault", "cards, each under its own key"],
  clean: ["Clean orders", "a token in the card’s place"],
};
const LOCKS = { ingest: "ingest", worker: "worker", paybill: "paybill" };

/** Draws the picture for a geometry; gives { svg, layer, texts, locks } to bring it to life. */
export function drawing(geometry) {
  const texts = {};
  const text = (key, [x, y], kind, words = "") => (texts[key] = s("text", { x, y, class: kind }, words));
  const { hull, chamber, inside } = geometry;
  const rooms = Object.entries(geometry.rooms).flatMap(([name, room]) => [
    text(`${name}.title`, room.title, "title", ROOMS[name][0]),
    text(`${name}.sub`, room.sub, "soft", ROOMS[name][1]),
    text(`${name}.count`, room.count, "count", "0"),
  ]);
  const outside = [
    ...zone(geometry.client, "client", ["Client", "POST /order", ""], text),
    ...zone(geometry.processor, "processor", ["Processor", "POST /paybill", ""], text),
  ];
  const locks = {};
  const lockGroups = Object.entries(geometry.locks).map(([name, place]) => (locks[name] = lock(name, place, text)));
  const layer = s("g");
  const svg = s(
    "svg",
    { viewBox: `0 0 ${geometry.size.join(" ")}`, role: "img", "aria-label": "The airlock: orders go from the client through ingest into quarantine, through the worker into vault and clean orders, and are paid by paybill. The orders list below says the same in words." },
    s("defs", {}, hatch()),
    s("rect", { class: "room danger", ...box(chamber) }),
    s("rect", { class: "room", ...box(inside) }),
    s("path", { class: "wall thin", d: geometry.parkedWall }),
    s("rect", { class: "wall", rx: 14, ...box(hull) }),
    geometry.walls.map((d) => s("path", { class: "wall", d })),
    geometry.ways.map((d) => s("path", { class: "way", d })),
    rooms,
    outside,
    lockGroups,
    layer,
  );
  return { svg, layer, texts, locks };
}

function zone(place, name, [title, ...lines], text) {
  const kind = (index) => (place.apart ? (index === 1 ? "soft end" : "soft") : "soft middle");
  return [
    text(`${name}.title`, place.title, place.apart ? "title" : "title middle", title),
    ...lines.map((line, index) => text(`${name}.${index}`, place.lines[index], kind(index), line)),
  ];
}

/** A box in the wall with a door of two leaves. */
function lock(name, { at: [x, y], size: [w, h], label, flat }, text) {
  const leaf = flat ? [{ x: x - w / 2 + 10, y: y - 4, width: w / 2 - 10 }, { x, y: y - 4, width: w / 2 - 10 }] : [{ x: x - 4, y: y - h / 2 + 9, height: h / 2 - 9 }, { x: x - 4, y, height: h / 2 - 9 }];
  const [first, second] = leaf.map((rect) => (flat ? { ...rect, height: 8 } : { ...rect, width: 8 }));
  return s(
    "g",
    { class: flat ? "lock flat" : "lock" },
    s("rect", { x: x - w / 2, y: y - h / 2, width: w, height: h, rx: 12 }),
    s("rect", { class: "leaf first", rx: 2, ...first }),
    s("rect", { class: "leaf second", rx: 2, ...second }),
    text(`${name}.label`, label, "title middle", LOCKS[name]),
    text(`${name}.sub`, [label[0], label[1] + (flat ? 0 : 17)], "soft middle"),
    s("text", { class: "alarm", x, y: flat ? y + 38 : y - h / 2 - 8 }, ""),
  );
}

function hatch() {
  return s(
    "pattern",
    { id: "hatch", width: 14, height: 14, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { class: "hatch-ground", width: 14, height: 14 }),
    s("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 14 }),
  );
}

const box = ({ x, y, w, h }) => ({ x, y, width: w, height: h });
