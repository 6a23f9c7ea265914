// One thing that moves: an order, or a card on its own.

import { s } from "../dom.js";
import { draw } from "./glyphs.js";
import { move, moving } from "./moves.js";

const SPEED = 0.62; // units of the picture per millisecond
const MOST_STEPS = 8;
/** With more on their way nobody follows one, and each frame is for all of them. */
const MOST_MOVING = 24;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Capsule {
  #steps = 0;
  #tail = Promise.resolve();

  /** `chosen` is called on a click. */
  constructor(layer, at, glyph, title, chosen) {
    this.at = at;
    this.shape = s("g");
    this.group = s("g", { class: chosen ? "capsule" : "capsule ghost" }, s("circle", { class: "halo", r: 12 }), this.shape);
    if (title) this.group.append(s("title", {}, title));
    if (chosen) this.group.addEventListener("click", chosen);
    this.#put(at);
    this.become(glyph);
    layer.append(this.group);
  }

  become(glyph) {
    if (this.glyph === glyph) return;
    this.glyph = glyph;
    draw(this.shape, glyph);
  }

  /** Does something after the moves that are under way. */
  then(step) {
    this.#steps += 1;
    this.#tail = this.#tail.then(step).finally(() => (this.#steps -= 1));
    return this.#tail;
  }

  /** Moves to a place. */
  to(place) {
    return this.then(() => this.#glide(place));
  }

  /** Is there at once. */
  jump(place) {
    this.#put(place);
  }

  remove() {
    this.then(() => this.group.remove());
  }

  async #glide(to) {
    const from = this.at;
    const distance = Math.hypot(to[0] - from[0], to[1] - from[1]);
    this.at = to;
    // A hidden page, a person who wants no motion, or a page with too many moves, sees only the result.
    if (distance < 1 || still.matches || document.hidden || this.#steps > MOST_STEPS || moving() >= MOST_MOVING) return this.#draw(to);
    this.group.classList.add("moving");
    await move((place) => this.#draw(place), from, to, Math.min(650, Math.max(160, distance / SPEED)));
    this.group.classList.remove("moving");
  }

  #put(at) {
    this.at = at;
    this.#draw(at);
  }

  #draw([x, y]) {
    this.group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
  }
}
