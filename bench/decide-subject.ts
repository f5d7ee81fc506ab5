// What `decide` measures: the core's decide and fold over a state that has seen a number of mailboxes.

export interface Subject {
  /** Decides one more message to the mailbox of that number and folds the events, the clock going on by a little each time. */
  decide: (mailbox: number) => void
}

/** The core with `mailboxes` to come. Called in a fresh process. */
export function subject(_mailboxes: number): Subject {
  throw new Error('the core is not wired to this benchmark yet')
}
