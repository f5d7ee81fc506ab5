import { Buffer } from 'node:buffer'
import { type Mailbox, parseMailbox } from '../../std/mailbox.ts'
import { type DataFault, type DataLimits, DataReader } from './data.ts'

/** Who sends to whom, and how it reached us. `from` is null for the empty reverse path. */
export type Envelope = {
  readonly from: Mailbox | null
  readonly to: Mailbox
  readonly remoteAddress: string
  readonly tls: boolean
  readonly helo: string
}

/** One reply line: RFC 5321 §4.2 code, RFC 3463 enhanced code, printable ASCII text. */
export type Reply = { readonly code: number; readonly enhanced: string; readonly text: string }

/** What the session needs from outside before it goes on. Answer with the method of the same line; until then further bytes wait. */
export type SessionEvent<Client> =
  /** → `answer` */
  | { readonly type: 'MailReceived'; readonly client: Client; readonly envelope: Envelope; readonly data: Buffer }
  /** → `authenticated` */
  | { readonly type: 'CredentialGiven'; readonly user: string; readonly password: string }
  /** → `secured`, once the replies are written and the connection speaks TLS. */
  | { readonly type: 'TlsRequested' }
  /** Write the replies, then close. */
  | { readonly type: 'Ended'; readonly reason: 'quit' | 'abuse' | 'drain' }

/** One address that mail is taken for from anybody; it is never passed on. */
export type OpenAddress<Client> = {
  readonly is: (mailbox: Mailbox) => boolean
  readonly client: Client
  readonly mailBytesMax: number
}

export type SessionOptions<Client> = {
  readonly hostname: string
  readonly remoteAddress: string
  readonly limits: DataLimits
  readonly tlsAvailable: boolean
  /** AUTH without TLS; for loopback only. */
  readonly plainAuthAllowed: boolean
  /** The sender, where the network address alone says who it is. */
  readonly client: Client | undefined
  /** Where anybody may write to without saying who they are, for whom such a mail is, and how large it may be. */
  readonly open?: OpenAddress<Client> | undefined
  /** False while memory is short: DATA is answered with 452. */
  readonly roomForMail: () => boolean
}

// RFC 5321 §4.5.3.1.4 gives a command 512 bytes, RFC 1870 and RFC 4954 §5 add 26 and 500 to MAIL; RFC 4954 §4 gives an AUTH line 12,288.
const commandBytesMax = 512
const mailCommandBytesMax = 1055
const authBytesMax = 12_288
const heloLengthMax = 255
// A sender that is wrong this often in a row, or busy this long without a mail, is broken or hostile.
const failedCommandsMax = 20
const failedLoginsMax = 3
const commandsWithoutMailMax = 1000
// How far beyond the size limit a mail is read for the sake of a proper 552; who sends more is cut off.
const excessBytesMax = 8 * 1024 * 1024

// A browser that is made to talk to this port, and BDAT, whose payload would be read as commands: answering would run what others wrote.
const foreignVerbs = new Set([
  'GET',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'TRACE',
  'HOST:',
  'BDAT',
])
const authenticatedVerbs = new Set(['MAIL', 'RCPT', 'DATA', 'VRFY'])

const dataReplies: Record<DataFault, (limits: DataLimits) => string> = {
  'out-of-memory': () => '452 4.3.1 Memory is short, try again later',
  'too-large': limits => `552 5.3.4 A mail has at most ${limits.mailBytesMax} bytes`,
  'bare-line-break': () => '550 5.6.11 A bare CR or LF is not allowed, lines end with CR LF',
  nul: () => '550 5.6.11 NUL is not allowed',
  'line-too-long': limits => `554 5.6.0 A line has at most ${limits.lineBytesMax} bytes`,
  'header-too-large': limits =>
    `554 5.6.0 The header has at most ${limits.headerLinesMax} lines and ${limits.headerBytesMax} bytes`,
  'too-many-parts': limits => `554 5.6.0 At most ${limits.boundaryLinesMax} lines begin with two hyphens`,
}

