import { driveResets, massSend, wrongfulIn } from './incident.ts'
import type { Person } from './people.ts'
import type { Scenario } from './scenario.ts'
import { type Stage, spans } from './stage.ts'

// Two tellings of January 2026: a fault of the notification system, in variants, and what the company said, an outsider at the reset endpoint.

const { minute } = spans

const anchor =
  'Instagram, 8 to 11 January 2026: genuine reset mails that nobody had asked for, from about 09 UTC on 8 January; on 11 January the company said that an external party could request them, and that nothing was breached. The number of recipients was not disclosed; a claim about 17.5 million leaked rows, an older data set, went round from 10 January (techlicious.com, evrimagaci.org).'

const common = { anchor, defaults: { size: 50_000, perSecond: 50, hour: 81 } }
const fault = { stop: true, headline: 'notification-fault' } as const

/** The claim about a leak, which has nothing to do with it. */
function claimLeak(stage: Stage): void {
  stage.at(stage.onset + 15 * minute, () =>
    stage.tell('claim.published', { by: 'security vendor', text: 'Data of 17.5 million accounts is for sale.' }),
  )
}

function deployAt(stage: Stage, beforeMs: number, service: string): void {
  stage.at(stage.onset - beforeMs, () => stage.change('deploy', service, { version: '2026.1.8', actor: 'delivery' }))
}

const template: Scenario = {
  ...common,
  name: 'instagram-2026-template',
  title: 'January 2026 as a fault of the template',
  family: 'bug',
  about:
    'The template of a product notice is mixed up with that of the reset: a new version of the reset template goes to everybody who would have got the notice. Nobody asked, and no endpoint is used more than usual.',
  expected: fault,
  script: (stage, parameters) => {
    claimLeak(stage)
    stage.at(stage.onset - 3 * minute, () =>
      stage.change('template', 'notifications', { version: 'password-reset@8', actor: 'content-3' }),
    )
    massSend(stage, parameters, {
      label: wrongfulIn('instagram-2026-template'),
      class: 'password-reset',
      to: index => stage.people.shuffled(index),
      data: () => ({ templateVersion: '8', source: 'product-notices' }),
    })
  },
}

const recipientsOfEach = 500

const targeting: Scenario = {
  ...common,
  name: 'instagram-2026-targeting',
  title: 'January 2026 as a fault of the targeting',
  family: 'bug',
  about:
    'The query that finds the recipient of a reset finds a whole cohort: each of some honest requests sends five hundred mails, in the order of the ids. They name the cause of another account.',
  expected: fault,
  script: (stage, parameters) => {
    claimLeak(stage)
    deployAt(stage, 2 * minute, 'recipient-lookup')
    const random = stage.random('targeting')
    let cause: string | undefined
    massSend(stage, parameters, {
      label: wrongfulIn('instagram-2026-targeting'),
      class: 'password-reset',
      to: index => stage.people.at(index),
      cause: (_, index) => {
        if (index % recipientsOfEach === 0 || cause === undefined)
          cause = stage.ask(stage.people.any(random), { trust: 'unknown', requester: stage.places.anybody(random) })
        return cause
      },
    })
  },
}

/** The logic that offers a reset is run for people who have just opened the application. */
const promptEverybody = (stage: Stage, name: string, ask: (person: Person) => string | undefined) => ({
  label: wrongfulIn(name),
  class: 'password-reset',
  to: (index: number) => stage.people.shuffled(index),
  cause: (person: Person) => {
    const device = `device-${person.account.slice(8)}`
    stage.tell('session.started', { device }, { subject: person.account })
    return ask(person)
  },
})

const promptLogic: Scenario = {
  ...common,
  name: 'instagram-2026-prompt-logic',
  title: 'January 2026 as a fault of the prompt logic',
  family: 'bug',
  about:
    'The logic that offers a reset after failed sign-ins runs for everybody who opens the application. The mails follow sessions, and no request.',
  expected: fault,
  script: (stage, parameters) => {
    claimLeak(stage)
    deployAt(stage, 2 * minute, 'sign-in-prompts')
    massSend(
      stage,
      parameters,
      promptEverybody(stage, 'instagram-2026-prompt-logic', () => undefined),
    )
  },
}

const promptLogicWithCauses: Scenario = {
  ...common,
  name: 'instagram-2026-prompt-logic-with-causes',
  title: 'January 2026 as a fault of the prompt logic, which reports causes of its own',
  family: 'bug',
  about:
    'The same, and the faulty logic stands in the web tier: for every mail it reports a request from the session of the account holder. The cause ledger is blind to it; nobody follows the links, people report the mails, and a deploy came right before.',
  expected: fault,
  script: (stage, parameters) => {
    claimLeak(stage)
    deployAt(stage, 2 * minute, 'sign-in-prompts')
    const random = stage.random('prompted')
    const ask = (person: Person): string => {
      const session = `session-${random.word().toString(36)}`
      const requester = { ...stage.places.anybody(random), device: `device-${person.account.slice(8)}`, session }
      return stage.ask(person, { trust: 'session', requester })
    }
    massSend(stage, parameters, promptEverybody(stage, 'instagram-2026-prompt-logic-with-causes', ask))
  },
}

const endpoint: Scenario = {
  ...common,
  name: 'instagram-2026-endpoint',
  title: 'January 2026 as the company told it: an outsider at the reset endpoint',
  family: 'abuse',
  about:
    'An external party asks for resets over a list, from few networks or many. Causes exist, but not by the account holders; nobody completes, people report, and no account changes.',
  defaults: {
    ...common.defaults,
    ramp: 'exponential',
    rampMs: 360_000,
    perSecond: 200,
    unknownShare: 0.15,
    networks: 40,
  },
  expected: { stop: true, headline: 'reset-abuse' },
  script: (stage, parameters) => {
    claimLeak(stage)
    driveResets(stage, parameters, {
      name: 'instagram-2026-endpoint',
      to: index => stage.people.listed(index, parameters.size),
      agent: () => 'App/287 (Android)',
      fate: { completes: 0, complains: 0.015 },
    })
  },
}

export const january2026 = [template, targeting, promptLogic, promptLogicWithCauses, endpoint]
