import type { Pace } from './pace.ts'
import { ramped } from './pace.ts'
import type { Parameters } from './parameters.ts'
import type { Person } from './people.ts'
import { attackerIn, type Requester } from './places.ts'
import { type Fate, ignoredFate, type Message, type Stage, spans, type Trust } from './stage.ts'
import type { Label } from './trace.ts'

const { second } = spans

export const wrongfulIn = (incident: string): Label => ({ wrongful: true, incident })
export const honestIn = (incident: string): Label => ({ wrongful: false, honest: true, incident })
/** Meant to be sent, but asked for by nobody in particular. */
export const meantIn = (incident: string): Label => ({ wrongful: false, incident })

/** A job of ours sends `size` messages, evenly at the pace of the incident, from the onset on. */
export function massSend(
  stage: Stage,
  parameters: Parameters,
  send: {
    label: Label
    class: string
    to: (index: number) => Person
    /** The event that it names; made right before. */
    cause?: (person: Person, index: number) => string | undefined
    data?: (index: number, person: Person) => Record<string, unknown>
    fate?: Fate
    pace?: Pace
    /** Without it the onset. */
    from?: number
    count?: number
  },
): void {
  const random = stage.random(`mass ${send.label.incident} ${send.label.wrongful}`)
  const { from = stage.onset, count = parameters.size, pace = ramped(parameters), fate = ignoredFate } = send
  stage.paced({ from, count, pace, evenly: true, random }, index => {
    const person = send.to(index)
    const message = (cause?: string): Message => ({
      class: send.class,
      person,
      cause,
      label: send.label,
      fate,
      data: send.data?.(index, person) ?? {},
    })
    if (send.cause === undefined) stage.send(message())
    else {
      const cause = send.cause(person, index)
      stage.later(50 + 450 * random.uniform(), () => stage.send(message(cause)))
    }
  })
}

/** What an outsider's program says it is. */
export const tool = 'python-requests/2.32'

/**
 * An outsider asks for resets of others: requests at the pace of the incident, of which `unknownShare` names no account. `size` counts the
 * messages that follow.
 */
export function driveResets(
  stage: Stage,
  parameters: Parameters,
  drive: {
    name: string
    to: (index: number) => Person
    agent?: (index: number) => string
    fate?: Fate
    evenly?: boolean
  },
): void {
  const { size, unknownShare, networks } = parameters
  const random = stage.random(`drive ${drive.name}`)
  const perKnown = unknownShare / (1 - unknownShare)
  const requests = ramped(parameters)
  const pace: Pace = elapsedMs => requests(elapsedMs) * (1 - unknownShare)
  const from = (index: number): Requester =>
    attackerIn(random.integer(0, networks), drive.agent === undefined ? tool : drive.agent(index))
  let owed = 0
  stage.paced({ from: stage.onset, count: size, pace, evenly: drive.evenly ?? true, random }, index => {
    const gap = second / pace(stage.now - stage.onset)
    for (owed += perKnown; owed >= 1; owed--)
      stage.later(gap * random.uniform(), () => guess(stage, random.word(), from(index)))
    resetBy(
      stage,
      { person: drive.to(index), trust: 'unknown', requester: from(index) },
      {
        label: wrongfulIn(drive.name),
        fate: drive.fate ?? ignoredFate,
        afterMs: 50 + 450 * random.uniform(),
      },
    )
  })
}

const guess = (stage: Stage, word: number, requester: Requester): string =>
  stage.ask({ account: `account-${word.toString(16)}`, email: '' }, { trust: 'unknown', requester, known: false })

/** Somebody asks for a reset, and the message follows. */
export function resetBy(
  stage: Stage,
  { person, trust, requester }: { person: Person; trust: Trust; requester: Requester },
  { label, fate, afterMs }: { label: Label; fate: Fate; afterMs: number },
): void {
  const cause = stage.ask(person, { trust, requester })
  const data = { slots: { agent: requester.agent } }
  stage.later(afterMs, () => stage.send({ class: 'password-reset', person, cause, label, fate, data }))
}

/** Reports of mails that we did not send. */
export function phishingReports(stage: Stage, parameters: Parameters, name: string): void {
  const random = stage.random(`phishing ${name}`)
  const pace = ramped(parameters)
  const { size: count } = parameters
  const lookalike = 'security@accounts-example.example'
  stage.paced({ from: stage.onset, count, pace, evenly: false, random }, index => {
    const person = stage.people.shuffled(index)
    stage.tell('report.received', { kind: 'phishing', from: person.email }, { subject: person.account })
    if (index % 200 === 20)
      stage.tell('dmarc.reported', {
        domain: 'example.com',
        sourceIp: attackerIn(index % 7, tool).ip,
        count: 500 + random.integer(0, 4000),
        spf: 'fail',
        dkim: 'fail',
      })
    if (index === 50) stage.tell('claim.published', { by: 'forum', text: `Mails from ${lookalike} ask for passwords.` })
  })
}
