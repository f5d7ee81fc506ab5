import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { minute, second } from '../../test/core.ts'
import type { Answer } from '../core/commands.ts'
import type { Content } from '../core/content.ts'
import type { Event, MessageId } from '../core/events.ts'
import { freshPolicy, type Policy } from '../core/policy.ts'
import { fromConfig } from '../core/state.ts'
import { JournalUnavailable } from '../journal/journal.ts'
import { type AppendFate, MemoryJournal, MemoryStore } from '../journal/memory/journal.ts'
import { pack } from './content.ts'
import { encrypt, keyringOf } from './keyring.ts'
import { applyPolicy, eraseSubject, pauseClass, resumeClass } from './operator.ts'
import { type Deliver, Partition } from './partition.ts'
import type { Surroundings } from './surroundings.ts'

const keyring = keyringOf(createHash('sha256').update('test').digest())
const startAt = Date.UTC(2026, 0, 10, 12)

/** Clocks and timers that move when they are told to. */
class Hands implements Surroundings {
  #now = 0
  #wallOff = 0
  #timers: { at: number; what: () => void }[] = []

  wall = () => startAt + this.#now + this.#wallOff
  monotonic = () => this.#now
  after = (ms: number, what: () => void) => {
    const timer = { at: this.#now + ms, what }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter(one => one !== timer))
  }
  soon = (what: () => void) => void this.after(0, what)

  setWallBack(ms: number): void {
    this.#wallOff -= ms
  }

  async pass(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await new Promise(resolve => setImmediate(resolve))
      const next = this.#timers.sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > until) break
      this.#timers.shift()
      this.#now = Math.max(this.#now, next.at)
      next.what()
    }
    this.#now = until
  }
}

/** A partition over a journal in memory; the world answers hand-overs when the test says so. */
class Given {
  readonly hands = new Hands()
  readonly store = new MemoryStore()
  readonly events: Event[] = []
  readonly warnings: string[] = []
  readonly handovers: { id: MessageId; content: Content; end: (result: Awaited<ReturnType<Deliver>>) => void }[] = []
  /** What a hand-over waits for before its first byte. */
  connection: Promise<void> | undefined
  fates: AppendFate[] = []
  journal = new MemoryJournal(this.store, { beforeAppend: () => this.fates.shift() ?? 'ok' })
  partition!: Partition
  #ids = 0

  static async open(change: (policy: Policy) => void = () => {}, inFlightMax = 2): Promise<Given> {
    const given = new Given()
    given.partition = await Partition.open({
      partition: 0,
      journal: given.journal,
      keyring,
      window: { inFlightMax, bulkInFlightMax: 1 },
      surroundings: given.hands,
      log: { info() {}, warn: (_, text) => void given.warnings.push(text), error() {} },
      onAppended: ({ events }) => given.events.push(...events),
      deliver: async ({ id }, content, mayLeave) => {
        await given.connection
        return mayLeave() ? new Promise(end => void given.handovers.push({ id, content, end })) : undefined
      },
    })
    const policy = freshPolicy()
    change(policy)
    await given.until(applyPolicy(given.partition, policy, { hash: 'test', by: fromConfig }))
    // The next turn brings the leases.
    await given.hands.pass(2 * second)
    return given
  }

  async until<T>(promise: Promise<T>): Promise<T> {
    let done = false
    const ended = promise.finally(() => void (done = true))
    ended.catch(() => {})
    while (!done) await this.hands.pass(1)
    return ended
  }

  async send({ to = 'ann', text = 'hello', key, expiresAt }: Wanted = {}): Promise<Answer & { id: MessageId }> {
    const id = `019bf000-0000-7000-8000-00000000${(++this.#ids).toString(16).padStart(4, '0')}` as MessageId
    const mailbox = { local: to, domain: 'example.org', address: `${to}@example.org` }
    const content: Content = { recipient: mailbox, text }
    const { plaintext, commitment, digest } = pack(content)
    const address = keyring.hash('address', mailbox.address)
    const subject = this.partition.subjectKey(address)
    const message = {
      id,
      application: 'shop',
      class: 'other',
      mailbox: address,
      address,
      bytes: 10,
      commitment,
      sealed: { offset: 0, length: 0, page: 0, slot: 0 },
      via: 'http' as const,
      ...(key && { repeat: { key: keyring.hash('key', key), content: keyring.hash('content', digest) } }),
      ...(expiresAt && { expiresAt }),
    }
    const sealed = { bytes: encrypt(subject.key, plaintext, id), key: subject, content }
    const [answer] = await this.until(this.partition.submit([{ command: { type: 'RequestMessage', message }, sealed }]))
    return { id, ...answer } as Answer & { id: MessageId }
  }

