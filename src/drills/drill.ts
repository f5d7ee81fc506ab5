import { abuses, documentedAbuses } from './abuse.ts'
import { breaches } from './breaches.ts'
import { bugs } from './bugs.ts'
import { documented } from './documented.ts'
import { january2026 } from './january-2026.ts'
import { legitimates } from './legitimate.ts'
import { documentedLates, lates, providerFaults } from './providers.ts'
import { type Drill, drillOf, mixtureOf } from './scenario.ts'

export type { Parameters } from './parameters.ts'
export { type Drill, type Family, type Headline, mixtureOf } from './scenario.ts'

const single = [
  ...bugs,
  ...abuses,
  ...breaches,
  ...legitimates,
  ...providerFaults,
  ...lates,
  ...january2026,
  ...documented,
  ...documentedAbuses,
  ...documentedLates,
].map(drillOf)

/** The drill of that name among those that are not mixtures. */
function named(name: string): Drill {
  const drill = single.find(candidate => candidate.name === name)
  if (drill === undefined) throw new Error(`there is no drill named ${name}`)
  return drill
}

const mixtures = [
  mixtureOf(named('credential-stuffing'), named('product-launch'), {
    name: 'stuffing-during-launch',
    title: 'Passwords are tried while a launch brings a crowd',
    about:
      'Stolen passwords are tried under cover of a surge that is legitimate. Neither the alerts nor the resets of the crowd may be stopped, and the attack must be told from it.',
    expected: { stop: false, headline: 'credential-attack' },
  }),
  mixtureOf(named('wrong-recipient-query'), named('spoof-wave'), {
    name: 'fault-and-spoof',
    title: 'A fault of ours, and forged mails at the same time',
    about:
      'A filter that matches everybody sends genuine mails, and forgers use the confusion. Reports name messages of ours, or none.',
    expected: { stop: true, headline: 'notification-fault' },
  }),
  mixtureOf(named('regional-recovery'), named('replayed-queue'), {
    name: 'recovery-and-replay',
    title: 'A region comes back, and the queue of its outage with it',
    about:
      'People of a region all ask at once after an outage, and the jobs that were left over from it are played again. The people must be served, and the old jobs must not go.',
    family: 'bug',
    expected: { stop: true, headline: 'notification-fault' },
  }),
]

/** Every drill, by name: `npx tocsin drill NAME`. */
export const drills: readonly Drill[] = [...single, ...mixtures]
