// Tabs, which the usual keys control.

import { byId, h, show } from "../dom.js";

/** `tabs` is [{ name, title, count, draw }]; gives a function that draws them again. */
export function tabs(first) {
  let selected = first;
  let latest = [];
  const draw = () => {
    const focused = byId("tabs").contains(document.activeElement);
    show(byId("tabs"), ...latest.map((tab) => button(tab, tab.name === selected)));
    const current = latest.find((tab) => tab.name === selected);
    const panel = byId("tab");
    const top = panel.scrollTop;
    const open = new Set([...panel.querySelectorAll("details")].flatMap((one, index) => (one.open ? [index] : [])));
    panel.setAttribute("aria-labelledby", `tab-${selected}`);
    show(panel, current.draw());
    panel.querySelectorAll("details").forEach((one, index) => (one.open = open.has(index)));
    panel.scrollTop = top;
    if (focused) byId(`tab-${selected}`).focus();
  };
  const select = (name) => {
    selected = name;
    byId("tab").replaceChildren();
    draw();
  };
  const button = ({ name, title, count }, isSelected) =>
    h(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "tab", "aria-selected": String(isSelected), tabindex: isSelected ? "0" : "-1", onclick: () => select(name) },
      title,
      count == null ? null : h("span", { class: "n" }, count),
    );
  byId("tabs").addEventListener("keydown", (event) => {
    const place = latest.findIndex((tab) => tab.name === selected);
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: latest.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(latest[(to + latest.length) % latest.length].name);
    byId(`tab-${selected}`).focus();
  });
  return (next) => {
    latest = next;
    draw();
  };
}
