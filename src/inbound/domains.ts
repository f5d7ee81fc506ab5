/** What an audit of a domain found, as HTTP shows it; its shape is that of the contract. */
export type DomainView = {
  domain: string
  at: string
  counts: Record<'error' | 'warning' | 'cannot-tell' | 'notice' | 'ok', number>
  findings: {
    code: string
    severity: 'error' | 'warning' | 'cannot-tell' | 'notice' | 'ok'
    section: string
    name: string
    detail: string
    found?: string
    publish?: { name: string; type: string; value: string }[]
  }[]
  records: { name: string; type: string; values: string[]; since?: string }[]
  questions: number
}

/** The domains that are audited. */
export type DomainPort = {
  domains: readonly string[]
  /** The newest report; `undefined` before the first. */
  report(domain: string): DomainView | undefined
  /** Asks DNS now, which may take as long as an audit may; `undefined` for a domain that is not audited. */
  auditNow(domain: string): Promise<DomainView> | undefined
}
