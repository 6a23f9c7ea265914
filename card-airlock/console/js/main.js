// Wiring.

import { start as airlock } from "./airlock/airlock.js";
import { draw } from "./airlock/glyphs.js";
import { start as announce } from "./announce.js";
import { start as answers } from "./answer.js";
import { start as banner } from "./banner.js";
import { start as breakers } from "./break.js";
import { start as charts } from "./charts.js";
import { start as columns } from "./columns.js";
import { byId } from "./dom.js";
import { start as fix } from "./fix.js";
import { start as inside } from "./inside/inside.js";
import { start as live } from "./live.js";
import { start as numbers } from "./numbers.js";
import { start as operation } from "./operation.js";
import { start as orderActions } from "./order_actions.js";
import { start as orders } from "./orders/list.js";
import { start as panel } from "./panel.js";
import { start as parts } from "./parts.js";
import { start as pay } from "./pay.js";
import { start as place } from "./place.js";
import { start as processor } from "./processor.js";
import { start as reach } from "./reach.js";
import { followAddress } from "./store.js";
import { start as theme } from "./theme.js";
import { start as who } from "./who.js";

for (const legend of document.querySelectorAll(".legend .glyph")) draw(legend, legend.dataset.glyph);
for (const part of [theme, columns, answers, airlock, announce, banner, parts, numbers, charts, who, place, pay, processor, orders, inside, orderActions, panel, breakers, fix, operation, reach]) part();
// Its address would be that of an order.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("place-title").focus();
});
addEventListener("hashchange", followAddress);
if (location.hash) followAddress();
live();
