/** One that takes part in a benchmark: Tocsin, or a peer it is measured against. */
export interface Contestant<Running> {
  name: string
  /** What it is and how it is set up, for the reader of the figures. */
  about: string
  /** Installs what is missing where that is possible. Returns why it cannot take part, or nothing. */
  absence: () => Promise<string | undefined>
  start: (at: Surroundings) => Promise<Running>
}

export interface Surroundings {
  /** Empty, its own, on a real disk; removed after the turn. */
  directory: string
  /** Where mail is to be delivered, on the loopback. */
  sinkPort: number
}

export interface Relay {
  smtpPort: number
  /** The roots of the process trees whose CPU and memory are its own. */
  roots: () => number[]
  stop: () => Promise<void>
}

export type RelayContestant = Contestant<Relay>

/** Who cannot take part, and why: reported, never a failure. */
export async function present<Running>(contestants: Contestant<Running>[]) {
  const here: Contestant<Running>[] = []
  const absent: Record<string, string> = {}
  for (const contestant of contestants) {
    const reason = await contestant.absence().catch((error: Error) => error.message)
    if (reason === undefined) here.push(contestant)
    else absent[contestant.name] = reason
  }
  return { here, absent }
}
