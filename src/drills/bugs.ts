import { instantText } from '../std/instant.ts'
import { massSend, meantIn, wrongfulIn } from './incident.ts'
import { anyAgent } from './places.ts'
import type { Scenario } from './scenario.ts'
import { ignoredFate, type Message, type Stage, spans, usualFate } from './stage.ts'

const { second, minute, hour, day } = spans
const fault = { stop: true, headline: 'notification-fault' } as const

/** What a copy of a message carries: the same in everything but its own id. */
const copyOf = (message: Message, data: Record<string, unknown>, label: Message['label']): Message => ({
  ...message,
  label,
  fate: ignoredFate,
  data: { ...data },
})

const retryStorm: Scenario = {
  name: 'retry-storm',
  title: 'Retries after time-outs that were none',
  family: 'bug',
  row: 'B1',
  about:
    'The provider accepts, the mailer hears nothing and sends again: twice as many copies every five seconds, up to 200 of each message. All copies have the key and the cause of their original.',
  anchor: 'ory/kratos#3399: an HTTP 202 was taken for a failure, and six mails went. SafeBase 2023 for the loop.',
  defaults: { size: 10_000 },
  expected: fault,
  script: (stage, { size, perMinute }) => {
    const end = stage.begin()
    const copiesOfEach = Math.min(200, Math.max(2, Math.ceil(size / Math.max(5 * perMinute, 1))))
    let planned = 0
    let sent = 0
    const copy = (message: Message, data: Record<string, unknown>): void => {
      stage.send(copyOf(message, data, wrongfulIn('retry-storm')))
      if (++sent === size) end()
    }
    stage.at(stage.onset, () => {
      stage.faults.afterSend = (message, _, data) => {
        if (message.class !== 'password-reset') return
        const copies = Math.min(copiesOfEach, size - planned)
        planned += copies
        for (let i = 0; i < copies; i++) {
          const wave = 31 - Math.clz32(i + 1)
          stage.later((wave + 1) * 5 * second + 20 * i, () => copy(message, data))
        }
      }
    })
  },
}

const wrongRecipientQuery: Scenario = {
  name: 'wrong-recipient-query',
  title: 'A filter that matches everybody',
  family: 'bug',
  row: 'B2',
  about:
    'One person asks for a reset; the look-up gets an empty filter, matches all accounts, and the mailer loops over them in the order of their ids. Every message names the one request as its cause.',
  anchor:
    '17hats, status page vvfn8x3b09lk: empty JSON objects matched all logins, and the code looped over the results.',
  defaults: { size: 20_000, perSecond: 200 },
  expected: fault,
  script: (stage, parameters) => {
    const random = stage.random('one request')
    let cause: string | undefined
    massSend(stage, parameters, {
      label: wrongfulIn('wrong-recipient-query'),
      class: 'password-reset',
      to: index => stage.people.at(index),
      cause: person => {
        cause ??= stage.ask(person, { trust: 'unknown', requester: stage.places.anybody(random) })
        return cause
      },
    })
  },
}

const logicInversion: Scenario = {
  name: 'logic-inversion',
  title: 'A condition the wrong way round',
  family: 'bug',
  row: 'B3',
  about:
    'After a deploy those who should be told of a changed credential are not, and all others are. The messages have no cause, and the causes get no messages.',
  classes: ['credential-changed'],
  defaults: { size: 10_000, perSecond: 20 },
  expected: fault,
  script: (stage, parameters) => {
    const end = stage.begin()
    stage.at(stage.onset - 20 * second, () => {
      stage.change('deploy', 'notifications', { version: '2026.1.14', actor: 'delivery' })
      stage.faults.reroute = message => (message.class === 'credential-changed' && !stage.isOver ? undefined : message)
    })
    stage.at(stage.onset + (1000 * parameters.size) / parameters.perSecond, () => {
      delete stage.faults.reroute
      end()
    })
    massSend(stage, parameters, {
      label: wrongfulIn('logic-inversion'),
      class: 'credential-changed',
      to: index => stage.people.shuffled(index),
      data: () => ({ slots: { kind: 'password' } }),
    })
  },
}

