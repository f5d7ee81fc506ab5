/** A binary min-heap of ids by due time; ties go by insertion, so that the order is the same on every machine. */
type Item<T> = { due: number; turn: number; value: T }

export class Heap<T> {
  readonly #items: Item<T>[] = []
  #turn = 0

  get size(): number {
    return this.#items.length
  }

  push(due: number, value: T): void {
    const items = this.#items
    const item = { due, turn: this.#turn++, value }
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  /** The earliest, left in place. */
  peek(): { due: number; value: T } | undefined {
    return this.#items[0]
  }

  pop(): { due: number; value: T } | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (!top || !last || top === last) return top
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= items.length) break
      const right = left + 1
      const child = right < items.length && before(items[right]!, items[left]!) ? right : left
      if (!before(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return top
  }
}

const before = <T>(a: Item<T>, b: Item<T>): boolean => a.due < b.due || (a.due === b.due && a.turn < b.turn)
