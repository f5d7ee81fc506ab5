import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../test/postgres.ts'
import type { Event, MessageFacts, MessageId, Outcome } from '../core/events.ts'
import { type MessageMark, outcomes } from '../core/events.ts'
import { type Lane, lanes } from '../core/policy.ts'
import type { SignalFacts } from '../core/signals.ts'
import type { Hash64 } from '../std/hash64.ts'
import { apply, collect, type JournalReader, loadCursor } from './follow.ts'
import { marks } from './marks.ts'
import { standingsOf } from './places.ts'
import { openRegister, type Register } from './register.ts'
import { column } from './rows.ts'
import { sentByCode } from './sent.ts'

const start = Date.UTC(2026, 0, 8, 12)
const hash = (n: number) => n.toString(16).padStart(16, '0') as Hash64
const messageId = (n: number) => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}` as MessageId

function facts(n: number, part: Partial<MessageFacts> = {}): MessageFacts {
  return {
    id: messageId(n),
    application: 'default',
    class: 'password-reset',
    mailbox: hash(n),
    address: hash(n),
    bytes: 100,
    commitment: 'c',
    sealed: { offset: n, length: 7, page: 1, slot: 2 },
    via: 'http',
    ...part,
  }
}

function decided(
  n: number,
  outcome: Outcome = 'deliver',
  part: Partial<MessageFacts> = {},
  lane: Lane = 'open',
): Event {
  const reasons = outcome === 'deliver' ? [] : (['cause.missing', 'cap.mailbox'] as const)
  return {
    type: 'MessageDecided',
    message: facts(n, part),
    outcome,
    reasons: [...reasons],
    lane,
    priority: 0,
    account: hash(n % 5),
    expiresAt: start + 1000,
    upstream: 'mailbox',
  }
}

const delivered = (n: number): Event => ({
  type: 'MessageDelivered',
  id: messageId(n),
  upstream: 'first',
  attempt: 1,
  reply: '250 2.0.0 ok',
})

type Entries = { position: number; at: number; events: Uint8Array }[]

function entriesOf(batches: Event[][], stepMs = 1000): Entries {
  return batches.map((events, i) => ({
    position: i + 1,
    at: start + i * stepMs,
    events: new TextEncoder().encode(JSON.stringify(events)),
  }))
}

function journalOf(entries: Entries): JournalReader & { entries: Entries } {
  return {
    entries,
    head: async () => ({ position: entries.length }),
    read: async (_, { from, limit }) => entries.slice(from, from + limit),
  }
}

const tables = ['register_cursor', 'register_message', 'register_hold', 'register_count', 'register_alarm']

async function dump(pool: pg.Pool): Promise<unknown> {
  const rows = tables.map(async table => (await pool.query(`select * from ${table} order by 1, 2`)).rows)
  const [cursor, messages, holds, counts] = await Promise.all(rows)
  return { cursor, messages, holds, counts: counts!.map(row => JSON.stringify(row)).sort() }
}

describe('register', () => {
  let pool: pg.Pool
  let register: Register

  beforeAll(async () => {
    pool = new pg.Pool({ ...(await freshDatabase()), max: 4 })
    pool.on('error', () => {})
  })
  beforeEach(async () => {
    await pool.query(`truncate ${tables.join(', ')}`)
    register = openRegister(pool, { restMs: 20 })
  })
  afterAll(() => pool.end())

  async function shown<T>(batches: Event[][], read: () => Promise<T>): Promise<T> {
    await register.follow(journalOf(entriesOf(batches)), 0)
    try {
      return await read()
    } finally {
      await register.stop()
    }
  }

  describe('keeps what whoever got a mail may ask', () => {
    const report = (signal: object): Event => ({ type: 'SignalReported', signal: signal as SignalFacts })
    const completed = (part: object) => report({ kind: 'reset-completed', account: hash(1), ...part })
    const notAsked = (message: string, kind = 'not-requested') => report({ kind: 'reported', report: kind, message })
    const marked = (mark: MessageMark, ...ids: number[]): Event => ({
      type: 'MessagesMarked',
      mark,
      messages: ids.map(messageId),
      by: 'ann',
      reason: 'a fault',
    })
    const caused = (n: number, cause: number): Event => ({ ...decided(n), cause: hash(cause) }) as Event
    const unknown = (n: number): Event => ({
      type: 'HandoverUnknown',
      id: messageId(n),
      upstream: 'first',
      attempt: 1,
      reply: 'silence',
      nextAt: start,
    })
    const lost = (n: number): Event => ({
      type: 'MessageUndeliverable',
      id: messageId(n),
      upstream: 'first',
      attempt: 2,
      reply: '550',
      reasons: [],
    })
    const both = marks['sent-in-error'] | marks.completed

    it.each<[given: string, batches: Event[][], sent: [at: number, marks: number][]]>([
      ['nothing of what was never handed over', [[decided(1)], [decided(2, 'hold')]], []],
      ['when it was handed over', [[decided(1)], [delivered(1)]], [[1, 0]]],
      ['in one stretch as in two', [[decided(1), delivered(1)]], [[0, 0]]],
      ['when it may have been', [[decided(1)], [unknown(1)], [delivered(1)]], [[1, 0]]],
      ['that it may have been, though the next try failed', [[decided(1)], [unknown(1)], [lost(1)]], [[1, 0]]],
      ['completed by id', [[decided(1), delivered(1), completed({ message: messageId(1) })]], [[0, 1]]],
      ['completed by cause', [[caused(1, 9), delivered(1)], [completed({ cause: hash(9) })]], [[0, 1]]],
      ['not by the cause of another', [[caused(1, 9), delivered(1)], [completed({ cause: hash(8) })]], [[0, 0]]],
      ['reported', [[decided(1), delivered(1)], [notAsked(messageId(1))]], [[0, 2]]],
      ['not by a question', [[decided(1), delivered(1)], [notAsked(messageId(1), 'question')]], [[0, 0]]],
      [
        'nothing of ids that are none',
        [
          [decided(1), delivered(1)],
          [notAsked("'"), notAsked(messageId(7))],
        ],
        [[0, 0]],
      ],
      [
        'what people found out, the last of it',
        [
          [decided(1), delivered(1), decided(2), delivered(2), completed({ message: messageId(1) })],
          [marked('asked-by-someone-else', 1, 2), marked('sent-in-error', 1)],
          [marked('none', 2)],
        ],
        [
          [0, both],
          [0, 0],
        ],
      ],
    ])('%s', async (_, batches, expected) => {
      const codeOf = (id: string) => String(Number.parseInt(id.slice(-4), 16) + 1000)
      register = openRegister(pool, { restMs: 20, codeOf })
      const read = async () => {
        expect(await register.reached()).toBe(true)
        return [...(await sentByCode(pool, ['1001'])), ...(await sentByCode(pool, ['5', '1002']))]
      }
      const found = await shown(batches, read)
      expect(found.map(one => [(one.sentAt - start) / 1000, one.marks])).toEqual(expected)
    })
  })

  describe('shows alarms', () => {
    const scope = { class: 'password-reset', lane: 'open', source: '/web', template: '' } as const
    const raised = (id: number, level: 'soft' | 'hard' | 'notice' = 'hard', part: object = {}): Event => ({
      type: 'AlarmRaised',
      alarm: {
        ...scope,
        id,
        level,
        detector: 'causeless',
        numbers: { causeless: id },
        messages: [messageId(id)],
        ...part,
      },
    })
    const opened = (alarm: number, trips = 1): Event => ({
      type: 'BreakerOpened',
      scope,
      alarm,
      reason: 'causeless',
      trips,
      endsAt: start + 600_000,
    })
    const half: Event = { type: 'BreakerHalfOpened', scope, endsAt: start + 900_000 }
    const closed: Event = { type: 'BreakerClosed', scope, by: 'detector' }
    const paused: Event = { type: 'ClassPaused', ...scope, by: 'ada', reason: 'r' }
    const cleared: Event = { type: 'AlarmCleared', alarm: 1, class: 'c', lane: 'open', source: '', detector: 'late' }
    const phases = async (batches: Event[][]) => {
      const page = await shown(batches, () => register.alarms({ limit: 10 }))
      return page!.items.map(({ id, breaker }) => [id, breaker?.phase, breaker?.trips, breaker?.endsAt])
    }

    it.each<[string, Event[], unknown[]]>([
      ['without a breaker', [raised(1, 'soft')], [[1]]],
      ['with an open one', [raised(1), opened(1)], [[1, 'open', 1, start + 600_000]]],
      ['with one that lets canaries through', [raised(1), opened(1), half], [[1, 'half-open', 1, start + 900_000]]],
      ['with one that has closed', [raised(1), opened(1), half, closed], [[1, 'closed', 1]]],
      ['with one beside the stop of a person', [raised(1), opened(1), paused], [[1, 'open', 1, start + 600_000]]],
      [
        'with one that has opened again',
        [raised(1), opened(1), half, raised(2), opened(2, 2)],
        [
          [2, 'open', 2, start + 600_000],
          [1, 'closed', 1],
        ],
      ],
    ])('%s', async (_, events, expected) => {
      const filled = expected.map(row => [...(row as unknown[]), undefined, undefined, undefined].slice(0, 4))
      expect(await phases([events])).toEqual(filled)
      await pool.query(`truncate ${tables.join(', ')}`)
      expect(await phases(events.map(event => [event])), 'one event a batch').toEqual(filled)
    })

    it('page by page, by class and by level, with what they rest on', async () => {
      const some = [1, 2, 3, 4, 5].map(id => raised(id, id % 2 ? 'hard' : 'soft', id > 3 ? { class: 'other' } : {}))
      await shown([some, [cleared]], async () => {
        const all = await register.alarms({ limit: 10 })
        expect(all!.items.map(({ id }) => id)).toEqual([5, 4, 3, 2, 1])
        expect(all!.items[4]).toEqual({
          ...scope,
          partition: 0,
          id: 1,
          at: start,
          level: 'hard',
          detector: 'causeless',
          numbers: { causeless: 1 },
          messages: [messageId(1)],
          clearedAt: start + 1000,
        })
        const first = await register.alarms({ limit: 3 })
        const rest = await register.alarms({ limit: 3, cursor: first!.next! })
        expect([first!, rest!].map(page => page.items.map(({ id }) => id))).toEqual([
          [5, 4, 3],
          [2, 1],
        ])
        expect(rest).not.toHaveProperty('next')
        const found = async (query: object) =>
          (await register.alarms({ limit: 9, ...query }))?.items.map(({ id }) => id)
        expect(await found({ class: 'other' })).toEqual([5, 4])
        expect(await found({ level: 'soft' })).toEqual([4, 2])
        expect(await found({ level: 'soft', class: 'other' })).toEqual([4])
        expect(await found({ cursor: 'x' })).toBeUndefined()
      })
    })
  })

  it('tells where messages stood, for what is reported about them', async () => {
    const campaign = { id: messageId(99), ordinal: 7 }
    const template = { name: 'reset', version: '2' }
    const learnt = { name: 'learnt:default:password-reset:1', version: '1', learnt: true as const }
    const first: Event[] = [
      { ...decided(1, 'deliver', { template }), source: '/web' } as Event,
      decided(2, 'deliver', { class: 'other', campaign }, 'campaign'),
      decided(3, 'hold', { template: learnt }),
    ]
    const released: Event = {
      type: 'MessageReleased',
      id: messageId(3),
      reasons: [],
      lane: 'reserved',
      cause: hash(1),
      source: '/app',
    }
    const ids = [1, 2, 3, 4].map(messageId)
    const standings = await shown([first, [released]], () => standingsOf(register, pool, ids))
    expect([...standings].sort()).toEqual([
      [
        ids[0],
        { about: { class: 'password-reset', lane: 'open', source: '/web', template: 'reset' }, mailbox: hash(1) },
      ],
      [ids[1], { about: { class: 'other', lane: 'campaign', source: '', template: '' }, mailbox: hash(2), campaign }],
      [
        ids[2],
        { about: { class: 'password-reset', lane: 'reserved', source: '/app', template: '' }, mailbox: hash(3) },
      ],
    ])
  })

  it('follows probes, decided in one stretch and handed over in another, and lists them only when asked', async () => {
    const probe = decided(1, 'deliver', { class: 'probe', via: 'probe', application: 'tocsin' })
    const list = (query: object) => register.list({ limit: 10, ...query })
    const pages = await shown([[probe, decided(2)], [delivered(1)]], async () => [
      await list({}),
      await list({ class: 'probe' }),
    ])
    expect(pages.map(page => page!.items.map(({ id, state }) => [id, state]))).toEqual([
      [[messageId(2), 'queued']],
      [[messageId(1), 'delivered']],
    ])
  })

  const lifes: [string, Event[], object][] = [
    ['deliver', [decided(1)], { state: 'queued', first: 'deliver', outcome: 'deliver', attempts: 0 }],
    ['delivered', [decided(1), delivered(1)], { state: 'delivered', upstream: 'first', attempts: 1 }],
    ['hold', [decided(1, 'hold')], { state: 'held', outcome: 'hold', reasons: ['cause.missing', 'cap.mailbox'] }],
    [
      'waiting for its cause',
      [{ ...(decided(1, 'hold') as Event & { type: 'MessageDecided' }), awaitsCauseUntil: start + 5000 }],
      { state: 'waiting', outcome: 'hold' },
    ],
    ['confirm', [decided(1, 'confirm')], { state: 'waiting', outcome: 'confirm' }],
    ['suppress', [decided(1, 'suppress')], { state: 'suppressed', outcome: 'suppress' }],
    ['reject', [decided(1, 'reject')], { state: 'rejected', outcome: 'reject' }],
    ['expire', [decided(1, 'expire')], { state: 'expired', outcome: 'expire' }],
    [
      'released',
      [decided(1, 'hold'), { type: 'MessageReleased', id: messageId(1), reasons: ['hold.released'], lane: 'reserved' }],
      { state: 'queued', first: 'hold', outcome: 'deliver', reasons: ['hold.released'], lane: 'reserved' },
    ],
    [
      'discarded',
      [decided(1, 'hold'), { type: 'MessageDiscarded', id: messageId(1), by: 'operator', reason: 'spam' }],
      { state: 'discarded', first: 'hold', reasons: ['hold.discarded'] },
    ],
    [
      'unknown, then delivered',
      [
        decided(1),
        { type: 'HandoverUnknown', id: messageId(1), upstream: 'u', attempt: 1, reply: '', nextAt: 1 },
        { ...(delivered(1) as Event & { type: 'MessageDelivered' }), attempt: 2 },
      ],
      { state: 'delivered', attempts: 2 },
    ],
    [
      'undeliverable',
      [
        decided(1),
        {
          type: 'MessageUndeliverable',
          id: messageId(1),
          upstream: 'u',
          attempt: 3,
          reply: '550 5.1.1 no',
          reasons: ['delivery.rejected'],
        },
      ],
      { state: 'undeliverable', attempts: 3, reasons: ['delivery.rejected'] },
    ],
    [
      'erased',
      [decided(1), { type: 'SubjectErased', subject: hash(1), by: 'operator', messages: [messageId(1)] }],
      { state: 'discarded', erased: true },
    ],
  ]

  it.each(lifes)('%s: the same in one stretch as in many', async (_, events, expected) => {
    const together = await shown([events], () => register.message(messageId(1)))
    expect(together?.message).toMatchObject(expected)
    expect(together?.timeline.map(step => step.event)).toEqual(events)

    await pool.query(`truncate ${tables.join(', ')}`)
    register = openRegister(pool, { entriesMax: 1, restMs: 20 })
    const apart = await shown(
      events.map(event => [event]),
      () => register.message(messageId(1)),
    )
    expect(apart?.message).toMatchObject(expected)
    expect(apart?.timeline.map(step => step.event)).toEqual(events)
    expect(apart?.timeline.map(step => step.position)).toEqual(events.map((_, i) => i + 1))
    expect(apart?.stale).toBe(false)
  })

  it.each([1, 1000])('shows a notice beside the message that it is about, in stretches of %i', async entriesMax => {
    const id = messageId(1).replace('-7', '-8') as MessageId
    const suppressed: Event = { ...(decided(1, 'suppress') as Event & { type: 'MessageDecided' }), notice: id }
    register = openRegister(pool, { entriesMax, restMs: 20 })
    const sent: Event = { ...(delivered(1) as Event & { type: 'MessageDelivered' }), id }
    const both = await shown([[suppressed], [sent]], async () => [
      await register.message(messageId(1)),
      await register.message(id),
    ])
    expect(both[0]).toMatchObject({ stale: false, message: { state: 'suppressed', first: 'suppress', via: 'http' } })
    expect(both[1]).toMatchObject({
      stale: false,
      message: { state: 'delivered', first: 'deliver', via: 'notice', lane: 'system', reasons: [], attempts: 1 },
    })
    expect(both[1]?.timeline.map(step => step.event)).toEqual([suppressed, sent])
  })

  it('shows the same rows however the journal is cut, and after a rebuild', async () => {
    await fc.assert(
      fc.asyncProperty(histories(), fc.integer({ min: 1, max: 7 }), async (batches, entriesMax) => {
        const journal = journalOf(entriesOf(batches, 600_000))
        const dumps: unknown[] = []
        for (const max of [1000, entriesMax]) {
          const one = openRegister(pool, {
            entriesMax: max,
            restMs: 20,
            failed: error => {
              throw error
            },
          })
          await one.follow(journal, 0, 0)
          expect(await one.reached(10_000)).toBe(true)
          await one.stop()
          dumps.push(await dump(pool))
        }
        expect(dumps[1]).toEqual(dumps[0])
      }),
      { numRuns: 12 },
    )
  })

  it('changes nothing when a stretch is written twice', async () => {
    const entries = entriesOf([[decided(1), decided(2, 'hold')], [delivered(1)]])
    await loadCursor(pool, 0)
    expect(await apply(pool, 0, 0, 2, await collect(entries))).toBe(true)
    const before = await dump(pool)
    expect(await apply(pool, 0, 0, 2, await collect(entries))).toBe(false)
    expect(await dump(pool)).toEqual(before)
  })

  it('goes on where another left off, and lets only one of two write', async () => {
    const journal = journalOf(entriesOf(Array.from({ length: 60 }, (_, i) => [decided(i), delivered(i)])))
    const both = [openRegister(pool, { entriesMax: 3 }), openRegister(pool, { entriesMax: 4 })]
    await Promise.all(both.map(one => one.follow(journal, 0)))
    expect(await Promise.all(both.map(one => one.reached(10_000)))).toEqual([true, true])
    await Promise.all(both.map(one => one.stop()))
    const { rows } = await pool.query("select sum(messages)::int as n from register_count where measure = 'delivered'")
    expect(rows[0].n).toBe(60)
  })

  it('writes what was read at once in stretches of bounded size', async () => {
    const entries = entriesOf(Array.from({ length: 6 }, (_, i) => [decided(i)]))
    const stretchBytesMax = entries[0]!.events.length * 2.5
    const moves: number[] = []
    const one = openRegister(pool, { stretchBytesMax, restMs: 60_000, moved: position => void moves.push(position) })
    await one.follow(journalOf(entries), 0)
    expect(await one.reached(10_000)).toBe(true)
    await one.stop()
    expect(moves).toEqual([2, 4, 6])
    expect((await one.list({ limit: 10 }))?.items).toHaveLength(6)
  })

  it('waits for what was durable when it was asked', async () => {
    const journal = journalOf([])
    const slow = openRegister(pool, { restMs: 60_000 })
    await slow.follow(journal, 0)
    journal.entries.push(...entriesOf([[decided(7)]]))
    expect((await slow.message(messageId(7)))?.message.state).toBe('queued')
    await slow.stop()
  })

  it('says that it is stale when it cannot catch up in time', async () => {
    const journal = { ...journalOf([]), head: async () => ({ position: 5 }) }
    await register.follow(journal, 0)
    expect(await register.reached(20)).toBe(false)
    await register.stop()
  })

  it('reports a failure of the journal and goes on', async () => {
    const journal = journalOf(entriesOf([[decided(1)]]))
    const failures: unknown[] = []
    const flaky: JournalReader = {
      head: journal.head,
      read: async (...args) => {
        if (failures.length < 2) throw new Error('away')
        return journal.read(...args)
      },
    }
    const one = openRegister(pool, { retryMs: 10, failed: error => void failures.push(error) })
    await one.follow(flaky, 0)
    expect(await one.reached(5000)).toBe(true)
    await one.stop()
    expect(failures).toHaveLength(2)
  })

  it('lists by every filter, in pages, newest first', async () => {
    const batches = Array.from({ length: 30 }, (_, i) => [
      decided(i, outcomes[i % 6]!, { class: i % 2 === 0 ? 'other' : 'sign-in-alert', application: i < 20 ? 'a' : 'b' }),
    ])
    await shown(batches, async () => {
      const all = await register.list({ limit: 100 })
      expect(all?.items.map(item => item.id)).toEqual(Array.from({ length: 30 }, (_, i) => messageId(29 - i)))
      const paged: string[] = []
      for (let cursor: string | undefined, more = true; more; ) {
        const page = (await register.list({ limit: 7, ...(cursor === undefined ? {} : { cursor }) }))!
        paged.push(...page.items.map(item => item.id))
        cursor = page.next
        more = cursor !== undefined
      }
      expect(paged).toEqual(all?.items.map(item => item.id))
      const count = async (query: object) => (await register.list({ limit: 100, ...query }))?.items.length
      expect(await count({ class: 'other' })).toBe(15)
      expect(await count({ application: 'b' })).toBe(10)
      expect(await count({ outcome: 'hold' })).toBe(5)
      expect(await count({ account: hash(3) })).toBe(6)
      expect(await count({ account: hash(99) })).toBe(0)
      expect(await count({ from: start + 10_000, to: start + 20_000 })).toBe(10)
      expect(await register.list({ limit: 1, cursor: 'bm9uZQ' })).toBeUndefined()
      expect((await register.holds({ limit: 100 }))?.items.map(item => item.state)).toEqual(
        Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'waiting' : 'held')),
      )
      expect((await register.holds({ limit: 100, class: 'other', application: 'b' }))?.items).toHaveLength(2)
      expect(await register.message(messageId(3), 'b')).toBeUndefined()
    })
  })

  it('counts first outcomes, what became of them, and what is held', async () => {
    await shown([[decided(1), decided(2, 'hold'), decided(3, 'hold'), delivered(1)]], async () => {
      const { classes } = await register.counts(start + 60_000)
      expect(classes['password-reset']).toEqual({
        lastHour: { deliver: 1, delivered: 1, hold: 2 },
        lastDay: { deliver: 1, delivered: 1, hold: 2 },
        held: 2,
      })
      expect((await register.counts(start + 3 * 3_600_000)).classes['password-reset']?.lastHour).toEqual({})
    })
  })
})

describe('array literals', () => {
  it('come back as they were', async () => {
    const pool = new pg.Pool({ ...(await freshDatabase()), max: 1 })
    pool.on('error', () => {})
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.option(
            fc.string({ unit: 'grapheme' }).map(s => s.replaceAll('\0', '')),
            { nil: undefined },
          ),
        ),
        async values => {
          const { rows } = await pool.query('select $1::text[] as v', [column(values)])
          expect(rows[0].v).toEqual(values.map(value => value ?? null))
        },
      ),
      { numRuns: 200 },
    )
    await pool.end()
  })
})

/** Random lives of up to 12 messages, in batches. */
function histories(): fc.Arbitrary<Event[][]> {
  const step = fc.record({ n: fc.nat(11), pick: fc.nat(6), cut: fc.boolean() })
  return fc.array(step, { maxLength: 60 }).map(steps => {
    const batches: Event[][] = [[]]
    const known = new Map<number, Outcome>()
    for (const { n, pick, cut } of steps) {
      if (cut) batches.push([])
      batches.at(-1)!.push(eventFor(n, pick, known))
    }
    return batches
  })
}

function eventFor(n: number, pick: number, known: Map<number, Outcome>): Event {
  const id = messageId(n)
  if (!known.has(n)) {
    const outcome = outcomes[pick % outcomes.length]!
    known.set(n, outcome)
    return decided(n, outcome, { class: ['a', 'b c', 'd"{'][n % 3]! }, lanes[pick % 4]!)
  }
  switch (pick) {
    case 0:
      return { type: 'MessageReleased', id, reasons: ['hold.released'], lane: 'system', by: 'operator' }
    case 1:
      return { type: 'MessageHeld', id, reasons: ['cause.missing'] }
    case 2:
      return { type: 'SubjectErased', subject: hash(n), by: 'operator', messages: [id] }
    case 3:
      return { type: 'HandoverDeferred', id, upstream: 'u', attempt: 2, reply: '451', nextAt: 1, nextUpstream: 'v' }
    case 4:
      return { type: 'MessageDiscarded', id, by: 'operator', reason: 'no' }
    case 5:
      return { type: 'MessageExpired', id, reasons: ['secret.expired'] }
    default:
      return delivered(n)
  }
}
