// Rows as they are stored.

import { rowCommand } from "../commands.js";
import { copyButton } from "../copy.js";
import { h } from "../dom.js";
import { conceal, known, reveal, whole } from "./whole.js";

const TABLES = [
  ["quarantine", "OrderQuarantineTable", "No row: the order is not in quarantine."],
  ["clean", "CustomerOrderTable", "No row: the order is not tokenized."],
  ["vault", "CreditCardTokenizerTable", "No row: no card of this order is in the vault."],
];
const SECRETS = ["SealedCard", "CandidateString", "DataKey"];
const TOKENS = ["CreditCardToken", "Hash_Key"];

export function rows({ rows, audit }) {
  const audited = audit.length ? audit : [null];
  return h(
    "div",
    { class: "rows" },
    TABLES.map(([name, title, absent]) => card(title, rows[name], absent, ["rows", name])),
    audited.map((row, index) => card("DetokenizeAuditTable", row, "No row: no card of this order was taken out of the vault.", ["audit", index])),
  );
}

function card(title, row, absent, path) {
  if (!row) return h("section", { class: "rowcard absent" }, h("h3", {}, title), h("p", { class: "hint" }, absent));
  const copy = async (words) => {
    const found = path.reduce((found, name) => found?.[name], await whole());
    return found ? words(found) : null;
  };
  return h(
    "section",
    { class: "rowcard" },
    h("div", { class: "row-head" }, h("h3", {}, title), h("div", { class: "copies" }, copyButton("Copy JSON", title, () => copy(({ item }) => JSON.stringify(item, null, 2))), copyButton("Copy aws", title, () => copy(rowCommand)))),
    attributes(row, [...path, "item"]),
  );
}

/** The attributes of one row or image; `path` leads to it in the document of whole values. */
export function attributes(row, path) {
  const entries = Object.entries(row).sort(([a], [b]) => a.localeCompare(b));
  return h("dl", { class: "attributes" }, entries.flatMap(([name, attribute]) => [h("dt", {}, name), h("dd", { class: "type" }, attribute.type), value(name, attribute, [...path, name])]));
}

function value(name, attribute, path) {
  const kind = SECRETS.includes(name) ? "secret" : TOKENS.includes(name) ? "tokenish" : null;
  const length = attribute.type === "B" ? h("small", {}, ` ${attribute.bytes} bytes, ${name === "DataKey" ? "wrapped by KMS" : "sealed"}`) : null;
  const all = known(path.join("/"), attribute);
  const shown = all ?? `${attribute.value}${attribute.cut ? "…" : ""}`;
  const more = attribute.cut ? h("button", { type: "button", class: "copy", "data-path": path.join("/"), "aria-label": all ? `Less of ${name}` : `The whole ${name}`, onclick: () => (all ? conceal(path) : reveal(path)) }, all ? "Less" : "Whole") : null;
  const copy = !attribute.cut || all ? copyButton("Copy", name, () => all ?? attribute.value) : null;
  return h("dd", { class: kind }, h("span", { class: "value" }, shown), length, " ", more, copy);
}
