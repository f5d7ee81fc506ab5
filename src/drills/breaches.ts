import { driveResets, phishingReports } from './incident.ts'
import { ramped } from './pace.ts'
import { attackerIn } from './places.ts'
import type { Scenario } from './scenario.ts'
import { spans } from './stage.ts'

const { minute } = spans

const tokenTheft: Scenario = {
  name: 'token-theft',
  title: 'Stolen sessions and an export',
  family: 'breach',
  row: 'C1',
  about:
    'Somebody inside exports data and starts sessions that no sign-in goes before. Hardly a message is sent, so that only what is recorded of access and sessions can tell.',
  defaults: { size: 300, perSecond: 0.5, networks: 6 },
  expected: { stop: false, headline: 'breach' },
  script: (stage, parameters) => {
    const random = stage.random('token theft')
    stage.paced(
      { from: stage.onset, count: parameters.size, pace: ramped(parameters), evenly: false, random },
      index => {
        const person = stage.people.shuffled(index)
        const { asn } = attackerIn(random.integer(0, parameters.networks), '')
        if (index % 30 === 0)
          stage.tell('access.recorded', {
            actor: 'service:report-export',
            resource: index === 0 ? 'signing-keys' : 'accounts',
            action: index === 0 ? 'token-issue' : 'export',
            records: 5000 + random.integer(0, 50_000),
          })
        stage.tell('session.started', { device: `device-${asn}-${index.toString(36)}` }, { subject: person.account })
        if (index % 10 === 3)
          stage.later(minute * random.uniform(), () =>
            stage.tell('session.revoked', { device: `device-${person.account.slice(8)}` }, { subject: person.account }),
          )
      },
    )
  },
}

const spoofWave: Scenario = {
  name: 'spoof-wave',
  title: 'A wave of forged mails',
  family: 'breach',
  row: 'C2',
  about:
    'People report mails that Tocsin never sent, and receivers report mails that fail authentication. There is nothing to stop, and something to tell.',
  defaults: { size: 2000, ramp: 'linear', perSecond: 3 },
  expected: { stop: false, headline: 'impersonation' },
  script: (stage, parameters) => phishingReports(stage, parameters, 'spoof-wave'),
}

const spoofOnAbuse: Scenario = {
  name: 'spoof-on-abuse',
  title: 'Forged mails ride on a flood of genuine ones',
  family: 'breach',
  row: 'C3',
  about:
    'Resets are asked for a leaked list, and a while later forged reset mails go round as well. Reports name genuine messages, or none.',
  defaults: { size: 20_000, ramp: 'exponential', rampMs: 360_000, perSecond: 100, unknownShare: 0.2, networks: 50 },
  expected: { stop: true, headline: 'reset-abuse' },
  script: (stage, parameters) => {
    driveResets(stage, parameters, { name: 'spoof-on-abuse', to: index => stage.people.listed(index, parameters.size) })
    stage.at(stage.onset + 3 * minute, () =>
      phishingReports(
        stage,
        { ...parameters, size: Math.ceil(parameters.size / 20), perSecond: 2, ramp: 'step' },
        'spoof-on-abuse',
      ),
    )
  },
}

export const breaches = [tokenTheft, spoofWave, spoofOnAbuse]
