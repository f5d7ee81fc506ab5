// The provider of the crash campaign, a process of its own: takes mail over SMTP and answers 250 only after the mail is in its log and the log
// is on the disk. Run as `node upstream.ts PORT LOGFILE`.
import { fsync, openSync, writeSync } from 'node:fs'
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server'

const [port, path] = process.argv.slice(2)
const log = openSync(path!, 'a')

const headerOf = (head: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''

async function textOf(stream: SMTPServerDataStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

function take(text: string, rcptTo: { address: string }[], done: () => void): void {
  const head = text.slice(0, text.indexOf('\r\n\r\n'))
  const recipients = rcptTo.map(({ address }) => address)
  const taken = { at: Date.now(), messageId: headerOf(head, 'message-id'), key: headerOf(head, 'subject'), recipients }
  writeSync(log, `${JSON.stringify(taken)}\n`)
  // Without making others wait for the disk: the log would tell them as taken later than they came.
  fsync(log, error => {
    if (error) throw error
    // Between the mail being taken and the reply lies the moment at which nobody else knows.
    setTimeout(done, Math.random() * 30)
  })
}

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  hideSTARTTLS: true,
  logger: false,
  onData(stream, session, done) {
    void textOf(stream).then(
      text => take(text, session.envelope.rcptTo, done),
      // Cut off before its end: not taken.
      () => done(new Error('cut off')),
    )
  },
})
server.on('error', () => {})
server.listen(Number(port), '127.0.0.1', () => process.send?.('listening'))
// Whoever started this ends it; without that one it has no purpose.
process.on('disconnect', () => process.exit(0))
