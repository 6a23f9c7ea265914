// The stream of events. The browser reconnects by itself; the server then begins with the whole state. A page that is
// paused hears nothing, and begins with the whole state when it goes on.

import { byId } from "./dom.js";
import { moment } from "./format.js";
import { emit, now, store } from "./store.js";

let events = null;

export function start() {
  byId("pause").addEventListener("click", () => (events ? pause() : connect()));
  connect();
}

function pause() {
  events.close();
  events = null;
  byId("pause").textContent = "Go on";
  lamp("paused", `paused at ${moment(now())}`);
}

function connect() {
  events = new EventSource("/console/events");
  byId("pause").textContent = "Pause";
  const hear = (name, take) => events.addEventListener(name, (event) => take(JSON.parse(event.data)));
  hear("state", (state) => {
    const isNew = store.state !== null && store.state.stack !== state.stack;
    store.state = state;
    store.orders = new Map(state.latest.map((order) => [order.id, order]));
    store.inWorker = new Set(state.inWorker);
    tick(state.pulse);
    emit("state", state);
    if (isNew) emit("new-stack");
    emit("orders", { changed: state.latest, touched: state.latest.map((order) => order.id), whole: true });
  });
  hear("orders", (orders) => {
    for (const order of orders.changed) {
      if (order.stage === "gone") store.orders.delete(order.id);
      else store.orders.set(order.id, order);
    }
    emit("orders", orders);
  });
  hear("pulse", tick);
  hear("worker", ({ orders, begun }) => {
    for (const id of orders) begun ? store.inWorker.add(id) : store.inWorker.delete(id);
    emit("worker", { orders, begun });
  });
  for (const name of ["refused", "crash", "failed", "processor", "operation"]) hear(name, (what) => emit(name, what));
  events.addEventListener("open", () => {
    lamp("live", "live");
    emit("connected");
  });
  events.addEventListener("error", () => {
    lamp("lost", "no connection: check that card-airlock up still runs");
    emit("lost");
  });
}

function tick(pulse) {
  store.pulse = pulse;
  store.skew = pulse.now - Date.now();
  store.givenUp = new Map(pulse.givenUp.orders.map(({ id, againBy }) => [id, Date.parse(againBy)]));
  emit("pulse", pulse);
}

function lamp(state, text) {
  byId("live").dataset.state = state;
  byId("live-text").textContent = text;
}
