// Where everything is in one column, the list comes before what is done with an order, and the faults are one closed line.

import { byId } from "./dom.js";

const ONE = matchMedia("(max-width: 1180px)");

export function start() {
  byId("faults").open = !ONE.matches;
  ONE.addEventListener("change", match);
  match();
}

/** In the document too: the keyboard goes where the eyes go. */
function match() {
  const pay = document.querySelector(".pay-it");
  if (ONE.matches) document.querySelector(".operate-it").before(pay);
  else document.querySelector(".left").append(pay);
}
