import net from 'node:net'

/** What the scripted server is asked at every step. `mail` counts the MAIL commands of a connection from 1, `connection` from 1. */
export type Step = {
  at: 'greeting' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'final' | 'rset' | 'quit' | 'other'
  connection: number
  mail: number
  line: string
}

/** `say`: these bytes instead of the usual reply, then go on. `drop`: close at once. `hang`: never answer. `thenStall`: read no more. */
export type Action = { say: string; thenDrop?: boolean; thenStall?: boolean } | 'drop' | 'hang' | undefined

export type Received = { from: string; to: string[]; data: Buffer }

/**
 * An SMTP server for tests that follows the book, except where its script says otherwise. `received` holds the mails whose end it saw,
 * undone of dot-stuffing; `lines` every command line; `octets` everything as it came over the wire, per connection.
 */
export async function scriptedServer(script: (step: Step) => Action = () => undefined, offers = standardOffers) {
  const received: Received[] = []
  const lines: string[] = []
  const octets: Buffer[][] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer(socket => {
    socket.setNoDelay(true)
    sockets.add(socket)
    const mine: Buffer[] = []
    octets.push(mine)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    const session = new Session(socket, { script, offers, received, lines, connection: octets.length })
    socket.on('data', chunk => {
      mine.push(chunk)
      session.onData(chunk)
    })
    session.answer('greeting', '220 scripted.test ESMTP\r\n', '')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>(resolve => server.close(() => resolve()))
  }
  return { port, received, lines, octets, sockets, close }
}

export const standardOffers = ['PIPELINING', '8BITMIME', 'SIZE 10000000']

type Shared = {
  script: (step: Step) => Action
  offers: string[]
  received: Received[]
  lines: string[]
  connection: number
}

const usual: Record<string, [Step['at'], string]> = {
  MAIL: ['mail', '250 2.1.0 ok\r\n'],
  RCPT: ['rcpt', '250 2.1.5 ok\r\n'],
  DATA: ['data', '354 go ahead\r\n'],
  RSET: ['rset', '250 2.0.0 ok\r\n'],
  STAR: ['starttls', '220 go ahead\r\n'],
  AUTH: ['auth', '235 2.7.0 ok\r\n'],
  QUIT: ['quit', '221 2.0.0 bye\r\n'],
}
const usualUnknown: [Step['at'], string] = ['other', '500 5.5.2 what?\r\n']

class Session {
  readonly #socket: net.Socket
  readonly #shared: Shared
  #buffer = Buffer.alloc(0)
  #inData = false
  #mail = 0
  #from = ''
  #to: string[] = []
  #hung = false

  constructor(socket: net.Socket, shared: Shared) {
    this.#socket = socket
    this.#shared = shared
  }

  onData(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (!this.#hung && !this.#socket.destroyed && (this.#inData ? this.#takeMail() : this.#takeLine()));
  }

  #takeLine(): boolean {
    const end = this.#buffer.indexOf('\r\n')
    if (end < 0) return false
    const line = this.#buffer.subarray(0, end).toString('latin1')
    this.#buffer = this.#buffer.subarray(end + 2)
    this.#shared.lines.push(line)
    this.#onLine(line)
    return true
  }

  /** Only CRLF . CRLF ends a mail here. */
  #takeMail(): boolean {
    const framed = Buffer.concat([Buffer.from('\r\n'), this.#buffer])
    const end = framed.indexOf('\r\n.\r\n')
    if (end < 0) return false
    const data = Buffer.from(
      framed
        .subarray(2, end + 2)
        .toString('latin1')
        .replaceAll(/(^|\r\n)\./g, '$1'),
      'latin1',
    )
    this.#buffer = this.#buffer.subarray(end + 3)
    this.#inData = false
    this.#shared.received.push({ from: this.#from, to: this.#to, data })
    this.#to = []
    this.answer('final', '250 2.0.0 taken\r\n', '')
    return true
  }

  #onLine(line: string): void {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'MAIL') {
      this.#mail++
      this.#from = line
    }
    if (verb === 'RCPT') this.#to.push(line)
    if (verb === 'EHLO' || verb === 'HELO') this.answer('ehlo', this.#ehlo(), line)
    else this.answer(...(usual[verb] ?? usualUnknown), line)
    if (verb === 'QUIT') this.#socket.end()
  }

  #ehlo(): string {
    const all = ['scripted.test', ...this.#shared.offers]
    return all.map((text, i) => `250${i === all.length - 1 ? ' ' : '-'}${text}\r\n`).join('')
  }

  answer(at: Step['at'], usually: string, line: string): void {
    const action = this.#shared.script({ at, connection: this.#shared.connection, mail: this.#mail, line })
    if (action === 'drop') return void this.#socket.destroy()
    if (action === 'hang') {
      this.#hung = true
      return
    }
    const reply = action?.say ?? usually
    if (at === 'data' && /(^|\n)354 /.test(reply)) this.#inData = true
    if (action?.thenStall) this.#socket.pause()
    if (action?.thenDrop) this.#socket.end(reply, 'latin1')
    else this.#socket.write(reply, 'latin1')
  }
}
