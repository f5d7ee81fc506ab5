import { driveResets, honestIn, massSend, resetBy, tool, wrongfulIn } from './incident.ts'
import { ramped } from './pace.ts'
import type { Parameters } from './parameters.ts'
import type { Person } from './people.ts'
import { anyAgent, attackerIn } from './places.ts'
import type { Scenario } from './scenario.ts'
import { ignoredFate, type Stage, spans, usualFate } from './stage.ts'

const { second, minute, hour } = spans
const abuse = { stop: true, headline: 'reset-abuse' } as const
const attack = { stop: false, headline: 'credential-attack' } as const

const enumeration: Scenario = {
  name: 'enumeration',
  title: 'The reset form is asked who has an account',
  family: 'abuse',
  row: 'A1',
  about:
    'A program tries addresses at the reset form; nine of ten have no account. Those that have one get a mail that they did not ask for.',
  defaults: { size: 1000, perSecond: 20, unknownShare: 0.9, networks: 20 },
  expected: abuse,
  script: (stage, parameters) =>
    driveResets(stage, parameters, { name: 'enumeration', to: index => stage.people.shuffled(index) }),
}

const resetBombing: Scenario = {
  name: 'reset-bombing',
  title: 'One victim is flooded with reset mails',
  family: 'abuse',
  row: 'A2',
  about:
    'Requests for one account come from many networks, so that the victim gives in or misses another message. What is sent beyond the cap reaches nobody.',
  anchor: 'Apple, March 2024: about a hundred prompts per victim (laptopmag.com, citing Krebs).',
  defaults: { size: 1000, perSecond: 0.5, networks: 300 },
  expected: { stop: false, headline: 'reset-abuse' },
  script: (stage, parameters) => bomb(stage, parameters, { name: 'reset-bombing', victim: stage.people.shuffled(23) }),
}

function bomb(stage: Stage, parameters: Parameters, { name, victim }: { name: string; victim: Person }): void {
  const random = stage.random(`agents ${name}`)
  driveResets(stage, parameters, { name, to: () => victim, agent: () => anyAgent(random), evenly: false })
}

const slowFlood: Scenario = {
  name: 'slow-flood',
  title: 'A flood from thousands of networks, one request each',
  family: 'abuse',
  row: 'A3',
  about:
    'Requests for others come at the rate of the ordinary ones, each from another network and with the agent of a usual browser. Only what people do with the mails, and where the requests come from, tells it from a good day.',
  defaults: { size: 10_000, perSecond: 1, networks: 5000 },
  expected: abuse,
  script: (stage, parameters) => {
    const random = stage.random('agents of the slow flood')
    driveResets(stage, parameters, {
      name: 'slow-flood',
      to: index => stage.people.shuffled(index),
      agent: () => anyAgent(random),
      evenly: false,
    })
  },
}

const leakedList: Scenario = {
  name: 'leaked-list',
  title: 'Resets for a leaked list',
  family: 'abuse',
  row: 'A4',
  about:
    'An outsider asks for a reset of every address of an old leak, in the order of the list. Causes exist, but none by an account holder, and nobody follows the links.',
  anchor:
    'Instagram, January 2026: an outsider could request reset mails, and an old data set of 17.5 million rows surfaced at the same time.',
  defaults: { size: 50_000, ramp: 'exponential', rampMs: 360_000, perSecond: 200, unknownShare: 0.2, networks: 50 },
  expected: abuse,
  script: (stage, parameters) =>
    driveResets(stage, parameters, { name: 'leaked-list', to: index => stage.people.listed(index, parameters.size) }),
}

type Attempts = { name: string; each: number; reason: string; agent: string; isTakenOver: (success: number) => boolean }

/**
 * Sign-ins with stolen or guessed passwords: `each` failures to one success, of which some lead to a takeover. The alerts of the successes are
 * true and must go; nothing of it is wrongful. `size` counts the messages.
 */
