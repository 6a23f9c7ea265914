// Commands to be pasted into a shell. They hold no token: the program makes one when they run.

import { by } from "./who.js";
import { store } from "./store.js";

const OPERATOR = "AWS_ACCESS_KEY_ID=operator AWS_SECRET_ACCESS_KEY=operator AWS_DEFAULT_REGION=us-east-1";

/** Asks the API for the order's status, as the user who is signed in. */
export function statusCommand(order) {
  return `curl -i ${quoted(`${location.origin}${store.state.api}/order/${encodeURIComponent(order)}`)} -H "Authorization: ${token()}"`;
}

/** Pays the order, as that user. */
export function payCommand(order, payment, key) {
  const body = JSON.stringify({ CustomerOrder: order, ...payment });
  const header = key ? ` -H ${quoted(`Idempotency-Key: ${key}`)}` : "";
  return `curl -i -X POST ${quoted(`${location.origin}${store.state.api}/paybill`)} -H "Authorization: ${token()}" -H 'Content-Type: application/json'${header} -d ${quoted(body)}`;
}

/** Reads one row, as an operator. */
export function rowCommand({ table, key }) {
  return `${OPERATOR} aws dynamodb get-item --endpoint-url ${store.state.aws} --table-name ${table} --key ${quoted(JSON.stringify(key))}`;
}

function token() {
  const { user, merchant } = by();
  return `$(card-airlock token --user ${quoted(user)}${merchant ? " --group billing" : ""})`;
}

/** As a shell takes it word for word. */
function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
