// proof: what looking at the bytes of a mail costs (check 5 of the gate), in processor time of the thread that does it. The looks of other
// senders are matched apart, on what was read here once.
import { Buffer } from 'node:buffer'
import { type Expectations, examine, type Material, prove } from '../src/proof/prove.ts'
import { readMail } from '../src/proof/read-mail.ts'
import { type Mailbox, parseMailbox } from '../src/std/mailbox.ts'
import { benchMail } from './mail.ts'
import { environment, type Figures, figures, type Options, type Report, tidy } from './report.ts'

/** What a 4 KB mail may cost whose look is known, and any other. */
const knownUsMax = 100
const unknownUsMax = 600

const mailbox = (address: string): Mailbox => {
  const parsed = parseMailbox(address)
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.mailbox
}

const expectations: Expectations = {
  recipient: mailbox('someone@example.net'),
  sender: mailbox('no-reply@example.org'),
  hosts: ['status.example.com'],
  addresses: 'own',
}

const plain = Buffer.from(benchMail().replaceAll('\n', '\r\n'))
const separator = '\r\n\r\n'

/** The same mail, its parts encoded as many mailers do. */
function encoded(): Buffer {
  const text = plain.toString('latin1')
  const [head = '', ...parts] = text.split('--=_bench_boundary')
  const whole = parts.map(part => {
    const at = part.indexOf(separator)
    if (at === -1) return part
    const body = Buffer.from(part.slice(at + separator.length))
      .toString('base64')
      .replace(/(.{76})/g, '$1\r\n')
    return `${part.slice(0, at).replace('7bit', 'base64')}${separator}${body}\r\n`
  })
  return Buffer.from([head, ...whole].join('--=_bench_boundary'))
}

/** Names, references, styles and tables, as designers send them: 40 KB. */
function designed(): Material {
  const row =
    '<tr><td style="padding:10px 25px;font-family:Helvetica,Arial;color:#1a1a1a" align="left"><p>Gr&uuml;&szlig;e, M&uuml;ller &amp; S&ouml;hne &#8211; a new sign-in from Z&uuml;rich.</p><a href="https://example.org/x?a=1&amp;b=2" style="color:#0b57d0">That was me</a></td></tr>\n'
  const html = `<!doctype html><html><head><style>@media only screen{td{padding:0!important}}</style></head><body><table>${row.repeat(150)}</table></body></html>`
  return { kind: 'parts', subject: 'A new sign-in', text: 'A new sign-in from Zürich. https://example.org/x', html }
}

const materials: Record<string, Material> = {
  'mail of 4 KB': { kind: 'raw', data: plain },
  'mail of 4 KB, base64': { kind: 'raw', data: encoded() },
  'message of 0.1 KB': {
    kind: 'parts',
    subject: 'Your code',
    text: 'Your code is 482913. https://example.org/x If that was not you, ignore it.',
  },
  'HTML of 40 KB': designed(),
}

export async function proof({ rounds, seconds }: Options): Promise<Report> {
  const times = new Map<string, number[]>()
  const note = (what: string, us: number) => times.set(what, [...(times.get(what) ?? []), us])
  for (let round = 0; round < rounds; round++) {
    for (const [what, material] of Object.entries(materials))
      note(
        what,
        usOf(() => prove(material, expectations), seconds),
      )
    note(
      'reading alone',
      usOf(() => readMail(plain), seconds),
    )
    note(
      'reading and taking apart',
      usOf(() => examine(materials['mail of 4 KB']!), seconds),
    )
  }
  const detail: Record<string, Figures> = Object.fromEntries([...times].map(([what, us]) => [what, figures(us)]))
  const main = detail['mail of 4 KB']!
  return {
    name: 'proof',
    unit: 'µs of CPU a mail of 4 KB',
    results: {
      tocsin: {
        ...main,
        detail: Object.fromEntries(Object.entries(detail).map(([what, { median }]) => [what, median])),
      },
    },
    ratios: {
      ofWhatAKnownLookMayCost: tidy(main.median / knownUsMax),
      ofWhatAnyMayCost: tidy(main.median / unknownUsMax),
    },
    rounds,
    environment: await environment(),
  }
}

const callsAtOnce = 200

/** Processor time of this thread, for as long as `seconds` / 6: others have the machine too. */
function usOf(look: () => void, seconds: number): number {
  for (let i = 0; i < 1000; i++) look()
  let calls = 0
  const until = performance.now() + (seconds * 1000) / 6
  const before = process.threadCpuUsage()
  do {
    for (let i = 0; i < callsAtOnce; i++) look()
    calls += callsAtOnce
  } while (performance.now() < until)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / calls
}
