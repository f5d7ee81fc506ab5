// No relay at all: what the generator and the sink do between themselves, which is the ceiling of every relay.
import type { RelayContestant } from '../contestant.ts'

export const none: RelayContestant = {
  name: 'none',
  about: 'source to sink, no relay between',
  absence: async () => undefined,
  start: async ({ sinkPort }) => ({ smtpPort: sinkPort, roots: () => [], stop: async () => {} }),
}
