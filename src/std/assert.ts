/** A fault of ours: what must hold does not. The unit that asserts stops; the journal stays intact. */
export function assert(condition: unknown, whatMustHold: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${whatMustHold}`)
}

/** For a switch over a union: a new member fails to compile here, and one that arrives at run time stops the unit. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unknown case ${JSON.stringify(value)}`)
}
