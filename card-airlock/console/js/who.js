// Who is signed in: what the page asks of the API, it asks as this user.

import { byId } from "./dom.js";

/** The user, and whether they are a merchant. */
export function by() {
  const { user, merchant } = byId("who").elements;
  return { user: user.value.trim(), merchant: merchant.checked };
}

export function start() {
  byId("who").addEventListener("submit", (event) => event.preventDefault());
}
