import type { CauseFacts } from '../src/core/events.ts'
import type { Application, Intake, MessageAnswer, MessageRequest, ReportedEvent } from '../src/inbound/intake.ts'
import type { Host } from './host.ts'
import { composed, drafts } from './templates.ts'
import type { World } from './world.ts'

/** What nobody may find in a journal stands in every name, address and secret. */
export const canary = 'goldfinch'

const application: Application = { name: 'shop' }

export const personsMax = 30

export type Person = { number: number; account: string; addresses: string[] }

export const personOf = (number: number): Person => ({
  number,
  account: `${canary}-account-${number}`,
  addresses: [`${canary}-${number}@people.test`, `${canary}-${number}@work.test`],
})

type Decided = Exclude<MessageAnswer, { status: 'refused' }>
export type Acknowledged = { host: Host; answer: Decided; request: MessageRequest }

/**
 * The applications and the web tier: they ask, wait a while for the answer, and ask again with the same key until they have one. What they were
 * told is kept, and so is what was told wrong.
 */
export class Senders {
  readonly acknowledged: Acknowledged[] = []
  readonly wrong: string[] = []
  readonly #world: World
  readonly #hosts: Host[]
  readonly #crowding: number
  #number = 0

  /** `crowding`: how often it is somebody of the first partition, whoever would have had the turn. */
  constructor(world: World, hosts: Host[], { crowding }: { crowding: number }) {
    this.#world = world
    this.#hosts = hosts
    this.#crowding = crowding
  }

