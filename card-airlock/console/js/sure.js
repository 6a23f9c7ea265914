// A button for what cannot be undone: the first press asks, the second one does it. Until then it can be cancelled, by a
// button beside it, by Escape, or by going somewhere else.

import { h } from "./dom.js";

/** Calls `action` when the button is pressed twice. Gives a function that makes it ask again. */
export function sure(button, action) {
  const words = button.textContent;
  const cancel = h("button", { type: "button", class: "cancel", "aria-label": `Cancel: ${words}`, hidden: true }, "Cancel");
  button.after(cancel);
  const isAsking = () => "sure" in button.dataset;
  const calm = () => {
    delete button.dataset.sure;
    button.textContent = words;
    cancel.hidden = true;
  };
  const leave = () => {
    button.focus();
    calm();
  };
  button.addEventListener("click", () => {
    if (isAsking()) {
      calm();
      return action();
    }
    button.dataset.sure = "";
    button.textContent = `${words}? Press again`;
    cancel.hidden = false;
  });
  cancel.addEventListener("click", leave);
  for (const one of [button, cancel]) {
    one.addEventListener("blur", ({ relatedTarget }) => isAsking() && ![button, cancel].includes(relatedTarget) && calm());
    one.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !isAsking()) return;
      // The panel stays open.
      event.stopPropagation();
      leave();
    });
  }
  return calm;
}
