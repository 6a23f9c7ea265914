// What a user can do with the order in the panel: ask, pay, give it another card, have its card forgotten.

import { apiAnswer, asking, asLongAs, busy, named, say } from "./answer.js";
import { cardForAnother, clear, isCard, offerCards, take } from "./card_choice.js";
import { payCommand } from "./commands.js";
import { copyButton } from "./copy.js";
import { byId, h } from "./dom.js";
import { again, payment } from "./pay.js";
import { post } from "./server.js";
import { on, store } from "./store.js";
import { sure } from "./sure.js";
import { by } from "./who.js";

export function start() {
  const output = byId("acted");
  const button = (id, words, path, more = () => ({})) => byId(id).addEventListener("click", () => busy(byId(id), () => act(output, words, path, more())));
  button("ask-this", "Asking about", "/console/ask");
  button("pay-this", "Paying", "/console/pay", payment);
  const askAgain = sure(byId("forget-this"), () => busy(byId("forget-this"), () => act(output, "Forgetting the card of", "/console/forget", {})));
  byId("pay-copy").append(copyButton("Copy curl", "paying", () => (store.chosen ? payCommand(store.chosen, ...paymentAndKey()) : null)));
  const another = byId("another");
  offerCards(another);
  another.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isCard(another)) return;
    busy(byId("another-card"), () => sendAnother(output, take(another)));
  });
  on("about", offer);
  on("chosen", () => {
    asking(output);
    askAgain();
    // What was typed was for the order of before.
    clear(another);
  });
}

/** What has no sense for an order is not offered, and the page says why. */
function offer(summary) {
  const why = !summary ? "There is no such order any more." : summary.forgottenAt ? "The order’s card is forgotten: nothing can be paid with it, and there is nothing left to forget." : "";
  byId("pay-this").disabled = byId("forget-this").disabled = why !== "";
  byId("act-why").textContent = why;
  byId("act-why").hidden = why === "";
}

/** Another card for the order. */
async function sendAnother(output, chosen) {
  const asked = { order: store.chosen, by: by() };
  asking(output, `Sending another card for ${named(asked.order)} …`);
  const { refusal, ...card } = await cardForAnother(chosen, asked.order, asked.by);
  if (!refusal) return tell(output, asked.order, await post("/console/card", { ...asked, ...card }));
  if (store.chosen === asked.order) say(output, false, ...refusal);
}

async function act(output, words, path, more) {
  const order = store.chosen;
  asking(output, `${words} ${named(order)} …`);
  const answer = await post(path, { order, by: by(), ...more });
  tell(output, order, answer, path === "/console/pay" ? again(answer.json.status, (key) => payAgain(output, key)) : null, path === "/console/forget" ? "its card is forgotten" : undefined);
}

/** The button that was pressed goes with its answer. */
function payAgain(output, key) {
  byId("pay-this").focus({ preventScroll: true });
  busy(byId("pay-this"), () => act(output, "Paying", "/console/pay", { ...payment(), ...key }));
}

function tell(output, order, { ok, json }, more = null, done = undefined) {
  // Another order may be in the panel by now.
  if (store.chosen !== order) return;
  if (!ok) return say(output, false, json.message);
  say(output, json.status < 300, ...apiAnswer(order, json, done), more, details(json.answer));
  if (json.status === 402) asLongAs(output, order, "declined");
}

/** The API's answer as it is. */
function details(answer) {
  return h("details", {}, h("summary", {}, "The answer"), h("pre", {}, JSON.stringify(answer, null, 2)));
}

function paymentAndKey() {
  const { key, amount, currency } = payment();
  return [amount === undefined ? {} : { Amount: amount, Currency: currency }, key];
}
