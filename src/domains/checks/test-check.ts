import { Asking } from '../asking.ts'
import type { Dns } from '../dns.ts'
import { checked, type Finding } from '../finding.ts'
import type { FindingCode } from '../rules.ts'
import { type Zone, zoneDns } from '../test-zone.ts'

/** What a check finds in a zone, the questions in `lost` being answered by SERVFAIL. */
export function findingsIn(
  zone: Zone,
  unknown: FindingCode,
  run: (dns: Dns) => Promise<Finding[]>,
  lost: readonly string[] = [],
): Promise<Finding[]> {
  const asking = new Asking(zoneDns(zone, question => (lost.includes(question) ? 'servfail' : undefined)))
  return checked(asking, { name: 'example.org', unknown }, run)
}

export const codesIn = async (...given: Parameters<typeof findingsIn>): Promise<string[]> =>
  (await findingsIn(...given)).map(({ code }) => code)
