import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/cli/replay/outcomes.ts'
import { freshPolicy } from '../../src/core/policy.ts'
import { asked, at, freshSetting, ndjson, replayed, resets, type TraceLine, t0, wanted } from './traces.ts'

const counts = (part: object) => ({
  requested: 0,
  delivered: 0,
  held: 0,
  suppressed: 0,
  rejected: 0,
  expired: 0,
  confirmed: 0,
  ...part,
})

describe('a replay', () => {
  it('delivers what has its cause and holds what repeats one', async () => {
    const again = wanted('again', 6, 'account-1', { cause: { id: 'r1' } })
    const { byClass, faultsTotal, events } = await replayed(ndjson([...resets(5), again]))
    expect(byClass).toEqual({ 'password-reset': counts({ requested: 6, delivered: 5, held: 1 }) })
    expect([faultsTotal, events]).toEqual([0, 11])
  })

  it('tells what became of each message, and when', async () => {
    const decisions: Decision[] = []
    await replayed(ndjson([...resets(2), wanted('late', 1.5, 'account-9', { cause: { id: 'c9' } }), asked('c9', 4)]), {
      ended: decision => decisions.push(decision),
    })
    const told = decisions.map(({ origin, at, first, outcome, deliveredAt }) => [
      origin.id,
      origin.line,
      at - t0,
      first,
      outcome,
      deliveredAt === undefined ? undefined : deliveredAt - t0,
    ])
    // The window of 200 ms that a hand-over takes, and the wait for a cause, which is another account's here.
    expect(told).toEqual([
      ['rm0', 2, 100, 'deliver', 'deliver', 300],
      ['rm1', 4, 1100, 'deliver', 'deliver', 1300],
      ['late', 5, 1500, 'hold', 'hold', undefined],
    ])
  })

  it('lets a message wait for a cause that comes behind it', async () => {
    const trace = ndjson([wanted('m', 0, 'account-1', { cause: { id: 'c' } }), asked('c', 2, 'account-1')])
    const decisions: Decision[] = []
    const { messages } = await replayed(trace, { ended: decision => decisions.push(decision) })
    expect(messages).toMatchObject({ requested: 1, delivered: 1 })
    expect(decisions[0]).toMatchObject({ first: 'hold', outcome: 'deliver', deliveredAt: t0 + 2200 })
  })

  it('gives the same bytes again, however the file is cut into pieces', async () => {
    const trace = ndjson([...resets(300), 'nonsense', ...resets(40, { from: 300, name: 's' })])
    const reports = await Promise.all([65_536, 65_536, 1000, 17, 1].map(pieceBytes => replayed(trace, { pieceBytes })))
    const [first, ...others] = reports.map(report => JSON.stringify(report))
    for (const other of others) expect(other).toBe(first)
    expect(reports[0]!.journalHash).toMatch(/^[0-9a-f]{64}$/)
  })

  it('has another journal when an id, an instant or the policy is another', async () => {
    const trace = resets(30)
    const { policy, ...setting } = await freshSetting
    const lower = { ...freshPolicy(), caps: { ...policy.caps, reserved: { perHour: 1, perDay: 1 } } }
    const hashes = await Promise.all([
      replayed(ndjson(trace)),
      replayed(ndjson(resets(30, { name: 's' }))),
      replayed(ndjson(resets(30, { from: 0.001 }))),
      replayed(ndjson(trace), { setting: { ...setting, policy: lower, policyHash: 'lower' } }),
    ])
    expect(new Set(hashes.map(({ journalHash }) => journalHash)).size).toBe(4)
  })

  it('sends no more than the window at a time', async () => {
    const burst = Array.from({ length: 300 }, (_, i): TraceLine[] => [
      asked(`c${i}`, 0, `a${i}`),
      wanted(`m${i}`, 1, `a${i}`, { cause: { id: `c${i}` } }),
    ])
    const trace = ndjson([...burst.map(([cause]) => cause!), ...burst.map(([, message]) => message!)])
    const deliveries = new Map<number, number>()
    const { messages } = await replayed(trace, {
      ended: ({ deliveredAt }) => deliveries.set(deliveredAt! - t0, (deliveries.get(deliveredAt! - t0) ?? 0) + 1),
    })
    expect(messages.delivered).toBe(300)
    expect([...deliveries]).toEqual([
      [1200, 128],
      [1400, 128],
      [1600, 44],
    ])
  })

  it('names a template that a trace uses without saying that it is new, and holds an unknown one where the policy has templates', async () => {
    const trace = ndjson([asked('c', 0, 'a'), wanted('m', 1, 'a', { template: 'reset', templateVersion: '2' })])
    expect((await replayed(trace)).messages).toMatchObject({ delivered: 1 })
    const { policy, ...setting } = await freshSetting
    const approved = { ...policy, templates: { other: ['1'] } }
    const { messages } = await replayed(trace, { setting: { ...setting, policy: approved } })
    expect(messages).toMatchObject({ delivered: 0, held: 1 })
  })

  it('keeps test material from people', async () => {
    const trace = ndjson([asked('c', 0, 'a'), wanted('m', 1, 'a', { environment: 'staging', cause: { id: 'c' } })])
    expect((await replayed(trace)).messages).toMatchObject({ rejected: 1, delivered: 0 })
  })

  it('sends a message without a recipient to the address that a cause named for the account', async () => {
    const bare = wanted('m', 1, 'a', { recipient: undefined })
    const stranger = wanted('s', 2, 'a', { recipient: { email: 'stranger@example.net' } })
    const { messages } = await replayed(ndjson([asked('c', 0, 'a'), bare, stranger]))
    expect(messages).toMatchObject({ requested: 2, delivered: 1, held: 1 })
  })

  it('answers the same request once', async () => {
    const same = { key: 'k1', cause: { id: 'c' } }
    const trace = [asked('c', 0, 'a'), wanted('m1', 1, 'a', same), wanted('m2', 2, 'a', same)]
    const other = wanted('m3', 3, 'a', { ...same, environment: 'other' })
    const { messages } = await replayed(ndjson([...trace, other]))
    expect(messages).toMatchObject({ requested: 1, delivered: 1, repeated: 1, conflicting: 1 })
  })

  it('takes signals, and changes nothing where no detector is moved by them', async () => {
    const signal = (type: string, seconds: number, data: object): TraceLine => ({
      ...asked(`${type}${seconds}`, seconds, 'account-1', data),
      type: `tocsin.${type}`,
      data,
    })
    const { messages, events, faults } = await replayed(
      ndjson([
        ...resets(3),
        signal('link.followed', 4, { message: 'rm1', cause: 'r1' }),
        signal('reset.completed', 5, { message: 'rm1' }),
        signal('provider.delivered', 6, { provider: 'p', providerId: 'x', message: 'rm2' }),
        signal('change.applied', 7, { kind: 'deploy', service: 'accounts' }),
        signal('claim.published', 8, { by: 'somebody', text: 'a breach' }),
      ]),
    )
    expect([messages.delivered, events, faults]).toEqual([3, 11, []])
  })

  it('says what a second policy would have changed, and of which messages', async () => {
    const { policy, ...setting } = await freshSetting
    const strict = structuredClone(policy)
    strict.classes['password-reset']!.causes.requirement = 'required'
    const bare = wanted('bare', 9, 'account-77')
    const { messages, against } = await replayed(ndjson([...resets(3), bare]), {
      against: { ...setting, policy: strict, policyHash: 'strict' },
    })
    expect([messages.delivered, against!.messages.delivered]).toEqual([4, 3])
    expect(against!.difference).toEqual({
      'password-reset': {
        deliveredOnlyByFirst: 1,
        deliveredOnlyBySecond: 0,
        changes: [{ first: 'delivered', second: 'held', count: 1, examples: ['bare'] }],
      },
    })
  })

  it('plays events that are parsed already as it plays their lines', async () => {
    const trace = resets(50)
    const { Replay } = await import('../../src/cli/replay/replay.ts')
    const replay = new Replay({ setting: await freshSetting })
    for (const event of trace) replay.event(event)
    expect(replay.end()).toEqual(await replayed(ndjson(trace)))
  })
})

