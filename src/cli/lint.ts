import { readFileSync } from 'node:fs'
import { freshClasses } from '../core/policy.ts'
import { type MailFault, mailFaults } from '../proof/mail.ts'
import { readMail } from '../proof/read-mail.ts'
import { parseAddressHeader } from '../std/mailbox.ts'
import { type Finding, type LintSubject, lintLanguages, lint as lintMail } from '../templates/lint/lint.ts'
import { readingOf } from '../templates/lint/mail.ts'
import type { TemplateFinding } from '../templates/lint/template.ts'
import { lintTemplateFile } from './templates/lint-file.ts'
import { type Command, readOptions, UsageFault } from './usage.ts'

const options = {
  class: { type: 'string' },
  language: { type: 'string' },
  hosts: { type: 'string' },
  from: { type: 'string' },
  names: { type: 'string' },
  optional: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const
type Values = ReturnType<typeof readOptions<typeof options>>['values']

export const lint: Command = {
  help: `usage: npx tocsin lint FILE… [options]

FILE is a mail (.eml, or any name but .json) or a template (.json). A template is looked at in each language with all its sample
values, and with usual ones where it has none, as "npx tocsin templates lint" does. Each finding has its reason and a better wording; docs/guides/lint.md has examples of all.

  --class NAME         what kind of message a mail is: it decides what the mail has to say. One that there is from the start or in
                       tocsin.config.ts; else its X-Tocsin-Class
  --hosts A,B,*.C      hosts that links may lead to; without it links of a mail are not compared with a list, and those of a template
                       may lead where its samples do
  --from DOMAIN        domain of the sender, for look-alikes; else that of From
  --names A,B          names that are written in capitals by intent
  --language TAG       language of a mail; else what it says itself, or a guess
  --optional           people may leave these messages: both fields of RFC 8058 are asked for
  --json               one JSON value on stdout

Wording is judged in ${lintLanguages.join(', ')}. Exit 0 when nothing is found, 1 when something is, 2 when a file cannot be read or is no mail, and for a
class that is not known.`,
  async run(args) {
    const { values, positionals } = readOptions(args, options)
    if (positionals.length === 0) throw new UsageFault('name at least one file')
    await checkClass(values.class)
    const looked: Looked[] = []
    for (const file of positionals) looked.push(await lookAt(file, values))
    console.log(values.json ? JSON.stringify({ files: looked }) : looked.map(told).join('\n\n'))
    return looked.some(({ findings, faults }) => findings.length > 0 || faults.length > 0) ? 1 : 0
  },
}

/** `faults`: why a template does not compile, or a mail is not read; then nothing was looked at. `unjudged`: languages whose words are not known. */
type Looked = {
  file: string
  kind: 'mail' | 'template'
  unjudged: string[]
  findings: (Finding | TemplateFinding)[]
  faults: { code: string; detail: string; pointer?: string }[]
}

function lookAt(file: string, values: Values): Promise<Looked> {
  return file.toLowerCase().endsWith('.json') ? lookAtTemplate(file, values) : lookAtMail(file, readBytes(file), values)
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UsageFault(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Classes that were made over HTTP are known to a running Tocsin only, which this does not ask. */
async function checkClass(name: string | undefined): Promise<void> {
  if (name === undefined || Object.hasOwn(freshClasses(), name)) return
  const { loadConfig } = await import('../config.ts')
  // A configuration that cannot be read says nothing of classes, and is not what this is about.
  const known = await loadConfig(process.env).then(
    ({ policy }) => Object.keys(policy.classes),
    () => Object.keys(freshClasses()),
  )
  if (!known.includes(name))
    throw new UsageFault(`there is no class "${printable(name)}" here; known are ${known.join(', ')}`)
}

const list = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

function settingsOf({ hosts, from, names, optional }: Values) {
  const [given, written] = [list(hosts), list(names)]
  return {
    ...(given && { hosts: given }),
    ...(written && { names: written }),
    ...(from !== undefined && { from: from.slice(from.lastIndexOf('@') + 1).toLowerCase() }),
    ...(optional && { optional }),
  }
}

/** Every mail that is sent has some of them (RFC 5322 §3.6), and a text that is none has none at its beginning. */
const mailFields = new Set(['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type'])

const tooLong = { code: 'too-long', detail: 'only the first 100 KB of text and 1 MB of HTML were looked at' }

async function lookAtMail(file: string, data: Buffer, values: Values): Promise<Looked> {
  const reading = readMail(data)
  if (!reading.ok) {
    const code: MailFault = reading.fault
    return { file, kind: 'mail', unjudged: [], findings: [], faults: [{ code, detail: mailFaults[code] }] }
  }
  const { fields, subject: said, text, html } = reading.mail
  if (!fields.some(({ name }) => mailFields.has(name)))
    throw new UsageFault(`${file} is no mail: none of From, To, Subject, Date, Message-ID stands at its beginning`)
  const field = (name: string): string | undefined => fields.find(one => one.name === name)?.value.trim()
  const sender = parseAddressHeader(field('from') ?? '')
  const className = values.class ?? field('x-tocsin-class')
  const language = values.language ?? field('content-language')?.split(',')[0]
  const subject: LintSubject = {
    subject: said,
    header: fields,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    ...(className !== undefined && { class: className }),
    ...(language !== undefined && { language }),
    ...(sender.ok && { from: sender.mailbox.domain }),
    ...(sender.ok && sender.name !== undefined && { names: [sender.name] }),
    ...settingsOf(values),
  }
  const { language: spoken, cut } = readingOf(subject)
  const unjudged = spoken !== undefined && lintLanguages.includes(spoken) ? [] : [spoken ?? 'unknown']
  return { file, kind: 'mail', unjudged, findings: lintMail(subject), faults: cut ? [tooLong] : [] }
}

async function lookAtTemplate(file: string, values: Values): Promise<Looked> {
  const { locales, faults, findings } = await lintTemplateFile(file, settingsOf(values))
  const unjudged = locales.filter(tag => !lintLanguages.includes(tag.split('-')[0]!))
  return { file, kind: 'template', unjudged, findings, faults }
}

const places = { subject: 'in the subject', text: 'in the text', html: 'in the HTML', header: 'in the header' }

function told({ file, unjudged, findings, faults }: Looked): string {
  const lines = [
    ...faults.map(({ code, detail, pointer }) => `  ${code}${pointer ? ` at ${pointer}` : ''}: ${detail}`),
    ...findings.map(findingText),
    ...(unjudged.length > 0
      ? [`  Wording was not judged: ${unjudged.join(', ')} is none of ${lintLanguages.join(', ')}.`]
      : []),
  ]
  return lines.length === 0 ? `${file}: nothing found` : [file, ...lines].join('\n')
}

function findingText(finding: Finding | TemplateFinding): string {
  const { rule, severity, where, reason, better } = finding
  const language = 'locale' in finding ? ` (${finding.locale})` : ''
  const quote = where.quote === undefined ? '' : `: ${printable(where.quote)}`
  return [
    `  ${severity.padEnd(7)}  ${rule}${language}, ${places[where.part]}${quote}`,
    `           ${printable(reason)}`,
    `           Better: ${printable(better)}`,
  ].join('\n')
}

/** A mail must not write to the terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