const duplicateDelivery: Scenario = {
  name: 'duplicate-delivery',
  title: 'Two consumers of one queue',
  family: 'bug',
  row: 'B4',
  about:
    'Two workers take every job: each message goes twice, milliseconds apart, with the same cause and another key. The rate doubles and no more.',
  anchor: 'ory/kratos#652: duplicates with two pods.',
  defaults: { size: 1000 },
  expected: fault,
  script: (stage, { size }) => {
    const end = stage.begin()
    const random = stage.random('second worker')
    let left = size
    stage.at(stage.onset, () => {
      stage.faults.afterSend = (message, _, data) => {
        if (left-- <= 0) return
        const isLast = left === 0
        const second = { ...data, key: `${data.key}-w2`, build: 'mailer-2026.01.2-worker-2' }
        stage.later(5 + 45 * random.uniform(), () => {
          stage.send(copyOf(message, second, wrongfulIn('duplicate-delivery')))
          if (isLast) end()
        })
      }
    })
  },
}

const replayedQueue: Scenario = {
  name: 'replayed-queue',
  title: 'A dead-letter queue is put back',
  family: 'bug',
  row: 'B5',
  about:
    'Reset jobs of the last days are played again after an outage of the mailer. Their causes are long past and their secrets have expired.',
  defaults: { size: 5000, perSecond: 100 },
  expected: fault,
  script: (stage, parameters) => {
    const random = stage.random('old jobs')
    stage.at(stage.onset - 2 * minute, () => stage.change('config', 'mailer-queue', { actor: 'operations-1' }))
    massSend(stage, parameters, {
      label: wrongfulIn('replayed-queue'),
      class: 'password-reset',
      to: index => stage.people.shuffled(index),
      data: index => {
        const asked = stage.now - hour - random.exponential(day)
        return {
          cause: stage.parameters.causes === 'hidden' ? undefined : { id: `old-${index.toString(36)}` },
          key: `k-old-${index.toString(36)}`,
          slots: { agent: anyAgent(random) },
          expiresAt: instantText(Math.min(asked + hour, stage.now - second)),
        }
      },
    })
  },
}

const templateMisconfiguration: Scenario = {
  name: 'template-misconfiguration',
  title: 'A mailing bound to a security template',
  family: 'bug',
  row: 'B6',
  about:
    'A marketing list goes out in a new, unapproved version of the template that says that a credential was changed. Nothing was changed at any of the accounts.',
  classes: ['credential-changed'],
  defaults: { size: 5000, perSecond: 10 },
  expected: fault,
  script: (stage, parameters) => {
    stage.at(stage.onset - 4 * minute, () =>
      stage.change('template', 'mailings', { version: 'credential-changed@6-draft', actor: 'marketing-2' }),
    )
    massSend(stage, parameters, {
      label: wrongfulIn('template-misconfiguration'),
      class: 'credential-changed',
      to: index => stage.people.shuffled(index),
      data: () => ({ templateVersion: '6-draft', source: 'mailings', slots: { kind: 'password' } }),
    })
  },
}

const digest = (index: number, run: string): Record<string, unknown> => ({
  key: `digest-${run}-${index.toString(36)}`,
  source: 'digest-job',
  slots: { sign_ins: 1 + (index % 9) },
})

