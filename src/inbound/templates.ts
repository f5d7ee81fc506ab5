import type { ContentFinding } from '../core/content.ts'
import type { TemplateRefusal } from '../core/template-decisions.ts'
import type { Template, TemplateVersion } from '../core/templates.ts'

/** JSON Pointer (RFC 6901) into the template as it was given. */
export type TemplateFault = { pointer: string; code: string; detail: string }

/** What is said against the wording or looks of a version, in a language. An `error` stops it unless both people say why it is right. */
export type LintFinding = {
  rule: string
  severity: 'error' | 'warning'
  locale: string
  part: string
  quote?: string
  reason: string
  better: string
}

export type TemplateChange = { part: string; where: string; before?: string; after?: string }

export type VersionDetail = {
  template: Omit<Template, 'versions'>
  version: TemplateVersion
  /** Absent for a learnt one, whose source is elsewhere. */
  source?: object
  findings: LintFinding[]
  /** Of a learnt one. */
  look?: LearntLook
}

/** What is other in a look; `text` says it in a sentence. Nothing personal is in it: words that few people got are `…`. */
export type LookChange = { part: string; kind: string; was?: string; now?: string; text: string }

/** Fixed words of each part, and the kinds of values in ‹…›. `unlearnt`: looks close to it that mails have had since, the newest first. */
export type LearntLook = {
  shown: Partial<Record<'from' | 'subject' | 'text' | 'html' | 'files', string>>
  mails: number
  comparedTo?: string
  changes: LookChange[]
  unlearnt: { look: string; mails: number; seenAt: number; changes: LookChange[] }[]
}

export type Preview = {
  locale: string
  locales: string[]
  sample: string
  hash: string
  subject: string
  text: string
  html: string
  values: Record<string, string>
  /** Why a message with these values would be held, and by which code. */
  holds: { slot: string; code: ContentFinding; why: string }[]
  /** Slots whose value does not fit; slots that show what stands instead. */
  invalid: string[]
  replaced: string[]
}

export type TemplateRefusalCode =
  | TemplateRefusal
  | 'approval.same-person'
  | 'class.unknown'
  /** Another version is the newest than the one that was read. */
  | 'template.not-current'
  /** Its source is not here, or was changed in the database. */
  | 'template.no-source'
  /** It was learnt, and its source is elsewhere. */
  | 'template.learnt'

export type TemplateRefused =
  | { status: 'refused'; code: TemplateRefusalCode }
  | { status: 'invalid'; faults: TemplateFault[] }
  | { status: 'lint'; findings: LintFinding[] }

export type VersionAct =
  | { act: 'submit'; hash?: string; despite?: string }
  | { act: 'approve'; hash: string; despite?: string }
  | { act: 'return'; hash?: string; reason: string }
  | { act: 'retire'; hash?: string }

type Named = { name: string; version: string }

/** Templates as operators see them. All throw `Unavailable`. */
export interface TemplatePort {
  list(): Promise<Template[]>
  find(name: string): Promise<Template | undefined>
  detail(of: Named): Promise<VersionDetail | undefined>
  /** A new version, or the newest one anew when it is a draft or in review. `expected`: the hash of the newest that was read. */
  draft(name: string, given: unknown, by: { by: string; expected?: string }): Promise<VersionDetail | TemplateRefused>
  act(of: Named, act: VersionAct, by: string): Promise<VersionDetail | TemplateRefused>
  preview(of: Named, how: { locale?: string; sample: string }): Promise<Preview | TemplateRefused>
  diff(name: string, between: { from: string; to: string }): Promise<{ changes: TemplateChange[] } | TemplateRefused>
}
