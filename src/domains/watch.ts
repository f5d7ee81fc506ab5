import type { RecordChange } from '../core/alarms.ts'
import type { Report } from './audit.ts'
import { shown } from './finding.ts'
import { type ReportView, reportView } from './report.ts'
import type { DomainStore, KnownRecord } from './store.ts'

export type SeenSince = (name: string, value: string) => number | undefined

export type DomainWatchOptions = {
  domains: readonly string[]
  everyMs: number
  /** Within limits of its own; what DNS does not say is in its findings. */
  audit(domain: string, seenSince: SeenSince): Promise<Report>
  store: DomainStore
  /** Tells people; returns when that is durable. */
  changed(change: RecordChange): Promise<void>
  /** Ms, and a timer whose result cancels it. */
  now(): number
  after(ms: number, what: () => void): () => void
  failed(domain: string, error: unknown): void
}

/** A start is not the time to ask DNS: what else starts comes first. */
const firstAfterMs = 5000

/**
 * Audits domains in turn, each every `everyMs`, and tells of records that have changed. That a record could not be asked is no change; what is
 * seen for the first time is none either.
 */
export class DomainWatch {
  readonly #options: DomainWatchOptions
  readonly #reports = new Map<string, ReportView>()
  readonly #underWay = new Map<string, Promise<ReportView>>()
  readonly #dueAt = new Map<string, number>()
  readonly #writing = new Set<Promise<unknown>>()
  #cancel: () => void = () => {}
  #isStopped = false

  constructor(options: DomainWatchOptions) {
    this.#options = options
  }

  /** Of audits of an earlier run the reports are shown, and the time is kept. */
  async start(): Promise<void> {
    const { store, domains, everyMs, now } = this.#options
    for (const report of await store.reports())
      if (domains.includes(report.domain)) this.#reports.set(report.domain, report)
    for (const domain of domains) {
      const before = this.#reports.get(domain)
      const dueAt = before ? Date.parse(before.at) + everyMs : 0
      this.#dueAt.set(domain, Math.min(Math.max(dueAt, now() + firstAfterMs), now() + everyMs))
    }
    this.#arm()
  }

  /** No audit begins any more, and what one under way has found is not told: it may have been cut short. What is being written is. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await Promise.allSettled(this.#writing)
  }

  get domains(): readonly string[] {
    return this.#options.domains
  }

  report(domain: string): ReportView | undefined {
    return this.#reports.get(domain)
  }

  /** Asks now; who asks while it is under way gets the same. `undefined` for a domain that is not watched. */
  auditNow(domain: string): Promise<ReportView> | undefined {
    if (!this.#options.domains.includes(domain)) return undefined
    const known = this.#underWay.get(domain)
    if (known) return known
    const begun = this.#audit(domain).finally(() => this.#underWay.delete(domain))
    this.#underWay.set(domain, begun)
    return begun
  }

  #arm(): void {
    this.#cancel()
    if (this.#isStopped || this.#dueAt.size === 0) return
    const [domain, dueAt] = [...this.#dueAt].reduce((a, b) => (b[1] < a[1] ? b : a))
    this.#cancel = this.#options.after(Math.max(0, dueAt - this.#options.now()), () => void this.#turn(domain))
  }

  async #turn(domain: string): Promise<void> {
    const { now, everyMs, failed } = this.#options
    this.#dueAt.set(domain, now() + everyMs)
    try {
      await this.auditNow(domain)
    } catch (error) {
      if (!this.#isStopped) failed(domain, error)
    }
    this.#arm()
  }

  async #audit(domain: string): Promise<ReportView> {
    const { audit, store } = this.#options
    const known = await store.records(domain)
    const seenSince: SeenSince = (name, value) =>
      known.find(record => record.name === name && record.values.includes(value))?.since
    const report = await audit(domain, seenSince)
    if (this.#isStopped) throw new Error('stopped before the end of the audit')
    const writing = this.#write(known, report)
    this.#writing.add(writing)
    return await writing.finally(() => this.#writing.delete(writing))
  }

  async #write(known: readonly KnownRecord[], report: Report): Promise<ReportView> {
    const { store, changed } = this.#options
    for (const change of changesOf(known, report)) await changed(change)
    // After a crash right here people have been told, and are told again by the next audit.
    const view = reportView(report, record => sinceOf(known, record) ?? report.at)
    await store.keep(report.at, view)
    this.#reports.set(report.domain, view)
    return view
  }
}

type Records = Report['records']

const isSame = (a: Records[number], b: Records[number]): boolean =>
  a.name === b.name && a.type === b.type && JSON.stringify(a.values) === JSON.stringify(b.values)

const sinceOf = (known: readonly KnownRecord[], record: Records[number]): number | undefined =>
  known.find(one => isSame(one, record))?.since

export function changesOf(known: readonly KnownRecord[], { domain, records }: Report): RecordChange[] {
  return records.flatMap(record => {
    const { name, type, values } = record
    const before = known.find(one => one.name === name && one.type === type)
    if (!before || isSame(before, record)) return []
    return [{ domain, name, type, before: before.values.map(shown), after: values.map(shown) }]
  })
}
