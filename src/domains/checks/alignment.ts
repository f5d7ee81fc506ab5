import type { Dns } from '../dns.ts'
import { type Finding, finding } from '../finding.ts'
import { dmarcPolicy } from '../mailauth.ts'

export type AlignmentGiven = {
  /** Domain of the From field that people see. */
  from: string
  /** Domains that sign: d=. */
  signing: readonly string[]
  /** Domain of the return path. */
  returnPath: string
}

/** Whether what is signed and what bounces belong to whom people see in From, RFC 9989 §4.4. Without a policy nothing is to be compared. */
export async function checkAlignment(dns: Dns, { from, signing, returnPath }: AlignmentGiven): Promise<Finding[]> {
  const applied = await dmarcPolicy(dns, from, { signing, returnPath })
  if (applied.status !== 'policy' || applied.isAlignmentLost) return []
  const { aligned } = applied
  const findings: Finding[] = []
  const signers = `From ${from}, d= ${signing.join(', ') || 'none'}`
  if (signing.length > 0)
    findings.push(finding(aligned.dkim ? 'alignment.dkim-ok' : 'alignment.dkim', from, { found: signers }))
  findings.push(
    finding(aligned.spf ? 'alignment.spf-ok' : 'alignment.spf', from, {
      found: `From ${from}, return path ${returnPath}`,
    }),
  )
  if (signing.length > 0 && !aligned.dkim && !aligned.spf)
    findings.push(finding('alignment.none', from, { found: `${signers}, return path ${returnPath}` }))
  return findings
}