type Mode =
  | 'command'
  | 'data'
  | 'login-initial'
  | 'login-user'
  | 'login-password'
  | 'awaiting-answer'
  | 'awaiting-login'
  | 'awaiting-tls'
  | 'ended'

const nothing: Buffer = Buffer.alloc(0)

/**
 * One SMTP conversation (RFC 5321, 1870, 2034, 2920, 3207, 4954, 6152) without its socket: bytes in, replies and events out. The same bytes give
 * the same replies and mails however they are cut. Commands that arrive ahead (PIPELINING) wait for the reply before; replies keep the order.
 */
export class Session<Client> {
  readonly #options: SessionOptions<Client>
  #mode: Mode = 'command'
  #replies = ''
  #rest: Buffer = nothing
  #queued: Buffer[] = []
  #queuedBytes = 0
  #lineTooLong = false
  #commands = 0
  #commandsWithoutMail = 0
  #failedCommands = 0
  #failedLogins = 0
  #tls = false
  #draining = false
  #authenticated = false
  #authAdvertised = false
  #client: Client | undefined
  #helo = ''
  #from: Mailbox | null | undefined
  #to: Mailbox | undefined
  #reader: DataReader | undefined
  #loginUser = ''

  constructor(options: SessionOptions<Client>) {
    this.#options = options
    this.#client = options.client
    this.#reply(`220 ${options.hostname} ESMTP Tocsin`)
  }

  /** The replies since the last call, to be written at once. */
  takeReplies(): string {
    const replies = this.#replies
    this.#replies = ''
    return replies
  }

  /** Whether an event waits for its answer. */
  get waiting(): boolean {
    return this.#mode === 'awaiting-answer' || this.#mode === 'awaiting-login' || this.#mode === 'awaiting-tls'
  }

  get readingData(): boolean {
    return this.#mode === 'data'
  }

  /** Whether a mail was begun and neither ended nor given up. */
  get inTransaction(): boolean {
    return this.#from !== undefined || this.waiting
  }

  /** Commands handled so far: it tells a client that makes progress from one that drips bytes. */
  get commandsHandled(): number {
    return this.#commands
  }

  /** Bytes that wait behind an event. */
  get bytesQueued(): number {
    return this.waiting ? this.#rest.length + this.#queuedBytes : 0
  }

  /** Bytes of the mail being read. */
  get bytesHeld(): number {
    return this.#reader === undefined ? 0 : this.#reader.bytesHeld
  }

  /** Memory is short: gives up the mail being read; its end will be answered with 452. */
  dropMail(): void {
    this.#reader?.drop()
  }

