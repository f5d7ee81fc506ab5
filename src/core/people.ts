/**
 * Who is who, where a rule needs two people. Names come from the journal (`by`), so the comparison is the same on every replay; that two names of
 * the configuration are not one to the eye, and no two have one key, is checked where they are read (`src/config.ts`, `src/inbound/keys.ts`).
 */

/** Whoever has the key of TOCSIN_ADMIN_KEY. */
export const firstOperator = 'first operator'
/** Whoever may read the data directory on this machine; it holds the first operator's rights, so it is the first operator by another route. */
export const commandLine = 'command line'

const isFirst = (name: string): boolean => name === firstOperator || name === commandLine

/** Two names for one person: what one has proposed the other may not approve. */
export const isSamePerson = (a: string, b: string): boolean => a === b || (isFirst(a) && isFirst(b))

/** Names in the journal that are no person's, or somebody's already; no operator may be called so, whatever the case of the letters. */
const taken = [
  firstOperator,
  commandLine,
  'first application',
  'first cause source',
  'breaker',
  'config',
  'detector',
  'nobody',
  'tocsin',
]

export const isTakenName = (name: string): boolean => taken.includes(name.toLowerCase())
