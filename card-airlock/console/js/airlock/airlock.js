// Animates the picture: every order is a capsule that moves to where the order is.

import { byId, show } from "../dom.js";
import { duration } from "../format.js";
import { open as openPanel } from "../panel.js";
import { isUntried } from "../recovery.js";
import { now, on, store } from "../store.js";
import { Capsule } from "./capsule.js";
import { drawing } from "./drawing.js";
import { shapeFor } from "./geometry.js";
import { glyphOf } from "./glyphs.js";
import { Slots } from "./slots.js";

const ACROSS = ["tokenized", "paying", "paid", "declined", "unknown"];

/** The function behind each lock. */
const FUNCTIONS = [["ingest", "IngestFunction"], ["worker", "TokenizeWorkerFunction"], ["paybill", "PaybillFunction"]];

const shape = () => shapeFor(byId("airlock").clientWidth);

const timers = new Map();

let geometry, picture, slots, capsules, cards;

export function start() {
  build();
  new ResizeObserver(() => geometry !== shape() && build()).observe(byId("airlock"));
  on("orders", ({ changed, whole }) => {
    if (whole) build();
    else changed.forEach(follow);
  });
  on("worker", ({ orders, begun }) => orders.forEach((id) => knock(id, begun)));
  on("pulse", count);
  on("refused", bounce);
  on("crash", () => hurt("worker", "crashed"));
  // The failed invocation comes after the crash. "crashed" is the better word.
  on("failed", ({ function: name }) => name === "TokenizeWorkerFunction" && !("hurt" in picture.locks.worker.dataset) && hurt("worker", "failed"));
  on("chosen", bringIn);
}

/** Draws everything again, with the orders where they are. */
function build() {
  geometry = shape();
  picture = drawing(geometry);
  slots = Object.fromEntries(Object.entries(geometry.rooms).map(([name, room]) => [name, new Slots(room.slots)]));
  slots.door = new Slots(geometry.door);
  capsules = new Map();
  cards = new Map();
  byId("airlock").dataset.shape = geometry.name;
  show(byId("airlock"), picture.svg);
  for (const order of store.orders.values()) follow(order, true);
  for (const id of store.inWorker) {
    if (capsules.get(id)?.stage === "quarantine") capsules.get(id).body.jump(slots.door.take(id, back));
  }
  if (store.pulse) count(store.pulse);
}

/** Takes an order's capsule to where the order is now. */
function follow(order, atOnce = false) {
  const { id, stage } = order;
  const before = capsules.get(id);
  if (stage === "gone") return before && leave(before);
  const capsule = before ?? enter(id, order, atOnce === true);
  if (order.forgottenAt) forget(id);
  if (capsule.stage === stage) return;
  const was = capsule.stage;
  capsule.stage = stage;
  const room = stage === "quarantine" ? "quarantine" : ACROSS.includes(stage) ? "clean" : "parked";
  if (atOnce === true) {
    capsule.body.become(glyphOf(stage));
    if (room === "clean" && !order.forgottenAt) shelve(id, true);
    settle(capsule, room, true);
    return;
  }
  if (room === "clean" && !ACROSS.includes(was)) cross(capsule, id);
  else if (room === "parked" && was === "quarantine") through(capsule, "worker", stage === "failed");
  if (stage === "paid" || stage === "declined") pay(id);
  capsule.body.then(() => capsule.body.become(glyphOf(stage)));
  settle(capsule, room);
}

function enter(id, order, atOnce) {
  const from = atOnce ? geometry.locks.ingest.at : geometry.client.at;
  const title = `${id}${order.last4 ? `, card ending in ${order.last4}` : ""}`;
  const capsule = { id, body: new Capsule(picture.layer, from, atOnce ? "sealed" : arriving(order), title, () => openPanel(id)) };
  capsules.set(id, capsule);
  mark(capsule);
  if (!atOnce) {
    through(capsule, "ingest");
    capsule.body.then(() => capsule.body.become("sealed"));
    settle(capsule, "quarantine");
  }
  return capsule;
}

/** What a card looks like before ingest: one that its sender encrypted is never seen. */
const arriving = ({ encrypted }) => (encrypted ? "sealed" : "clear");

/** Finds the capsule a place in a room. */
function settle(capsule, room, atOnce = false) {
  if (capsule.room && capsule.room !== room) slots[capsule.room].leave(capsule.id);
  if (room !== "quarantine") slots.door.leave(capsule.id);
  capsule.room = room;
  // The order that somebody looks at stays in the picture.
  const place = slots[room].take(capsule.id, (oldest) => leave(capsules.get(oldest)), store.chosen);
  if (atOnce) capsule.body.jump(place);
  else capsule.body.to(place);
}

function leave(capsule) {
  if (!capsule) return;
  slots[capsule.room]?.leave(capsule.id);
  slots.door.leave(capsule.id);
  capsules.delete(capsule.id);
  capsule.body.remove();
}

/** Through a lock, whose door opens. */
function through(capsule, lock, badly = false) {
  capsule.body.to(geometry.locks[lock].at);
  capsule.body.then(() => open(lock, badly));
}

