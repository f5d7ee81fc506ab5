// smtp-source and smtp-sink of Debian's postfix: a generator and a sink that none of the contestants wrote.
import { existsSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { benchMail } from './mail.ts'
import { run, start, stop, until } from './processes.ts'
import { answers } from './wire.ts'

const pollMs = 5
const stallSecondsMax = 15
const settleMs = 150
const counterBytes = 64
const places = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/opt/homebrew/sbin']

function tool(name: string) {
  const place = places.find(place => existsSync(join(place, name)))
  return place && join(place, name)
}

let asked: Promise<string | undefined> | undefined

/** Postfix and its tools, installed when absent. Returns why they cannot be had, or nothing. */
export function postfixTools(): Promise<string | undefined> {
  asked ??= havePostfix()
  return asked
}

async function havePostfix(): Promise<string | undefined> {
  if (tool('smtp-source') && tool('smtp-sink') && tool('postconf')) return undefined
  if (process.getuid?.() !== 0) return 'Postfix is not installed, and only root may install it'
  if (!existsSync('/usr/bin/apt-get')) return 'Postfix is not installed, and there is no apt-get to install it with'
  process.stderr.write('installing Debian’s postfix (not started) …\n')
  // "No configuration" leaves the system without a main.cf, so that its own Postfix does not start.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const answer = 'postfix postfix/main_mailer_type select No configuration'
  try {
    await run('sh', ['-c', `echo '${answer}' | debconf-set-selections`], { env })
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'postfix'], { env })
  } catch (error) {
    return `Postfix could not be installed: ${(error as Error).message}`
  }
  return tool('smtp-sink') ? undefined : 'the installed postfix package has no smtp-sink'
}

export interface CountingSink {
  /** Mails received since it started. */
  count: () => number
  stop: () => Promise<void>
}

/** smtp-sink with its running counter in a file, whose end is the count: reading it costs the sink nothing. */
export async function startCountingSink(port: number, directory: string): Promise<CountingSink> {
  const counter = openSync(join(directory, 'sink-counter'), 'w+')
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const args = ['-c', '-m', '1024', ...asUser, `inet:127.0.0.1:${port}`, '1024']
  const sink = start(tool('smtp-sink') ?? 'smtp-sink', args, { stdio: ['ignore', counter, 'pipe'] })
  await until('smtp-sink', () => answers(port), 5, sink)
  const last = Buffer.alloc(counterBytes)
  const count = () => {
    const { size } = fstatSync(counter)
    const bytes = readSync(counter, last, 0, counterBytes, Math.max(0, size - counterBytes))
    const counts = [...last.toString('latin1', 0, bytes).matchAll(/mesg=(\d+)[\r\n]/g)]
    return Number(counts.at(-1)?.[1] ?? 0)
  }
  return { count, stop: () => stop(sink) }
}

/** A run of smtp-source: connections kept, distinct recipients, each of them new over the whole benchmark. */
export interface Load {
  port: number
  sessions: number
  messages: number
}

let runs = 0

/**
 * Sends, and waits until the sink has as many more mails. Seconds from the first mail sent to the last received.
 * Fails when the source fails, when the sink's count stands still, and when the sink gets more than was sent.
 */
export async function sendAndCount(load: Load, sink: CountingSink, directory: string): Promise<number> {
  const mail = join(directory, 'mail.eml')
  writeFileSync(mail, benchMail())
  const before = sink.count()
  const to = `u${process.pid}r${++runs}@mail.example.net`
  const { sessions, messages } = load
  const options = [
    '-d',
    '-N',
    '-s',
    `${sessions}`,
    '-m',
    `${messages}`,
    '-F',
    mail,
    '-f',
    'no-reply@example.org',
    '-t',
    to,
  ]
  const from = performance.now()
  const source = start(tool('smtp-source') ?? 'smtp-source', [
    ...options,
    '-M',
    'client.example.test',
    `127.0.0.1:${load.port}`,
  ])
  let failure: string | undefined
  source.ended.then(code => {
    if (code !== 0) failure = `smtp-source ended with ${code}: ${source.said().split('\n')[0]}`
  })
  let seen = 0
  let movedAt = from
  while (seen < messages) {
    await sleep(pollMs)
    const now = sink.count() - before
    if (failure) throw new Error(`${failure} (the sink has ${now} of ${messages})`)
    if (now > seen) movedAt = performance.now()
    seen = now
    if (performance.now() - movedAt > stallSecondsMax * 1000) {
      await stop(source)
      throw new Error(`the sink has ${seen} of ${messages} mails, and none came for ${stallSecondsMax} s`)
    }
  }
  const seconds = (performance.now() - from) / 1000
  await source.ended
  await sleep(settleMs)
  const extra = sink.count() - before - messages
  if (extra > 0) throw new Error(`the sink has ${extra} mails more than were sent`)
  return seconds
}
