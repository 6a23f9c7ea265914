// Buttons that copy.

import { byId, h } from "./dom.js";

/** A button that copies what `text` gives, which may take a moment. `what` says what it is, to who does not see it. */
export function copyButton(label, what, text) {
  const button = h("button", { type: "button", class: "copy", "aria-label": `${label}: ${what}` }, label);
  button.addEventListener("click", () => copy(button, label, what, text));
  return button;
}

async function copy(button, label, what, text) {
  const words = await written(text);
  byId("announcer").textContent = `${what}: ${words}`;
  button.textContent = words;
  setTimeout(() => (button.textContent = label), 1500);
}

async function written(text) {
  try {
    const words = await text();
    if (words === null) return "Not there now";
    await navigator.clipboard.writeText(words);
    return "Copied";
  } catch {
    return "The browser refused";
  }
}
