// Wiring.

import { start as airlock } from "./airlock/airlock.js";
import { draw } from "./airlock/glyphs.js";
import { start as breakers } from "./break.js";
import { start as inside } from "./inside/inside.js";
import { connect } from "./live.js";
import { start as fix } from "./fix.js";
import { start as numbers } from "./numbers.js";
import { start as orders } from "./orders.js";
import { start as pay } from "./pay.js";
import { start as place } from "./place.js";
import { choose, inAddress } from "./store.js";

for (const legend of document.querySelectorAll(".legend .glyph")) draw(legend, legend.dataset.glyph);
for (const part of [airlock, numbers, place, pay, orders, inside, breakers, fix]) part();
const fromAddress = () => choose(inAddress());
addEventListener("hashchange", fromAddress);
if (location.hash) fromAddress();
connect();
