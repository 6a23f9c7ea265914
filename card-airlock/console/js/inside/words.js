// What the words of the page mean, where there is no order to be shown.

import { h } from "../dom.js";

const WORDS = [
  ["In quarantine", "the card is sealed, and the order waits for the worker."],
  ["Given up for now", "Lambda’s tries with the worker are used up, mostly because something is broken. The sweep starts the order again, without anybody’s help."],
  ["Parked", "the worker found that the order cannot cross as it is, and said why. It waits for a person."],
  ["Dead letter", "a message in the queue, with ids or positions only: one for each parked order, and one for each batch that Lambda gave up."],
  ["Across", "the card is in the vault, and the order has a token in place of it."],
  ["KMS", "AWS’s service for keys. Without it no new card is sealed, and none is opened."],
];

export function words() {
  return h("section", {}, h("h3", {}, "What the words mean"), h("dl", { class: "words" }, WORDS.map(([word, means]) => h("div", {}, h("dt", {}, word), h("dd", {}, means)))));
}
