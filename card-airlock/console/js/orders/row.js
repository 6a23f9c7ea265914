// One order as a row of the list.

import { h } from "../dom.js";
import { duration, held, mask, minute, moment, stageWords } from "../format.js";
import { open } from "../panel.js";
import { now, store } from "../store.js";

/** A row, and a function that brings it up to date in place. */
export function row(id) {
  const name = h("button", { type: "button", class: "link", "data-order": id, tabindex: "-1", onclick: () => open(id) }, id);
  const cells = [h("td", {}, name), ...[0, 1, 2, 3, 4].map(() => h("td"))];
  const element = h("tr", {}, cells);
  const drawn = [];
  const update = (order) => {
    const isChosen = id === store.chosen;
    element.classList.toggle("chosen", isChosen);
    name.setAttribute("aria-pressed", String(isChosen));
    const contents = [...stage(order), mask(order), order.stage === "expired" ? "–" : duration(held(order, now())), order.acceptedAt ? moment(Date.parse(order.acceptedAt)) : "", order.attempt ?? ""];
    fill(cells[1], contents.slice(0, 3), drawn, 1);
    contents.slice(3).forEach((text, index) => fill(cells[index + 2], [text], drawn, index + 2));
  };
  cells[2].className = "mono";
  return { element, update };
}

/** A state: its class, its words, a note. */
function stage(order) {
  const againBy = order.stage === "quarantine" && store.givenUp.get(order.id);
  if (againBy) return ["stage quarantine givenup", "given up", ` taken up again by ${minute(againBy)}`];
  const { reason, forgottenAt, replacement } = order;
  const notes = [reason, forgottenAt && "card forgotten", replacement && `another card: ${replacement}`].filter(Boolean);
  return [`stage ${order.stage}`, stageWords(order.stage), notes.length ? ` ${notes.join(", ")}` : ""];
}

/** Only what is new is drawn. */
function fill(cell, contents, drawn, place) {
  const words = contents.join("\n");
  if (drawn[place] === words) return;
  drawn[place] = words;
  if (contents.length === 1) cell.textContent = contents[0];
  else cell.replaceChildren(h("span", { class: contents[0] }, contents[1]), h("small", {}, contents[2]));
}
