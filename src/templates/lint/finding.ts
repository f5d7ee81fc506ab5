import type { Mail } from './mail.ts'

export type Severity = 'error' | 'warning'

/** Where a finding is. `quote` is what stands there, shortened. */
export type Where = { part: 'subject' | 'text' | 'html' | 'header'; quote?: string }

/** `reason`: why this harms the reader. `better`: what to do or to write instead. Both are sentences for people. */
export type Finding = { rule: string; severity: Severity; where: Where; reason: string; better: string }

/** What a rule says; who runs it puts in its name. */
export type Remark = Omit<Finding, 'rule'>

/** `about`: what it looks for, in half a sentence. */
export type Rule = { name: string; about: string; look(mail: Mail): Remark[] }

const quoteCharsMax = 100

export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= quoteCharsMax ? line : `${line.slice(0, quoteCharsMax - 1)}…`
}
