// Tabs, which the usual keys control.

import { byId, h, show } from "../dom.js";
import { chooseTab, store } from "../store.js";

/** Gives a function that draws tabs, [{ name, title, count, draw }]; `fetch` is called for a newly selected tab. */
export function tabs(fetch) {
  let latest = [];
  const draw = () => {
    const focused = byId("tabs").contains(document.activeElement);
    show(byId("tabs"), ...latest.map((tab) => button(tab, tab.name === store.tab)));
    const current = latest.find((tab) => tab.name === store.tab);
    const panel = byId("tab");
    const top = panel.scrollTop;
    const open = new Set([...panel.querySelectorAll("details")].flatMap((one, index) => (one.open ? [index] : [])));
    panel.setAttribute("aria-labelledby", `tab-${store.tab}`);
    show(panel, current.draw());
    panel.querySelectorAll("details").forEach((one, index) => (one.open = open.has(index)));
    panel.scrollTop = top;
    if (focused) byId(`tab-${store.tab}`).focus();
  };
  const select = (name) => {
    if (store.tab === name) return;
    chooseTab(name);
    byId("tab").replaceChildren();
    show(byId("tabs"), ...latest.map((tab) => button(tab, tab.name === store.tab)));
    fetch();
  };
  const button = ({ name, title, count }, isSelected) =>
    h(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "tab", "aria-selected": String(isSelected), tabindex: isSelected ? "0" : "-1", onclick: () => select(name) },
      title,
      count == null ? null : h("span", { class: "n" }, count),
    );
  byId("tabs").addEventListener("keydown", (event) => {
    const place = latest.findIndex((tab) => tab.name === store.tab);
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: latest.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(latest[(to + latest.length) % latest.length].name);
    byId(`tab-${store.tab}`).focus();
  });
  return (next) => {
    latest = next;
    draw();
  };
}
