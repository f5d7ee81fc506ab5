import { parseMailbox } from '../../std/mailbox.ts'
import type { AudienceLine, Member } from '../campaigns.ts'
import { parseJson } from './body.ts'
import { AudienceMember, audienceBytesMax, audienceLineBytesMax, audienceMax } from './campaign-contract.ts'
import { check } from './check.ts'
import { type Line, lineCutter } from './lines.ts'

// An audience as it streams in: cut, parsed and handed on in chunks, so that ten million recipients take no more memory than two thousand.

const member = check<AudienceMember>(AudienceMember)
const chunkLinesMax = 2000

const limits = { lineBytesMax: audienceLineBytesMax, linesMax: audienceMax, bytesMax: audienceBytesMax }

/** The lines of a body, one of NDJSON each; one that cannot be taken has its code. */
export async function* audienceLines(body: AsyncIterable<Buffer>): AsyncGenerator<AudienceLine[]> {
  const cutter = lineCutter(limits)
  let number = 0
  let chunk: AudienceLine[] = []
  for await (const piece of body) {
    for (const line of cutter.push(piece)) {
      chunk.push(lineOf(++number, line))
      if (chunk.length < chunkLinesMax) continue
      yield chunk
      chunk = []
    }
    if (cutter.isOver()) break
  }
  for (const line of cutter.end()) chunk.push(lineOf(++number, line))
  yield chunk
}

/** Members that came inline, as lines from 1. */
export async function* inlineLines(members: readonly AudienceMember[]): AsyncGenerator<AudienceLine[]> {
  for (let i = 0; i < members.length; i += chunkLinesMax)
    yield members.slice(i, i + chunkLinesMax).map((one, at) => memberLine(i + at + 1, one))
}

const codes = { 'too-long': 'line.too-long', 'too-many': 'audience.too-many-lines', 'too-large': 'audience.too-large' }

function lineOf(line: number, bytes: Line): AudienceLine {
  if (typeof bytes === 'string') return { line, code: codes[bytes] }
  const json = parseJson(bytes)
  if (!json.ok) return { line, code: json.code === 'body.empty' ? 'line.empty' : json.code }
  if (!member.accepts(json.value)) return { line, code: member.faults(json.value)[0]?.code ?? 'field.wrong-type' }
  return memberLine(line, json.value)
}

const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

function memberLine(line: number, { account, recipient, slots, locale }: AudienceMember): AudienceLine {
  const parsed = parseMailbox(recipient.email)
  if (!parsed.ok) return { line, code: `mailbox.${parsed.code}` }
  const values = { ...(slots && { slots }), ...(locale !== undefined && { locale }) }
  if (Object.values(slots ?? {}).some(value => !value.isWellFormed())) return { line, code: 'text.lone-surrogate' }
  if (account === undefined) return { line, member: { recipient: parsed.mailbox, ...values } }
  if (!account.isWellFormed()) return { line, code: 'text.lone-surrogate' }
  if (control.test(account)) return { line, code: 'text.control-character' }
  const one: Member = { recipient: parsed.mailbox, account, ...values }
  return { line, member: one }
}