  happened(type: Event['type']): Event[] {
    return this.events.filter(event => event.type === type)
  }

  async handedOver(): Promise<(typeof this.handovers)[number]> {
    await this.hands.pass(200)
    return this.handovers.shift()!
  }
}
type Wanted = { to?: string; text?: string; key?: string; expiresAt?: number }

const accepted = { handover: 'accepted', reply: '250' } as const

describe('one message', () => {
  it('is durable when it is answered, then handed over, then its end is recorded', async () => {
    const given = await Given.open()
    const { id } = await given.send()
    expect(given.happened('MessageDecided')).toHaveLength(1)
    const handover = await given.handedOver()
    expect([handover.id, handover.content.text]).toEqual([id, 'hello'])
    handover.end(accepted)
    await given.hands.pass(10)
    expect(given.happened('MessageDelivered')).toHaveLength(1)
    expect([given.partition.inFlight, given.partition.state.messages.size]).toEqual([0, 0])
  })

  it.each<[AppendFate, string, number]>([
    ['lost-request', 'is refused and nothing is decided', 0],
    ['lost-reply', 'is answered once the head has told that it is durable', 1],
  ])('whose append meets %s %s', async (fate, _then, decided) => {
    const given = await Given.open()
    given.fates = [fate]
    const answer = await given.send({ key: 'k' }).catch(error => error.name)
    expect(answer === 'PartitionUnavailable').toBe(decided === 0)
    await given.hands.pass(second)
    const again = await given.send({ key: 'k' })
    expect(again).toMatchObject({ outcome: 'deliver', repeat: decided === 1 })
    expect(given.happened('MessageDecided')).toHaveLength(1)
  })

  it.each<[AppendFate]>([['lost-request'], ['lost-reply']])('whose end meets %s is recorded once', async fate => {
    const given = await Given.open()
    await given.send()
    given.fates = [fate]
    ;(await given.handedOver()).end(accepted)
    await given.hands.pass(5 * second)
    expect(given.handovers).toHaveLength(0)
    expect(given.happened('MessageDelivered')).toHaveLength(1)
    expect(given.partition.inFlight).toBe(0)
  })
})

describe('the window', () => {
  it('is never exceeded', async () => {
    const given = await Given.open()
    for (const to of ['a', 'b', 'c']) await given.send({ to })
    await given.hands.pass(second)
    expect(given.handovers.map(({ content }) => content.recipient.local)).toEqual(['a', 'b'])
    given.handovers.shift()!.end(accepted)
    await given.hands.pass(second)
    expect(given.handovers.map(({ content }) => content.recipient.local)).toEqual(['b', 'c'])
  })

  it('gets its place back from a message that was erased while it was with the world', async () => {
    const given = await Given.open()
    await given.send()
    const handover = await given.handedOver()
    const subject = keyring.hash('address', 'ann@example.org')
    const command = { type: 'EraseSubject', subject, by: 'operator' } as const
    await given.until(given.partition.submit([{ command }]))
    handover.end(accepted)
    await given.hands.pass(second)
    expect(given.partition.inFlight).toBe(0)
  })

  it('turns no faster while it is full and a message is due again', async () => {
    const given = await Given.open(undefined, 1)
    await given.send({ to: 'a' })
    ;(await given.handedOver()).end({ handover: 'deferred', reply: '451' })
    await given.hands.pass(100)
    await given.send({ to: 'b' })
    await given.hands.pass(20 * second)
    let wakes = 0
    const { soon } = given.hands
    given.hands.soon = what => {
      wakes++
      soon(what)
    }
    await given.hands.pass(5 * second)
    expect(wakes).toBeLessThan(12)
  })
})

