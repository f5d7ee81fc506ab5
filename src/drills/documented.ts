import { ordered } from './bugs.ts'
import { honestIn, massSend, meantIn, tool, wrongfulIn } from './incident.ts'
import { attackerIn } from './places.ts'
import type { Scenario } from './scenario.ts'
import { spans, usualFate } from './stage.ts'

const { second, minute } = spans
const fault = { stop: true, headline: 'notification-fault' } as const

const coinbase: Scenario = {
  name: 'coinbase-2021',
  title: '125,000 false notices of changed second factors',
  family: 'bug',
  about:
    'A fault of the notification system tells 125,000 people that their two-step verification was changed, 25 a second for 83 minutes. Nothing was changed, and no message has a cause.',
  anchor: 'Coinbase, 27 August 2021, 13:45 to 15:07 PT (tokenpost.com, engadget.com).',
  classes: ['credential-changed'],
  week: '2021-08-23',
  defaults: { size: 125_000, perSecond: 25, hour: 116 },
  expected: fault,
  script: (stage, parameters) =>
    massSend(stage, parameters, {
      label: wrongfulIn('coinbase-2021'),
      class: 'credential-changed',
      to: index => stage.people.shuffled(index),
      data: () => ({ slots: { kind: 'totp' } }),
    }),
}

const addressesShownMax = 25

const letsEncrypt: Scenario = {
  name: 'lets-encrypt-2016',
  title: 'Each mail shows the addresses of those before',
  family: 'bug',
  about:
    'A one-off mailer writes to subscribers in alphabetical order and does not empty its buffer: each mail holds the addresses of the recipients before it. The mailing is meant and its template approved; what is in the slot is not.',
  anchor:
    'Let’s Encrypt, 11 June 2016: 7,618 of about 383,000 mails from 01:47 UTC until it was stopped 42 minutes later (community.letsencrypt.org/t/17025).',
  classes: ['other'],
  week: '2016-06-06',
  defaults: { size: 7618, perSecond: 3, hour: 121 },
  expected: fault,
  script: (stage, parameters) => {
    const shown: string[] = []
    massSend(stage, parameters, {
      label: wrongfulIn('lets-encrypt-2016'),
      class: 'other',
      to: index => stage.people.alphabetical(index, Math.max(383_000, parameters.size)),
      data: (index, person) => {
        const before = shown.join(', ')
        // The real ones grew without bound; the last few show the same, and keep the trace small.
        if (shown.push(person.email) > addressesShownMax) shown.shift()
        return {
          key: `agreement-${index.toString(36)}`,
          source: 'one-off-mailer',
          slots: { greeting: before === '' ? person.email : `${before}, ${person.email}` },
        }
      },
    })
  },
}

const copiesOfOne = 25
const contactsOf = (copies: number): number => Math.max(1, Math.round((copies * 11_571) / 9051))

const mautic: Scenario = {
  name: 'mautic-2020',
  title: 'A campaign is sent again after a restart',
  family: 'bug',
  about:
    'A campaign stalls, is restarted, and begins again and again at the contacts whose mark was not durable: some hundred get 25 copies. The copies have the keys of the first.',
  anchor:
    'Mautic user, 8 February 2020: 11,571 contacts, 20,622 mails, restart 12:02, stopped by hand 12:20 (mautic/mautic#8450).',
  classes: ['other'],
  week: '2020-02-03',
  defaults: { size: 9051, perSecond: 8.4, hour: 132 },
  expected: fault,
  usual: ({ size, hour: at }) => ({ class: 'other', size: contactsOf(size), hours: [at + 167, at, at + 1] }),
  script: (stage, parameters) => {
    const { size } = parameters
    const contacts = contactsOf(size)
    const repeated = Math.max(1, Math.ceil(size / copiesOfOne))
    const mail = (index: number) => ({
      key: `campaign-77-${index.toString(36)}`,
      source: 'campaigns',
      slots: { campaign: '77' },
    })
    const firstPerSecond = contacts / (40 * 60)
    massSend(stage, parameters, {
      label: meantIn('mautic-2020'),
      class: 'other',
      to: index => stage.people.at(index),
      data: mail,
      fate: usualFate,
      from: Math.max(stage.start + minute, stage.onset - 42 * minute),
      count: contacts,
      pace: () => firstPerSecond,
    })
    massSend(stage, parameters, {
      label: wrongfulIn('mautic-2020'),
      class: 'other',
      to: index => stage.people.at(contacts - 1 - (index % repeated)),
      data: index => mail(contacts - 1 - (index % repeated)),
    })
  },
}

const groupOfCustomers = 200

