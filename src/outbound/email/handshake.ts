import net from 'node:net'
import os from 'node:os'
import tls from 'node:tls'
import type { DeferralReason, Stage } from './outcome.ts'
import { enhancedOf, type Reply, ReplyReader, replyText } from './reply.ts'
import type { Timeouts } from './timeouts.ts'
import { isLoopback, type Upstream } from './upstream.ts'

/** What the upstream offered in its last answer to EHLO (RFC 5321 §4.1.1.1). */
export type Capabilities = {
  pipelining: boolean
  eightBitMime: boolean
  /** RFC 1870: bytes it takes, 0 when it names no limit; undefined when SIZE is not offered. */
  size: number | undefined
  startTls: boolean
  auth: Set<string>
}

export type Opened = { status: 'opened'; socket: net.Socket; capabilities: Capabilities; encrypted: boolean }
export type NotOpened = {
  status: 'failed'
  stage: Stage
  reason: DeferralReason
  code?: number
  enhanced?: string
  text?: string
}

/** How the handshake ends early: thrown inside this file only, and turned into a value by `openConnection`. */
class HandshakeFailed extends Error {
  readonly failure: NotOpened
  constructor(failure: NotOpened) {
    super('handshake failed')
    this.failure = failure
  }
}

/**
 * Connect, greet, negotiate TLS and authenticate. Ends with a socket that is ready for MAIL, or with what went wrong; never throws.
 * Credentials leave this machine only over TLS.
 */
export async function openConnection(
  upstream: Upstream,
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<Opened | NotOpened> {
  let talk: Dialogue | undefined
  try {
    talk = new Dialogue(await connect(upstream, timeouts, signal), timeouts, signal)
    return await greet(talk, upstream, timeouts, signal)
  } catch (error) {
    talk?.socket.destroy()
    if (error instanceof HandshakeFailed) return error.failure
    throw error
  }
}

async function greet(talk: Dialogue, upstream: Upstream, timeouts: Timeouts, signal: AbortSignal): Promise<Opened> {
  expect(await talk.read('greeting'), 'greeting', 220)
  let capabilities = await ehlo(talk, upstream)
  let encrypted = upstream.tls === 'implicit'
  const wantsTls = upstream.tls === 'required' || (upstream.tls === 'opportunistic' && capabilities.startTls)
  if (!encrypted && wantsTls) {
    if (!capabilities.startTls) throw failed('tls', 'tls', 'STARTTLS is required and not offered')
    talk = await startTls(talk, upstream, timeouts, signal)
    // What was offered in plaintext is forgotten (RFC 3207 §4.2): anyone could have written it.
    capabilities = await ehlo(talk, upstream)
    encrypted = true
  }
  if (upstream.credentials) await authenticate(talk, upstream, capabilities, encrypted)
  if (talk.hasMore) throw failed('ehlo', 'protocol', 'an answer to nothing')
  const socket = talk.release()
  return { status: 'opened', socket, capabilities, encrypted }
}

function connect(upstream: Upstream, timeouts: Timeouts, signal: AbortSignal): Promise<net.Socket> {
  const { host, port } = upstream
  const implicit = upstream.tls === 'implicit'
  const socket = implicit ? tls.connect({ host, port, ...tlsOptions(upstream) }) : net.connect({ host, port })
  socket.setNoDelay(true)
  return settled(socket, implicit ? 'secureConnect' : 'connect', 'connect', timeouts.connect, signal)
}

function tlsOptions(upstream: Upstream): tls.ConnectionOptions {
  return {
    ...(net.isIP(upstream.host) ? {} : { servername: upstream.host }),
    rejectUnauthorized: upstream.verify,
    minVersion: 'TLSv1.2',
    ...(upstream.ca !== undefined && { ca: [...tls.rootCertificates, upstream.ca] }),
  }
}

/** Wait for one event of a socket, its error or the end of patience. A socket that fails is destroyed. */
function settled<S extends net.Socket>(
  socket: S,
  event: string,
  stage: 'connect' | 'tls',
  patienceMs: number,
  signal: AbortSignal,
): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>()
  const fail = (text: string) => reject(failed(stage, stage, text))
  const onError = (error: NodeJS.ErrnoException) => fail(error.code ?? 'connection failed')
  const onClose = () => fail('closed by the upstream')
  const onAbort = () => fail('closed by us')
  const timer = setTimeout(() => fail('no answer in time'), patienceMs)
  socket.once(event, () => resolve(socket))
  socket.once('error', onError)
  socket.once('close', onClose)
  signal.addEventListener('abort', onAbort, { once: true })
  return promise
    .catch(error => {
      socket.once('error', () => {})
      socket.destroy()
      throw error
    })
    .finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.removeListener('error', onError)
      socket.removeListener('close', onClose)
    })
}

async function ehlo(talk: Dialogue, upstream: Upstream): Promise<Capabilities> {
  const name = upstream.name ?? ownName(talk.socket)
  const reply = await talk.ask('ehlo', `EHLO ${name}\r\n`)
  if (reply.code === 250) return parseCapabilities(reply)
  if (reply.code < 500 || reply.code === 521) throw refused('ehlo', 'connect', reply)
  expect(await talk.ask('ehlo', `HELO ${name}\r\n`), 'ehlo', 250)
  return parseCapabilities({ code: 250, lines: [] })
}

