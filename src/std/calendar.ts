/**
 * What falls due when: ids in slots of a fixed length, each id in one slot. Adding and removing cost the same however many there are, so an
 * entry whose reason has gone leaves at once instead of waiting for its time. Nothing comes out early; at most one slot late.
 * Within a slot the order is that of adding.
 */
export class Calendar<T> {
  readonly #slotMs: number
  readonly #slots = new Map<number, Set<T>>()
  /** The first slot that may hold something. */
  #first = Number.POSITIVE_INFINITY

  constructor({ slotMs }: { slotMs: number }) {
    this.#slotMs = slotMs
  }

  add(due: number, id: T): void {
    const slot = Math.ceil(due / this.#slotMs)
    const ids = this.#slots.get(slot)
    if (ids) ids.add(id)
    else this.#slots.set(slot, new Set([id]))
    if (slot < this.#first) this.#first = slot
  }

  /** `due` as it was given to `add`. */
  remove(due: number, id: T): void {
    const slot = Math.ceil(due / this.#slotMs)
    const ids = this.#slots.get(slot)
    if (!ids?.delete(id) || ids.size > 0) return
    this.#slots.delete(slot)
    if (slot === this.#first) this.#first = this.#earliest()
  }

  /** The instant at which something comes out, or `undefined` when there is nothing. */
  next(): number | undefined {
    return this.#first === Number.POSITIVE_INFINITY ? undefined : this.#first * this.#slotMs
  }

  /** Whether `take` would give something. */
  isDue(now: number): boolean {
    return this.#first * this.#slotMs <= now
  }

  /** Everything that is in it, in no order that matters. */
  *all(): Generator<T> {
    for (const ids of this.#slots.values()) yield* ids
  }

  /** Takes out up to `limit` ids that are due. */
  take(now: number, limit: number): T[] {
    const taken: T[] = []
    while (this.#first * this.#slotMs <= now && taken.length < limit) {
      const ids = this.#slots.get(this.#first)!
      for (const id of ids) {
        if (taken.length === limit) return taken
        ids.delete(id)
        taken.push(id)
      }
      this.#slots.delete(this.#first)
      this.#first = this.#earliest()
    }
    return taken
  }

  /** Slots are few: those between now and the longest life in it, most of them empty. */
  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const slot of this.#slots.keys()) if (slot < earliest) earliest = slot
    return earliest
  }
}
