/**
 * Room for a bounded number of things at a time, given out in the order of asking. Whoever asks for more than there is in all gets it when
 * nobody else has any.
 */
export class Room {
  readonly #max: number
  #taken = 0
  readonly #waiting: { count: number; enter(): void }[] = []

  constructor(max: number) {
    this.#max = max
  }

  async take(count: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(count)) {
      this.#taken += count
      return
    }
    await new Promise<void>(enter => void this.#waiting.push({ count, enter }))
  }

  give(count: number): void {
    this.#taken -= count
    for (let next = this.#waiting[0]; next && this.#fits(next.count); next = this.#waiting[0]) {
      this.#taken += next.count
      this.#waiting.shift()
      next.enter()
    }
  }

  #fits(count: number): boolean {
    return this.#taken === 0 || this.#taken + count <= this.#max
  }
}
