// A list that is worked off in order shows in its recipients: each sorts after the one before. Kept by application and class, in memory only;
// after a restart the first message of each says nothing.

const streamsMax = 1024

export class RecipientOrder {
  readonly #last = new Map<string, string>()

  /** Whether the address sorts after the one before it in this stream; `undefined` for the first. */
  next(application: string, className: string, address: string): boolean | undefined {
    const key = `${application}\0${className}`
    const before = this.#last.get(key)
    if (before === undefined && this.#last.size === streamsMax) this.#last.delete(this.#last.keys().next().value!)
    this.#last.set(key, address)
    return before === undefined ? undefined : address > before
  }
}