/** In the worker an order becomes two things: a card for the vault, an order with a token. */
function cross(capsule, id) {
  through(capsule, "worker");
  capsule.body.then(() => shelve(id));
  capsule.body.then(() => capsule.body.become("token"));
}

/** The card finds its place in the vault. */
function shelve(id, atOnce = false) {
  if (cards.has(id)) return;
  const place = slots.vault.take(id, forget);
  const card = new Capsule(picture.layer, atOnce ? place : geometry.locks.worker.at, "sealed", null, null);
  cards.set(id, card);
  if (!atOnce) card.to(place);
}

function forget(id) {
  cards.get(id)?.remove();
  cards.delete(id);
  slots.vault.leave(id);
}

/** The card goes to the processor and is not kept anywhere on its way. */
function pay(id) {
  const from = cards.get(id)?.at ?? geometry.locks.paybill.at;
  const card = new Capsule(picture.layer, from, "sealed", null, null);
  card.to(geometry.locks.paybill.at);
  card.then(() => {
    open("paybill");
    card.become("clear");
  });
  card.to(geometry.processor.at);
  card.remove();
}

/** The worker processes the order: the order moves to the door, and moves back when it cannot cross. */
function knock(id, begun) {
  const capsule = capsules.get(id);
  if (capsule?.stage !== "quarantine") return;
  if (begun) capsule.body.to(slots.door.take(id, back));
  else setTimeout(() => back(id), 250);
}

/** From the worker's door to its place in quarantine. */
function back(id) {
  slots.door.leave(id);
  if (capsules.get(id)?.stage === "quarantine") settle(capsules.get(id), "quarantine");
}

/** A refused order turns back at the outer door. */
function bounce(order) {
  const refused = new Capsule(picture.layer, geometry.client.at, arriving(order), null, null);
  const { at: [x, y], flat } = geometry.locks.ingest;
  refused.to(flat ? [x, y - 36] : [x - 42, y]);
  refused.then(() => hurt("ingest", "refused"));
  refused.to(geometry.client.at);
  refused.remove();
}

function open(lock, badly = false) {
  if (badly) return hurt(lock, "parked");
  flag(lock, "open", 260);
}

function hurt(lock, word) {
  picture.locks[lock].querySelector(".alarm").textContent = word;
  flag(lock, "hurt", 1400);
}

/** Marks a lock for a while. */
function flag(lock, name, milliseconds) {
  const { dataset } = picture.locks[lock];
  dataset[name] = "";
  clearTimeout(timers.get(`${lock} ${name}`));
  timers.set(`${lock} ${name}`, setTimeout(() => delete dataset[name], milliseconds));
}

/** The order that somebody looks at is in the picture, in place of an older one. */
function bringIn(chosen) {
  if (!capsules.has(chosen) && store.orders.has(chosen)) follow(store.orders.get(chosen), true);
  capsules.forEach(mark);
}

function mark(capsule) {
  capsule.body.group.classList.toggle("chosen", capsule.id === store.chosen);
}

/** A worker or another function whose latest invocations failed stays marked until one succeeds; otherwise once the cause is gone. */
function markFailing(pulse) {
  for (const [lock, name] of FUNCTIONS) {
    const { dataset } = picture.locks[lock];
    const failing = pulse.functions[name]?.failing ?? 0;
    const untried = isUntried(name, pulse);
    for (const [mark, is] of [["failing", failing > 0 && !untried], ["untried", untried]]) is ? (dataset[mark] = "") : delete dataset[mark];
    if (failing && !("hurt" in dataset)) picture.locks[lock].querySelector(".alarm").textContent = untried ? "recovering" : `failing, ${failing}×`;
  }
}

/** Orders in quarantine that Lambda gave up look different. */
function markGivenUp() {
  for (const [id, { body, stage }] of capsules) {
    if (stage === "quarantine" && body.glyph !== "clear") body.become(glyphOf(stage, store.givenUp.has(id)));
  }
}

function count(pulse) {
  markFailing(pulse);
  markGivenUp();
  const { counts, oldestHeld } = pulse.orders;
  const across = ACROSS.reduce((sum, stage) => sum + counts[stage], 0);
  const parked = counts.failed + counts.expired;
  const words = {
    "quarantine.count": counts.quarantine,
    "quarantine.sub": counts.quarantine ? `the oldest for ${duration(now() - Date.parse(oldestHeld))}` : "sealed orders wait here",
    "parked.count": parked,
    "letters.count": pulse.letters,
    "vault.count": across - pulse.orders.forgotten,
    "clean.count": across,
    "processor.1": pulse.ledger.charged || pulse.ledger.declined ? `${pulse.ledger.charged} charged` : "",
  };
  for (const [key, value] of Object.entries(words)) picture.texts[key].textContent = value;
  countBeyond({ quarantine: counts.quarantine, parked, vault: across - pulse.orders.forgotten, clean: across });
}

/** A room has places for some: the others are counted. */
function countBeyond(all) {
  const drawn = { quarantine: 0, parked: 0, vault: cards.size, clean: 0 };
  for (const { room } of capsules.values()) if (room in drawn) drawn[room] += 1;
  for (const [room, count] of Object.entries(all)) picture.texts[`${room}.beyond`].textContent = count > drawn[room] ? `+${count - drawn[room]}` : "";
}
