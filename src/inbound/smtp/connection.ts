import type { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { DataLimits } from './data.ts'
import { type Envelope, type OpenAddress, type Reply, Session, type SessionEvent } from './session.ts'

export type Log = { info(fields: object, message: string): void; warn(fields: object, message: string): void }

/** How long a client may take, ms. */
export type Timeouts = {
  /** From a reply to the end of the next command (RFC 5321 §4.5.3.2 asks for five minutes). */
  readonly commandMs: number
  /** Between two reads within a mail. */
  readonly dataMs: number
  /** From DATA to its end: who drips bytes ends here. */
  readonly mailMs: number
}

/** What all connections of a server share. */
export type Hub<Client> = {
  readonly hostname: string
  readonly limits: DataLimits
  readonly timeouts: Timeouts
  readonly memory: Memory
  readonly log: Log
  secureContext: SecureContext | undefined
  open: OpenAddress<Client> | undefined
  trusted(address: string): Client | undefined
  authenticate(user: string, password: string): Promise<Client | undefined>
  accept(client: Client, envelope: Envelope, data: Buffer): Promise<Reply>
}

/** Bytes of mails in memory, over all connections: still being read, and waiting for their answer. */
export class Memory {
  readonly bytesMax: number
  readonly connections = new Set<Connection<unknown>>()
  reading = 0
  pending = 0
  short = false

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get full(): boolean {
    return this.reading + this.pending >= this.bytesMax
  }

  /**
   * Stops reading while mails wait for their answer, for answers come and free memory. When only half-read mails are left, waiting would be for
   * ever: the largest is given up and its sender told to try again.
   */
  balance(): void {
    if (!this.full && !this.short) return
    while (this.full && this.pending === 0 && this.#dropLargest()) {}
    const short = this.pending > 0 && this.reading + this.pending >= (this.short ? this.bytesMax * 0.75 : this.bytesMax)
    if (short === this.short) return
    this.short = short
    for (const connection of this.connections) connection.regulate()
  }

  #dropLargest(): boolean {
    let largest: Connection<unknown> | undefined
    for (const connection of this.connections)
      if (connection.bytesHeld > (largest?.bytesHeld ?? 0)) largest = connection
    largest?.dropMail()
    return largest !== undefined
  }
}

const queuedBytesMax = 64 * 1024
const unsentBytesMax = 256 * 1024
const lingerMs = 2000
const replyTextLengthMax = 400
const failure: Reply = { code: 451, enhanced: '4.3.0', text: 'Nothing was accepted, try again later' }

/** A socket and its session: performs what the session asks for, writes the replies of a step in one go, watches time and memory. */
export class Connection<Client> {
  readonly #hub: Hub<Client>
  readonly #session: Session<Client>
  #socket: Socket
  #paused = false
  #peerEnded = false
  #answering = false
  #held = 0
  #commands = 0
  #progressAt = performance.now()
  #readAt = performance.now()
  #endedAt: number | undefined

  constructor(hub: Hub<Client>, socket: Socket, remoteAddress: string) {
    this.#hub = hub
    this.#socket = socket
    this.#session = new Session<Client>({
      hostname: hub.hostname,
      remoteAddress,
      limits: hub.limits,
      tlsAvailable: hub.secureContext !== undefined,
      plainAuthAllowed: isLoopback(remoteAddress),
      client: hub.trusted(remoteAddress),
      open: hub.open,
      roomForMail: () => !hub.memory.full,
    })
    this.#listen(socket)
    socket.once('close', () => this.#closed())
    hub.memory.connections.add(this as Connection<unknown>)
    this.#flush()
  }

  get bytesHeld(): number {
    return this.#held
  }

  /** Gives up the mail being read; its sender gets 452 at its end. */
  dropMail(): void {
    this.#session.dropMail()
    this.#account()
  }

  /** No new mail: ends now, or behind the mail that was begun. */
  drain(): void {
    this.#follow(this.#session.drain())
  }

  /** Ends now, whatever runs. The client of an unanswered mail learns nothing, and asks again. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Ends a connection that took too long. Called now and then, `now` on the clock of `performance`. */
  expire(now: number): void {
    if (this.#endedAt !== undefined) {
      if (now - this.#endedAt > lingerMs) this.#socket.destroy()
      return
    }
    if (this.#answering || this.#hub.memory.short) return
    const { commandMs, dataMs, mailMs } = this.#hub.timeouts
    const waited = now - this.#progressAt
    const late = this.#session.readingData ? waited > mailMs || now - this.#readAt > dataMs : waited > commandMs
    if (late) this.#follow(this.#session.end('421 4.4.2 Too slow, closing'))
  }

  /** Reads on or waits, as memory and the client's own pace allow. */
  regulate(): void {
    const pause =
      this.#endedAt === undefined &&
      (this.#hub.memory.short ||
        this.#session.bytesQueued > queuedBytesMax ||
        this.#socket.writableLength > unsentBytesMax)
    if (pause === this.#paused) return
    this.#paused = pause
    this.#readAt = this.#progressAt = performance.now()
    if (pause) this.#socket.pause()
    else this.#socket.resume()
  }

  #listen(socket: Socket): void {
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('end', () => {
      this.#peerEnded = true
      if (!this.#answering) this.#socket.end()
    })
    socket.on('drain', () => this.regulate())
    // A broken connection is followed by 'close', which is where we clean up.
    socket.on('error', () => {})
  }

  #receive(chunk: Buffer): void {
    if (this.#endedAt !== undefined) return
    this.#readAt = performance.now()
    this.#follow(this.#session.feed(chunk))
    this.#account()
    this.#hub.memory.balance()
    this.regulate()
  }

  #follow(event: SessionEvent<Client> | undefined): void {
    if (this.#session.commandsHandled !== this.#commands) {
      this.#commands = this.#session.commandsHandled
      this.#progressAt = performance.now()
    }
    this.#flush()
    switch (event?.type) {
      case undefined:
        if (this.#peerEnded && !this.#session.waiting) this.#socket.end()
        return
      case 'MailReceived':
        void this.#accept(event.client, event.envelope, event.data)
        return
      case 'CredentialGiven':
        void this.#authenticate(event.user, event.password)
        return
      case 'TlsRequested':
        this.#startTls()
        return
      case 'Ended':
        this.#endedAt = performance.now()
        this.#socket.end()
        this.#socket.resume()
        return
    }
  }

  #flush(): void {
    const replies = this.#session.takeReplies()
    if (replies !== '' && this.#socket.writable) this.#socket.write(replies, 'latin1')
  }

  // Keeps the sum of half-read mails up to date.
  #account(): void {
    const held = this.#socket.destroyed ? 0 : this.#session.bytesHeld
    this.#hub.memory.reading += held - this.#held
    this.#held = held
  }

  async #accept(client: Client, envelope: Envelope, data: Buffer): Promise<void> {
    const { memory, log } = this.#hub
    memory.pending += data.length
    this.#answering = true
    let reply = failure
    try {
      reply = checked(await this.#hub.accept(client, envelope, data))
    } catch (error) {
      log.warn({ error }, 'a mail could not be accepted')
    }
    memory.pending -= data.length
    this.#answered(() => this.#session.answer(reply))
  }

  async #authenticate(user: string, password: string): Promise<void> {
    this.#answering = true
    let result: { client: Client } | undefined | 'unavailable' = 'unavailable'
    try {
      const client = await this.#hub.authenticate(user, password)
      result = client === undefined ? undefined : { client }
      if (client === undefined) this.#hub.log.info({}, 'an SMTP login failed')
    } catch (error) {
      this.#hub.log.warn({ error }, 'an SMTP login could not be checked')
    }
    this.#answered(() => this.#session.authenticated(result))
  }

  #answered(resume: () => SessionEvent<Client> | undefined): void {
    this.#answering = false
    this.#progressAt = this.#readAt = performance.now()
    if (!this.#socket.destroyed) this.#follow(resume())
    this.#account()
    this.#hub.memory.balance()
    this.regulate()
  }

  // Runs in the same tick in which the session stopped taking commands: whatever the client sends behind STARTTLS is TLS, or breaks the handshake.
  #startTls(): void {
    const plain = this.#socket
    for (const event of ['data', 'end', 'drain']) plain.removeAllListeners(event)
    plain.pause()
    while (plain.read() !== null) {}
    const secure = new TLSSocket(plain, { isServer: true, secureContext: this.#hub.secureContext! })
    this.#socket = secure
    this.#paused = false
    this.#listen(secure)
    secure.once('close', () => plain.destroy())
    secure.once('secure', () => {
      this.#session.secured()
      this.#progressAt = performance.now()
    })
  }

  #closed(): void {
    this.#socket.destroy()
    this.#hub.memory.connections.delete(this as Connection<unknown>)
    this.#hub.memory.reading -= this.#held
    this.#held = 0
    this.#hub.memory.balance()
  }
}

// A reply that would break the protocol is a fault of ours; the mail's fate is then unknown to the client, who asks again. A long text is cut:
// its codes say what matters, and a retry would not shorten it (RFC 5321 §4.5.3.1.5 gives a reply line 512 bytes).
function checked({ code, enhanced, text }: Reply): Reply {
  const wellFormed =
    code >= 200 && code <= 599 && /^[245]\.\d{1,3}\.\d{1,3}$/.test(enhanced) && /^[\x20-\x7e]*$/.test(text)
  if (!wellFormed) throw new Error('the reply to a mail must be one line of printable ASCII with its codes')
  return { code, enhanced, text: text.slice(0, replyTextLengthMax) }
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address)
}
