// Places orders, one or many.

import { apiAnswer, asking, busy, named, say } from "./answer.js";
import { placeMany, start as startBulk } from "./bulk.js";
import { cardForNew, isCard, offerCards, take } from "./card_choice.js";
import { byId, h } from "./dom.js";
import { many } from "./format.js";
import { post } from "./server.js";
import { choose } from "./store.js";
import { by } from "./who.js";

export function start() {
  const form = byId("place");
  startBulk();
  offerCards(form, (isTyped) => {
    byId("card-hint").hidden = isTyped;
    // A card is encrypted for one order.
    form.count.disabled = isTyped;
    if (isTyped) form.count.value = 1;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isCard(form)) return;
    busy(form.querySelector("button"), () => place(form, read(form), take(form)));
  });
}

function read(form) {
  const order = { order: form.order.value.trim(), name: form.name.value, address: form.address.value, count: Number(form.count.value), by: by() };
  if (form.amount.value) Object.assign(order, { amount: Number(form.amount.value), currency: form.currency.value });
  return order;
}

async function place(form, order, chosen) {
  const output = byId("placed");
  asking(output, `Placing ${named(order.order)} …`);
  look();
  const { refusal, ...card } = await cardForNew(chosen, order.order, order.by);
  if (refusal) return say(output, false, ...refusal);
  Object.assign(order, card);
  const { ok, json } = await (order.count > 1 ? placeMany(order) : post("/console/orders", order));
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
