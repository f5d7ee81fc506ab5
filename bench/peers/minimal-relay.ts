// The relay that one writes in an afternoon from the usual libraries: it answers 250 and keeps the mail in memory. A process of its own.
// usage: node minimal-relay.ts LISTEN_PORT UPSTREAM_PORT
import type { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import { SMTPServer } from 'smtp-server'

const [listenPort, upstreamPort] = process.argv.slice(2).map(Number)
const upstream = createTransport({
  host: '127.0.0.1',
  port: upstreamPort,
  pool: true,
  maxConnections: 16,
  maxMessages: Number.POSITIVE_INFINITY,
  ignoreTLS: true,
})

async function whole(stream: Readable) {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  async onData(stream, session, answered) {
    const raw = await whole(stream)
    const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : ''
    const to = session.envelope.rcptTo.map(recipient => recipient.address)
    answered(null) // the session forgets its envelope here
    upstream.sendMail({ envelope: { from, to }, raw }).catch(error => console.error(error.message))
  },
})
server.listen(listenPort, '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
