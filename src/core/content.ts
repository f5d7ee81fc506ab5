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
  /** A whole mail as it came in. */
  raw?: Uint8Array
  appendCode?: boolean
}
