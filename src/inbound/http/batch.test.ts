import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerBatch, type BatchDeps, linesUndecidedMax } from './batch.ts'
import { check } from './check.ts'
import { BatchResult, batchLineBytesMax, batchLinesMax, bodyDepthMax } from './contract.ts'
import { lineCutter } from './lines.ts'
import { Room } from './room.ts'
import { bearer, httpOver, message, RecordedIntake } from './test-ports.ts'

type Result = { index: number; status: number; code: string; id?: string; faults?: { pointer: string; code: string }[] }

const parse = (body: string): Result[] =>
  body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

function over(intake: RecordedIntake): BatchDeps {
  const application = { name: 'shop' }
  const reader = { application, knowsClass: (name: string) => name === 'other' }
  const room = new Room(linesUndecidedMax)
  return { intake, reader, application, room, decided: () => {}, failed: () => {}, brokenOff: () => {} }
}

const pieces = (body: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(body.length / size) }, (_, i) => body.subarray(i * size, (i + 1) * size))

const run = async (body: Buffer | Buffer[], deps: BatchDeps): Promise<Result[]> =>
  parse(await text(answerBatch(Readable.from(Array.isArray(body) ? body : [body]), deps)))

const sound = (n: number) => JSON.stringify(message({ class: 'other', account: `account-${n}` }))

const faulty: [string, string | Buffer, number, string][] = [
  ['nothing', '', 400, 'line.empty'],
  ['white space', '  ', 400, 'body.not-json'],
  ['half an object', '{"class":', 400, 'body.not-json'],
  ['two objects', `${sound(1)}${sound(2)}`, 400, 'body.not-json'],
  ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400, 'body.not-utf8'],
  ['a list', '[]', 422, 'message.invalid'],
  ['null', 'null', 422, 'message.invalid'],
  ['depth', `${'['.repeat(bodyDepthMax + 2)}${']'.repeat(bodyDepthMax + 2)}`, 400, 'body.too-deep'],
  ['an unknown field', JSON.stringify(message({ class: 'other', x: 1 })), 422, 'message.invalid'],
  ['a prototype', `{"__proto__":{},${sound(1).slice(1)}`, 422, 'message.invalid'],
  ['an unknown class', JSON.stringify(message({ class: 'no-such' })), 422, 'message.invalid'],
  [
    'two recipients',
    JSON.stringify(message({ class: 'other', recipient: { email: 'a@x.test, b@x.test' } })),
    422,
    'message.invalid',
  ],
  ['a lone surrogate', JSON.stringify(message({ class: 'other', text: '\ud800' })), 422, 'message.invalid'],
  ['a NUL', JSON.stringify(message({ class: 'other', text: '\0' })), 422, 'message.invalid'],
  ['too long a line', `{"x":"${'x'.repeat(batchLineBytesMax)}"}`, 413, 'line.too-long'],
]

describe('a batch of 10,000 lines', () => {
  // Where a fault can hide: first, last, at the borders of chunks, side by side, and spread.
  const places: Record<string, number[]> = {
    first: [0],
    last: [batchLinesMax - 1],
    'around a chunk': [999, 1000, 1001],
    'side by side': Array.from({ length: 15 }, (_, i) => 5000 + i),
    spread: Array.from({ length: 15 }, (_, i) => 37 + i * 660),
  }

  it.each(Object.keys(places))('answers each line in its place with faults %s', async place => {
    const lines: (string | Buffer)[] = Array.from({ length: batchLinesMax }, (_, i) => sound(i))
    const expected = new Map<number, (typeof faulty)[number]>()
    for (const [i, at] of places[place]!.entries()) {
      const row = faulty[(i + (place === 'last' ? 3 : 0)) % faulty.length]!
      expected.set(at, row)
      lines[at] = row[1]
    }
    const intake = new RecordedIntake()
    const body = Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from('\n')]))
    const results = await run(pieces(body, 65_536), over(intake))
    expect(results.map(result => result.index)).toEqual(lines.map((_, i) => i))
    for (const [i, result] of results.entries()) {
      const row = expected.get(i)
      expect([result.status, result.code], row?.[0]).toEqual(row === undefined ? [202, 'code'] : [row[2], row[3]])
    }
    expect(intake.requests.map(({ request }) => request.account)).toEqual(
      lines.flatMap((_, i) => (expected.has(i) ? [] : [`account-${i}`])),
    )
  })

  it('has a last line behind which nothing is read', async () => {
    const intake = new RecordedIntake()
    let broken = 0
    const body = Buffer.from(`${sound(1)}\n`.repeat(batchLinesMax + 50))
    const results = await run(pieces(body, 100_000), { ...over(intake), brokenOff: () => void broken++ })
    expect(results).toHaveLength(batchLinesMax + 1)
    expect(results.at(-1)).toMatchObject({ index: batchLinesMax, status: 413, code: 'batch.too-many-lines' })
    expect(intake.requests).toHaveLength(batchLinesMax)
    expect(broken).toBe(1)
  })
})

