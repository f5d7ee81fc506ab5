import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { loadConfig } from '../../config.ts'
import { type Running, start } from '../../main.ts'
import { type Requester, resetMail, Site, signInMail, type Told } from './site.ts'

/**
 * `npm run demo`: the incident of January 2026 as it was first reported, on the real product. A small site's day goes by over real SMTP and
 * HTTP; then a fault of its notification system sends password-reset mails that nobody asked for. With `--once` it ends by itself.
 */
const keys = {
  api: 'demo-application-key-0000000000000',
  cause: 'demo-web-tier-key-00000000000000000',
  admin: 'demo-operator-key-0000000000000000',
  smtp: 'site:demo-smtp-password-000000000',
}

const say = (text = ''): void => console.log(text)
const people = Array.from({ length: 30 }, (_, i) => `person-${String(i + 1).padStart(2, '0')}`)
const wrongful = Array.from({ length: 400 }, (_, i) => `member-${String(i + 1).padStart(4, '0')}`)

async function main(): Promise<void> {
  const once = process.argv.includes('--once')
  const stopped = stopSignal()
  const dataDir = await mkdtemp(join(tmpdir(), 'tocsin-demo-'))
  const running = await startForDemo(dataDir)
  const site = new Site({ url: running.httpUrl, smtpPort: running.smtpPort, keys })
  const play = async () => {
    await anOrdinaryDay(site)
    await theFault(site)
    await whatBecameOfIt(running)
    if (!once) lookAround(running)
    if (!once) await stopped
  }
  try {
    // Whoever has seen enough may leave at any time: what was started is ended, what was written is removed.
    await Promise.race([play(), stopped])
  } finally {
    if (!once) say('Stopping …')
    site.close()
    await running.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

function stopSignal(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
}

/** On free ports and under the policy of a fresh install: neither the folder nor the shell says anything, so that no webhook of theirs is called. */
async function startForDemo(dataDir: string): Promise<Running> {
  say('Starting Tocsin with an embedded PostgreSQL and a local mailbox …')
  const environment = {
    TOCSIN_DATA_DIR: dataDir,
    TOCSIN_API_KEY: keys.api,
    TOCSIN_CAUSE_KEY: keys.cause,
    TOCSIN_ADMIN_KEY: keys.admin,
    TOCSIN_SMTP_CREDENTIAL: keys.smtp,
    TOCSIN_FROM: 'Example Site <security@example.org>',
    TOCSIN_UPSTREAM: 'mailbox:',
    TOCSIN_HTTP_PORT: '0',
    TOCSIN_SMTP_PORT: '0',
  }
  const running = await start(await loadConfig(environment, { file: false }), pino({ level: 'error' }))
  say(`Up: HTTP at ${running.httpUrl}, SMTP at port ${running.smtpPort}.`)
  return running
}

async function anOrdinaryDay(site: Site): Promise<void> {
  say('\nAn ordinary day')
  say(
    '  People ask for resets and sign in. The web tier reports each request as a cause, the notification system sends the mail.',
  )
  const resets = tally()
  for (const [i, person] of people.entries()) {
    const requester: Requester = i % 3 === 0 ? 'unknown' : i % 3 === 1 ? 'session' : 'known-device'
    await site.report('reset.requested', `reset-${person}`, person, requester)
    resets.add(
      i % 2
        ? await site.send('password-reset', person, resetMail(person))
        : await site.mail('password-reset', person, resetMail(person)),
    )
  }
  say(`  password-reset   ${resets.told()}`)
  const alerts = tally()
  for (const person of people.slice(0, 10)) {
    await site.report('login.succeeded', `login-${person}`, person, 'unknown')
    alerts.add(await site.send('sign-in-alert', person, signInMail(person)))
  }
  say(`  sign-in-alert    ${alerts.told()}`)
  say('  After 20 resets in a row that had their cause, Tocsin now requires one for this class.')
}

/** The faulty mailer sends as fast as it can; people go on asking for resets that they do want. */
async function theFault(site: Site): Promise<void> {
  say('\nThe fault')
  say(
    `  A defect in the notification system sends ${wrongful.length} password resets that nobody asked for, half over SMTP, half over HTTP.`,
  )
  const sent = tally()
  const honest = tally()
  const faulty = wrongful.map(
    (account, i) => async () =>
      sent.add(
        i % 2
          ? await site.send('password-reset', account, resetMail(account))
          : await site.mail('password-reset', account, resetMail(account)),
      ),
  )
  const asking = people.slice(0, 10).map((person, i) => async () => {
    await site.report('reset.requested', `again-${person}`, person, i % 2 ? 'session' : 'known-device')
    honest.add(await site.send('password-reset', person, resetMail(person)))
  })
  await inParallel(interleave(faulty, asking), 8, done => progress(done, faulty.length + asking.length))
  say(`  nobody asked     ${sent.told()}`)
  say(`  asked, meanwhile ${honest.told()}, the slowest answer after ${honest.slowest().toFixed(0)} ms`)
}

async function whatBecameOfIt({ httpUrl }: Running): Promise<void> {
  say('\nWhat became of it')
  say('  A message ahead of its cause is given five seconds. Waiting for them to pass …')
  const settled = await until(10_000, async () => {
    const holds = await get(httpUrl, '/v1/holds?limit=200')
    const states = (holds.items as { state: string }[]).map(({ state }) => state)
    return states.length > 0 && states.every(state => state === 'held')
  })
  if (!settled) say('  (some are still waiting)')
  const { counts } = (await get(httpUrl, '/v1/classes/password-reset')) as unknown as {
    counts: { lastHour: Record<string, number>; held: number }
  }
  const holds = await get(httpUrl, '/v1/holds?limit=1')
  const example = (holds.items as { id: string; reasons: { code: string; detail: string }[] }[])[0]
  say(
    `  password-reset: ${counts.lastHour.delivered ?? 0} delivered, all of them asked for; ${counts.held} held, none of them lost.`,
  )
  if (example) {
    say(`  Why, for one of them (${example.id}):`)
    for (const { code, detail } of example.reasons) say(`    ${code}: ${detail}`)
  }
}

function lookAround({ httpUrl }: Running): void {
  say(`
Have a look, Tocsin stays up until you press Ctrl-C:

  ${httpUrl}/mailbox      the mail that was delivered
  ${httpUrl}/docs         the API, to try; operator key: ${keys.admin}

  curl -H 'authorization: Bearer ${keys.admin}' '${httpUrl}/v1/holds?limit=3'
`)
}

function tally() {
  const outcomes = new Map<string, number>()
  let slowest = 0
  return {
    add({ outcome, ms }: Told): void {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      slowest = Math.max(slowest, ms)
    },
    told: () => [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', '),
    slowest: () => slowest,
  }
}

function interleave<T>(many: T[], few: T[]): T[] {
  const every = Math.floor(many.length / few.length)
  return many.flatMap((one, i) =>
    i % every === every - 1 && few[(i + 1) / every - 1] ? [one, few[(i + 1) / every - 1]!] : [one],
  )
}

async function inParallel(
  tasks: (() => Promise<void>)[],
  width: number,
  onDone: (done: number) => void,
): Promise<void> {
  let next = 0
  let done = 0
  const worker = async () => {
    for (let task = tasks[next++]; task; task = tasks[next++]) {
      await task()
      onDone(++done)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}

function progress(done: number, all: number): void {
  if (!process.stdout.isTTY) return
  process.stdout.write(done === all ? '\r\x1b[K' : `\r  ${done} of ${all} sent`)
}

async function until(msMax: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + msMax
  while (performance.now() < end) {
    if (await holds()) return true
    await new Promise(resolve => setTimeout(resolve, 250))
  }
  return false
}

async function get(url: string, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${keys.admin}` } })
  return (await response.json()) as Record<string, unknown>
}

await main()
process.exit()
