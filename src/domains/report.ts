import { instantText } from '../std/instant.ts'
import { type Report, tally } from './audit.ts'
import type { PublishedRecord } from './finding.ts'
import type { WatchedRecord } from './records.ts'
import type { Severity } from './rules.ts'

/** A report as `--json` and HTTP give it; `docs/guides/domains.md` describes it. `since`: seen with these values from then on. */
export type ReportView = Omit<Report, 'at' | 'records'> & {
  at: string
  counts: Record<Severity, number>
  records: (WatchedRecord & { since?: string })[]
}

export function reportView(
  report: Report,
  since: (record: WatchedRecord) => number | undefined = () => undefined,
): ReportView {
  const { domain, at, findings, records, questions } = report
  const known = records.map(record => {
    const from = since(record)
    return from === undefined ? record : { ...record, since: instantText(from) }
  })
  return { domain, at: instantText(at), counts: tally(report), findings, records: known, questions }
}

const stringLengthMax = 255

/** One line of a zone file, RFC 1035 §5.1; texts in strings of 255 octets. */
export function zoneLine({ name, type, value }: PublishedRecord): string {
  if (type !== 'TXT') return `${name}. IN ${type} ${value}`
  const strings = value.match(new RegExp(`[\\s\\S]{1,${stringLengthMax}}`, 'g')) ?? ['']
  const quoted = strings.map(text => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, escaped)}"`)
  return `${name}. IN TXT ${quoted.join(' ')}`
}

const escaped = (character: string): string =>
  [...Buffer.from(character)].map(octet => `\\${String(octet).padStart(3, '0')}`).join('')
