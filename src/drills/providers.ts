import type { Random } from '../std/random.ts'
import { honestIn, resetBy } from './incident.ts'
import type { Person } from './people.ts'
import type { Scenario } from './scenario.ts'
import { type Stage, spans, usualFate } from './stage.ts'

const { second, minute } = spans
const theirs = { stop: false, headline: 'provider-fault' } as const

type Reported = { type: string; data: Record<string, unknown>; id: string }

const providerDuplicates: Scenario = {
  name: 'provider-duplicates',
  title: 'The provider delivers everything again and again',
  family: 'provider',
  row: 'P1',
  about:
    'What we send is as on any day, and each of it is delivered up to twenty times under the same id of the provider. People complain of copies that our records do not have.',
  defaults: { size: 5000 },
  expected: theirs,
  script: (stage, { size, perMinute }) => {
    const end = stage.begin()
    const random = stage.random('copies')
    const copies = Math.min(50, Math.max(2, Math.ceil(size / Math.max(10 * perMinute, 1))))
    let planned = 0
    let told = 0
    const copy = ({ type, data }: Reported): void => {
      stage.tell(type, data)
      if (told % 100 === 7) stage.tell('report.received', { kind: 'question', message: data.message })
      if (++told === size) end()
    }
    stage.at(stage.onset, () => {
      stage.faults.afterProvider = (type, data, id) => {
        if (type !== 'provider.delivered') return
        const more = Math.min(copies, size - planned)
        planned += more
        for (let i = 0; i < more; i++)
          stage.later(10 * second + random.exponential(2 * minute), () => copy({ type, data, id }))
      }
    })
  },
}

const webhookReplay: Scenario = {
  name: 'webhook-replay',
  title: 'The provider replays its reports, and bounces everything',
  family: 'provider',
  row: 'P2',
  about:
    'Ten reports come for every one, with ids that have been seen before, in all classes, and bounces among them for messages that had arrived. What we send is as on any day.',
  defaults: { size: 5000 },
  expected: theirs,
  script: (stage, { size, perMinute }) => {
    const end = stage.begin()
    const random = stage.random('replays')
    const copies = Math.max(10, Math.ceil(size / Math.max(20 * perMinute, 1)))
    let planned = 0
    let told = 0
    const replay = ({ type, data, id }: Reported, index: number): void => {
      const bounces = index % 5 === 4
      if (bounces) stage.tell('provider.bounced', data)
      else stage.tell(type, data, { id })
      if (++told === size) end()
    }
    stage.at(stage.onset, () => {
      stage.faults.afterProvider = (type, data, id) => {
        const more = Math.min(copies, size - planned)
        planned += more
        for (let i = 0; i < more; i++)
          stage.later(5 * second + random.exponential(minute), () => replay({ type, data, id }, i))
      }
    })
  },
}

/** Calls `end` after `size` messages of the background have been affected; says of each whether it is. */
function affecting(stage: Stage, size: number): () => boolean {
  const end = stage.begin()
  let left = size
  return () => {
    if (left <= 0) return false
    if (--left === 0) end()
    return true
  }
}

function askAgain(stage: Stage, person: Person, random: Random): void {
  const told = { label: honestIn('github-2024-late'), fate: usualFate, afterMs: 50 + 450 * random.uniform() }
  resetBy(stage, { person, trust: 'unknown', requester: stage.places.anybody(random) }, told)
}

const github: Scenario = {
  name: 'github-2024-late',
  title: 'Mails that arrive hours late',
  family: 'late',
  about:
    'Causes and messages are as on any day, and the provider reports their delivery up to two hours late. Nobody sees it in a rate, and people ask again.',
  anchor:
    'GitHub, 11 to 14 April 2024: reset and device mails up to two hours late, undetected for 68 h 51 min; 300 to 400 resets and 800 to 1,000 verifications failed (githubstatus.com/incidents/b6f4j9ljz9r6).',
  week: '2024-04-08',
  defaults: { size: 1200, hour: 89 },
  expected: theirs,
  script: (stage, { size }) => {
    const isAffected = affecting(stage, size)
    const random = stage.random('late')
    const settled = stage.begin()
    stage.at(stage.onset, () => {
      stage.faults.afterSend = ({ class: name, person }) => {
        if (name !== 'password-reset' || stage.faults.deliveryMs === undefined || !random.chance(0.3)) return
        stage.later(3 * minute + random.exponential(5 * minute), () => askAgain(stage, person, random))
      }
      stage.faults.deliveryMs = () => {
        if (isAffected()) return 20 * minute + 100 * minute * random.uniform()
        delete stage.faults.deliveryMs
        stage.later(90 * minute, settled)
        return 2 * second
      }
    })
  },
}

const goneSilent: Scenario = {
  name: 'class-gone-silent',
  title: 'Causes without messages',
  family: 'late',
  about:
    'People go on asking for resets, and after a deploy no message follows, for as long as the size lasts. Nothing wrongful is sent: what is missing must be noticed.',
  defaults: { size: 300 },
  expected: { stop: false, headline: 'notification-fault' },
  script: (stage, { size }) => {
    const isAffected = affecting(stage, size)
    stage.at(stage.onset - minute, () =>
      stage.change('deploy', 'notifications', { version: '2026.1.15', actor: 'delivery' }),
    )
    stage.at(stage.onset, () => {
      stage.faults.reroute = message => (message.class === 'password-reset' && isAffected() ? undefined : message)
    })
  },
}

export const providerFaults = [providerDuplicates, webhookReplay]
export const lates = [goneSilent]
export const documentedLates = [github]
