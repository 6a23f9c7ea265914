// Rows as they are stored.

import { h } from "../dom.js";

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
    TABLES.map(([name, title, absent]) => card(title, rows[name], absent)),
    audited.map((row) => card("DetokenizeAuditTable", row, "No row: no card of this order was taken out of the vault.")),
  );
}

function card(title, row, absent) {
  return h("section", { class: row ? "rowcard" : "rowcard absent" }, h("h3", {}, title), row ? attributes(row) : h("p", { class: "hint" }, absent));
}

/** The attributes of one row or image. */
export function attributes(row) {
  const entries = Object.entries(row).sort(([a], [b]) => a.localeCompare(b));
  return h("dl", { class: "attributes" }, entries.flatMap(([name, attribute]) => [h("dt", {}, name), h("dd", { class: "type" }, attribute.type), value(name, attribute)]));
}

function value(name, attribute) {
  const kind = SECRETS.includes(name) ? "secret" : TOKENS.includes(name) ? "tokenish" : null;
  const length = attribute.type === "B" ? h("small", {}, ` ${attribute.bytes} bytes, ${name === "DataKey" ? "wrapped by KMS" : "sealed"}`) : null;
  return h("dd", { class: kind }, `${attribute.value}${attribute.cut ? "…" : ""}`, length);
}
