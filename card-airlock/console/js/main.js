// Wiring.

import { start as airlock } from "./airlock/airlock.js";
import { draw } from "./airlock/glyphs.js";
import { start as banner } from "./banner.js";
import { start as breakers } from "./break.js";
import { start as inside } from "./inside/inside.js";
import { connect } from "./live.js";
import { start as fix } from "./fix.js";
import { start as numbers } from "./numbers.js";
import { start as orders } from "./orders.js";
import { start as panel } from "./panel.js";
import { start as parts } from "./parts.js";
import { start as pay } from "./pay.js";
import { start as place } from "./place.js";
import { followAddress } from "./store.js";

for (const legend of document.querySelectorAll(".legend .glyph")) draw(legend, legend.dataset.glyph);
for (const part of [airlock, banner, parts, numbers, place, pay, orders, inside, panel, breakers, fix]) part();
addEventListener("hashchange", followAddress);
if (location.hash) followAddress();
connect();
