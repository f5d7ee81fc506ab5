// A list that is worked off in order shows in its recipients: each sorts after the one before. Kept by application and class, in memory only;
// after a restart the first message of each says nothing.

const streamsMax = 1024
/**
 * Who was written to among so many before says nothing and moves nothing: one address that is asked for again and again, early in the
 * alphabet, would make everybody else's message look as if it stood in order behind it.
 */
const recentMax = 16

export class RecipientOrder {
  readonly #streams = new Map<string, string[]>()

  /** Whether the address sorts after the one before it in this stream; `undefined` for the first, and for one that comes again. */
  next(application: string, className: string, address: string): boolean | undefined {
    const key = `${application}\0${className}`
    const recent = this.#streams.get(key)
    if (recent === undefined) {
      if (this.#streams.size === streamsMax) this.#streams.delete(this.#streams.keys().next().value!)
      this.#streams.set(key, [address])
      return undefined
    }
    if (recent.includes(address)) return undefined
    const before = recent.at(-1)!
    recent.push(address)
    if (recent.length > recentMax) recent.shift()
    return address > before
  }
}