function tryPasswords(stage: Stage, parameters: Parameters, attempts: Attempts): void {
  const random = stage.random(attempts.name)
  const label = honestIn(attempts.name)
  let messages = 0
  const end = stage.begin()
  const tell = (type: string, data: Record<string, unknown>, person: Person) => {
    const recipients = [{ email: person.email }]
    return stage.tell(type, { ...data, recipients }, { subject: person.account })
  }
  const alert = (name: string, cause: string, person: Person, slots: Record<string, string>) => {
    if (messages++ >= parameters.size) return
    const isLast = messages === parameters.size
    stage.later(50 + 450 * random.uniform(), () => {
      stage.send({ class: name, person, cause, label, fate: usualFate, data: { slots } })
      if (isLast) end()
    })
  }
  const takeOver = (person: Person, from: { session: string }) => {
    stage.tell('session.started', { device: `device-${random.word().toString(36)}` }, { subject: person.account })
    for (const [kind, name] of [
      ['email', 'recovery-changed'],
      ['totp', 'credential-changed'],
    ] as const)
      stage.later(minute + random.exponential(3 * minute), () => {
        const cause = tell('credential.changed', { kind, session: from.session }, person)
        alert(name, cause, person, { kind })
      })
  }
  const pace = ramped(parameters)
  const step = (index: number): void => {
    if (messages >= parameters.size) return
    const { ip, asn } = attackerIn(random.integer(0, parameters.networks), attempts.agent)
    const person = stage.people.shuffled(index)
    if (!random.chance(1 / attempts.each))
      stage.tell('login.failed', { ip, asn, reason: attempts.reason }, { subject: person.account })
    else {
      const cause = tell('login.succeeded', { ip, asn, newDevice: true }, person)
      alert('sign-in-alert', cause, person, { device: attempts.agent })
      if (attempts.isTakenOver(index)) takeOver(person, { session: `session-${random.word().toString(36)}` })
    }
    stage.later(second / pace(stage.now - stage.onset), () => step(index + 1))
  }
  stage.at(stage.onset, () => step(0))
}

const credentialStuffing: Scenario = {
  name: 'credential-stuffing',
  title: 'Passwords of another leak are tried',
  family: 'abuse',
  row: 'A5',
  about:
    'Sign-ins with pairs of address and password from elsewhere, two hundred failures to one success, at most one try for an account. The alerts of the successes are true: they must flow.',
  classes: ['sign-in-alert'],
  defaults: { size: 200, perSecond: 200, networks: 400 },
  expected: attack,
  script: (stage, parameters) =>
    tryPasswords(stage, parameters, {
      name: 'credential-stuffing',
      each: 200,
      reason: 'wrong-password',
      agent: 'okhttp/4.12',
      isTakenOver: index => index % 2 === 0,
    }),
}

const passwordSpray: Scenario = {
  name: 'password-spray',
  title: 'One password for everybody',
  family: 'abuse',
  row: 'A6',
  about:
    'The same few passwords are tried at account after account, paced to stay below lock-outs, from few networks. Hardly any succeed, and hardly any messages go.',
  classes: ['sign-in-alert'],
  defaults: { size: 10, perSecond: 20, networks: 8 },
  expected: attack,
  script: (stage, parameters) =>
    tryPasswords(stage, parameters, {
      name: 'password-spray',
      each: 2000,
      reason: 'wrong-password',
      agent: 'Chrome/143 (Windows)',
      isTakenOver: () => true,
    }),
}

