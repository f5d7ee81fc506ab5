type Entry = { at: number; order: number; act: () => void }

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** What is to be done when, the earliest first and what was added first among equals: a binary heap, which holds only what is still to come. */
export class Agenda {
  readonly #heap: Entry[] = []
  #added = 0

  get size(): number {
    return this.#heap.length
  }

  add(at: number, act: () => void): void {
    const heap = this.#heap
    const entry = { at, order: this.#added++, act }
    let place = heap.length
    heap.push(entry)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = entry
  }

  /** The instant of the earliest, or `undefined` when there is nothing. */
  next(): number | undefined {
    return this.#heap[0]?.at
  }

  /** Takes the earliest out. There must be one. */
  take(): () => void {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first.act
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let place = 0
    while (true) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, entry)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = entry
  }
}
