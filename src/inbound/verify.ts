// What HTTP is handed for those who ask whether a mail is genuine. Nobody has to say who they are.

export type Question =
  | { kind: 'code'; code: string; recipient: string }
  | { kind: 'mail'; data: Uint8Array; recipient?: string }

/** What is answered, in the reader's language; `class` and `sentAt` (ms) of a mail that is ours. */
export type VerifyAnswer = {
  verdict: string
  class?: string
  sentAt?: number
  reason?: { code: string; detail: string }
  advice: string
}

export type VerifyPage = { status: number; headers: Record<string, string>; body: string }

/** A form as it came in: what was typed, and the question if it is one. */
export type Form =
  | { kind: 'code'; code: string; recipient: string }
  | { kind: 'mail'; data?: Uint8Array }
  | { kind: 'refused'; status: number; fault: 'mailTooLarge' | 'unreadable' | 'busy' | 'away' }

export type VerifyPort = {
  /** Answers on a schedule. Throws `Unavailable`. */
  answer(question: Question, acceptLanguage: string | undefined): Promise<VerifyAnswer>
  /** The page for a form; the empty one for none. Throws `Unavailable`. */
  page(form: Form | undefined, acceptLanguage: string | undefined): Promise<VerifyPage>
  /** Whether a peer may say on whose behalf it asks (`X-Forwarded-For`). */
  isTrustedProxy(address: string): boolean
}
