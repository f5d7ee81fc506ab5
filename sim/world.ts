import type { Surroundings } from '../src/engine/surroundings.ts'

/**
 * A world with a clock and an order of its own: everything that takes time is an event in one queue, and every choice comes from one seed. Two
 * runs of a seed are the same, step by step.
 */
export class World {
  /** Milliseconds since the world began. */
  now = 0
  readonly #random: () => number
  readonly #queue = new Queue()

  constructor(seed: number) {
    this.#random = generator(seed)
  }

  /** From 0 up to, and without, 1. */
  random(): number {
    return this.#random()
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  between(from: number, to: number): number {
    return from + this.#random() * (to - from)
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  after(ms: number, what: () => void): () => void {
    return this.#queue.add(this.now + ms, what)
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => void this.after(ms, resolve))
  }

  /** Lets everything happen that is due until then; whatever waits only for promises is done before the next event. */
  async run(until: number): Promise<void> {
    for (let next = this.#queue.take(until); next; next = this.#queue.take(until)) {
      this.now = Math.max(this.now, next.at)
      next.what()
      await new Promise(resolve => setImmediate(resolve))
    }
    this.now = Math.max(this.now, until)
  }
}

/** The life of a process. After its crash nothing that it began comes back to it, and no timer of its fires. */
export class Life {
  isAlive = true
  readonly #world: World
  readonly surroundings: Surroundings

  /** `wall` is what the machine's clock shows. */
  constructor(world: World, wall: () => number) {
    this.#world = world
    this.surroundings = {
      wall,
      // Reading the clock takes a moment, so that work which watches it comes to an end.
      monotonic: () => (world.now += readingMs),
      after: (ms, what) => world.after(ms, () => this.isAlive && what()),
      soon: what => void world.after(0, () => this.isAlive && what()),
    }
  }

  crash(): void {
    this.isAlive = false
  }

  /** What `act` does in the world, told after a while, if anyone is left to be told; it is done whether or not. */
  call<T>(act: () => Promise<T>, { requestMs, replyMs }: { requestMs: number; replyMs: number }): Promise<T> {
    return new Promise((resolve, reject) => {
      const tell = (how: () => void) => void this.#world.after(replyMs, () => this.isAlive && how())
      this.#world.after(requestMs, () => {
        act().then(
          result => tell(() => resolve(result)),
          error => tell(() => reject(error)),
        )
      })
    })
  }
}

const readingMs = 0.01

/** Numbers from 0 up to, and without, 1. Tommy Ettinger's mulberry32 (public domain): small, fast and good enough to choose. */
export function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Due = { at: number; order: number; what: (() => void) | undefined }

/** By time, and among equals by the order of adding: a binary heap. */
class Queue {
  readonly #heap: Due[] = []
  #order = 0

  add(at: number, what: () => void): () => void {
    const due: Due = { at, order: this.#order++, what }
    const heap = this.#heap
    heap.push(due)
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i]!, heap[parent]!)) break
      swap(heap, i, parent)
      i = parent
    }
    return () => {
      due.what = undefined
    }
  }

  take(until: number): { at: number; what: () => void } | undefined {
    for (let first = this.#heap[0]; first && first.at <= until; first = this.#heap[0]) {
      this.#removeFirst()
      const { at, what } = first
      if (what) return { at, what }
    }
    return undefined
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right
      if (least === i) return
      swap(heap, i, least)
      i = least
    }
  }
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

function swap(heap: Due[], a: number, b: number): void {
  const kept = heap[a]!
  heap[a] = heap[b]!
  heap[b] = kept
}
