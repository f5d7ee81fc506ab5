import type { Asking } from './asking.ts'
import type { Dns } from './dns.ts'
import { type FindingCode, rules, type Severity } from './rules.ts'

export type PublishedRecord = { name: string; type: 'TXT' | 'MX' | 'PTR' | 'A' | 'AAAA'; value: string }

/** What the audit has to say about one thing. */
export type Finding = {
  /** Stable; `docs/errors.md` lists them. */
  code: FindingCode
  severity: Severity
  /** Of the standard behind it. */
  section: string
  /** The name that it is about. */
  name: string
  /** What is wrong, or right, in plain words. */
  detail: string
  /** What was found there, made printable and cut to a bearable length. */
  found?: string
  /** To be published instead, ready to paste. */
  publish?: PublishedRecord[]
}

const foundLengthMax = 400

/** Of somebody else's text what can be shown anywhere: no control character, nothing outside ASCII, not too much of it. */
export function shown(text: string): string {
  const cut = text.length > foundLengthMax ? `${text.slice(0, foundLengthMax)}… (${text.length} characters)` : text
  return cut.replace(/[^\x20-\x7e…]/g, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

export function finding(
  code: FindingCode,
  name: string,
  {
    found,
    publish,
    severity,
  }: { found?: string; publish?: PublishedRecord | PublishedRecord[]; severity?: Severity } = {},
): Finding {
  const [usual, section, detail] = rules[code]
  return {
    code,
    severity: severity ?? usual,
    section,
    name: shown(name),
    detail,
    ...(found !== undefined && { found: shown(found) }),
    ...(publish && { publish: [publish].flat() }),
  }
}

export const txt = (name: string, value: string): PublishedRecord => ({ name, type: 'TXT', value })

export const isBad = ({ severity }: Finding): boolean => severity === 'error' || severity === 'warning'

const lostShownMax = 4

/**
 * Runs a check with a view of its own on the DNS. Where one of its questions was lost, nothing it found is called good: what it says that is
 * good goes, and that it cannot tell comes instead. What it found to be bad it has seen, and stays.
 */
export async function checked(
  asking: Asking,
  { name, unknown }: { name: string; unknown: FindingCode },
  run: (dns: Dns) => Promise<Finding[]>,
): Promise<Finding[]> {
  const { dns, lost } = asking.view()
  const findings = await run(dns)
  if (lost.size === 0) return findings
  const questions = [...lost].slice(0, lostShownMax).map(([question, why]) => `${question}: ${why}`)
  const more = lost.size > lostShownMax ? ` and ${lost.size - lostShownMax} more` : ''
  const kept = findings.filter(({ severity }) => severity !== 'ok')
  return [...kept, finding(unknown, name, { found: questions.join('; ') + more })]
}
