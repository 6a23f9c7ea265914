// The processor's format that payments go to, and whether a merchant is shown a card.

import { asking, say } from "./answer.js";
import { byId, h, show } from "./dom.js";
import { post } from "./server.js";
import { on } from "./store.js";

export function start() {
  const select = byId("processor");
  on("state", ({ processor, reveals }) => {
    byId("reveals").hidden = !reveals;
    draw(processor);
  });
  on("processor", draw);
  select.addEventListener("change", async () => {
    asking(byId("paid"));
    const { ok, json } = await post("/console/processor", { profile: select.value });
    if (!ok) return say(byId("paid"), false, json.message);
    say(byId("paid"), true, `Payments go to ${json.chosen} from now on.`);
  });
}

function draw({ all, chosen, fixed }) {
  const select = byId("processor");
  if (select.options.length === 0) show(select, ...all.map((name) => h("option", { value: name }, name)));
  select.value = chosen;
  select.disabled = fixed;
}
