// The strip of numbers under the picture.

import { byId, h, show } from "./dom.js";
import { duration, many } from "./format.js";
import { on } from "./store.js";

export function start() {
  on("pulse", (pulse) => {
    const { counts, medianHeld } = pulse.orders;
    const [, [acceptedPerSecond, crossedPerSecond]] = pulse.speed;
    const across = counts.tokenized + counts.paying + counts.paid + counts.declined + counts.unknown;
    const tile = (title, value, small) => h("div", {}, h("dt", {}, title), h("dd", {}, String(value), h("small", {}, small)));
    const failed = Object.values(pulse.functions).reduce((sum, one) => sum + one.failed, 0);
    show(
      byId("numbers"),
      tile("Accepted", `${acceptedPerSecond.toFixed(1)}/s`, "over 10 s"),
      tile("In quarantine", counts.quarantine, pulse.givenUp.count ? `${pulse.givenUp.count} given up` : pulse.inWorker ? `${pulse.inWorker} in the worker` : "none in work"),
      tile("Held for", duration(medianHeld), "median"),
      tile("Across", across, `${crossedPerSecond.toFixed(1)}/s, ${counts.paid} paid`),
      tile("Parked", counts.failed + counts.expired, `${counts.expired} expired`),
      tile("Dead letters", pulse.letters, failed ? many(failed, "failed run") : pulse.letters ? "parked or given up" : "no failed run"),
    );
  });
}