describe('the end of a life', () => {
  it('comes to a message that was on its way to the world when it ended', async () => {
    const given = await Given.open()
    const { id } = await given.send({ expiresAt: startAt + minute })
    await given.hands.pass(10)
    given.handovers.shift()!.end({ handover: 'deferred', reply: '451' })
    await given.hands.pass(10)
    // From here on the content must be read back, and that takes longer than the message lives.
    given.partition.forgetKeys()
    const { sealed } = given.journal
    let answer = () => {}
    given.journal.sealed = (...args) =>
      new Promise(resolve => void (answer = () => void sealed.apply(given.journal, args).then(resolve)))
    await given.hands.pass(2 * minute)
    expect(given.partition.inFlight).toBe(1)
    answer()
    await given.hands.pass(5 * second)
    expect(given.partition.state.messages.get(id)).toBeUndefined()
    expect(given.happened('MessageExpired')).toHaveLength(1)
    expect(given.handovers).toHaveLength(0)
  })

  it('tells people, once, when the clock of the machine falls behind it', async () => {
    const given = await Given.open()
    given.hands.setWallBack(30 * minute)
    await given.hands.pass(2 * minute)
    expect(given.warnings.filter(text => text.includes('ahead of this machine'))).toHaveLength(1)
    expect(given.partition.clockAheadMs).toBe(30 * minute)
  })

  it('does not recede when the machine is set back and the partition recovers', async () => {
    const given = await Given.open()
    await given.hands.pass(10 * minute)
    const before = given.partition.now()
    given.hands.setWallBack(60 * minute)
    given.fates = ['lost-request']
    await given.send().catch(() => {})
    await given.hands.pass(second)
    expect(given.partition.isOpen).toBe(true)
    expect(given.partition.now()).toBeGreaterThanOrEqual(before)
  })
})

describe('a stop', () => {
  it('counts what is with the world, and nothing begins after it', async () => {
    const given = await Given.open()
    for (const to of ['a', 'b', 'c']) await given.send({ to })
    await given.hands.pass(10)
    const stop = { class: 'other', by: 'operator', reason: 'drill' }
    expect(await given.until(pauseClass(given.partition, stop))).toEqual({ handedOver: 2 })
    for (const { end } of given.handovers.splice(0)) end(accepted)
    await given.hands.pass(10 * second)
    expect(given.handovers).toHaveLength(0)
    await given.until(resumeClass(given.partition, stop))
    expect((await given.handedOver()).content.recipient.local).toBe('c')
  })
})

describe('a stop that comes late', () => {
  it('holds for what waits for a connection, which is not counted as handed over', async () => {
    const given = await Given.open()
    const { promise, resolve: connected } = Promise.withResolvers<void>()
    await given.send({ to: 'a' })
    await given.hands.pass(10)
    given.connection = promise
    await given.send({ to: 'b' })
    await given.hands.pass(10)
    expect(given.partition.inFlight).toBe(2)
    const stop = { class: 'other', by: 'operator', reason: 'drill' }
    expect(await given.until(pauseClass(given.partition, stop))).toEqual({ handedOver: 1 })
    connected()
    await given.hands.pass(10 * second)
    expect(given.handovers.map(({ content }) => content.recipient.local)).toEqual(['a'])
    expect(given.partition.inFlight).toBe(1)
    given.handovers.shift()!.end(accepted)
    await given.until(resumeClass(given.partition, stop))
    expect((await given.handedOver()).content.recipient.local).toBe('b')
  })

  it('is not lifted by a resume that has not reached the journal', async () => {
    const given = await Given.open()
    const { promise, resolve: connected } = Promise.withResolvers<void>()
    given.connection = promise
    await given.send()
    await given.hands.pass(10)
    const stop = { class: 'other', by: 'operator', reason: 'drill' }
    await given.until(pauseClass(given.partition, stop))
    const { append } = given.journal
    const { promise: written, resolve: write } = Promise.withResolvers<void>()
    given.journal.append = async (...args) => {
      await written
      return append.apply(given.journal, args)
    }
    const resumed = resumeClass(given.partition, stop)
    await given.hands.pass(10)
    expect(given.partition.state.stops).toEqual([])
    connected()
    await given.hands.pass(10)
    expect(given.handovers).toHaveLength(0)
    write()
    expect(await given.until(resumed)).toBe('done')
    expect(await given.handedOver()).toBeDefined()
  })

  it('holds for what was on its way to the world and had not left', async () => {
    const given = await Given.open()
    await given.send()
    await given.hands.pass(10)
    given.handovers.shift()!.end({ handover: 'deferred', reply: '451' })
    await given.hands.pass(10)
    given.partition.forgetKeys()
    const { sealed } = given.journal
    let answer = () => {}
    given.journal.sealed = (...args) =>
      new Promise(resolve => void (answer = () => void sealed.apply(given.journal, args).then(resolve)))
    await given.hands.pass(10 * second)
    expect(given.partition.inFlight).toBe(1)
    await given.until(pauseClass(given.partition, { class: 'other', by: 'operator', reason: 'drill' }))
    answer()
    await given.hands.pass(10 * second)
    expect(given.handovers).toHaveLength(0)
    given.journal.sealed = sealed
    await given.until(resumeClass(given.partition, { class: 'other', by: 'operator' }))
    expect(await given.handedOver()).toBeDefined()
  })
})

