// Pays an order, and shows the sandbox's ledger.

import { apiAnswer, asking, asLongAs, busy, named, say } from "./answer.js";
import { byId, h, show } from "./dom.js";
import { many } from "./format.js";
import { open } from "./panel.js";
import { roving } from "./roving.js";
import { get, post } from "./server.js";
import { on } from "./store.js";
import { by } from "./who.js";

let shown = "";
let refreshRoving;

export function start() {
  const form = byId("pay");
  refreshRoving = roving(byId("ledger"), "button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const order = form.order.value.trim();
    busy(form.querySelector("button"), () => pay(order));
  });
  on("chosen", (order) => order && (form.order.value = order));
  on("pulse", ({ ledger }) => {
    const sums = JSON.stringify(ledger);
    if (sums === shown) return;
    shown = sums;
    refresh();
  });
}

/** The amount and the idempotency key of the form; what is empty is not sent. */
export function payment() {
  const { amount, currency, key } = byId("pay").elements;
  return {
    ...(amount.value ? { amount: Number(amount.value), currency: currency.value } : {}),
    ...(key.value.trim() ? { key: key.value.trim() } : {}),
  };
}

/** After a decline the same key gets the same answer: a button that pays again with a new one. Null after anything else. */
export function again(status, repeat) {
  if (status !== 402) return null;
  return h("button", { type: "button", class: "again", onclick: () => repeat({ key: crypto.randomUUID() }) }, "Pay again, with a new key");
}

async function pay(order, more = {}) {
  const output = byId("paid");
  // A payment can take long: the answer to the one before is not shown meanwhile.
  asking(output, `Paying ${named(order)} …`);
  const { ok, json } = await post("/console/pay", { order, ...payment(), ...more, by: by() });
  if (!ok) return say(output, false, json.message);
  say(output, json.status < 300, ...apiAnswer(order, json), json.answer["CreditCard Charged"] ? ` · ${json.answer["CreditCard Charged"]}` : "", again(json.status, (more) => repeat(order, more)));
  if (json.status === 402) asLongAs(output, order, "declined");
  refresh();
}

function repeat(order, more) {
  const submit = byId("pay").querySelector("button");
  // The button that was pressed goes with its answer.
  submit.focus({ preventScroll: true });
  busy(submit, () => pay(order, more));
}

async function refresh() {
  const charges = (await get("/console/recent?tab=charges")).json?.charges;
  const ledger = byId("ledger");
  if (!charges) return;
  if (charges.length === 0) return show(ledger, h("p", { class: "empty" }, "No payment yet."));
  const rows = charges.map((charge) =>
    h(
      "tr",
      {},
      h("td", {}, h("button", { type: "button", class: "link", onclick: () => open(charge.order) }, charge.order)),
      h(
        "td",
        {},
        h("span", { class: `stage ${charge.outcome === "charged" ? "paid" : "declined"}` }, charge.outcome),
        charge.kind ? ` ${charge.kind.toLowerCase()}` : "",
        h("small", {}, `${many(charge.requests, "request")} to ${charge.profile}`, charge.reference && `, its id ${charge.reference}`),
      ),
    ),
  );
  const head = h("tr", {}, ...["Order", "Outcome"].map((name) => h("th", { scope: "col" }, name)));
  show(ledger, h("table", {}, h("thead", {}, head), h("tbody", {}, rows)));
  refreshRoving();
}