  /** Takes what the socket read. The bytes belong to the session from here on. */
  feed(bytes: Buffer): SessionEvent<Client> | undefined {
    if (this.#mode === 'ended') return undefined
    if (this.waiting) {
      this.#queued.push(bytes)
      this.#queuedBytes += bytes.length
      return undefined
    }
    return this.#run(this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]))
  }

  /** The verdict on the mail of the last `MailReceived`. Like the two below without effect when nothing waits for it. */
  answer(reply: Reply): SessionEvent<Client> | undefined {
    if (this.#mode !== 'awaiting-answer') return undefined
    this.#reply(`${reply.code} ${reply.enhanced} ${reply.text}`)
    if (reply.code < 400) this.#failedCommands = 0
    return this.#resume()
  }

  /** Who the credential belongs to; undefined: it is wrong; 'unavailable': nobody can say now. */
  authenticated(client: { readonly client: Client } | undefined | 'unavailable'): SessionEvent<Client> | undefined {
    if (this.#mode !== 'awaiting-login') return undefined
    if (client === 'unavailable') this.#reply('454 4.7.0 Authentication is not possible now, try again later')
    else if (client === undefined) {
      this.#reply('535 5.7.8 Authentication failed')
      if (++this.#failedLogins >= failedLoginsMax) return this.#end('abuse', '421 4.7.0 Too many failed logins')
    } else {
      this.#client = client.client
      this.#authenticated = true
      this.#reply('235 2.7.0 Authentication succeeded')
    }
    return this.#resume()
  }

  /** The connection speaks TLS now. What was known before, commands sent ahead included, is forgotten (RFC 3207 §4.2). */
  secured(): void {
    if (this.#mode !== 'awaiting-tls') return
    this.#tls = true
    this.#authAdvertised = false
    this.#authenticated = false
    this.#client = this.#options.client
    this.#helo = ''
    this.#rest = nothing
    this.#queued = []
    this.#queuedBytes = 0
    this.#reset()
    this.#mode = 'command'
  }

  /** No new mail from now on: ends at once, or when the mail that was begun has its reply. */
  drain(): SessionEvent<Client> | undefined {
    this.#draining = true
    return this.inTransaction ? undefined : this.#end('drain', '421 4.3.2 Shutting down')
  }

  /** Closes the conversation with one last reply. */
  end(lastReply: string): SessionEvent<Client> {
    return this.#end('abuse', lastReply)
  }

  #reply(line: string): undefined {
    this.#replies += `${line}\r\n`
  }

  #fail(line: string): SessionEvent<Client> | undefined {
    this.#reply(line)
    if (++this.#failedCommands < failedCommandsMax) return undefined
    return this.#end('abuse', '421 4.7.0 Too many errors')
  }

  #end(reason: 'quit' | 'abuse' | 'drain', lastReply: string): SessionEvent<Client> {
    if (this.#mode !== 'ended') this.#reply(lastReply)
    this.#mode = 'ended'
    this.#reader = undefined
    this.#rest = nothing
    this.#queued = []
    this.#queuedBytes = 0
    return { type: 'Ended', reason }
  }

  #reset(): void {
    this.#from = undefined
    this.#to = undefined
    this.#reader = undefined
  }

  #resume(): SessionEvent<Client> | undefined {
    this.#mode = 'command'
    const bytes = this.#queued.length === 0 ? this.#rest : Buffer.concat([this.#rest, ...this.#queued])
    this.#queued = []
    this.#queuedBytes = 0
    return this.#afterStep() ?? this.#run(bytes)
  }

  #run(bytes: Buffer): SessionEvent<Client> | undefined {
    let at = 0
    let event: SessionEvent<Client> | undefined
    this.#rest = nothing
    while (at < bytes.length && event === undefined) {
      if (this.#mode === 'data') {
        const end = this.#reader!.read(bytes, at)
        event = end === -1 ? this.#afterChunk() : this.#endOfData()
        at = end === -1 ? bytes.length : end
      } else {
        const lineFeed = bytes.indexOf(0x0a, at)
        if (lineFeed === -1) {
          this.#keepPartOfLine(bytes.subarray(at))
          break
        }
        event = this.#line(bytes, at, lineFeed)
        at = lineFeed + 1
      }
      event ??= this.#afterStep()
    }
    if (this.waiting && at < bytes.length) this.#rest = bytes.subarray(at)
    return event
  }

  #afterStep(): SessionEvent<Client> | undefined {
    return this.#draining && !this.inTransaction ? this.#end('drain', '421 4.3.2 Shutting down') : undefined
  }

  #keepPartOfLine(part: Buffer): void {
    if (this.#lineTooLong || part.length > authBytesMax) this.#lineTooLong = true
    else this.#rest = part
  }

  #line(bytes: Buffer, from: number, lineFeed: number): SessionEvent<Client> | undefined {
    const tooLong = this.#lineTooLong || lineFeed + 1 - from > authBytesMax
    this.#lineTooLong = false
    this.#commands++
    if (++this.#commandsWithoutMail > commandsWithoutMailMax)
      return this.#end('abuse', '421 4.7.0 Too many commands without a mail')
    if (tooLong) return this.#unusableLine('500 5.5.2 The line is too long')
    if (lineFeed === from || bytes[lineFeed - 1] !== 0x0d) return this.#unusableLine('500 5.5.2 Lines end with CR LF')
    const line = bytes.toString('latin1', from, lineFeed - 1)
    if (/[^\t\x20-\x7e]/.test(line)) return this.#unusableLine(nonAsciiReply(line))
    return this.#mode === 'command' ? this.#command(line) : this.#loginLine(line)
  }