const safebase: Scenario = {
  name: 'safebase-2023',
  title: 'A queue that is built anew',
  family: 'bug',
  about:
    'After time-outs of a store the mark that a mail was sent is lost, and the same mails go to the same group again and again, with the keys of the first. Emptying the queue does not help: it is built anew.',
  anchor:
    'SafeBase, 29 August 2023: many copies to a select group, by a retry loop at a provider of notifications (status.safebase.io/incidents/67wn8qrgpxx6).',
  classes: ['other'],
  week: '2023-08-28',
  defaults: { size: 6000, perSecond: 5, hour: 38 },
  expected: fault,
  usual: ({ hour: at }) => ({ class: 'other', size: groupOfCustomers, hours: [at, at + 167] }),
  script: (stage, parameters) => {
    const mail = (index: number) => ({
      key: `update-12-${index % groupOfCustomers}`,
      source: 'trust-updates',
      slots: { update: '12' },
    })
    massSend(stage, parameters, {
      label: meantIn('safebase-2023'),
      class: 'other',
      to: index => stage.people.shuffled(index),
      data: mail,
      from: stage.onset - 2 * minute,
      count: groupOfCustomers,
      pace: () => 5,
    })
    massSend(stage, parameters, {
      label: wrongfulIn('safebase-2023'),
      class: 'other',
      to: index => stage.people.shuffled(index % groupOfCustomers),
      data: mail,
    })
  },
}

const compromisedShare = 0.05

const twitter: Scenario = {
  name: 'twitter-2012',
  title: 'A legitimate response with too many recipients',
  family: 'bug',
  about:
    'Some accounts are taken over, their passwords are reset, and the set of accounts to be reset is far too wide. One in twenty of the messages is right.',
  anchor:
    'Twitter, 8 November 2012: after a real attack, thousands were told to reset, most of them not affected (complex.com).',
  classes: ['forced-reset'],
  week: '2012-11-05',
  defaults: { size: 10_000, perSecond: 10, hour: 80, networks: 30 },
  expected: fault,
  script: (stage, parameters) => {
    const compromised = Math.max(1, Math.round(parameters.size * compromisedShare))
    const random = stage.random('the attack')
    const { people } = stage
    stage.paced(
      {
        from: stage.onset - 20 * minute,
        count: compromised,
        pace: () => compromised / (15 * 60),
        evenly: false,
        random,
      },
      index => {
        const person = people.shuffled(index)
        const { ip, asn } = attackerIn(random.integer(0, parameters.networks), tool)
        const recipients = [{ email: person.email }]
        stage.tell('login.succeeded', { ip, asn, newDevice: true, recipients }, { subject: person.account })
      },
    )
    const order = ordered(stage, { action: 'forced-reset', by: 'security-response', reason: 'accounts taken over' })
    massSend(stage, parameters, {
      label: honestIn('twitter-2012'),
      class: 'forced-reset',
      to: index => people.shuffled(index),
      cause: order,
      fate: usualFate,
      from: stage.onset - 4 * minute,
      count: compromised,
      pace: () => compromised / (3 * 60),
    })
    massSend(stage, parameters, {
      label: wrongfulIn('twitter-2012'),
      class: 'forced-reset',
      to: index => people.shuffled(compromised + index),
      cause: order,
    })
  },
}

const entra: Scenario = {
  name: 'entra-2025',
  title: 'A protective action raises the alarm that it was to answer',
  family: 'bug',
  about:
    'Tokens that were logged by mistake are invalidated, and the job that does it marks their accounts as leaked: alerts go out for five hours, to accounts without a password as well. A roll-out of the same day is blamed first, and there is no attack.',
  anchor:
    'Microsoft Entra, 20 April 2025, 04 to 09 UTC: false leaked-credential alerts and lock-outs at many tenants (petri.com). The size was not disclosed.',
  classes: ['activity-review'],
  week: '2025-04-14',
  onTheHour: true,
  defaults: { size: 9000, perSecond: 0.5, hour: 148 },
  expected: fault,
  script: (stage, parameters) => {
    stage.at(stage.onset - 10 * minute, () => {
      stage.change('deploy', 'leak-detection', { version: 'roll-out', actor: 'delivery' })
    })
    stage.at(stage.onset - 30 * second, () =>
      stage.tell('access.recorded', {
        actor: 'job:token-invalidation',
        resource: 'refresh-tokens',
        action: 'invalidate',
        records: parameters.size,
      }),
    )
    const order = ordered(stage, {
      action: 'activity-review',
      by: 'job:token-invalidation',
      reason: 'leaked credentials',
    })
    massSend(stage, parameters, {
      label: wrongfulIn('entra-2025'),
      class: 'activity-review',
      to: index => stage.people.shuffled(index),
      cause: person => {
        stage.tell('session.revoked', {}, { subject: person.account })
        return order(person)
      },
    })
  },
}

const hboMax: Scenario = {
  name: 'hbo-max-2021',
  title: 'Integration Test Email #1',
  family: 'bug',
  about:
    'An integration test uses the real list: a template that nobody approved, from a test environment, goes to subscribers. Its text says that it is a test.',
  anchor:
    'HBO Max, 17 June 2021: a test mail to a portion of the list (deseret.com, independent.co.uk). The size was not disclosed.',
  classes: ['other'],
  week: '2021-06-14',
  defaults: { size: 20_000, perSecond: 50, hour: 96 },
  expected: fault,
  script: (stage, parameters) =>
    massSend(stage, parameters, {
      label: wrongfulIn('hbo-max-2021'),
      class: 'other',
      to: index => stage.people.shuffled(index),
      data: () => ({
        template: 'integration-test-1',
        templateVersion: '0',
        build: 'integration-1312',
        environment: 'test',
        slots: { subject: 'Integration Test Email #1' },
      }),
    }),
}

export const documented = [coinbase, letsEncrypt, mautic, safebase, twitter, entra, hboMax]