const smokeScreen: Scenario = {
  name: 'smoke-screen',
  title: 'A takeover under a flood of alerts',
  family: 'abuse',
  row: 'A7',
  about:
    'A victim is bombed with reset mails while somebody signs in to the account and changes its address and second factor. The flood must end at the cap, and the true alerts among it must arrive.',
  classes: ['password-reset', 'recovery-changed'],
  defaults: { size: 500, perSecond: 0.5, networks: 200 },
  expected: attack,
  script: (stage, parameters) => {
    const victim = stage.people.shuffled(31)
    bomb(stage, parameters, { name: 'smoke-screen', victim })
    const random = stage.random('takeover')
    const { ip, asn } = attackerIn(3, tool)
    const recipients = [{ email: victim.email }]
    const subject = victim.account
    const end = stage.begin()
    const alert = (name: string, cause: string, slots: Record<string, string>) =>
      stage.later(100 + 300 * random.uniform(), () =>
        stage.send({ class: name, person: victim, cause, label: honestIn('smoke-screen'), data: { slots } }),
      )
    const change = (delayMs: number, kind: string, name: string) =>
      stage.at(stage.onset + delayMs, () => {
        const session = 'session-intruder'
        alert(name, stage.tell('credential.changed', { kind, session, recipients }, { subject }), { kind })
      })
    for (let failure = 0; failure < 12; failure++)
      stage.at(stage.onset + minute + failure * 4 * second, () =>
        stage.tell('login.failed', { ip, asn, reason: 'wrong-password' }, { subject }),
      )
    stage.at(stage.onset + 2 * minute, () => {
      const cause = stage.tell('login.succeeded', { ip, asn, newDevice: true, recipients }, { subject })
      alert('sign-in-alert', cause, { device: 'Chrome/143 (Windows)' })
    })
    change(3 * minute, 'email', 'recovery-changed')
    change(3.5 * minute, 'totp', 'credential-changed')
    stage.at(stage.onset + 5 * minute, end)
  },
}

const pumping: Scenario = {
  name: 'pumping',
  title: 'Mails to addresses made for the purpose',
  family: 'abuse',
  row: 'A8',
  about:
    'Accounts are made at throw-away domains by the thousand, and a reset is asked for each, to burn money or reputation. Nobody completes any.',
  defaults: { size: 5000, perSecond: 5, networks: 60 },
  expected: abuse,
  script: (stage, parameters) => {
    const random = stage.random('throw-away')
    const made = (index: number): Person => ({
      account: `account-9${String(index).padStart(7, '0')}`,
      email: `${random.word().toString(36)}${random.word().toString(36)}@${throwAway[index % throwAway.length]}`,
    })
    driveResets(stage, parameters, { name: 'pumping', to: made, agent: () => 'HeadlessChrome/143' })
  },
}
const throwAway = ['inbox-a.example', 'inbox-b.example', 'quick.example', 'drop.example']

const resetFlood: Scenario = {
  name: 'reset-flood',
  title: 'A million addresses, one attacker',
  family: 'abuse',
  about:
    'One attacker asks for a reset of a million addresses while honest people ask for theirs. The honest ones must get their mails as on any other day.',
  defaults: { size: 1_000_000, perSecond: 500, unknownShare: 0.1, networks: 100 },
  expected: abuse,
  script: (stage, parameters) =>
    driveResets(stage, parameters, { name: 'reset-flood', to: index => stage.people.shuffled(index) }),
}

/** The link scanner of a mail gateway, or a page that asks again: one account, for two days. */
const zitadel: Scenario = {
  name: 'zitadel-2026',
  title: 'Thousands of codes to one user',
  family: 'abuse',
  about:
    'A scanner drives the page that sends the code again: one user gets thousands of mails over two days. Each has a cause of its own, and no rate of the whole shows anything.',
  anchor:
    'zitadel/zitadel#12622, August 2026: reset codes to one user, thousands over two days; a link scanner is suspected.',
  defaults: { size: 3000, perSecond: 0.0174, perMinute: 2, networks: 3 },
  expected: { stop: false, headline: 'reset-abuse' },
  script: (stage, parameters) => {
    const random = stage.random('scanner')
    const victim = stage.people.shuffled(41)
    stage.paced({ from: stage.onset, count: parameters.size, pace: ramped(parameters), evenly: false, random }, () => {
      const requester = attackerIn(random.integer(0, parameters.networks), 'LinkScanner/1.0')
      const told = { label: wrongfulIn('zitadel-2026'), fate: ignoredFate, afterMs: 50 + 450 * random.uniform() }
      resetBy(stage, { person: victim, trust: 'unknown', requester }, told)
    })
  },
}

