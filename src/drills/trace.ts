/** CloudEvents 1.0 with a type `tocsin.*`: what production ingests, drills generate and `replay` reads. `time` is RFC 3339 in UTC with ms. */
export type TraceEvent = {
  specversion: '1.0'
  id: string
  source: string
  type: string
  /** The account. */
  subject?: string
  time: string
  data: Record<string, unknown>
}

/** What the core never sees. */
export type Label = {
  /** Should not reach a person. */
  wrongful: boolean
  /** Asked for by its account holder, or a true alert that the holder needs: its delay counts. */
  honest?: boolean
  /** The name of the drill whose incident the message belongs to; absent on background traffic. */
  incident?: string
}

/** `label` is on `tocsin.message.requested` only. */
export type Labelled = { event: TraceEvent; label?: Label }