/** RFC 5321 §4.1.3: a host without a name of its own says its address. */
function ownName(socket: net.Socket): string {
  const name = os.hostname()
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name)) return name
  const address = socket.localAddress ?? '127.0.0.1'
  return net.isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`
}

/** The lines after the first of an answer to EHLO; unknown ones are passed over. */
export function parseCapabilities(reply: Reply): Capabilities {
  const found: Capabilities = {
    pipelining: false,
    eightBitMime: false,
    size: undefined,
    startTls: false,
    auth: new Set(),
  }
  for (const line of reply.lines.slice(1)) {
    const [keyword = '', ...parameters] = line.trim().toUpperCase().split(/[ =]+/)
    if (keyword === 'PIPELINING') found.pipelining = true
    if (keyword === '8BITMIME') found.eightBitMime = true
    if (keyword === 'STARTTLS') found.startTls = true
    if (keyword === 'SIZE') found.size = /^\d{1,15}$/.test(parameters[0] ?? '') ? Number(parameters[0]) : 0
    if (keyword === 'AUTH') for (const mechanism of parameters) found.auth.add(mechanism)
  }
  return found
}

async function startTls(
  talk: Dialogue,
  upstream: Upstream,
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<Dialogue> {
  expect(await talk.ask('tls', 'STARTTLS\r\n'), 'tls', 220)
  // Bytes sent in plaintext behind the go-ahead would later be taken for answers given inside TLS (CVE-2011-0411, client side).
  if (talk.hasMore) throw failed('tls', 'protocol', 'plaintext after the go-ahead for TLS')
  const plain = talk.release()
  // Its failures are heard through the TLS socket on top of it.
  plain.on('error', () => {})
  const secure = tls.connect({ socket: plain, ...tlsOptions(upstream) })
  await settled(secure, 'secureConnect', 'tls', timeouts.tls, signal)
  return new Dialogue(secure, timeouts, signal)
}

async function authenticate(
  talk: Dialogue,
  upstream: Upstream,
  offered: Capabilities,
  encrypted: boolean,
): Promise<void> {
  const { user, password } = upstream.credentials!
  if (!encrypted && !isLoopback(upstream.host)) throw failed('auth', 'tls', 'credentials are sent over TLS only')
  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64')
  if (offered.auth.has('PLAIN')) {
    expect(await talk.ask('auth', `AUTH PLAIN ${base64(`\0${user}\0${password}`)}\r\n`), 'auth', 235)
  } else if (offered.auth.has('LOGIN')) {
    expect(await talk.ask('auth', 'AUTH LOGIN\r\n'), 'auth', 334)
    expect(await talk.ask('auth', `${base64(user)}\r\n`), 'auth', 334)
    expect(await talk.ask('auth', `${base64(password)}\r\n`), 'auth', 235)
  } else {
    throw failed('auth', 'auth', 'the upstream offers neither AUTH PLAIN nor AUTH LOGIN')
  }
}

function expect(reply: Reply, stage: Stage, code: number): void {
  if (reply.code !== code) throw refused(stage, stage === 'auth' || stage === 'tls' ? stage : 'connect', reply)
}

function refused(stage: Stage, reason: DeferralReason, reply: Reply): HandshakeFailed {
  const enhanced = enhancedOf(reply)
  return new HandshakeFailed({
    status: 'failed',
    stage,
    reason,
    code: reply.code,
    ...(enhanced !== undefined && { enhanced }),
    // An answer to AUTH may repeat what was said to it.
    text: stage === 'auth' ? 'the upstream does not take the credentials' : replyText(reply),
  })
}

function failed(stage: Stage, reason: DeferralReason, text: string): HandshakeFailed {
  return new HandshakeFailed({ status: 'failed', stage, reason, text })
}

/** Question and answer on a socket, one at a time, each with its time-out. */
class Dialogue {
  readonly socket: net.Socket
  readonly #timeouts: Timeouts
  readonly #signal: AbortSignal
  readonly #reader = new ReplyReader()
  #problem: ((stage: Stage) => HandshakeFailed) | undefined
  #wake: (() => void) | undefined

  constructor(socket: net.Socket, timeouts: Timeouts, signal: AbortSignal) {
    this.socket = socket
    this.#timeouts = timeouts
    this.#signal = signal
    socket.on('data', this.#onData)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  get hasMore(): boolean {
    return this.#reader.hasMore
  }

  ask(stage: Stage, command: string): Promise<Reply> {
    this.socket.write(command, 'utf8')
    return this.read(stage)
  }

  async read(stage: Stage): Promise<Reply> {
    const deadline = setTimeout(
      () => this.#stop(at => failed(at, at === 'tls' ? 'tls' : 'connect', 'no answer in time')),
      this.#timeouts[stage],
    )
    try {
      for (;;) {
        const reply = this.#reader.next()
        if (reply === 'garbage') throw failed(stage, 'protocol', 'the answer is not SMTP')
        if (reply) return reply
        if (this.#problem) throw this.#problem(stage)
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
      }
    } finally {
      clearTimeout(deadline)
    }
  }

  /** Take the listeners off, so that what comes next belongs to someone else. */
  release(): net.Socket {
    this.socket.removeListener('data', this.#onData)
    this.socket.removeListener('error', this.#onError)
    this.socket.removeListener('close', this.#onClose)
    this.#signal.removeEventListener('abort', this.#onAbort)
    return this.socket
  }

  readonly #onData = (chunk: Buffer) => {
    this.#reader.push(chunk)
    this.#wake?.()
  }
  readonly #onError = (error: NodeJS.ErrnoException) =>
    this.#stop(stage => failed(stage, stage === 'tls' ? 'tls' : 'connect', error.code ?? 'the connection failed'))
  readonly #onClose = () =>
    this.#stop(stage => failed(stage, stage === 'tls' ? 'tls' : 'connect', 'the upstream closed the connection'))
  readonly #onAbort = () => this.#stop(stage => failed(stage, 'closed', 'closed by us'))

  #stop(problem: (stage: Stage) => HandshakeFailed): void {
    this.#problem ??= problem
    this.#wake?.()
  }
}