/** What the client of a portal puts into the mail of the portal. */
const inTheMouthOfThePortal = {
  code: '000000',
  subject: 'Urgent: an intruder is in your systems',
  body: [
    'Our monitoring shows that data leaves several of your clusters in a chain of attacks.',
    'We tried to close the way that it takes. The intruder changes it every few minutes, with the help of several accomplices, and will go on until it is found.',
    'We believe that a well-known man of the trade is behind it, and that he works for a group which blackmails its victims. Look for what he has published about you.',
    'Stay alert, check your systems, and pass this on to whoever answers for them. We are at work on it and will write again.',
    'Threat detection and analysis, network analysis group',
  ].join('\n\n'),
}

const fbi: Scenario = {
  name: 'fbi-2021',
  title: 'The client writes the mail of a portal',
  family: 'abuse',
  about:
    'A portal sends a code to whoever registers, and takes subject and body of that mail from the client: an outsider writes to strangers in its name, in two waves. Sender, signature and template are right; subject and body are not.',
  anchor:
    'FBI LEEP, 13 November 2021: about 100,000 mails in two waves to addresses of an internet registry, in the name of a genuine sender (ctpublic.org, suped.com).',
  classes: ['other'],
  week: '2021-11-08',
  defaults: { size: 100_000, perSecond: 50, hour: 125, networks: 5 },
  expected: abuse,
  script: (stage, parameters) => {
    const { size } = parameters
    const wave = (from: number, first: number, count: number) =>
      massSend(stage, parameters, {
        label: wrongfulIn('fbi-2021'),
        class: 'other',
        to: index => stranger(first + index),
        data: index => ({
          key: `registration-${(first + index).toString(36)}`,
          source: 'portal',
          slots: inTheMouthOfThePortal,
        }),
        from,
        count,
      })
    const half = Math.ceil(size / 2)
    wave(stage.onset, 0, half)
    if (size > half) wave(stage.onset + 2 * hour, half, size - half)
  },
}

/** The contact of a network, who has no account here. */
const stranger = (index: number): Person => ({
  account: `account-7${String(index).padStart(7, '0')}`,
  email: `abuse@network-${index.toString(36)}.example`,
})

const robinhood: Scenario = {
  name: 'robinhood-2026',
  title: 'Markup in the name of a device',
  family: 'abuse',
  about:
    'Accounts are made for other people’s addresses, with markup of the attacker as the name of the device; the genuine alert of the sign-in carries it to them. Sender, signature and template are right; the slot is not.',
  anchor:
    'Robinhood, 26 April 2026: the device field at account creation, dotted variants of addresses, SPF, DKIM and DMARC pass (rafter.so, darkgatemagazine.com). The size was not disclosed.',
  classes: ['sign-in-alert'],
  week: '2026-04-20',
  defaults: { size: 5000, perSecond: 5, hour: 160, networks: 40 },
  expected: abuse,
  script: (stage, parameters) => {
    const random = stage.random('account creation')
    const slots = {
      device:
        'Unrecognized Device</td></tr><tr><td><b>Your account is restricted.</b> <a href="https://accounts-review.example/verify">Review activity</a>',
    }
    stage.paced(
      { from: stage.onset, count: parameters.size, pace: ramped(parameters), evenly: true, random },
      index => {
        const target = stage.people.shuffled(index)
        const person = { account: `account-8${String(index).padStart(7, '0')}`, email: dotted(target.email) }
        const { ip, asn } = attackerIn(random.integer(0, parameters.networks), tool)
        const recipients = [{ email: person.email }]
        const cause = stage.tell(
          'login.succeeded',
          { ip, asn, newDevice: true, recipients },
          { subject: person.account },
        )
        const message = { class: 'sign-in-alert', person, cause, label: wrongfulIn('robinhood-2026'), data: { slots } }
        stage.later(50 + 450 * random.uniform(), () => stage.send({ ...message, fate: ignoredFate }))
      },
    )
  },
}

/** A dot after the first letter: another spelling of the mailbox where dots do not count. */
const dotted = (email: string): string => `${email.slice(0, 1)}.${email.slice(1)}`

export const abuses = [
  enumeration,
  resetBombing,
  slowFlood,
  leakedList,
  credentialStuffing,
  passwordSpray,
  smokeScreen,
  pumping,
  resetFlood,
]
export const documentedAbuses = [zitadel, fbi, robinhood]
