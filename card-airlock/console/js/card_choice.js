// Which card is sent: a test card by its name, which only the server turns into a number, or a number that somebody types. A
// typed number is taken out of its field at once, and leaves this page only as ciphertext.

import { apiAnswer } from "./answer.js";
import { h, show } from "./dom.js";
import { encrypt } from "./jwe.js";
import { post } from "./server.js";
import { on } from "./store.js";

/** Offers the cards in a form that has a select `card` and a place for the fields of a typed number. */
export function offerCards(form, changed = () => {}) {
  const typed = form.querySelector(".typed");
  const hint = `${form.id}-typed-hint`;
  show(
    typed,
    h("label", {}, "Number (not of a real card) ", h("input", { name: "number", inputmode: "numeric", maxlength: 32, autocomplete: "off", spellcheck: "false", "aria-describedby": hint })),
    h("label", {}, "Expiry date ", h("input", { name: "expiry", placeholder: "MM/YY", maxlength: 5, autocomplete: "off", spellcheck: "false" })),
    h("p", { class: "hint", id: hint }, "This page encrypts both for this one order, and only the worker can open them. The fields are cleared when you send them."),
  );
  on("state", ({ testCards }) => {
    if (form.card.options.length > 0) return;
    show(form.card, ...testCards.map(({ name, title }) => h("option", { value: name }, title)), h("option", { value: "" }, "a number that I type"));
  });
  form.card.addEventListener("change", () => {
    clear(form);
    typed.hidden = form.card.value !== "";
    form.number.required = !typed.hidden;
    changed(!typed.hidden);
  });
}

/** Forgets what was typed. */
export function clear(form) {
  form.number.value = form.expiry.value = "";
}

/** The card of the form, { testCard } or { typed }, or neither. Its fields are empty from now on. */
export function take(form) {
  const [number, expiry] = [form.number.value, form.expiry.value];
  clear(form);
  if (form.card.value) return { testCard: form.card.value };
  return number ? { typed: { CreditCard: number, ...(expiry ? { CardExpiry: expiry } : {}) } } : {};
}

/** What is sent of a card for a new order, which belongs to the user who places it. */
export const cardForNew = (card, order, by) => sent(card, order, { by });

/** What is sent of another card for an order. It is encrypted for the order's owner, whoever sends it. */
export const cardForAnother = (card, order, by) => sent(card, order, { by, order });

/** Gives { testCard } or { encryptedCard }; or { refusal }, words that say why nothing was sent. */
async function sent({ testCard, typed }, order, asked) {
  if (!typed) return { testCard };
  // For each card: the newest key, and the time of the stack, which can be ahead of the browser's.
  const { ok, json } = await post("/console/card-keys", asked);
  if (!ok) return { refusal: [json.message] };
  if (json.status !== 200) return { refusal: [...apiAnswer(order, json), ". The card was not sent: type it again later"] };
  const { owner: Owner, issuedAt: IssuedAt } = json;
  try {
    return { encryptedCard: await encrypt({ ...typed, CustomerOrder: order, Owner, IssuedAt }, json.answer.keys[0]) };
  } catch {
    return { refusal: ["This browser could not encrypt the card, so it was not sent"] };
  }
}
