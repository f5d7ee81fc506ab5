// detect: what the detectors add to a decision, and what a stream costs. The same messages are decided with them looking and stopping nothing;
// what they do of it, looking and learning, is then timed alone, over the same streams.
import { detect as look } from '../src/core/detection.ts'
import { bytesOf } from '../src/core/detectors/watch.ts'
import type { MessageFacts, MessageId } from '../src/core/events.ts'
import { hourOf } from '../src/core/leases.ts'
import { followUp, takeIn } from '../src/core/observe.ts'
import { classOf, freshPolicy, type Policy } from '../src/core/policy.ts'
import type { Place } from '../src/core/scope.ts'
import type { Seen } from '../src/core/seen.ts'
import { newState, type State } from '../src/core/state.ts'
import { step } from '../src/core/step.ts'
import { type Hash64, nameHash } from '../src/std/hash64.ts'
import { environment, figures, type Options, type Report, tidy } from './report.ts'

const startedAt = Date.UTC(2026, 10, 2, 10)
const messagesPerRound = 100_000
const perMessageUsMax = 5
const perStreamBytesMax = 1024

type Timed = { us: number; state: State }

export async function detect({ rounds }: Options): Promise<Report> {
  const timed = Array.from({ length: rounds }, (_, round) => measure(round))
  const streams = timed.at(-1)!.state.streams.list
  const bytesPerStream = Math.max(...streams.map(({ watch }) => bytesOf(watch)))
  const added = figures(timed.map(({ us }) => us))
  return {
    name: 'detect',
    unit: 'µs of CPU a message',
    results: { tocsin: { ...added, detail: { streams: streams.length, bytesPerStream } } },
    ratios: {
      ofWhatIsAllowed: tidy(added.median / perMessageUsMax),
      ofBytesAllowed: tidy(bytesPerStream / perStreamBytesMax),
    },
    rounds,
    environment: await environment(),
  }
}

function policy(): Policy {
  const whole = freshPolicy()
  whole.detection = { ...whole.detection, softDays: 1e15, hardDays: 1e15 }
  whole.classes['password-reset']!.causes.requirement = 'expected'
  return whole
}

/** A class with a loaded baseline and history, so that every test looks; then the looking and learning alone. */
function measure(round: number): Timed {
  const state = newState()
  let position = 0
  const act = (command: Parameters<typeof step>[1], at: number) => step(state, command, { position: ++position, at })
  act({ type: 'ApplyPolicy', hash: 'bench', policy: policy(), by: 'config' }, startedAt)
  const ratePerHourOfWeek = new Array<number>(168).fill(7200)
  const signal = { key: nameHash('baseline'), occurredAt: startedAt, source: 'bench', ratePerHourOfWeek } as const
  act({ type: 'ReportSignal', signal: { kind: 'baseline', class: 'password-reset', ...signal } }, startedAt)
  const lease = {
    class: 'password-reset',
    lane: 'open',
    hour: hourOf(startedAt),
    messages: 1e9,
    epoch: 1,
    grant: 1,
  } as const
  act({ type: 'GrantLease', lease }, startedAt)
  const places = (['/web', '/app', ''] as const).map(
    source => ({ class: 'password-reset', lane: 'open', source, template: 'reset' }) as Place,
  )
  const ids = Array.from({ length: messagesPerRound }, (_, n) => idOf(n + round * messagesPerRound))
  const seens = Array.from(
    { length: 64 },
    (_, n): Seen => ({
      tested: 0b1_1111_0011,
      present: n % 16 === 0 ? 0b1_0000_0000 : 0,
      agent: n % 8,
      network: n % 32,
    }),
  )
  const policyOfClass = classOf(state.policy, 'password-reset')!
  const facts = messageFacts()
  // Time of this process, since other work on the machine is not what is measured.
  const from = process.cpuUsage()
  for (let n = 0; n < messagesPerRound; n++) {
    const now = startedAt + n * 500
    const [id, place, seen] = [ids[n]!, places[n % places.length]!, seens[n % seens.length]!]
    look(state, { facts, place, policy: policyOfClass, seen, isKept: false, now })
    takeIn(state, { id, place, seen, at: now })
    followUp(state, { id, place, at: now, askedAt: now, isRepeated: false })
  }
  const { user, system } = process.cpuUsage(from)
  const us = (user + system) / messagesPerRound
  return { us: tidy(us), state }
}

const idOf = (n: number): MessageId => `019bf000-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as MessageId

const messageFacts = (): MessageFacts => ({
  id: idOf(0),
  application: 'bench',
  class: 'password-reset',
  mailbox: nameHash('mailbox') as Hash64,
  address: nameHash('address'),
  bytes: 4096,
  commitment: 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k',
  sealed: { offset: 0, length: 4096, page: 0, slot: 0 },
  via: 'http',
})
