// The traces of an order: stream records, dead letters, events, log lines, AWS calls.

import { h } from "../dom.js";
import { duration, many, moment, precisely } from "../format.js";
import { machineClock } from "../store.js";
import { fieldsOf, passes } from "./log_filter.js";
import { attributes } from "./rows.js";

const empty = (words) => h("p", { class: "empty" }, words);
const list = (items) => h("ul", { class: "trace" }, items);
const item = (time, ...what) => h("li", {}, h("time", {}, time), h("div", { class: "what" }, ...what));

export function stream({ stream }) {
  if (!stream) return empty("Choose an order to see its stream records.");
  if (stream.length === 0) return empty("The quarantine’s stream has no record of this order.");
  return list(
    stream.map((record, index) =>
      item(
        moment(record.at * 1000),
        h("b", {}, record.event),
        ` ${[record.before ?? "no row", record.after ?? "no row"].join(" → ")}`,
        record.byTtl ? h("span", { class: "bad" }, " by TTL") : null,
        h("div", { class: "fields" }, `sequence ${record.sequence.replace(/^0+(?=\d)/, "")}`),
        image("Old image", record.old, ["stream", index, "old"]),
        image("New image", record.new, ["stream", index, "new"]),
      ),
    ),
  );
}

function image(title, row, path) {
  return row ? h("details", {}, h("summary", {}, title), attributes(row, path)) : null;
}

export function letters({ letters }, chosen) {
  if (letters.length === 0) return empty(chosen ? "No dead letter names this order." : "The dead-letter queue is empty.");
  return list(letters.map(letter));
}

function letter({ body, received, queue }) {
  const positions = body.DDBStreamBatchInfo;
  const title = positions
    ? [h("span", { class: "warn" }, body.requestContext?.condition ?? "given up"), ` ${positions.batchSize} stream records, positions only`]
    : [h("span", { class: "bad" }, body.Kind), ` ${body.CustomerOrder ?? "an order without id"}${body.Reason ? `: ${body.Reason}` : ""}`];
  const at = positions ? body.timestamp : body.At;
  const json = h("details", {}, h("summary", {}, "The message"), h("pre", { class: "fields" }, JSON.stringify(body, null, 2)));
  return item(at ? moment(Date.parse(at)) : "", ...title, h("div", { class: "fields" }, `${queue}${received ? `, received ${received}×` : ""}`), json);
}

export function events({ events }, chosen) {
  if (events.length === 0) return empty(chosen ? "No event of this order is on the bus." : "There is no event on the bus yet.");
  return list(events.toReversed().map(event));
}

function event({ bus, number, envelope }) {
  const { Status, PaymentStatus, Reason, At } = envelope.detail;
  const states = [Status, PaymentStatus && `payment ${PaymentStatus}`, Reason].filter(Boolean).join(", ");
  const json = h("details", {}, h("summary", {}, "The event"), h("pre", { class: "fields" }, JSON.stringify(envelope, null, 2)));
  return item(moment(Date.parse(At)), h("b", {}, envelope["detail-type"]), ` ${envelope.detail.CustomerOrder}`, h("div", { class: "fields" }, `${states} · number ${number} of ${bus}`), json);
}

export function log({ log }, chosen) {
  if (log.length === 0) return empty(chosen ? "No log line names this order." : "There is no log line yet.");
  const lines = log.filter(passes);
  if (lines.length === 0) return empty(`None of ${many(log.length, "line")} passes the filter.`);
  const items = lines.toReversed().map((line) => {
    const kind = { ERROR: "bad", WARN: "warn" }[line.level];
    return item(precisely(line.at), h("span", { class: "level" }, line.level), " ", h("span", { class: kind }, line.message), h("div", { class: "fields" }, `${line.target} ${fieldsOf(line)}`));
  });
  return h("div", {}, h("p", { class: "cost" }, `Newest first, ${machineClock()}.`), list(items));
}

export function calls({ calls }, chosen) {
  if (calls.length === 0) return empty("There is no AWS call yet.");
  return h("div", {}, h("p", { class: "cost" }, `${chosen ? "This order" : "The latest"}: ${costs(calls)}. Newest first, ${machineClock()}.`), list(calls.toReversed().map(call)));
}

/** Its own calls by service, and its share of those that it shares with other orders. */
function costs(calls) {
  const own = new Map();
  let shared = 0;
  let share = 0;
  for (const { service, among } of calls) {
    if (among === 1) own.set(service, (own.get(service) ?? 0) + 1);
    else {
      shared += 1;
      share += 1 / among;
    }
  }
  const ownWords = [...own].map(([service, count]) => `${count} ${service}`).join(", ");
  return [ownWords && `${ownWords} of its own`, shared && `a share of ${share.toFixed(2)} of ${many(shared, "shared call")}`].filter(Boolean).join(", and ");
}

const SHARE = {
  own: (orders) => `one transaction of ${orders} orders`,
  batch: (orders) => `for the key batch of ${orders} orders`,
  "one-of": (orders) => `for one of ${orders} orders in the worker`,
};

function call(call) {
  const outcome = call.outcome === "ok" ? h("span", { class: "good" }, "ok") : h("span", { class: call.onPurpose ? "warn" : "bad" }, call.outcome);
  const facts = [call.role, call.purpose && `for ${call.purpose}`, call.resources.join(" + "), call.among > 1 && SHARE[call.relation](call.among), call.onPurpose && "injected fault"];
  return item(precisely(call.at), h("b", {}, `${call.service} ${call.operation}`), " ", outcome, ` ${duration(call.microseconds / 1000)}`, h("div", { class: "fields" }, facts.filter(Boolean).join(" · ")));
}
