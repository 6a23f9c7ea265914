// Which card is sent: a test card by its name, which only the server turns into a number, or a number that somebody types. A
// typed number is taken out of its field at once, and leaves this page only as ciphertext. What cannot be a card's stays in its
// field, with a sentence about it.

import { apiAnswer } from "./answer.js";
import { whyNoExpiry, whyNoNumber } from "./card.js";
import { h, show } from "./dom.js";
import { encrypt } from "./jwe.js";
import { post } from "./server.js";
import { on } from "./store.js";

/** The typed fields, and what is wrong with each. */
const FIELDS = [["number", whyNoNumber], ["expiry", whyNoExpiry]];

/** Offers the cards in a form that has a select `card` and a place for the fields of a typed number. */
export function offerCards(form, changed = () => {}) {
  const typed = form.querySelector(".typed");
  const hint = `${form.id}-typed-hint`;
  const field = (name, words, more) => [
    h("label", {}, words, h("input", { name, autocomplete: "off", spellcheck: "false", "aria-describedby": `${wrongId(form, name)} ${hint}`, oninput: () => tellWrong(form, name, null), ...more })),
    h("p", { class: "wrong", id: wrongId(form, name), role: "alert" }),
  ];
  show(
    typed,
    field("number", "Number (not of a real card) ", { inputmode: "numeric", maxlength: 32 }),
    field("expiry", "Expiry date ", { placeholder: "MM/YY", maxlength: 5 }),
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

const wrongId = (form, name) => `${form.id}-${name}-wrong`;

/** Says what is wrong with a field, beside it; null for nothing. */
function tellWrong(form, name, why) {
  form.querySelector(`#${wrongId(form, name)}`).textContent = why ?? "";
  form.elements[name].setAttribute("aria-invalid", String(why !== null));
}

/** Whether what was typed can be a card, if one is typed. Otherwise each wrong field says why, and has the focus. */
export function isCard(form) {
  if (form.querySelector(".typed").hidden) return true;
  const wrong = FIELDS.filter(([name, why]) => {
    const found = why(form.elements[name].value);
    tellWrong(form, name, found);
    return found !== null;
  });
  if (wrong.length) form.elements[wrong[0][0]].focus();
  return wrong.length === 0;
}

/** Forgets what was typed. */
export function clear(form) {
  for (const [name] of FIELDS) {
    form.elements[name].value = "";
    tellWrong(form, name, null);
  }
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
