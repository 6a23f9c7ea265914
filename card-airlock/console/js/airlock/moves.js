// Everything that is on its way in the picture, moved together, once a frame. An animation of the browser's own for each
// would give each a layer of its own, and those above it too: hundreds of layers, a frame of half a second.

const moves = new Set();
let isRunning = false;

document.addEventListener("visibilitychange", () => document.hidden && finish());

/** How many things are on their way. */
export const moving = () => moves.size;

/** Calls `put` with the places on the way, once a frame; resolves when it is there. */
export function move(put, from, to, duration) {
  return new Promise((done) => {
    moves.add({ put, from, to, duration, done, begun: performance.now() });
    if (!isRunning) requestAnimationFrame(frame);
    isRunning = true;
  });
}

function frame(now) {
  for (const one of moves) {
    const part = Math.min(1, Math.max(0, (now - one.begun) / one.duration));
    one.put(between(one.from, one.to, eased(part)));
    if (part === 1) end(one);
  }
  isRunning = moves.size > 0;
  if (isRunning) requestAnimationFrame(frame);
}

/** A page that is hidden gets no frame: nothing may wait for one. */
function finish() {
  for (const one of moves) {
    one.put(one.to);
    end(one);
  }
}

function end(one) {
  moves.delete(one);
  one.done();
}

/** Slow at both ends. */
const eased = (part) => part * part * (3 - 2 * part);

const between = ([x, y], [toX, toY], part) => [x + (toX - x) * part, y + (toY - y) * part];