const doubleRun: Scenario = {
  name: 'double-run',
  title: 'A daily job runs twice in the night of the clock change',
  family: 'bug',
  row: 'B7',
  about:
    'The job of two o’clock runs at 00 UTC, and an hour later again when it is two o’clock once more. Everybody would get the second digest within an hour of the first.',
  classes: ['other'],
  week: '2025-10-20',
  onTheHour: true,
  defaults: { size: 5000, perSecond: 25, hour: 145, warmUpHours: 2 },
  expected: fault,
  usual: ({ size, hour: at }) => ({
    class: 'other',
    size,
    hours: [0, 1, 2, 3, 4, 5, 6].map(weekday => weekday * 24 + ((at + 23) % 24)),
  }),
  script: (stage, parameters) => {
    const first = Math.max(stage.start + minute, stage.onset - hour)
    const run = (from: number, name: string, label: Message['label']) => {
      stage.at(from - second, () => stage.change('cron', 'security-digest', { version: name, actor: 'scheduler' }))
      massSend(stage, parameters, {
        label,
        class: 'other',
        to: index => stage.people.at(index),
        data: index => digest(index, name),
        fate: label.wrongful ? ignoredFate : usualFate,
        from,
      })
    }
    run(first, '2025-10-26T02:00+02:00', meantIn('double-run'))
    run(stage.onset, '2025-10-26T02:00+01:00', wrongfulIn('double-run'))
  },
}

const migrationBackfill: Scenario = {
  name: 'migration-backfill',
  title: 'A migration sets off the hooks of every row',
  family: 'bug',
  row: 'B8',
  about:
    'A backfill writes all accounts in the order of their ids, and the hook that tells of changed credentials takes each write for a change. A service account does it, and nobody asked.',
  classes: ['credential-changed'],
  defaults: { size: 50_000, perSecond: 200 },
  expected: fault,
  script: (stage, parameters) => {
    stage.at(stage.onset - 5 * second, () => {
      stage.change('migration', 'accounts-database', { version: '0142', actor: 'migrator' })
      stage.tell('access.recorded', {
        actor: 'service:migrator',
        resource: 'accounts',
        action: 'bulk-update',
        records: parameters.size,
      })
    })
    massSend(stage, parameters, {
      label: wrongfulIn('migration-backfill'),
      class: 'credential-changed',
      to: index => stage.people.at(index),
      data: () => ({ slots: { kind: 'recovery' } }),
    })
  },
}

const flagSteps = [0.01, 0.05, 0.25, 1]

const flagFlip: Scenario = {
  name: 'flag-flip',
  title: 'A feature flag goes from one per cent to all',
  family: 'bug',
  row: 'B9',
  about:
    'A flag makes the service send a sign-in alert at every refresh of a session, first for one per cent of the accounts, five minutes later for five, then for a quarter and for all. The accounts are those whose hash falls into the share.',
  classes: ['sign-in-alert'],
  defaults: { size: 20_000, perSecond: 50 },
  expected: fault,
  script: (stage, parameters) => {
    const stepMs = 5 * minute
    for (const [step, share] of flagSteps.entries())
      stage.at(stage.onset + step * stepMs - second, () => {
        if (!stage.isOver) stage.change('flag', 'alert-on-refresh', { version: `${share * 100}%`, actor: 'product-1' })
      })
    massSend(stage, parameters, {
      label: wrongfulIn('flag-flip'),
      class: 'sign-in-alert',
      to: index => stage.people.shuffled(index),
      data: () => ({ slots: { device: 'the same as before' } }),
      pace: elapsedMs => parameters.perSecond * flagSteps[Math.min(3, Math.floor(elapsedMs / stepMs))]!,
    })
  },
}

const testEnvironmentLeak: Scenario = {
  name: 'test-environment-leak',
  title: 'Staging reaches the real list',
  family: 'bug',
  row: 'B10',
  about:
    'A load test in staging uses a copy of the real accounts and the real upstream. The build and the environment say so.',
  anchor: 'The pattern of HBO Max 2021, which is a drill of its own.',
  defaults: { size: 5000, perSecond: 50 },
  expected: fault,
  script: (stage, parameters) =>
    massSend(stage, parameters, {
      label: wrongfulIn('test-environment-leak'),
      class: 'password-reset',
      to: index => stage.people.at(index),
      data: () => ({ environment: 'staging', build: 'staging-8841', slots: { agent: 'load-test/1' } }),
    }),
}