describe('a batch', () => {
  it.each(faulty)('answers a line of %s alone', async (_, line, status, code) => {
    const body = Buffer.concat([Buffer.from(line), Buffer.from('\n')])
    const results = await run(body, over(new RecordedIntake()))
    expect(results).toEqual([expect.objectContaining({ index: 0, status, code })])
    expect(check(BatchResult).accepts(results[0])).toBe(true)
  })

  it('is read the same however it is cut', async () => {
    const lines = faulty.filter(row => row[3] !== 'line.too-long').flatMap(row => [row[1], sound(1)])
    const body = Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from('\n')]))
    const whole = (await run(body, over(new RecordedIntake()))).map(({ id: _, ...rest }) => rest)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async size => {
        const cut = await run(pieces(body, size), over(new RecordedIntake()))
        expect(cut.map(({ id: _, ...rest }) => rest)).toEqual(whole)
      }),
      { numRuns: 30 },
    )
  })

  it('takes CRLF, and a last line without an end', async () => {
    const intake = new RecordedIntake()
    expect(await run(Buffer.from(`${sound(1)}\r\n${sound(2)}`), over(intake))).toHaveLength(2)
    expect(intake.requests).toHaveLength(2)
  })

  it('of nothing is answered with nothing', async () => {
    expect(await text(answerBatch(Readable.from([]), over(new RecordedIntake())))).toBe('')
  })

  it('has idempotency keys by line', async () => {
    const line = (part: object) => JSON.stringify(message({ class: 'other', ...part }))
    const body = [
      line({ idempotencyKey: 'a' }),
      line({ idempotencyKey: 'a' }),
      line({ idempotencyKey: 'a', text: 'other' }),
    ].join('\n')
    const results = await run(Buffer.from(body), over(new RecordedIntake()))
    expect(results.map(({ status }) => status)).toEqual([202, 200, 409])
    expect(results[2]).toMatchObject({ code: 'idempotency.key-reused', id: results[0]!.id })
    expect(results[1]!.id).toBe(results[0]!.id)
  })

  it('says for each line that could not be made durable that nothing was decided', async () => {
    const intake = new RecordedIntake()
    intake.unavailableFrom = 1
    const body = Buffer.from(`${sound(1)}\n`.repeat(2500))
    const results = await run([body], over(intake))
    const codes = results.map(({ status, code }) => `${status} ${code}`)
    expect(codes).toHaveLength(2500)
    expect(new Set(codes.slice(0, 1000))).toEqual(new Set(['202 code']))
    expect(new Set(codes.slice(1000))).toEqual(new Set(['503 journal.unavailable']))
  })

  it('does not hide a fault of ours', async () => {
    const intake = new RecordedIntake()
    intake.messages = async () => {
      throw new Error('assertion failed')
    }
    const failures: unknown[] = []
    const results = await run(Buffer.from(sound(1)), { ...over(intake), failed: error => void failures.push(error) })
    expect(results[0]).toMatchObject({ status: 500, code: 'internal' })
    expect(failures).toHaveLength(1)
  })

  it('is decided in chunks, one call each', async () => {
    const intake = new RecordedIntake()
    await run([Buffer.from(`${sound(1)}\n`.repeat(10_000))], over(intake))
    expect(intake.calls.every(lines => lines <= 1000)).toBe(true)
    expect(intake.calls.length).toBeLessThanOrEqual(12)
  })
})

describe('a batch over a socket', () => {
  it('needs its media type and no key of its own', async () => {
    const { app } = httpOver()
    const post = (headers: object, payload: string) =>
      app.inject({ method: 'POST', url: '/v1/messages/batch', headers: { ...bearer('send'), ...headers }, payload })
    expect((await post({ 'content-type': 'application/json' }, '{}')).json().code).toBe('body.media-type')
    const ndjson = { 'content-type': 'application/x-ndjson' }
    expect((await post({ ...ndjson, 'idempotency-key': 'k' }, '{}')).json().code).toBe(
      'idempotency.header-not-for-batch',
    )
    expect((await post({ ...ndjson, 'content-length': `${2 ** 40}` }, '{}')).statusCode).toBe(413)
    expect(parse((await post(ndjson, JSON.stringify(message()))).body)).toMatchObject([{ status: 202 }])
  })

  it('answers a line before the next is sent, and lets a client send all before it reads', async () => {
    const { app, intake } = httpOver()
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
    const socket = connect(Number(port), '127.0.0.1')
    const head =
      'POST /v1/messages/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer send\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n'
    const chunk = (body: string) => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`
    let received = ''
    const until = (pattern: RegExp) =>
      new Promise<void>(resolve => {
        const look = () => pattern.test(received) && resolve()
        socket.on('data', look)
        look()
      })
    socket.setEncoding('utf8').on('data', data => void (received += data))
    const line = `${JSON.stringify(message())}\n`
    socket.write(head + chunk(line + line))
    await until(/"index":1,"status":202/)
    socket.write(chunk(line))
    await until(/"index":2,"status":202/)
    socket.pause()
    for (let i = 0; i < 60; i++) socket.write(chunk(line.repeat(100)))
    socket.write('0\r\n\r\n')
    socket.resume()
    await until(/"index":6002,"status":202/)
    expect(intake.requests).toHaveLength(6003)
    socket.destroy()
    await app.close()
  })
})

describe('the line cutter', () => {
  it('keeps nothing of a line that is too long', () => {
    const cutter = lineCutter({ lineBytesMax: 4, linesMax: 10, bytesMax: 100 })
    const out = ['ab', 'cdef', 'gh\nxy\n'].flatMap(piece => cutter.push(Buffer.from(piece)))
    expect(out.map(String)).toEqual(['too-long', 'xy'])
  })

  it('ends at the bytes of a whole batch', () => {
    const cutter = lineCutter({ lineBytesMax: 10, linesMax: 10, bytesMax: 8 })
    expect(cutter.push(Buffer.from('abc\ndef\nghi')).map(String)).toEqual(['abc', 'def', 'too-large'])
    expect(cutter.isOver()).toBe(true)
    expect(cutter.end()).toEqual([])
  })
})
