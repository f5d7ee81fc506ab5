import { keyName } from './checks/dkim.ts'
import { type Answer, type Dns, recordsOf } from './dns.ts'

/** A set of records whose change somebody should know of; `values` sorted, empty when there are none. */
export type WatchedRecord = { name: string; type: 'TXT' | 'MX' | 'NS'; values: string[] }

/** Texts of other purposes, such as proofs of ownership, come and go at the top of a domain. */
const watchedTexts: readonly { at: (domain: string) => string; form: RegExp }[] = [
  { at: domain => domain, form: /^v=spf1(?: |$)/i },
  { at: domain => `_dmarc.${domain}`, form: /^\s*v\s*=\s*DMARC1/i },
  { at: domain => `_mta-sts.${domain}`, form: /^v=STSv1/i },
  { at: domain => `_smtp._tls.${domain}`, form: /^v=TLSRPTv1/i },
  { at: domain => `default._bimi.${domain}`, form: /^v\s*=\s*BIMI1/i },
]

const sorted = (values: readonly string[]): string[] => [...values].sort()

/** What is watched, as it is now. What could not be asked is left out: that it changed cannot be told. */
export async function watchedRecords(
  dns: Dns,
  { domain, selectors }: { domain: string; selectors: readonly { selector: string }[] },
): Promise<WatchedRecord[]> {
  const places = [
    ...watchedTexts.map(({ at, form }) => ({ name: at(domain), form })),
    ...selectors.map(({ selector }) => ({ name: keyName(selector, domain), form: /(?:)/ })),
  ]
  const texts = await Promise.all(
    places.map(async ({ name, form }) => {
      const values = joined(await dns.txt(name))?.filter(text => form.test(text))
      return values ? [{ name, type: 'TXT' as const, values: sorted(values) }] : []
    }),
  )
  const mx = recordsOf(await dns.mx(domain))?.map(({ preference, exchange }) => `${preference} ${exchange || '.'}`)
  const ns = recordsOf(await dns.ns(domain))
  return [
    ...texts.flat(),
    ...(mx ? [{ name: domain, type: 'MX' as const, values: sorted(mx) }] : []),
    ...(ns ? [{ name: domain, type: 'NS' as const, values: sorted(ns) }] : []),
  ]
}

const joined = (answer: Answer<string[]>): string[] | undefined => recordsOf(answer)?.map(strings => strings.join(''))
