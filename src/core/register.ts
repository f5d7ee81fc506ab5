// The count of leaves in the register's Merkle log. Every decision is one, in the order of the journal; a seal fills up to a whole tile, so that
// the log grows with the clock whether or not anybody was written to. The log itself is the shell's: it follows from the journal.

/** `sealedAt`: when it was sealed last, ms; 0 before the first time. */
export type RegisterBook = { leaves: number; sealedAt: number }

export const newRegisterBook = (): RegisterBook => ({ leaves: 0, sealedAt: 0 })

/** Public sizes are multiples of this: the width of a tile (C2SP tlog-tiles). */
export const sealedLeaves = 256

export type RegisterSealed = {
  type: 'RegisterSealed'
  /** Leaves with the padding; a multiple of `sealedLeaves`. */
  size: number
  /** Leaves that stand for nothing, the last ones; at least one. */
  padding: number
  /** The key that the padding is made with, base64url; who has the journal can tell it from decisions, nobody else can. */
  salt: string
}

/** At least one leaf of padding: a log that stands still would say that nobody was written to. */
export function seal({ leaves }: RegisterBook, salt: string): RegisterSealed {
  const padding = sealedLeaves - (leaves % sealedLeaves)
  return { type: 'RegisterSealed', size: leaves + padding, padding, salt }
}
