import type { Finding } from '../../domains/finding.ts'
import { type ReportView, zoneLine } from '../../domains/report.ts'
import type { Severity } from '../../domains/rules.ts'

const order: readonly Severity[] = ['error', 'warning', 'cannot-tell', 'notice', 'ok']
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
  const told = order.map(severity => `${counts[severity]} ${words[severity]}`).join(', ')
  const sorted = order.flatMap(severity => findings.filter(finding => finding.severity === severity))
  return [`${domain}: ${told}; ${questions} questions`, '', ...sorted.map(findingText)].join('\n')
}

function findingText({ code, severity, section, name, detail, found, publish }: Finding): string {
  const head = `${words[severity].padEnd(13)}${code.padEnd(29)} ${section}`
  if (severity === 'ok') return head
  const lines = [head, ...wrapped(`${name}: ${detail}`)]
  if (found !== undefined) lines.push(...wrapped(`found: ${found}`))
  if (publish) lines.push(`${indent}publish:`, ...publish.map(record => `${indent}  ${zoneLine(record)}`))
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
