import type { Mailbox } from '../std/mailbox.ts'

/** What a message says and to whom: all that is personal, and all that is sealed in the journal. The core never sees one. */
export type Content = {
  recipient: Mailbox
  account?: string
  from?: { name?: string; mailbox: Mailbox }
  messageId?: string
  subject?: string
  text?: string
  html?: string
  slots?: Record<string, string>
  /** Of a message from a template. One that was written has its hash, and subject, text and HTML as they leave. */
  template?: { name: string; version?: string; hash?: string; locale?: string }
  /** A whole mail as it came in. */
  raw?: Uint8Array
  appendCode?: boolean
}

/**
 * What the proof of the rendered bytes found against a message (check 5 of the gate). The shell looks, for only it sees the bytes; the core
 * decides.
 */
export const contentFindings = [
  'content.unreadable',
  'content.recipients',
  'content.other-address',
  'content.link',
  'content.slot-active',
  'content.slot-invalid',
  'content.test-material',
  'content.not-as-approved',
] as const
export type ContentFinding = (typeof contentFindings)[number]

/**
 * `mentions`: canonical mailboxes of others that the content names, at most `mentionsMax`, each once. `template`: the one that the bytes show,
 * for a mail that names none.
 */
export type Proof = {
  findings: ContentFinding[]
  mentions: string[]
  template?: { name: string; version: string; hash: string }
}
