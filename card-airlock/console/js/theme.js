// Light, dark, or as the system has it. Only the word is kept, for the next visit.

import { byId } from "./dom.js";

const KEPT = "theme";
const THEMES = ["system", "light", "dark"];

export function start() {
  const select = byId("theme");
  const kept = localStorage.getItem(KEPT);
  select.value = THEMES.includes(kept) ? kept : THEMES[0];
  const use = () => (document.documentElement.dataset.theme = select.value);
  select.addEventListener("change", () => {
    localStorage.setItem(KEPT, select.value);
    use();
  });
  use();
}
