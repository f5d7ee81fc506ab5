import { describe, expect, it, onTestFinished } from 'vitest'
import { Random } from '../src/std/random.ts'
import { mannWhitneyP, median } from './mann-whitney.ts'
import { adminKey, causeKey, openHouse, Product } from './product.ts'

/** A product for one test; the server has not enough connections for all of them at once. */
async function open(): Promise<Product> {
  const product = await Product.start({ config: openHouse })
  onTestFinished(() => product.stop())
  return product
}

const json = { 'content-type': 'application/json' }
const post = (product: Product, path: string, body: object, key?: string) =>
  product.ask(path, { method: 'POST', headers: json, body: JSON.stringify(body), ...(key && { key }) })

/** Nobody has to say who they are. */
async function verify(product: Product, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${product.running.httpUrl}/v1/verify`, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> }
}

const event = (id: string, type: string, data: object, account = 'account-1') => ({
  specversion: '1.0',
  id,
  source: '/web',
  type: `tocsin.${type}`,
  subject: account,
  data,
})

const ann = 'ann@example.org'

/** A reset for the account, asked for with the trust; answers its id and code once it has left. */
async function reset(product: Product, cause: string, trust: 'session' | 'known-device' | 'unknown') {
  const asked = event(cause, 'reset.requested', { known: true, trust, recipients: [{ email: ann }] })
  expect((await post(product, '/v1/events', asked, causeKey)).body.accepted).toBe(1)
  const sent = await product.send({
    class: 'password-reset',
    account: 'account-1',
    recipient: { email: ann },
    subject: 'Reset',
    text: 'Follow.',
    cause: { id: cause },
  })
  expect(sent.body.outcome).toBe('deliver')
  await product.settled()
  return sent.body as { id: string; code: string }
}

const verdictOf = async (product: Product, code: string, recipient = ann) =>
  (await verify(product, { code, recipient })).body.verdict

describe('POST /v1/verify', () => {
  it('tells what was asked for, from where, and what became of it', async () => {
    const product = await open()
    const own = await reset(product, 'r-1', 'session')
    const begun = Date.now()
    const { status, body } = await verify(product, { code: own.code, recipient: 'Ann@Example.org' })
    expect(Date.now() - begun).toBeGreaterThanOrEqual(74)
    expect(status).toBe(200)
    expect(body).toEqual({
      verdict: 'asked',
      class: 'password-reset',
      sentAt: expect.stringMatching(/^\d{4}-.*Z$/),
      advice: expect.stringContaining('You can use it'),
    })
    expect(await verdictOf(product, ` ${own.code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `)).toBe(
      'asked',
    )

    const unknown = await reset(product, 'r-2', 'unknown')
    expect((await verify(product, { code: unknown.code, recipient: ann })).body).toMatchObject({
      verdict: 'unconfirmed',
      advice: expect.stringContaining('Somebody asked for it from a device or place that we do not know'),
    })
    const silent = await product.send({ class: 'other', recipient: { email: ann }, subject: 'News', text: 'News.' })
    expect(silent.body.outcome).toBe('deliver')
    await product.settled()
    const { verdict, advice } = (await verify(product, { code: silent.body.code, recipient: ann })).body
    expect([verdict, advice]).toEqual(['unconfirmed', expect.not.stringContaining('device')])
    expect(advice).toContain('It is genuine')
    await post(product, '/v1/events', event('c-2', 'reset.completed', { cause: 'r-2' }), causeKey)
    expect(await verdictOf(product, unknown.code)).toBe('asked')
    expect(await verdictOf(product, own.code)).toBe('asked')

    const foreign = await reset(product, 'r-3', 'unknown')
    const report = event('n-3', 'report.received', { kind: 'not-requested', message: foreign.id })
    await post(product, '/v1/events', report, causeKey)
    expect(await verdictOf(product, foreign.code)).toBe('not-asked')

    const mark = (to: string) =>
      post(product, '/v1/marks', { messages: { ids: [own.id] }, mark: to, reason: 'a faulty deploy' }, adminKey)
    expect((await mark('sent-in-error')).body).toEqual({ marked: 1 })
    expect(await verdictOf(product, own.code)).toBe('sent-in-error')
    expect((await mark('asked-by-someone-else')).body).toEqual({ marked: 1 })
    expect(await verdictOf(product, own.code)).toBe('not-asked')
    expect((await mark('none')).body).toEqual({ marked: 1 })
    expect(await verdictOf(product, own.code)).toBe('asked')
  })

  it('knows nothing of what was never sent', async () => {
    const product = await open()
    await post(product, '/v1/classes/other/pause', { reason: 'a look' }, adminKey)
    const held = await product.send({ class: 'other', recipient: { email: ann }, subject: 'Held', text: 'Held.' })
    expect(held.body.outcome).toBe('hold')
    expect(await verdictOf(product, held.body.code as string)).toBe('unknown')
    await post(product, `/v1/classes/other/resume`, {}, adminKey)
    expect((await post(product, `/v1/holds/${held.body.id}/release`, {}, adminKey)).status).toBe(200)
    await product.settled()
    expect(await verdictOf(product, held.body.code as string)).toBe('unconfirmed')
  })

  it('knows nothing any more of a person who was erased, in the same bytes', async () => {
    const product = await open()
    const { code } = await reset(product, 'r-1', 'session')
    expect(await verdictOf(product, code)).toBe('asked')
    expect((await product.ask('/v1/accounts/account-1', { method: 'DELETE', key: adminKey })).status).toBe(200)
    const of = async (asked: string) => (await verify(product, { code: asked, recipient: ann })).text
    expect(await of(code)).toBe(await of('7ZZZ-ZZZZ-ZZZ7'))
    expect(await verdictOf(product, code)).toBe('unknown')
    const mail = `From: a@b.example\r\nTo: ${ann}\r\nTocsin-Code: ${code}\r\n\r\nx\r\n`
    const asMail = async (text: string) => (await verify(product, { mail: text })).text
    expect(await asMail(mail)).toBe(await asMail(mail.replace(code, '7ZZZ-ZZZZ-ZZZ7')))
  })

  it('is spoken in the language of the reader', async () => {
    const product = await open()
    const question = { code: '0000-0000-0000', recipient: ann }
    const advice = async (language: string) =>
      (await verify(product, question, { 'accept-language': language })).body.advice as string
    expect(await advice('fr, en;q=0.5')).toMatch(/^We know of no mail/)
    expect(await advice('de-CH')).toMatch(/^Eine Mail mit diesem Code/)
    expect(await advice('es')).toMatch(/^No conocemos/)
  })

  it('refuses what is no question, whoever asks', async () => {
    const product = await open()
    const codes = async (body: object) =>
      ((await verify(product, body)).body.faults as { pointer: string }[]).map(({ pointer }) => pointer)
    expect(await codes({})).toEqual(['/code', '/recipient'])
    expect(await codes({ code: '0000-0000-0000' })).toEqual(['/recipient'])
    expect(await codes({ code: 'x', recipient: ann, mail: 'x' })).toEqual(['/mail'])
    expect(await codes({ code: 'x', recipient: ann, more: 1 })).toEqual(['/more'])
  })
})

describe('who knows nothing learns nothing (T3, T4, T5)', () => {
  it('gives the same bytes for everything that does not fit, on the API and the page', async () => {
    const product = await open()
    const { code } = await reset(product, 'r-1', 'session')
    const questions = [
      { code, recipient: 'someone@example.org' },
      { code, recipient: 'no address' },
      { code: '0000-0000-0000', recipient: ann },
      { code: '0000-0000-0000', recipient: 'nobody@example.net' },
      { code: 'too short', recipient: ann },
      { code: '', recipient: '' },
    ]
    const answers = await Promise.all(questions.map(question => verify(product, question)))
    const seen = answers.map(({ status, text, headers }) => {
      const rest = [...headers].filter(([name]) => name !== 'date')
      return JSON.stringify([status, text, rest])
    })
    expect(new Set(seen).size).toBe(1)
    const pages = await Promise.all(
      questions
        .slice(2, 4)
        .concat(questions.slice(0, 1))
        .map(async ({ code: typed, recipient }) => {
          const response = await fetch(`${product.running.httpUrl}/verify`, {
            method: 'POST',
            body: new URLSearchParams({ code: typed, recipient }),
          })
          return `${response.status} ${await response.text()}`
        }),
    )
    expect(new Set(pages).size).toBe(1)
    expect(pages[0]).toContain('We cannot confirm this mail')
  })

  /** Milliseconds that two questions take, 500 times each, in turns. Four pairs are under way at a time, each in an order of its own. */
  async function interleaved(product: Product, [one, other]: readonly [object, object], seed: number) {
    const times: [number[], number[]] = [[], []]
    const random = new Random(seed)
    const timed = async (which: 0 | 1) => {
      const begun = performance.now()
      await verify(product, which ? other : one)
      times[which].push(performance.now() - begun)
    }
    const pair = async () => {
      const first = random.integer(0, 2) as 0 | 1
      await timed(first)
      await timed(first ? 0 : 1)
    }
    await Promise.all([pair(), pair()])
    for (const list of times) list.length = 0
    for (let n = 0; n < 500; n += 4) await Promise.all([pair(), pair(), pair(), pair()])
    const gap = Math.abs(median(times[0]) - median(times[1]))
    const p = mannWhitneyP(...times)
    console.info(
      `verify: ${times.map(list => `${list.length} in ${median(list).toFixed(3)} ms`).join(', ')}, p = ${p.toFixed(3)}, seed ${seed}`,
    )
    return { gap, p }
  }

  it.each([
    ['a code with another address, and no code of ours', 'nobody@example.net'],
    ['a code with its address, and no code of ours', ann],
  ])(
    'takes the same time for %s: 500 interleaved pairs',
    async (_, recipient) => {
      const product = await open()
      const { code } = await reset(product, 'r-1', 'session')
      const questions = [
        { code, recipient },
        { code: '7ZZZ-ZZZZ-ZZZ7', recipient: 'nobody@example.net' },
      ] as const
      const first = await interleaved(product, questions, 20260108)
      // Of a hundred machines that tell nothing apart one has p below 0.01: it is asked again.
      const { gap, p } = first.p > 0.01 ? first : await interleaved(product, questions, 20260109)
      expect(gap).toBeLessThan(2)
      expect(p).toBeGreaterThan(0.01)
    },
    180_000,
  )
})

describe('the statistics', () => {
  it('tell samples apart, and only such', () => {
    const even = Array.from({ length: 100 }, (_, n) => n)
    expect(mannWhitneyP(even, even)).toBeCloseTo(1, 5)
    expect(
      mannWhitneyP(
        even,
        even.map(n => n + 50),
      ),
    ).toBeLessThan(1e-6)
    expect(mannWhitneyP([1, 1, 1], [1, 1, 1])).toBe(1)
    // R: wilcox.test(1:20, 8:27, exact = FALSE, correct = FALSE)
    expect(mannWhitneyP(even.slice(1, 21), even.slice(8, 28))).toBeCloseTo(0.0018, 3)
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})