describe('what is erased', () => {
  const placesOf = (given: Given, to: string) =>
    async function* () {
      for (const event of given.events)
        if (event.type === 'MessageDecided' && event.message.address === keyring.hash('address', `${to}@example.org`))
          yield { page: event.message.sealed.page, slot: event.message.sealed.slot, id: event.message.id }
    }
  const erase = (given: Given, to: string) =>
    eraseSubject(given.partition, keyring.hash('address', `${to}@example.org`), {
      by: 'operator',
      places: placesOf(given, to),
    })
  const facts = (given: Given, to: string) => {
    const found = given.events.findLast(
      event =>
        event.type === 'MessageDecided' && event.message.address === keyring.hash('address', `${to}@example.org`),
    )
    if (found?.type !== 'MessageDecided') throw new Error('no such message')
    return found.message
  }

  it('cannot be read, and everybody else can', async () => {
    const given = await Given.open()
    await given.send({ to: 'a' })
    await given.send({ to: 'b' })
    await given.until(erase(given, 'a'))
    expect(await given.partition.content(facts(given, 'a'), facts(given, 'a').sealed.page)).toBeUndefined()
    expect(await given.partition.content(facts(given, 'b'), facts(given, 'b').sealed.page)).toMatchObject({
      text: 'hello',
    })
  })

  it('stays erased when two persons of one page are erased at once', async () => {
    const given = await Given.open()
    await Promise.all([given.send({ to: 'a' }), given.send({ to: 'b' })])
    const [a, b] = [facts(given, 'a'), facts(given, 'b')]
    expect(a.sealed.page).toBe(b.sealed.page)
    await given.until(Promise.all([erase(given, 'a'), erase(given, 'b')]))
    for (const one of [a, b]) expect(await given.partition.content(one, one.sealed.page)).toBeUndefined()
  })

  it('is found by its events: a message that was refused as another under its key leaves no content behind', async () => {
    const given = await Given.open()
    await given.send({ key: 'k' })
    const sealedBytes = () => given.store.partitions.get(0)!.rows.reduce((sum, { sealed }) => sum + sealed.length, 0)
    const before = sealedBytes()
    expect(await given.send({ key: 'k', text: 'other' })).toMatchObject({ type: 'conflict' })
    expect(given.happened('MessageConflicted')).toHaveLength(1)
    expect(sealedBytes()).toBe(before)
  })
})

it('says that the journal cannot be written, and is whole when it can be again', async () => {
  const given = await Given.open()
  await given.send({ to: 'a', key: 'a' })
  const { claim } = given.journal
  given.journal.claim = async () => {
    throw new JournalUnavailable('down')
  }
  given.fates = ['lost-request']
  await expect(given.send({ to: 'b' })).rejects.toMatchObject({ name: 'PartitionUnavailable' })
  await given.hands.pass(20 * second)
  expect(given.partition.isOpen).toBe(false)
  await expect(given.send({ to: 'b' })).rejects.toMatchObject({ name: 'PartitionUnavailable' })
  given.journal.claim = claim
  await given.hands.pass(6 * second)
  expect(await given.send({ to: 'a', key: 'a' })).toMatchObject({ repeat: true })
})
