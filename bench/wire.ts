// The least SMTP that a latency measurement needs: a client on a kept connection, a sink that notes when a mail was whole.
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { atEnd } from './processes.ts'

const probeMsMax = 1_000

/** Whether an SMTP server greets at the port. */
export async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  socket.setTimeout(probeMsMax, () => socket.destroy())
  try {
    const [greeting] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
    return Buffer.isBuffer(greeting) && greeting.toString().startsWith('220')
  } catch {
    return false // refused: not up yet
  } finally {
    socket.destroy()
  }
}

/** One kept SMTP connection that sends mail after mail, one command at a time as smtp-source does. */
export class Client {
  readonly #socket: Socket
  #said = ''
  #heard: ((reply: string) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#take(chunk.toString('latin1')))
    socket.on('error', error => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the relay closed the connection')))
  }

  static async open(port: number): Promise<Client> {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const client = new Client(socket)
    await client.#reply('220')
    await client.#say('EHLO client.example.test\r\n', '250')
    return client
  }

  /** `data`: dot-stuffed, CRLF, with its end. Resolves when the relay has answered 250 to it. */
  async send(mail: { from: string; to: string; data: Buffer }) {
    await this.#say(`MAIL FROM:<${mail.from}>\r\n`, '250')
    await this.#say(`RCPT TO:<${mail.to}>\r\n`, '250')
    await this.#say('DATA\r\n', '354')
    await this.#say(mail.data, '250')
  }

  close() {
    this.#socket.destroy()
  }

  #say(bytes: string | Buffer, expected: string) {
    this.#socket.write(bytes)
    return this.#reply(expected)
  }

  #reply(expected: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#failed = reject
      this.#heard = reply => {
        if (reply.startsWith(expected)) resolve()
        else reject(new Error(`the relay answered ${reply.trim().slice(0, 100)} where ${expected} was expected`))
      }
    })
  }

  #take(text: string) {
    this.#said += text
    if (!/^\d{3}(?: .*)?\r\n$/m.test(this.#said)) return
    const reply = this.#said
    this.#said = ''
    this.#heard?.(reply)
  }
}

/** A mail as it goes over the wire after DATA. */
export function wireData(mail: string): Buffer {
  const lines = mail.replace(/\n$/, '').split('\n')
  return Buffer.from(`${lines.map(line => (line.startsWith('.') ? `.${line}` : line)).join('\r\n')}\r\n.\r\n`)
}

/** Accepts everything and calls `arrived` with the recipient and the instant (ms of `performance.now`) at which the mail was whole. */
export async function startSink(port: number, arrived: (recipient: string, at: number) => void) {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, arrived)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const forget = atEnd(stop)
  return () => {
    forget()
    stop()
  }
}

const endOfData = '\r\n.\r\n'

function serve(socket: Socket, arrived: (recipient: string, at: number) => void) {
  let buffered = ''
  let recipient = ''
  let inData = false
  socket.write('220 sink.example.test ESMTP\r\n')
  socket.on('data', chunk => {
    buffered += chunk.toString('latin1')
    for (let more = true; more; ) more = inData ? takeMail() : takeLine()
  })

  function takeMail(): boolean {
    const end = buffered.indexOf(endOfData)
    if (end < 0) return false
    arrived(recipient, performance.now())
    buffered = buffered.slice(end + endOfData.length)
    inData = false
    socket.write('250 2.0.0 taken\r\n')
    return true
  }

  function takeLine(): boolean {
    const end = buffered.indexOf('\r\n')
    if (end < 0) return false
    const line = buffered.slice(0, end)
    buffered = buffered.slice(end + 2)
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'RCPT') recipient = /<([^>]*)>/.exec(line)?.[1] ?? ''
    if (verb === 'DATA') inData = true
    socket.write(replies[verb] ?? '250 2.0.0 fine\r\n')
    if (verb === 'QUIT') socket.end()
    return true
  }
}

const replies: Record<string, string> = {
  EHLO: '250-sink.example.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 30000000\r\n',
  DATA: '354 go on\r\n',
  QUIT: '221 2.0.0 bye\r\n',
}
