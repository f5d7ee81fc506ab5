import type { Finding } from '../../domains/finding.ts'
import { type ReportView, zoneLine } from '../../domains/report.ts'
import type { Severity } from '../../domains/rules.ts'

const order: readonly Severity[] = ['error', 'warning', 'cannot-tell', 'notice', 'ok']
const many: Record<Severity, string> = {
  error: 'errors',
  warning: 'warnings',
  'cannot-tell': 'cannot tell',
  notice: 'notices',
  ok: 'ok',
}
const words: Record<Severity, string> = {
  error: 'error',
  warning: 'warning',
  'cannot-tell': 'cannot tell',
  notice: 'notice',
  ok: 'ok',
}
const indent = ' '.repeat(13)

/** The worst first; what is in order takes a line each. */
export function reportText({ domain, counts, findings, questions }: ReportView): string {
  const told = order
    .map(severity => `${counts[severity]} ${(counts[severity] === 1 ? words : many)[severity]}`)
    .join(', ')
  const sorted = order.flatMap(severity => findings.filter(finding => finding.severity === severity))
  return [`${domain}: ${told}; ${questions} questions`, '', ...findingTexts(sorted)].join('\n')
}

/** One record may mend several faults: it is shown once. */
function findingTexts(findings: readonly Finding[]): string[] {
  const shown = new Map<string, string>()
  return findings.map(finding => {
    const publish = finding.publish?.map(zoneLine) ?? []
    const known = publish.length > 0 ? shown.get(publish.join('\n')) : undefined
    if (publish.length > 0 && known === undefined) shown.set(publish.join('\n'), finding.code)
    return findingText(finding, known === undefined ? publish : [`the record at ${known}`])
  })
}

function findingText({ code, severity, section, name, detail, found }: Finding, publish: readonly string[]): string {
  const head = `${words[severity].padEnd(13)}${code.padEnd(29)} ${section}`
  if (severity === 'ok') return head
  const lines = [head, ...wrapped(`${name}: ${detail}`)]
  if (found !== undefined) lines.push(...wrapped(`found: ${found}`))
  if (publish.length > 0) lines.push(`${indent}publish:`, ...publish.map(line => `${indent}  ${line}`))
  return `${lines.join('\n')}\n`
}

const widthMax = 107

/** Long records are not broken: they are for pasting and reading whole. */
function wrapped(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= widthMax) {
      lines.push(indent + line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, indent + line]
}