const clientLoop: Scenario = {
  name: 'client-loop',
  title: 'A page that asks for a reset whenever it is loaded',
  family: 'bug',
  row: 'B11',
  about:
    'A page reloads itself and asks for a reset each time: nineteen of twenty messages go to one person, from one session. Every message has a cause, and nobody pressed a button.',
  anchor:
    'Stan, 6 April 2023: 450,000 reset mails, about 80,000 an hour against 2,000, mostly to one recipient (medium.com/stangineering).',
  defaults: { size: 20_000, perSecond: 22 },
  expected: fault,
  script: (stage, parameters) => {
    const random = stage.random('the page')
    const one = stage.people.shuffled(17)
    const home = { ...stage.places.anybody(random), session: 'session-tab-1', device: `device-${one.account.slice(8)}` }
    stage.at(stage.onset - 10 * minute, () =>
      stage.change('deploy', 'web', { version: '2026.1.77', actor: 'delivery' }),
    )
    massSend(stage, parameters, {
      label: wrongfulIn('client-loop'),
      class: 'password-reset',
      to: index => (index % 20 === 19 ? stage.people.shuffled(18 + (index % 7)) : one),
      cause: person =>
        stage.ask(person, {
          trust: 'session',
          requester:
            person === one ? home : { ...stage.places.anybody(random), session: `session-${person.account.slice(8)}` },
        }),
      data: () => ({ slots: { agent: home.agent } }),
    })
  },
}

/** A job of ours orders a protection for each account and a message follows: the causes are there, and they are wrong. */
export function ordered(
  stage: Stage,
  order: { action: string; by: string; reason: string },
): (person: { account: string; email: string }) => string {
  return person =>
    stage.tell(
      'protection.ordered',
      { ...order, recipients: [{ email: person.email }] },
      { subject: person.account, source: sourceOfOrders },
    )
}
const sourceOfOrders = '/security/response'

const falseLeakAlert: Scenario = {
  name: 'false-leak-alert',
  title: 'A false alarm about leaked credentials',
  family: 'bug',
  row: 'B12',
  about:
    'A job of the service marks accounts as leaked that are not, passwordless ones among them, and orders a reset for each. The causes exist, they come from the service itself, and no attack goes with them.',
  anchor: 'The pattern of Entra 2025 and Twitter 2012, which are drills of their own.',
  classes: ['forced-reset'],
  defaults: { size: 5000, perSecond: 2 },
  expected: fault,
  script: (stage, parameters) => {
    stage.at(stage.onset - 3 * minute, () =>
      stage.change('config', 'risk-engine', { version: 'leak-match-3', actor: 'risk-2' }),
    )
    massSend(stage, parameters, {
      label: wrongfulIn('false-leak-alert'),
      class: 'forced-reset',
      to: index => stage.people.shuffled(index),
      cause: ordered(stage, { action: 'forced-reset', by: 'job:risk-engine', reason: 'credentials found in a leak' }),
    })
  },
}

const slowLeak: Scenario = {
  name: 'slow-leak',
  title: 'One of twenty goes to an old address',
  family: 'bug',
  row: 'B13',
  about:
    'A replica that lags gives the address that the account had before: every twentieth reset mail goes there. The rate stays as it was.',
  defaults: { size: 60 },
  expected: fault,
  script: (stage, { size }) => {
    const end = stage.begin()
    let seen = 0
    let left = size
    stage.at(stage.onset, () => {
      stage.faults.reroute = message => {
        if (message.class !== 'password-reset' || left === 0 || ++seen % 20 !== 0) return message
        if (--left === 0) end()
        const person = { ...message.person, email: `was.${message.person.email}` }
        return { ...message, person, label: wrongfulIn('slow-leak'), fate: ignoredFate }
      }
    })
  },
}

export const bugs = [
  retryStorm,
  wrongRecipientQuery,
  logicInversion,
  duplicateDelivery,
  replayedQueue,
  templateMisconfiguration,
  doubleRun,
  migrationBackfill,
  flagFlip,
  testEnvironmentLeak,
  clientLoop,
  falseLeakAlert,
  slowLeak,
]
