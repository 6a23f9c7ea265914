// One tab stop for many buttons: the arrow keys go from one to the next.

const KEYS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

/** Makes the buttons of a container that match one tab stop. Gives a function to be called when they are drawn again. */
export function roving(container, selector) {
  const all = () => [...container.querySelectorAll(selector)];
  const only = (chosen) => all().forEach((one) => one.setAttribute("tabindex", one === chosen ? "0" : "-1"));
  container.addEventListener("focusin", ({ target }) => target.matches(selector) && only(target));
  container.addEventListener("keydown", (event) => {
    if (!event.target.matches(selector)) return;
    const buttons = all();
    const to = { Home: 0, End: buttons.length - 1 }[event.key] ?? (event.key in KEYS ? buttons.indexOf(event.target) + KEYS[event.key] : null);
    if (to === null) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
  });
  return () => {
    const buttons = all();
    const focused = buttons.find((one) => one === document.activeElement);
    only(focused ?? buttons.find((one) => one.getAttribute("tabindex") === "0") ?? buttons[0]);
  };
}
