import { strict as assert } from 'node:assert'
import type net from 'node:net'
import type { Capabilities } from './handshake.ts'
import { type HandoverOutcome, type Mail, refusal, type Stage } from './outcome.ts'
import { type Reply, ReplyReader, replyText } from './reply.ts'
import type { Timeouts } from './timeouts.ts'

/** A mail ready to go: its bytes as on the wire (`toWire`), and how often it went back to the queue untouched. */
export type Job = {
  mail: Mail
  /** `<address>` for MAIL, and the whole RCPT command, checked when the job was made. */
  fromPath: string
  rcptCommand: string
  bytes: Buffer
  eightBit: boolean
  returns: number
  settle: (outcome: HandoverOutcome) => void
}

/** Who owns a connection hears of everything here; `settled` and `returned` come exactly once for every job given. */
export type ConnectionOwner = {
  settled(job: Job, outcome: HandoverOutcome): void
  /** The connection ended before it took anything of this mail: it may go over another one at once. */
  returned(job: Job, outcome: HandoverOutcome): void
  /** Asked when the end of a mail is written: a mail whose commands may go along in the same packet (RFC 2920 §3.1). */
  takeNext(connection: Connection): Job | undefined
  /** Ready for the next mail. */
  idle(connection: Connection): void
  closed(connection: Connection): void
}

/** Up to this size the mail and its final dot are one write; above, the dot waits until the rest has left this process. */
const singleWriteBytesMax = 64 * 1024
/** After QUIT the upstream has this long to close. */
const quitPatienceMsMax = 1000

type Step = 'idle' | 'rset' | 'mail' | 'rcpt' | 'data' | 'body' | 'final' | 'closed'

/**
 * A connection on which one mail after the other is handed over. Its one promise: `unknown` exactly when the final dot was written and
 * no answer to it was understood; before the dot the mail surely was not taken, since a server must not act on half a mail
 * (RFC 5321 §4.1.1.4).
 */
export class Connection {
  readonly #socket: net.Socket
  readonly #capabilities: Capabilities
  readonly #timeouts: Timeouts
  readonly #owner: ConnectionOwner
  readonly #reader = new ReplyReader()
  #step: Step = 'idle'
  #job: Job | undefined
  /** The mail whose MAIL, RCPT and DATA went along with the end of `#job`. */
  #chained: Job | undefined
  /** What has been refused of `#job` while answers to the rest of its pipelined commands are still to come. */
  #refused: HandoverOutcome | undefined
  /** Whether any reply to a command of `#job` has come. */
  #heard = false
  #needsReset = false
  #deadline = Number.POSITIVE_INFINITY
  #unsentBefore = 0
  /** Mails begun on this connection. */
  mails = 0
  /** When it became idle, ms of the pool's clock; the pool's to keep. */
  idleSince = 0

