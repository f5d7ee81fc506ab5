import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Row, root, run, startTocsin, type TestTocsin } from './tocsin.ts'

const installed = spawnSync('swaks', ['--version']).status === 0
if (!installed) console.warn('skipped: install swaks to test the example')

describe.runIf(installed)('swaks through Tocsin', () => {
  let tocsin: TestTocsin

  beforeAll(async () => {
    tocsin = await startTocsin({ application: { requirements: { 'password-reset': 'required' } } })
  })
  afterAll(() => tocsin?.stop())

  async function send(...args: string[]): Promise<{ code: number | null; reply: string }> {
    const sending = run('sh', [join(root, 'examples', 'swaks', 'send.sh'), ...args], {
      cwd: root,
      environment: tocsin.environment,
    })
    const code = await sending.ended
    return {
      code,
      reply: /^<~?\*?[-~ ]+ *((?:250 2\.0\.0|550 5\.7\.1|535) \S.*)$/m.exec(sending.output())?.[1] ?? sending.output(),
    }
  }
  const state = async (id: string, wanted: string): Promise<Row> =>
    (await eventually(tocsin.messages, rows => rows.some(row => row.id === id && row.state === wanted))).find(
      row => row.id === id,
    )!

  it('delivers a mail that has its cause, over STARTTLS, without the fields that were for Tocsin', async () => {
    const data = { known: true, trust: 'session', recipients: [{ email: 'reader@example.org' }] }
    await tocsin.report({ id: 'reset-9', type: 'tocsin.reset.requested', subject: 'account-9', data })
    const { code, reply } = await send('reader@example.org', 'reset-9', 'account-9')
    expect({ code, reply }).toEqual({ code: 0, reply: expect.stringMatching(/^250 2\.0\.0 \S+ deliver$/) })
    const row = await state(reply.split(' ')[2]!, 'delivered')
    expect({ class: row.class, lane: row.lane, reasons: row.reasons }).toEqual({
      class: 'password-reset',
      lane: 'reserved',
      reasons: [],
    })
    const mail = await tocsin.mail(row.id)
    expect(mail).toMatch(/^Tocsin-Code: [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\r$/m)
    expect(mail).not.toMatch(/^X-Tocsin/im)
    expect(mail).toContain('https://example.org/reset/abc')
  })

  it('holds the second mail, since the cause is used up, and says so', async () => {
    const { reply } = await send('reader@example.org', 'reset-9', 'account-9')
    expect(reply).toMatch(/^250 2\.0\.0 \S+ hold$/)
    const row = await state(reply.split(' ')[2]!, 'held')
    expect(row.reasons.map(({ code }) => code)).toEqual(['cause.used'])
  })

  it("holds a mail to an address that is not the account's", async () => {
    const data = { known: true, trust: 'session', recipients: [{ email: 'reader@example.org' }] }
    await tocsin.report({ id: 'reset-10', type: 'tocsin.reset.requested', subject: 'account-9', data })
    const { reply } = await send('stranger@example.org', 'reset-10', 'account-9')
    const row = await state(reply.split(' ')[2]!, 'held')
    expect(row.reasons.map(({ code }) => code)).toEqual(['recipient.not-the-accounts'])
  })

  it('has its password refused in plain words', async () => {
    const sending = run('sh', [join(root, 'examples', 'swaks', 'send.sh'), 'reader@example.org'], {
      cwd: root,
      environment: { ...tocsin.environment, TOCSIN_SMTP_CREDENTIAL: 'example:wrong' },
    })
    expect(await sending.ended).not.toBe(0)
    expect(sending.output()).toContain('535 5.7.8 Authentication failed')
  })
})
