import { dmarc } from 'mailauth/lib/dmarc/index.js'
import { spf } from 'mailauth/lib/spf/index.js'
import { type Answer, type Dns, type RecordType, recordTypes } from './dns.ts'

// What mailauth says is used as it is; here it is given our DNS.

const codes = { nxdomain: 'ENOTFOUND', nodata: 'ENODATA', servfail: 'ESERVFAIL', timeout: 'ETIMEOUT' } as const

/** `Dns` in the form of `dns.promises.resolve`. */
export function mailauthResolver(dns: Dns): (name: string, type: string) => Promise<string[][]> {
  return async (name, type) => {
    const asked = type.toLowerCase() as RecordType
    if (!recordTypes.includes(asked)) throw failure('ENODATA', name, type)
    const answer: Answer<unknown> = await dns[asked](name)
    if (answer.status !== 'records') throw failure(codes[answer.status], name, type)
    return answer.records.map(record => (asked === 'mx' ? asMx(record) : record)) as string[][]
  }
}

const failure = (code: string, name: string, type: string): Error =>
  Object.assign(new Error(`query${type} ${code} ${name}`), { code })

function asMx(record: unknown): unknown {
  const { preference, exchange } = record as { preference: number; exchange: string }
  return { priority: preference, exchange }
}

/** `none`: no policy applies. `lost`: the DNS did not say. */
export type DmarcPolicy =
  | { status: 'lost' }
  | { status: 'none' }
  | {
      status: 'policy'
      /** What is asked for mail of this domain that fails: `sp`, `np` and `t` are taken into account. */
      policy: 'none' | 'quarantine' | 'reject'
      /** Where the record stands, and the text of it. */
      policyDomain: string
      record: string
      /** As far as the tree could be walked. */
      organization: string
      isTest: boolean
      aligned: { spf: boolean; dkim: boolean }
      /** Some of the identifiers could not be compared. */
      isAlignmentLost: boolean
    }

/** RFC 9989 §4.10, §5.3: the policy for mail of a domain, and which of the identifiers align with it. */
export async function dmarcPolicy(
  dns: Dns,
  domain: string,
  { signing = [], returnPath }: { signing?: readonly string[]; returnPath?: string } = {},
): Promise<DmarcPolicy> {
  const found = await dmarc({
    headerFrom: [`x@${domain}`],
    spfDomains: returnPath === undefined ? [] : [returnPath],
    dkimDomains: signing.map(signed => ({ domain: signed })),
    resolver: mailauthResolver(dns),
    strict: true,
  })
  if (!found) return { status: 'none' }
  const { result } = found.status
  if (found.policyDomain === undefined) return { status: result === 'temperror' ? 'lost' : 'none' }
  return {
    status: 'policy',
    policy: found.policy as 'none' | 'quarantine' | 'reject',
    policyDomain: found.policyDomain,
    record: found.rr ?? '',
    organization: found.domain,
    isTest: found.testMode,
    aligned: { spf: Boolean(found.alignment.spf.result), dkim: Boolean(found.alignment.dkim.result) },
    isAlignmentLost: result === 'temperror',
  }
}

/** RFC 9989 §4.10.2. `undefined` when the tree could not be walked. */
export async function organizationOf(dns: Dns, domain: string): Promise<string | undefined> {
  const found = await dmarc({ headerFrom: [`x@${domain}`], resolver: mailauthResolver(dns), strict: true })
  return !found || found.status.result === 'temperror' ? undefined : found.domain
}

export type SpfVerdict = { result: string; comment: string }

/** RFC 7208 §4 for one address that sends with a return path of this domain. */
export async function spfVerdict(dns: Dns, { domain, ip }: { domain: string; ip: string }): Promise<SpfVerdict> {
  const resolver = mailauthResolver(dns)
  const sender = `postmaster@${domain}`
  const { status } = await spf({ sender, ip, helo: domain, mta: 'localhost', resolver, strict: true })
  return { result: status.result, comment: String(status.comment ?? '') }
}