  constructor(socket: net.Socket, options: { capabilities: Capabilities; timeouts: Timeouts; owner: ConnectionOwner }) {
    this.#socket = socket
    this.#capabilities = options.capabilities
    this.#timeouts = options.timeouts
    this.#owner = options.owner
    socket.on('data', chunk => this.#onData(chunk))
    socket.on('error', () => this.#end('lost'))
    socket.on('close', () => this.#end('lost'))
    // A server that says goodbye while we are idle.
    socket.on('end', () => this.#end('lost'))
  }

  get closed(): boolean {
    return this.#step === 'closed'
  }

  /** Why this upstream cannot be given this mail at all, known without asking it; undefined when it can. */
  unfit(job: Job): HandoverOutcome | undefined {
    const { size, eightBitMime } = this.#capabilities
    if (job.eightBit && !eightBitMime) {
      // RFC 6152 §3 forbids sending it as it is, and converting would break a signature and bytes that we promise not to touch.
      return { status: 'rejected', stage: 'mail', code: 554, enhanced: '5.6.3', text: 'upstream-without-8bitmime' }
    }
    if (size !== undefined && size > 0 && job.mail.data.length > size) {
      return { status: 'rejected', stage: 'mail', code: 552, enhanced: '5.3.4', text: 'message-exceeds-upstream-size' }
    }
    return undefined
  }

  /** Begin a mail; the connection must be idle. */
  send(job: Job): void {
    assert(this.#step === 'idle', 'a mail begins on an idle connection')
    const commands = this.#begin(job)
    const reset = this.#needsReset ? 'RSET\r\n' : ''
    this.#needsReset = false
    const pipelined = this.#capabilities.pipelining
    this.#await(reset ? 'rset' : 'mail')
    this.#socket.write(pipelined ? reset + commands : reset || mailCommand(job, this.#capabilities), 'latin1')
  }

  /** Say goodbye. Only when idle. */
  quit(): void {
    assert(this.#step === 'idle', 'an idle connection says goodbye')
    this.#step = 'closed'
    this.#socket.end('QUIT\r\n')
    const timer = setTimeout(() => this.#socket.destroy(), quitPatienceMsMax)
    this.#socket.once('close', () => clearTimeout(timer))
    // A server that answers QUIT but never closes is cut off by the timer; reading goes on so that its answer does not block.
    this.#owner.closed(this)
  }

  /** Break off at once: a mail under way becomes deferred or unknown, as far as it had got. */
  destroy(): void {
    this.#end('lost')
  }

  /** Called every tick of the pool's clock. */
  tick(now: number): void {
    if (this.#step === 'body' || this.#step === 'final') this.#extendWhileSending(now)
    if (now > this.#deadline) this.#end('timeout')
  }

  #extendWhileSending(now: number): void {
    const unsent = this.#socket.writableLength
    if (unsent < this.#unsentBefore)
      this.#deadline = Math.max(this.#deadline, now + this.#timeouts[this.#step as Stage])
    this.#unsentBefore = unsent
  }

  /** Note the job as the current one and give its three commands in one piece. */
  #begin(job: Job): string {
    this.#job = job
    this.#refused = undefined
    this.#heard = false
    this.mails++
    return this.#commands(job)
  }

  #commands(job: Job): string {
    return mailCommand(job, this.#capabilities) + job.rcptCommand + dataCommand
  }

  #await(step: Step): void {
    this.#step = step
    if (step === 'idle' || step === 'closed') this.#deadline = Number.POSITIVE_INFINITY
    else this.#deadline = performance.now() + this.#timeouts[step === 'rset' ? 'mail' : step]
  }

  #onData(chunk: Buffer): void {
    this.#reader.push(chunk)
    for (;;) {
      const reply = this.#step === 'closed' ? undefined : this.#reader.next()
      if (reply === undefined) return
      if (reply === 'garbage') this.#end('protocol')
      else this.#onReply(reply)
    }
  }

  #onReply(reply: Reply): void {
    if (reply.code === 421) this.#onGoodbye(reply)
    else if (this.#step === 'rset') this.#onResetReply(reply)
    else if (this.#step === 'mail') this.#onCommandReply(reply, 'mail', 'rcpt')
    else if (this.#step === 'rcpt') this.#onCommandReply(reply, 'rcpt', 'data')
    else if (this.#step === 'data') this.#onDataReply(reply)
    else if (this.#step === 'final') this.#onFinalReply(reply)
    // A reply to nothing: from here on replies and commands may be off by one, and a yes could belong to another mail.
    else this.#end('protocol')
  }

  #onResetReply(reply: Reply): void {
    if (reply.code !== 250) {
      this.#end('protocol')
      return
    }
    this.#await('mail')
    if (!this.#capabilities.pipelining) this.#socket.write(mailCommand(this.#job!, this.#capabilities), 'latin1')
  }

  #onCommandReply(reply: Reply, stage: 'mail' | 'rcpt', following: 'rcpt' | 'data'): void {
    this.#heard = true
    const good = reply.code >= 200 && reply.code < 300
    if (!good && reply.code < 400) {
      this.#end('protocol')
      return
    }
    if (!good) this.#refused ??= refusal(stage, reply, this.#job!.mail.to)
    if (!this.#capabilities.pipelining && this.#refused) {
      this.#settle(this.#refused, stage === 'rcpt')
      return
    }
    this.#await(following)
    if (this.#capabilities.pipelining) return
    this.#socket.write(following === 'rcpt' ? this.#job!.rcptCommand : dataCommand, 'latin1')
  }

  #onDataReply(reply: Reply): void {
    if (reply.code >= 400) {
      this.#settle(this.#refused ?? refusal('data', reply, this.#job!.mail.to), true)
    } else if (reply.code !== 354 || this.#refused || this.#reader.hasMore) {
      // Anything but 354 makes no sense. 354 after a refused recipient: RFC 2920 §3.1 would send an empty mail, none at all is safer.
      // More behind 354 is an answer to a mail that has not been sent yet: replies are off by one.
      this.#end('protocol')
    } else {
      this.#writeBody(this.#job!)
    }
  }

  #writeBody(job: Job): void {
    if (job.bytes.length <= singleWriteBytesMax) {
      this.#writeEnd(job.bytes)
      return
    }
    this.#await('body')
    this.#unsentBefore = Number.POSITIVE_INFINITY
    this.#socket.write(job.bytes, error => {
      // An error also ends the connection by its event, and by then the dot is not written.
      if (!error && this.#step === 'body' && this.#job === job) this.#writeEnd(undefined)
    })
  }

  /** Commit point: after this write the upstream may have taken the mail, whatever is heard from it. */
  #writeEnd(rest: Buffer | undefined): void {
    this.#chained = this.#capabilities.pipelining ? this.#owner.takeNext(this) : undefined
    if (this.#chained) this.mails++
    const tail = this.#chained ? `.\r\n${this.#commands(this.#chained)}` : '.\r\n'
    this.#await('final')
    this.#unsentBefore = Number.POSITIVE_INFINITY
    this.#socket.write(rest ? withTail(rest, tail) : tail, 'latin1')
  }

  #onFinalReply(reply: Reply): void {
    const { to } = this.#job!.mail
    if (reply.code >= 400) this.#settle(refusal('final', reply, to), false)
    else if (reply.code < 300) this.#settle({ status: 'accepted', code: reply.code, text: replyText(reply, to) }, false)
    // 3xx is no answer to the end of a mail; whether it was taken is open.
    else this.#end('protocol')
  }

  /** The current mail is done; the one whose commands went along becomes the current one. */
  #settle(outcome: HandoverOutcome, needsReset: boolean): void {
    const job = this.#job!
    this.#needsReset = needsReset
    this.#job = this.#chained
    this.#chained = undefined
    this.#refused = undefined
    this.#heard = false
    this.#await(this.#job ? 'mail' : 'idle')
    this.#owner.settled(job, outcome)
    if (this.#step === 'idle') this.#owner.idle(this)
  }

  /** RFC 5321 §3.8: 421 is an answer to whatever was asked, and the end. */
  #onGoodbye(reply: Reply): void {
    const job = this.#job
    if (job && !this.#refused) {
      this.#refused = refusal(this.#step === 'rset' ? 'mail' : (this.#step as Stage), reply, job.mail.to)
      // To be turned away at MAIL says nothing about this mail: many servers end long sessions so.
      if (this.#step === 'mail' || this.#step === 'rset') this.#heard = false
    }
    if (this.#step === 'final') this.#step = 'data'
    this.#end('lost')
  }

  #end(why: 'lost' | 'timeout' | 'protocol'): void {
    if (this.#step === 'closed') return
    const step = this.#step
    const [job, chained] = [this.#job, this.#chained]
    this.#await('closed')
    this.#job = this.#chained = undefined
    this.#socket.destroy()
    this.#owner.closed(this)
    if (job) this.#endJob(job, step, why)
    if (chained) this.#owner.returned(chained, { status: 'deferred', stage: 'mail', reason: why })
  }

  #endJob(job: Job, step: Step, why: 'lost' | 'timeout' | 'protocol'): void {
    if (step === 'final') {
      this.#owner.settled(job, { status: 'unknown', reason: why })
      return
    }
    const stage = step === 'rset' || step === 'idle' || step === 'closed' ? 'mail' : step
    const outcome: HandoverOutcome = this.#refused ?? { status: 'deferred', stage, reason: why }
    if (!this.#heard && (step === 'rset' || step === 'mail')) this.#owner.returned(job, outcome)
    else this.#owner.settled(job, outcome)
  }
}

const dataCommand = 'DATA\r\n'

function mailCommand(job: Job, offered: Capabilities): string {
  const size = offered.size === undefined ? '' : ` SIZE=${job.mail.data.length}`
  const body = job.eightBit && offered.eightBitMime ? ' BODY=8BITMIME' : ''
  return `MAIL FROM:${job.fromPath}${size}${body}\r\n`
}

/** One buffer for one system call: for a mail of some KB, copying costs less than a write of two pieces. */
function withTail(bytes: Buffer, tail: string): Buffer {
  const packet = Buffer.allocUnsafe(bytes.length + tail.length)
  bytes.copy(packet, 0)
  packet.write(tail, bytes.length, 'latin1')
  return packet
}
