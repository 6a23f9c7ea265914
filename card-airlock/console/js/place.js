// Places orders. A test card is a name here. A typed number is removed from its field before anything else happens.

import { apiAnswer, asking, busy, named, say } from "./answer.js";
import { placeMany, start as startBulk } from "./bulk.js";
import { byId, h, show } from "./dom.js";
import { many } from "./format.js";
import { post } from "./server.js";
import { choose, on } from "./store.js";
import { by } from "./who.js";

export function start() {
  const form = byId("place");
  startBulk();
  on("state", ({ testCards }) => {
    const chosen = form.card.value || testCards[0].name;
    const options = testCards.map(({ name, title }) => h("option", { value: name, selected: name === chosen }, title));
    if (form.card.options.length === 1) show(form.card, ...options, h("option", { value: "" }, "a number that I type"));
  });
  form.card.addEventListener("change", () => ask(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const order = read(form);
    busy(form.querySelector("button"), () => place(form, order));
  });
}

function ask(form) {
  const typed = form.card.value === "";
  byId("typed").hidden = !typed;
  byId("card-hint").hidden = typed;
  form.number.required = typed;
  form.number.value = form.expiry.value = "";
}

function read(form) {
  const order = { order: form.order.value.trim(), name: form.name.value, address: form.address.value, count: Number(form.count.value), by: by() };
  if (form.amount.value) Object.assign(order, { amount: Number(form.amount.value), currency: form.currency.value });
  if (form.card.value) order.testCard = form.card.value;
  else {
    order.number = form.number.value;
    if (form.expiry.value) order.expiry = form.expiry.value;
  }
  form.number.value = form.expiry.value = "";
  return order;
}

async function place(form, order) {
  const output = byId("placed");
  asking(output, `Placing ${named(order.order)} …`);
  const sent = order.count > 1 && order.testCard ? placeMany(order) : post("/console/orders", order);
  delete order.number;
  delete order.expiry;
  look();
  const { ok, json } = await sent;
  if (!ok) return say(output, false, json.message);
  if (json.outcomes) {
    const outcomes = Object.entries(json.outcomes);
    const good = !json.cancelled && outcomes.every(([outcome]) => /^20[02]$/.test(outcome));
    say(output, good, h("b", {}, many(json.placed, "order")), json.cancelled ? " before it was cancelled" : "", `: ${outcomes.map(([outcome, count]) => `${count} × ${outcome}`).join(", ")}`);
    propose(form, order);
    return;
  }
  const good = json.status < 300;
  say(output, good, ...apiAnswer(order.order, json));
  if (!good) return;
  // On a phone the panel covers everything: the picture shows the order on its way, and the answer stays in view.
  if (!isNarrow()) choose(order.order);
  propose(form, order);
}

const isNarrow = () => matchMedia("(max-width: 760px)").matches;

/** On a phone the picture is out of sight while the form is in it. */
function look() {
  if (isNarrow()) byId("scene-title").scrollIntoView();
}

/** The next order gets the next id. */
function propose(form, { order }) {
  if (form.order.value.trim() !== order) return;
  form.order.value = /\d$/.test(order) ? order.replace(/\d+$/, (digits) => String(BigInt(digits) + 1n).padStart(digits.length, "0")) : `${order}-2`;
}
