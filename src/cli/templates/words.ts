// What the command prints of what Tocsin answers.

export type Version = {
  version: string
  hash: string
  state: string
  author: string
  approvedBy?: string
  despite?: { by: string; reason: string }[]
  returned?: { by: string; reason: string }
}
export type Template = { name: string; kind: string; class?: string; versions: Version[] }
export type Finding = {
  rule: string
  severity: string
  locale: string
  part: string
  quote?: string
  reason: string
  better: string
}
type LookChange = { text: string }
/** Of a learnt one: its parts with values as ‹kind›. */
export type Look = {
  shown: Record<string, string>
  mails: number
  comparedTo?: string
  changes: LookChange[]
  unlearnt: { look: string; mails: number; seenAt: string; changes: LookChange[] }[]
}
export type Detail = Version & { template: { name: string; class?: string }; findings: Finding[]; look?: Look }
export type Fault = { pointer: string; code: string; detail: string }
export type Change = { part: string; where: string; before?: string; after?: string }

export function versionText({ version, hash, state, author, approvedBy, despite = [], returned }: Version): string {
  const by = approvedBy === undefined ? `by ${author}` : `by ${author}, approved by ${approvedBy}`
  const why = despite.map(one => `\n    despite errors, says ${one.by}: ${one.reason}`).join('')
  const back = returned && state === 'draft' ? `\n    returned by ${returned.by}: ${returned.reason}` : ''
  return `  ${version.padEnd(4)} ${state.padEnd(9)} ${by}\n    ${hash}${why}${back}`
}

export const templateText = ({ name, kind, class: className, versions }: Template): string =>
  [`${name} (${kind}, class ${className ?? 'any'})`, ...versions.map(versionText)].join('\n')

export const findingText = ({ rule, severity, locale, part, quote, reason, better }: Finding): string =>
  `  ${severity} ${rule} (${locale}, ${part})${quote === undefined ? '' : `: "${quote}"`}\n    ${reason}\n    Better: ${better}`

export function detailText(detail: Detail): string {
  const head = `${detail.template.name}@${detail.version}`
  const look = detail.look ? [lookText(detail.look)] : []
  return [head, versionText(detail), ...detail.findings.map(findingText), ...look].join('\n')
}

const indented = (text: string): string => text.replace(/^/gm, '    ')
const changesText = (changes: readonly LookChange[]): string[] => changes.map(({ text }) => `    ${text}`)

export function lookText({ shown, mails, comparedTo, changes, unlearnt }: Look): string {
  const lines = [`  learnt from ${mails} mails; values are ‹kind›`]
  for (const [part, text] of Object.entries(shown)) lines.push(`  ${part}:`, indented(text))
  if (comparedTo !== undefined) lines.push(`  other than in version ${comparedTo}:`, ...changesText(changes))
  for (const one of unlearnt)
    lines.push(`  not learnt: ${one.mails} mails close to this, the last ${one.seenAt}:`, ...changesText(one.changes))
  return lines.join('\n')
}

export type Hold = { slot: string; code: string; why: string }
export const holdsText = (holds: readonly Hold[]): string =>
  `A message with these values would be held:\n${holds.map(({ slot, code, why }) => `  ${slot}: ${why} (${code})`).join('\n')}`

export const faultText = ({ pointer, code, detail }: Fault): string => `  ${pointer || '/'} ${code}: ${detail}`

export function changeText({ part, where, before, after }: Change): string {
  const lines = [
    `${part} (${where})`,
    ...(before === undefined ? [] : [`  - ${before}`]),
    ...(after === undefined ? [] : [`  + ${after}`]),
  ]
  return lines.join('\n')
}