  /** One thing that happens in the world of the applications. */
  act(): void {
    const world = this.#world
    const number = Math.floor(world.between(0, personsMax))
    const person = personOf(world.chance(this.#crowding) ? number - (number % this.#hosts.length) : number)
    const host = this.#hosts[person.number % this.#hosts.length]!
    const kind = world.pick(['reset', 'reset', 'reset', 'alert', 'plain', 'plain', 'flood', 'heartbeat'] as const)
    void this.#do(kind, host, person)
  }

  #do(kind: 'reset' | 'alert' | 'plain' | 'flood' | 'heartbeat', host: Host, person: Person): Promise<unknown> {
    switch (kind) {
      case 'reset':
        return this.#caused(host, person, 'password-reset', 'reset.requested')
      case 'alert':
        return this.#caused(host, person, 'sign-in-alert', 'login.succeeded')
      case 'plain':
        return this.#ask(host, this.#plain(person))
      case 'flood':
        return Promise.all(Array.from({ length: 6 }, () => this.#ask(host, this.#plain(person))))
      case 'heartbeat':
        return this.#report(host, {
          type: 'coverage',
          id: `coverage-${++this.#number}`,
          source: 'web',
          about: 'auth',
          until: host.partition?.now() ?? 0,
          complete: true,
        })
    }
  }

  /** A stranger asks for the reset of somebody else. */
  async flood(number: number): Promise<void> {
    const person = personOf(personsMax + number)
    const host = this.#hosts[person.number % this.#hosts.length]!
    const cause = `${canary}-cause-${++this.#number}`
    await this.#report(host, {
      type: 'cause',
      id: cause,
      source: 'web',
      kind: 'reset.requested',
      account: person.account,
      trust: 'unknown',
      known: true,
      recipients: [],
      occurredAt: Math.floor(host.partition?.now() ?? 0),
      requester: { ip: `198.18.${number}.1` },
    })
    await this.#ask(host, this.#request(person, 'password-reset', cause))
  }

  /** A message with its cause, in either order, one of them or both more than once. */
  async #caused(host: Host, person: Person, className: string, kind: CauseFacts['kind']): Promise<void> {
    const world = this.#world
    const cause = `${canary}-cause-${++this.#number}`
    const event = this.#cause(host, person, cause, kind)
    const requests = Array.from({ length: world.chance(0.25) ? 2 : 1 }, () =>
      this.#request(person, className, world.chance(0.5) ? cause : undefined),
    )
    const told = async () => {
      await world.sleep(world.chance(0.5) ? 0 : world.between(0, 8000))
      if (world.chance(0.95)) await this.#report(host, event)
      if (world.chance(0.2)) await this.#report(host, event)
    }
    const asked = async () => {
      await world.sleep(world.chance(0.5) ? 0 : world.between(0, 3000))
      await Promise.all(requests.map(request => this.#ask(host, request)))
    }
    await Promise.all([told(), asked()])
  }

  #cause(host: Host, person: Person, id: string, kind: CauseFacts['kind']): ReportedEvent {
    const world = this.#world
    const lateMs = world.chance(0.1) ? world.between(0, 3600_000) : 0
    return {
      type: 'cause',
      id,
      source: world.pick(['web', 'web', 'app']),
      kind,
      account: person.account,
      trust: world.pick(['session', 'known-device', 'unknown'] as const),
      known: true,
      recipients: world.chance(0.5) ? person.addresses.slice(0, world.chance(0.8) ? 2 : 1).map(mailboxOf) : [],
      occurredAt: Math.floor((host.partition?.now() ?? 0) - lateMs),
    }
  }

  #request(person: Person, className: string, cause: string | undefined): MessageRequest {
    const world = this.#world
    const host = this.#hosts[person.number % this.#hosts.length]!
    const now = host.partition?.now()
    const request: MessageRequest = {
      class: className,
      account: person.account,
      recipient: mailboxOf(world.pick(person.addresses)),
      content: { kind: 'parts', subject: 'Your code', text: `secret ${canary} ${++this.#number}` },
      idempotencyKey: `key-${this.#number}`,
    }
    const slots = { code: `secret ${canary} ${this.#number}` }
    const template = { kind: 'template', slots } as const
    const choice = world.random()
    if (choice < 0.3) request.content = { ...template, name: 'code', version: '1' }
    else if (choice < 0.5 && className === 'password-reset')
      request.content = { ...template, name: composed, version: world.pick(drafts) }
    if (cause !== undefined) request.cause = cause
    if (now !== undefined && world.chance(0.3)) request.expiresAt = Math.floor(now + world.between(0, 120_000))
    return request
  }

  #plain(person: Person): MessageRequest {
    const id = `<${++this.#number}@${canary}.test>`
    const data = Buffer.from(`Subject: ${canary}\r\nMessage-ID: ${id}\r\n\r\nsecret ${canary} ${this.#number}\r\n`)
    return {
      class: 'other',
      recipient: mailboxOf(person.addresses[0]!),
      content: { kind: 'raw', data },
      messageId: id,
    }
  }

  async #ask(host: Host, request: MessageRequest): Promise<void> {
    const world = this.#world
    const answer = await this.#persist(host, intake => decided(intake, request))
    this.acknowledged.push({ host, answer: answer[0]!, request })
    if (world.chance(0.2)) await this.#askAgain(host, request, answer[0]!)
    if (request.idempotencyKey !== undefined && world.chance(0.15)) await this.#askOther(host, request)
  }

  async #askAgain(host: Host, request: MessageRequest, first: Decided): Promise<void> {
    await this.#world.sleep(this.#world.between(0, 20_000))
    const [again] = await this.#persist(host, intake => decided(intake, request))
    const same = again?.id === first.id && again.status === 'repeat' && first.status !== 'conflict'
    if (!same || again.outcome !== first.outcome) this.wrong.push(`a repeat of ${first.id} was answered otherwise`)
  }

  async #askOther(host: Host, request: MessageRequest): Promise<void> {
    const other: MessageRequest = { ...request, content: { kind: 'parts', subject: 'Your code', text: 'other' } }
    const [answer] = await this.#persist(host, intake => decided(intake, other))
    if (answer?.status !== 'conflict') this.wrong.push(`another message under the key of ${answer?.id} was taken`)
  }

  #report(host: Host, event: ReportedEvent): Promise<unknown> {
    return this.#persist(host, intake => intake.events([event]))
  }

  async #persist<T>(host: Host, act: (intake: Intake) => Promise<T>): Promise<T> {
    return untilAnswered(this.#world, host, () => host.intake && act(host.intake))
  }
}

const unavailable = new Set(['Unavailable', 'PartitionUnavailable', 'JournalUnavailable'])

/** No message here is from a template, so none is refused. */
const decided = async (intake: Intake, request: MessageRequest): Promise<Decided[]> =>
  (await intake.messages(application, [request])).filter(answer => answer.status !== 'refused')

/** Asks until there is an answer: a refused connection, an answer of 503 and one that does not come are all the same. */
export async function untilAnswered<T>(
  world: World,
  host: Host,
  act: () => Promise<T> | undefined,
  timeoutMs = 4000,
): Promise<T> {
  for (;;) {
    const asked = host.intake && act()
    if (asked) {
      const heard = asked.then(
        answer => ({ answer }),
        error => {
          if (unavailable.has(error?.name)) return undefined
          throw error
        },
      )
      const result = await Promise.race([heard, world.sleep(timeoutMs).then(() => undefined)])
      if (result) return result.answer
    }
    await world.sleep(world.between(50, 1500))
  }
}

function mailboxOf(address: string): MessageRequest['recipient'] {
  const [local, domain] = address.split('@') as [string, string]
  return { local, domain, address }
}
