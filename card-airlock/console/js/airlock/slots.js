// Places in a room. When all are in use, the newest gets the place of the oldest. The count still says how many there are.

export class Slots {
  #taken = new Map();
  #layout;

  constructor({ x, y, columns, rows, pitch }) {
    this.#layout = { x, y, columns, size: columns * rows, pitch };
  }

  /** A place for `who`; `evict` is called with the one that loses its place, which is not `kept`. */
  take(who, evict, kept = null) {
    if (this.#taken.has(who)) return this.#at(this.#taken.get(who));
    if (this.#taken.size >= this.#layout.size) {
      const oldest = [...this.#taken.keys()].find((one) => one !== kept);
      this.leave(oldest);
      evict(oldest);
    }
    const used = new Set(this.#taken.values());
    let place = 0;
    while (used.has(place)) place += 1;
    this.#taken.set(who, place);
    return this.#at(place);
  }

  leave(who) {
    this.#taken.delete(who);
  }

  #at(place) {
    const { x, y, columns, pitch } = this.#layout;
    return [x + (place % columns) * pitch, y + Math.floor(place / columns) * pitch];
  }
}
