import { instantText } from '../std/instant.ts'
import { asksAgain } from './background.ts'
import { ordered } from './bugs.ts'
import { honestIn, massSend, resetBy } from './incident.ts'
import { type Pace, surging } from './pace.ts'
import type { Parameters } from './parameters.ts'
import { isRegional, type Requester } from './places.ts'
import type { Scenario } from './scenario.ts'
import { type Stage, spans, usualFate } from './stage.ts'

const { second, minute, hour, day } = spans
const surge = { stop: false, headline: 'legitimate-surge' } as const

/** `size` more people than usual do what people do: a reset or a sign-in from a new device, each with its message, and what usually follows. */
function crowd(
  stage: Stage,
  parameters: Parameters,
  { name, pace, from }: { name: string; pace: Pace; from: (random: ReturnType<Stage['random']>) => Requester },
): void {
  const random = stage.random(`crowd ${name}`)
  const label = honestIn(name)
  stage.paced({ from: stage.onset, count: parameters.size, pace, evenly: false, random }, () => {
    const person = stage.people.any(random)
    const requester = from(random)
    const afterMs = 50 + 450 * random.uniform()
    if (random.chance(0.6)) {
      const known = random.chance(0.7)
      const device = known ? { device: `device-${person.account.slice(8)}` } : {}
      const trust = known ? ('known-device' as const) : ('unknown' as const)
      const ask = () =>
        resetBy(stage, { person, trust, requester: { ...requester, ...device } }, { label, fate: usualFate, afterMs })
      ask()
      // As on any day, some ask again; a crowd that never did would itself be odd.
      if (random.chance(asksAgain)) askLater(stage, minute + random.exponential(2 * minute), ask)
      return
    }
    const login = { ip: requester.ip, asn: requester.asn, newDevice: true, recipients: [{ email: person.email }] }
    const cause = stage.tell('login.succeeded', login, { subject: person.account })
    const data = { slots: { device: requester.agent } }
    stage.later(afterMs, () => stage.send({ class: 'sign-in-alert', person, cause, label, data }))
  })
}

/** The incident is not over before. */
function askLater(stage: Stage, delayMs: number, ask: () => void): void {
  const end = stage.begin()
  stage.later(delayMs, () => {
    ask()
    end()
  })
}

const productLaunch: Scenario = {
  name: 'product-launch',
  title: 'A launch on television',
  family: 'legitimate',
  row: 'L1',
  about:
    'Many people come back at once after an advertisement, up to twenty times as many as usual, and half as many every quarter of an hour after. They come from everywhere, and complete what they ask for.',
  defaults: { size: 15_000, ramp: 'linear', rampMs: 180_000, perSecond: 12, hour: 91 },
  expected: surge,
  script: (stage, parameters) => {
    stage.at(stage.onset - hour / 2, () => stage.change('deploy', 'web', { version: '2026.1.80', actor: 'delivery' }))
    const pace = surging(parameters, { holdMs: 5 * minute, halfLifeMs: 15 * minute })
    crowd(stage, parameters, { name: 'product-launch', pace, from: random => stage.places.anybody(random) })
  },
}

const forcedRotation: Scenario = {
  name: 'forced-rotation',
  title: 'An announced rotation of passwords',
  family: 'legitimate',
  row: 'L2',
  about:
    'The security team announces that all passwords of a group are to be renewed, orders it, and the mails go out at a steady pace. It is a mass send that is meant.',
  anchor: 'Twitter, May 2018: 330 million were asked to change their passwords; LinkedIn and Yahoo before it.',
  classes: ['forced-reset'],
  defaults: { size: 20_000, perSecond: 20, hour: 34 },
  expected: surge,
  script: (stage, parameters) => {
    const { size, perSecond } = parameters
    const lastsMs = (2 * second * size) / perSecond
    stage.at(stage.onset - hour / 2, () =>
      stage.tell('campaign.announced', {
        class: 'forced-reset',
        audienceSize: size,
        from: instantText(stage.onset),
        until: instantText(stage.onset + lastsMs),
      }),
    )
    massSend(stage, parameters, {
      label: honestIn('forced-rotation'),
      class: 'forced-reset',
      to: index => stage.people.shuffled(index),
      cause: ordered(stage, { action: 'forced-reset', by: 'security-lead', reason: 'rotation announced on Monday' }),
      fate: usualFate,
    })
  },
}

const outageMs = 40 * minute

const regionalRecovery: Scenario = {
  name: 'regional-recovery',
  title: 'A region comes back after an outage',
  family: 'legitimate',
  row: 'L3',
  about:
    'For forty minutes nobody in one region gets through, then all of them try at once. The surge comes from few networks, and was missing before.',
  defaults: { size: 4000, perSecond: 8, hour: 58 },
  expected: surge,
  script: (stage, parameters) => {
    stage.at(Math.max(stage.start, stage.onset - outageMs), () => {
      stage.faults.isAway = requester => isRegional(requester)
    })
    stage.at(stage.onset, () => {
      delete stage.faults.isAway
    })
    const pace = surging(parameters, { holdMs: 3 * minute, halfLifeMs: 8 * minute })
    crowd(stage, parameters, { name: 'regional-recovery', pace, from: random => stage.places.somebodyRegional(random) })
  },
}

const newYear: Scenario = {
  name: 'new-year',
  title: 'New year',
  family: 'legitimate',
  row: 'L4',
  about:
    'At the turn of the year, as on the first Monday morning after holidays, four times as many people as usual sign in with new devices and forgotten passwords. It is in the calendar, though not in the hour of the week.',
  week: '2025-12-29',
  onTheHour: true,
  defaults: { size: 6000, ramp: 'linear', rampMs: 600_000, perSecond: 3, hour: 72 },
  expected: surge,
  script: (stage, parameters) => {
    const pace = surging(parameters, { holdMs: 20 * minute, halfLifeMs: day / 24 })
    crowd(stage, parameters, { name: 'new-year', pace, from: random => stage.places.anybody(random) })
  },
}

export const legitimates = [productLaunch, forcedRotation, regionalRecovery, newYear]
