import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import { type Mailbox, parseMailbox } from '../std/mailbox.ts'
import { inlineBytesMax, ProofOverloaded, ProofPool, type ProofPoolOptions } from './pool.ts'
import { type Expectations, type Material, prove } from './prove.ts'

const mailbox = (address: string): Mailbox => {
  const parsed = parseMailbox(address)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}
const expected: Expectations = {
  recipient: mailbox('you@example.net'),
  sender: mailbox('app@example.org'),
  hosts: [],
  addresses: 'own',
}
const unreadable = { findings: ['content.unreadable'], mentions: [] }

const raw = (text: string): Material => ({ kind: 'raw', data: Buffer.from(`From: app@example.org\r\n\r\n${text}`) })
const large = (text: string): Material => raw(`${'All is well. '.repeat(inlineBytesMax / 10)}${text}`)

const pools: ProofPool[] = []
const open = (options?: ProofPoolOptions): ProofPool => {
  const pool = new ProofPool(options)
  pools.push(pool)
  return pool
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map(pool => pool.close()))
})

const script = (body: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'\n${body}`)}`)
/** Hangs on what says so, answers the others. */
const hanging = script(
  "parentPort.on('message', ({ id, material }) => { while (Buffer.from(material.data).includes('hang')); parentPort.postMessage({ id, proof: { findings: [], mentions: [] } }) })",
)
const ending = script("parentPort.on('message', () => process.exit(1))")

describe('where a message is looked at', () => {
  it('small: at once', () => {
    expect(open().prove(raw('evil.com'), expected)).toEqual({ findings: ['content.link'], mentions: [] })
  })

  it('large: in a thread, with the same answer, and the bytes are still there', async () => {
    const material = large('ann@example.com https://evil.com')
    const pool = open({ threads: 2 })
    const answers = await Promise.all(Array.from({ length: 6 }, () => pool.prove(material, expected)))
    for (const proof of answers) expect(proof).toEqual(prove(material, expected))
    expect(answers[0]!.findings).toEqual(['content.other-address', 'content.link'])
    const parts: Material = { kind: 'parts', subject: '', text: 'All is well. '.repeat(10_000) }
    expect(await pool.prove(parts, expected)).toEqual({ findings: [], mentions: [] })
  })

  it('what hangs is unreadable, its thread is replaced, and the next is answered', async () => {
    const lost: string[] = []
    const pool = open({ script: hanging, proofMsMax: 300, lost: why => lost.push(why) })
    const answers = await Promise.all(
      [large('x'), large('hang'), large('y'), large('hang'), large('z')].map(one => pool.prove(one, expected)),
    )
    const fine = { findings: [], mentions: [] }
    expect(answers).toEqual([fine, unreadable, fine, unreadable, fine])
    expect(lost).toEqual(['timeout', 'timeout'])
  })

  it('what ends the thread is unreadable', async () => {
    const lost: string[] = []
    const pool = open({ script: ending, lost: why => lost.push(why) })
    expect(await Promise.all([pool.prove(large('x'), expected), pool.prove(large('y'), expected)])).toEqual([
      unreadable,
      unreadable,
    ])
    expect(lost).toEqual(['ended', 'ended'])
  })

  it('more than may wait is not judged', async () => {
    const pool = open({ script: hanging, proofMsMax: 500, waitingMax: 1 })
    const first = pool.prove(large('hang'), expected)
    await new Promise(resolve => setImmediate(resolve))
    const second = pool.prove(large('x'), expected)
    await new Promise(resolve => setTimeout(resolve, 5))
    await expect(pool.prove(large('y'), expected)).rejects.toThrow(ProofOverloaded)
    await expect(open({ waitingBytesMax: 1000 }).prove(large('y'), expected)).rejects.toThrow(ProofOverloaded)
    expect(await first).toEqual(unreadable)
    expect(await second).toEqual({ findings: [], mentions: [] })
  })

  it('what waits when it closes is unreadable', async () => {
    const pool = open({ script: hanging, proofMsMax: 60_000 })
    const waiting = [pool.prove(large('hang'), expected), pool.prove(large('x'), expected)]
    await new Promise(resolve => setTimeout(resolve, 50))
    await pool.close()
    expect(await Promise.all(waiting)).toEqual([unreadable, unreadable])
    await expect(pool.prove(large('x'), expected)).rejects.toThrow(ProofOverloaded)
  })
})

const multipart = (parts: string) => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}\r\n--b--`
const nested = (depth: number): string =>
  depth === 0
    ? 'x'
    : `Content-Type: multipart/mixed; boundary=b${depth}x\r\n\r\n--b${depth}x\r\n${nested(depth - 1)}\r\n--b${depth}x--`
const html = (text: string) => `Content-Type: text/html\r\n\r\n${text}`
describe('what is looked at in place', () => {
  const pieces = [
    ...[
      '@a',
      'a@b.co ',
      'a@é.co ',
      '.a',
      'a.co ',
      'a.b.c.d.e ',
      '://',
      'x://y ',
      '<',
      '<a href=x>',
      '<a href="https://a.co">a.co</a>',
    ],
    ...[
      '<b><i>',
      '<!--',
      '<!--[if mso]>',
      '&#64;',
      '{{',
      '{{a}}',
      '[',
      '%',
      '%40',
      '%25',
      'url(',
      '<p style="background:url(x.co)">',
      '\\',
      '"',
    ],
    ...[
      '\u200b.',
      '文.',
      '+4',
      '1-',
      'hello undefined',
      'test ',
      '<style>',
      '<div hidden>',
      '<br>',
      'a-',
      '<a href="?u=//a">',
      '=',
      'www.',
    ],
  ]
  const heads = [
    'Content-Type: text/html; charset=utf-8\r\n\r\n',
    'Content-Type: text/plain; charset=utf-8\r\n\r\n',
    'Subject: ',
    'To: ',
    'Content-Type: text/plain; a=',
  ]

  it('takes milliseconds at worst', () => {
    const costs = pieces.flatMap(piece =>
      heads.map(head => {
        const data = Buffer.from(head + piece.repeat(inlineBytesMax)).subarray(0, inlineBytesMax)
        let least = Number.POSITIVE_INFINITY
        for (let i = 0; i < 4; i++) {
          const before = process.threadCpuUsage()
          prove({ kind: 'raw', data }, expected)
          const { user, system } = process.threadCpuUsage(before)
          least = Math.min(least, (user + system) / 1000)
        }
        return { least, what: head + piece }
      }),
    )
    const worst = costs.reduce((a, b) => (a.least > b.least ? a : b))
    console.log(`the worst of ${costs.length}: ${worst.least.toFixed(1)} ms for ${JSON.stringify(worst.what)}`)
    expect(worst.least).toBeLessThan(10)
  })
})

const megabytes = 1024 * 1024

describe('what is made to cost', () => {
  it.each<[string, () => string]>([
    ['25 MB of text', () => `\r\n${'All is well. '.repeat((25 * megabytes) / 13)}`],
    [
      '25 MB in base64',
      () => `Content-Transfer-Encoding: base64\r\n\r\n${`${'QUFB'.repeat(19)}\r\n`.repeat((25 * megabytes) / 78)}`,
    ],
    [
      '25 MB of attachment',
      () =>
        multipart(
          `--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${'QUFB'.repeat((25 * megabytes) / 4)}`,
        ),
    ],
    ['1.2 million parts', () => multipart('--b\r\n\r\n\r\n'.repeat(1_200_000))],
    ['256 parts within one another', () => nested(256)],
    ['2 MB of header', () => `X-A: ${'x'.repeat(2 * megabytes)}\r\n\r\nx`],
    ['50,000 encoded words', () => `Subject: ${'=?utf-8?q?x?= '.repeat(50_000)}\r\n\r\nx`],
    [
      '20,000 parameters',
      () => `Content-Type: text/plain; ${Array.from({ length: 20_000 }, (_, i) => `a*${i}*=x`).join('; ')}\r\n\r\nx`,
    ],
    ['3 MB of tags', () => html('<b>'.repeat(megabytes))],
    ['3 MB of links', () => html('<a href="https://evil.com/">x</a>'.repeat(megabytes / 11))],
    ['3 MB of addresses', () => `\r\n${'a@b.co '.repeat(megabytes / 2)}`],
    ['3 MB of hosts', () => `\r\n${'a.co '.repeat(megabytes / 2)}`],
    ['3 MB of at signs', () => `\r\n${'a@'.repeat(megabytes * 1.5)}`],
    ['3 MB of comments', () => html('<!--[if mso]>'.repeat(megabytes / 5))],
    ['3 MB of styles', () => html(`<style>${'url('.repeat(megabytes)}`)],
    ['3 MB in base64 with junk', () => `Content-Transfer-Encoding: base64\r\n\r\n${'=*'.repeat(megabytes)}`],
  ])('%s: answered in time, and the loop never stands still', async (what, mail) => {
    const data = Buffer.from(`From: app@example.org\r\n${mail()}`)
    const pool = open()
    await pool.prove(large('warm'), expected)
    // CPU of this thread between two beats: what the loop cannot do anything else in, whoever else has the machine.
    let longest = 0
    let last = process.threadCpuUsage()
    const beat = setInterval(() => {
      const { user, system } = process.threadCpuUsage(last)
      longest = Math.max(longest, (user + system) / 1000)
      last = process.threadCpuUsage()
    }, 1)
    const from = performance.now()
    const proof = await pool.prove({ kind: 'raw', data }, expected)
    const took = performance.now() - from
    clearInterval(beat)
    const found = proof.findings.join(' ') || 'nothing'
    console.log(`${what}: ${found}, ${Math.round(took)} ms, longest turn ${longest.toFixed(1)} ms`)
    expect(took).toBeLessThan(2500)
    expect(longest).toBeLessThan(10)
  })
})
