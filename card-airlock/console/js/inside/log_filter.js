// Which log lines are shown: those of a level or worse, with a text in them.

import { byId } from "../dom.js";
import { store } from "../store.js";

const LEVELS = ["ERROR", "WARN", "INFO"];

/** Calls `changed` when another filter is set. */
export function start(changed) {
  byId("log-filter").addEventListener("input", changed);
  byId("log-filter").addEventListener("submit", (event) => event.preventDefault());
}

/** The filter is there when the log is. */
export function show() {
  byId("log-filter").hidden = store.tab !== "log";
}

export function passes(line) {
  const { level, text } = byId("log-filter").elements;
  const words = `${line.level} ${line.message} ${line.target} ${fieldsOf(line)}`.toLowerCase();
  return LEVELS.indexOf(line.level) <= LEVELS.indexOf(level.value) && words.includes(text.value.trim().toLowerCase());
}

/** The fields of a line as a person reads them. */
export const fieldsOf = (line) => Object.entries(line.fields).map(([name, value]) => `${name}=${value}`).join(" ");
