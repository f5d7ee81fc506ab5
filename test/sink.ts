import { createServer, type Socket } from 'node:net'

/** A mail as it stood on the wire: `raw` with its stuffed dots, `data` without them and without the terminator. */
export type SunkMail = { from: string; to: string[]; data: Buffer; raw: Buffer }

/** A reply in place of the usual one; a promise makes the client wait. */
export type SinkScript = (
  at: 'RCPT' | 'end',
  mail: { to: string[] },
) => string | undefined | Promise<string | undefined>

export type Sink = {
  port: number
  mails: SunkMail[]
  /** Every byte that came, one list a connection. */
  octets: Buffer[][]
  /** Every command line, over all connections. */
  lines: string[]
  /** Resolves when that many mails are here. */
  until(count: number): Promise<void>
  close(): Promise<void>
}

/** An SMTP server that takes everything and keeps every byte. Only CR LF . CR LF ends a mail here. */
export async function startSink(script: SinkScript = () => undefined): Promise<Sink> {
  const sockets = new Set<Socket>()
  const waiting: { count: number; resolve(): void }[] = []
  const shared: Shared = { mails: [], octets: [], lines: [], script, taken: () => {} }
  shared.taken = () => {
    for (const { count, resolve } of waiting) if (shared.mails.length >= count) resolve()
  }
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // The client's side tells.
    const mine: Buffer[] = []
    shared.octets.push(mine)
    const conversation = new Conversation(socket, shared)
    socket.on('data', chunk => {
      mine.push(chunk)
      void conversation.feed(chunk)
    })
    socket.write('220 sink.example.net ESMTP\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    mails: shared.mails,
    octets: shared.octets,
    lines: shared.lines,
    until: count =>
      new Promise(resolve => {
        if (shared.mails.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

type Shared = {
  mails: SunkMail[]
  octets: Buffer[][]
  lines: string[]
  script: SinkScript
  taken(): void
}

const lineEnd = '\r\n'
const mailEnd = '\r\n.\r\n'
const greeting = '250-sink.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n'
const replies: Record<string, string> = {
  EHLO: greeting,
  HELO: '250 sink.example.net\r\n',
  MAIL: '250 2.1.0 ok\r\n',
  RCPT: '250 2.1.5 ok\r\n',
  DATA: '354 go ahead\r\n',
  RSET: '250 2.0.0 ok\r\n',
  NOOP: '250 2.0.0 ok\r\n',
  QUIT: '221 2.0.0 bye\r\n',
}

class Conversation {
  readonly #socket: Socket
  readonly #shared: Shared
  #line = Buffer.alloc(0)
  #parts: Buffer[] | undefined
  #tail = ''
  #from = ''
  #to: string[] = []
  #work = Promise.resolve()

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket
    this.#shared = shared
  }

  feed(chunk: Buffer): Promise<void> {
    this.#work = this.#work.then(() => this.#read(chunk))
    return this.#work
  }

  async #read(chunk: Buffer): Promise<void> {
    let rest = chunk
    while (rest.length > 0) rest = this.#parts ? await this.#mail(this.#parts, rest) : await this.#command(rest)
  }

  async #command(chunk: Buffer): Promise<Buffer> {
    const all = Buffer.concat([this.#line, chunk])
    const end = all.indexOf(lineEnd)
    this.#line = end < 0 ? all : Buffer.alloc(0)
    if (end < 0) return Buffer.alloc(0)
    const line = all.toString('latin1', 0, end)
    this.#shared.lines.push(line)
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'MAIL') this.#from = line.slice('MAIL FROM:'.length)
    if (verb === 'MAIL' || verb === 'RSET') this.#to = []
    if (verb === 'RCPT') this.#to.push(line.slice('RCPT TO:'.length))
    const own = verb === 'RCPT' ? await this.#shared.script('RCPT', { to: this.#to }) : undefined
    this.#socket.write(own ?? replies[verb] ?? '500 5.5.2 what?\r\n')
    if (verb === 'DATA') {
      this.#parts = []
      this.#tail = lineEnd
    }
    return all.subarray(end + lineEnd.length)
  }

  async #mail(parts: Buffer[], chunk: Buffer): Promise<Buffer> {
    const seam = this.#tail + chunk.toString('latin1', 0, mailEnd.length)
    const inSeam = seam.indexOf(mailEnd)
    const found = inSeam < 0 ? chunk.indexOf(mailEnd) : inSeam - this.#tail.length
    const end = inSeam < 0 && found < 0 ? chunk.length : found + mailEnd.length
    parts.push(chunk.subarray(0, end))
    if (inSeam < 0 && found < 0) {
      this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - 4))).slice(-4)
      return Buffer.alloc(0)
    }
    this.#parts = undefined
    const whole = Buffer.concat(parts)
    const raw = whole.subarray(0, whole.length - '.\r\n'.length)
    const own = await this.#shared.script('end', { to: this.#to })
    if (own === undefined || own.startsWith('2')) {
      this.#shared.mails.push({ from: this.#from, to: this.#to, data: unstuffed(raw), raw })
      this.#shared.taken()
    }
    this.#to = []
    this.#socket.write(own ?? '250 2.0.0 taken\r\n')
    return chunk.subarray(end)
  }
}

function unstuffed(raw: Buffer): Buffer {
  if (raw[0] !== 0x2e && !raw.includes('\r\n.')) return raw
  return Buffer.from(raw.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1'), 'latin1')
}

/** CR without LF behind it and LF without CR before it, in what came over the wire. */
export function bareLineBreaks(bytes: Buffer): number {
  return bytes.toString('latin1').match(/\r(?!\n)|(?<!\r)\n/g)?.length ?? 0
}
