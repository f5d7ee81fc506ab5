import { type Mail, valuesOf } from '../proof/mail.ts'
import { readMail } from '../proof/read-mail.ts'
import type { Hash64 } from '../std/hash64.ts'
import { readCode } from '../std/message-code.ts'
import { codesAtOnce, type SentRecord } from '../views/sent.ts'
import { compareMails } from './compare.ts'
import type { Signed } from './signature.ts'
import { type Answer, genuine } from './verdict.ts'

/** What the answers are taken from. */
export type VerifierParts = {
  /** Waits until what was just sent can be found, for a bounded time. */
  reached(): Promise<unknown>
  sentByCode(codes: readonly string[]): Promise<SentRecord[]>
  /** Keyed hash of an address; of what is none, the hash of nobody. */
  addressHash(text: string): Hash64
  /** The mail as it was sent, made anew from what is sealed; `undefined` once its person was erased. */
  mailOf(sent: SentRecord): Promise<Buffer | undefined>
  signature(mail: Buffer, fromDomain: string | undefined): Promise<Signed>
}

/** Answers as soon as it can; whoever hands the answers out lets them leave on a schedule. */
export type Verifier = {
  /** A code is only confirmed together with the address it was sent to. */
  byCode(question: { code: string; recipient: string }): Promise<Answer>
  /** `recipient`: whom the reader says it was sent to; without it, those whom the mail names. */
  byMail(question: { data: Buffer; recipient?: string }): Promise<Answer>
}

export function openVerifier(parts: VerifierParts): Verifier {
  return {
    byCode: question => byCode(parts, question),
    byMail: question => byMail(parts, question),
  }
}

/** The same work for every question: one hash, one query, one comparison with each row. Of a person who was erased nothing is confirmed. */
async function byCode(parts: VerifierParts, { code, recipient }: { code: string; recipient: string }): Promise<Answer> {
  const address = parts.addressHash(recipient)
  const number = readCode(code)
  await parts.reached()
  const sent = await parts.sentByCode(number === undefined ? [] : [number])
  const match = sent.find(one => one.address === address && !one.erased)
  return match ? genuine(match) : { verdict: 'unknown' }
}

async function byMail(
  parts: VerifierParts,
  { data, recipient }: { data: Buffer; recipient?: string },
): Promise<Answer> {
  const read = readMail(data)
  if (!read.ok || read.mail.fields.length === 0) return { verdict: 'unknown', reason: 'unreadable' }
  const { mail } = read
  const codes = codesIn(mail)
  const addresses = new Set(recipientsIn(mail, recipient).map(parts.addressHash))
  await parts.reached()
  const found = await parts.sentByCode(codes)
  const signed = await parts.signature(data, domainOf(mail))
  const match = found.find(one => addresses.has(one.address))
  if (match) {
    const answer = await compared(parts, match, data, signed)
    const isForReader = recipient === undefined || parts.addressHash(recipient) === match.address
    return isForReader ? answer : passedOn(answer)
  }
  // Codes that fit nothing and codes of somebody else's mail are answered alike.
  if (codes.length > 0) return { verdict: 'unknown', reason: 'no-match' }
  const isSigned = signed === 'whole' || signed === 'valid'
  return isSigned ? { verdict: 'unknown', reason: 'no-code' } : { verdict: 'not-ours' }
}

/** A genuine mail can be sent on, whole, to somebody it was not meant for; that it is ours must not speak for it there. */
const passedOn = (answer: Answer): Answer =>
  answer.verdict === 'asked' || answer.verdict === 'unconfirmed'
    ? { verdict: 'unknown', reason: 'other-recipient' }
    : answer

/** From here on whoever asks has a code and the address it was sent to. */
async function compared(parts: VerifierParts, sent: SentRecord, data: Buffer, signed: Signed): Promise<Answer> {
  const { class: name, sentAt } = sent
  const mail = sent.erased ? undefined : await parts.mailOf(sent)
  // Our signature covers every field and byte, the code among them: it says what the register no longer can. Without it nothing tells that
  // there was such a mail, nor that its person was erased.
  if (!mail) return signed === 'whole' ? genuine(sent) : { verdict: 'unknown', reason: 'no-match' }
  const difference = compareMails(data, mail)
  // What is made anew may differ from what left, when the settings have changed since.
  if (difference === 'content' && signed === 'whole') return genuine(sent)
  if (difference !== 'same') return { verdict: 'altered', class: name, sentAt, reason: difference }
  switch (signed) {
    case 'whole':
    case 'valid':
    case 'keyless':
      return genuine(sent)
    case 'broken':
      return { verdict: 'altered', class: name, sentAt, reason: 'signature' }
    case 'unknown':
    case 'none':
      return { verdict: 'unknown', reason: 'unsigned' }
  }
}

/** Twelve signs in groups of four, in running text. */
const codeForm =
  /(?<![0-9A-Za-z-])[0-9A-Za-z]{4}[-\u2010-\u2013][0-9A-Za-z]{4}[-\u2010-\u2013][0-9A-Za-z]{4}(?![0-9A-Za-z-])/g
const searchedCharsMax = 200_000

/** The codes that a mail names, each once: its own field, or where that was lost its text, which may also name those of other mails. */
function codesIn({ fields, text = '', html = '' }: Mail): string[] {
  const named = valuesOf(fields, 'tocsin-code')
  const written = () => [text, html].flatMap(one => one.slice(0, searchedCharsMax).match(codeForm) ?? [])
  const codes = new Set<string>()
  for (const code of named.length > 0 ? named : written()) {
    const number = readCode(code)
    if (number !== undefined) codes.add(number)
    if (codes.size === codesAtOnce) break
  }
  return [...codes]
}

const recipientsMax = 8
const addressForm = /[^\s<>(),;:"@\\[\]]{1,64}@[^\s<>(),;:"@\\]{1,253}/g

/** Whom the mail says it was sent to: the envelope is not in it. */
function recipientsIn({ fields }: Mail, recipient: string | undefined): string[] {
  const named = ['to', 'cc'].flatMap(name => valuesOf(fields, name)).flatMap(value => value.match(addressForm) ?? [])
  const all = recipient === undefined ? named : [recipient, ...named]
  return [...new Set(all)].slice(0, recipientsMax)
}

const domainLengthMax = 255

/** Looked for from the last @ on: a search through the whole field would take as long as whoever wrote it likes. */
function domainOf({ fields }: Mail): string | undefined {
  const from = valuesOf(fields, 'from')[0] ?? ''
  const at = from.lastIndexOf('@')
  return at < 0 ? undefined : /^[a-z0-9.-]+/i.exec(from.slice(at + 1, at + 1 + domainLengthMax))?.[0]
}