describe('what is wrong with a trace', () => {
  const named = async (trace: string | Buffer) =>
    (await replayed(trace)).faults.map(({ line, code }) => `${line} ${code}`)

  it('is named by line, and the rest is used', async () => {
    const { type: _, ...typeless } = asked('x', 3)
    const trace = ndjson([
      ...resets(2),
      '{"specversion":',
      '',
      'null',
      typeless,
      { ...asked('y', 3), type: 'tocsin.reset.wanted' },
      { ...asked('z', 3), type: 'com.example.other' },
      asked('w', 3, 'a', { known: 'yes' }),
      wanted('v', 3, 'a', { class: 'no-such-class' }),
      wanted('u', 3, 'a', { recipient: { email: 'a@example.org, b@example.org' } }),
      asked('r0', 4, 'another'),
      ...resets(2, { from: 5, name: 's' }),
    ])
    const { faults, faultsByCode, messages } = await replayed(trace)
    expect(faults).toEqual([
      { line: 5, code: 'line.not-json' },
      { line: 7, code: 'event.not-an-object' },
      { line: 8, code: 'event.type' },
      { line: 9, code: 'event.type-unknown' },
      { line: 10, code: 'event.type-unknown' },
      { line: 11, code: 'event.known' },
      { line: 12, code: 'class.unknown' },
      { line: 13, code: 'event.message-recipient' },
      { line: 14, code: 'trace.event-repeated' },
    ])
    expect(faultsByCode['event.type-unknown']).toBe(2)
    expect(messages).toMatchObject({ requested: 4, delivered: 4 })
  })

  it('is a file that was cut off, is not UTF-8 or has a line beyond measure', async () => {
    const whole = ndjson(resets(2))
    expect(await named(`${whole}{"specversion":"1.0","id":"x`)).toEqual(['5 line.truncated'])
    expect(await named(whole.trimEnd())).toEqual([])
    expect(await named(Buffer.concat([Buffer.from(whole), Buffer.from([0x22, 0xff, 0x22, 0x0a])]))).toEqual([
      '5 line.not-utf8',
    ])
    const long = JSON.stringify(asked('x', 3, 'a', { note: 'x'.repeat(1024 * 1024) }))
    expect(await named(ndjson([long, ...resets(2)]))).toEqual(['1 line.too-long'])
    expect(await named('')).toEqual([])
  })

  it('is not a byte order mark, nor lines that end with CR LF', async () => {
    const trace = `\uFEFF${ndjson(resets(3)).replaceAll('\n', '\r\n')}`
    const { faults, messages } = await replayed(trace)
    expect([faults, messages.delivered]).toEqual([[], 3])
  })

  it('is an event out of order: put in its place within a minute, played now beyond that', async () => {
    // The mail is a line ahead of its cause and behind it in time, so nobody waits.
    const within = [...resets(40), wanted('m', 60, 'b', { cause: { id: 'c' } }), asked('c', 59.9, 'b')]
    expect(await named(ndjson(within))).toEqual(['82 trace.out-of-order'])
    const [decision] = await decisionsOf(within, 'm')
    expect(decision).toMatchObject({ first: 'deliver' })

    const beyond = [...resets(200), wanted('m', 5, 'b'), ...resets(40, { from: 200, name: 's' })]
    expect(await named(ndjson(beyond))).toEqual(['401 trace.too-late'])
    const [late] = await decisionsOf(beyond, 'm')
    expect(late!.at).toBeGreaterThan(t0 + 130_000)
  })

  it('is an event from the future, and not the end of a quiet time', async () => {
    const future = { ...asked('f', 0), time: '2031-01-01T00:00:00Z' }
    expect(await named(ndjson([...resets(20), future, ...resets(20, { from: 20, name: 's' })]))).toEqual([
      '41 trace.from-the-future',
    ])
    expect(await named(ndjson([future, ...resets(20)]))).toEqual(['1 trace.from-the-future'])
    expect(await named(ndjson([...resets(20), future]))).toEqual(['41 trace.from-the-future'])
    const quiet = [...resets(20), ...resets(20, { from: 90_000, name: 's' })]
    expect(await named(ndjson(quiet))).toEqual([])
    expect(await named(ndjson([...resets(20), asked('f', 90_000)]))).toEqual([])
  })

  it('is a time that no line has said yet', async () => {
    const { time: _, ...timeless } = asked('t', 0, 'a')
    const { time: __, ...later } = asked('u', 0, 'a')
    expect(await named(ndjson([timeless, ...resets(1), later]))).toEqual(['1 trace.time-missing'])
  })

  it('is named a thousand times for each code and counted in full', async () => {
    const { faults, faultsTotal, faultsByCode } = await replayed(
      ndjson([...Array.from({ length: 3000 }, () => '{'), 'null', ...resets(2)]),
    )
    expect([faults.length, faultsTotal]).toEqual([1001, 3001])
    expect(faultsByCode).toEqual({ 'event.not-an-object': 1, 'line.not-json': 3000 })
  })

  const decisionsOf = async (lines: TraceLine[], id: string): Promise<Decision[]> => {
    const found: Decision[] = []
    await replayed(ndjson(lines), { ended: decision => decision.origin.id === id && found.push(decision) })
    return found
  }
})

it('writes instants as they were', () => expect(at(0.25)).toBe('2026-01-08T09:00:00.250Z'))