  #unusableLine(reply: string): SessionEvent<Client> | undefined {
    this.#mode = 'command'
    return this.#fail(reply)
  }

  #command(line: string): SessionEvent<Client> | undefined {
    const space = line.indexOf(' ')
    const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase()
    const rest = space === -1 ? '' : line.slice(space + 1).trim()
    if (line.length + 2 > longestLine(verb)) return this.#fail('500 5.5.2 The line is too long')
    if (foreignVerbs.has(verb)) return this.#end('abuse', '421 4.7.0 This is an SMTP server without CHUNKING')
    const isForOpen = this.#options.open !== undefined && verb !== 'VRFY'
    if (this.#client === undefined && authenticatedVerbs.has(verb) && !isForOpen) {
      return this.#fail('530 5.7.0 Authentication required')
    }
    switch (verb) {
      case 'MAIL':
        return this.#mail(rest)
      case 'RCPT':
        return this.#rcpt(rest)
      case 'DATA':
        return this.#data(rest)
      case 'EHLO':
      case 'HELO':
        return this.#hello(verb, rest)
      case 'RSET':
        if (rest !== '') return this.#fail('501 5.5.4 RSET takes no argument')
        this.#reset()
        return this.#reply('250 2.0.0 Ok')
      case 'NOOP':
        return this.#reply('250 2.0.0 Ok')
      case 'QUIT':
        if (rest !== '') return this.#fail('501 5.5.4 QUIT takes no argument')
        return this.#end('quit', '221 2.0.0 Bye')
      case 'VRFY':
        return this.#reply('252 2.5.2 Addresses are not verified, send the mail')
      case 'AUTH':
        return this.#auth(rest)
      case 'STARTTLS':
        return this.#startTls(rest)
      default:
        return this.#fail('500 5.5.2 Command not recognized')
    }
  }

  #hello(verb: 'EHLO' | 'HELO', name: string): SessionEvent<Client> | undefined {
    if (name === '' || name.length > heloLengthMax || /[\s<>()"\\]/.test(name))
      return this.#fail(`501 5.5.4 ${verb} takes the name of the client`)
    this.#reset()
    this.#helo = name
    const { hostname } = this.#options
    if (verb === 'HELO') return this.#reply(`250 ${hostname}`)
    const lines = [hostname, 'PIPELINING', `SIZE ${this.#options.limits.mailBytesMax}`, '8BITMIME']
    if (this.#options.tlsAvailable && !this.#tls) lines.push('STARTTLS')
    this.#authAdvertised = this.#tls || this.#options.plainAuthAllowed
    if (this.#authAdvertised) lines.push('AUTH PLAIN LOGIN')
    for (const line of lines) this.#replies += `250-${line}\r\n`
    return this.#reply('250 ENHANCEDSTATUSCODES')
  }

  #mail(rest: string): SessionEvent<Client> | undefined {
    if (this.#helo === '') return this.#fail('503 5.5.1 Send EHLO first')
    if (this.#from !== undefined) return this.#fail('503 5.5.1 A mail is already begun')
    const path = /^FROM: *<([^<>]*)>(?: +(\S.*))?$/i.exec(rest)
    if (path === null) return this.#fail('501 5.5.4 The form is MAIL FROM:<address>')
    const refused = this.#mailParameters(path[2])
    if (refused !== undefined) return this.#fail(refused)
    if (path[1] === '') {
      this.#from = null
      return this.#reply('250 2.1.0 Ok')
    }
    const parsed = parseMailbox(path[1]!)
    if (!parsed.ok) return this.#fail(`553 5.1.7 ${parsed.code}: ${parsed.detail}`)
    this.#from = parsed.mailbox
    return this.#reply('250 2.1.0 Ok')
  }

  // The reply that refuses the parameters, if they have to be.
  #mailParameters(text: string | undefined): string | undefined {
    if (text === undefined) return undefined
    const seen = new Set<string>()
    for (const parameter of text.split(/ +/)) {
      const equals = parameter.indexOf('=')
      const name = (equals === -1 ? parameter : parameter.slice(0, equals)).toUpperCase()
      const value = equals === -1 ? '' : parameter.slice(equals + 1)
      if (!knownMailParameters.has(name)) return '555 5.5.4 Unknown parameter of MAIL'
      if (seen.has(name) || !knownMailParameters.get(name)!.test(value))
        return `501 5.5.4 ${name} is given twice or wrong`
      seen.add(name)
      if (name === 'SIZE' && Number(value) > this.#options.limits.mailBytesMax)
        return dataReplies['too-large'](this.#options.limits)
    }
    return undefined
  }

  #rcpt(rest: string): SessionEvent<Client> | undefined {
    if (this.#from === undefined) return this.#fail('503 5.5.1 Send MAIL first')
    const path = /^TO: *<([^<>]*)>(?: +(\S.*))?$/i.exec(rest)
    if (path === null) return this.#fail('501 5.5.4 The form is RCPT TO:<address>')
    if (path[2] !== undefined) return this.#fail('555 5.5.4 RCPT takes no parameter')
    const parsed = parseMailbox(path[1]!)
    if (!parsed.ok) return this.#fail(`553 5.1.3 ${parsed.code}: ${parsed.detail}`)
    if (this.#client === undefined && !this.#isOpen(parsed.mailbox))
      return this.#fail('530 5.7.0 Authentication required')
    if (this.#to !== undefined) return this.#reply('452 4.5.3 One recipient a mail, send another mail')
    this.#to = parsed.mailbox
    return this.#reply('250 2.1.5 Ok')
  }

  #isOpen(mailbox: Mailbox | undefined): boolean {
    return mailbox !== undefined && this.#options.open?.is(mailbox) === true
  }

  /** Those of the mail that is being sent. */
  get #limits(): DataLimits {
    const { limits, open } = this.#options
    return this.#isOpen(this.#to)
      ? { ...limits, mailBytesMax: Math.min(limits.mailBytesMax, open!.mailBytesMax) }
      : limits
  }

  #data(rest: string): SessionEvent<Client> | undefined {
    if (rest !== '') return this.#fail('501 5.5.4 DATA takes no argument')
    if (this.#from === undefined) return this.#fail('503 5.5.1 Send MAIL first')
    if (this.#to === undefined) return this.#fail('554 5.5.1 No valid recipient')
    if (!this.#options.roomForMail()) return this.#reply(dataReplies['out-of-memory'](this.#options.limits))
    this.#reader = new DataReader(this.#limits)
    this.#mode = 'data'
    return this.#reply('354 End with CR LF . CR LF')
  }

  #afterChunk(): SessionEvent<Client> | undefined {
    const limits = this.#limits
    if (this.#reader!.bytesRead <= limits.mailBytesMax + excessBytesMax) return undefined
    return this.#end('abuse', dataReplies['too-large'](limits))
  }

  #endOfData(): SessionEvent<Client> | undefined {
    const reader = this.#reader!
    const cutOff = this.#afterChunk()
    if (cutOff !== undefined) return cutOff
    const limits = this.#limits
    const client = this.#isOpen(this.#to) ? this.#options.open!.client : this.#client!
    const envelope = {
      from: this.#from!,
      to: this.#to!,
      remoteAddress: this.#options.remoteAddress,
      tls: this.#tls,
      helo: this.#helo,
    }
    this.#reset()
    this.#mode = 'command'
    this.#commandsWithoutMail = 0
    const { fault } = reader
    if (fault === undefined) {
      this.#mode = 'awaiting-answer'
      return { type: 'MailReceived', client, envelope, data: reader.take() }
    }
    return this.#fail(dataReplies[fault](limits))
  }

  #startTls(rest: string): SessionEvent<Client> | undefined {
    if (!this.#options.tlsAvailable) return this.#fail('502 5.5.1 TLS is not available')
    if (this.#tls) return this.#fail('503 5.5.1 TLS is already in use')
    if (rest !== '') return this.#fail('501 5.5.4 STARTTLS takes no argument')
    if (this.#from !== undefined) return this.#fail('503 5.5.1 Not within a mail')
    this.#reply('220 2.0.0 Ready to start TLS')
    this.#mode = 'awaiting-tls'
    return { type: 'TlsRequested' }
  }

  #auth(rest: string): SessionEvent<Client> | undefined {
    if (this.#helo === '') return this.#fail('503 5.5.1 Send EHLO first')
    if (this.#authenticated) return this.#fail('503 5.5.1 Already authenticated')
    if (this.#from !== undefined) return this.#fail('503 5.5.1 Not within a mail')
    if (!this.#tls && !this.#options.plainAuthAllowed)
      return this.#fail('538 5.7.11 Authentication needs TLS, send STARTTLS first')
    if (!this.#authAdvertised) return this.#fail('503 5.5.1 Send EHLO first')
    const [mechanism, initial, ...more] = rest.split(/ +/)
    if (more.length > 0) return this.#fail('501 5.5.4 The form is AUTH mechanism initial-response')
    if (mechanism!.toUpperCase() === 'PLAIN')
      return initial === undefined ? this.#challenge('login-initial', '') : this.#plain(initial)
    if (mechanism!.toUpperCase() === 'LOGIN') {
      return initial === undefined ? this.#challenge('login-user', 'VXNlcm5hbWU6') : this.#loginName(initial)
    }
    return this.#fail('504 5.5.4 The mechanisms are PLAIN and LOGIN')
  }

  #challenge(mode: Mode, challenge: string): undefined {
    this.#mode = mode
    return this.#reply(`334 ${challenge}`)
  }

  #loginLine(line: string): SessionEvent<Client> | undefined {
    const mode = this.#mode
    this.#mode = 'command'
    if (line === '*') return this.#fail('501 5.7.0 Authentication cancelled')
    if (mode === 'login-initial') return this.#plain(line)
    return mode === 'login-user' ? this.#loginName(line) : this.#loginPassword(line)
  }

  #loginName(encoded: string): SessionEvent<Client> | undefined {
    const user = fromBase64(encoded)
    if (user === undefined) return this.#fail('501 5.5.2 The response is not base64')
    this.#loginUser = user
    return this.#challenge('login-password', 'UGFzc3dvcmQ6')
  }

  #loginPassword(encoded: string): SessionEvent<Client> | undefined {
    const password = fromBase64(encoded)
    if (password === undefined) return this.#fail('501 5.5.2 The response is not base64')
    return this.#credential(this.#loginUser, password)
  }

  // RFC 4616: authorization id, authentication id, password. Nobody acts for another here, and it must not be tried with less effort than a login.
  #plain(encoded: string): SessionEvent<Client> | undefined {
    const parts = fromBase64(encoded)?.split('\0')
    if (parts === undefined || parts.length !== 3)
      return this.#fail('501 5.5.2 The response is not base64 of NUL user NUL password')
    const [actsFor, user, password] = parts as [string, string, string]
    return this.#credential(actsFor === '' || actsFor === user ? user : '', password)
  }

  #credential(user: string, password: string): SessionEvent<Client> {
    this.#loginUser = ''
    this.#mode = 'awaiting-login'
    return { type: 'CredentialGiven', user, password }
  }
}

const knownMailParameters = new Map([
  ['SIZE', /^\d{1,20}$/],
  ['BODY', /^(7BIT|8BITMIME)$/i],
  ['AUTH', /^\S+$/],
])

function longestLine(verb: string): number {
  if (verb === 'AUTH') return authBytesMax
  return verb === 'MAIL' ? mailCommandBytesMax : commandBytesMax
}

// RFC 6531 is not offered: bytes beyond ASCII in an address would be read differently by others.
function nonAsciiReply(line: string): string {
  return /^(MAIL|RCPT) /i.test(line) && /[\x80-\xff]/.test(line)
    ? '553 5.6.7 Only ASCII in an address: write the domain as A-labels'
    : '500 5.5.2 Only printable ASCII in a command'
}

// RFC 4648 §4, strictly: an empty response is written as one equals sign (RFC 4954 §4).
function fromBase64(text: string): string | undefined {
  if (text === '=' || text === '') return ''
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  return Buffer.from(text, 'base64').toString('utf8')
}
